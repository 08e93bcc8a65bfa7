/** What a proving suite counted, said on standard error and kept for the page of figures. */

/** One thing that was counted. */
export interface Figure {
  /** What was done, in words that the page of figures shows; figures of one group are added up. */
  readonly group: string;
  /** The part of the group: a command, a corpus, a kind of file system. */
  readonly name: string;
  /** Counts by name, what was tried first, what went wrong after it: `{ points: 120, torn: 0 }`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** A writer broken on purpose: here the faults are what is wanted. */
  readonly control: boolean;
}

/** Reports a figure. `startedMs` is `performance.now()` of the beginning. */
export function report(
  group: string,
  name: string,
  counts: Readonly<Record<string, number>>,
  startedMs: number,
  more: { readonly control?: boolean } = {},
): void {
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  const figure: Figure = { group, name, counts, seconds, control: more.control ?? false };
  const text = `figure: ${group}, ${name}: ${countsText(counts)}, ${seconds.toFixed(1)} s\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(text));
  const file = Deno.env.get("CODEXKEEP_FIGURES");
  if (file !== undefined) Deno.writeTextFileSync(file, JSON.stringify(figure) + "\n", { append: true });
}

/** `{ points: 1088, torn: 0 }` as "1,088 points, 0 torn". */
export function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).map(([name, n]) => `${n.toLocaleString("en")} ${name}`).join(", ");
}
