/** `sync`, and the provider part of `switch` and `repair`. */
import { type Plan, type Purpose, threadsOf } from "../../core/plan.ts";
import type { Warning } from "../../core/report.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { requireDeclared } from "../../codex/target.ts";
import { planRepairs, requireRepairable } from "../../engine/plans.ts";
import { selectThreads } from "../../engine/selection.ts";
import { encryptedWarning } from "../../repairs/encrypted.ts";
import { isForeign } from "../../repairs/provider.ts";
import { countEncrypted } from "../../repairs/provider.ts";
import type { Facts } from "../../repairs/repair.ts";
import type { Invocation, Outcome } from "../command.ts";
import { offerLine } from "../offer.ts";
import { selectOptions, targetOptions } from "../options.ts";
import { factsOf, scanHome } from "./session.ts";
import { proposal, propose } from "./write.ts";

/** Makes the history visible under the current or given provider. */
export function runSync(input: Invocation): Promise<Outcome> {
  return runRepairs(input, "sync", ["provider"]);
}

/** Runs repairs by name over the selected threads. */
export async function runRepairs(
  input: Invocation,
  purpose: Purpose,
  names: readonly string[],
): Promise<Outcome> {
  const { from, to } = targetOptions(input.flags);
  const snapshot = await scanHome(input);
  requireRepairable(snapshot);
  const facts = factsOf(input, snapshot, to);
  requireDeclared(snapshot, facts.target.id);
  const threads = selectThreads(snapshot, selectOptions(input.flags));
  const plan = planRepairs(purpose, facts, names, { threads, from });
  const more = { warnings: encryptedWarnings(facts, plan), leftover: foreignIn(plan, facts.target.id) };
  return propose(input, proposal(snapshot, plan, offerLine(input), more));
}

/** The honest count: only threads that this plan moves. */
export function encryptedWarnings({ snapshot, contents, target }: Facts, plan: Plan): Warning[] {
  const moved = threadsOf(plan.changes);
  const threads = [...snapshot.threads.values()].filter(({ id }) => moved.has(id));
  const counts = countEncrypted(threads, target.id, contents);
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  if (total === 0) return [];
  return [{ code: "encrypted-content-foreign", message: encryptedWarning(total, target.id) }];
}

/** Finds threads of a plan that still name another provider in one of their copies. Does not keep the plan. */
export function foreignIn(plan: Plan, target: string): (after: Snapshot) => string[] {
  const ids = threadsOf(plan.changes);
  return (after) => {
    const busy = new Set(after.codex.busyThreads);
    return [...ids].filter((id) => {
      const thread = after.threads.get(id);
      return thread !== undefined && !busy.has(id) && isForeign(thread, target);
    });
  };
}
