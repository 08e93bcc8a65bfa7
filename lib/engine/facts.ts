/** What repairs may look at besides the scan: small files of the home, and tables of Codex's databases. */
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome, type RelPath } from "../core/path.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { countEncrypted } from "../repairs/provider.ts";
import type { Facts, FileEntry, Files, Target } from "../repairs/repair.ts";
import type { Disk, Stat } from "../system/disk.ts";
import type { Machine } from "../system/machine.ts";
import { contentsOf } from "./contents.ts";
import { readLedger } from "./ledger.ts";
import { openForReading, openRemains } from "../system/sqlite.ts";

/** The facts about a scanned home, with the provider its threads ought to have. */
export function factsAbout({ disk, now, os }: Machine, snapshot: Snapshot, target: Target): Facts {
  const contents = contentsOf(disk, snapshot.home);
  let encrypted: ReadonlyMap<string, number> | undefined;
  let originals: ReadonlyMap<string, string> | undefined;
  return {
    snapshot,
    contents,
    target,
    files: filesOf(disk, snapshot.home),
    tables: tablesOf(disk),
    remains: tablesOf(disk, openRemains),
    nowMs: now().getTime(),
    platform: os,
    originals: () => originals ??= orNothing(() => readLedger(disk, snapshot.home)) ?? new Map(),
    encrypted: () => encrypted ??= countEncrypted(snapshot.threads.values(), target.id, contents),
  };
}

/** The files of `home`. */
export function filesOf(disk: Disk, home: AbsPath): Files {
  return {
    read: (path, limit) => readFile(disk, inHome(home, path), limit),
    list: (folder) => listFolder(disk, inHome(home, folder)),
    stat: (path) => entryOf(disk, inHome(home, path), path),
    hasFolder: (path) => orNothing(() => disk.stat(path))?.kind === "directory",
    realPath: (path) => orNothing(() => disk.realPath(path)),
  };
}

/** The databases on `disk`. Each is open only while it is being looked at. */
export function tablesOf(disk: Disk, open: typeof openForReading = openForReading): Facts["tables"] {
  return (path, use) =>
    orNothing(() => {
      const database = open(path, disk);
      try {
        return use(database);
      } finally {
        database.close();
      }
    });
}

function readFile(disk: Disk, path: AbsPath, limit: number): Uint8Array | undefined {
  if (disk.stat(path) === undefined) return undefined;
  const file = disk.openRead(path, { follow: true });
  try {
    if (file.size > limit) throw new AppError("refused", `"${path}" is larger than ${limit} bytes`);
    return file.read(0, file.size);
  } finally {
    file.close();
  }
}

function listFolder(disk: Disk, folder: AbsPath): FileEntry[] {
  const entries = orNothing(() => disk.list(folder)) ?? [];
  return entries.flatMap(({ name }) => entryOf(disk, `${folder}/${name}` as AbsPath, name) ?? []);
}

function entryOf(disk: Disk, path: AbsPath, name: RelPath | string): FileEntry | undefined {
  const stat: Stat | undefined = orNothing(() => disk.lstat(path));
  return stat && { name, kind: stat.kind, size: stat.size, mtimeMs: stat.mtimeMs };
}

/** What cannot be read is as good as not there: the scan has said so where it matters. */
function orNothing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
