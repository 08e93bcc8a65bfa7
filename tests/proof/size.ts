/** How large a run of the proving suites is: a sample that CI can wait for, a multiple of it, or everything. */

const SIZE = Deno.env.get("CODEXKEEP_SIZE") ?? "1";

/** `CODEXKEEP_SIZE=full`: everything there is, and as many random cases as the figures promise. */
export const FULL: boolean = SIZE === "full";

/** `CODEXKEEP_SIZE=5`: a sample five times as large; infinite for a full run. */
export const FACTOR: number = FULL ? Infinity : Math.max(1, Number(SIZE) || 1);

/** How many cases to try: `sample` times the factor, and `full` at the most. */
export function scaled(sample: number, full: number): number {
  return Math.min(full, Math.round(sample * FACTOR));
}
