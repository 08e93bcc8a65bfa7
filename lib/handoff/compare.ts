/** The plan of a hand-over: what each side has against what both had when this machine last looked. */
import type { Context, FullPair, KeyPlan, Pair } from "./draft.ts";
import { emptyPlan } from "./draft.ts";
import { planFile, planLog } from "./files.ts";
import { haltOf } from "./guards.ts";
import { keepAncestors } from "./lineage.ts";
import { planMissing } from "./missing.ts";
import type { HandoffPlan, Situation, Step } from "./model.ts";
import { planRollout } from "./rollouts.ts";
import { kindOf, selectPairs } from "./selection.ts";
import type { Settings } from "./settings.ts";

/**
 * What a hand-over would do; a plan with a `halt` has no steps. Looks into files only where their stamps do not tell,
 * and throws what the looks throw. Removals come last, the rest in the order of keys: a rollout before its forks.
 */
export function planHandoff(settings: Settings, situation: Situation): HandoffPlan {
  const { local, cloud } = situation;
  const occupied = { local: pathsOf(local.leftOut), cloud: pathsOf(cloud.leftOut) };
  const context: Context = { settings, situation, occupied };
  const { pairs, warnings } = selectPairs(context);
  const plans = [...keepAncestors(context, planKeys(context, pairs), pairs).values()];
  const halt = haltOf(context, pairs, plans);
  const steps = halt === undefined ? plans.flatMap((plan) => plan.steps) : [];
  const isRemoval = (step: Step) => step.do === "remove";
  const keysWhere = (test: (plan: KeyPlan) => boolean) => {
    return halt === undefined ? plans.filter(test).map(({ pair }) => pair.key) : [];
  };
  return {
    steps: [...steps.filter((step) => !isRemoval(step)), ...steps.filter(isRemoval)],
    conflicts: plans.flatMap(({ conflicts }) => conflicts),
    skipped: plans.flatMap(({ skipped }) => skipped),
    halt,
    agreed: keysWhere(({ isAgreed }) => isAgreed),
    partial: keysWhere(({ isOpen, steps }) => isOpen && steps.length > 0),
    warnings,
  };
}

function planKeys(context: Context, pairs: ReadonlyMap<string, Pair>): Map<string, KeyPlan> {
  return new Map([...pairs].map(([key, pair]) => [key, planKey(context, pair)]));
}

function planKey(context: Context, pair: Pair): KeyPlan {
  const { local, cloud } = pair;
  if (local === undefined) {
    return cloud === undefined ? emptyPlan(pair) : planMissing(context, pair, "cloud", cloud);
  }
  if (cloud === undefined) return planMissing(context, pair, "local", local);
  const full: FullPair = { ...pair, local, cloud };
  const kind = kindOf(pair);
  if (kind === "rollout") return planRollout(context, full);
  return kind === "file" ? planFile(context, full) : planLog(context, full, kind);
}

function pathsOf(files: readonly { readonly path: string }[]): ReadonlySet<string> {
  return new Set(files.map(({ path }) => path));
}
