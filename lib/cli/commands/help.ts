import type { Command } from "../command.ts";

/** `codexkeep help` */
export const HELP: Command = {
  name: "help",
  aliases: [],
  summary: "prints help for all commands, or for one",
  description: [],
  flags: [],
  args: [{
    name: "COMMAND",
    required: false,
    variadic: true,
    summary: "a command, such as `sync` or `backups list`",
  }],
  effects: "reads",
  examples: [{ line: "codexkeep help sync", does: "the same as codexkeep sync --help" }],
  exitCodes: [],
  run: async (input) => (await import("../actions/help.ts")).runHelp(input),
};
