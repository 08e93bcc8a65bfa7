/** Text of findings: what is wrong, with evidence and the command that helps. */
import { quote } from "../text/terminal.ts";
import type { Finding } from "../core/finding.ts";
import type { DiagnoseReport, FindingReport } from "../core/report.ts";
import type { View } from "./command.ts";
import { hintOf } from "./cures.ts";
import { groupDigits, indent, plural, wrap } from "./layout.ts";
import { numbersText } from "./render_audit.ts";
import { block, line } from "./render_parts.ts";
import { placeText, verdictText } from "./render_status.ts";

const SEVERITIES = ["error", "warning", "info"] as const;

const HEADINGS = { error: "Errors", warning: "Warnings", info: "Good to know" } as const;

/** Findings by severity, each with at most `maxSamples` samples and its cure; then the numbers behind them. */
export function diagnoseText(report: DiagnoseReport, maxSamples: number, view: View): string[] {
  const groups = findingGroups(report.findings, maxSamples, view);
  return [
    ...placeText(report, view),
    ...(groups.length === 0 ? ["", "No findings."] : groups),
    ...numbersText(report, maxSamples, view),
    "",
    ...verdictText({ verdict: diagnoseVerdict(report), next: report.next }, view),
    ...wrap(quote(report.safety), view.width).map(view.style.dim),
  ];
}

/** Findings under a heading for each severity, the worst first; nothing when there are none. */
export function findingGroups(
  findings: readonly FindingReport[],
  maxSamples: number,
  view: View,
): string[] {
  return SEVERITIES.flatMap((severity) => {
    const some = findings.filter((finding) => finding.severity === severity);
    return block(HEADINGS[severity], some.flatMap((finding) => findingText(finding, maxSamples, view)), view);
  });
}

/** One finding: code and count, what it means, evidence, and what helps. */
export function findingText(finding: FindingReport, maxSamples: number, view: View): string[] {
  const { code, severity, count, message, samples, cure } = finding;
  const told = hintOf(finding);
  // A hint that holds the cure would say it twice.
  const hint = cure !== null && told?.includes(cure) ? null : told;
  const { style } = view;
  const mark = { error: style.red, warning: style.yellow, info: style.cyan }[severity];
  const room = Math.max(40, view.width - 4);
  const help = [
    ...(cure === null ? [] : [`cure: ${style.cyan(quote(cure))}`]),
    ...(hint === null ? [] : wrap(`hint: ${quote(hint)}`, room)),
  ];
  return [
    `${mark(code)} ${style.dim(`(${groupDigits(count)})`)}`,
    ...indent([...wrap(quote(message), room), ...evidenceLines(samples, maxSamples, view), ...help]),
  ];
}

/** Samples as dim entries, the first `maxSamples` of them unless everything is asked for. */
export function evidenceLines(samples: readonly string[], maxSamples: number, view: View): string[] {
  const { style, verbose, width } = view;
  const shown = verbose ? samples : samples.slice(0, maxSamples);
  const rest = samples.length - shown.length;
  const lines = shown.flatMap((sample) => {
    const [first = "", ...more] = breakLine(line(sample), Math.max(40, width - 6));
    return [`- ${first}`, ...indent(more)];
  });
  return [...lines, ...(rest === 0 ? [] : [`… and ${groupDigits(rest)} more`])].map(style.dim);
}

/** In lines, unless that would lose spaces that belong to a path. */
function breakLine(text: string, width: number): string[] {
  return text.includes("  ") ? [text] : wrap(text, width);
}

/** The report with at most `maxSamples` samples for each finding and class; their number stays in `count`. */
export function cutSamples(report: DiagnoseReport, maxSamples: number): DiagnoseReport {
  const cut = <T extends { readonly samples: readonly string[] }>(one: T): T => ({
    ...one,
    samples: one.samples.slice(0, maxSamples),
  });
  const { disk_not_in_db, db_not_on_disk, missing_rollout_path, duplicate_rollout_ids } =
    report.audit.integrity;
  return {
    ...report,
    findings: report.findings.map(cut),
    audit: {
      ...report.audit,
      integrity: {
        disk_not_in_db: cut(disk_not_in_db),
        db_not_on_disk: cut(db_not_on_disk),
        missing_rollout_path: cut(missing_rollout_path),
        duplicate_rollout_ids: cut(duplicate_rollout_ids),
      },
    },
  };
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
