import type { Command } from "../command.ts";
import { WRITE_FLAGS } from "../flags.ts";
import { PLAN_EXIT_CODES } from "./sync.ts";

/** `codexkeep restore` */
export const RESTORE: Command = {
  name: "restore",
  aliases: [],
  summary: "takes a run back, from its record",
  description: [
    "Puts back what the run changed, to the byte, and nothing else. What somebody has changed since is a conflict: " +
    "nothing is done then (exit 2), unless --force says to go on. A restore has a " +
    "record of its own, so it can be taken back as well.",
  ],
  flags: [
    { name: "no-config", kind: "boolean", summary: "leave config.toml as it is" },
    { name: "no-db", kind: "boolean", summary: "leave the state database as it is" },
    { name: "no-sessions", kind: "boolean", summary: "leave the rollout files as they are" },
    { name: "force", kind: "boolean", summary: "go on although things have changed since" },
    {
      name: "originals",
      kind: "boolean",
      summary: "put every thread back to the provider it was first seen with",
    },
    ...WRITE_FLAGS,
  ],
  args: [{
    name: "ID",
    required: false,
    variadic: false,
    format: "record",
    summary: "id of the record, or `latest` (the default)",
  }],
  effects: "writes",
  examples: [
    { line: "codexkeep restore", does: "shows what taking back the last run would do, and asks" },
    { line: "codexkeep restore latest --apply", does: "takes it back" },
  ],
  exitCodes: [2, ...PLAN_EXIT_CODES],
  run: async (input) => (await import("../actions/restore.ts")).runRestore(input),
};
