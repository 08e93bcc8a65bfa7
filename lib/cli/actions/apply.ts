/** `apply`: carries out a plan that was saved before. */
import { toAbsPath } from "../../core/path.ts";
import { loadPlan } from "../../engine/plan_file.ts";
import { requireCurrent } from "../../engine/plan_check.ts";
import { notNeededFor, requireRepairable } from "../../engine/plans.ts";
import type { Invocation, Outcome } from "../command.ts";
import { offerLine } from "../offer.ts";
import { scanHome } from "./session.ts";
import { proposal, propose, requireHome } from "./write.ts";

/** Checks a saved plan against its digest and the present, and carries it out. */
export async function runApply(input: Invocation): Promise<Outcome> {
  const file = input.args[0] ?? "";
  const plan = loadPlan(input.machine.disk, toAbsPath(file, input.machine.cwd()));
  const snapshot = await scanHome(input);
  requireHome(plan, snapshot);
  requireRepairable(snapshot, notNeededFor(plan));
  requireCurrent(input.machine.disk, plan, snapshot);
  return propose(input, proposal(snapshot, plan, offerLine(input)));
}
