/**
 * Our own lock, and Codex's lock on a thread: `thread-writer-locks/<thread id>.lock`, a whole-file lock that Codex
 * holds while the thread is loaded.
 *
 * Seen in Codex 0.169 (system calls traced): to load a thread it takes `.coordination.lock`, creates and locks the
 * thread's file without waiting, and lets `.coordination.lock` go; to unload, it takes `.coordination.lock`, removes
 * the thread's file and closes it. The first load of a process takes it exclusively and removes every thread file
 * nobody holds; later loads share it. Codex asks for `.coordination.lock` every 50 ms, for 30 seconds.
 *
 * The same rules are kept here, so no two ever hold locks on different files of one name.
 */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import { realDisk } from "./disk.ts";
import { createIfMissing, isSameFile, lockNow, lockOrClose, openLockFile } from "./flock.ts";
import { fileKey, readProcLocks } from "./proc_locks.ts";

/** A lock that is held. */
export interface HeldLock {
  /** Gives the lock back; doing so twice is fine. */
  release(): void;
}

/** Locks on threads, so that Codex refuses to load them meanwhile. */
export interface ThreadLocks {
  /** Ids whose lock somebody else holds: these are not locked by us. */
  readonly busy: readonly string[];
  /** Gives the locks back and removes the files created for them; doing so twice is fine. */
  release(): void;
}

const FOLDER = "thread-writer-locks";
const COORDINATION = ".coordination.lock";
const THREAD_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Codex holds `.coordination.lock` for less than a millisecond at a time. */
const COORDINATION_WAIT_MS = 2000;

/** How long to wait for it before locks are tried: longer than anybody takes to load a thread. */
const PROBE_WAIT_MS = 200;
/** For how long a lock is asked for that another program may only be trying, as in {@link busyThreads}. */
const PROBED_MS = 30;

/** What one call holds. */
interface Taken {
  readonly file: Deno.FsFile;
  readonly path: string;
  readonly created: boolean;
}

/**
 * Takes the exclusive lock of a file.
 *
 * @param options.create create the file when missing, with exactly `mode` (0600 unless given)
 * @param options.waitMs how long to wait for a holder to let go; 0 unless given
 * @returns undefined when somebody else still holds it
 * @throws AppError `refused` for a link, directory or pipe, `failed` when it is missing and not to be created
 */
export async function tryLock(
  path: AbsPath,
  options: { readonly create: boolean; readonly mode?: number; readonly waitMs?: number },
): Promise<HeldLock | undefined> {
  const end = performance.now() + (options.waitMs ?? 0);
  for (;;) {
    if (options.create) createIfMissing(path, options.mode ?? 0o600);
    const file = openLockFile(path, "write");
    if (file === undefined && !options.create) {
      throw new AppError("failed", `lock file "${path}" does not exist`);
    }
    if (file === undefined) continue;
    if (!await lockOrClose(file, path, true, end - performance.now())) return undefined;
    // The last holder may have removed the name while we waited: then this lock guards nothing.
    if (isSameFile(file, path)) return held(file);
    file.close();
  }
}

function held(file: Deno.FsFile): HeldLock {
  let open = true;
  return {
    release: () => {
      if (!open) return;
      open = false;
      file.close();
    },
  };
}

/**
 * Ids of the threads whose lock is held now, sorted. Creates and changes nothing; no such folder means none.
 *
 * On Linux the kernel's table answers. A file it does not list is tried with a shared lock for some microseconds,
 * under `.coordination.lock` when that is free, so that Codex waits for us instead of taking the thread for loaded.
 */
export async function busyThreads(home: AbsPath): Promise<string[]> {
  const folder = joinPath(home, FOLDER);
  const names = (realDisk.list(folder) ?? []).filter((entry) => entry.kind === "file").map((entry) =>
    entry.name
  );
  const ids = names.filter((name) => name.endsWith(".lock")).map((name) => name.slice(0, -".lock".length));
  const { busy, unsure } = fromTable(folder, ids.filter((id) => THREAD_ID.test(id)));
  if (unsure.length > 0) busy.push(...await probe(folder, unsure));
  return busy.sort();
}

/** What the kernel's table says of these threads; those without a lock file are neither. */
function fromTable(folder: AbsPath, ids: readonly string[]): { busy: string[]; unsure: string[] } {
  const locks = (readProcLocks() ?? []).filter((lock) => lock.kind === "FLOCK" && lock.exclusive);
  const listed = new Set(locks.map((lock) => lock.file));
  const busy: string[] = [];
  const unsure: string[] = [];
  for (const id of ids) {
    const stat = realDisk.lstat(joinPath(folder, `${id}.lock`));
    if (stat === undefined) continue;
    (listed.has(fileKey(stat)) ? busy : unsure).push(id);
  }
  return { busy, unsure };
}

