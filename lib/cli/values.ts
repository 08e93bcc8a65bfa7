/** Checks of single values from the command line. All of them throw `usage` and give the value back. */
import type { Argument, Flag, Format } from "./command.ts";
import { parseDate } from "./dates.ts";
import { didYouMean } from "../text/suggest.ts";
import { shown, usageError } from "./usage.ts";

/** Longest provider id or model name, in characters. */
const MAX_ID = 128;

/** What could not stand in TOML, JSON or a terminal unquoted, and is in no id that Codex accepts or makes. */
const NOT_IN_ID = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s"'`]/u;

/** A thread id (a UUID) or at least the first 8 characters of one. */
const THREAD_ID = /^[0-9a-f-]{8,36}$/i;

/** The name of a record's folder: nothing that could lead elsewhere. */
const RECORD_ID = /^[0-9A-Za-z][0-9A-Za-z_-]*(\.[0-9A-Za-z_-]+)*$/;

const CHECKS: Readonly<Record<Format, (what: string, value: string) => string>> = {
  provider: checkId,
  model: checkId,
  date: checkDate,
  thread: checkThread,
  record: checkRecord,
  map: checkMap,
};

/** A value of a flag, as the program uses it. */
export function checkFlagValue(flag: Flag, value: string): string {
  const what = `--${flag.name}`;
  if (value === "") {
    throw usageError(`${what} must not be empty`, `say what you mean: ${what}=${flag.placeholder}`);
  }
  if (flag.kind === "integer") return String(checkInteger(flag, value));
  return checkValue(what, flag, value);
}

/** A value of an argument, as the program uses it. */
export function checkArgument(argument: Argument, value: string): string {
  if (value === "") throw usageError(`${argument.name} must not be empty`);
  return checkValue(argument.name, argument, value);
}

function checkValue(what: string, about: Flag | Argument, value: string): string {
  if (about.choices !== undefined && !about.choices.includes(value)) {
    const hint = didYouMean(value, about.choices) ?? `one of: ${about.choices.join(", ")}`;
    throw usageError(`${what} cannot be ${shown(value)}`, hint);
  }
  return about.format === undefined ? value : CHECKS[about.format](what, value);
}

function checkInteger({ name, min = 0, max = Number.MAX_SAFE_INTEGER }: Flag, value: string): number {
  const number = /^-?\d{1,16}$/.test(value) ? Number(value) : NaN;
  if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw usageError(`--${name} must be a whole number ${bounds}, not ${shown(value)}`);
}

function checkId(what: string, value: string): string {
  if (value.length > MAX_ID) {
    throw usageError(`${what} ${shown(value)} is longer than ${MAX_ID} characters`);
  }
  if (NOT_IN_ID.test(value)) {
    throw usageError(
      `${what} ${shown(value)} has white space, quotes or control characters in it`,
      "an id is one word, as in [model_providers.ID] of config.toml",
    );
  }
  return value;
}

function checkDate(what: string, value: string): string {
  if (parseDate(value) !== undefined) return value;
  throw usageError(`${what} ${shown(value)} is no date`, "write 2026-01-31, or 2026-01-31T12:00:00Z");
}

function checkThread(what: string, value: string): string {
  if (THREAD_ID.test(value)) return value.toLowerCase();
  throw usageError(
    `${what} ${shown(value)} is no thread id`,
    "a thread id is a UUID; its first 8 characters or more will do",
  );
}

function checkRecord(what: string, value: string): string {
  if (RECORD_ID.test(value) && value.length <= MAX_ID) return value;
  throw usageError(`${what} ${shown(value)} is no record id`, "`codexkeep backups list` shows the ids");
}

/** `OLD=NEW`: a folder and where it is now. */
function checkMap(what: string, value: string): string {
  const { from, to } = splitMap(value);
  const hint = `say what moved where: ${what} /old/folder=/new/folder`;
  if (from === "" || to === "") throw usageError(`${what} ${shown(value)} does not name two folders`, hint);
  if (from === to) throw usageError(`${what} ${shown(value)} names the same folder twice`, hint);
  return value;
}

/** The two sides of `OLD=NEW`; the first `=` parts them. */
export function splitMap(value: string): { readonly from: string; readonly to: string } {
  const cut = value.indexOf("=");
  return cut < 0 ? { from: value, to: "" } : { from: value.slice(0, cut), to: value.slice(cut + 1) };
}
