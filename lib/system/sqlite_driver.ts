/** The only importer of `node:sqlite`: connections by URI, plain values, and errors with a class. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { AppError, type ErrorCode } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";

/** A value of a column. Integers come as `number` where that is exact, otherwise as `bigint`. */
export type Value = string | number | bigint | null | Uint8Array;
/** One row by column name; the object has no prototype. */
export type Row = Readonly<Record<string, Value>>;

/** An open database. Every method throws an {@link AppError} that names the file. */
export interface Connection {
  /** All rows of a query, in its order. */
  all(sql: string, ...params: readonly Value[]): Row[];
  /** Calls `visit` with one row after the other, once all have been read without an error. */
  each(sql: string, params: readonly Value[], visit: (row: Row) => void): void;
  /** Runs one statement; the number of rows it changed itself, without those that triggers changed. */
  run(sql: string, ...params: readonly Value[]): number;
  /** Ends an open transaction without its changes and closes the file; closing twice is fine. */
  close(): void;
}

/** How to open: `immutable` and `ro` cannot write, `rw` can; none of them creates a database. */
export type OpenMode = "immutable" | "ro" | "rw";

/** The version of the SQLite inside the runtime, such as `"3.53.2"`. */
export function sqliteVersion(): string {
  const database = new DatabaseSync(":memory:");
  try {
    return String(database.prepare("SELECT sqlite_version() AS version").get()?.["version"]);
  } finally {
    database.close();
  }
}

/**
 * Opens an existing database; `busyMs` bounds every wait for a lock.
 *
 * @throws AppError `database-unreadable` when it cannot be opened; most damage shows only at the first query
 */
export function connect(path: AbsPath, mode: OpenMode, busyMs: number): Connection {
  const uri = databaseUri(path, mode);
  const database = guarded(
    path,
    () => new DatabaseSync(uri, { readOnly: mode !== "rw", enableForeignKeyConstraints: false }),
  );
  // Thousands of rows go through a handful of statements; made anew each time they fill the memory until collected.
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    statements.set(sql, statement);
    return statement;
  };
  // Not `iterate()`: it takes an error in the middle, such as damage, for the end of the rows (Deno 2.6.8 and 2.9.6).
  const readAll = (sql: string, params: readonly Value[]) =>
    guarded(path, () => (prepared(sql).all(...params) as Record<string, Value>[]).map(plain));
  let open = true;
  const connection: Connection = {
    all: (sql, ...params) => readAll(sql, params),
    each: (sql, params, visit) => readAll(sql, params).forEach(visit),
    run: (sql, ...params) => guarded(path, () => Number(prepared(sql).run(...params).changes)),
    close: () => {
      if (!open) return;
      open = false;
      guarded(path, () => database.close());
    },
  };
  connection.all(`PRAGMA busy_timeout = ${Math.max(0, Math.floor(busyMs))}`);
  return connection;
}

/** Every integer arrives as a bigint, because a single too large one would otherwise fail the whole query. */
function plain(row: Record<string, Value>): Row {
  for (const name in row) {
    const value = row[name];
    if (typeof value !== "bigint") continue;
    const number = Number(value);
    if (Number.isSafeInteger(number)) row[name] = number;
  }
  return row;
}

/** `file:` URI of a path, percent-encoded, with the Windows drive and share forms. */
export function databaseUri(path: string, mode: OpenMode): string {
  const slashed = path.replace(/^\\\\\?\\(?:UNC\\)?/i, (prefix) => prefix.length > 4 ? "\\\\" : "")
    .replaceAll("\\", "/");
  const windows = /^[A-Za-z]:\//.test(slashed) || path.startsWith("\\\\");
  const parts = (windows ? slashed : path).split("/").map(encodeURIComponent);
  const body = parts.join("/").replace(/^([A-Za-z])%3A\//, "$1:/");
  const prefix = !windows ? "file:" : body.startsWith("//") ? "file://" : "file:///";
  return `${prefix}${body}?${mode === "immutable" ? "immutable=1" : `mode=${mode}`}`;
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw databaseError(path, error);
  }
}

/** Classes by primary result code; the code is missing for failed opening, hence the messages (measured). */
const BY_CODE: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  3: ["database-unreadable", "permission denied"],
  5: ["database-busy", "another program holds its lock"],
  6: ["database-busy", "another program holds its lock"],
  8: ["refused", "it is read-only"],
  10: ["database-unreadable", "the disk reports an error"],
  11: ["database-malformed", "its content is damaged"],
  13: ["no-space", "no space left on the device"],
  14: ["database-unreadable", "it cannot be opened, check its permissions"],
  15: ["database-unreadable", "another program locks it in an unknown way"],
  17: ["database-schema", "its tables change while it is read"],
  23: ["database-unreadable", "permission denied"],
  26: ["database-malformed", "it is not a database"],
};

const BY_MESSAGE: readonly (readonly [RegExp, number])[] = [
  [/database is locked|database table is locked/i, 5],
  [/readonly database/i, 8],
  [/disk I\/O error/i, 10],
  [/malformed/i, 11],
  [/disk is full/i, 13],
  [/unable to open/i, 14],
  [/not a database/i, 26],
];

/** An error of SQLite with its class and file; anything else unchanged. */
function databaseError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  if (code !== "ERR_SQLITE_ERROR") return error;
  const primary = typeof errcode === "number"
    ? errcode & 0xff
    : BY_MESSAGE.find(([pattern]) => pattern.test(error.message))?.[1] ?? 0;
  const known = BY_CODE[primary];
  if (known !== undefined) {
    const hint = known[0] === "database-busy" ? { hint: "close Codex, then run it again" } : {};
    return new AppError(known[0], `database "${path}": ${known[1]}`, { ...hint, cause: error });
  }
  const missing = /^no such (?:table|column)|has no column named/.test(error.message);
  return new AppError(missing ? "database-schema" : "failed", `database "${path}": ${error.message}`, {
    cause: error,
  });
}

/** The full result code of SQLite behind an {@link AppError}, such as 776 for a journal that must be rolled back. */
export function sqliteCode(error: unknown): number | undefined {
  const cause = error instanceof AppError ? error.cause : error;
  const code = cause instanceof Error ? (cause as { readonly errcode?: unknown }).errcode : undefined;
  return typeof code === "number" ? code : undefined;
}
