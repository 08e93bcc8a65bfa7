/** `sync`, and what `repair` and `switch` share with it. */
import { type Plan, providerCells, type Purpose } from "../../core/plan.ts";
import type { Warning } from "../../core/report.ts";
import { requireDeclared } from "../../codex/target.ts";
import { notNeededBy, repairsNamed, requireRepairable } from "../../engine/plans.ts";
import { encryptedWarning } from "../../repairs/encrypted.ts";
import { countEncrypted } from "../../repairs/provider.ts";
import type { Facts } from "../../repairs/repair.ts";
import type { Invocation, Outcome } from "../command.ts";
import { offerLine } from "../offer.ts";
import { planRequest, readRequest, type Request } from "../request.ts";
import { afterwards } from "./afterwards.ts";
import { choiceNotes } from "./choice_notes.ts";
import { factsOf, scanHome } from "./session.ts";
import { repairNotes } from "./repair_notes.ts";
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
  const request = readRequest(input.flags, purpose, names);
  const snapshot = await scanHome(input);
  requireRepairable(snapshot, notNeededBy(names));
  const facts = factsOf(input, snapshot, request.target);
  if (repairsNamed(names).some(({ name }) => name === "provider")) requireDeclared(snapshot, facts.target.id);
  const plan = planRequest(facts, request);
  const more = {
    warnings: [
      ...choiceNotes(request, facts),
      ...onlyWarnings(request, plan),
      ...encryptedWarnings(facts, plan),
      ...repairNotes(plan),
    ],
    judged: afterwards(input, request, plan, facts),
  };
  return propose(input, proposal(snapshot, plan, offerLine(input), more));
}

/** The honest count: only threads that this plan gives to another provider. */
export function encryptedWarnings({ snapshot, contents, target }: Facts, plan: Plan): Warning[] {
  const moved = providerCells(plan.changes);
  const threads = [...snapshot.threads.values()].filter(({ id }) => moved.has(id));
  const counts = countEncrypted(threads, target.id, contents);
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  if (total === 0) return [];
  return [{ code: "encrypted-content-foreign", message: encryptedWarning(total, target.id) }];
}

const ONLY_MESSAGES = {
  database:
    "with only the database changed, Codex takes the old provider from the files again: the next list that " +
    "looks at the files, or a rebuild of the database, undoes this",
  rollouts:
    "with only the files changed, Codex resumes threads with the provider in the database, and refuses legacy " +
    "threads until both agree",
} as const;

/** What Codex makes of copies that disagree (seen in Codex 0.169). */
function onlyWarnings({ only }: Request, plan: Plan): Warning[] {
  if (only === undefined || plan.changes.length === 0) return [];
  return [{ code: "copies-disagree", message: ONLY_MESSAGES[only], hint: "codexkeep sync changes both" }];
}
