/**
 * Whole-file locks (`flock`, on Windows `LockFileEx`): they belong to the open file, work between processes, and end
 * with the process however it ends, so nothing is ever stale.
 */
import { realDisk } from "./disk.ts";
import { attempt, fileError, isAbsent, systemCode } from "./file_error.ts";
import { requireFile } from "./open_file.ts";
import { pause } from "./pause.ts";
import { fileKey, readProcLocks } from "./proc_locks.ts";

/** Missing on Deno before 2.7.1. */
interface WithTryLock {
  readonly tryLockSync?: (exclusive: boolean) => boolean;
}

const POLL_MS = 10;
/** On runtimes without `tryLock`: how long a lock that nobody is seen to hold may take. */
const BLIND_WAIT_MS = 250;

/** Creates an empty lock file; true when it was not there before. Never follows a link. */
export function createIfMissing(path: string, mode: number): boolean {
  if (realDisk.lstat(path) !== undefined) return false;
  try {
    realDisk.createFile(path, mode).close();
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Opens a lock file that exists; undefined when it does not (any more). Reading is enough for a shared lock. */
export function openLockFile(path: string, access: "read" | "write"): Deno.FsFile | undefined {
  const stat = realDisk.lstat(path);
  if (stat === undefined) return undefined;
  requireFile(stat, path, "lock");
  try {
    return attempt("lock", path, () => Deno.openSync(path, { read: true, write: access === "write" }));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** True when `path` still names the open file. Where the system has no file numbers, as far as can be told. */
export function isSameFile(file: Deno.FsFile, path: string): boolean {
  const open = attempt("look at", path, () => file.statSync());
  const named = realDisk.lstat(path);
  return named !== undefined && (open.ino === null || (named.ino === open.ino && named.dev === open.dev));
}

/**
 * Locks an open file within `waitMs`. When that fails the file is closed, at once or, on runtimes that can only wait,
 * as soon as the runtime lets go of it; the caller must not use it any more.
 */
export async function lockOrClose(
  file: Deno.FsFile,
  path: string,
  exclusive: boolean,
  waitMs: number,
): Promise<boolean> {
  const end = performance.now() + waitMs;
  if ((file as WithTryLock).tryLockSync === undefined) return await lockBlindly(file, path, exclusive, end);
  for (;;) {
    if (tryLockNow(file, path, exclusive)) return true;
    if (performance.now() >= end) break;
    await sleep(POLL_MS);
  }
  file.close();
  return false;
}

/** The same without giving way to other work, for the moment of release. False leaves the file open. */
export function lockNow(file: Deno.FsFile, path: string, waitMs: number): boolean {
  const end = performance.now() + waitMs;
  const canTry = (file as WithTryLock).tryLockSync !== undefined;
  for (;;) {
    if (canTry && tryLockNow(file, path, true)) return true;
    if (!canTry && isHeld(file, true) === false) {
      file.lockSync(true);
      return true;
    }
    if (performance.now() >= end) return false;
    pause(POLL_MS);
  }
}

function tryLockNow(file: Deno.FsFile, path: string, exclusive: boolean): boolean {
  const { tryLockSync } = file as WithTryLock;
  return attempt("lock", path, () => tryLockSync?.call(file, exclusive) === true);
}

/** Without `tryLock`: asks the kernel's table first, because a request cannot be taken back. */
async function lockBlindly(
  file: Deno.FsFile,
  path: string,
  exclusive: boolean,
  end: number,
): Promise<boolean> {
  while (isHeld(file, exclusive) === true) {
    if (performance.now() >= end) {
      file.close();
      return false;
    }
    await sleep(POLL_MS);
  }
  const request = file.lock(exclusive).then(() => true);
  if (await within(request, Math.max(end - performance.now(), BLIND_WAIT_MS))) return true;
  // Too late is as good as never: what still comes is given back.
  request.then(() => file.close(), () => file.close());
  return false;

  async function within(work: Promise<boolean>, limitMs: number): Promise<boolean> {
    const timer = Promise.withResolvers<boolean>();
    const id = setTimeout(() => timer.resolve(false), limitMs);
    try {
      return await Promise.race([work, timer.promise]);
    } catch (error) {
      throw fileError("lock", path, error);
    } finally {
      clearTimeout(id);
    }
  }
}

/** Whether the kernel's table shows a lock that stands in the way; undefined where there is no table. */
function isHeld(file: Deno.FsFile, exclusive: boolean): boolean | undefined {
  const locks = readProcLocks();
  const { dev, ino } = file.statSync();
  if (locks === undefined || ino === null) return undefined;
  const key = fileKey({ dev, ino });
  return locks.some((lock) => lock.kind === "FLOCK" && lock.file === key && (exclusive || lock.exclusive));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
