/** Text of `explain`. */
import { quote } from "../text/terminal.ts";
import type { CauseReport, ExplainReport } from "../core/report.ts";
import type { View } from "./command.ts";
import { type Cell, indent, table, wrap } from "./layout.ts";
import { evidenceLines } from "./render_findings.ts";
import { block, facts, line, name, providerName } from "./render_parts.ts";

/** Samples shown for each cause unless everything is asked for. */
const SHOWN_SAMPLES = 5;

/** Column where the reasons begin: the longest name of a reader and `shown` stand before them. */
const REASONS_AT = 38;

/** One thread: what is known of it, which reader shows it and why, what hides it and what helps. */
export function explainText(report: ExplainReport, view: View): string[] {
  const { readers, causes, remarks } = report;
  const { style } = view;
  const heading: Cell[] = ["reader", "shown", "why"].map((text) => ({ text, mark: style.dim }));
  const room = Math.max(30, view.width - 2 - REASONS_AT);
  const rows = readers.flatMap(({ reader, visible, because }): Cell[][] => {
    const [first = "", ...more] = wrap(line(because), room);
    return [
      [
        { text: name(reader) },
        { text: visible ? "yes" : "no", mark: visible ? style.green : style.red },
        { text: first },
      ],
      ...more.map((text) => [{ text: "" }, { text: "" }, { text }]),
    ];
  });
  const hiding = causes.filter(({ hides }) => hides.length > 0);
  const others = causes.filter(({ hides, severity }) => hides.length === 0 && severity !== "info");
  const known = causes.filter(({ hides, severity }) => hides.length === 0 && severity === "info");
  return [
    ...aboutThread(report, view),
    ...block("Who shows it", table([heading, ...rows]), view),
    ...block(
      "What hides it, and what helps",
      hiding.flatMap((cause) => causeText(cause, readers.length, view)),
      view,
    ),
    ...block("What else is wrong", others.flatMap((cause) => causeText(cause, readers.length, view)), view),
    ...block("Good to know", [
      ...remarks.flatMap((remark) => bullet(quote(remark), view)),
      ...known.flatMap((cause) => bullet(remarkOf(cause), view)),
    ], view),
    "",
    explainVerdict(report),
  ];
}

function aboutThread({ thread }: ExplainReport, { style }: View): string[] {
  const { first_line, recorded, database } = thread.provider;
  return facts([
    ["Thread", style.bold(name(thread.id))],
    ["Provider", [
      `first line ${providerName(first_line)}, recorded ${providerName(recorded)}, database ${
        providerName(database)
      }`,
      `in use: ${providerName(thread.current_provider)}`,
    ]],
    ["Source", thread.source === null ? "unknown" : name(thread.source)],
    ["Directory", thread.cwd === null ? "unknown" : line(thread.cwd)],
    ["Archived", thread.archived ? "yes" : "no"],
    ["Account", thread.account_bound ? "stamped with a ChatGPT account" : "none"],
    ["History", thread.history_mode === null ? "unknown" : name(thread.history_mode)],
    ["Rollouts", thread.files.length === 0 ? "none" : thread.files.map(fileLine)],
    ["Row", thread.row === null ? "none" : rowLines(thread.row, thread.files.length)],
    ...(thread.busy ? [["In use", style.yellow("yes, Codex is writing to it")] as const] : []),
  ], style);
}

type Row = NonNullable<ExplainReport["thread"]["row"]>;

function rowLines(row: Row, files: number): string[] {
  const state = [
    row.archived ? "archived" : "active",
    `${row.has_preview ? "with" : "without"} preview`,
    `changed ${name(row.updated_at)}`,
  ];
  if (row.file === null) return [state.join(", "), `names ${line(row.rollout_path)}, which is not there`];
  return [state.join(", "), files === 1 ? "names that file" : `names ${line(row.file)}`];
}

function fileLine({ path, damage }: ExplainReport["thread"]["files"][number]): string {
  return damage === null ? line(path) : `${line(path)}: ${line(damage)}`;
}

/** A cause with the readers it hides the thread from, evidence and cure. */
function causeText(cause: CauseReport, readers: number, view: View): string[] {
  const { code, severity, message, hides, samples, cure, hint } = cause;
  const { style } = view;
  const mark = { error: style.red, warning: style.yellow, info: style.cyan }[severity];
  const room = Math.max(40, view.width - 4);
  return [
    mark(name(code)),
    ...indent([
      ...wrap(quote(message), room),
      ...evidenceLines(samples, SHOWN_SAMPLES, view),
      ...(hides.length === 0 ? [] : wrap(
        `hides it from: ${hides.length === readers ? "every reader" : hides.map(name).join(", ")}`,
        room,
      )),
      ...(cure === null ? [] : [`cure: ${style.cyan(quote(cure))}`]),
      ...(hint === null ? [] : wrap(`hint: ${quote(hint)}`, room)),
    ]),
  ];
}

/** What hides nothing, in one breath. */
function remarkOf({ code, message, cure, hint }: CauseReport): string {
  const help = [...(cure === null ? [] : [`cure: ${cure}`]), ...(hint === null ? [] : [`hint: ${hint}`])];
  return [`${name(code)}: ${quote(message)}`, ...help.map(quote)].join(" ");
}

function bullet(text: string, { width }: View): string[] {
  const [first = "", ...rest] = wrap(text, Math.max(40, width - 4));
  return [`- ${first}`, ...indent(rest)];
}

/** `Shown by 2 of 4 readers of Codex`, for the end and for `--quiet`. */
export function explainVerdict({ readers }: Pick<ExplainReport, "readers">): string {
  const shown = readers.filter(({ visible }) => visible).length;
  if (shown === readers.length) return "Shown by every reader of Codex.";
  return `Shown by ${shown} of ${readers.length} readers of Codex.`;
}
