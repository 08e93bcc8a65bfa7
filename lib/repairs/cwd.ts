/**
 * Threads whose folder lies elsewhere now, or is written in a form that nobody asks for. Codex keeps the folder of a
 * thread in three places and its readers use different ones, so all of them are changed or none (seen in Codex 0.169:
 * a list made from files goes by the first line, one made from the database by the row, and opening a thread by the
 * last settings event, whatever the row says).
 */
import { AppError } from "../core/error.ts";
import { type FolderMove, isFolderWithin, movedFolder, plainFolder, requireMoves } from "../core/folder.ts";
import type { Change, EditChange, RecodeChange, Skip } from "../core/plan.ts";
import type { Rollout, Thread } from "../core/snapshot.ts";
import type { Splice } from "../core/splice.ts";
import { type MoveFolder, moveFolders } from "../codex/cwd.ts";
import { drivesOf, findFolders } from "./cwd_find.ts";
import { planPlaces } from "./cwd_places.ts";
import type { Draft, Facts, Repair, RepairOptions } from "./repair.ts";
import { changeCells } from "./small_file.ts";

/** Finds and cures threads whose folder is another one. */
export const cwdRepair: Repair = {
  name: "cwd",
  summary: "follow a project folder that was moved or renamed (--map OLD=NEW)",
  safe: false,
  takes: "maps",
  find: findFolders,
  plan: planFolders,
};

function planFolders(facts: Facts, { threads, maps = [] }: RepairOptions): Draft {
  requireMoves(maps);
  const move = moverOf(facts, maps);
  const busy = new Set(facts.snapshot.codex.busyThreads);
  const changes: Change[] = [];
  const skipped: Skip[] = [];
  for (const thread of threads) {
    if (!concerns(thread, move, maps)) continue;
    const planned = busy.has(thread.id) ? { refused: "Codex has it open" } : planThread(thread, move, facts);
    if ("refused" in planned) skipped.push({ subject: thread.id, reason: planned.refused });
    else changes.push(...planned);
  }
  const left = new Set(skipped.map(({ subject }) => subject));
  const places = planPlaces(facts, threads.filter(({ id }) => !left.has(id)), maps);
  return { changes: [...changes, ...places.changes], skipped: [...skipped, ...places.skipped] };
}

/** What becomes of a folder: its new place, in the form that people write. */
function moverOf(facts: Facts, maps: readonly FolderMove[]): MoveFolder {
  const drives = drivesOf(facts.snapshot);
  return (folder) => {
    const moved = movedFolder(folder, maps) ?? plainFolder(folder);
    const form = drives.get(moved) ?? moved;
    return form === folder ? undefined : form;
  };
}

/** A thread that names a new place somewhere may have been moved in part, so it is looked at too. */
function concerns(thread: Thread, move: MoveFolder, maps: readonly FolderMove[]): boolean {
  const named = [thread.row?.cwd, ...thread.rollouts.map(({ meta }) => meta?.cwd)];
  return named.some((folder) =>
    folder !== undefined &&
    (move(folder) !== undefined || maps.some(({ to }) => isFolderWithin(folder, to)))
  );
}

function planThread(
  thread: Thread,
  move: MoveFolder,
  facts: Facts,
): readonly Change[] | { readonly refused: string } {
  const { row, rollouts } = thread;
  if (rollouts.length === 0) return { refused: "its rollout file is missing" };
  const changes: Change[] = [];
  for (const rollout of rollouts) {
    const edit = editRollout(thread.id, rollout, move, facts);
    if (edit !== undefined && "refused" in edit) return { refused: `${rollout.path}: ${edit.refused}` };
    if (edit !== undefined) changes.push(edit);
  }
  const moved = row === undefined ? undefined : move(row.cwd);
  if (row === undefined || moved === undefined) return changes;
  const change = changeCells(facts, thread.id, { cwd: { before: row.cwd, after: moved } });
  return change === undefined
    ? { refused: "there is no database to change its row in" }
    : [...changes, change];
}

function editRollout(
  thread: string,
  rollout: Rollout,
  move: MoveFolder,
  { contents }: Facts,
): EditChange | RecodeChange | undefined | { readonly refused: string } {
  if (rollout.damage !== undefined) return { refused: rollout.damage.detail };
  try {
    return contents.with(rollout, (content) => {
      const grown = rollout.encoding === "plain" && content.size !== rollout.stamp.size;
      if (grown) return { refused: "another program is writing to it" };
      const splices = moveFolders(content, move);
      if ("refused" in splices) return splices;
      return splices.length === 0 ? undefined : editOf(thread, rollout, splices, content.size, move);
    });
  } catch (error) {
    if (error instanceof AppError) return { refused: error.message };
    throw error;
  }
}

function editOf(
  thread: string,
  { path, encoding, meta, stamp: { size, mtimeMs } }: Rollout,
  splices: readonly Splice[],
  contentSize: number,
  move: MoveFolder,
): EditChange | RecodeChange {
  const before = meta?.cwd;
  const sets = { cwd: { before: before ?? null, after: (before && move(before)) ?? before ?? null } };
  return encoding === "zstd"
    ? { kind: "recode", path, thread, sets, size, mtimeMs, contentSize, splices }
    : { kind: "edit", path, thread, sets, size, mtimeMs, leaveMtimeMs: mtimeMs, splices };
}
