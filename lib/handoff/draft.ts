/** What a plan is put together in while the files are gone through, and the questions all of them ask. */
import type { Fingerprint } from "../core/snapshot.ts";
import type { BaseEntry, BaseSide, Conflict, Item, Side, Situation, Step, Tombstone } from "./model.ts";
import type { Settings } from "./settings.ts";

/** One key, with what is known of it. */
export interface Pair {
  readonly key: string;
  readonly local: Item | undefined;
  readonly cloud: Item | undefined;
  readonly base: BaseEntry | undefined;
  readonly tombstone: Tombstone | undefined;
}

/** A pair of which both files are there. */
export interface FullPair extends Pair {
  readonly local: Item;
  readonly cloud: Item;
}

/** What is planned of one key. */
export interface KeyPlan {
  readonly pair: Pair;
  readonly steps: Step[];
  readonly conflicts: Conflict[];
  readonly skipped: { readonly subject: string; readonly reason: string }[];
  /** Nothing is to be done, and the base does not say so yet. */
  isAgreed: boolean;
  /** The two differ also when all steps are done. */
  isOpen: boolean;
}

/** What every part of the planner goes by. */
export interface Context {
  readonly settings: Settings;
  readonly situation: Situation;
  /** Paths of files that take no part, and that no step may write over. */
  readonly occupied: Readonly<Record<Side, ReadonlySet<string>>>;
}

/** An empty plan of one key. */
export function emptyPlan(pair: Pair): KeyPlan {
  return { pair, steps: [], conflicts: [], skipped: [], isAgreed: false, isOpen: false };
}

/** The side across. */
export function across(side: Side): Side {
  return side === "local" ? "cloud" : "local";
}

/** Whether the direction lets this side be written. */
export function mayWrite({ settings }: Context, side: Side): boolean {
  const { direction } = settings.sync;
  return direction === "bidirectional" || direction === (side === "local" ? "to_local" : "to_cloud");
}

/** Whether two states of a file are the same as far as its stamp tells. */
export function sameStamp(a: Fingerprint, b: Fingerprint): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** Whether two times are the same within `sync.time_tolerance_seconds`. */
export function sameTime({ settings }: Context, a: Fingerprint, b: Fingerprint): boolean {
  return Math.abs(a.mtimeMs - b.mtimeMs) <= settings.sync.timeToleranceSeconds * 1000;
}

/** Whether a file has another stamp than in the base, or there is no base. */
export function isTouched({ base }: Pair, side: Side, item: Item): boolean {
  return base === undefined || !sameStamp(item.stamp, base[side].stamp);
}

/** Notes that the two files agree, if the base does not say exactly that; a tombstone they survived is settled too. */
export function agree(plan: KeyPlan, { local, cloud, tombstone }: FullPair): void {
  const { base } = plan.pair;
  const isKnown = base !== undefined && base.tombstone === tombstone?.at &&
    isAsKnown(local, base.local) && isAsKnown(cloud, base.cloud);
  plan.isAgreed = !isKnown;
}

function isAsKnown({ stamp, path }: Item, known: BaseSide): boolean {
  return sameStamp(stamp, known.stamp) && path === known.path;
}

/** Whether a file that takes no part lies at this path; if so, says that the file in hand stays as it is. */
export function isTaken({ occupied }: Context, plan: KeyPlan, side: Side, path: string): boolean {
  if (!occupied[side].has(path)) return false;
  const subject = (plan.pair.local ?? plan.pair.cloud)?.path ?? plan.pair.key;
  plan.skipped.push({ subject, reason: `its place "${path}" on the ${side} side is taken by another file` });
  plan.isOpen = true;
  return true;
}

/** Notes that something is not done because the direction forbids it. */
export function skipForDirection({ settings }: Context, plan: KeyPlan, what: string): void {
  const subject = (plan.pair.local ?? plan.pair.cloud)?.path ?? plan.pair.key;
  plan.skipped.push({ subject, reason: `${what}, and sync.direction is ${settings.sync.direction}` });
  plan.isOpen = true;
}

/** A conflict of this pair. */
export function conflictOf(pair: Pair, reason: Conflict["reason"], resolved: Side | undefined): Conflict {
  return {
    key: pair.key,
    path: (pair.local ?? pair.cloud)?.path ?? pair.key,
    reason,
    local: pair.local?.stamp,
    cloud: pair.cloud?.stamp,
    resolved,
  };
}
