/** Text of `diagnose`. */
import { quote } from "../text/terminal.ts";
import type { Finding } from "../core/finding.ts";
import type { DiagnoseReport } from "../core/report.ts";
import type { View } from "./command.ts";
import { groupDigits, indent, plural, wrap } from "./layout.ts";
import { providerTable } from "./render_counts.ts";
import { block, line, providerName, someOf } from "./render_parts.ts";
import { overviewText, verdictText } from "./render_status.ts";

const SEVERITIES = ["error", "warning", "info"] as const;

const HEADINGS = { error: "Errors", warning: "Warnings", info: "Good to know" } as const;

/** Findings by severity, each with at most `maxSamples` samples, and the repair for it. */
export function diagnoseText(report: DiagnoseReport, maxSamples: number, view: View): string[] {
  const { style } = view;
  const groups = SEVERITIES.flatMap((severity) => {
    const findings = report.findings.filter((finding) => finding.severity === severity);
    return block(
      HEADINGS[severity],
      findings.flatMap((finding) => findingText(finding, maxSamples, view)),
      view,
    );
  });
  const { id, inferred_from } = report.app_provider;
  return [
    ...overviewText(report, view),
    ...block("Threads by provider", providerTable(report, report.provider.id, style), view),
    "",
    `The app is using ${style.bold(providerName(id))}, going by ${line(inferred_from)}.`,
    ...(groups.length === 0 ? ["", "No findings."] : groups),
    "",
    ...verdictText(report, view),
  ];
}

/** One finding: code and count, what it means, evidence, and what helps. */
export function findingText(finding: Finding, maxSamples: number, view: View): string[] {
  const { code, severity, count, message, samples, repair, hint } = finding;
  const { style } = view;
  const mark = { error: style.red, warning: style.yellow, info: style.cyan }[severity];
  const help = [
    ...(repair === undefined ? [] : [`repair: ${style.cyan(`codexkeep repair ${quote(repair)}`)}`]),
    ...(hint === undefined ? [] : [`hint: ${quote(hint)}`]),
  ];
  const evidence = someOf(samples.map(line), view.verbose, maxSamples).map((sample) =>
    style.dim(`- ${sample}`)
  );
  return [
    `${mark(code)} ${style.dim(`(${groupDigits(count)})`)}`,
    ...indent([...wrap(quote(message), Math.max(40, view.width - 4)), ...evidence, ...help]),
  ];
}

/** The report with at most `maxSamples` samples for each finding; their number stays in `count`. */
export function cutSamples(report: DiagnoseReport, maxSamples: number): DiagnoseReport {
  const findings = report.findings.map((one) => ({ ...one, samples: one.samples.slice(0, maxSamples) }));
  return { ...report, findings };
}

/** `2 errors, 1 warning`, for `--quiet`; the verdict of the report where nothing is wrong. */
export function diagnoseVerdict({ findings, verdict }: DiagnoseReport): string {
  const count = (severity: Finding["severity"]) => findings.filter((one) => one.severity === severity).length;
  const parts = [
    ...(count("error") > 0 ? [plural(count("error"), "error")] : []),
    ...(count("warning") > 0 ? [plural(count("warning"), "warning")] : []),
  ];
  return parts.length === 0 ? verdict : `${parts.join(", ")}: ${verdict}`;
}
