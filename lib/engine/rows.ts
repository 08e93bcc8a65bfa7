/** Changes rows of Codex's databases, in one short transaction per database, each row guarded by its old values. */
import { type AbsPath, joinPath } from "../core/path.ts";
import { AppError } from "../core/error.ts";
import type { Cell, EntryChange, RowChange } from "../core/plan.ts";
import {
  addStatement,
  changeStatement,
  type ColumnInfo,
  COLUMNS_QUERY,
  countStatement,
  removeStatement,
} from "../codex/statements.ts";
import { STATE_DATABASE_NAME } from "../codex/threads.ts";
import { openForWriting, sqliteCode, type WriteDatabase } from "../system/sqlite.ts";

/** A change of a row of any table. */
export type DatabaseChange = RowChange | EntryChange;

/** A row of any table and what is done to it: what the two kinds of changes have in common. */
export type RowSpot = Pick<EntryChange, "table" | "key" | "op" | "cells">;

/** Where a change is made; a row of a thread is one of the table of threads. */
export function spotOf(change: DatabaseChange): RowSpot {
  if (change.kind === "entry") return change;
  return { table: "threads", key: { id: change.thread }, op: "change", cells: change.cells };
}

/** What a row is called in messages. */
export function rowName(change: DatabaseChange): string {
  if (change.kind === "row") return `row of ${change.thread}`;
  return `${change.table} ${Object.values(change.key).join(" ")}`;
}

/** The databases that a list of changes concerns: those derived from others first, the one with the threads last. */
export function databasesOf(changes: readonly DatabaseChange[]): AbsPath[] {
  const paths = [...new Set(changes.map((change) => change.database))];
  const isState = (path: AbsPath) => STATE_DATABASE_NAME.test(path.slice(joinPath(path, "..").length + 1));
  return [...paths.filter((path) => !isState(path)), ...paths.filter(isState)];
}

/** The databases that a list of changes needs, open for writing. */
export interface OpenDatabases {
  readonly of: (path: AbsPath) => WriteDatabase;
  close(): void;
}

/** Opens every database that `rows` name. Throws `database-…`. */
export function openDatabases(rows: readonly DatabaseChange[], busyMs: number): OpenDatabases {
  const open = new Map<AbsPath, WriteDatabase>();
  const close = () => open.forEach((database) => database.close());
  try {
    for (const path of databasesOf(rows)) open.set(path, openForWriting(path, busyMs));
  } catch (error) {
    close();
    throw error;
  }
  return {
    of: (path) => {
      const database = open.get(path);
      if (database === undefined) throw new AppError("failed", `state database "${path}" was not opened`);
      return database;
    },
    close,
  };
}

/**
 * Makes the changes, all in one transaction per database, and commits if `accept` agrees with those that could not be
 * made because their row is no longer the old one (a row that is the new one already counts as changed). Returns those.
 * Nothing is changed when it throws or `accept` says no.
 *
 * All transactions are open before the first is committed. The threads come last: what Codex looks up by them, such as
 * places in the history, is then ready.
 */
export function changeRows(
  databases: OpenDatabases,
  rows: readonly DatabaseChange[],
  accept: (failed: readonly DatabaseChange[]) => boolean,
): readonly DatabaseChange[] {
  const begun: WriteDatabase[] = [];
  try {
    for (const path of databasesOf(rows)) {
      const database = databases.of(path);
      database.begin();
      begun.push(database);
    }
    const failed = rows.filter((row) => !changeRow(databases.of(row.database), row));
    if (accept(failed)) begun.forEach((database) => database.commit());
    else begun.forEach((database) => database.rollback());
    return failed;
  } catch (error) {
    begun.forEach((database) => database.rollback());
    throw error;
  }
}

function changeRow(database: WriteDatabase, change: DatabaseChange): boolean {
  const spot = spotOf(change);
  try {
    switch (spot.op) {
      case "change":
        return updateRow(database, spot) || isAs(database, spot, "after");
      case "add":
        return hasRow(database, spot) ? isAs(database, spot, "after") : addRow(database, spot);
      case "remove":
        return removeRow(database, spot) || !hasRow(database, spot);
    }
  } catch (error) {
    // Another row has what must be there only once.
    if (((sqliteCode(error) ?? 0) & 0xff) === CONSTRAINT) return false;
    throw error;
  }
}

/** Primary result code of SQLite for a broken rule of a table. */
const CONSTRAINT = 19;

