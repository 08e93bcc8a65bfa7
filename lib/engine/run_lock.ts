/** One writing run at a time: an operating system lock beside the records, which a killed holder loses by itself. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import { anchor } from "../system/anchor.ts";
import type { Disk } from "../system/disk.ts";
import { isAbsent } from "../system/file_error.ts";
import { type HeldLock, tryLock } from "../system/lock.ts";
import { pendingRecord, recordsDir } from "./records.ts";

const LOCK = "lock";

function lockPath(home: AbsPath): AbsPath {
  return joinPath(recordsDir(home), LOCK);
}

/**
 * Runs `work` while holding the lock of a home, waiting for it at most `waitMs`. Where there are no records afterwards,
 * lock and folders go again: a run that was refused leaves no trace. No write goes through a link in the home
 * meanwhile. Throws `locked`.
 */
export async function withLock<T>(
  disk: Disk,
  home: AbsPath,
  waitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const release = anchor(home);
  try {
    const lock = await takeLock(disk, home, waitMs);
    if (lock === undefined) throw locked();
    try {
      return await work();
    } finally {
      leaveNoTrace(disk, home);
      lock.release();
    }
  } finally {
    release();
  }
}

/** How often the folders are made anew that a run before us removed while we were about to lock. */
const ATTEMPTS = 20;

async function takeLock(disk: Disk, home: AbsPath, waitMs: number): Promise<HeldLock | undefined> {
  for (let attempt = 1;; attempt++) {
    disk.makeDir(joinPath(home, "backups_state"), 0o700);
    try {
      disk.makeDir(recordsDir(home), 0o700);
      return await tryLock(lockPath(home), { create: true, mode: 0o600, waitMs });
    } catch (error) {
      if (!isAbsent(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Only while holding the lock: whoever waits for it then sees that its file is gone, and makes another. */
function leaveNoTrace(disk: Disk, home: AbsPath): void {
  try {
    const names = disk.list(recordsDir(home)) ?? [];
    if (names.some(({ name }) => name !== LOCK)) return;
    disk.remove(lockPath(home));
    disk.removeDir(recordsDir(home));
    disk.removeDir(joinPath(home, "backups_state"));
  } catch (error) {
    // Something else is in there, or somebody has come to wait for the lock.
    if (!(error instanceof AppError)) throw error;
  }
}

/** Refuses while an interrupted run has not been taken back. Throws `recovery-pending`. */
export function requireNonePending(disk: Disk, home: AbsPath): void {
  const pending = pendingRecord(disk, home, "throw");
  if (pending === undefined) return;
  throw new AppError("recovery-pending", `run "${pending}" was interrupted and has to be taken back first`, {
    hint: "codexkeep recover",
  });
}

/** Whether another run holds the lock of a home right now. Makes nothing. */
export async function isLocked(disk: Disk, home: AbsPath): Promise<boolean> {
  const path = lockPath(home);
  if (disk.lstat(path) === undefined) return false;
  try {
    const lock = await tryLock(path, { create: false });
    lock?.release();
    return lock === undefined;
  } catch (error) {
    // It was given back and removed while we looked; or it is no file, and then no run of ours holds it.
    if (!(error instanceof AppError) || disk.lstat(path)?.kind === "file") throw error;
    return false;
  }
}

function locked(): AppError {
  return new AppError("locked", "another run of codexkeep is at work on this home", {
    hint: "wait for it to end, or give it time with --wait SECONDS",
  });
}
