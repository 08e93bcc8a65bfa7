/** Rows of threads: new ones for those that arrived, and what is newer elsewhere. */
import type { Extract } from "../codex/extract.ts";
import { newestThread, takenGroups } from "../codex/extract_merge.ts";
import type { Cells, Value } from "../codex/salvage.ts";
import { PINNED_SECTION } from "../codex/salvage_merge.ts";
import { ARRIVED_COLUMNS } from "../codex/threads.ts";
import { movedFolder } from "../core/folder.ts";
import type { AbsPath } from "../core/path.ts";
import type { Cell, EntryChange, RowChange, Skip } from "../core/plan.ts";
import type { Tables } from "../repairs/repair.ts";
import { filesOfThread } from "../repairs/thread_files.ts";
import { type FolderSource, mapsOfThread } from "./arrive_folders.ts";
import { removeRow } from "./arrive_removed.ts";
import type { Tombstone } from "./model.ts";
import { type Column, newRow, threadColumns, withTimes } from "./new_row.ts";

/** What rows are worked out from. */
export interface RowSource extends FolderSource {
  readonly own: Extract;
  readonly database: AbsPath;
  readonly tombstones: ReadonlyMap<string, Tombstone>;
  /** Ids of sections and projects as they will be. */
  readonly sections: ReadonlySet<string>;
  readonly projects: ReadonlySet<string>;
}

/** Changes of rows, and threads that are left alone. */
export interface RowDraft {
  readonly changes: (RowChange | EntryChange)[];
  readonly skipped: Skip[];
}

/** Texts that a rebuild of the database may have left empty. */
const TEXTS = ["title", "preview", "first_user_message"] as const;
const SECTION = ["thread_section_id", "section_position", "section_entered_at_ms"] as const;

/** Everything that becomes of rows. */
export function planRows(source: RowSource, tables: Tables): RowDraft {
  const { facts, others, database } = source;
  const draft: RowDraft = { changes: [], skipped: [] };
  const columns = threadColumns(tables);
  const busy = new Set(facts.snapshot.codex.busyThreads);
  for (const { id, row } of facts.snapshot.threads.values()) {
    const rollout = filesOfThread(facts, id).files.at(-1)?.rollout;
    const isKnown = rollout === undefined
      ? row !== undefined && isRemoved(source, row.rolloutPath)
      : others.some(({ threads }) => threads.has(id));
    if (!isKnown) continue;
    if (busy.has(id)) draft.skipped.push({ subject: id, reason: "Codex has it open" });
    else if (rollout === undefined) removeRow(tables, database, id, draft);
    else if (row !== undefined) changeRow(source, columns, id, draft);
    else {
      const found = newestThread(others, id)?.thread.row;
      const maps = mapsOfThread(source, id);
      const added = found &&
        newRow({ facts, database, columns, id, rollout, row: withKnownPlaces(found, source), maps });
      if (added !== undefined) draft.changes.push(added);
    }
  }
  return draft;
}

/** A thread that the user deleted on another machine: its file is gone, and a note in the folder says why. */
function isRemoved({ tombstones }: RowSource, rolloutPath: string): boolean {
  const name = rolloutPath.slice(Math.max(rolloutPath.lastIndexOf("/"), rolloutPath.lastIndexOf("\\")) + 1);
  return tombstones.has(name.replace(/\.zst$/, ""));
}

/** A row does not refer to a section or project that is not here. */
function withKnownPlaces(row: Cells, { sections, projects }: RowSource): Cells {
  const known: Record<string, Value> = { ...row };
  if (!isKnownPlace(row["thread_section_id"], sections)) { for (const name of SECTION) delete known[name]; }
  if (!isKnownPlace(row["project_id"], projects)) delete known["project_id"];
  return known;
}

function isKnownPlace(id: Value | undefined, ids: ReadonlySet<string>): boolean {
  return id === undefined || id === null || id === PINNED_SECTION || ids.has(String(id));
}

/** What others have changed last, and what Codex derived there from a longer file. */
function changeRow(
  source: RowSource,
  columns: readonly Column[],
  id: string,
  { changes }: RowDraft,
): void {
  const mine = source.own.threads.get(id)?.row;
  if (mine === undefined) return;
  const cells: Record<string, Cell> = {};
  const known = new Set(columns.map(({ name }) => name));
  for (const { group, cells: taken } of takenGroups(source.own, source.others, id)) {
    const isFine = group.columns.every((name) => known.has(name)) &&
      isKnownPlace(taken["thread_section_id"]?.after, source.sections) &&
      isKnownPlace(taken["project_id"]?.after, source.projects);
    if (isFine) Object.assign(cells, taken);
  }
  const newest = newestThread(source.others, id)?.thread.row ?? {};
  if (Number(newest["updated_at_ms"] ?? 0) > Number(mine["updated_at_ms"] ?? 0)) {
    Object.assign(cells, derivedCells(mine, withTimes(newest), known), folderCell(source, id, mine, newest));
  }
  for (const name of TEXTS) {
    const after = newest[name] ?? "";
    const isEmpty = known.has(name) && mine[name] === "" && cells[name] === undefined;
    if (isEmpty && after !== "") cells[name] = { before: "", after };
  }
  if (Object.keys(cells).length === 0) return;
  changes.push({ kind: "row", database: source.database, thread: id, cells });
}

function derivedCells(mine: Cells, newest: Cells, known: ReadonlySet<string>): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (const name of ARRIVED_COLUMNS) {
    const [before, after] = [mine[name] ?? null, newest[name] ?? null];
    if (known.has(name) && after !== null && before !== after) cells[name] = { before, after };
  }
  return cells;
}

/** A thread that the user took to another folder elsewhere goes along if that folder is here. */
function folderCell(source: RowSource, id: string, mine: Cells, newest: Cells): Record<string, Cell> {
  const [before, there] = [String(mine["cwd"] ?? ""), String(newest["cwd"] ?? "")];
  const after = movedFolder(there, mapsOfThread(source, id)) ?? there;
  if (after === before || after === "" || !source.facts.files.hasFolder(after)) return {};
  return { cwd: { before, after } };
}
