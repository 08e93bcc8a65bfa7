/** What becomes of a run that fails, or is told to stop. */
import { AppError, messageOf } from "../core/error.ts";
import type { Skip } from "../core/plan.ts";
import { stateOf } from "../core/record.ts";
import type { Run } from "./batches.ts";
import { readJournal } from "./records.ts";
import { undo } from "./undo.ts";

/**
 * Takes everything back and returns the error to throw: the one the run failed with, and what could not be put back;
 * `recovery-pending` when the taking back failed, too, and the record stays for `recover`.
 */
export function abandon(run: Run, error: unknown, busyMs: number): unknown {
  try {
    const journal = readJournal(run.place.disk, run.place.home, run.record.id);
    if (stateOf(journal) === "complete") return notNoted(run, error);
    const { left } = undo(run.place, run.changes, journal, busyMs);
    run.record.log({ event: "undone" });
    return left.length === 0 ? error : notWhole(left, error);
  } catch (second) {
    const message = `the run failed (${messageOf(error)}) and could not be taken back: ${messageOf(second)}`;
    return new AppError("recovery-pending", message, { cause: error, hint: "codexkeep recover" });
  }
}

/** All is done and the record says so, but the disk may not keep what it says: nothing is taken back by half. */
function notNoted({ record }: Run, error: unknown): AppError {
  const why = messageOf(error);
  const message = `all changes were made, but record "${record.id}" may not be on the disk: ${why}`;
  return new AppError("partial", message, { cause: error, hint: "codexkeep status" });
}

function notWhole(left: readonly Skip[], error: unknown): AppError {
  const named = left.map(({ subject, reason }) => `${subject}: ${reason}`).join("; ");
  return new AppError("partial", `${messageOf(error)}; taken back, except for ${named}`, { cause: error });
}
