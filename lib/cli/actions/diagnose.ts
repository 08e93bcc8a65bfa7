/** `diagnose`. */
import { EXIT_STATUS } from "../../core/error.ts";
import type { DiagnoseReport, FindingReport } from "../../core/report.ts";
import { appProvider } from "../../codex/target.ts";
import { appOf } from "../../engine/app_state.ts";
import { auditOf } from "../../engine/audit.ts";
import { listRecords } from "../../engine/records.ts";
import { statusReport } from "../../engine/reports.ts";
import { REPAIRS } from "../../repairs/mod.ts";
import type { Facts } from "../../repairs/repair.ts";
import type { Invocation, Outcome } from "../command.ts";
import { DEFAULT_SAMPLES } from "../commands/diagnose.ts";
import { cureOf } from "../cures.ts";
import { nextThere } from "../offer.ts";
import { makeOutcome } from "../outcome.ts";
import { cutSamples, diagnoseText, diagnoseVerdict } from "../render_findings.ts";
import { factsOf, lookStatus, lookWarnings, scanHome } from "./session.ts";

/** What a look at a home leaves alone. */
const SAFETY = "Nothing was written, nothing was sent anywhere, and auth.json was not opened.";

/** Runs every check. */
export async function runDiagnose(input: Invocation): Promise<Outcome> {
  const { command, flags, machine } = input;
  const snapshot = await scanHome(input);
  const facts = factsOf(input, snapshot, undefined);
  const app = appProvider(snapshot);
  const findings = findAll(facts);
  const status = statusReport(snapshot, listRecords(machine.disk, snapshot.home), facts.encrypted());
  const whole: DiagnoseReport = {
    ...status,
    next: nextAfter(findings, status.next),
    app_provider: { id: app.id, inferred_from: app.source },
    findings,
    audit: auditOf(snapshot),
    app: appOf(facts, findings),
    safety: SAFETY,
  };
  const samples = flags.integer("max-samples") ?? DEFAULT_SAMPLES;
  const report = cutSamples(whole, samples);
  const todo = flags.has("check") && findings.some(({ severity }) => severity !== "info");
  return makeOutcome({
    command: command.name,
    result: report,
    exitCode: lookStatus(snapshot) || (todo ? EXIT_STATUS.todo : 0),
    warnings: lookWarnings(snapshot),
    text: (view) => diagnoseText(nextThere(input, whole), samples, view),
    verdict: diagnoseVerdict(report),
  });
}

/** While these are there, every other cure is refused. */
const BLOCKING: ReadonlySet<string> = new Set([
  "config-invalid",
  "database-missing",
  "database-unreadable",
  "database-malformed",
  "database-schema",
]);

/**
 * The command to run next, knowing more than `status` does: the only cure, or all that need no choice at once. What
 * stands in the way of every other command comes first, as it does there.
 */
function nextAfter(findings: readonly FindingReport[], known: string | null): string | null {
  if (known === "codexkeep recover") return known;
  const blocking = findings.find(({ code, severity }) => severity === "error" && BLOCKING.has(code));
  if (blocking !== undefined) return blocking.cure;
  const safe = new Set(REPAIRS.filter((repair) => repair.safe).map(({ name }) => name));
  const curable = findings.filter(({ severity, cure }) => severity !== "info" && cure !== null);
  const unasked = new Set(curable.map(({ repair }) => repair ?? "").filter((name) => safe.has(name)));
  if (unasked.size > 1) return "codexkeep repair all";
  const [only] = unasked;
  if (only !== undefined) return only === "provider" ? "codexkeep sync" : `codexkeep repair ${only}`;
  return curable[0]?.cure ?? (known === "codexkeep diagnose" ? null : known);
}

/** What every check has to say, in the order of the registry. */
export function findAll(facts: Facts): readonly FindingReport[] {
  return REPAIRS.flatMap((repair) => repair.find(facts)).map((one) => ({
    ...one,
    cure: cureOf(one.code, one),
  }));
}
