import type { Command } from "../command.ts";
import { ONLY, SELECT_FLAGS, TARGET_FLAGS, WRITE_FLAGS } from "../flags.ts";

/** Exit statuses of every command that changes the home by a plan. */
export const PLAN_EXIT_CODES: readonly number[] = [3, 5, 6, 7, 8, 9, 10];

/** `codexkeep sync` */
export const SYNC: Command = {
  name: "sync",
  aliases: [],
  summary: "makes the history visible under the current provider, or a given one",
  description: [
    "Codex lists threads by provider: after a change of provider the older ones are out of sight. This gives them to " +
    "the provider in use, in all places where Codex looks: the rollout files and the state database. A thread of which " +
    "not every place can be changed is left alone and named.",
    "Shows the plan first. With --apply it is carried out: a record is written (the backup, and the undo), the changes " +
    "are made and then verified. Running it again changes nothing.",
  ],
  flags: [...TARGET_FLAGS, ONLY, ...SELECT_FLAGS, ...WRITE_FLAGS],
  args: [],
  effects: "writes",
  examples: [
    { line: "codexkeep sync", does: "shows the plan and asks" },
    { line: "codexkeep sync --apply", does: "carries it out" },
    {
      line: "codexkeep sync --from relay --to openai --since 2026-01-01",
      does: "only newer threads of one provider",
    },
    { line: "codexkeep sync --check --quiet", does: "for a script: exit 10 if threads are out of sight" },
  ],
  exitCodes: PLAN_EXIT_CODES,
  run: async (input) => (await import("../actions/sync.ts")).runSync(input),
};
