/** Text of `status`. */
import { quote } from "../text/terminal.ts";
import type { StatusReport } from "../core/report.ts";
import type { View } from "./command.ts";
import { groupDigits, plural } from "./layout.ts";
import { providerTable } from "./render_counts.ts";
import { block, facts, line, name, providerName, recordRows, someOf } from "./render_parts.ts";

/** Records that are shown; `backups list` shows all. */
const SHOWN_RECORDS = 3;

/** What a home looks like: where, which provider, how many threads of each, who is at work, and what to do next. */
export function statusText(report: StatusReport, view: View): string[] {
  return [
    ...overviewText(report, view),
    ...block("Threads by provider", providerTable(report, report.provider.id, view.style), view),
    ...block("Encrypted content of other providers", encryptedLines(report), view),
    ...block("Last records", recordRows(report.records.slice(0, SHOWN_RECORDS), view.style), view),
    "",
    ...verdictText(report, view),
  ];
}

/** The facts at the head of `status`. */
function overviewText(report: StatusReport, view: View): string[] {
  const { threads, rollouts, records } = report;
  return facts([
    ...placeRows(report, view),
    [
      "Threads",
      `${groupDigits(threads.total)} (${groupDigits(threads.active)} active, ${
        groupDigits(threads.archived)
      } archived)`,
    ],
    ["Rollouts", rolloutLine(rollouts)],
    ...codexRows(report, view),
    ["Records", records.length === 0 ? "none" : plural(records.length, "record")],
    ...pendingRows(report, view),
  ], view.style);
}

/** The facts at the head of `diagnose`: which home, and what may stand in the way. */
export function placeText(report: StatusReport, view: View): string[] {
  return facts(
    [...placeRows(report, view), ...codexRows(report, view), ...pendingRows(report, view)],
    view.style,
  );
}

type Rows = readonly (readonly [label: string, value: string | readonly string[]])[];

function placeRows(report: StatusReport, view: View): Rows {
  const { home, provider } = report;
  return [
    ["Home", line(home)],
    ["Provider", `${view.style.bold(providerName(provider.id))} (${line(provider.source)})`],
    ...(provider.layers.length === 0 ? [] : [["Profiles", layerLines(report)] as const]),
    ["Database", databaseLines(report, view)],
  ];
}

function codexRows(report: StatusReport, view: View): Rows {
  return [["Codex", codexLines(report, view)]];
}

function pendingRows({ pending_record }: StatusReport, { style }: View): Rows {
  if (pending_record === null) return [];
  return [["Pending", style.red(`${name(pending_record)} was interrupted`)]];
}

/** The verdict, and the command to run next. */
export function verdictText(
  { verdict, next }: Pick<StatusReport, "verdict" | "next">,
  { style }: View,
): string[] {
  const mark = next === null ? style.green : style.yellow;
  return [mark(quote(verdict)), ...(next === null ? [] : [`next: ${style.cyan(quote(next))}`])];
}

function layerLines({ provider: { layers } }: StatusReport): string[] {
  return layers.map(({ name: layer, provider }) =>
    `${name(layer)}: ${provider === null ? "the same provider" : providerName(provider)}`
  );
}

function databaseLines({ databases }: StatusReport, { style, verbose }: View): string[] {
  if (databases.length === 0) return ["none"];
  return databases.flatMap(({ path, live, threads, problem, because, origin }) => {
    const state = [
      live ? "live" : "not in use",
      ...(threads === null ? [] : [plural(threads, "thread")]),
      because,
      ...(verbose ? [`named by ${origin}`] : []),
    ];
    const about = `  ${line(state.join(", "))}`;
    const trouble = problem === null ? [] : [style.red(`  ${problem.code}: ${line(problem.message)}`)];
    return [live ? line(path) : style.dim(line(path)), about, ...trouble];
  });
}

function rolloutLine({ active, archived, compressed, damaged }: StatusReport["rollouts"]): string {
  const parts = [`${groupDigits(active)} active`, `${groupDigits(archived)} archived`];
  if (compressed > 0) parts.push(`${groupDigits(compressed)} compressed`);
  if (damaged > 0) parts.push(`${groupDigits(damaged)} damaged`);
  return parts.join(", ");
}

function codexLines({ codex }: StatusReport, { style, verbose }: View): string[] {
  const processes = codex.processes.map(({ pid, name: program, why, command }) =>
    `pid ${pid}, ${name(program)}: ${line(verbose ? command : why)}`
  );
  const busy = codex.busy_threads.length === 0
    ? []
    : [`${plural(codex.busy_threads.length, "thread")} in use`];
  if (!codex.running) return ["not running", ...busy];
  return [style.yellow("running"), ...someOf(processes, verbose), ...busy];
}

function encryptedLines({ encrypted }: StatusReport): string[] {
  return Object.entries(encrypted).map(([id, count]) => `${providerName(id)}: ${plural(count, "thread")}`);
}
