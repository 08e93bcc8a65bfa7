/** "Did you mean": the one importer of `@std/text`, which is untyped there. */
import { closestString as untyped } from "@std/text/closest-string";

const closestString: (word: string, choices: string[]) => string = untyped;

/** A character that no name holds, so that a stand-in made with it is as far from the word as it is long. */
const NEVER = "\u0000";

/**
 * The choice that `word` was probably meant to be; undefined when none is near. Near is: at most a third of the
 * letters, and at least one, need to be changed, added or taken away.
 */
export function closest(word: string, choices: readonly string[]): string | undefined {
  if (choices.length === 0 || word.length > 64) return undefined;
  const limit = Math.max(1, Math.ceil(word.length / 3));
  // A stand-in at exactly the limit: when it wins, every real choice is farther away.
  const standIn = word.slice(0, -limit) + NEVER.repeat(limit);
  const found = closestString(word, [...choices, standIn]);
  return found === standIn ? undefined : found;
}

/** The hint for a word that is none of `choices`; undefined when there is nothing to suggest. */
export function didYouMean(word: string, choices: readonly string[], mark = ""): string | undefined {
  const found = closest(word, choices);
  return found === undefined ? undefined : `did you mean "${mark}${found}"?`;
}
