/** What a command ends with. */
import { AppError, exitStatus, messageOf } from "../core/error.ts";
import type { ErrorReport, Warning } from "../core/report.ts";
import type { Outcome, View } from "./command.ts";

/** The parts of an {@link Outcome} that have no obvious value. */
export interface Ending {
  readonly command: string;
  readonly result: object | null;
  readonly text: (view: View) => readonly string[];
  readonly verdict: string | null;
  readonly data?: string;
  /** 0 unless given. */
  readonly exitCode?: number;
  readonly warnings?: readonly Warning[];
  readonly errors?: readonly ErrorReport[];
}

/** An outcome; no warnings, no errors and exit status 0 unless told. */
export function makeOutcome({ exitCode = 0, warnings = [], errors = [], ...rest }: Ending): Outcome {
  return { exitCode, warnings, errors, ...rest };
}

/** The outcome of a command that threw `error`. Anything but an `AppError` is a fault in the program itself. */
export function failureOutcome(command: string | null, error: unknown): Outcome {
  return {
    command,
    exitCode: exitStatus(error),
    result: null,
    warnings: [],
    errors: [errorReport(error)],
    text: () => [],
    verdict: null,
  };
}

/** An error as it is printed. */
export function errorReport(error: unknown): ErrorReport {
  if (!(error instanceof AppError)) {
    return {
      code: "internal",
      message: `this is a fault in codexkeep: ${messageOf(error)}`,
      hint: "run it again with --verbose and report what it prints",
    };
  }
  const { code, message, hint } = error;
  return { code, message, ...hint === undefined ? {} : { hint } };
}
