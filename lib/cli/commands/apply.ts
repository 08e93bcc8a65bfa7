import type { Command } from "../command.ts";
import { PLAN_OUT, WRITE_FLAGS } from "../flags.ts";
import { PLAN_EXIT_CODES } from "./sync.ts";

/** `codexkeep apply PLAN-FILE` */
export const APPLY_PLAN: Command = {
  name: "apply",
  aliases: [],
  summary: "carries out a plan that --plan-out has saved",
  description: [
    "The plan is carried out exactly as it was shown: its digest must be right, and everything it is about to change " +
    "must still be as it was. Otherwise nothing is changed and the exit status is 2.",
  ],
  flags: WRITE_FLAGS.filter((flag) => flag !== PLAN_OUT),
  args: [{ name: "PLAN-FILE", required: true, variadic: false, summary: "file written by --plan-out" }],
  effects: "writes",
  examples: [
    { line: "codexkeep sync --plan-out plan.json", does: "saves a plan" },
    { line: "codexkeep apply plan.json --apply", does: "carries it out later" },
  ],
  exitCodes: [2, ...PLAN_EXIT_CODES],
  run: async (input) => (await import("../actions/apply.ts")).runApply(input),
};
