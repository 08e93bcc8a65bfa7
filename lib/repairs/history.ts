/** Give stored positions in rollouts their right values again. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const historyRepair: Repair = {
  name: "history",
  summary: "give stored positions in rollouts their right values again",
  safe: true,
  find: () => [],
  plan: undefined,
};