async function probe(folder: AbsPath, ids: readonly string[]): Promise<string[]> {
  const gate = await openGate(folder, "read", true, PROBE_WAIT_MS).catch(() => undefined);
  // Somebody is loading threads just now: trying their locks would make that fail, and where there is a table it tells.
  if (gate === "taken" && readProcLocks() !== undefined) return fromTable(folder, ids).busy;
  const busy: string[] = [];
  try {
    for (const id of ids) if (!await isFree(joinPath(folder, `${id}.lock`))) busy.push(id);
  } finally {
    if (gate !== "taken") gate?.close();
  }
  return busy;
}

/** True when nobody holds the lock. One that we may not open, as another user's, counts as held. */
async function isFree(path: AbsPath): Promise<boolean> {
  try {
    const file = openLockFile(path, "read");
    if (file === undefined) return true;
    const free = await lockOrClose(file, path, false, 0);
    if (free) file.close();
    return free;
  } catch (error) {
    if (error instanceof AppError && error.code === "refused") return false;
    throw error;
  }
}

/**
 * Takes the lock of each thread, without waiting for any of them.
 *
 * `.coordination.lock` is shared while the files are created and locked, and exclusive while the ones we created are
 * removed, a few milliseconds each time: held longer it would make every load of Codex wait. If it cannot be had, every
 * thread is reported busy; at release our files then stay behind, unlocked, and Codex removes them at its next start.
 * Files that were there before are left. Without the folder, which Codex creates with its first thread, there is
 * nothing to take and nothing is created.
 *
 * @throws AppError `unsafe-path` for an id that is no thread id, `refused` and the like when a file cannot be made
 */
export async function lockThreads(home: AbsPath, ids: readonly string[]): Promise<ThreadLocks> {
  const unsafe = ids.find((id) => !THREAD_ID.test(id));
  if (unsafe !== undefined) throw new AppError("unsafe-path", `"${unsafe}" is not a thread id`);
  const folder = joinPath(home, FOLDER);
  if (ids.length === 0 || realDisk.stat(folder)?.kind !== "directory") return { busy: [], release: () => {} };
  const gate = await openGate(folder, "write", false, COORDINATION_WAIT_MS);
  if (gate === "taken") return { busy: [...ids], release: () => {} };
  const taken: Taken[] = [];
  const busy: string[] = [];
  try {
    for (const id of new Set(ids)) {
      const lock = await take(joinPath(folder, `${id}.lock`));
      if (lock === undefined) busy.push(id);
      else taken.push(lock);
    }
  } catch (error) {
    gate?.close();
    releaseAll(folder, taken);
    throw error;
  }
  gate?.close();
  let open = true;
  return {
    busy,
    release: () => {
      if (!open) return;
      open = false;
      releaseAll(folder, taken);
    },
  };
}

async function take(path: AbsPath): Promise<Taken | undefined> {
  const created = createIfMissing(path, 0o600);
  const file = openLockFile(path, "write");
  if (file === undefined || !await lockOrClose(file, path, true, PROBED_MS)) return undefined;
  if (isSameFile(file, path)) return { file, path, created };
  file.close();
  return undefined;
}

function releaseAll(folder: AbsPath, taken: readonly Taken[]): void {
  const created = taken.filter((lock) => lock.created);
  const gatePath = joinPath(folder, COORDINATION);
  const gate = created.length === 0 ? undefined : openLockFile(gatePath, "write");
  try {
    // No such file: no Codex that knows it has been here.
    if (gate === undefined || lockNow(gate, gatePath, COORDINATION_WAIT_MS)) {
      for (const { file, path } of created) if (isSameFile(file, path)) realDisk.remove(path);
    }
  } finally {
    for (const { file } of taken) file.close();
    gate?.close();
  }
}

/** `.coordination.lock`, locked; undefined when there is none; `"taken"` when somebody holds it too long. */
async function openGate(
  folder: AbsPath,
  access: "read" | "write",
  exclusive: boolean,
  waitMs: number,
): Promise<Deno.FsFile | undefined | "taken"> {
  const path = joinPath(folder, COORDINATION);
  const file = openLockFile(path, access);
  if (file === undefined) return undefined;
  return await lockOrClose(file, path, exclusive, waitMs) ? file : "taken";
}
