/**
 * What else names the folder of threads and follows when it moves: the projects in the database, and the sidebar of the
 * desktop app. Threads are taken along one by one, a folder itself only when no thread in use stays behind.
 */
import { type FolderMove, isFolderWithin, movedFolder } from "../core/folder.ts";
import type { EntryChange } from "../core/plan.ts";
import type { Thread } from "../core/snapshot.ts";
import { moveRoots, moveThreads } from "../codex/ui_folders.ts";
import { cwdOf } from "./cwd_find.ts";
import type { Draft, Facts } from "./repair.ts";
import { NOTHING_TO_DO } from "./small_file.ts";
import { editUiState } from "./ui_state_edit.ts";

/** The changes after which projects and the sidebar name the new places, too; `threads` are those that move. */
export function planPlaces(facts: Facts, threads: readonly Thread[], maps: readonly FolderMove[]): Draft {
  if (maps.length === 0) return NOTHING_TO_DO;
  const moving = new Set(threads.map(({ id }) => id));
  const emptied = maps.filter((map) => !isNeeded(map, maps, facts, moving));
  const sidebar = planSidebar(facts, moving, maps, emptied);
  return { ...sidebar, changes: [...moveProjects(facts, emptied), ...sidebar.changes] };
}

/** Whether a thread in use stays in the old place of a folder. */
function isNeeded(
  map: FolderMove,
  maps: readonly FolderMove[],
  { snapshot }: Facts,
  moving: ReadonlySet<string>,
): boolean {
  return [...snapshot.threads.values()].some((thread) => {
    const cwd = cwdOf(thread);
    if (cwd === undefined || moving.has(thread.id) || thread.row?.archived) return false;
    return isFolderWithin(cwd, map.from) && movedFolder(cwd, maps) === movedFolder(cwd, [map]);
  });
}

/** Codex 0.169 keeps the folders of projects in a table of their own (seen there). */
function moveProjects({ snapshot: { live }, tables }: Facts, maps: readonly FolderMove[]): EntryChange[] {
  if (live === undefined || live.problem !== undefined) return [];
  const rows = tables(
    live.path,
    (open) =>
      open.columns("project_roots").length === 0
        ? []
        : open.all("select project_id, position, path from project_roots order by project_id, position"),
  ) ?? [];
  return rows.flatMap((row): EntryChange[] => {
    const before = String(row["path"]);
    const after = movedFolder(before, maps);
    if (after === undefined) return [];
    const key = { project_id: String(row["project_id"]), position: Number(row["position"]) };
    const cells = { path: { before, after } };
    const table = "project_roots";
    return [{ kind: "entry", database: live.path, table, key, op: "change", thread: undefined, cells }];
  });
}

function planSidebar(
  facts: Facts,
  moving: ReadonlySet<string>,
  maps: readonly FolderMove[],
  emptied: readonly FolderMove[],
): Draft {
  return editUiState(facts, (state) => [
    ...moveRoots(state, (folder) => movedFolder(folder, emptied)),
    ...moveThreads(state, (folder) => movedFolder(folder, maps), (thread) => moving.has(thread)),
  ]);
}
