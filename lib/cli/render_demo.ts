/** Text of `demo`: the narration between the commands it runs. */
import type { DemoReport, Proof } from "../demo/report.ts";
import type { Seen } from "../demo/seen.ts";
import { displayWidth, quote, truncate } from "../text/terminal.ts";
import type { View } from "./command.ts";
import { type Cell, indent, plural, table, wrap } from "./layout.ts";
import { line, name, someOf } from "./render_parts.ts";

/** A thread as the app would list it. */
export interface ListedThread {
  readonly title: string;
  /** How long ago it was worked on, in words. */
  readonly age: string;
}

/** Threads that are shown of a list. */
const SHOWN_THREADS = 7;

/** Differences that are shown of a proof that failed. */
const SHOWN_DIFFERENCES = 5;

/** The left edge of everything below a heading, and of the second line of a sentence. */
const EDGE = "   ";
const GO_ON = "  ";

/** What this is, where it happens, and the story so far. @param more further flags that commands get */
export function openingText(home: string, more: readonly string[], kept: boolean, view: View): string[] {
  const flags = ["--codex-home", shellWord(home), ...more].join(" ");
  const fate = kept ? "made just now" : "made just now and thrown away afterwards";
  return [
    ...paragraph(
      `A Codex home with the history of a developer, ${fate}. Your own home is not opened; neither Codex nor a ` +
        "network is needed. Everything below is the real program at work: each command is what you would type, " +
        "run here with",
      view,
    ),
    `  ${view.style.cyan(line(flags))}`,
    "",
    ...paragraph(
      "Five months of work with one provider, then a proxy, then a model in a lab. Last week config.toml was " +
        "changed to yet another provider, and the history seemed to be gone.",
      view,
    ),
  ];
}

/** The head of a step: its number, what it is about, and the command that is run. */
export function headingText(step: number, title: string, command: string | undefined, view: View): string[] {
  const { style, width } = view;
  const rule = "─".repeat(Math.max(0, Math.min(width, 80) - title.length - 4));
  return [
    "",
    `${style.bold(`${step}  ${title}`)} ${style.dim(rule)}`,
    ...(command === undefined ? [] : ["", `${EDGE}${style.cyan(`$ ${line(command)}`)}`]),
    "",
  ];
}

/** Lines of a command below the heading of its step, none wider than the terminal unless everything is asked for. */
export function bodyText(lines: readonly string[], { width, verbose }: View): string[] {
  const room = width - EDGE.length;
  return indent(verbose ? lines : lines.flatMap((one) => fit(one, room)), EDGE);
}

/** Columns that are left for {@link bodyText}. */
export function bodyView(view: View): View {
  return { ...view, width: view.width - EDGE.length };
}

/** What the app lists, the newest first, and what it does not. */
export function seenText(
  { listed, listable, others }: Seen,
  threads: readonly ListedThread[],
  view: View,
): string[] {
  const { style } = view;
  const hidden = listable - listed.length;
  const mark = hidden > 0 ? style.yellow : style.green;
  const rows = threads.slice(0, SHOWN_THREADS).map(({ title, age }): Cell[] => [
    { text: `  ${name(title)}` },
    { text: age, mark: style.dim },
  ]);
  const more = listed.length - rows.length;
  return bodyText([
    mark(style.bold(`Codex's app lists ${listed.length} of ${plural(listable, "thread")}:`)),
    ...table(rows),
    ...(more > 0 ? [style.dim(`  … and ${more} more`)] : []),
    ...(hidden > 0
      ? ["", `The other ${hidden} are on the disk, but out of sight.`]
      : ["", ...othersText(others)]),
  ], view);
}

/** Threads that are in no list for other reasons than the provider: right so, and counted all the same. */
function othersText(others: Seen["others"]): string[] {
  const reasons = new Map<string, number>();
  for (const { because } of others) reasons.set(because, (reasons.get(because) ?? 0) + 1);
  return [...reasons].map(([because, count]) =>
    `${plural(count, "more thread")} in no list: ${line(because)}.`
  );
}

