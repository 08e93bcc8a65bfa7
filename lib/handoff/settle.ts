/** Settles two versions that do not fit together, as the settings say; the one that loses is kept beside the other. */
import { baseName, type RelPath } from "../core/path.ts";
import {
  across,
  conflictOf,
  type Context,
  type FullPair,
  isTaken,
  type KeyPlan,
  mayWrite,
  sameTime,
  skipForDirection,
} from "./draft.ts";
import type { Conflict, Item, Side, Step } from "./model.ts";

/** What the settings say of two versions: a winner, nothing to be done, or that a person must decide. */
export type Verdict = Side | "skip" | "ask";

/** `conflict.policy`; files of the same time go by `sync.equal_mtime_action` where the time would decide. */
export function verdictOf(context: Context, { key, local, cloud }: FullPair): Verdict {
  const decided = context.situation.decisions?.get(key);
  if (decided !== undefined) return decided;
  switch (context.settings.conflict.policy) {
    case "manual_abort":
      return "ask";
    case "prefer_local":
      return "local";
    case "prefer_cloud":
      return "cloud";
    case "prefer_newer_mtime":
      return sameTime(context, local.stamp, cloud.stamp)
        ? equalTimeVerdict(context, key)
        : newerOf(local, cloud);
  }
}

/** `sync.equal_mtime_action`. */
export function equalTimeVerdict({ settings, situation }: Context, key: string): Verdict {
  const decided = situation.decisions?.get(key);
  if (decided !== undefined) return decided;
  switch (settings.sync.equalMtimeAction) {
    case "skip":
      return "skip";
    case "prefer_local":
      return "local";
    case "prefer_cloud":
      return "cloud";
    case "manual_abort":
      return "ask";
  }
}

/** The side with the younger file; local for two of the same time. */
export function newerOf(local: Item, cloud: Item): Side {
  return cloud.stamp.mtimeMs > local.stamp.mtimeMs ? "cloud" : "local";
}

/** Carries a verdict over two versions into the plan. */
export function settle(
  context: Context,
  plan: KeyPlan,
  pair: FullPair,
  reason: Conflict["reason"],
  verdict: Verdict,
): void {
  if (verdict === "skip") {
    plan.skipped.push({ subject: pair.local.path, reason: "both sides changed at the same time" });
    plan.isOpen = true;
    return;
  }
  if (verdict === "ask") {
    plan.conflicts.push(conflictOf(pair, reason, undefined));
    return;
  }
  const loser = across(verdict);
  if (!mayWrite(context, loser)) {
    skipForDirection(context, plan, `both sides changed, the ${verdict} one counts`);
    return;
  }
  const step = copyOver(pair, loser, "policy");
  if (isTaken(context, plan, loser, step.path)) return;
  plan.conflicts.push(conflictOf(pair, reason, verdict));
  const { path, stamp } = pair[loser];
  plan.steps.push({ do: "keep-loser", of: loser, key: pair.key, path, stamp });
  plan.steps.push(step);
}

/** The step that puts the other side's file in place of the one on `to`, in the folder where that one lies. */
export function copyOver(pair: FullPair, to: Side, reason: "newer" | "policy"): Step {
  const from = pair[across(to)];
  const over = pair[to];
  return {
    do: "copy",
    to,
    key: pair.key,
    kind: from.kind,
    from: from.path,
    path: beside(over.path, baseName(from.path)),
    over,
    source: from.stamp,
    reason,
  };
}

/** The path of `name` in the folder of `path`. */
export function beside(path: RelPath, name: string): RelPath {
  return path.slice(0, path.lastIndexOf("/") + 1) + name as RelPath;
}
