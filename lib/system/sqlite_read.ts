/** Reading a state database without leaving a trace in its folder. */
import { basename, join } from "node:path";
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import type { Disk } from "./disk.ts";
import {
  connect,
  type Connection,
  type OpenMode,
  type Row,
  sqliteCode,
  type Value,
} from "./sqlite_driver.ts";

/** A database open for reading: one state of it, however long it stays open. */
export interface ReadDatabase {
  /** The file that was asked for, also when a copy of it is read. */
  readonly path: string;
  /** All rows of a query. Throws `database-malformed`, `database-schema` (no such table or column) and the like. */
  all(sql: string, ...params: readonly Value[]): Row[];
  /** Calls `visit` with one row after the other, once all have been read without an error. */
  each(sql: string, params: readonly Value[], visit: (row: Row) => void): void;
  /** Column names of a table or view, in order; empty when there is none of that name. */
  columns(table: string): string[];
  /** True when the database or its log has been written, replaced or removed since opening. */
  changedSince(): boolean;
  /** Closes the database and removes the copy, if one was read; closing twice is fine. */
  close(): void;
}

/** How long a reader waits for a lock that only a recovering or closing writer holds. */
const READ_BUSY_MS = 2000;
const COPY_TRIES = 5;
/** Smallest file that can hold a database page. */
const SMALLEST_PAGE = 512;
/** Result codes of a read-only connection that would have to write to go on: recovery, rollback, no shared memory. */
const NEEDS_WRITE: ReadonlySet<number> = new Set([8, 14, 264, 520, 776, 1032, 1288, 1544]);

/**
 * Opens a state database for reading so that its folder shows no trace of it:
 * - no log, or an empty one: opened as immutable, which takes no lock and creates nothing;
 * - a log with content and its `-shm`: read-only beside Codex, inside one transaction. Nothing but the content of `-shm`
 *   changes: read marks beside Codex, and when nobody has the database open SQLite builds it anew from the log.
 *   Codex 0.169 often leaves both files behind when it ends, so this is the usual case;
 * - a log whose `-shm` is missing or not writable, or a journal that must be rolled back: a private copy.
 *
 * @throws AppError `database-missing`, `database-unreadable`, `database-malformed` (also for an empty file),
 *   `database-busy`
 */
export function openForReading(path: AbsPath, disk: Disk): ReadDatabase {
  const real = resolveDatabase(path, disk);
  const before = fingerprint(real, disk);
  return toReadDatabase(path, openQuietly(real, disk), () => fingerprint(real, disk) !== before);
}

/** A connection, and what closing it takes. */
export interface Opened {
  readonly connection: Connection;
  close(): void;
}

/** An open database under the name it was asked for by. */
export function toReadDatabase(path: string, opened: Opened, changedSince: () => boolean): ReadDatabase {
  const { connection } = opened;
  let open = true;
  return {
    path,
    all: connection.all,
    each: connection.each,
    columns: (table) =>
      connection.all("SELECT name FROM pragma_table_info(?)", table).map((row) => String(row["name"])),
    changedSince,
    close: () => {
      if (!open) return;
      open = false;
      opened.close();
    },
  };
}

/** What `use` opens in a new folder of ours, which goes when it is closed, or cannot be opened. */
export function inPrivateFolder(disk: Disk, use: (folder: AbsPath) => Opened): Opened {
  const folder = disk.tempDir();
  try {
    const opened = use(folder);
    return {
      connection: opened.connection,
      close: () => {
        try {
          opened.close();
        } finally {
          disk.removeTree(folder);
        }
      },
    };
  } catch (error) {
    disk.removeTree(folder);
    throw error;
  }
}

