import type { Command } from "../command.ts";

/** `codexkeep status` */
export const STATUS: Command = {
  name: "status",
  aliases: [],
  summary: "shows the home, the provider in use, the threads of every provider and what to do next",
  description: [
    "Counts the threads of each provider twice, in the rollout files and in the state database, so that a difference " +
    "shows. Also says which database is live and why, whether Codex is running, and which records there are.",
    "Reads only: not even a log of the database is made.",
  ],
  flags: [],
  args: [],
  effects: "reads",
  examples: [
    { line: "codexkeep status", does: "the home that Codex uses" },
    { line: "codexkeep status --codex-home /mnt/old/.codex --json", does: "another home, for a script" },
  ],
  exitCodes: [7],
  run: async (input) => (await import("../actions/status.ts")).runStatus(input),
};
