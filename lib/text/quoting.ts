/**
 * Words in the forms of other programs' files, so that a path cannot be more than a path there. Every function refuses
 * what its form cannot carry: control characters, which no path of a job has a use for.
 */
import { AppError } from "../core/error.ts";

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

function requirePlain(word: string): string {
  if (CONTROL.test(word) || !word.isWellFormed()) {
    throw new AppError("refused", `${JSON.stringify(word)} has a character that a job cannot carry`, {
      hint: "use a path without line breaks and control characters",
    });
  }
  return word;
}

/** A word of a POSIX shell. */
export function shellWord(word: string): string {
  return `'${requirePlain(word).replaceAll("'", `'\\''`)}'`;
}

/** A word of the command of a crontab line, where `%` is a line break unless it is escaped. */
export function cronWord(word: string): string {
  return shellWord(word).replaceAll("%", "\\%");
}

/** A word of a command line in a systemd unit, where `%` and `$` are special inside of quotes too. */
export function systemdWord(word: string): string {
  const escaped = requirePlain(word).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")
    .replaceAll("$", "$$$$");
  return `"${escaped}"`;
}

/** Text inside an XML element. */
export function xmlText(text: string): string {
  return requirePlain(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A word of a Windows command line, as programs of the C runtime take it apart. */
export function windowsWord(word: string): string {
  if (/^[\w.:\\/-]+$/.test(requirePlain(word)) && word !== "") return word;
  // Backslashes count only before a quote, and there they are doubled.
  const escaped = word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1");
  return `"${escaped}"`;
}
