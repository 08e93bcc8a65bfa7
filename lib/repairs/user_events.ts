/** Mark threads that hold a message of the user, for older versions. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const userEventsRepair: Repair = {
  name: "user-events",
  summary: "mark threads that hold a message of the user, for older versions",
  safe: true,
  find: () => [],
  plan: undefined,
};
