/** Sections, projects, attachments and who started whom: what is newer elsewhere, as changes of rows. */
import { type Extract, type ExtractThing, THING_TABLES } from "../codex/extract.ts";
import { type TakenThing, takenThings } from "../codex/extract_merge.ts";
import type { Cells } from "../codex/salvage.ts";
import { movedFolder } from "../core/folder.ts";
import type { AbsPath } from "../core/path.ts";
import type { Cell, EntryChange } from "../core/plan.ts";
import type { Tables } from "../repairs/repair.ts";
import { type FolderSource, mapsFrom } from "./arrive_folders.ts";

/** What things are worked out from. */
export interface ThingSource extends FolderSource {
  readonly own: Extract;
  readonly database: AbsPath;
}

/** Changes of things: what is made comes before the rows that refer to it, what is taken away after them. */
export interface ThingDraft {
  readonly made: readonly EntryChange[];
  readonly gone: readonly EntryChange[];
  /** Ids of sections and projects as they will be. */
  readonly sections: ReadonlySet<string>;
  readonly projects: ReadonlySet<string>;
}

/** Everything that becomes of things. `isThread` tells whether a thread has a file here. */
export function planThings(
  source: ThingSource,
  tables: Tables,
  isThread: (id: string) => boolean,
): ThingDraft {
  const made: EntryChange[] = [];
  const gone: EntryChange[] = [];
  const ids = {
    thread_sections: idsOf(source.own, "thread_sections"),
    projects: idsOf(source.own, "projects"),
  };
  for (const taken of takenThings(source.own, source.others)) {
    const { table, id, row } = taken.after;
    const columns = tables.columns(table);
    const { key, needs, threads } = THING_TABLES[table];
    if (![key, ...needs].every((name) => columns.includes(name))) continue;
    const named: Cells = { ...row, [key]: id };
    if (row !== undefined && !threads.every((name) => isThread(String(named[name])))) continue;
    if (row === undefined) {
      if (isUsed(source.own, taken.after)) continue;
      gone.push(...removal(source, tables, taken));
      if (table in ids) ids[table as keyof typeof ids].delete(id);
    } else {
      if (isTaken(source.own, taken.after)) continue;
      made.push(...making(source, tables, columns, taken));
      if (table in ids) ids[table as keyof typeof ids].add(id);
    }
  }
  return { made, gone, sections: ids.thread_sections, projects: ids.projects };
}

function idsOf({ things }: Extract, table: string): Set<string> {
  const alive = [...things.values()].filter((thing) => thing.table === table && thing.row !== undefined);
  return new Set(alive.map(({ id }) => id));
}

/** A section or project that threads here are still in stays. */
function isUsed(own: Extract, { table, id }: ExtractThing): boolean {
  const column = table === "thread_sections" ? "thread_section_id" : "project_id";
  if (table !== "thread_sections" && table !== "projects") return false;
  return [...own.threads.values()].some(({ row }) => row[column] === id);
}

/** Of an attachment there is one of each kind and identity, whatever it is called. */
function isTaken({ things }: Extract, { table, id, row }: ExtractThing): boolean {
  if (table !== "thread_attachments") return false;
  return [...things.values()].some((one) =>
    one.table === table && one.id !== id && one.row !== undefined &&
    ["thread_id", "attachment_type", "identity_key"].every((name) => one.row?.[name] === row?.[name])
  );
}

function making(
  source: ThingSource,
  tables: Tables,
  columns: readonly string[],
  taken: TakenThing,
): EntryChange[] {
  const { table, id, row = {} } = taken.after;
  const before = taken.before?.row;
  const entry = {
    kind: "entry" as const,
    database: source.database,
    table,
    key: { [THING_TABLES[table].key]: id },
  };
  const thread = table === "thread_attachments"
    ? String(row["thread_id"])
    : table === "thread_spawn_edges"
    ? id
    : undefined;
  const cells: Record<string, Cell> = {};
  for (const name of columns.filter((name) => name !== THING_TABLES[table].key)) {
    const [old, after] = [before?.[name] ?? null, row[name] ?? null];
    if (old !== after) cells[name] = { before: old, after };
  }
  const isNew = before === undefined;
  const change: EntryChange = { ...entry, op: isNew ? "add" : "change", thread, cells };
  const roots = table === "projects" ? planRoots(source, tables, taken) : [];
  return Object.keys(cells).length === 0 ? roots : [change, ...roots];
}

/** The folders of a project as they are called here. Those of one that is here change only to folders that are here. */
function planRoots(
  source: ThingSource,
  tables: Tables,
  { before, after, machine }: TakenThing,
): EntryChange[] {
  if (!tables.columns("project_roots").includes("path")) return [];
  const from = source.others.filter((other) => other.machine === machine);
  const maps = machine === source.machine ? [] : mapsFrom(source, from);
  const roots = [...new Set(after.roots.map((path) => movedFolder(path, maps) ?? path))];
  const old = before?.row === undefined ? [] : before.roots;
  if (before?.row !== undefined && !roots.every((path) => source.facts.files.hasFolder(path))) return [];
  if (!areNumbered(tables, after.id, old.length)) return [];
  const changes: EntryChange[] = [];
  for (let position = 0; position < Math.max(roots.length, old.length); position++) {
    const cell: Cell = { before: old[position] ?? null, after: roots[position] ?? null };
    if (cell.before === cell.after) continue;
    const op = cell.before === null ? "add" : cell.after === null ? "remove" : "change";
    changes.push(rootChange(source, after.id, position, op, cell));
  }
  return changes;
}

/** Whether the folders of a project are numbered from 0 without gaps, as Codex numbers them. */
function areNumbered(tables: Tables, project: string, count: number): boolean {
  const query = "select position from project_roots where project_id = ? order by position";
  const rows = tables.all(query, project);
  return rows.length === count && rows.every(({ position }, n) => position === n);
}

function rootChange(
  { database }: ThingSource,
  project: string,
  position: number,
  op: EntryChange["op"],
  path: Cell,
): EntryChange {
  const key = { project_id: project, position };
  return { kind: "entry", database, table: "project_roots", key, op, thread: undefined, cells: { path } };
}

function removal(source: ThingSource, tables: Tables, { before }: TakenThing): EntryChange[] {
  if (before?.row === undefined) return [];
  const { table, id, row, roots } = before;
  const { key } = THING_TABLES[table];
  const hasRoots = table === "projects" && tables.columns("project_roots").includes("path");
  if (hasRoots && !areNumbered(tables, id, roots.length)) return [];
  const cells = Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== null)
      .map(([name, value]) => [name, { before: value, after: null }]),
  );
  const taken = (hasRoots ? roots : []).map((path, position) =>
    rootChange(source, id, position, "remove", { before: path, after: null })
  );
  const thread = table === "thread_attachments" ? String(row["thread_id"]) : undefined;
  return [...taken, {
    kind: "entry",
    database: source.database,
    table,
    key: { [key]: id },
    op: "remove",
    thread,
    cells,
  }];
}
