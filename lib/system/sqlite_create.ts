/** Makes new databases; everything else in this program only opens existing ones. */
import type { AbsPath } from "../core/path.ts";
import { realDisk } from "./disk.ts";
import { connect, type Value } from "./sqlite_driver.ts";

/** One SQL statement with its values. */
export interface Statement {
  readonly sql: string;
  readonly values?: readonly Value[];
}

/**
 * Makes the database `path`, mode 0600, runs the statements in one transaction and closes it, without side files. It
 * has the settings of Codex's own: write-ahead log, pages of 4096 bytes, incremental vacuum (seen in Codex 0.169). Meant
 * for homes that can be made again: nothing is synced.
 *
 * @throws AppError when the name exists, or as SQLite says; a database that was begun stays behind then
 */
export function createDatabase(path: AbsPath, statements: Iterable<Statement>): void {
  // An empty file is a database without tables; making it here means that nothing that exists is ever opened.
  realDisk.createFile(path, 0o600).close();
  const connection = connect(path, "rw", 0);
  try {
    for (
      const pragma of [
        "page_size = 4096",
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        "synchronous = OFF",
      ]
    ) {
      connection.all(`PRAGMA ${pragma}`);
    }
    connection.run("BEGIN");
    for (const { sql, values = [] } of statements) connection.run(sql, ...values);
    connection.run("COMMIT");
  } finally {
    connection.close();
  }
}
