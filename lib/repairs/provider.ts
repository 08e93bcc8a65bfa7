/**
 * Threads that belong to another provider than the one in use. Codex keeps the provider of a thread in three places
 * and its readers use different ones, so all three are changed or none (seen in Codex 0.169: with two of three, a
 * legacy thread cannot be resumed, and a database-only change is undone by the next listing).
 */
import type { Finding } from "../core/finding.ts";
import {
  type Change,
  type EditChange,
  NO_PROVIDER,
  type RecodeChange,
  type RowChange,
  type Skip,
} from "../core/plan.ts";
import type { Rollout, Snapshot, Thread } from "../core/snapshot.ts";
import { AppError } from "../core/error.ts";
import type { Splice } from "../core/splice.ts";
import { relabel } from "../codex/relabel.ts";
import { ENCRYPTED_MARKER } from "../codex/rollout.ts";
import { contains } from "../text/jsonl.ts";
import { missingFile, otherInFile, providerOf, undeclared } from "./provider_checks.ts";
import type { Contents, Draft, Facts, Repair, RepairOptions, Target } from "./repair.ts";

export { providerOf } from "./provider_checks.ts";

/** Finds and cures threads of other providers. */
export const providerRepair: Repair = {
  name: "provider",
  summary: "make threads belong to the provider in use, in their files and in the database alike",
  safe: true,
  find: findProviders,
  plan: (facts, options) => planProviders(facts, options, () => facts.target.id),
};

/** The providers a thread is said to belong to: every file's first line and settings, and the database row. */
export function copiesOf(thread: Thread): readonly (string | undefined)[] {
  const copies: (string | undefined)[] = [];
  for (const { meta, recorded } of thread.rollouts) if (meta) copies.push(meta.provider, recorded);
  if (thread.row) copies.push(thread.row.provider);
  return copies;
}

/** Whether any copy names a provider other than `target`. */
export function isForeign(thread: Thread, target: string): boolean {
  return copiesOf(thread).some((copy) => copy !== undefined && copy !== target);
}

/** Threads with content that only the provider they came from can decrypt, counted by provider. */
export function countEncrypted(
  threads: Iterable<Thread>,
  target: string,
  contents: Contents,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const thread of encryptedThreads(threads, target, contents)) count(counts, providerOf(thread));
  return counts;
}

/** The threads of other providers than `target` with content that only their own can decrypt. */
export function encryptedThreads(
  threads: Iterable<Thread>,
  target: string,
  contents: Contents,
): readonly Thread[] {
  return [...threads].filter((thread) => isForeign(thread, target) && holdsEncrypted(thread, contents));
}

/** What was found in files before, so that each is searched but once in a run. */
const SEARCHED = new WeakMap<Contents, Map<string, boolean>>();

/** Whether a file of the thread holds reasoning that is encrypted. */
export function holdsEncrypted({ rollouts }: Thread, contents: Contents): boolean {
  const known = SEARCHED.get(contents) ?? new Map<string, boolean>();
  SEARCHED.set(contents, known);
  return rollouts.some((rollout) => {
    const key = `${rollout.path} ${rollout.stamp.size} ${rollout.stamp.mtimeMs}`;
    const found = known.get(key) ?? isEncrypted(rollout, contents);
    known.set(key, found);
    return found;
  });
}

