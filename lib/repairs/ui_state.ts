/** Show all workspaces in the app again. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const uiStateRepair: Repair = {
  name: "ui-state",
  summary: "show all workspaces in the app again",
  safe: true,
  find: () => [],
  plan: undefined,
};
