import type { Command } from "../command.ts";
import { WAIT } from "../flags.ts";

/** `codexkeep recover` */
export const RECOVER: Command = {
  name: "recover",
  aliases: [],
  summary: "finishes undoing a run that was interrupted",
  description: [
    "After a crash or a power cut in the middle of a run, this brings the home back to where it was before. What " +
    "somebody else has changed meanwhile is left alone and named. Does nothing when no run was interrupted.",
  ],
  flags: [WAIT],
  args: [],
  effects: "writes",
  examples: [{ line: "codexkeep recover", does: "undoes the interrupted run, if there is one" }],
  exitCodes: [3, 5, 6, 7, 8, 9],
  run: async (input) => (await import("../actions/recover.ts")).runRecover(input),
};
