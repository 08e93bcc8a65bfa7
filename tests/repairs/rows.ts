/** The `threads` table as a value, for tests of repairs that ask for more cells than a scan keeps. */
import { DatabaseSync } from "node:sqlite";
import type { RelPath } from "../../lib/core/path.ts";
import type { Facts, Files } from "../../lib/repairs/repair.ts";
import { NO_FILES } from "./facts.ts";

/** Cells by column. */
export type Row = Readonly<Record<string, string | number | null>>;

/** Columns as Codex 0.169 has them, as far as repairs ask for them. */
const COLUMNS: Row = {
  id: "",
  title: "",
  name: null,
  preview: "",
  first_user_message: "",
  has_user_event: 0,
  history_mode: "paginated",
  updated_at: 1,
  updated_at_ms: 1000,
};

/** `Facts.tables` over these rows; columns in `without` are those of a newer Codex than the database's. */
export function tablesOf(rows: readonly Row[], without: readonly string[] = []): Facts["tables"] {
  return (_path, use) => {
    const database = new DatabaseSync(":memory:");
    try {
      const names = Object.keys(COLUMNS).filter((name) => !without.includes(name));
      database.exec(`create table threads (${names.join(", ")})`);
      const insert = database.prepare(`insert into threads values (${names.map(() => "?").join(", ")})`);
      for (const row of rows) {
        insert.run(...names.map((name) => (name in row ? row[name] : COLUMNS[name]) ?? null));
      }
      return use({
        all: (sql, ...params) => database.prepare(sql).all(...params),
        columns: (table) => table === "threads" ? names : [],
      });
    } finally {
      database.close();
    }
  };
}

/** `Facts.files` with one small file and the folders that are there. */
export function filesWith(
  files: Readonly<Record<string, string | Uint8Array>>,
  folders: readonly string[] = [],
): Files {
  const bytes = (path: RelPath) => {
    const content = files[path];
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  };
  return {
    ...NO_FILES,
    read: bytes,
    stat: (path) => {
      const found = bytes(path);
      return found && { name: path, kind: "file", size: found.length, mtimeMs: 7000 };
    },
    hasFolder: (folder) => folders.includes(folder),
  };
}
