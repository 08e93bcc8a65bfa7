/** What is in a home, in a form that can be compared: every file's content, mode and time, every row of a database. */
import { sha256, sha256Stream } from "../core/bytes.ts";
import { type AbsPath, inHome, type RelPath } from "../core/path.ts";
import type { Disk } from "../system/disk.ts";
import { openForReading } from "../system/sqlite.ts";

/** Path in the home to `<SHA-256> <mode, octal> <change time, milliseconds>`, sorted by path. */
export type TreePrint = ReadonlyMap<string, string>;

/** Folder of our own records, which is no part of what was there before. */
const RECORDS = "backups_state";

/** Databases are compared by their rows: SQLite may place the same rows on other pages. */
const DATABASE = /\.sqlite(-wal|-shm|-journal)?$/;

const PIECE = 1024 * 1024;

/** Prints of all files below a home but databases and our own records; links by where they are, not what they lead to. */
export function treeHash(disk: Disk, home: AbsPath): TreePrint {
  const prints = new Map<string, string>();
  const visit = (folder: AbsPath, prefix: string) => {
    for (const { name, kind } of disk.list(folder) ?? []) {
      const path = `${prefix}${name}` as RelPath;
      if (path === RECORDS || DATABASE.test(name)) continue;
      const full = inHome(home, path);
      if (kind === "directory") visit(full, `${path}/`);
      else prints.set(path, kind === "file" ? printOf(disk, full) : kind);
    }
  };
  visit(home, "");
  return prints;
}

function printOf(disk: Disk, path: AbsPath): string {
  const file = disk.openRead(path);
  try {
    const hash = sha256Stream();
    for (let at = 0; at < file.size; at += PIECE) hash.update(file.read(at, Math.min(PIECE, file.size - at)));
    const { mode, mtimeMs } = file.stat();
    return `${hash.digest("hex")} ${mode.toString(8)} ${mtimeMs}`;
  } finally {
    file.close();
  }
}

/** Every row of every table of a database as JSON, `<table> <row>`, sorted. Leaves no trace beside it. */
export function dumpRows(disk: Disk, path: AbsPath): readonly string[] {
  const database = openForReading(path, disk);
  try {
    const tables = database.all("select name from sqlite_master where type = 'table' order by name");
    return tables.flatMap(({ name }) => {
      const table = String(name);
      return database.all(`select * from "${table.replaceAll('"', '""')}"`)
        .map((row) => `${table} ${JSON.stringify(row, plainValue)}`);
    }).sort();
  } finally {
    database.close();
  }
}

function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Uint8Array ? `bytes ${sha256(value)}` : value;
}

/** Paths or rows that one side has and the other has not, or has differently. */
export function differences(before: Iterable<unknown>, after: Iterable<unknown>): readonly string[] {
  const was = new Set([...before].map((one) => JSON.stringify(one)));
  const is = new Set([...after].map((one) => JSON.stringify(one)));
  return [...was.symmetricDifference(is)].sort();
}
