/** One line on standard error that says how far a long piece of work has come. */
import { groupDigits } from "./layout.ts";

/** Told by the work itself: what is going on, how many are done, and of how many (0: unknown). Cheap to call often. */
export type Progress = (stage: string, done: number, total: number) => void;

/** A progress line and the means to take it away. */
export interface ProgressLine {
  readonly report: Progress;
  /** Removes the line, if there is one, so that other text can be printed. */
  readonly clear: () => void;
}

/** What the line needs. */
export interface ProgressFacts {
  /** Writes to the terminal. */
  readonly write: (text: string) => void;
  /** Milliseconds, from any point on. */
  readonly now: () => number;
  /** Columns of the terminal. */
  readonly width: number;
}

/** Shortest time between two updates, milliseconds: ten in a second. */
const INTERVAL_MS = 100;

const CLEAR_LINE = "\r\u001b[K";

/** No progress: for pipes, `--quiet` and `--json`. */
export const NO_PROGRESS: ProgressLine = { report: () => {}, clear: () => {} };

/** A progress line on a terminal. Stage names come from the program, never from files. */
export function makeProgress({ write, now, width }: ProgressFacts): ProgressLine {
  let shown = false;
  // Nothing is shown for work that is over at once.
  let last = now();
  function report(stage: string, done: number, total: number): void {
    const time = now();
    if (time - last < INTERVAL_MS) return;
    last = time;
    shown = true;
    write(CLEAR_LINE + progressText(stage, done, total).slice(0, Math.max(0, width - 1)));
  }
  function clear(): void {
    if (!shown) return;
    shown = false;
    write(CLEAR_LINE);
  }
  return { report, clear };
}

/** The words of a progress line. */
export function progressText(stage: string, done: number, total: number): string {
  if (total <= 0) return `${stage} … ${groupDigits(done)}`;
  const percent = Math.floor(100 * Math.min(done, total) / total);
  return `${stage} … ${groupDigits(done)} of ${groupDigits(total)} (${percent}%)`;
}
