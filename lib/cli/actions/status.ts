/** `status`. */
import { listRecords } from "../../engine/records.ts";
import { statusReport } from "../../engine/reports.ts";
import type { Invocation, Outcome } from "../command.ts";
import { nextThere } from "../offer.ts";
import { makeOutcome } from "../outcome.ts";
import { statusText } from "../render_status.ts";
import { factsOf, lookStatus, lookWarnings, scanHome } from "./session.ts";

/** Shows the home, what is in it and what to do next. */
export async function runStatus(input: Invocation): Promise<Outcome> {
  const snapshot = await scanHome(input);
  const facts = factsOf(input, snapshot, undefined);
  const report = statusReport(snapshot, listRecords(input.machine.disk, snapshot.home), facts.encrypted());
  return makeOutcome({
    command: input.command.name,
    result: report,
    exitCode: lookStatus(snapshot),
    warnings: lookWarnings(snapshot),
    text: (view) => statusText(nextThere(input, report), view),
    verdict: report.verdict,
  });
}
