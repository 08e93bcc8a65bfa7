/**
 * What is to be done about a rollout that is on both sides: its place goes by what changed since the base, its content
 * by how the two logs stand, because a log only grows: the one that has more is the newer one, whatever the clocks say.
 */
import { baseName, type RelPath } from "../core/path.ts";
import {
  across,
  agree,
  conflictOf,
  type Context,
  emptyPlan,
  type FullPair,
  isTaken,
  isTouched,
  type KeyPlan,
  mayWrite,
  skipForDirection,
} from "./draft.ts";
import type { Relation, Side, Step } from "./model.ts";
import { beside, copyOver, settle, verdictOf } from "./settle.ts";

/** Plans a rollout that is on both sides. */
export function planRollout(context: Context, pair: FullPair): KeyPlan {
  const plan = emptyPlan(pair);
  const touched = {
    local: isTouched(pair, "local", pair.local),
    cloud: isTouched(pair, "cloud", pair.cloud),
  };
  const relation = touched.local || touched.cloud
    ? context.situation.looks.relation(pair.local, pair.cloud)
    : undefined;
  const placed = planPlace(context, plan, pair);
  if (relation === undefined || relation.kind === "same") {
    if (plan.steps.length === 0 && plan.skipped.length === 0) agree(plan, pair);
    return plan;
  }
  if (relation.kind === "diverged") planDiverged(context, plan, placed, touched);
  else planAhead(context, plan, placed, relation.kind === "local-ahead" ? "local" : "cloud", relation);
  return plan;
}

/** Plans the place of the file; gives the pair as it is after that. */
function planPlace(context: Context, plan: KeyPlan, pair: FullPair): FullPair {
  if (pair.local.archived === pair.cloud.archived) return pair;
  const lead = leadOf(pair);
  const on = across(lead ?? (pair.local.archived ? "cloud" : "local"));
  const leader = pair[across(on)];
  const item = pair[on];
  const path = beside(leader.path, baseName(item.path));
  if (!mayWrite(context, on)) {
    skipForDirection(context, plan, leader.archived ? "it was archived" : "it was taken out of the archive");
    return pair;
  }
  if (isTaken(context, plan, on, path)) return pair;
  if (lead === undefined) plan.conflicts.push(conflictOf(pair, "moved-differently", across(on)));
  plan.steps.push({ do: "move", on, key: pair.key, from: item.path, path, stamp: item.stamp });
  return { ...pair, [on]: { ...item, path, archived: leader.archived } };
}

/** The side whose place counts: the only one that changed it; undefined when the base does not tell. */
function leadOf({ local, cloud, base }: FullPair): Side | undefined {
  if (base === undefined) return undefined;
  const localMoved = local.archived !== base.local.archived;
  const cloudMoved = cloud.archived !== base.cloud.archived;
  if (localMoved === cloudMoved) return undefined;
  return localMoved ? "local" : "cloud";
}

function planDiverged(
  context: Context,
  plan: KeyPlan,
  pair: FullPair,
  touched: Readonly<Record<Side, boolean>>,
): void {
  const { base, key } = pair;
  const reason = base === undefined ? "both-new" : "diverged";
  const isOneSided = base !== undefined && touched.local !== touched.cloud;
  // A rewritten log is no conflict when the other side stood still; that version is kept all the same.
  const verdict = isOneSided && !context.situation.decisions?.has(key)
    ? touched.local ? "local" : "cloud"
    : verdictOf(context, pair);
  settle(context, plan, pair, reason, verdict);
}

function planAhead(context: Context, plan: KeyPlan, pair: FullPair, ahead: Side, relation: Relation): void {
  const to = across(ahead);
  if (!mayWrite(context, to)) {
    skipForDirection(context, plan, `the ${ahead} one goes on where the other ends`);
    return;
  }
  const { common, appendable } = relation;
  const step = appendable && common[to] > 0 ? extend(pair, to, relation) : copyOver(pair, to, "newer");
  if (!isTaken(context, plan, to, step.path)) plan.steps.push(step);
}

function extend(pair: FullPair, to: Side, { common }: Relation): Step {
  const from = pair[across(to)];
  return {
    do: "extend",
    to,
    key: pair.key,
    from: from.path,
    path: pair[to].path.replace(/\.zst$/, "") as RelPath,
    over: pair[to],
    source: from.stamp,
    keep: common[to],
    skip: common[across(to)],
  };
}
