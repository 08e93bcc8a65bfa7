/** Replaces the files of a plan, thread by thread: a thread's files are all replaced, or none. */
import { AppError, messageOf } from "../core/error.ts";
import { type AbsPath, joinPath, type RelPath } from "../core/path.ts";
import type { Change } from "../core/plan.ts";
import type { NamedFile, StagedFile } from "../core/record.ts";
import type { Fingerprint } from "../core/snapshot.ts";
import type { OpenRecord } from "./records.ts";
import { isAbsent } from "../system/file_error.ts";
import {
  type FileChange,
  heldPath,
  hold,
  isFileChange,
  isUntouched,
  type Place,
  stage,
  type Staged,
  syncStaged,
} from "./stage.ts";
import type { HeldThreads } from "./thread_locks.ts";
import { takeBack } from "./undo.ts";
import { removeFolders, takeNameBack } from "./undo_names.ts";
import { type Writers, writersIn } from "./writers.ts";

/** Files per journal entry: bounds the cost of syncing, and what has to be looked at after a crash. */
const BATCH_FILES = 64;

/** One file of a batch. */
interface Item {
  readonly n: number;
  readonly change: FileChange;
}

/** A run in progress: what has been replaced, and which threads were given up on the way. */
export interface Run {
  readonly place: Place;
  readonly record: OpenRecord;
  readonly changes: readonly Change[];
  readonly locks: HeldThreads;
  /** Files that are replaced now, by index of their change. */
  readonly replaced: Map<number, Replaced>;
  /** Files whose names are changed now, by index of their change. */
  readonly named: Map<number, NamedFile>;
  /** Folders that were made for them, the outer ones first. */
  readonly folders: Set<RelPath>;
  /** Threads left out, and why. */
  readonly dropped: Map<string, string>;
  /** Files whose old content could not be put back, for another program had moved or replaced them. */
  readonly kept: Set<number>;
}

/** A file that was replaced; kept for every file of a run, hence no more than is needed. */
export interface Replaced extends StagedFile {
  readonly change: FileChange;
  readonly target: AbsPath;
  readonly was: Fingerprint;
}

/** Cuts file changes into batches; files of one thread stay together. */
export function batchesOf(changes: readonly Change[], wanted: (change: FileChange) => boolean): Item[][] {
  const groups = new Map<string, Item[]>();
  changes.forEach((change, n) => {
    if (!isFileChange(change) || !wanted(change)) return;
    const key = change.thread ?? change.path;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [{ n, change }]);
    else group.push({ n, change });
  });
  const batches: Item[][] = [];
  for (const group of groups.values()) {
    const last = batches.at(-1);
    if (last !== undefined && last.length + group.length <= BATCH_FILES) last.push(...group);
    else batches.push([...group]);
  }
  return batches;
}

/** Carries out one batch. Threads that cannot be replaced whole are dropped; a failing disk throws. */
export async function replaceBatch(run: Run, batch: readonly Item[]): Promise<void> {
  await lockOrDrop(run, batch.flatMap(({ change }) => change.thread ?? []));
  const staged = stageAll(run, batch);
  await syncStaged(staged);
  if (staged.length === 0) return;
  run.record.log({
    event: "begin",
    files: staged.map(({ n, before, after, size }) => ({ n, before, after, size })),
  });
  replaceAll(run, staged);
  for (const [thread, reason] of writtenTo(run, staged)) dropThread(run, thread, reason);
}

/** Locks threads for the rest of the run, and drops those that Codex has open. */
export async function lockOrDrop(run: Run, threads: Iterable<string>): Promise<void> {
  for (const id of await run.locks.hold(threads)) dropThread(run, id, "Codex has it open");
}

function stageAll(run: Run, batch: readonly Item[]): readonly Staged[] {
  const staged: Staged[] = [];
  for (const { n, change } of batch) {
    if (isDropped(run, change)) continue;
    try {
      staged.push(stage(run.place, change, n));
    } catch (error) {
      // Without a thread to leave out there is nothing to go on with.
      if (!isSkippable(error) || change.thread === undefined) {
        for (const { out } of staged) out.close();
        throw error;
      }
      dropThread(run, change.thread, messageOf(error));
    }
  }
  return staged.filter((file) => {
    if (!isDropped(run, file.change)) return true;
    file.out.close();
    run.place.disk.remove(file.temp);
    return false;
  });
}

/** Whether an error concerns one thread only: its files are not as they were, or must not be touched. */
export function isSkippable(error: unknown): boolean {
  // A file that is gone was moved meanwhile, as archiving does.
  return isAbsent(error) || error instanceof AppError &&
      (error.code === "state-changed" || error.code === "refused" || error.code === "unsafe-path");
}

