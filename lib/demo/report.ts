/** What a demo has shown, as a value. */

/** `result` of `demo`. */
export interface DemoReport {
  /** The home it was shown on. */
  readonly home: string;
  /** Whether the home is still there. */
  readonly kept: boolean;
  readonly steps: readonly DemoStep[];
  /** What Codex's app lists of all it could list, before and after the repair. */
  readonly shown: { readonly before: ListedCount; readonly after: ListedCount };
  /** What was compared between the home before the repair and after taking it back. */
  readonly restored: Proof;
}

/** One step. */
export interface DemoStep {
  readonly step: number;
  readonly title: string;
  /** The command line that was run; null where the step is a look at the home, not a command. */
  readonly command: string | null;
  readonly exit_code: number;
  /** `result` of that command, as it would print it with `--json`. */
  readonly result: object | null;
}

/** Threads in a list. */
export interface ListedCount {
  readonly listed: number;
  /** How many would be listed if the provider did not matter. */
  readonly listable: number;
}

/** A comparison of everything in a home with how it was. */
export interface Proof {
  readonly files: number;
  readonly rows: number;
  readonly identical: boolean;
  /** What differs, empty when nothing does. */
  readonly differences: readonly string[];
}
