/** What the exit statuses mean, for help. */

/** Statuses that every command can end with. */
export const COMMON_EXIT_CODES: readonly number[] = [0, 1, 4];

/** Meaning of every exit status of the program. */
export const EXIT_MEANING: Readonly<Record<number, string>> = {
  0: "done, or nothing to do, or a plan was shown",
  1: "failed; the state is as it was before",
  2: "conflict: needs a decision",
  3: "Codex is running",
  4: "bad command line or configuration",
  5: "refused by a safety rule",
  6: "another run holds the lock",
  7: "the state database is missing, unreadable, malformed or of an unknown schema",
  8: "partly done: what was skipped is named",
  9: "an interrupted run must be recovered first",
  10: "--check: there is something to do",
  130: "interrupted",
};

/** The statuses of a command in ascending order, each with its meaning. */
export function exitCodesOf(command: { readonly exitCodes: readonly number[] }): readonly [number, string][] {
  const codes = [...new Set([...COMMON_EXIT_CODES, ...command.exitCodes])].sort((a, b) => a - b);
  return codes.map((code) => [code, EXIT_MEANING[code] ?? ""]);
}
