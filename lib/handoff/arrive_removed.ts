/** Rows of threads whose file was removed on purpose on another machine; all of them can be put back. */
import type { Value } from "../codex/salvage.ts";
import { ADDED_COLUMNS } from "../codex/threads.ts";
import type { AbsPath } from "../core/path.ts";
import type { Cell, EntryChange } from "../core/plan.ts";
import type { Tables } from "../repairs/repair.ts";
import type { RowDraft } from "./arrive_rows.ts";

/** Rows that hang on a thread: the table, the column that names the thread, and what names a row. */
const HANGING = [
  ["thread_attachments", "thread_id", "id"],
  ["thread_read_receipts", "thread_id", "thread_id"],
  ["thread_spawn_edges", "child_thread_id", "child_thread_id"],
  ["threads", "id", "id"],
] as const;

/** Adds the removal of a thread's row and of what hangs on it. */
export function removeRow(
  tables: Tables,
  database: AbsPath,
  thread: string,
  { changes, skipped }: RowDraft,
): void {
  const removals: EntryChange[] = [];
  for (const [table, column, key] of HANGING) {
    if (!tables.columns(table).includes(column)) continue;
    for (const row of tables.all(`select * from ${table} where ${column} = ?`, thread)) {
      const cells = cellsOf(row, table, key);
      if (cells === undefined) {
        skipped.push({ subject: thread, reason: "its row holds more than could be put back" });
        return;
      }
      const named = { [key]: String(row[key]) };
      removals.push({ kind: "entry", database, table, key: named, op: "remove", thread, cells });
    }
  }
  changes.push(...removals);
}

/** Every cell that is not null; undefined when one could not be written again. */
function cellsOf(
  row: Readonly<Record<string, unknown>>,
  table: string,
  key: string,
): Record<string, Cell> | undefined {
  const cells: Record<string, Cell> = {};
  for (const [name, value] of Object.entries(row)) {
    if (name === key || value === null) continue;
    if (table === "threads" && !ADDED_COLUMNS.has(name)) return undefined;
    if (typeof value !== "string" && !Number.isSafeInteger(value)) return undefined;
    cells[name] = { before: value as Value, after: null };
  }
  return cells;
}
