/** `diagnose`. */
import { EXIT_STATUS } from "../../core/error.ts";
import type { DiagnoseReport } from "../../core/report.ts";
import { appProvider } from "../../codex/target.ts";
import { listRecords } from "../../engine/records.ts";
import { statusReport } from "../../engine/reports.ts";
import { REPAIRS } from "../../repairs/mod.ts";
import type { Invocation, Outcome } from "../command.ts";
import { makeOutcome } from "../outcome.ts";
import { cutSamples, diagnoseText, diagnoseVerdict } from "../render_findings.ts";
import { factsOf, lookStatus, lookWarnings, scanHome } from "./session.ts";

/** Samples shown per finding unless told otherwise. */
const DEFAULT_SAMPLES = 10;

/** Runs every check. */
export async function runDiagnose(input: Invocation): Promise<Outcome> {
  const { command, flags, machine } = input;
  const snapshot = await scanHome(input);
  const facts = factsOf(input, snapshot, undefined);
  const app = appProvider(snapshot);
  const whole: DiagnoseReport = {
    ...statusReport(snapshot, listRecords(machine.disk, snapshot.home), facts.encrypted()),
    app_provider: { id: app.id, inferred_from: app.source },
    findings: REPAIRS.flatMap((repair) => repair.find(facts)),
  };
  const samples = flags.integer("max-samples") ?? DEFAULT_SAMPLES;
  const report = cutSamples(whole, samples);
  const todo = flags.has("check") && whole.findings.some(({ severity }) => severity !== "info");
  return makeOutcome({
    command: command.name,
    result: report,
    exitCode: lookStatus(snapshot) || (todo ? EXIT_STATUS.todo : 0),
    warnings: lookWarnings(snapshot),
    text: (view) => diagnoseText(report, samples, view),
    verdict: diagnoseVerdict(report),
  });
}
