/** Text of `backups list|show|verify` and `recover`. */
import type {
  ExportReport,
  RecordDetailReport,
  RecordsReport,
  RecoverReport,
  VerifyReport,
} from "../core/report.ts";
import { quote } from "../text/terminal.ts";
import type { View } from "./command.ts";
import { type Cell, formatBytes, plural, table } from "./layout.ts";
import { block, facts, kindLines, line, moveLines, name, recordRows, someOf } from "./render_parts.ts";
import { skippedText } from "./render_write.ts";

/** All records, the backups of other programs, and the command `restoreWith` that takes the last run back. */
export function recordsText(
  report: RecordsReport,
  view: View,
  restoreWith: string = "codexkeep restore latest",
): string[] {
  const { directory, records, foreign } = report;
  return [
    `${recordsVerdict(report)} ${view.style.dim(`(${line(directory)})`)}`,
    ...block("Records", recordRows(records, view.style), view),
    ...block("Backups of other programs, left alone", foreign.map(line), view),
    ...(records.some(({ state }) => state === "complete")
      ? ["", `take the last one back: ${view.style.cyan(quote(restoreWith))}`]
      : []),
  ];
}

/** `3 records, 1.4 KB`, also for `--quiet`. */
export function recordsVerdict({ records }: RecordsReport): string {
  const bytes = records.reduce((sum, record) => sum + record.bytes, 0);
  return records.length === 0 ? "No records." : `${plural(records.length, "record")}, ${formatBytes(bytes)}`;
}

/** One record in detail, and the command `restoreWith` that takes it back; without flags for the home unless given. */
export function recordText(
  record: RecordDetailReport,
  view: View,
  restoreWith: string = `codexkeep restore ${name(record.id)} --apply`,
): string[] {
  const { style, verbose } = view;
  const canRestore = record.state === "complete";
  return [
    ...facts([
      ["Record", style.bold(name(record.id))],
      ["State", record.state],
      ["Made", `${name(record.created_at)} by ${name(record.purpose)}`],
      ["Home", line(record.home)],
      ["Folder", `${line(record.directory)} (${formatBytes(record.bytes)})`],
      ...(record.reverts === null ? [] : [["Took back", name(record.reverts)] as const]),
      ...(record.moves.length === 0 ? [] : [["Moved", moveLines(record.moves)] as const]),
      ["Changes", kindLines(record.by_kind)],
      ["Threads", plural(record.threads, "thread")],
      ...(record.files.length === 0 ? [] : [["Files", someOf(record.files.map(line), verbose)] as const]),
    ], style),
    ...(canRestore ? ["", `take it back: ${style.cyan(quote(restoreWith))}`] : []),
  ];
}

/** What was written where. */
export function exportText({ record, file, rows, moves }: ExportReport, view: View): string[] {
  if (rows === 0) {
    return [`Record ${name(record)} moved no thread; ${line(file ?? "")} holds the heading alone.`];
  }
  return [
    `${plural(rows, "thread")} of record ${name(record)} written to ${line(file ?? "")}`,
    ...block("Moved", moveLines(moves), view),
  ];
}

/** One line, also for `--quiet`. */
export function exportVerdict({ record, file, rows }: ExportReport): string {
  return `${plural(rows, "thread")} of record ${record} written to ${file ?? "standard output"}`;
}

/** Whether records are whole. */
export function verifyText(report: VerifyReport, view: View): string[] {
  const { style, verbose } = view;
  const rows = report.records.map(({ id, ok, state }): Cell[] => [
    { text: ok ? "whole" : "damaged", mark: ok ? style.green : style.red },
    { text: name(id) },
    { text: name(state), mark: style.dim },
  ]);
  const problems = report.records.flatMap(({ id, problems }) =>
    block(name(id), someOf(problems.map(line), verbose), view)
  );
  return [...table(rows), ...problems, ...(rows.length === 0 ? [] : [""]), verifyVerdict(report)];
}

/** `3 records are whole`, also for `--quiet`. */
export function verifyVerdict({ records }: VerifyReport): string {
  const bad = records.filter(({ ok }) => !ok).length;
  if (records.length === 0) return "No records.";
  if (bad === 0) return `${plural(records.length, "record is", "records are")} whole.`;
  return `${bad} of ${plural(records.length, "record")} cannot be relied on.`;
}

/** What an interrupted run left, and what became of it. */
export function recoverText(report: RecoverReport, view: View): string[] {
  const undone = report.recovered.map((id) => `undone: ${name(id)}`);
  const swept = report.swept === 0 ? [] : [`${plural(report.swept, "leftover temporary file")} removed`];
  return [recoverVerdict(report), ...undone, ...swept, ...skippedText(report.left, view)];
}

/** One line, also for `--quiet`. */
export function recoverVerdict({ recovered, swept, left }: RecoverReport): string {
  if (recovered.length === 0 && swept === 0) return "Nothing to recover.";
  const partly = left.length === 0 ? "" : `, ${plural(left.length, "item")} left alone`;
  if (recovered.length === 0) return `Cleaned up${partly}.`;
  return `${plural(recovered.length, "interrupted run")} undone${partly}.`;
}
