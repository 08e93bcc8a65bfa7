/** What could stand in place of the last word of a command line, from the command table. */
import type { Argument, Command, Flag, Format } from "../command.ts";
import { findCommand, type Named } from "../find_command.ts";
import { flagsOf, GLOBAL_FLAGS } from "../flags.ts";
import { isFlag, longFlag, nameOf } from "../words.ts";

/** One word that could stand there, and what it means. */
export interface Candidate {
  readonly value: string;
  readonly means: string;
}

/** What could stand there. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Names on the disk that are as good, which the shell knows best. */
  readonly names: "none" | "files" | "folders";
}

/** The words of a format that are known at the moment: providers that are declared, records that are there. */
export type Known = (format: Format) => readonly Candidate[];

const NOTHING: Completion = { candidates: [], names: "none" };

/** @param words those behind the program's name; the last one is being written, and may be empty */
export function complete(words: readonly string[], commands: readonly Command[], known: Known): Completion {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? "";
  const named = commandIn(before, commands);
  if (named === undefined) return NOTHING;
  const table = named.command === undefined ? GLOBAL_FLAGS : flagsOf(named.command);
  const isOpen = !before.includes("--");
  const { rest, pending } = takeApart(before.filter((_, index) => !named.at.includes(index)), table);
  if (pending !== undefined) return startingWith(last, valuesOf(pending, known));
  if (isOpen && last.startsWith("--") && last.includes("=")) return behindEquals(last, table, known);
  if (isOpen && last.startsWith("-")) {
    return startingWith(last, { candidates: flagsLeft(before, table), names: "none" });
  }
  if (named.command === undefined) {
    return startingWith(last, { candidates: firstWords(named, commands), names: "none" });
  }
  const argument = argumentAt(named.command.args, rest.length);
  if (argument === undefined) return NOTHING;
  if (argument.name === "COMMAND") return helpWords(rest, last, commands);
  const { candidates, names } = valuesOf(argument, known);
  return startingWith(last, { candidates: candidates.filter(({ value }) => !rest.includes(value)), names });
}

/** The home that the line names, for what is known of it. */
export function homeIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === "--codex-home" || word.startsWith("--codex-home="));
  if (at < 0) return undefined;
  const word = words[at] ?? "";
  return word.includes("=") ? word.slice(word.indexOf("=") + 1) : words[at + 1];
}

/** Undefined where the line names a command that does not exist. */
function commandIn(words: readonly string[], commands: readonly Command[]): Named | undefined {
  try {
    return findCommand(words, commands);
  } catch {
    return undefined;
  }
}

/** The words that are no flags and no values, and the flag at the end that still wants its value. */
function takeApart(
  words: readonly string[],
  table: readonly Flag[],
): { readonly rest: readonly string[]; readonly pending: Flag | undefined } {
  const rest: string[] = [];
  let pending: Flag | undefined;
  for (const [index, word] of words.entries()) {
    if (pending !== undefined) pending = undefined;
    else if (word === "--") return { rest: [...rest, ...words.slice(index + 1)], pending };
    else if (!isFlag(word)) rest.push(word);
    else if (!word.includes("=")) {
      const flag = word.startsWith("--") ? longFlag(nameOf(word), table) : undefined;
      pending = flag?.kind === "boolean" ? undefined : flag;
    }
  }
  return { rest, pending };
}

function behindEquals(last: string, table: readonly Flag[], known: Known): Completion {
  const flag = longFlag(nameOf(last), table);
  if (flag === undefined || flag.kind === "boolean") return NOTHING;
  const start = last.slice(0, last.indexOf("=") + 1);
  const { candidates, names } = valuesOf(flag, known);
  const whole = candidates.map(({ value, means }) => ({ value: start + value, means }));
  return startingWith(last, { candidates: whole, names });
}

/** Flags that may still be given: each once, but for those that may be repeated, and none that contradicts another. */
function flagsLeft(before: readonly string[], table: readonly Flag[]): readonly Candidate[] {
  const given = table.filter((flag) => before.some((word) => isWordOf(flag, word)));
  const excluded = new Set(given.flatMap(({ excludes = [] }) => excludes));
  return table.filter((flag) => {
    const contradicts = flag.excludes?.some((name) => given.some((other) => other.name === name)) ?? false;
    return !contradicts && !excluded.has(flag.name) && (flag.kind === "strings" || !given.includes(flag));
  }).map(({ name, summary }) => ({ value: `--${name}`, means: summary }));
}

function isWordOf({ name, short, aliases = [] }: Flag, word: string): boolean {
  if (!isFlag(word)) return false;
  if (word.startsWith("--")) return [name, ...aliases].includes(nameOf(word));
  return short !== undefined && word.includes(short);
}

/** Names of commands; a family (`backups`) stands for its members until its name is there. */
function firstWords({ family }: Named, commands: readonly Command[]): readonly Candidate[] {
  const found = new Map<string, string>();
  for (const { name, summary } of commands) {
    const [first = "", second] = name.split(" ");
    if (family === undefined) found.set(first, second === undefined ? summary : `${first} …`);
    else if (first === family && second !== undefined) found.set(second, summary);
  }
  return [...found].map(([value, means]) => ({ value, means }));
}

/** What help can be asked about: the words of a command. */
function helpWords(rest: readonly string[], last: string, commands: readonly Command[]): Completion {
  const about = commandIn(rest, commands);
  const isWhole = about === undefined || about.command !== undefined;
  return isWhole ? NOTHING : startingWith(last, { candidates: firstWords(about, commands), names: "none" });
}

function argumentAt(args: readonly Argument[], index: number): Argument | undefined {
  const last = args.at(-1);
  return args[index] ?? (last?.variadic === true ? last : undefined);
}

function valuesOf(of: Flag | Argument, known: Known): Completion {
  const place = "placeholder" in of ? of.placeholder : of.name;
  const means = "explained" in of ? new Map(of.explained) : new Map<string, string>();
  const choices = (of.choices ?? []).map((value) => ({ value, means: means.get(value) ?? "" }));
  const now = of.format === undefined ? [] : known(of.format);
  return { candidates: [...choices, ...now], names: namesFor(place ?? "") };
}

function namesFor(placeholder: string): Completion["names"] {
  if (/FILE$/.test(placeholder)) return "files";
  return /^(DIR|PATH)$/.test(placeholder) ? "folders" : "none";
}

function startingWith(word: string, { candidates, names }: Completion): Completion {
  return { candidates: candidates.filter(({ value }) => value.startsWith(word)), names };
}
