import type { Command } from "../command.ts";

/** `codexkeep version` */
export const VERSION: Command = {
  name: "version",
  aliases: [],
  summary: "prints the version, and with --json those of the runtime and of SQLite",
  description: [],
  flags: [],
  args: [],
  effects: "reads",
  examples: [{ line: "codexkeep version --json", does: "everything a bug report needs" }],
  exitCodes: [],
  run: async (input) => (await import("../actions/version.ts")).runVersion(input),
};
