/** `repair`. */
import type { Invocation, Outcome } from "../command.ts";
import { runRepairs } from "./sync.ts";

/** Runs the named repairs as one plan with one record. */
export function runRepair(input: Invocation): Promise<Outcome> {
  return runRepairs(input, "repair", input.args);
}
