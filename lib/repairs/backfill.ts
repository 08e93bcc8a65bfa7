/** Let Codex index rollouts it does not know. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const backfillRepair: Repair = {
  name: "backfill",
  summary: "let Codex index rollouts it does not know",
  safe: true,
  find: () => [],
  plan: undefined,
};
