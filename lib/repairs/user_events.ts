/**
 * Threads in which a person said something but whose row says that nobody did. Codex 0.169 neither reads nor writes
 * that cell (seen there); older versions hid such threads. Evidence is a first message or a message in the file that a
 * person wrote; what Codex says in the user's name is none.
 */
import { AppError } from "../core/error.ts";
import type { Finding } from "../core/finding.ts";
import type { Thread } from "../core/snapshot.ts";
import { hasUserMessage, isAuthoredText } from "../codex/user_message.ts";
import type { Draft, Facts, Repair, RepairOptions } from "./repair.ts";
import { changeCells, NOTHING_TO_DO, threadCells, withoutBusy } from "./small_file.ts";

/** Finds and cures rows that deny what a person said. */
export const userEventsRepair: Repair = {
  name: "user-events",
  summary: "mark threads that hold a message of the user, for older versions",
  safe: true,
  find: findDrift,
  plan: planMarks,
};

function findDrift(facts: Facts): readonly Finding[] {
  const ids = unmarked(facts, facts.snapshot.threads).map(({ id }) => id);
  if (ids.length === 0) return [];
  return [{
    code: "user-event-drift",
    severity: "info",
    count: ids.length,
    repair: "user-events",
    message: `${ids.length} thread(s) with messages of the user are not marked as such in the database; ` +
      `only older versions of Codex look at the mark, 0.169 leaves it alone`,
    samples: ids,
  }];
}

function planMarks(facts: Facts, { threads, all }: RepairOptions): Draft {
  if (all && !isInUse(facts)) return NOTHING_TO_DO;
  const selected = new Map(threads.map((thread) => [thread.id, thread]));
  const changes = unmarked(facts, selected).flatMap(({ id, before }) =>
    changeCells(facts, id, { has_user_event: { before, after: 1 } }) ?? []
  );
  return withoutBusy(facts, changes);
}

/** Whether some version of Codex that writes the mark has used this database; 0.169 never does. */
function isInUse(facts: Facts): boolean {
  const marked = threadCells(
    facts,
    {},
    (has) => has("has_user_event") ? "has_user_event <> 0 limit 1" : "false",
  );
  return marked.length > 0;
}

/** Threads without the mark for which there is evidence, and what their cell holds. */
function unmarked(
  facts: Facts,
  threads: ReadonlyMap<string, Thread>,
): readonly { readonly id: string; readonly before: number | null }[] {
  const columns = { has_user_event: "1", head: "substr(first_user_message, 1, 200)" };
  const rows = threadCells(
    facts,
    columns,
    (has) => has("has_user_event") && has("first_user_message") ? "coalesce(has_user_event, 0) = 0" : "false",
  );
  return rows.flatMap((row) => {
    const thread = threads.get(String(row["id"]));
    if (thread === undefined) return [];
    const head = row["head"];
    const said = typeof head === "string" && head !== "" ? isAuthoredText(head) : isSaid(thread, facts);
    const before = row["has_user_event"] === null ? null : Number(row["has_user_event"]);
    return said ? [{ id: thread.id, before }] : [];
  });
}

/** Looked for only where the database does not know, because every file costs a look. */
function isSaid({ rollouts }: Thread, { contents }: Facts): boolean {
  return rollouts.some((rollout) => {
    if (rollout.damage !== undefined || rollout.bare) return false;
    try {
      return contents.with(rollout, hasUserMessage);
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  });
}
