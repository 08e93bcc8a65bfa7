/**
 * Archived threads that the user wants back: their files go to the folder of their day and the row says so, which is
 * what `codex unarchive` leaves, but for the time of the last change: that stays as it was.
 */
import type { Finding } from "../core/finding.ts";
import type { Cell, Change, Skip } from "../core/plan.ts";
import type { Thread } from "../core/snapshot.ts";
import { placeOf } from "../codex/places.ts";
import { archivedAt } from "./archived_at.ts";
import { moveOf } from "./move.ts";
import type { Draft, Facts, Repair, RepairOptions } from "./repair.ts";
import { rowPathOf } from "./row_path.ts";
import { filesOfThread } from "./thread_files.ts";

/** Brings archived threads back. */
export const unarchiveRepair: Repair = {
  name: "unarchive",
  summary: "bring archived threads back",
  safe: false,
  needs: "selection",
  find: findArchived,
  plan: planUnarchive,
};

/** All of its files lie in the archive; whether the row agrees is the business of another repair. */
function isArchived(facts: Facts, { id }: Thread): boolean {
  const { files } = filesOfThread(facts, id);
  return files.length > 0 && files.every(({ rollout }) => rollout.archived);
}

function findArchived(facts: Facts): readonly Finding[] {
  const archived = [...facts.snapshot.threads.values()].filter((thread) => isArchived(facts, thread));
  if (archived.length === 0) return [];
  return [{
    code: "archived-thread",
    severity: "info",
    count: archived.length,
    repair: "unarchive",
    message:
      `${archived.length} thread(s) are archived; Codex lists and opens them only when it is asked for archived ones`,
    samples: archived.map(({ id }) => `${id}: ${filesOfThread(facts, id).files.at(-1)?.rollout.path ?? ""}`),
  }];
}

function planUnarchive(facts: Facts, { threads, named = false }: RepairOptions): Draft {
  const changes: Change[] = [];
  const skipped: Skip[] = [];
  const archived = threads.filter((thread) => isArchived(facts, thread));
  if (!named) {
    const reason = `${archived.length} are archived; name those that are to come back with --thread ID`;
    return { changes, skipped: archived.length === 0 ? [] : [{ subject: "archived threads", reason }] };
  }
  for (const thread of archived) {
    const planned = bringBack(facts, thread);
    if ("refused" in planned) skipped.push({ subject: thread.id, reason: planned.refused });
    else changes.push(...planned);
  }
  return { changes, skipped };
}

function bringBack(facts: Facts, { id, row }: Thread): readonly Change[] | { readonly refused: string } {
  const { snapshot: { codex, live }, files: disk } = facts;
  if (codex.busyThreads.includes(id)) return { refused: "Codex has it open" };
  const { files, copies } = filesOfThread(facts, id);
  if (copies.length > 0) return { refused: "there are copies of its file: codexkeep repair paths" };
  const changes: Change[] = [];
  let newest: string | undefined;
  for (const { rollout, name } of files) {
    const to = placeOf(name, false);
    if (to === undefined) return { refused: `${rollout.path} has no name that tells its day` };
    if (disk.stat(to) !== undefined) return { refused: `there is a file already at ${to}` };
    changes.push(moveOf(rollout, to, id));
    newest = rowPathOf(facts, to);
  }
  if (row === undefined || live === undefined || newest === undefined) return changes;
  const cells: Record<string, Cell> = { rollout_path: { before: row.rolloutPath, after: newest } };
  if (row.archived) {
    cells["archived"] = { before: 1, after: 0 };
    const before = archivedAt(facts, id);
    if (before !== null) cells["archived_at"] = { before, after: null };
  }
  return [...changes, { kind: "row", database: live.path, thread: id, cells }];
}
