/** Whether another process has a state database open. */
import { basename, dirname, join } from "node:path";
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import { realDisk } from "./disk.ts";
import { attempt, isLinkUnsupported } from "./file_error.ts";
import { pause } from "./pause.ts";
import { fileKey, readProcLocks } from "./proc_locks.ts";
import { connect } from "./sqlite_driver.ts";

const SIDES = ["-wal", "-shm", "-journal"];
const POLL_MS = 20;
/** Folders with this prefix beside a database are ours; one that is left there by a killed run may be removed. */
export const PROBE_PREFIX = ".codexkeep-probe-";

/**
 * Ids of the other processes that hold a lock on the database, from the kernel's table: reads nothing else and leaves
 * no trace. Codex 0.169 holds one for as long as it runs. Empty when nobody is listed, undefined where there is no
 * such table (not Linux); see `readProcLocks` for what a table cannot show.
 */
export function lockHolders(path: AbsPath): number[] | undefined {
  const locks = readProcLocks();
  if (locks === undefined) return undefined;
  const real = realDisk.stat(path) === undefined ? path : realDisk.realPath(path);
  const files = new Set(["", "-shm"].flatMap((side) => {
    const stat = realDisk.lstat(real + side);
    return stat === undefined ? [] : [fileKey(stat)];
  }));
  const pids = locks.filter((lock) => lock.kind !== "FLOCK" && files.has(lock.file)).map((lock) => lock.pid);
  return [...new Set(pids)].filter((pid) => pid !== Deno.pid);
}

/**
 * True when another process still has the database open after `waitMs`. Every connection to a WAL database holds a
 * shared lock on the main file, so an exclusive lock can be had only when there is none; it is asked for, had for about
 * a millisecond and given back.
 *
 * It is asked for through a second name (hard link) in a folder of ours beside the database. SQLite looks for the log
 * by name, so it finds none there, and neither the log nor the `-shm` that Codex leaves behind is read, checkpointed or
 * removed; the main file is not written. Where links are impossible the database is probed under its own name if it
 * has no side files; if it has, the answer is true, for nothing else would be safe.
 *
 * A missing, empty or damaged database is not in use as far as this can tell, nor is one without a WAL (Codex makes
 * such only for network file systems) whose users are between two transactions. Call it before opening connections of
 * our own, which count as users. Throws `refused` when the folder is not writable.
 */
export function isInUse(path: AbsPath, waitMs: number): boolean {
  const stat = realDisk.stat(path);
  if (stat === undefined || stat.kind !== "file" || stat.size === 0) return false;
  const real = realDisk.realPath(path);
  const end = performance.now() + waitMs;
  while ((lockHolders(real) ?? []).length > 0) {
    if (performance.now() >= end) return true;
    pause(POLL_MS);
  }
  return isLocked(real, Math.max(0, end - performance.now()));
}

function isLocked(path: AbsPath, busyMs: number): boolean {
  const folder = attempt(
    "make a directory beside",
    path,
    () => Deno.makeTempDirSync({ dir: dirname(path), prefix: PROBE_PREFIX }),
  );
  try {
    const link = join(folder, basename(path)) as AbsPath;
    realDisk.link(path, link);
    return refusesExclusive(link, busyMs);
  } catch (error) {
    if (!isLinkUnsupported(error)) throw error;
    return SIDES.some((side) => realDisk.lstat(path + side) !== undefined) || refusesExclusive(path, busyMs);
  } finally {
    realDisk.removeTree(folder);
  }
}

function refusesExclusive(path: AbsPath, busyMs: number): boolean {
  const connection = connect(path, "rw", busyMs);
  try {
    // Before the first read, so that the log's index is kept in memory and no shared one is created.
    connection.all("PRAGMA locking_mode = EXCLUSIVE");
    connection.run("BEGIN EXCLUSIVE");
    connection.run("ROLLBACK");
    return false;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "database-busy") return true;
    if (error.code === "database-malformed") return false;
    throw error;
  } finally {
    connection.close();
  }
}
