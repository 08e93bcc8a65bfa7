/** What is to be done about a file that is no rollout and that is on both sides. */
import {
  across,
  agree,
  type Context,
  emptyPlan,
  type FullPair,
  isTouched,
  type KeyPlan,
  mayWrite,
  sameStamp,
  sameTime,
  skipForDirection,
} from "./draft.ts";
import type { Item, Side } from "./model.ts";
import { copyOver, equalTimeVerdict, newerOf, settle, verdictOf } from "./settle.ts";

const NO_CHANGES: Readonly<Record<Side, boolean>> = { local: false, cloud: false };

/** Plans a file by `sync.compare`, `sync.time_tolerance_seconds`, `sync.equal_mtime_action` and `conflict.policy`. */
export function planFile(context: Context, pair: FullPair): KeyPlan {
  const plan = emptyPlan(pair);
  const { local, cloud, base } = pair;
  const isUntouched = !isTouched(pair, "local", local) && !isTouched(pair, "cloud", cloud);
  if (isUntouched || isSame(context, pair)) {
    agree(plan, pair);
    return plan;
  }
  const changed = { local: isChanged(context, pair, "local"), cloud: isChanged(context, pair, "cloud") };
  if (base !== undefined && !changed.local && !changed.cloud) {
    agree(plan, pair);
    return plan;
  }
  if (base !== undefined && changed.local !== changed.cloud) {
    planNewer(context, plan, pair, changed.local ? "local" : "cloud");
  } else if (base !== undefined) {
    settle(context, plan, pair, "diverged", verdictOf(context, pair));
  } else if (sameTime(context, local.stamp, cloud.stamp)) {
    settle(context, plan, pair, "equal-time", equalTimeVerdict(context, pair.key));
  } else {
    const decided = context.situation.decisions?.get(pair.key);
    settle(context, plan, pair, "both-new", decided ?? newerOf(local, cloud));
  }
  return plan;
}

/** Plans `session_index.jsonl` or `history.jsonl`. */
export function planLog(context: Context, pair: FullPair, kind: "index" | "history"): KeyPlan {
  const plan = emptyPlan(pair);
  const { local, cloud, key } = pair;
  const isUntouched = !isTouched(pair, "local", local) && !isTouched(pair, "cloud", cloud);
  const changes = isUntouched ? NO_CHANGES : context.situation.looks.union(local, cloud);
  if (!changes.local && !changes.cloud) {
    agree(plan, pair);
    return plan;
  }
  const may = { local: mayWrite(context, "local"), cloud: mayWrite(context, "cloud") };
  if ((changes.local && may.local) || (changes.cloud && may.cloud)) {
    const on = may.local && may.cloud ? "both" : may.local ? "local" : "cloud";
    const stamps = { local: local.stamp, cloud: cloud.stamp };
    plan.steps.push({ do: "unite", on, key, kind, path: local.path, ...stamps });
  }
  for (const side of ["local", "cloud"] as const) {
    if (changes[side] && !may[side]) {
      skipForDirection(context, plan, `the ${across(side)} one has more lines`);
    }
  }
  return plan;
}

/** Whether the two are the same by `sync.compare`, or by their bytes where they would be a conflict otherwise. */
function isSame(context: Context, { local, cloud }: FullPair): boolean {
  if (local.stamp.size !== cloud.stamp.size) return false;
  const byStamp = context.settings.sync.compare === "mtime" && sameTime(context, local.stamp, cloud.stamp);
  return byStamp || context.situation.looks.sameBytes(local, cloud);
}

/** Whether a file has changed since the base; within the tolerance its content decides where the settings say so. */
function isChanged(context: Context, pair: FullPair, side: Side): boolean {
  const item: Item = pair[side];
  const known = pair.base?.[side];
  if (known === undefined) return true;
  if (sameStamp(item.stamp, known.stamp)) return false;
  if (item.stamp.size !== known.stamp.size || !sameTime(context, item.stamp, known.stamp)) return true;
  return context.settings.sync.compare === "mtime_hash_fallback" &&
    context.situation.looks.sha256(side, item) !== known.sha256;
}

function planNewer(context: Context, plan: KeyPlan, pair: FullPair, newer: Side): void {
  const to = across(newer);
  if (mayWrite(context, to)) plan.steps.push(copyOver(pair, to, "newer"));
  else skipForDirection(context, plan, `the ${newer} one is newer`);
}
