/** The command line that cures a finding. */
/** What a repair cannot guess and the user has to add. */
const CHOICES: ReadonlyMap<string, string> = new Map([["cwd-missing", "--map OLD=NEW"]]);

/** Repairs that work on chosen threads; those that never take all of them. */
const BY_THREAD: ReadonlySet<string> = new Set([
  "provider",
  "history",
  "account",
  "paths",
  "cwd",
  "archive",
  "unarchive",
  "user-events",
  "preview",
]);
const ONLY_CHOSEN: ReadonlySet<string> = new Set(["account", "unarchive"]);

/** What a cure is told from. */
interface Curable {
  readonly repair?: string | undefined;
  readonly hint?: string | undefined;
}

/**
 * `codexkeep repair paths`; for one thread with `--thread ID`. Null when nothing can be done, or only something that a
 * hint has to tell.
 */
export function cureOf(code: string, { repair, hint }: Curable, thread?: string): string | null {
  if (repair === undefined) return hint !== undefined && isCommand(hint) ? hint : null;
  const choice = CHOICES.get(code);
  const id = thread ?? (ONLY_CHOSEN.has(repair) ? "ID" : undefined);
  return [
    `codexkeep repair ${repair}`,
    ...(choice === undefined ? [] : [choice]),
    ...(id !== undefined && BY_THREAD.has(repair) ? [`--thread ${id}`] : []),
  ].join(" ");
}

/** The hint of a finding, unless it is no more than the command that cures it. */
export function hintOf({ hint }: Curable): string | null {
  return hint === undefined || isCommand(hint) ? null : hint;
}

function isCommand(hint: string): boolean {
  return /^codexkeep [a-z -]+$/.test(hint);
}
