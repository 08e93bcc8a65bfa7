/** Show threads of another ChatGPT account (a privacy boundary; only when asked for). */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const accountRepair: Repair = {
  name: "account",
  summary: "show threads of another ChatGPT account (a privacy boundary; only when asked for)",
  safe: false,
  find: () => [],
  plan: undefined,
};
