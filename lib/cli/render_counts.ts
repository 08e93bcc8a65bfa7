/** Threads by provider, as tables: files beside database, and before beside after. */
import type { Counts } from "../core/report.ts";
import { type Cell, groupDigits, table } from "./layout.ts";
import { providerName } from "./render_parts.ts";
import type { Style } from "./style.ts";

/** What the files and the database say, side by side; where they differ is marked, and so is the provider in use. */
export function providerTable(
  { providers }: Pick<Counts, "providers">,
  current: string,
  style: Style,
): string[] {
  const ids = idsOf(providers.rollouts, providers.database, current);
  const heading = headingRow(["provider", "rollouts", "database", ""], style);
  const rows = ids.map((id): Cell[] => {
    const files = countOf(providers.rollouts, id);
    const rows = countOf(providers.database, id);
    const inUse = id === current;
    return [
      { text: providerName(id) + (inUse ? " *" : ""), ...inUse ? { mark: style.bold } : {} },
      number(files),
      { ...number(rows), ...files === rows ? {} : { mark: style.yellow } },
      { text: files === rows ? "" : `≠ ${signed(rows - files)}`, mark: style.yellow },
    ];
  });
  return [...table([heading, ...rows]), style.dim("* in use")];
}

/** Counts before and after a run, for every provider that there was or is. */
export function changeTable(before: Counts, after: Counts, style: Style): string[] {
  const sides = [before.providers, after.providers];
  const ids = idsOf(...sides.flatMap(({ rollouts, database }) => [rollouts, database]));
  const heading = headingRow(["provider", "rollouts", "", "database", ""], style);
  const rows = ids.map((id): Cell[] => [
    { text: providerName(id) },
    number(countOf(before.providers.rollouts, id)),
    { text: `→ ${groupDigits(countOf(after.providers.rollouts, id))}` },
    number(countOf(before.providers.database, id)),
    { text: `→ ${groupDigits(countOf(after.providers.database, id))}` },
  ]);
  return table([heading, ...rows]);
}

/** What of threads and rollouts differs before and after a run; empty when nothing does. */
export function totalsTable(before: Counts, after: Counts, style: Style): string[] {
  const rows = TOTALS.flatMap(([label, count]) => {
    const row = changeRow(label, count(before), count(after));
    return count(before) === count(after) ? [] : [row];
  });
  return rows.length === 0 ? [] : table([headingRow(["", "before", "after"], style), ...rows]);
}

const TOTALS: readonly (readonly [label: string, count: (counts: Counts) => number])[] = [
  ["threads", ({ threads }) => threads.total],
  ["threads not archived", ({ threads }) => threads.active],
  ["threads archived", ({ threads }) => threads.archived],
  ["rollouts in sessions", ({ rollouts }) => rollouts.active],
  ["rollouts in archived_sessions", ({ rollouts }) => rollouts.archived],
  ["rollouts compressed", ({ rollouts }) => rollouts.compressed],
  ["rollouts damaged", ({ rollouts }) => rollouts.damaged],
];

type CodeCounts = Readonly<Record<string, number>>;

/** Findings by their codes before and after a run. */
export function findingsTable(before: CodeCounts, after: CodeCounts, style: Style): string[] {
  const codes = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  if (codes.length === 0) return [];
  const rows = codes.map((code) => changeRow(code, countOf(before, code), countOf(after, code)));
  return table([headingRow(["", "before", "after"], style), ...rows]);
}

function changeRow(label: string, before: number, after: number): Cell[] {
  return [{ text: label }, number(before), { text: `→ ${groupDigits(after)}` }];
}

/** A count of an id; ids are foreign, so `constructor` and its like must not find anything inherited. */
export function countOf(counts: Readonly<Record<string, number>>, id: string): number {
  return Object.hasOwn(counts, id) ? counts[id] ?? 0 : 0;
}

function headingRow(titles: readonly string[], style: Style): Cell[] {
  return titles.map((text, column) => ({ text, mark: style.dim, right: column > 0 }));
}

function number(count: number): Cell {
  return { text: groupDigits(count), right: true };
}

function signed(difference: number): string {
  return (difference < 0 ? "-" : "+") + groupDigits(Math.abs(difference));
}

/** Every id in the counts and the further ones given, the largest first, then by name. */
function idsOf(...sources: readonly (Readonly<Record<string, number>> | string)[]): string[] {
  const totals = new Map<string, number>();
  for (const source of sources) {
    const entries: [string, number][] = typeof source === "string" ? [[source, 0]] : Object.entries(source);
    for (const [id, count] of entries) totals.set(id, (totals.get(id) ?? 0) + count);
  }
  return [...totals].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([id]) => id);
}
