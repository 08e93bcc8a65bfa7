/**
 * Carries out a plan. The order is the safety: lock, checks, record, files, rows, pointer files, verification,
 * commit. Whatever stops it before the commit is taken back; whatever stops the taking back is finished by `recover`.
 */
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome } from "../core/path.ts";
import {
  byKind,
  type Change,
  digest,
  isPointer,
  movesOf,
  type Plan,
  type Purpose,
  type Skip,
  skipsOf,
  threadsOf,
  withoutThreads,
} from "../core/plan.ts";
import { recordId } from "../core/record.ts";
import { openFiles } from "../system/processes.ts";
import type { Machine } from "../system/machine.ts";
import { abandon } from "./abandon.ts";
import { batchesOf, replaceBatch, type Run } from "./batches.ts";
import { appendLedger } from "./ledger.ts";
import { prune } from "./prune.ts";
import {
  type Allowance,
  requireIdle,
  requireNoCodex,
  requireSoundDatabases,
  requireSpace,
  requireUnused,
  writeWaitMs,
} from "./preflight.ts";
import { sweepLeftovers } from "./leftovers.ts";
import {
  beginRecord,
  dropRecord,
  lastRun,
  nextSequence,
  type OpenRecord,
  readJournal,
  recordDir,
} from "./records.ts";
import { requireNonePending, withLock } from "./run_lock.ts";
import { changeNames, nameBatches } from "./names.ts";
import { touchedDatabases, writeRows } from "./run_rows.ts";
import { giveLateBack } from "./settle.ts";
import { isNameChange, type NameChange } from "./spots.ts";
import { type FileChange, heldPath, isFileChange, type Place } from "./stage.ts";
import { requireKnownDatabases, requireKnownTargets } from "./targets.ts";
import { removeFolders } from "./undo_names.ts";
import { holdThreads } from "./thread_locks.ts";
import { verifyFiles, verifyRows } from "./verify.ts";

/** How a plan is carried out. */
export interface ApplyOptions extends Allowance {
  /** Finished records to keep, this one included. */
  readonly keep: number;
  /** Version of codexkeep, for the record. */
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onProgress: (stage: string, done: number, total: number) => void;
  /** `lastRun` of the snapshot that the plan was made from. */
  readonly since?: string;
  /** Waited for when all is done, with the lock still held: what it sees is not yet another run's work. */
  readonly onApplied?: () => Promise<void>;
}

/** What came of it. */
export interface Applied {
  /** Id of the record; undefined when there was nothing left to do. */
  readonly record: string | undefined;
  /** Threads left out because somebody was at work there. */
  readonly skipped: readonly Skip[];
  /** Older records that retention removed. */
  readonly pruned: readonly string[];
}

/** How long a writer that had a file open before it was replaced gets to show itself. */
const SETTLE_MS = 50;

/**
 * Carries out `plan` and returns its record. `databases` are those the scan found: rows of any other are refused.
 * Throws, with everything taken back: `codex-running`, `locked`, `recovery-pending`, `database-…`, `no-space`,
 * `state-changed`, `interrupted`, `failed`.
 */
export async function apply(
  machine: Machine,
  plan: Plan,
  databases: readonly AbsPath[],
  options: ApplyOptions,
): Promise<Applied> {
  requireKnownTargets(plan.changes);
  requireKnownDatabases(plan.changes, databases);
  requireNoCodex(plan.home, databases, options);
  // On a full disk there is not even room for a lock.
  requireSpace(machine.disk, plan.home, plan.changes);
  // The lock comes before every look: another run looks like an interrupted one, or like Codex, while it is at work.
  return await withLock(machine.disk, plan.home, options.waitMs, async () => {
    const applied = await applyLocked(machine, plan, databases, options);
    await options.onApplied?.();
    return applied;
  });
}

async function applyLocked(
  machine: Machine,
  plan: Plan,
  databases: readonly AbsPath[],
  options: ApplyOptions,
): Promise<Applied> {
  requireNonePending(machine.disk, plan.home);
  requireNotOvertaken(machine, plan, options);
  sweepLeftovers(machine.disk, plan.home, databases);
  await requireIdle(plan.home, [...new Set([...databases, ...touchedDatabases(plan.changes)])], options);
  requireUnused(plan);
  requireSoundDatabases(plan, options);
  const open = openElsewhere(plan);
  const rest = withoutThreads(plan, open);
  if (rest.changes.length === 0) return { record: undefined, skipped: skipsOf(open), pruned: [] };
  appendLedger(machine, rest);
  const record = begin(machine, rest, options.version);
  let run: Run;
  try {
    run = await carryOut(machine, rest, record, options);
  } finally {
    record.close();
  }
  const skipped = skipsOf(new Map([...open, ...run.dropped]));
  // A run that changed nothing leaves no record behind, unless there is something only the record holds.
  if (withoutThreads(rest, run.dropped).changes.length === 0 && run.kept.size === 0) {
    tidy(() => dropRecord(machine.disk, plan.home, record.id));
    return { record: undefined, skipped, pruned: [] };
  }
  const pruned = tidy(() => prune(machine.disk, plan.home, options.keep)) ?? [];
  return { record: record.id, skipped, pruned };
}

/** What another run was changing while we planned may have been half done: such a plan is worth nothing. */
function requireNotOvertaken({ disk }: Machine, { home }: Plan, { since }: ApplyOptions): void {
  if (since === undefined || since === lastRun(disk, home)) return;
  throw new AppError("overtaken", "another run of codexkeep has changed this home since it was looked at", {
    hint: "run this again",
  });
}

