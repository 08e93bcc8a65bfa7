/** The page of figures: what the proving suites counted, added up by what was done. */
import { countsText, type Figure } from "./figure.ts";

/** One run of a suite. */
export interface SuiteRun {
  readonly date: string;
  readonly commit: string;
  /** `full`, or how many times the sample. */
  readonly size: string;
  readonly seconds: number;
  readonly figures: readonly Figure[];
}

/** The last run of every suite, by the name of its task. */
export type Runs = Readonly<Record<string, SuiteRun>>;

/** Figures of one group, added up. */
export interface Sum {
  readonly group: string;
  readonly parts: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly control: boolean;
}

/** Adds up the figures of every group, in the order in which the groups come first. Names with `max` are not added. */
export function sums(figures: readonly Figure[]): Sum[] {
  const groups = new Map<string, Sum>();
  for (const { group, counts, seconds, control } of figures) {
    const key = `${control} ${group}`;
    const sum = groups.get(key) ?? { group, parts: 0, counts: {}, seconds: 0, control };
    groups.set(key, {
      ...sum,
      parts: sum.parts + 1,
      counts: merged(sum.counts, counts),
      seconds: sum.seconds + seconds,
    });
  }
  return [...groups.values()];
}

function merged(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const all: Record<string, number> = { ...a };
  for (const [name, n] of Object.entries(b)) {
    const old = all[name] ?? 0;
    all[name] = /\bmax\b/.test(name) ? Math.max(old, n) : old + n;
  }
  return all;
}

/** The short table for the README: a row per group, controls left out. */
export function shortTable(runs: Runs): string {
  const rows = Object.values(runs).flatMap(({ figures }) => sums(figures)).filter(({ control }) => !control);
  return table(["what was done", "what was counted"], rows.map((sum) => [sum.group, countsText(sum.counts)]));
}

/** The part of the page that is about one suite. */
export function suiteSection(task: string, run: SuiteRun): string {
  const rows = sums(run.figures).map((sum) => [
    sum.control ? `control: ${sum.group}` : sum.group,
    String(sum.parts),
    countsText(sum.counts),
    `${sum.seconds.toFixed(0)} s`,
  ]);
  const size = run.size === "full"
    ? "everything"
    : run.size === "1"
    ? "the sample"
    : `${run.size} × the sample`;
  return [
    `\`deno task ${task} --size ${run.size}\` (${size}), ${run.date}, commit ${run.commit}, ${
      minutes(run.seconds)
    }.`,
    "",
    table(["what was done", "parts", "what was counted", "time"], rows),
  ].join("\n");
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. Throws when the page has no such part. */
export function replacePart(page: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(open), page.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`the page has no part "${name}"`);
  return `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`;
}
