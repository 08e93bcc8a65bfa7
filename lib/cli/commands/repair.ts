import type { RepairEntry } from "../../repairs/catalogue.ts";
import type { Command } from "../command.ts";
import { MAP, ONLY, SELECT_FLAGS, TARGET_FLAGS, WRITE_FLAGS } from "../flags.ts";
import { PLAN_EXIT_CODES } from "./sync.ts";

/** `codexkeep repair NAME…` for these repairs, and `all`. */
export function repairCommand(repairs: readonly RepairEntry[]): Command {
  const safe = repairs.filter((repair) => repair.safe).map(({ name }) => name);
  const all = ["all", `those that are right without a choice: ${safe.join(", ")}`] as const;
  return {
    name: "repair",
    aliases: [],
    summary: "runs the named repairs, or all that are safe without a choice",
    description: [
      "Each repair cures one finding of `codexkeep diagnose`, which names it. Several are made as one plan, each for " +
      "the home as it will be after those before it. `repair provider` is what `sync` does; `unarchive` and `account` " +
      "work on chosen threads only.",
      "Shows the plan first; with --apply it is carried out and can be taken back.",
    ],
    flags: [MAP, ...TARGET_FLAGS, ONLY, ...SELECT_FLAGS, ...WRITE_FLAGS],
    args: [{
      name: "NAME",
      required: true,
      variadic: true,
      choices: [...repairs.map(({ name }) => name), "all"],
      summary: "what to repair; several make one plan",
      explained: [...repairs.map(({ name, summary }) => [name, summary] as const), all],
    }],
    effects: "writes",
    examples: [
      { line: "codexkeep repair all", does: "shows everything that can be put right, and asks" },
      { line: "codexkeep repair provider --apply", does: "one of them, carried out" },
      { line: "codexkeep repair cwd --map /old/place=/new/place", does: "follows a project that was moved" },
    ],
    exitCodes: PLAN_EXIT_CODES,
    run: async (input) => (await import("../actions/repair.ts")).runRepair(input),
  };
}