function isEncrypted(rollout: Rollout, contents: Contents): boolean {
  if (rollout.damage !== undefined) return false;
  try {
    return contents.with(rollout, (content) => contains(content, ENCRYPTED_MARKER));
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function findProviders({ snapshot, target }: Facts): readonly Finding[] {
  const threads = [...snapshot.threads.values()].filter((thread) => thread.rollouts.length > 0);
  const foreign = threads.filter((thread) => isForeign(thread, target.id));
  const split = threads.filter((thread) => disagrees(thread));
  const findings: Finding[] = [];
  if (foreign.length > 0) findings.push(mismatch(foreign, target));
  if (split.length > 0) {
    findings.push({
      code: "provider-copies-disagree",
      severity: "error",
      count: split.length,
      repair: "provider",
      message:
        `${split.length} thread(s) name different providers in their file and in the database; Codex may ` +
        `refuse to open them, or undo what was changed`,
      samples: split.map(describe),
    });
  }
  return [...findings, ...undeclared(threads, snapshot, describe)];
}

function mismatch(foreign: readonly Thread[], target: Target): Finding {
  return {
    code: "provider-mismatch",
    severity: "warning",
    count: foreign.length,
    repair: "provider",
    message:
      `${foreign.length} thread(s) belong to another provider than ${
        JSON.stringify(target.id)
      }, which is in use ` +
      `(${target.source}); lists that show one provider only leave them out`,
    samples: foreign.map(describe),
  };
}

/** The distinct copies differ; a file that names none is no second opinion. */
function disagrees(thread: Thread): boolean {
  return new Set(copiesOf(thread).filter((copy) => copy !== undefined)).size > 1;
}

function describe(thread: Thread): string {
  const rollout = thread.rollouts.at(-1);
  const name = (provider: string | undefined) => provider === "" ? '""' : provider ?? NO_PROVIDER;
  return `${thread.id}: first line ${name(rollout?.meta?.provider)}, recorded ${name(rollout?.recorded)}, ` +
    `database ${thread.row ? name(thread.row.provider) : "no row"}`;
}

/**
 * The changes that give each selected thread the provider `targetOf` says; undefined leaves a thread alone. With `only`
 * the other copies stay as they are, for those who know what Codex makes of that.
 */
export function planProviders(
  { snapshot, contents }: Facts,
  { threads, from, only }: RepairOptions,
  targetOf: (thread: Thread) => string | undefined,
): Draft {
  const changes: Change[] = [];
  const skipped: Skip[] = [];
  const busy = new Set(snapshot.codex.busyThreads);
  for (const thread of threads) {
    const target = targetOf(thread);
    if (target === undefined || !isForeign(thread, target)) continue;
    if (from !== undefined && from !== providerOf(thread)) continue;
    const other = from === undefined ? undefined : otherInFile(thread, from, target);
    const planned = busy.has(thread.id)
      ? { refused: "Codex has it open" }
      : other !== undefined
      ? { refused: other }
      : planThread(thread, target, snapshot, contents, only);
    if ("refused" in planned) skipped.push({ subject: thread.id, reason: planned.refused });
    else changes.push(...planned);
  }
  return { changes, skipped };
}

function planThread(
  thread: Thread,
  target: string,
  snapshot: Snapshot,
  contents: Contents,
  only: RepairOptions["only"],
): readonly Change[] | { readonly refused: string } {
  const edits = only === "database" ? [] : planFiles(thread, target, snapshot, contents);
  if ("refused" in edits || only === "rollouts") return edits;
  const { row } = thread;
  if (row === undefined || row.provider === target) return edits;
  if (snapshot.live === undefined) return { refused: "there is no database to change its row in" };
  return [...edits, rowOf(thread.id, row.provider, target, snapshot.live.path)];
}

function planFiles(
  thread: Thread,
  target: string,
  snapshot: Snapshot,
  contents: Contents,
): readonly Change[] | { readonly refused: string } {
  if (thread.rollouts.length === 0) return { refused: missingFile(thread, snapshot) };
  const changes: Change[] = [];
  for (const rollout of thread.rollouts) {
    const splices = relabelRollout(rollout, target, contents);
    if ("refused" in splices) return { refused: `${rollout.path}: ${splices.refused}` };
    if (splices.splices.length > 0) changes.push(editOf(thread.id, rollout, target, splices));
  }
  return changes;
}

interface Relabelled {
  readonly splices: readonly Splice[];
  readonly contentSize: number;
}

function relabelRollout(
  rollout: Rollout,
  target: string,
  contents: Contents,
): Relabelled | { refused: string } {
  if (rollout.damage !== undefined) return { refused: rollout.damage.detail };
  try {
    return contents.with(rollout, (content) => {
      // A plan that mixes what the scan saw with what came later would fit neither.
      const grown = rollout.encoding === "plain" && content.size !== rollout.stamp.size;
      if (grown) return { refused: "another program is writing to it" };
      const splices = relabel(content, target);
      return "refused" in splices ? splices : { splices, contentSize: content.size };
    });
  } catch (error) {
    if (error instanceof AppError) return { refused: error.message };
    throw error;
  }
}

function editOf(
  thread: string,
  rollout: Rollout,
  target: string,
  edit: Relabelled,
): EditChange | RecodeChange {
  const { path, encoding, stamp: { size, mtimeMs } } = rollout;
  const { splices, contentSize } = edit;
  const sets = { model_provider: { before: rollout.meta?.provider ?? null, after: target } };
  return encoding === "zstd"
    ? { kind: "recode", path, thread, sets, size, mtimeMs, contentSize, splices }
    : { kind: "edit", path, thread, sets, size, mtimeMs, leaveMtimeMs: mtimeMs, splices };
}

function rowOf(
  thread: string,
  before: string | undefined,
  after: string,
  database: RowChange["database"],
): RowChange {
  return { kind: "row", database, thread, cells: { model_provider: { before: before ?? null, after } } };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