/** A run that was taken back leaves no folder that was made only for it; undoing makes it again for its file. */
function removeMadeFolders({ disk }: Machine, { home, reverts, changes }: Plan): void {
  const journal = reverts === undefined ? [] : tidy(() => readJournal(disk, home, reverts)) ?? [];
  for (const entry of journal) {
    if (entry.event === "names") removeFolders({ disk, home }, entry.folders, changes);
  }
}

/** After the commit nothing that fails may make the run look failed; what is left lying is swept by the next one. */
function tidy<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** Threads of which some process has a file open: it may be about to write, whether it is Codex or not. */
function openElsewhere({ home, changes }: Plan): Map<string, string> {
  const open = openFiles(home);
  const threads = new Map<string, string>();
  for (const change of changes) {
    if (!isNamed(change) || change.thread === undefined) continue;
    const holders = open.get(inHome(home, change.path));
    if (holders !== undefined) {
      threads.set(change.thread, `${change.path} is open in process ${holders.join(", ")}`);
    }
  }
  return threads;
}

function isNamed(change: Change): change is FileChange | NameChange {
  return isFileChange(change) || isNameChange(change);
}

function begin(machine: Machine, plan: Plan, version: string): OpenRecord {
  const seq = nextSequence(machine.disk, plan.home);
  const now = machine.now();
  const purpose = plan.purpose as Purpose;
  const head = {
    id: recordId(seq, now, purpose, machine.random()),
    seq,
    createdAt: now.toISOString(),
    purpose,
    home: plan.home,
    version,
    planDigest: digest(plan),
    changes: plan.changes.length,
    byKind: byKind(plan.changes),
    threads: threadsOf(plan.changes).size,
    moves: movesOf(plan.changes),
    reverts: plan.reverts,
  };
  return beginRecord(machine.disk, plan.home, head, plan.changes);
}

async function carryOut(
  machine: Machine,
  plan: Plan,
  record: OpenRecord,
  options: ApplyOptions,
): Promise<Run> {
  const { disk } = machine;
  const { home } = plan;
  const place: Place = {
    disk,
    home,
    record: record.id,
    recordDir: record.dir,
    sourceDir: (id) => recordDir(home, id),
  };
  const run: Run = {
    place,
    record,
    changes: plan.changes,
    locks: holdThreads(home),
    replaced: new Map(),
    named: new Map(),
    folders: new Set(),
    dropped: new Map(),
    kept: new Set(),
  };
  try {
    await changeFiles(run, options);
    await writeRows(run, writeWaitMs(options));
    await replaceFiles(run, options, isPointer);
    await nameFiles(run, options, isPointer);
    await settle(run, options);
    verifyFiles(run, options.onProgress);
    verifyRows(run, writeWaitMs(options));
    removeMadeFolders(machine, plan);
    record.log({ event: "committed" });
  } catch (error) {
    throw abandon(run, error, writeWaitMs(options));
  } finally {
    tidy(() => run.locks.release());
  }
  tidy(() => releaseHeld(run));
  return run;
}

/** All but the pointer files: what threads are made of, in their old places, then their moves, then all other files. */
async function changeFiles(run: Run, options: ApplyOptions): Promise<void> {
  const moved = new Set(run.changes.flatMap((change) => change.kind === "move" ? [change.path] : []));
  const isEarly = ({ thread, path }: FileChange) => thread !== undefined || moved.has(path);
  await replaceFiles(run, options, isEarly);
  await nameFiles(run, options, ({ kind }) => kind === "move");
  await replaceFiles(run, options, (change) => !isEarly(change) && !isPointer(change));
  await nameFiles(run, options, (change) => change.kind !== "move" && !isPointer(change));
}

async function nameFiles(
  run: Run,
  options: ApplyOptions,
  wanted: (change: NameChange) => boolean,
): Promise<void> {
  for (const batch of nameBatches(run.changes, wanted)) {
    await breathe(options.signal);
    await changeNames(run, batch);
  }
}

async function replaceFiles(
  run: Run,
  options: ApplyOptions,
  wanted: (change: FileChange) => boolean,
): Promise<void> {
  const batches = batchesOf(run.changes, wanted);
  const total = batches.reduce((sum, batch) => sum + batch.length, 0);
  let done = 0;
  for (const batch of batches) {
    await breathe(options.signal);
    await replaceBatch(run, batch);
    done += batch.length;
    options.onProgress("changing files", done, total);
  }
}

/** Lets signals in between two steps. Throws `interrupted` when one came. */
async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  if (signal.aborted) throw new AppError("interrupted", "interrupted");
}

/** Gives programs that had a file open time to show themselves, and the threads they are at work on back. */
async function settle(run: Run, options: ApplyOptions): Promise<void> {
  if (run.replaced.size === 0 && run.named.size === 0) return;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await breathe(options.signal);
  giveLateBack(run, writeWaitMs(options));
}

/** The second names have done their work; only files that can be put back no other way are kept. */
function releaseHeld(run: Run): void {
  const { disk, recordDir } = run.place;
  run.changes.forEach((change, n) => {
    if ((change.kind === "edit" || change.kind === "unmake") && !run.kept.has(n)) {
      disk.remove(heldPath(recordDir, n));
    }
  });
}
