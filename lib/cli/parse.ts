/**
 * Command line in, command and checked values out. The one importer of `@std/cli`, which is untyped there. Its parser
 * guesses (numbers, `--no-`, a following word as the value of a boolean), so it is given words that leave nothing to
 * guess: every flag by its long name, with its value behind `=`, and all other words behind `--`.
 */
import { parseArgs as untyped } from "@std/cli/parse-args";
import type { Command, Flag, FlagValues } from "./command.ts";
import { flagsOf, GLOBAL_FLAGS } from "./flags.ts";
import { checkArgument, checkFlagValue } from "./values.ts";
import { findCommand, incomplete } from "./find_command.ts";
import { flagTerm } from "./help.ts";
import { makeFlagValues } from "./flag_values.ts";
import { shown, usageError } from "./usage.ts";
import { isFlag, takeApart, unknownFlag, type Words } from "./words.ts";

/** What of the options of `parseArgs` is used. */
interface ParseOptions {
  readonly string: readonly string[];
  readonly boolean: readonly string[];
  readonly collect: readonly string[];
  readonly "--": true;
  readonly unknown: (word: string) => never;
}

const parseArgs: (
  words: readonly string[],
  options: ParseOptions,
) => Readonly<Record<string, readonly (string | boolean)[]>> = untyped;

/** What a command line asks for. */
export type CommandLine =
  | {
    readonly kind: "run";
    readonly command: Command;
    readonly flags: FlagValues;
    readonly args: readonly string[];
  }
  /** Help about a command, a family of commands (`backups`), or all of them (empty). */
  | { readonly kind: "help"; readonly about: string; readonly flags: FlagValues }
  | { readonly kind: "version"; readonly flags: FlagValues };

/**
 * Reads a command line. Throws `usage` for anything that is not in the table, and for values, repetitions and
 * combinations that make no sense.
 */
export function parse(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const named = findCommand(argv, commands);
  const { command, family } = named;
  // Help is for people who are lost: it is given whatever else the line holds.
  const wants = (name: string, letter: string) => isAsked(argv, name, letter, command);
  if (wants("help", "h")) {
    return { kind: "help", about: command?.name ?? family ?? "", flags: globalBooleans(argv) };
  }
  if (wants("version", "V")) return { kind: "version", flags: globalBooleans(argv) };
  if (command === undefined && family !== undefined) throw incomplete(family, commands);
  const rest = argv.filter((_, index) => !named.at.includes(index));
  const table = command === undefined ? GLOBAL_FLAGS : flagsOf(command);
  const words = takeApart(rest, table);
  const flags = readFlags(words, table);
  if (command === undefined && argv.length > 0) throw usageError("no command given", "codexkeep help");
  if (command === undefined) return { kind: "help", about: "", flags };
  return { kind: "run", command, flags, args: checkArguments(command, words.others) };
}

/** Name of the command that a line names, as far as can be told; null when it names none. */
export function namedCommand(argv: readonly string[], commands: readonly Command[]): string | null {
  try {
    return findCommand(argv, commands).command?.name ?? null;
  } catch {
    return null;
  }
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return end < 0 ? argv : argv.slice(0, end);
}

/** Whether a global boolean stands on the line, long, short or among run-together letters. */
function isAsked(
  argv: readonly string[],
  name: string,
  letter: string,
  command: Command | undefined,
): boolean {
  const letters = flagsOf(command ?? { flags: [] }).map(({ short }) => short ?? "").join("");
  return beforeDashes(argv).some((word) => {
    if (word.startsWith("--")) return word === `--${name}`;
    return isFlag(word) && word.includes(letter) && [...word.slice(1)].every((one) => letters.includes(one));
  });
}

/** The global booleans on a line that may be wrong otherwise: how to print what is wrong with it. */
export function globalBooleans(argv: readonly string[]): FlagValues {
  const words = beforeDashes(argv);
  const isGiven = ({ name, short }: Flag) =>
    words.some((word) =>
      word === `--${name}` ||
      short !== undefined && isFlag(word) && !word.startsWith("--") && word.includes(short)
    );
  const booleans = GLOBAL_FLAGS.filter((flag) => flag.kind === "boolean" && isGiven(flag));
  return makeFlagValues(GLOBAL_FLAGS, new Map(booleans.map(({ name }) => [name, ["true"]])));
}

function readFlags(words: Words, table: readonly Flag[]): FlagValues {
  const names = table.map(({ name }) => name);
  const isBoolean = ({ kind }: Flag) => kind === "boolean";
  const parsed = parseArgs([...words.flags, "--", ...words.others], {
    boolean: table.filter(isBoolean).map(({ name }) => name),
    string: table.filter((flag) => !isBoolean(flag)).map(({ name }) => name),
    collect: names,
    "--": true,
    unknown: (word) => {
      throw unknownFlag(word, table);
    },
  });
  const given = new Map<string, readonly string[]>();
  for (const flag of table) {
    const values = parsed[flag.name] ?? [];
    if (values.length > 0) given.set(flag.name, checkGiven(flag, values.map(String)));
    else if (flag.required) throw usageError(`${flagTerm(flag)} is missing`);
  }
  checkCombinations(table, given);
  const flags = makeFlagValues(table, given);
  checkDates(flags);
  return flags;
}

function checkGiven(flag: Flag, values: readonly string[]): readonly string[] {
  if (flag.kind === "boolean") return ["true"];
  if (flag.kind !== "strings" && values.length > 1) {
    throw usageError(`--${flag.name} is given ${values.length} times, but takes one value`);
  }
  return values.map((value) => checkFlagValue(flag, value));
}

function checkCombinations(table: readonly Flag[], given: ReadonlyMap<string, readonly string[]>): void {
  for (const { name, excludes = [] } of table) {
    const other = given.has(name) ? excludes.find((other) => given.has(other)) : undefined;
    if (other !== undefined) {
      throw usageError(`--${name} and --${other} contradict each other`, "leave one of them out");
    }
  }
}

function checkDates(flags: FlagValues): void {
  if (!flags.knows("since") || !flags.knows("until")) return;
  const since = flags.date("since");
  const until = flags.date("until");
  if (since !== undefined && until !== undefined && since.fromMs > until.toMs) {
    throw usageError("--since is later than --until", "no thread can be in between");
  }
}

function checkArguments(command: Command, words: readonly string[]): readonly string[] {
  const { args, name } = command;
  const last = args.at(-1);
  const most = last?.variadic ? Infinity : args.length;
  if (words.length > most) {
    throw usageError(`unexpected argument ${shown(words[most] ?? "")} for ${name}`, helpHint(name));
  }
  const missing = args[words.length];
  if (missing?.required) throw usageError(`${name} needs ${missing.name}`, helpHint(name));
  return words.map((word, index) => {
    const argument = args[index] ?? last;
    return argument === undefined ? word : checkArgument(argument, word);
  });
}

function helpHint(name: string): string {
  return `codexkeep help ${name}`;
}
