/** Changes named cells of rows in a state database, in one short transaction, each guarded by its old value. */
import type { AbsPath } from "../core/path.ts";
import { AppError } from "../core/error.ts";
import type { RowChange } from "../core/plan.ts";
import { updateStatement } from "../codex/threads.ts";
import { openForWriting, type WriteDatabase } from "../system/sqlite.ts";

/** The databases that a list of rows needs, open for writing. */
export interface OpenDatabases {
  readonly of: (path: AbsPath) => WriteDatabase;
  close(): void;
}

/** Opens every database that `rows` name. Throws `database-…`. */
export function openDatabases(rows: readonly RowChange[], busyMs: number): OpenDatabases {
  const open = new Map<AbsPath, WriteDatabase>();
  const close = () => open.forEach((database) => database.close());
  try {
    for (const path of new Set(rows.map((row) => row.database))) open.set(path, openForWriting(path, busyMs));
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
 * Changes the rows, all in one transaction per database, and commits if `accept` agrees with the rows that could not
 * be changed because their value is no longer the old one (a row that has its new value already counts as changed).
 * Returns those rows. Nothing is changed when it throws or `accept` says no.
 */
export function changeRows(
  databases: OpenDatabases,
  rows: readonly RowChange[],
  accept: (failed: readonly RowChange[]) => boolean,
): readonly RowChange[] {
  const failed: RowChange[] = [];
  for (const path of new Set(rows.map((row) => row.database))) {
    const database = databases.of(path);
    database.begin();
    try {
      const refused = rows.filter((row) => row.database === path && !changeRow(database, row));
      failed.push(...refused);
      if (accept(refused)) database.commit();
      else database.rollback();
    } catch (error) {
      database.rollback();
      throw error;
    }
  }
  return failed;
}

function changeRow(database: WriteDatabase, { thread, cells }: RowChange): boolean {
  const names = Object.keys(cells);
  const before = names.map((name) => cells[name]?.before ?? null);
  const after = names.map((name) => cells[name]?.after ?? null);
  const statement = updateStatement(names);
  if (database.run(statement, ...after, thread, ...before) === 1) return true;
  return hasCells(database, thread, names, after);
}

/** Whether a row has exactly these values. */
export function hasCells(
  database: WriteDatabase,
  thread: string,
  names: readonly string[],
  values: readonly (string | number | null)[],
): boolean {
  const guard = names.map((name) => `${name} is ?`).join(" and ");
  const [row] = database.all(
    `select count(*) as n from threads where id = ? and ${guard}`,
    thread,
    ...values,
  );
  return Number(row?.n ?? 0) === 1;
}
