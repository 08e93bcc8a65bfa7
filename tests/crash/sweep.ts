/** What the sweeps share: how many points, children to kill, and the line that says what was found. */
import { fileURLToPath } from "node:url";
import { report } from "../proof/figure.ts";
import { FACTOR } from "../proof/size.ts";
import type { Order, Report } from "./child.ts";

export { FACTOR, FULL } from "../proof/size.ts";

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));

/** What became of a child: what it said, or undefined when it was killed. */
export async function runChild(order: Order): Promise<Report | undefined> {
  const { success, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", CHILD, JSON.stringify(order)],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout)) as Report;
  // Windows knows no signals; there a process that ends itself ends with 1 and says nothing.
  const silent = stderr.length === 0 && stdout.length === 0;
  if (signal === "SIGKILL" || (Deno.build.os === "windows" && silent)) return undefined;
  throw new Error(`the child failed: ${new TextDecoder().decode(stderr)}`);
}

/** The points from 1 to `total` to try: all of them, or `few` spread evenly with the first and the last. */
export function points(total: number, few: number): number[] {
  const most = Math.round(few * FACTOR);
  if (total <= most) return Array.from({ length: total }, (_, i) => i + 1);
  const chosen = Array.from({ length: most }, (_, i) => 1 + Math.round(i * (total - 1) / (most - 1)));
  return [...new Set(chosen)];
}

/** What a sweep came to. */
export interface Tally {
  /** Points at which something was done to the run. */
  points: number;
  /** Of those, how many left a home that no `recover` should ever meet. */
  torn: number;
  /** Of those, how many `recover` did not bring to one of the two ends. */
  unrecovered: number;
  readonly faults: string[];
}

/** A sweep that has not begun. */
export function emptyTally(): Tally {
  return { points: 0, torn: 0, unrecovered: 0, faults: [] };
}

/** Reports what a sweep came to. */
export function summarize(
  group: string,
  name: string,
  { points, torn, unrecovered }: Tally,
  startedMs: number,
  more: { readonly counts?: Readonly<Record<string, number>>; readonly control?: boolean } = {},
): void {
  report(group, name, { points, torn, unrecovered, ...more.counts }, startedMs, more);
}
