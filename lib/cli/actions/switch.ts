/** `switch`. */
import type { Change } from "../../core/plan.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import type { Warning } from "../../core/report.ts";
import { requireDeclared } from "../../codex/target.ts";
import { assemble, requireRepairable } from "../../engine/plans.ts";
import { planConfig } from "../../engine/switch.ts";
import type { Invocation, Outcome } from "../command.ts";
import { offerLine } from "../offer.ts";
import { planRequest, wholeRequest } from "../request.ts";
import { afterwards } from "./afterwards.ts";
import { factsOf, scanHome } from "./session.ts";
import { encryptedWarnings } from "./sync.ts";
import { proposal, propose } from "./write.ts";

/** Makes another provider the one in use, and brings the history along, as one plan. */
export async function runSwitch(input: Invocation): Promise<Outcome> {
  const { flags, machine } = input;
  const provider = input.args[0] ?? "";
  const snapshot = await scanHome(input);
  requireRepairable(snapshot);
  requireDeclared(snapshot, provider);
  const { model, warnings } = modelFor(input, snapshot, provider);
  const config = planConfig(machine.disk, snapshot.home, provider, model);
  const first: Change[] = config === undefined ? [] : [config];
  const facts = factsOf(input, snapshot, provider);
  const request = wholeRequest("switch", flags.has("no-sync") ? [] : ["provider"], provider);
  const history = planRequest(facts, request);
  const plan = assemble("switch", snapshot, [history], first);
  const more = {
    warnings: [...warnings, ...encryptedWarnings(facts, plan)],
    judged: afterwards(input, request, plan, facts),
  };
  return propose(input, proposal(snapshot, plan, offerLine(input), more));
}

interface ModelChoice {
  readonly model: string | undefined;
  readonly warnings: readonly Warning[];
}

/** The root model to set: the one named, else the one in the provider's table, else none. */
function modelFor({ flags }: Invocation, { config }: Snapshot, provider: string): ModelChoice {
  const named = flags.text("model");
  if (named !== undefined) return { model: named, warnings: [] };
  if (flags.has("keep-model")) return { model: undefined, warnings: [] };
  const model = config.declared.get(provider)?.model;
  if (model !== undefined || config.rootModel === undefined) return { model, warnings: [] };
  const message = `provider ${JSON.stringify(provider)} names no model; the model stays ${
    JSON.stringify(config.rootModel)
  }`;
  return {
    model: undefined,
    warnings: [{ code: "model-unchanged", message, hint: "set it with --model NAME" }],
  };
}
