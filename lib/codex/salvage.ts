/**
 * What only Codex's state database knows: names, pins and sections, projects, memory switches, git facts set by hand,
 * attachments, read receipts, which thread started which. Codex 0.169 sets a damaged database aside in `db-backups` and
 * makes a new one from the rollouts, in which all of that is missing (seen there); this finds what can be put back.
 */
import { AppError } from "../core/error.ts";

/** A cell as it is kept in plans. */
export type Value = string | number | null;
/** Named cells of a row. */
export type Cells = Readonly<Record<string, Value>>;

/** A database that may be damaged; every call may throw `AppError`. */
export interface DamagedTables {
  /** All rows of a query. */
  all(
    sql: string,
    ...params: readonly (string | number | null)[]
  ): readonly Readonly<Record<string, unknown>>[];
  /** Column names of a table; empty when there is none. */
  columns(table: string): readonly string[];
}

/** Columns of a thread that belong together: all of them come from one database or none. */
interface Group {
  readonly columns: readonly string[];
  /** The value of the first column that says nothing; the other columns say nothing when they are null. */
  readonly empty: Value;
}

/** What of a thread's row no rollout can tell. */
export const GROUPS: readonly Group[] = [
  { columns: ["name"], empty: null },
  { columns: ["thread_section_id", "section_position", "section_entered_at_ms"], empty: null },
  { columns: ["project_id"], empty: null },
  { columns: ["is_pinned"], empty: 0 },
  { columns: ["memory_mode"], empty: "enabled" },
  { columns: ["git_sha", "git_branch", "git_origin_url"], empty: null },
];

/** Tables beside `threads` that no rollout can tell, with what names their rows. */
export const SALVAGED_TABLES = {
  "thread_sections": ["id"],
  "projects": ["id"],
  "project_roots": ["project_id", "position"],
  "thread_spawn_edges": ["child_thread_id"],
  "thread_attachments": ["id"],
  "thread_read_receipts": ["thread_id"],
} as const satisfies Record<string, readonly string[]>;

/** The name of such a table. */
export type SalvagedTable = keyof typeof SALVAGED_TABLES;

/** What a database knows that no rollout can tell. */
export interface Known {
  /** Where it was read. */
  readonly from: string;
  /** Rows of threads of which there is something to tell, by id. */
  readonly threads: ReadonlyMap<string, Cells>;
  readonly tables: Readonly<Record<SalvagedTable, readonly Cells[]>>;
  /** Columns of `threads`. */
  readonly columns: readonly string[];
  /** Columns of the other tables; none of a table that is not there. */
  readonly tableColumns: Readonly<Record<SalvagedTable, readonly string[]>>;
  /** Whether everything could be read. */
  readonly whole: boolean;
}

/** Reads what a database knows, and of a damaged one what can still be read. Never throws for damage. */
export function readKnown(from: string, tables: DamagedTables): Known {
  const reader = { tables, whole: true, budget: MAX_FAILURES };
  const columns = columnsOf(reader, "threads");
  const groups = GROUPS.filter((group) => group.columns.every((name) => columns.includes(name)));
  const wanted = groups.flatMap((group) => group.columns);
  const condition = groups.flatMap(({ columns, empty }) =>
    columns.map((name, i) => saysSomething(name, i, empty))
  );
  const rows = groups.length === 0
    ? []
    : readRows(reader, "threads", ["id", ...wanted], condition.join(" or "));
  const threads = new Map(rows.map((row) => [String(row["id"]), row]));
  const tableColumns = ofTables((table) => columnsOf(reader, table));
  const others = ofTables((table) => readRows(reader, table, tableColumns[table], "true"));
  return { from, threads, tables: others, columns, tableColumns, whole: reader.whole };
}

function saysSomething(name: string, i: number, empty: Value): string {
  if (i > 0 || empty === null) return `"${name}" is not null`;
  return `"${name}" <> ${typeof empty === "string" ? `'${empty}'` : empty}`;
}

function ofTables<T>(make: (table: SalvagedTable) => T): Record<SalvagedTable, T> {
  const names = Object.keys(SALVAGED_TABLES) as SalvagedTable[];
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<SalvagedTable, T>;
}

/** Whether a group says something in a row. */
export function says({ columns, empty }: Group, row: Cells | undefined): boolean {
  const [first = "", ...more] = columns;
  const value = row?.[first] ?? null;
  return (value !== null && value !== empty && value !== "") ||
    more.some((name) => (row?.[name] ?? null) !== null);
}

interface Reader {
  readonly tables: DamagedTables;
  whole: boolean;
  /** How many more queries may fail. */
  budget: number;
}

/** Finding the readable rows around a bad page takes two dozen failures; more than this and the table is hopeless. */
const MAX_FAILURES = 2000;
/** Rows are numbered in the order they came; no table of a person's threads is longer than this. */
const LAST_ROW = 1 << 22;

function columnsOf(reader: Reader, table: string): readonly string[] {
  return attempt(reader, () => reader.tables.columns(table)) ?? [];
}

/** The rows that can be read: all at once where nothing is damaged, else range by range around what is. */
function readRows(
  reader: Reader,
  table: string,
  columns: readonly string[],
  condition: string,
): readonly Cells[] {
  if (columns.length === 0) return [];
  const names = columns.map((name) => `"${name}"`).join(", ");
  const query = `select ${names} from "${table}" where (${condition})`;
  const whole = attempt(reader, () => reader.tables.all(query));
  if (whole !== undefined) return whole.map(toCells);
  const [end] = attempt(reader, () => reader.tables.all(`select max(rowid) as n from "${table}"`)) ?? [];
  const last = typeof end?.["n"] === "number" ? end["n"] : LAST_ROW;
  const rows: Cells[] = [];
  readRange(reader, `${query} and rowid between ? and ?`, 1, last, rows);
  return rows;
}

function readRange(reader: Reader, query: string, from: number, to: number, rows: Cells[]): void {
  if (reader.budget <= 0) return;
  const found = attempt(reader, () => reader.tables.all(query, from, to));
  if (found !== undefined) rows.push(...found.map(toCells));
  else if (from < to) {
    const middle = Math.floor((from + to) / 2);
    readRange(reader, query, from, middle, rows);
    readRange(reader, query, middle + 1, to, rows);
  }
}

function attempt<T>(reader: Reader, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    reader.whole = false;
    reader.budget--;
    return undefined;
  }
}

function toCells(row: Readonly<Record<string, unknown>>): Cells {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "string" || typeof value === "number" ? value : null,
    ]),
  );
}
