/** Text of every command that changes the home: the plan, and what came of it. */
import { quote } from "../text/terminal.ts";
import type { Skip } from "../core/plan.ts";
import type { PlanReport, WriteReport } from "../core/report.ts";
import type { View } from "./command.ts";
import { plural } from "./layout.ts";
import { changeTable, findingsTable, totalsTable } from "./render_counts.ts";
import { block, facts, kindLines, line, moveLines, name, SHOWN_ENTRIES, someOf } from "./render_parts.ts";

/** What the report does not say and the reader wants to know. */
export interface WriteContext {
  /** The plan was printed before, above the question. */
  readonly planShown: boolean;
  /** The command line that carries the plan out; null when there is none to offer. */
  readonly applyWith: string | null;
  /** False for what cannot be taken back, as when records are removed. */
  readonly restorable: boolean;
  /** The command line that takes the run back; without flags for the home unless given. */
  readonly restoreWith?: string;
  /** What the run left out although it was planned; named below a plan that was shown before. */
  readonly leftOut?: readonly Skip[];
}

/** A plan and, where it was carried out, what came of it and how to take it back. */
export function writeText(report: WriteReport, context: WriteContext, view: View): string[] {
  const { plan, applied } = report;
  const planLines = context.planShown ? [] : planText(plan, context.restorable, view);
  if (applied) return join(planLines, appliedText(report, context, view));
  if (plan.changes === 0) {
    // Shown before and yet empty: every thread had to be left out when it came to it.
    return context.planShown ? ["Nothing was changed.", ...skippedText(plan.skipped, view)] : planLines;
  }
  const offer = context.applyWith === null
    ? []
    : [`carry it out: ${view.style.cyan(quote(context.applyWith))}`];
  return join(planLines, ["Nothing was changed.", ...offer]);
}

/** What a plan would do: moves, files and rows by kind, what is left alone and why. */
export function planText(plan: PlanReport, restorable: boolean, view: View): string[] {
  const { style, verbose } = view;
  if (plan.changes === 0) return [style.green("Nothing to do."), ...skippedText(plan.skipped, view)];
  const record = restorable
    ? ["will be written first: backup and undo in one"]
    : [style.yellow("none: what is removed cannot be taken back")];
  return [
    style.bold("Plan"),
    ...facts([
      ...(plan.moves.length === 0 ? [] : [["  Move", moveLines(plan.moves).map(style.bold)] as const]),
      ["  Change", kindLines(plan.by_kind)],
      ...(plan.threads === 0 ? [] : [["  Threads", plural(plan.threads, "thread")] as const]),
      ...(plan.files.length === 0 ? [] : [["  Files", someOf(plan.files.map(line), verbose, 3)] as const]),
      ["  Record", record],
      ...(verbose ? [["  Digest", name(plan.digest)] as const] : []),
    ], style),
    ...skippedText(plan.skipped, view),
  ];
}

/** What is left alone and why: the first few, and how many more. */
export function skippedText(skipped: readonly Skip[], view: View): string[] {
  const entries = skipped.map(({ subject, reason }) => `${line(subject)}: ${line(reason)}`);
  const title = `Left alone: ${plural(skipped.length, "item")}`;
  return block(title, someOf(entries, view.verbose, SHOWN_ENTRIES), view);
}

/** The last line, also for `--quiet`. */
export function writeVerdict({ plan, applied, record, verified }: WriteReport): string {
  const skipped = plan.skipped.length === 0 ? "" : `, ${plural(plan.skipped.length, "item")} left alone`;
  if (plan.changes === 0) return `Nothing to do${skipped}.`;
  if (!applied) return `${plural(plan.changes, "change")} planned${skipped}; nothing was changed.`;
  const checked = verified === true
    ? "made and verified"
    : verified === false
    ? "made, NOT verified"
    : "made";
  const id = record === null ? "" : `; record ${name(record)}`;
  return `${plural(plan.changes, "change")} ${checked}${skipped}${id}.`;
}

function appliedText(
  report: WriteReport,
  { restorable, restoreWith, planShown, leftOut }: WriteContext,
  view: View,
): string[] {
  const { record, verified, pruned } = report;
  const { style } = view;
  return [
    style.bold(style.green(writeVerdict(report))),
    ...(verified === true ? ["Everything that was touched was read again and is as planned."] : []),
    ...(verified === false ? [style.red("Reading it again did not give what was planned.")] : []),
    ...(planShown ? skippedText(leftOut ?? [], view) : []),
    ...deltaText(report, view),
    ...(pruned.length === 0
      ? []
      : ["", `Removed ${plural(pruned.length, "old record")}: ${pruned.map(name).join(", ")}`]),
    ...(record === null || !restorable ? [] : [
      "",
      `take it back: ${
        style.cyan(
          restoreWith === undefined ? `codexkeep restore ${name(record)} --apply` : quote(restoreWith),
        )
      }`,
    ]),
  ];
}

/** What the run changed, in numbers. */
function deltaText({ before, after, findings_before, findings_after }: WriteReport, view: View): string[] {
  const { style } = view;
  const found = findings_before && findings_after
    ? findingsTable(findings_before, findings_after, style)
    : [];
  if (before === null || after === null) return block("Findings, before → after", found, view);
  return [
    ...block("Findings, before → after", found, view),
    ...block("Threads by provider, before → after", changeTable(before, after, style), view),
    ...block("Changed in number, before → after", totalsTable(before, after, style), view),
  ];
}

function join(first: readonly string[], second: readonly string[]): string[] {
  return first.length === 0 || second.length === 0 ? [...first, ...second] : [...first, "", ...second];
}
