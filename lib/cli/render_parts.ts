/** Pieces that the text of several commands is made of. Whatever comes from files passes `quote()` here. */
import { quote, truncate } from "../text/terminal.ts";
import type { RecordReport } from "../core/report.ts";
import type { Move } from "../core/plan.ts";
import type { View } from "./command.ts";
import { type Cell, formatBytes, groupDigits, indent, plural, table } from "./layout.ts";
import type { Style } from "./style.ts";

/** Entries of a list that are shown unless everything is asked for. */
export const SHOWN_ENTRIES = 10;

/** Columns of a name in a table and of an entry in a list; what is longer is cut, in text only. */
const MAX_NAME = 48;
const MAX_ENTRY = 400;

/** A foreign name for a table: inert and of bounded width. */
export function name(text: string): string {
  return truncate(quote(text.slice(0, 4 * MAX_NAME)), MAX_NAME);
}

/** Foreign text for a line of its own: inert and of bounded length. */
export function line(text: string): string {
  return truncate(quote(text.slice(0, 4 * MAX_ENTRY)), MAX_ENTRY);
}

/** A provider id; an empty one, and a missing one, have a name too. */
export function providerName(id: string | null): string {
  return id === null ? "(none)" : id === "" ? "(empty)" : name(id);
}

/** Labels with their values, the labels in one column; a value of several lines stays in its column. */
export function facts(
  rows: readonly (readonly [label: string, value: string | readonly string[]])[],
  style: Style,
): string[] {
  const cells = rows.flatMap(([label, value]) =>
    (typeof value === "string" ? [value] : value).map((text, index): Cell[] => [
      { text: index === 0 ? label : "", mark: style.dim },
      { text },
    ])
  );
  return table(cells);
}

/** The first entries of a list, and how many more there are; all of them where `all`. */
export function someOf(entries: readonly string[], all: boolean, most: number = SHOWN_ENTRIES): string[] {
  if (all || entries.length <= most) return [...entries];
  return [...entries.slice(0, most), `… and ${groupDigits(entries.length - most)} more`];
}

/** `1,391 threads: openai → relay`; a thread that names several providers may be of the right one by some. */
export function moveLines(moves: readonly Move[]): string[] {
  return moves.map(({ from, to, threads }) => {
    const mixed = from === to ? " (copies that disagree)" : "";
    return `${plural(threads, "thread")}: ${providerName(from)} → ${providerName(to)}${mixed}`;
  });
}

/** A map, not an object: kinds may come from a file, and `constructor` must not find anything. */
const KINDS: ReadonlyMap<string, readonly [one: string, many: string]> = new Map([
  ["edit", ["file changed in place", "files changed in place"]],
  ["recode", ["compressed file rewritten", "compressed files rewritten"]],
  ["put", ["file put back whole", "files put back whole"]],
  ["move", ["file moved", "files moved"]],
  ["make", ["file made", "files made"]],
  ["unmake", ["file taken away", "files taken away"]],
  ["row", ["database row changed", "database rows changed"]],
  ["entry", ["other database row changed", "other database rows changed"]],
  ["drop", ["record removed", "records removed"]],
]);

/** Counts of changes in words, one line for each kind. */
export function kindLines(byKind: Readonly<Record<string, number>>): string[] {
  return Object.entries(byKind).map(([kind, count]) => {
    const [one, many] = KINDS.get(kind) ?? [`${name(kind)} change`, `${name(kind)} changes`];
    return plural(count, one, many);
  });
}

/** Records as a table without heading: id, date, purpose, changes, size, state. */
export function recordRows(records: readonly RecordReport[], style: Style): string[] {
  return table(records.map(({ id, created_at, purpose, changes, bytes, state }): Cell[] => [
    { text: name(id) },
    { text: name(created_at), mark: style.dim },
    { text: name(purpose) },
    { text: plural(changes, "change"), right: true },
    { text: formatBytes(bytes), right: true },
    { text: state, mark: state === "complete" ? style.green : state === "undone" ? style.dim : style.red },
  ]));
}

/** A heading with lines below it; nothing when there are none. */
export function block(title: string, lines: readonly string[], { style }: View): string[] {
  return lines.length === 0 ? [] : ["", style.bold(title), ...indent(lines)];
}