function openQuietly(path: AbsPath, disk: Disk): Opened {
  const wal = sizeOf(`${path}-wal`, disk) > 0;
  const journal = sizeOf(`${path}-journal`, disk) > 0;
  if (!wal && !journal) return direct(path, "immutable", disk);
  if (wal && disk.lstat(`${path}-shm`) === undefined) return copied(path, disk);
  try {
    return direct(path, "ro", disk);
  } catch (error) {
    if (!NEEDS_WRITE.has(sqliteCode(error) ?? 0)) throw error;
    return copied(path, disk);
  }
}

function direct(path: AbsPath, mode: OpenMode, disk: Disk): Opened {
  const connection = connect(path, mode, READ_BUSY_MS);
  try {
    if (mode === "ro" && journalMode(connection) === "wal") connection.run("BEGIN");
    connection.all("PRAGMA schema_version");
    if (mode === "immutable") requireAllPages(connection, path, disk);
  } catch (error) {
    connection.close();
    throw error;
  }
  return { connection, close: connection.close };
}

/** SQLite reads a short file as if zeros followed, so a cut one would pass for a database without tables. */
function requireAllPages(connection: Connection, path: AbsPath, disk: Disk): void {
  const [row] = connection.all(
    "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size",
  );
  if (sizeOf(path, disk) >= Number(row?.["bytes"])) return;
  throw new AppError("database-malformed", `database "${path}": the file is cut short`);
}

/** A copy of a database that nobody has open, with its log or journal, which opening the copy then applies. */
function copied(path: AbsPath, disk: Disk): Opened {
  return inPrivateFolder(disk, (folder) => {
    const target = join(folder, basename(path)) as AbsPath;
    copySettled(path, target, disk);
    // Read and write: a journal can only be rolled back so, and the folder is ours.
    return direct(target, "rw", disk);
  });
}

function copySettled(path: AbsPath, target: AbsPath, disk: Disk): void {
  for (let tries = 0; tries < COPY_TRIES; tries++) {
    const before = fingerprint(path, disk);
    for (const side of ["", "-wal", "-journal"]) {
      disk.remove(target + side);
      if (disk.lstat(path + side) !== undefined) disk.copy(path + side, target + side);
    }
    if (fingerprint(path, disk) === before) return;
  }
  throw new AppError("database-busy", `database "${path}": another program keeps writing to it`, {
    hint: "close Codex, then run it again",
  });
}

function fingerprint(path: AbsPath, disk: Disk): string {
  return JSON.stringify(["", "-wal", "-journal"].map((side) => {
    const stat = disk.lstat(path + side);
    // An empty log says the same as none, and Codex creates it before it writes.
    return stat === undefined || stat.size === 0 ? null : [stat.ino, stat.size, stat.mtimeMs];
  }));
}

function sizeOf(path: string, disk: Disk): number {
  return disk.lstat(path)?.size ?? 0;
}

/**
 * The real file of a database, for side files lie beside that one; refuses what SQLite must not be given.
 * Throws like {@link openForReading}.
 */
export function resolveDatabase(path: AbsPath, disk: Disk): AbsPath {
  const stat = classified(path, () => disk.stat(path));
  if (stat === undefined) throw new AppError("database-missing", `database "${path}" does not exist`);
  if (stat.kind !== "file") {
    const what = stat.kind === "directory" ? "a directory" : "a pipe, socket or device";
    throw new AppError("database-unreadable", `database "${path}" is ${what}, not a file`);
  }
  // SQLite would take an empty file for a new database and delete its log.
  if (stat.size === 0) throw new AppError("database-malformed", `database "${path}" is empty`);
  if (stat.size < SMALLEST_PAGE) {
    throw new AppError("database-malformed", `database "${path}": the file is cut short`);
  }
  return classified(path, () => disk.realPath(path));
}

function classified<T>(path: AbsPath, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const reason = error.message.replace(/^.*": /, "");
    throw new AppError("database-unreadable", `database "${path}": ${reason}`, { cause: error.cause });
  }
}

/** `wal`, or `delete` and its relatives. */
export function journalMode(connection: Connection): string {
  return String(connection.all("PRAGMA journal_mode")[0]?.["journal_mode"]);
}
