/** Writing to a state database: one transaction at a time, and no other change. */
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import { realDisk } from "./disk.ts";
import { connect, type Connection, type Row, type Value } from "./sqlite_driver.ts";
import { journalMode, resolveDatabase } from "./sqlite_read.ts";

/** A database open for writing. Nothing is written outside {@link WriteDatabase.begin} … `commit`. */
export interface WriteDatabase {
  /** Starts the transaction and takes the write lock. Throws `database-busy` when the wait was in vain. */
  begin(): void;
  /** Runs one statement; the number of rows it changed itself, without those that triggers changed. */
  run(sql: string, ...params: readonly Value[]): number;
  /** All rows of a query, with the changes of the open transaction. */
  all(sql: string, ...params: readonly Value[]): Row[];
  /** Makes the changes durable: they are on the disk when it returns. */
  commit(): void;
  /** Takes the changes back; without an open transaction it does nothing. */
  rollback(): void;
  /** The first fault `PRAGMA quick_check` finds, or undefined. It misses faults between indexes and tables. */
  quickCheck(): string | undefined;
  /** Rolls back what is open and closes; closing twice is fine. */
  close(): void;
}

/**
 * Opens an existing state database for writing; a link to one is followed. It is never created, never checkpointed
 * while somebody else has it open, and its log stays where it was: with a `-wal` and `-shm` beside it they are still
 * there after closing, without them they are gone again. Foreign keys do not cascade, so that only named rows change.
 *
 * @param busyMs how long {@link WriteDatabase.begin} waits for another writer
 * @throws AppError like `openForReading`
 */
export function openForWriting(path: AbsPath, busyMs: number): WriteDatabase {
  const real = resolveDatabase(path, realDisk);
  const keeper = keepSideFiles(real, busyMs);
  let connection: Connection;
  try {
    connection = prepareWriting(real, busyMs);
  } catch (error) {
    keeper?.close();
    throw error;
  }
  let writing = false;
  const rollback = () => {
    if (!writing) return;
    writing = false;
    rollbackIfOpen(connection);
  };
  return {
    begin: () => {
      connection.run("BEGIN IMMEDIATE");
      writing = true;
    },
    run: (sql, ...params) => {
      if (!writing) throw new Error("a change outside a transaction");
      return connection.run(sql, ...params);
    },
    all: connection.all,
    commit: () => {
      connection.run("COMMIT");
      writing = false;
    },
    rollback,
    quickCheck: () => quickCheck(connection),
    close: () => {
      try {
        rollback();
        connection.close();
      } finally {
        keeper?.close();
      }
    },
  };
}

/**
 * A second, read-only connection of ours that outlives the writing one. As long as it is there SQLite does not take
 * the writer for the last user, so closing neither checkpoints the log nor removes it; being read-only, it cannot do
 * so itself. Codex leaves log and `-shm` behind too.
 */
function keepSideFiles(path: AbsPath, busyMs: number): Connection | undefined {
  if (["-wal", "-shm"].some((side) => realDisk.lstat(path + side) === undefined)) return undefined;
  const connection = connect(path, "ro", busyMs);
  try {
    connection.all("PRAGMA schema_version");
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function prepareWriting(path: AbsPath, busyMs: number): Connection {
  const connection = connect(path, "rw", busyMs);
  try {
    connection.all("PRAGMA schema_version");
    connection.all("PRAGMA wal_autocheckpoint = 0");
    connection.all("PRAGMA trusted_schema = OFF");
    connection.all(`PRAGMA synchronous = ${journalMode(connection) === "wal" ? "FULL" : "EXTRA"}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function rollbackIfOpen(connection: Connection): void {
  try {
    connection.run("ROLLBACK");
  } catch (error) {
    // SQLite rolls back by itself after some errors, such as a full disk.
    if (!(error instanceof AppError && /no transaction is active/.test(error.message))) throw error;
  }
}

function quickCheck(connection: Connection): string | undefined {
  try {
    const [row] = connection.all("PRAGMA quick_check(1)");
    const said = String(row?.["quick_check"]);
    return said === "ok" ? undefined : said;
  } catch (error) {
    if (error instanceof AppError && error.code === "database-malformed") return error.message;
    throw error;
  }
}
