/** Cells of the `threads` table of a home no Codex is using. */
import { DatabaseSync } from "node:sqlite";

/** Named cells of every row, as text, by thread. */
export function dumpCells(home: string, columns: readonly string[]): ReadonlyMap<string, string> {
  const database = new DatabaseSync(`${home}/state_5.sqlite`);
  try {
    const rows = database.prepare(`SELECT id, ${columns.join(", ")} FROM threads ORDER BY id`).all();
    return new Map(rows.map((row) => [String(row["id"]), JSON.stringify(columns.map((name) => row[name]))]));
  } finally {
    database.close();
  }
}