/** The second names are on the disk before the first file is replaced, so an old file is never without a name. */
function replaceAll(run: Run, staged: readonly Staged[]): void {
  const { disk, recordDir } = run.place;
  for (const file of staged) holdOrDrop(run, file);
  disk.syncDir(joinPath(heldPath(recordDir, 0), ".."));
  const folders = new Set<string>();
  for (const file of staged) {
    if (isDropped(run, file.change)) continue;
    if (isUntouched(disk, file.target, file.was)) {
      disk.rename(file.temp, file.target);
      run.replaced.set(file.n, replacedOf(file));
      folders.add(joinPath(file.target, ".."));
    } else if (file.change.thread === undefined) {
      throw new AppError("state-changed", `"${file.change.path}" was written to by another program`);
    } else dropThread(run, file.change.thread, "another program wrote to it");
  }
  takeBackAll(run, staged.filter(({ n }) => !run.replaced.has(n)));
  for (const folder of folders) disk.syncDir(folder);
}

/** Files that were not replaced after all lose their second names. */
function takeBackAll({ place }: Run, staged: readonly Staged[]): void {
  const writers = writersIn(place.disk, place.home);
  try {
    for (const file of staged) takeBack(place, file.change, file.target, file, writers);
  } finally {
    writers.settle();
  }
}

function holdOrDrop(run: Run, { target, n, change }: Staged): void {
  try {
    hold(run.place.disk, target, heldPath(run.place.recordDir, n));
  } catch (error) {
    if (!isAbsent(error) || change.thread === undefined) throw error;
    dropThread(run, change.thread, messageOf(error));
  }
}

function replacedOf({ n, before, after, size, change, target, was }: Staged): Replaced {
  return { n, before, after, size, change, target, was: { size: was.size, mtimeMs: was.mtimeMs } };
}

/** Threads whose old file was written to after it was replaced: somebody has it open and is at work. */
export function writtenTo(run: Run, files: Iterable<StagedFile>): Map<string, string> {
  const { disk, recordDir } = run.place;
  const threads = new Map<string, string>();
  for (const { n } of files) {
    const file = run.replaced.get(n);
    const held = file && disk.lstat(heldPath(recordDir, n));
    if (file === undefined || held === undefined) continue;
    if (held.size === file.was.size && held.mtimeMs === file.was.mtimeMs) continue;
    if (file.change.thread === undefined) {
      throw new AppError("state-changed", `"${file.change.path}" was written to by another program`);
    }
    threads.set(file.change.thread, "another program wrote to it");
  }
  return threads;
}

/**
 * Leaves a thread out of the run: its files get their old names and content back, its rows are not changed, and the
 * journal says so. The last change goes first, for a file is put back where it was when it was replaced.
 */
export function dropThread(run: Run, thread: string, reason: string): void {
  if (run.dropped.has(thread)) return;
  run.dropped.set(thread, reason);
  for (const other of followersOf(run, thread)) dropThread(run, other, followed(thread));
  let wasNamed = false;
  const writers = writersIn(run.place.disk, run.place.home);
  try {
    for (let n = run.changes.length - 1; n >= 0; n--) {
      const change = run.changes[n];
      if (change === undefined || change.kind === "drop" || change.thread !== thread) continue;
      wasNamed ||= run.named.has(n);
      giveNameBack(run, thread, n);
      giveContentBack(run, thread, n, writers);
      run.record.log({ event: "skipped", n, reason });
    }
  } finally {
    writers.settle();
  }
  if (wasNamed) removeFolders(run.place, [...run.folders], run.changes);
}

/** Threads with files that were moved to where those of `thread` were, and that must leave before those come back. */
export function followersOf({ changes, named }: Run, thread: string): readonly string[] {
  const moves = [...named.keys()].flatMap((n) => {
    const change = changes[n];
    return change?.kind === "move" ? [change] : [];
  });
  const places = new Set(moves.flatMap((move) => move.thread === thread ? [move.path] : []));
  return moves.flatMap((move) =>
    move.thread !== undefined && move.thread !== thread && places.has(move.to) ? [move.thread] : []
  );
}

/** Why a thread is left out together with `thread`. */
export function followed(thread: string): string {
  return `it would take the place of ${thread}, which is left out`;
}

function giveNameBack(run: Run, thread: string, n: number): void {
  const named = run.named.get(n);
  if (named === undefined) return;
  const left = takeNameBack(run.place, run.changes, named);
  if (left !== undefined) run.dropped.set(thread, `${run.dropped.get(thread)}; ${left}`);
  run.named.delete(n);
}

function giveContentBack(run: Run, thread: string, n: number, writers: Writers): void {
  const file = run.replaced.get(n);
  if (file === undefined) return;
  const left = takeBack(run.place, file.change, file.target, file, writers);
  if (left !== undefined) {
    run.kept.add(n);
    const kept = `its old content is ${heldPath(run.place.recordDir, n)}`;
    run.dropped.set(thread, `${run.dropped.get(thread)}; ${left}, ${kept}`);
  }
  run.replaced.delete(n);
}

function isDropped(run: Run, change: FileChange): boolean {
  return change.thread !== undefined && run.dropped.has(change.thread);
}