/** Whether everything is as it was before the repair. */
export function proofText({ files, rows, identical, differences }: Proof, view: View): string[] {
  const { style } = view;
  if (identical) {
    return bodyText([
      "",
      style.green(style.bold("Everything is as it was before the repair:")),
      `  ${plural(files, "file")}: the same SHA-256, mode and time of change`,
      `  ${plural(rows, "database row")}: the same in every column`,
    ], view);
  }
  return bodyText([
    "",
    style.red(`${plural(differences.length, "difference")} to the home before the repair:`),
    ...someOf(differences.map(line), view.verbose, SHOWN_DIFFERENCES).map((one) => `  ${one}`),
  ], view);
}

/** What to do now: with one's own home, and with this one where it is kept. */
export function closingText({ home, kept }: DemoReport, view: View): string[] {
  const { style } = view;
  const command = (text: string, does: string): Cell[] => [
    { text: `  ${line(text)}`, mark: style.cyan },
    { text: does, mark: style.dim },
  ];
  const at = `--codex-home ${shellWord(home)}`;
  return bodyText([
    "On your own home (nothing is changed without a yes):",
    ...table([
      command("codexkeep status", "what is there, and what to do next"),
      command("codexkeep diagnose", "everything that is wrong, with evidence"),
      command("codexkeep sync", "shows the plan, and asks"),
    ]),
    "",
    ...(kept
      ? [
        "The demo's home is still there, with its history out of sight again:",
        `  ${style.cyan(line(`codexkeep diagnose ${at}`))}`,
        `  ${style.cyan(line(`codexkeep sync ${at}`))}`,
        ...paragraph(
          "A real Codex takes it too, once the two .sqlite files in it are removed: it makes its own from the rollouts.",
          bodyView(view),
        ),
      ]
      : ["The demo's home is removed. To keep one to play with: " + style.cyan("codexkeep demo --keep")]),
  ], view);
}

/** `4 of 60 threads in view, 60 of 60 after sync; …`, for the end and for `--quiet`. */
export function demoVerdict({ shown, restored }: DemoReport): string {
  const { before, after } = shown;
  const back = restored.identical ? "restored to the byte" : "NOT restored as it was";
  return `${before.listed} of ${before.listable} threads in view before, ${after.listed} of ${after.listable} ` +
    `after sync, then ${back}.`;
}

/** A path as it is typed: in quotes where a shell would take it apart. */
export function shellWord(text: string): string {
  return /^[\w./:\\@%+=~-]+$/.test(text) ? text : `"${quote(text).replaceAll(/["$`]/g, "\\$&")}"`;
}

/** `2 hours`, `12 days`, `3 months`: how long ago something was. */
export function ageText(ms: number): string {
  const hours = Math.max(0, Math.round(ms / 3_600_000));
  if (hours < 48) return `${plural(hours, "hour")} ago`;
  const days = Math.round(hours / 24);
  return days < 60 ? `${days} days ago` : `${Math.round(days / 30)} months ago`;
}

/** What a style puts into a line; it takes no column. */
// deno-lint-ignore no-control-regex -- the escape character is what is looked for
const MARKS = /\u001b\[\d+m/g;

/** A line in at most `width` columns: a sentence goes on below, a table and what has no space to break at is cut. */
function fit(text: string, width: number): string[] {
  const columns = (part: string) => displayWidth(part.replaceAll(MARKS, ""));
  if (columns(text) <= width) return [text];
  const plain = text.replaceAll(MARKS, "");
  const edge = / */.exec(plain)?.[0] ?? "";
  const room = width - edge.length - GO_ON.length;
  const words = text.trimStart().split(" ");
  if (/\S {2,}\S/.test(plain) || words.some((word) => columns(word) > room)) return [cut(text, width)];
  const lines: string[] = [];
  for (const word of words) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length === 0 || columns(longer) > room) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((one, index) => edge + (index === 0 ? "" : GO_ON) + one);
}

/** The beginning of a line, marked where the line was marked as a whole. */
function cut(text: string, width: number): string {
  const head = truncate(text.replaceAll(MARKS, ""), width);
  const marks = text.match(MARKS) ?? [];
  const whole = marks.length === 2 && text.trimStart().startsWith(marks[0]) && text.endsWith(marks[1] ?? "");
  return whole ? `${marks[0]}${head}${marks[1]}` : head;
}

function paragraph(text: string, { width }: View): string[] {
  return wrap(text, Math.min(width, 80));
}
