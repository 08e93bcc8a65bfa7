/** Errors of the command line. */
import { AppError } from "../core/error.ts";
import { quote, truncate } from "../text/terminal.ts";

/** Columns of a value that is shown in an error. */
const SHOWN_VALUE = 60;

/** A `usage` error: nothing has been read or written. */
export function usageError(message: string, hint?: string): AppError {
  return new AppError("usage", message, hint === undefined ? {} : { hint });
}

/** A value from the command line for an error message: inert, cut, in double quotes. */
export function shown(value: string): string {
  return `"${truncate(quote(value.slice(0, 1000)), SHOWN_VALUE)}"`;
}