/** Tells what a change names that its database does not have; undefined when all is there. Looks once per table. */
export function missingIn(
  databaseOf: (path: AbsPath) => WriteDatabase,
): (change: DatabaseChange) => string | undefined {
  const tables = new Map<string, ReadonlySet<unknown>>();
  return (change) => {
    const { table, key, cells } = spotOf(change);
    const name = `${table} ${change.database}`;
    const columns = tables.get(name) ??
      new Set(databaseOf(change.database).all(COLUMNS_QUERY, table).map((column) => column.name));
    tables.set(name, columns);
    if (columns.size === 0) return `table "${table}"`;
    const missing = [...Object.keys(key), ...Object.keys(cells)].find((column) => !columns.has(column));
    return missing === undefined ? undefined : `column "${missing}" of "${table}"`;
  };
}

function valuesOf(cells: RowSpot["cells"], side: keyof Cell): (string | number | null)[] {
  return Object.values(cells).map((cell) => cell[side]);
}

function updateRow(database: WriteDatabase, { table, key, cells }: RowSpot): boolean {
  const statement = changeStatement(table, Object.keys(key), Object.keys(cells));
  const [before, after] = [valuesOf(cells, "before"), valuesOf(cells, "after")];
  return one(database.run(statement, ...after, ...Object.values(key), ...before), table);
}

function addRow(database: WriteDatabase, { table, key, cells }: RowSpot): boolean {
  const statement = addStatement(table, [...Object.keys(key), ...Object.keys(cells)]);
  return one(database.run(statement, ...Object.values(key), ...valuesOf(cells, "after")), table);
}

function removeRow(database: WriteDatabase, { table, key, cells }: RowSpot): boolean {
  if (cascades(database, table, key)) return false;
  const columns = database.all(COLUMNS_QUERY, table) as unknown as ColumnInfo[];
  const statement = removeStatement(table, Object.keys(key), Object.keys(cells), columns);
  return one(database.run(statement, ...Object.values(key), ...valuesOf(cells, "before")), table);
}

/** With this row of the history a trigger of Codex removes these others, which nothing could add again. */
function cascades(database: WriteDatabase, table: string, key: RowSpot["key"]): boolean {
  if (table !== "thread_history_projection_state") return false;
  const wiped = "thread_realtime_items";
  if (database.all(COLUMNS_QUERY, wiped).length === 0) return false;
  return hasRow(database, { table: wiped, key });
}

function one(changed: number, table: string): boolean {
  if (changed <= 1) return changed === 1;
  throw new AppError("refused", `a row of "${table}" is not alone in having its key`);
}

function hasRow(database: WriteDatabase, { table, key }: Pick<RowSpot, "table" | "key">): boolean {
  const [row] = database.all(countStatement(table, Object.keys(key), []), ...Object.values(key));
  return Number(row?.n ?? 0) > 0;
}

/** Whether a row is as it is before or after a change; where there is none on that side, whether there is none. */
export function isAs(database: WriteDatabase, { table, key, op, cells }: RowSpot, side: keyof Cell): boolean {
  if ((op === "add" && side === "before") || (op === "remove" && side === "after")) {
    return !hasRow(database, { table, key });
  }
  const statement = countStatement(table, Object.keys(key), Object.keys(cells));
  const [row] = database.all(statement, ...Object.values(key), ...valuesOf(cells, side));
  return Number(row?.n ?? 0) === 1;
}

/**
 * What becomes of every row that a list of changes touches, in one spot each: several changes of one row count as one
 * from the first to the last.
 */
export function wholeSpots<T extends DatabaseChange>(changes: readonly T[]): { change: T; spot: RowSpot }[] {
  const spots = new Map<string, { change: T; spot: RowSpot }>();
  for (const change of changes) {
    const spot = spotOf(change);
    const name = JSON.stringify([change.database, spot.table, spot.key]);
    const known = spots.get(name);
    spots.set(name, { change, spot: known === undefined ? spot : joined(known.spot, spot) });
  }
  return [...spots.values()];
}

function joined(first: RowSpot, second: RowSpot): RowSpot {
  const cells: Record<string, Cell> = { ...first.cells };
  for (const [name, cell] of Object.entries(second.cells)) {
    cells[name] = { before: (first.cells[name] ?? cell).before, after: cell.after };
  }
  const op = first.op === "add" && second.op !== "remove"
    ? "add"
    : first.op === "change"
    ? second.op
    : first.op === "remove" && second.op === "add"
    ? "change"
    : second.op;
  return { ...second, op, cells };
}
