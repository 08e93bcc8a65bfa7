/** A run of codexkeep that was cut off and has to be taken back before anything else is written. */
import type { Facts, Repair } from "./repair.ts";

/** Reports an interrupted run. */
export const recordReport: Repair = {
  name: "record",
  summary: "report an interrupted run",
  safe: false,
  find: ({ snapshot: { pending } }: Facts) =>
    pending === undefined ? [] : [{
      code: "record-pending",
      severity: "error",
      count: 1,
      repair: undefined,
      message: "a run of codexkeep was interrupted; it has to be taken back first",
      hint: "codexkeep recover",
      samples: [pending],
    }],
  plan: undefined,
};
