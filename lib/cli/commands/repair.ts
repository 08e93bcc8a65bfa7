import type { Command } from "../command.ts";
import { SELECT_FLAGS, TARGET_FLAGS, WRITE_FLAGS } from "../flags.ts";
import { PLAN_EXIT_CODES } from "./sync.ts";

/** `codexkeep repair NAME…` for the repairs of these names. */
export function repairCommand(names: readonly string[]): Command {
  return {
    name: "repair",
    aliases: [],
    summary: "runs the named repairs, or all that are safe without a choice",
    description: [
      "Each repair cures one finding of `codexkeep diagnose`, which names it. `repair provider` is what `sync` does.",
      "Shows the plan first; with --apply it is carried out and can be taken back.",
    ],
    flags: [...TARGET_FLAGS, ...SELECT_FLAGS, ...WRITE_FLAGS],
    args: [{
      name: "NAME",
      required: true,
      variadic: true,
      choices: names,
      summary: `one or more of: ${names.join(", ")}`,
    }],
    effects: "writes",
    examples: [
      { line: "codexkeep repair all", does: "shows everything that can be put right, and asks" },
      { line: "codexkeep repair provider --apply", does: "one of them, carried out" },
    ],
    exitCodes: PLAN_EXIT_CODES,
    run: async (input) => (await import("../actions/repair.ts")).runRepair(input),
  };
}
