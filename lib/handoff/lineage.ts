/** Which rollouts continue which: a fork or a segment is of no use without the files it was made from. */
import { fileIdOf } from "../codex/places.ts";
import { parseRolloutName } from "../codex/rollout_name.ts";
import { carry } from "./missing.ts";
import { across, type Context, emptyPlan, type KeyPlan, type Pair } from "./draft.ts";
import type { Looks } from "./model.ts";

/** The id by which other files name this rollout as their base; undefined for a name without one. */
export function fileIdOfKey(key: string): string | undefined {
  const name = parseRolloutName(key);
  return name?.id === undefined ? undefined : fileIdOf({ id: name.id, segment: name.segment });
}

/** The id of the file that this rollout continues. */
export function parentOf(looks: Looks, { local, cloud }: Pair): string | undefined {
  if (local !== undefined) return looks.basedOn("local", local);
  return cloud && looks.basedOn("cloud", cloud);
}

/** `chosen` and all the rollouts they were made from, as far as they are among `all`. */
export function withAncestors(
  looks: Looks,
  chosen: ReadonlySet<string>,
  all: ReadonlyMap<string, Pair>,
): Set<string> {
  const keys = new Map([...all.keys()].flatMap((key) => {
    const id = fileIdOfKey(key);
    return id === undefined ? [] : [[id, key] as const];
  }));
  const found = new Set(chosen);
  // a set that grows while it is gone through: what is added is visited too
  for (const key of found) {
    const pair = all.get(key);
    const parent = pair && parentOf(looks, pair);
    const parentKey = parent === undefined ? undefined : keys.get(parent);
    if (parentKey !== undefined) found.add(parentKey);
  }
  return found;
}

/** Turns the removal of a rollout that one which stays was made from into its return. */
export function keepAncestors(
  context: Context,
  plans: ReadonlyMap<string, KeyPlan>,
  all: ReadonlyMap<string, Pair>,
): ReadonlyMap<string, KeyPlan> {
  const removals = new Set(
    [...plans].filter(([, plan]) => removalOf(plan) !== undefined).map(([key]) => key),
  );
  if (![...removals].some((key) => fileIdOfKey(key) !== undefined)) return plans;
  const staying = new Set(
    [...all.keys()].filter((key) => !removals.has(key) && fileIdOfKey(key) !== undefined),
  );
  const needed = withAncestors(context.situation.looks, staying, all);
  return new Map([...plans].map(([key, plan]) => {
    return removals.has(key) && needed.has(key) ? [key, returned(context, plan)] : [key, plan];
  }));
}

function removalOf({ steps }: KeyPlan) {
  return steps.find((step) => step.do === "remove");
}

function returned(context: Context, plan: KeyPlan): KeyPlan {
  const on = removalOf(plan)?.on ?? "local";
  const item = plan.pair[on];
  if (item === undefined) return plan;
  const kept = emptyPlan(plan.pair);
  carry(context, kept, on, item, "brought-back");
  const subject = item.path;
  kept.skipped.push({
    subject,
    reason: `it was removed on the ${across(on)} side, but another thread goes on from it`,
  });
  return kept;
}
