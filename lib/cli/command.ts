/**
 * Commands as data: what each one is called, takes, does and returns. Parsing, help and the README's table all come
 * from these values, so a flag that is not described here does not exist.
 */
import type { ErrorReport, Warning } from "../core/report.ts";
import type { Machine } from "../system/machine.ts";
import type { Ask } from "./ask.ts";
import type { Progress } from "./progress.ts";
import type { Style } from "./style.ts";
import type { DateRange } from "./dates.ts";

/** What the value of a flag or argument must look like; without one, any text that is not empty will do. */
export type Format = "provider" | "model" | "date" | "thread" | "record" | "map";

/** One flag. */
export interface Flag {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter. Those of booleans can be run together; one with a value stands alone (`-c FILE`). */
  readonly short?: string;
  /** Other long names that mean the same. */
  readonly aliases?: readonly string[];
  /** `strings` may be given several times, every other kind with a value once. */
  readonly kind: "boolean" | "string" | "integer" | "strings" | "choice";
  /** Stands for the value in help. */
  readonly placeholder?: string;
  readonly summary: string;
  /** Bounds of an integer, both included. */
  readonly min?: number;
  readonly max?: number;
  /** The integer when the flag is not given. */
  readonly fallback?: number;
  readonly choices?: readonly string[];
  readonly format?: Format;
  /** The command cannot do without it. */
  readonly required?: boolean;
  /** Flags that contradict this one. */
  readonly excludes?: readonly string[];
}

/** One argument that is not a flag. */
export interface Argument {
  readonly name: string;
  readonly required: boolean;
  /** Takes all that follow; only the last argument can. */
  readonly variadic: boolean;
  readonly summary: string;
  readonly choices?: readonly string[];
  /** What each choice means, for help. */
  readonly explained?: readonly (readonly [choice: string, means: string])[];
  readonly format?: Format;
}

/** One command. */
export interface Command {
  /** One word, or two (`backups list`). */
  readonly name: string;
  /** Of the same number of words. */
  readonly aliases: readonly string[];
  /** One line, no full stop. */
  readonly summary: string;
  /** Paragraphs for its help. */
  readonly description: readonly string[];
  /** Flags of its own; {@link GLOBAL_FLAGS} come on top. */
  readonly flags: readonly Flag[];
  readonly args: readonly Argument[];
  /** `writes` may change the home when told to. */
  readonly effects: "reads" | "writes";
  /** Command lines with what they do. */
  readonly examples: readonly Example[];
  /** Exit statuses besides 0, 1 and 4, which every command has. */
  readonly exitCodes: readonly number[];
  readonly run: (input: Invocation) => Promise<Outcome>;
}

/** A command line and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/**
 * The values of the flags. Every accessor throws `TypeError` for a flag the command does not declare or that is of
 * another kind: that is a fault in the program, not on the command line.
 */
export interface FlagValues {
  /** Whether the command declares such a flag; the only accessor that never throws. */
  knows(name: string): boolean;
  /** Whether a boolean flag was given. */
  has(name: string): boolean;
  /** Value of a `string` or `choice` flag. */
  text(name: string): string | undefined;
  /** Values of a `strings` flag, in the order given. */
  texts(name: string): readonly string[];
  /** Value of an `integer` flag, or its fallback. */
  integer(name: string): number | undefined;
  /** The time that a `string` flag of format `date` covers. */
  date(name: string): DateRange | undefined;
}

/** How text is to look. */
export interface View {
  readonly style: Style;
  /** Columns. */
  readonly width: number;
  readonly verbose: boolean;
}

/** What is running the program. */
export interface Versions {
  readonly codexkeep: string;
  readonly deno: string;
  readonly v8: string;
  /** Operating system and processor, e.g. `linux x86_64`. */
  readonly platform: string;
  /** Version of the SQLite engine; null when it cannot be asked. Loads the engine, hence a call. */
  readonly sqlite: () => Promise<string | null>;
}

/** Everything a command gets. */
export interface Invocation {
  readonly command: Command;
  readonly flags: FlagValues;
  /** Arguments that are not flags, checked against {@link Command.args}. */
  readonly args: readonly string[];
  readonly machine: Machine;
  readonly versions: Versions;
  readonly view: View;
  readonly progress: Progress;
  /** Asks the one yes/no question; undefined when there is nobody to ask. */
  readonly ask: Ask;
  /** Prints lines at once, before the outcome: the plan above a question, the steps of a demo. Silent with `--json` and `--quiet`. */
  readonly say: (lines: readonly string[]) => void;
  /** Aborted at the first SIGINT or SIGTERM. Handlers only run while the program waits, so long loops must let it. */
  readonly signal: AbortSignal;
}

/** What a command returns. */
export interface Outcome {
  /** Name as in the table; null when the command line names none. */
  readonly command: string | null;
  readonly exitCode: number;
  /** `result` of the JSON document. */
  readonly result: object | null;
  readonly warnings: readonly Warning[];
  readonly errors: readonly ErrorReport[];
  /** The same for people. Called only when text is printed. */
  readonly text: (view: View) => readonly string[];
  /** The one line that is left with `--quiet`; null when there is nothing to say. */
  readonly verdict: string | null;
  /** Data that was asked for on standard output, in place of text and verdict. */
  readonly data?: string;
}
