/**
 * Threads of which the database says archived and the place of the file not, or the other way round. The place is the
 * truth: Codex makes its database anew by it. Where the files of one thread are in both places, the database decides.
 */
import type { Finding } from "../core/finding.ts";
import type { RelPath } from "../core/path.ts";
import type { Cell, Change, Skip } from "../core/plan.ts";
import type { Rollout, Thread, ThreadRow } from "../core/snapshot.ts";
import { placeOf } from "../codex/places.ts";
import { archivedAt } from "./archived_at.ts";
import { moveOf } from "./move.ts";
import type { Draft, Facts, Repair, RepairOptions } from "./repair.ts";
import { rowPathOf } from "./row_path.ts";
import { filesByThread, type ThreadFile } from "./thread_files.ts";

/** Finds and cures this ailment. */
export const archiveRepair: Repair = {
  name: "archive",
  summary: "make the archived flag and the place of the file agree",
  safe: true,
  find: findMismatches,
  plan: planArchive,
};

/** A thread whose row and files disagree. */
interface Mismatch {
  readonly thread: Thread;
  readonly row: ThreadRow;
  /** Oldest first. */
  readonly files: readonly ThreadFile[];
  /** Whether it is to be archived. */
  readonly archived: boolean;
}

function mismatches(facts: Facts): readonly Mismatch[] {
  const found: Mismatch[] = [];
  const arranged = filesByThread(facts);
  for (const thread of facts.snapshot.threads.values()) {
    const { row } = thread;
    const files = arranged.get(thread.id)?.files ?? [];
    if (row === undefined || files.length === 0) continue;
    const places = new Set(files.map(({ rollout }) => rollout.archived));
    const archived = places.size > 1 ? row.archived : files.some(({ rollout }) => rollout.archived);
    if (places.size === 1 && (archived === row.archived || mayBeMeant(thread, row))) continue;
    found.push({ thread, row, files, archived });
  }
  return found;
}

/**
 * A file of the thread is in the place that the row says, but cannot be used here: a damaged one, which is the scan's to
 * report, or a link, which Codex follows.
 */
function mayBeMeant({ rollouts }: Thread, row: ThreadRow): boolean {
  return rollouts.some(({ damage, archived }) => damage !== undefined && archived === row.archived);
}

function findMismatches(facts: Facts): readonly Finding[] {
  const found = mismatches(facts);
  if (found.length === 0) return [];
  return [{
    code: "archive-mismatch",
    severity: "warning",
    count: found.length,
    repair: "archive",
    message:
      `${found.length} thread(s) are archived in the database and not on the disk, or the other way round; ` +
      `lists leave them out or show them in the wrong place`,
    samples: found.map(describe),
  }];
}

function describe({ thread, row, files }: Mismatch): string {
  const place = files.map(({ rollout }) => rollout.path).join(", ");
  return `${thread.id}: the database says ${
    row.archived ? "archived" : "not archived"
  }, the file is ${place}`;
}

function planArchive(facts: Facts, { threads }: RepairOptions): Draft {
  const { codex, live } = facts.snapshot;
  const selected = new Set(threads.map(({ id }) => id));
  const busy = new Set(codex.busyThreads);
  const changes: Change[] = [];
  const skipped: Skip[] = [];
  for (const found of mismatches(facts)) {
    const { id } = found.thread;
    if (!selected.has(id) || live === undefined) continue;
    const moves = movesOf(facts, found);
    const reason = busy.has(id)
      ? "Codex has it open"
      : moves.find(({ blocked }) => blocked !== undefined)?.blocked;
    if (reason !== undefined) {
      skipped.push({ subject: id, reason });
      continue;
    }
    const cells = cellsOf(facts, found, moves.at(-1)?.to);
    for (const { rollout, to } of moves) if (to !== rollout.path) changes.push(moveOf(rollout, to, id));
    if (Object.keys(cells).length > 0) changes.push({ kind: "row", database: live.path, thread: id, cells });
  }
  return { changes, skipped };
}

interface Target {
  readonly rollout: Rollout;
  readonly to: RelPath;
  readonly blocked: string | undefined;
}

/** Brings all files of a thread to the one place, if they are in both. */
function movesOf({ files: disk }: Facts, { files, archived }: Mismatch): readonly Target[] {
  return files.map(({ rollout, name }) => {
    const to = rollout.archived === archived ? rollout.path : placeOf(name, archived) ?? rollout.path;
    const isBlocked = to !== rollout.path && disk.stat(to) !== undefined;
    return { rollout, to, blocked: isBlocked ? `there is a file already at ${to}` : undefined };
  });
}

/** Archived at the time of the last change, as Codex says when it makes its database anew (seen in Codex 0.169). */
function cellsOf(
  facts: Facts,
  { thread, row, files, archived }: Mismatch,
  place: RelPath | undefined,
): Readonly<Record<string, Cell>> {
  const newest = files.at(-1)?.rollout;
  const seconds = archived && newest ? Math.floor(newest.stamp.mtimeMs / 1000) : null;
  const cells: Record<string, Cell> = {};
  if (row.archived !== archived) {
    cells["archived"] = { before: Number(row.archived), after: Number(archived) };
    const before = archivedAt(facts, thread.id);
    if (before !== seconds) cells["archived_at"] = { before, after: seconds };
  }
  const path = place && rowPathOf(facts, place);
  if (path !== undefined && path !== row.rolloutPath) {
    cells["rollout_path"] = { before: row.rolloutPath, after: path };
  }
  return cells;
}
