/** What a home holds, byte for byte and row for row, as one value to compare. */
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { DATABASE, HISTORY, setTime } from "./home.ts";

/** One file: what it holds, and what else must come back when it is put back. */
export interface FileState {
  readonly sha256: string;
  readonly size: number;
  /** Permission bits; 0 on Windows. */
  readonly mode: number;
  /** Whole milliseconds. */
  readonly mtimeMs: number;
}

/** A home without its records, its databases by rows. */
export interface HomeState {
  /** By path below the home; other kinds than files and folders count as a file of no size. */
  readonly files: ReadonlyMap<string, FileState>;
  readonly folders: ReadonlySet<string>;
  /** JSON of every row: of the table of threads by id, of every other one by table, a blank and its key. */
  readonly rows: ReadonlyMap<string, string>;
  /** `ok`, or what the database's own check says. */
  readonly integrity: string;
}

/** Folder of the records, below the home. */
export const RECORDS = "backups_state/codexkeep";

/** Whether a path is a database, or a file that SQLite keeps beside it; of one set aside, what changes when it is read. */
function isDatabase(path: string): boolean {
  return [DATABASE, HISTORY].some((name) => path === name || path.startsWith(`${name}-`)) ||
    path.endsWith("-shm");
}

/** A lock of a thread that a killed run left; Codex removes it at its next start. */
export function isThreadLock(path: string): boolean {
  return /^thread-writer-locks\/[0-9a-f-]{36}\.lock$/.test(path);
}

/** Reads a home; opens no file of it for writing and leaves nothing there. */
export function readHome(home: string): HomeState {
  const files = new Map<string, FileState>();
  const folders = new Set<string>();
  visit(home, "", (path, info) => {
    if (path === "backups_state" || isDatabase(path) || isThreadLock(path)) return false;
    if (info.isDirectory) folders.add(path);
    else files.set(path, fileState(`${home}/${path}`, info));
    return true;
  });
  return { files, folders, ...readRows(home) };
}

/** Everything below a folder, path by path, with content, mode and time: to show that nothing at all changed. */
export function fingerprint(folder: string): string[] {
  const lines: string[] = [];
  visit(folder, "", (path, info) => {
    // SQLite's marks of readers move when somebody looks.
    if (!info.isDirectory && !path.endsWith("-shm")) {
      lines.push(`${path} ${JSON.stringify(fileState(`${folder}/${path}`, info))}`);
    } else lines.push(path);
    return true;
  });
  return lines.sort();
}

function visit(base: string, below: string, use: (path: string, info: Deno.FileInfo) => boolean): void {
  for (const { name } of Deno.readDirSync(`${base}/${below}`)) {
    const path = below === "" ? name : `${below}/${name}`;
    const info = Deno.lstatSync(`${base}/${path}`);
    if (use(path, info) && info.isDirectory) visit(base, path, use);
  }
}

function fileState(path: string, info: Deno.FileInfo): FileState {
  const sha256 = info.isFile ? createHash("sha256").update(Deno.readFileSync(path)).digest("hex") : "";
  return { sha256, size: info.size, mode: (info.mode ?? 0) & 0o7777, mtimeMs: info.mtime?.getTime() ?? 0 };
}

/** Looks at copies: opening a database itself would already repair what a killed run left in its log. */
function readRows(home: string): Pick<HomeState, "rows" | "integrity"> {
  const folder = Deno.makeTempDirSync({ prefix: "codexkeep-crash-db-" });
  const rows = new Map<string, string>();
  const checks: string[] = [];
  try {
    for (const name of [DATABASE, HISTORY]) {
      for (const side of ["", "-wal", "-journal"]) {
        copyIfThere(`${home}/${name}${side}`, `${folder}/${name}${side}`);
      }
      if (isThere(`${folder}/${name}`)) checks.push(readDatabase(`${folder}/${name}`, rows));
    }
    return { rows, integrity: checks.every((check) => check === "ok") ? "ok" : checks.join("; ") };
  } catch (error) {
    return { rows: new Map(), integrity: String(error) };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Adds the rows of every table and returns what the database's own check says. */
function readDatabase(path: string, rows: Map<string, string>): string {
  const database = new DatabaseSync(path);
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
    for (const { name: table } of tables) {
      const keys = database.prepare("select name from pragma_table_info(?) where pk > 0 order by pk").all(
        String(table),
      );
      for (const row of database.prepare(`select * from ${table}`).all()) {
        const key = keys.map(({ name }) => String(row[String(name)])).join(" ");
        rows.set(table === "threads" ? key : `${table} ${key}`, JSON.stringify(row));
      }
    }
    return database.prepare("pragma integrity_check").all().map((row) => String(row["integrity_check"]))
      .join("; ");
  } finally {
    database.close();
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function copyIfThere(from: string, to: string): void {
  try {
    Deno.copyFileSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Makes `to` a copy of the folder `from`, with modes and times; what stood there before goes. */
export function copyTree(from: string, to: string): void {
  removeTree(to);
  Deno.mkdirSync(to);
  const links = new Map<string, string>();
  visit(from, "", (path, info) => {
    if (info.isDirectory) Deno.mkdirSync(`${to}/${path}`);
    else if (info.isSymlink) Deno.symlinkSync(Deno.readLinkSync(`${from}/${path}`), `${to}/${path}`);
    else copyFile(`${from}/${path}`, `${to}/${path}`, info, links);
    if (!info.isSymlink && Deno.build.os !== "windows") {
      Deno.chmodSync(`${to}/${path}`, (info.mode ?? 0) & 0o7777);
    }
    return true;
  });
}

/** Two names of one file stay two names of one file: a killed run leaves such. */
function copyFile(from: string, to: string, info: Deno.FileInfo, links: Map<string, string>): void {
  const key = `${info.dev}:${info.ino}`;
  const first = (info.nlink ?? 1) > 1 ? links.get(key) : undefined;
  if (first !== undefined) return Deno.linkSync(first, to);
  links.set(key, to);
  Deno.copyFileSync(from, to);
  setTime(to, info.mtime?.getTime() ?? 0);
}

/** Removes a folder, if it is there. */
export function removeTree(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
