/** Which command a line names. */
import type { Command } from "./command.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { didYouMean } from "../text/suggest.ts";
import { shown, usageError } from "./usage.ts";
import { isFlag, longFlag, nameOf } from "./words.ts";

/** The command that a line names, and where. */
export interface Named {
  /** Undefined when the line names none. */
  readonly command: Command | undefined;
  /** The first word of a family of commands, when the second is missing. */
  readonly family: string | undefined;
  /** Indexes of the words that name it. */
  readonly at: readonly number[];
}

/** Looks for the words that name a command, past flags that may stand before them. */
export function findCommand(argv: readonly string[], commands: readonly Command[]): Named {
  const first = nextWord(argv, 0);
  if (first === undefined) return { command: undefined, family: undefined, at: [] };
  const word = argv[first] ?? "";
  const single = commands.find(({ name, aliases }) =>
    !name.includes(" ") && [name, ...aliases].includes(word)
  );
  if (single !== undefined) return { command: single, family: undefined, at: [first] };
  const family = commands.filter(({ name }) => name.startsWith(word + " "));
  if (word === "" || family.length === 0) throw unknownCommand(word, commands);
  const second = nextWord(argv, first + 1);
  if (second === undefined) return { command: undefined, family: word, at: [first] };
  const command = family.find(({ name, aliases }) => [name, ...aliases].includes(`${word} ${argv[second]}`));
  if (command === undefined) throw unknownMember(word, argv[second] ?? "", family);
  return { command, family: undefined, at: [first, second] };
}

/**
 * Index of the next word that is no flag and no value of a global flag. Undefined at the end, at `--`, and at a flag
 * that is not global: whether it takes a value depends on the command, so nothing behind it can be told apart.
 */
function nextWord(argv: readonly string[], from: number): number | undefined {
  for (let index = from; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") return undefined;
    if (!isFlag(word)) return index;
    if (!word.startsWith("--")) {
      if (areGlobalLetters(word.slice(1))) continue;
      return undefined;
    }
    const flag = longFlag(nameOf(word), GLOBAL_FLAGS);
    if (flag === undefined) return undefined;
    if (flag.kind !== "boolean" && !word.includes("=")) index++;
  }
  return undefined;
}

function areGlobalLetters(letters: string): boolean {
  return [...letters].every((letter) => GLOBAL_FLAGS.some(({ short }) => short === letter));
}

function unknownCommand(word: string, commands: readonly Command[]): Error {
  const names = commands.flatMap(({ name, aliases }) => [name, ...aliases]).map((name) =>
    name.split(" ")[0] ?? name
  );
  return usageError(`unknown command ${shown(word)}`, didYouMean(word, names) ?? "codexkeep help");
}

function unknownMember(family: string, word: string, members: readonly Command[]): Error {
  const names = members.flatMap(({ name, aliases }) => [name, ...aliases]).map((name) =>
    name.slice(family.length + 1)
  );
  return usageError(
    `unknown command ${shown(`${family} ${word}`)}`,
    didYouMean(word, names, `${family} `) ?? `one of: ${names.join(", ")}`,
  );
}

/** The error for a family of commands without the word that says which. */
export function incomplete(family: string, commands: readonly Command[]): Error {
  const names = commands.map(({ name }) => name).filter((name) => name.startsWith(family + " "));
  return usageError(`${family} needs a second word`, `one of: ${names.join(", ")}`);
}
