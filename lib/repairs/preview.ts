/** Give threads without a preview theirs back. */
import type { Repair } from "./repair.ts";

/** Finds and cures this ailment. */
export const previewRepair: Repair = {
  name: "preview",
  summary: "give threads without a preview theirs back",
  safe: true,
  find: () => [],
  plan: undefined,
};
