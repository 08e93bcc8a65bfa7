/** The words of a command line, brought into a form that leaves nothing to guess. */
import type { Flag } from "./command.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { didYouMean } from "../text/suggest.ts";
import { shown, usageError } from "./usage.ts";

/** Words of a command line, taken apart. */
export interface Words {
  /** `--name` or `--name=value`, long names only. */
  readonly flags: readonly string[];
  readonly others: readonly string[];
}

/** Whether a word is a flag, known or not; a single dash is not. */
export function isFlag(word: string): boolean {
  return word.startsWith("-") && word.length > 1;
}

/** The name in `--name` and `--name=value`. */
export function nameOf(word: string): string {
  return word.slice(2).replace(/=.*$/s, "");
}

/** The flag of a long name or one of its aliases. */
export function longFlag(name: string, table: readonly Flag[]): Flag | undefined {
  return table.find((flag) => flag.name === name || flag.aliases?.includes(name));
}

/** Splits words into flags, long and with their values, and all others. Unknown long flags stay as they are. */
export function takeApart(argv: readonly string[], table: readonly Flag[]): Words {
  const flags: string[] = [];
  const others: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") {
      others.push(...argv.slice(index + 1));
      break;
    } else if (!isFlag(word)) {
      others.push(word);
    } else if (word.startsWith("--")) {
      const next = argv[index + 1];
      const { text, used } = longWord(word, next, table);
      flags.push(text);
      if (used) index++;
    } else {
      const long = letterWithValue(word, table);
      if (long === undefined) flags.push(...letters(word, table));
      else {
        const { text, used } = longWord(long, argv[index + 1], table);
        flags.push(text);
        if (used) index++;
      }
    }
  }
  return { flags, others };
}

/** One long flag with its value; `used` tells that the value was the next word. */
function longWord(
  word: string,
  next: string | undefined,
  table: readonly Flag[],
): { text: string; used: boolean } {
  const equals = word.indexOf("=");
  const flag = longFlag(nameOf(word), table);
  if (flag === undefined) return { text: word, used: false };
  if (flag.kind === "boolean") {
    if (equals >= 0) {
      throw usageError(`--${flag.name} takes no value, but has ${shown(word.slice(equals + 1))}`);
    }
    return { text: `--${flag.name}`, used: false };
  }
  if (equals >= 0) return { text: `--${flag.name}=${word.slice(equals + 1)}`, used: false };
  // A number below zero is a value that is refused for what it is, not taken for a flag.
  const isValue = next !== undefined && (!isFlag(next) || flag.kind === "integer" && /^-\d/.test(next));
  if (isValue) return { text: `--${flag.name}=${next}`, used: true };
  const value = flag.placeholder ?? "VALUE";
  const hint = next === undefined || next === "--" || longFlag(nameOf(next), table) !== undefined
    ? `write --${flag.name} ${value}`
    : `a value that starts with a dash is written --${flag.name}=${value}`;
  throw usageError(`--${flag.name} needs a value`, hint);
}

/** `-c` and `-c=FILE` by the long name; undefined for letters of flags without a value. */
function letterWithValue(word: string, table: readonly Flag[]): string | undefined {
  const flag = table.find(({ short }) => short === word[1]);
  if (flag === undefined || flag.kind === "boolean" || !/^-.(=|$)/.test(word)) return undefined;
  return `--${flag.name}${word.slice(2)}`;
}

/** The long names of run-together letters. */
function letters(word: string, table: readonly Flag[]): string[] {
  return [...word.slice(1)].map((letter) => {
    const flag = table.find(({ short }) => short === letter);
    if (flag?.kind === "boolean") return `--${flag.name}`;
    if (flag !== undefined) {
      throw usageError(
        `-${letter} takes a value, so it stands alone`,
        `write -${letter} ${flag.placeholder}`,
      );
    }
    if (letter === "=") throw usageError(`${shown(word)} takes no value`);
    const meant = longFlag(word.slice(1), table);
    const where = word.length > 2 ? ` in ${shown(word)}` : "";
    const hint = meant === undefined ? placeHint(table) : `did you mean "--${meant.name}"?`;
    throw usageError(`unknown flag ${shown("-" + letter)}${where}`, hint);
  });
}

/** The error for a flag that is not in the table. */
export function unknownFlag(word: string, table: readonly Flag[]): Error {
  const name = nameOf(word);
  const negative = longFlag(`no-${name}`, table);
  const names = table.flatMap((flag) => [flag.name, ...flag.aliases ?? []]);
  const meant = negative === undefined ? didYouMean(name, names, "--") : `did you mean "--${negative.name}"?`;
  return usageError(`unknown flag ${shown("--" + name)}`, meant ?? placeHint(table));
}

function placeHint(table: readonly Flag[]): string {
  return table === GLOBAL_FLAGS
    ? "flags of a command come after its name"
    : "-h shows the flags of the command";
}
