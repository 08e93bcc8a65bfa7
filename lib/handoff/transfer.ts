/**
 * Carries a plan out, a batch of files at a time: what would be replaced or removed is kept in a snapshot first, what is
 * new is written beside its place and synced, and one rename puts it there. Every file is wholly old or wholly new at
 * every moment; a run that was cut off is planned anew and finished.
 */
import { AppError, messageOf } from "../core/error.ts";
import type { Machine } from "../system/machine.ts";
import type { Side, Situation, Step } from "./model.ts";
import type { HandoffPlan } from "./model.ts";
import type { Settings } from "./settings.ts";
import type { SnapshotKeeper } from "./snapshot_keeper.ts";
import { finish, prepare, type Ready, sweepTemps } from "./transfer_step.ts";

/** Steps that share their syncs. */
const BATCH = 64;

/** What carrying out needs besides the plan. */
export interface TransferTools {
  /** Undefined: nothing is kept of what is replaced. */
  readonly keeper: SnapshotKeeper | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** What came of it. */
export interface Transferred {
  readonly done: readonly Step[];
  /** Keys of which not all was done, and why. */
  readonly failed: ReadonlyMap<string, string>;
}

/**
 * Carries the steps out in their order. A file that is not as the plan saw it is left out, with what else was to be done
 * about it. Throws like the disk, and `interrupted`; what was done by then stays, and is whole.
 */
export async function transfer(
  machine: Machine,
  settings: Settings,
  { local, cloud }: Pick<Situation, Side>,
  plan: Pick<HandoffPlan, "steps">,
  tools: TransferTools,
): Promise<Transferred> {
  const done: Step[] = [];
  const failed = new Map<string, string>();
  sweepTemps(machine, settings, [...local.items.values()], [...cloud.items.values()]);
  const { steps } = plan;
  for (let at = 0; at < steps.length;) {
    if (tools.signal.aborted) throw new AppError("interrupted", "interrupted; what was carried by now stays");
    const batch = batchFrom(steps, at);
    await carry(machine, settings, batch.filter(({ key }) => !failed.has(key)), { done, failed }, tools);
    at += batch.length;
    tools.onProgress(at, steps.length);
  }
  return { done, failed };
}

/** Steps of one key come in different batches: each sees what the one before has done. */
function batchFrom(steps: readonly Step[], from: number): readonly Step[] {
  const keys = new Set<string>();
  let at = from;
  for (; at < steps.length && at - from < BATCH; at++) {
    const key = steps[at]?.key ?? "";
    if (keys.has(key)) break;
    keys.add(key);
  }
  return steps.slice(from, at);
}

async function carry(
  machine: Machine,
  settings: Settings,
  steps: readonly Step[],
  { done, failed }: { readonly done: Step[]; readonly failed: Map<string, string> },
  { keeper }: TransferTools,
): Promise<void> {
  const ready: Ready[] = [];
  for (const step of steps) {
    try {
      ready.push(prepare(machine, settings, step, keeper));
    } catch (error) {
      if (!isOfOneFile(error)) throw error;
      failed.set(step.key, messageOf(error));
    }
  }
  // Nothing is replaced before its copy is on the disk.
  await keeper?.flush();
  await Promise.all(ready.map(({ out }) => out?.syncAside()));
  for (const { out } of ready) out?.close();
  for (const one of ready) {
    try {
      finish(machine, settings, one);
      done.push(one.step);
    } catch (error) {
      if (!isOfOneFile(error)) throw error;
      failed.set(one.step.key, messageOf(error));
    }
  }
  const folders = new Set(ready.flatMap(({ folders }) => folders));
  for (const folder of folders) machine.disk.syncDir(folder);
}

/** Whether an error is about one file, and the others can go on. */
function isOfOneFile(error: unknown): boolean {
  return error instanceof AppError &&
    ["state-changed", "refused", "unsafe-path", "failed"].includes(error.code) &&
    !/no space|disk reports|read-only|too many/.test(error.message);
}
