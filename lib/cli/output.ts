/**
 * Printing: the outcome of a command as text for people, or as one JSON document for programs. The last place where
 * text from files could reach the terminal raw, so errors and warnings, which any layer may have worded, are made
 * inert here.
 */
import { escapeJson, quote } from "../text/terminal.ts";
import type { ErrorReport, Warning } from "../core/report.ts";
import type { Outcome, View } from "./command.ts";
import type { Style } from "./style.ts";
import type { Terminal } from "./terminal.ts";

/** Name of the contract that JSON documents follow. */
export const SCHEMA = "codexkeep/1";

/** How an outcome is printed. */
export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** For standard output. */
  readonly view: View;
  /** For standard error, which may be a terminal when standard output is not. */
  readonly errorStyle: Style;
}

/** Prints an outcome, all of it, before it returns. */
export function printOutcome(outcome: Outcome, options: OutputOptions, terminal: Terminal): void {
  if (options.json) {
    terminal.out.write(toJson(outcome));
    return;
  }
  const lines = options.quiet ? verdictLines(outcome) : outcome.text(options.view);
  if (outcome.data !== undefined) terminal.out.write(outcome.data);
  else if (lines.length > 0) terminal.out.write(lines.join("\n") + "\n");
  const remarks = [
    ...(options.quiet
      ? []
      : outcome.warnings.flatMap((warning) => warningLines(warning, options.errorStyle))),
    ...outcome.errors.flatMap((error) => errorLines(error, options.errorStyle)),
  ];
  if (remarks.length > 0) terminal.err.write(remarks.join("\n") + "\n");
}

/** The JSON document of an outcome with its newline. */
export function toJson({ command, exitCode, result, warnings, errors }: Outcome): string {
  const ok = exitCode === 0;
  const document = { schema: SCHEMA, command, ok, "exit_code": exitCode, result, warnings, errors };
  return escapeJson(JSON.stringify(document, keepField)) + "\n";
}

/** A field without a value is `null`, not missing: readers can rely on the shape. */
function keepField(_key: string, value: unknown): unknown {
  return value === undefined ? null : value;
}

/** `error: …` and `hint: …`. */
export function errorLines({ message, hint }: ErrorReport, style: Style): string[] {
  return remarkLines(style.red("error:"), message, hint, style);
}

function warningLines({ message, hint }: Warning, style: Style): string[] {
  return remarkLines(style.yellow("warning:"), message, hint, style);
}

function remarkLines(label: string, message: string, hint: string | undefined, style: Style): string[] {
  const first = `${label} ${quote(message)}`;
  return hint === undefined ? [first] : [first, `${style.cyan("hint:")} ${quote(hint)}`];
}

function verdictLines({ verdict }: Outcome): string[] {
  return verdict === null ? [] : [quote(verdict)];
}

/** Errors underneath an error that are traced; a chain may be a ring. */
const MAX_CAUSES = 5;

/** The trace of a fault, one inert line for each of its lines, without the message, which has been printed. */
export function traceLines(error: unknown, causes: number = MAX_CAUSES): string[] {
  if (!(error instanceof Error)) return [];
  const lines = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)).map(quote);
  if (error.cause === undefined || causes === 0) return lines;
  return [...lines, quote(`  caused by: ${String(error.cause)}`), ...traceLines(error.cause, causes - 1)];
}
