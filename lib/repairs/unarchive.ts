/** Bring archived threads back. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const unarchiveRepair: Repair = {
  name: "unarchive",
  summary: "bring archived threads back",
  safe: false,
  find: () => [],
  plan: undefined,
};
