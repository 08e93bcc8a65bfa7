/** Follow a project folder that was moved or renamed (--map OLD=NEW). */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const cwdRepair: Repair = {
  name: "cwd",
  summary: "follow a project folder that was moved or renamed (--map OLD=NEW)",
  safe: false,
  find: () => [],
  plan: undefined,
};
