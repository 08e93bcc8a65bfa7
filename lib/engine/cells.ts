/** What the rows that a plan or a record names look like now. Reads only, and leaves no trace. */
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import type { Cell } from "../core/plan.ts";
import { cellsStatement } from "../codex/statements.ts";
import type { Disk } from "../system/disk.ts";
import { openForReading, type ReadDatabase, type Value } from "../system/sqlite.ts";
import { type DatabaseChange, spotOf } from "./rows.ts";

/** A row by column; for a row that is only changed the named columns alone. */
export type Present = Readonly<Record<string, Cell["before"]>>;

/** A look at rows of any database. */
export interface RowReader {
  /** The row of a change; undefined when it is gone, and why it cannot be read where that is so. */
  of(change: DatabaseChange): { readonly row: Present | undefined } | { readonly problem: string };
  /** Gives the databases back. */
  close(): void;
}

/** Said of a row whose database is not there. */
export const NO_DATABASE = "its database is gone";

/** Opens each database when its first row is asked for. */
export function readRows(disk: Disk): RowReader {
  const open = new Map<AbsPath, ReadDatabase>();
  return {
    of: (change) => {
      const { table, key, op, cells } = spotOf(change);
      try {
        const database = open.get(change.database) ?? openForReading(change.database, disk);
        open.set(change.database, database);
        const columns = op === "change" ? Object.keys(cells) : [];
        const [row] = database.all(cellsStatement(table, Object.keys(key), columns), ...Object.values(key));
        return { row: row && plain(row) };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { problem: error.code === "database-missing" ? NO_DATABASE : error.message };
      }
    },
    close: () => open.forEach((database) => database.close()),
  };
}

/** Values that no plan can hold become text that equals nothing in one. */
function plain(row: Readonly<Record<string, Value>>): Present {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value === null || typeof value === "string" || typeof value === "number"
        ? value
        : `a value that no plan holds: ${String(value)}`,
    ]),
  );
}

/** Whether a row that is there has the values of one side of a change. */
export function hasValues(row: Present, cells: Readonly<Record<string, Cell>>, side: keyof Cell): boolean {
  return Object.entries(cells).every(([name, cell]) => (row[name] ?? null) === cell[side]);
}
