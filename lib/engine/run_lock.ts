/** One writing run at a time: an operating system lock beside the records, which a killed holder loses by itself. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Disk } from "../system/disk.ts";
import { tryLock } from "../system/lock.ts";
import { pendingRecord, recordsDir } from "./records.ts";

/** Runs `work` while holding the lock of a home, waiting for it at most `waitMs`. Throws `locked`. */
export async function withLock<T>(
  disk: Disk,
  home: AbsPath,
  waitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  disk.makeDir(joinPath(home, "backups_state"), 0o700);
  disk.makeDir(recordsDir(home), 0o700);
  const lock = await tryLock(joinPath(recordsDir(home), "lock"), { create: true, mode: 0o600, waitMs });
  if (lock === undefined) {
    throw locked();
  }
  try {
    return await work();
  } finally {
    lock.release();
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
  const path = joinPath(recordsDir(home), "lock");
  if (disk.lstat(path) === undefined) return false;
  const lock = await tryLock(path, { create: false });
  lock?.release();
  return lock === undefined;
}

/** Refuses while another run is at work. Throws `locked`. */
export async function requireUnlocked(disk: Disk, home: AbsPath): Promise<void> {
  if (await isLocked(disk, home)) throw locked();
}

function locked(): AppError {
  return new AppError("locked", "another run of codexkeep is at work on this home", {
    hint: "wait for it to end, or give it time with --wait SECONDS",
  });
}
