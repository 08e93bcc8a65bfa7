/** What the live database lacks and backups still know, as changes of cells and rows that it lacks. */
import type { Cell } from "../core/plan.ts";
import { type Cells, GROUPS, type Known, SALVAGED_TABLES, type SalvagedTable, says } from "./salvage.ts";

/** What to put back. */
export interface Salvage {
  /** Cells of threads, by id, with where each thread's were found. */
  readonly rows: ReadonlyMap<
    string,
    { readonly cells: Readonly<Record<string, Cell>>; readonly from: string }
  >;
  /** Rows of other tables. */
  readonly entries: readonly SalvagedEntry[];
  /** Names, pins, sections and projects that the live database has exactly as a backup knows them. */
  readonly kept: number;
}

/** A row that the live database lacks. */
export interface SalvagedEntry {
  readonly table: SalvagedTable;
  readonly row: Cells;
  /** The thread it is about, if any. */
  readonly thread: string | undefined;
}

/** Section that every database of Codex 0.169 has: that of pinned threads (seen there). */
export const PINNED_SECTION = "01984de2-8f74-7c91-a3b2-5c5e937cf318";

/** Columns whose being there shows that a database was not made from the rollouts alone. */
const TELLING: ReadonlySet<string> = new Set(["name", "thread_section_id", "project_id"]);

/**
 * What `live` lacks of what `backups`, newest first, know: of each thread in `ids`, and of everything else. A value
 * that is there is never replaced. Sections and projects are found again by their id, or by their name when somebody
 * has made them anew.
 */
export function mergeSalvage(live: Known, backups: readonly Known[], ids: ReadonlySet<string>): Salvage {
  const rows = new Map<string, { cells: Record<string, Cell>; from: string }>();
  let kept = 0;
  for (const id of ids) {
    for (const group of GROUPS) {
      if (!group.columns.every((name) => live.columns.includes(name))) continue;
      const own = live.threads.get(id);
      const backup = backups.find(({ threads }) => says(group, threads.get(id)));
      const lost = backup?.threads.get(id);
      if (backup === undefined || lost === undefined) continue;
      const [first = ""] = group.columns;
      if (says(group, own)) {
        if (TELLING.has(first) && own?.[first] === lost[first]) kept++;
        continue;
      }
      const known = rows.get(id) ?? { cells: {}, from: backup.from };
      for (const name of group.columns) {
        const before = own === undefined ? (name === first ? group.empty : null) : own[name] ?? null;
        const after = lost[name] ?? null;
        if (before !== after) known.cells[name] = { before, after };
      }
      rows.set(id, known);
    }
  }
  const groups = new Map([...rows].map(([id, { cells }]) => [id, cells]));
  const placed = ["thread_sections", "projects"] as const;
  const entries = placed.flatMap((table) => placeHolders(table, live, backups, groups));
  entries.push(...aboutThreads(live, backups, ids));
  for (const [id, { cells }] of rows) if (Object.keys(cells).length === 0) rows.delete(id);
  return { rows, entries: entries.flatMap((entry) => fitted(entry, live)), kept };
}

/** A row as far as the live database has columns for it; none where it has no such table. */
function fitted({ table, row, thread }: SalvagedEntry, { tableColumns }: Known): SalvagedEntry[] {
  const columns = tableColumns[table];
  if (!SALVAGED_TABLES[table].every((name) => columns.includes(name))) return [];
  const cells = Object.entries(row).filter(([name]) => columns.includes(name));
  return [{ table, row: Object.fromEntries(cells), thread }];
}

/** The column of `threads` that refers to a table. */
const REFERENCES = { "thread_sections": "thread_section_id", "projects": "project_id" } as const;

/**
 * The sections or projects that are to be made again: those of the newest backup that knows any, and those that
 * threads are to be put into. A thread whose section is nowhere to be found is not put into it.
 */
function placeHolders(
  table: keyof typeof REFERENCES,
  live: Known,
  backups: readonly Known[],
  rows: ReadonlyMap<string, Record<string, Cell>>,
): SalvagedEntry[] {
  const own = live.tables[table];
  const made = new Map<string, Cells>();
  const newest = backups.find(({ tables }) => tables[table].some(({ id }) => id !== PINNED_SECTION));
  const want = (row: Cells): string => {
    const id = String(row["id"]);
    const there = own.find((one) => one["id"] === id) ?? own.find((one) => one["name"] === row["name"]);
    if (there === undefined) made.set(id, row);
    return String(there?.["id"] ?? id);
  };
  newest?.tables[table].forEach(want);
  const column = REFERENCES[table];
  for (const cells of rows.values()) {
    const cell = cells[column];
    if (cell === undefined || cell.after === null) continue;
    const row = findRow(backups, table, String(cell.after)) ?? own.find(({ id }) => id === cell.after);
    if (row === undefined) dropGroup(cells, column);
    else cells[column] = { before: cell.before, after: want(row) };
  }
  return [...made.values()].flatMap((row) => [
    { table, row, thread: undefined },
    ...(table === "projects" ? rootsOf(backups, String(row["id"])) : []),
  ]);
}

function findRow(backups: readonly Known[], table: SalvagedTable, id: string): Cells | undefined {
  for (const { tables } of backups) {
    const row = tables[table].find((one) => one["id"] === id);
    if (row !== undefined) return row;
  }
  return undefined;
}

function rootsOf(backups: readonly Known[], project: string): SalvagedEntry[] {
  const holder = backups.find(({ tables }) =>
    tables.project_roots.some((row) => row["project_id"] === project)
  );
  return (holder?.tables.project_roots ?? []).filter((row) => row["project_id"] === project)
    .map((row) => ({ table: "project_roots", row, thread: undefined }));
}

function dropGroup(cells: Record<string, Cell>, column: string): void {
  const group = GROUPS.find(({ columns }) => columns.includes(column));
  for (const name of group?.columns ?? []) delete cells[name];
}

/** Rows about threads that are there, where the live database has none of that name. */
function aboutThreads(live: Known, backups: readonly Known[], ids: ReadonlySet<string>): SalvagedEntry[] {
  const entries: SalvagedEntry[] = [];
  for (const { table, thread, key } of ABOUT) {
    const seen = new Set(live.tables[table].flatMap((row) => key.map((columns) => nameOf(row, columns))));
    for (const row of backups.flatMap(({ tables }) => tables[table])) {
      const names = key.map((columns) => nameOf(row, columns));
      if (names.some((name) => seen.has(name)) || !thread.every((column) => ids.has(String(row[column])))) {
        continue;
      }
      names.forEach((name) => seen.add(name));
      entries.push({ table, row, thread: String(row[thread[0] ?? ""]) });
    }
  }
  return entries;
}

/** Tables about threads: the columns that name threads, and those that are unique together. */
const ABOUT: readonly {
  readonly table: SalvagedTable;
  readonly thread: readonly string[];
  readonly key: readonly (readonly string[])[];
}[] = [
  {
    table: "thread_spawn_edges",
    thread: ["child_thread_id", "parent_thread_id"],
    key: [SALVAGED_TABLES.thread_spawn_edges],
  },
  {
    table: "thread_attachments",
    thread: ["thread_id"],
    key: [SALVAGED_TABLES.thread_attachments, ["thread_id", "attachment_type", "identity_key"]],
  },
  { table: "thread_read_receipts", thread: ["thread_id"], key: [SALVAGED_TABLES.thread_read_receipts] },
];

function nameOf(row: Cells, columns: readonly string[]): string {
  return JSON.stringify(columns.map((name) => [name, row[name] ?? null]));
}
