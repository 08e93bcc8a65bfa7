/**
 * What only the state database of one machine knows, as a small file that another machine can read: a head, then one
 * line per thread with its row as Codex wrote it, then sections, projects, attachments and who started whom. A value
 * that a user sets carries the time at which its machine first saw it, so that the newest one wins everywhere.
 *
 * Extracts come from a folder that others can write to: every line is checked by itself and passed over when it is odd.
 */
import type { Cells, Value } from "./salvage.ts";

/** First word of an extract. */
export const EXTRACT_SCHEMA = "codexkeep-extract/1";
/** Longest line that is looked at, in characters. */
const MAX_LINE = 1 << 20;
/** Longest text of a cell. */
const MAX_TEXT = 1 << 18;
/** More threads and things than this are not taken from one extract. */
const MAX_LINES = 500_000;
/** Last moment that a time may name: the end of the year 9999, milliseconds since 1970. */
const LAST_MS = 253_402_300_799_999;

const THREAD_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Columns of `threads` that mean the same on every machine (Codex 0.169), with what they hold. */
export const PORTABLE_COLUMNS: ReadonlyMap<string, "text" | "integer"> = new Map([
  ...[
    "source",
    "model_provider",
    "cwd",
    "title",
    "sandbox_policy",
    "approval_mode",
    "git_sha",
    "git_branch",
    "git_origin_url",
    "cli_version",
    "first_user_message",
    "agent_nickname",
    "agent_role",
    "memory_mode",
    "model",
    "reasoning_effort",
    "agent_path",
    "thread_source",
    "preview",
    "history_mode",
    "name",
    "thread_section_id",
    "project_id",
    "originator",
    "creator_user_id",
    "creator_account_id",
    "attached_thread_parent_id",
  ].map((name) => [name, "text"] as const),
  ...[
    "created_at",
    "updated_at",
    "tokens_used",
    "has_user_event",
    "archived_at",
    "created_at_ms",
    "updated_at_ms",
    "recency_at",
    "recency_at_ms",
    "is_pinned",
    "section_position",
    "section_entered_at_ms",
    "daybreak_enabled",
  ].map((name) => [name, "integer"] as const),
]);

/** Columns that a user sets together, and what the first of them says when nothing is set. */
export interface SetGroup {
  readonly name: GroupName;
  readonly columns: readonly string[];
  readonly empty: Value;
}

/** What a user sets of a thread. */
export type GroupName = "name" | "title" | "section" | "project" | "pinned" | "memory" | "git";

/** Everything that is merged by the newest change; the title is what a legacy thread is renamed by. */
export const SET_GROUPS: readonly SetGroup[] = [
  { name: "name", columns: ["name"], empty: null },
  { name: "title", columns: ["title"], empty: "" },
  {
    name: "section",
    columns: ["thread_section_id", "section_position", "section_entered_at_ms"],
    empty: null,
  },
  { name: "project", columns: ["project_id"], empty: null },
  { name: "pinned", columns: ["is_pinned"], empty: 0 },
  { name: "memory", columns: ["memory_mode"], empty: "enabled" },
  { name: "git", columns: ["git_sha", "git_branch", "git_origin_url"], empty: null },
];

/** A table whose rows travel besides threads, the columns that name a row, and those it must have. */
export interface ThingTable {
  readonly key: string;
  readonly needs: readonly string[];
  /** Columns that name threads. */
  readonly threads: readonly string[];
}

/** Tables that travel; the folders of a project travel as its `roots`. */
export const THING_TABLES = {
  "thread_sections": { key: "id", needs: ["name"], threads: [] },
  "projects": {
    key: "id",
    needs: ["name", "metadata", "position", "created_at_ms", "updated_at_ms"],
    threads: [],
  },
  "thread_attachments": {
    key: "id",
    needs: ["thread_id", "attachment_type", "identity_key", "payload", "created_at"],
    threads: ["thread_id"],
  },
  "thread_spawn_edges": {
    key: "child_thread_id",
    needs: ["parent_thread_id", "status"],
    threads: ["child_thread_id", "parent_thread_id"],
  },
} as const satisfies Record<string, ThingTable>;

/** The name of such a table. */
export type ThingName = keyof typeof THING_TABLES;

/** A thread as a machine knows it. */
export interface ExtractThread {
  readonly id: string;
  /** The portable columns that are not null. */
  readonly row: Cells;
  /** The machine that had it first. */
  readonly origin: string;
  /** When each group was last changed, milliseconds since 1970; 0: never. */
  readonly changedAt: Readonly<Record<GroupName, number>>;
}

/** A row of another table, or that it was taken away. */
export interface ExtractThing {
  readonly table: ThingName;
  readonly id: string;
  /** Its columns that are not null, without the one that names it; undefined when it was taken away. */
  readonly row: Cells | undefined;
  /** Folders of a project, in order. */
  readonly roots: readonly string[];
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/** A folder as one machine calls it, and as this machine does. */
export interface ExtractMap {
  readonly from: string;
  readonly to: string;
  readonly machine?: string | undefined;
}

/** What one machine knows. */
export interface Extract {
  readonly machine: string;
  /** When it last said something new, ISO 8601. */
  readonly at: string;
  /** The Codex home there. */
  readonly home: string;
  readonly platform: string;
  /** What tells the state database from one that Codex made anew; empty where it says nothing of itself. */
  readonly database: string;
  /** Folders that this machine gives other names than those it got threads from. */
  readonly maps: readonly ExtractMap[];
  readonly threads: ReadonlyMap<string, ExtractThread>;
  /** By {@link thingKey}. */
  readonly things: ReadonlyMap<string, ExtractThing>;
  /** Lines that were passed over. */
  readonly ignored: number;
}

/** What tells things apart. */
export function thingKey(table: ThingName, id: string): string {
  return `${table} ${id}`;
}

/** Writes an extract; the same values give the same bytes. */
export function printExtract(
  { machine, at, home, platform, database, maps, threads, things }: Extract,
): string {
  const lines: unknown[] = [{ schema: EXTRACT_SCHEMA, machine, at, home, platform, database, maps }];
  for (const id of [...threads.keys()].sort()) {
    const { row, origin, changedAt } = threads.get(id) as ExtractThread;
    const changed = Object.fromEntries(
      SET_GROUPS.flatMap(({ name }) => changedAt[name] === 0 ? [] : [[name, changedAt[name]]]),
    );
    lines.push({ thread: id, origin, row: sorted(row), changed_at: changed });
  }
  for (const key of [...things.keys()].sort()) {
    const { table, id, row, roots, changedAt } = things.get(key) as ExtractThing;
    lines.push({
      [table]: id,
      row: row === undefined ? null : sorted(row),
      ...table === "projects" && row !== undefined ? { roots } : {},
      changed_at: changedAt,
    });
  }
  return lines.map((line) => JSON.stringify(line) + "\n").join("");
}

function sorted(row: Cells): Cells {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Reads an extract; undefined when its head is none. Odd lines are counted and passed over; nothing makes it throw. */
export function parseExtract(lines: Iterable<string>): Extract | undefined {
  let head: Omit<Extract, "threads" | "things" | "ignored"> | undefined;
  const threads = new Map<string, ExtractThread>();
  const things = new Map<string, ExtractThing>();
  let ignored = 0;
  for (const text of lines) {
    const fields = text.length > MAX_LINE ? undefined : fieldsOf(text);
    if (head === undefined) {
      head = fields && headOf(fields);
      if (head === undefined) return undefined;
      continue;
    }
    if (text === "") continue;
    const full = threads.size + things.size >= MAX_LINES;
    const thread = fields === undefined || full ? undefined : threadOf(fields);
    const thing = fields === undefined || full || thread !== undefined ? undefined : thingOf(fields);
    if (thread !== undefined) threads.set(thread.id, thread);
    else if (thing !== undefined) things.set(thingKey(thing.table, thing.id), thing);
    else ignored++;
  }
  return head && { ...head, threads, things, ignored };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(text: string): Fields | undefined {
  try {
    return asFields(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asFields(value: unknown): Fields | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value as Fields : undefined;
}

function headOf(fields: Fields): Omit<Extract, "threads" | "things" | "ignored"> | undefined {
  const { schema, machine, at, home, platform, database, maps } = fields;
  if (schema !== EXTRACT_SCHEMA || !isMachineName(machine) || !isShort(at) || !isShort(home)) {
    return undefined;
  }
  const known = Array.isArray(maps) ? maps.slice(0, 1000).flatMap(mapOf) : [];
  const textOr = (value: unknown) => isShort(value) ? value : "";
  return { machine, at, home, platform: textOr(platform), database: textOr(database), maps: known };
}

function mapOf(value: unknown): ExtractMap[] {
  const { from, to, machine } = asFields(value) ?? {};
  if (!isShort(from) || !isShort(to)) return [];
  return [isMachineName(machine) ? { from, to, machine } : { from, to }];
}

function isShort(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 4096 && !value.includes("\0");
}

/** Whether a text can name a machine: it is part of file names. */
export function isMachineName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value);
}

function threadOf({ thread: id, row, origin, changed_at: changed }: Fields): ExtractThread | undefined {
  if (typeof id !== "string" || !THREAD_ID.test(id) || !isMachineName(origin)) return undefined;
  const cells = cellsOf(row, (name) => PORTABLE_COLUMNS.get(name));
  if (cells === undefined) return undefined;
  const times = asFields(changed) ?? {};
  const changedAt = Object.fromEntries(SET_GROUPS.map(({ name }) => [name, timeOf(times[name])]));
  return { id, row: cells, origin, changedAt: changedAt as Record<GroupName, number> };
}

/** The cells of a row; columns that are not known are left out. Undefined when one holds what it cannot hold. */
function cellsOf(
  value: unknown,
  kindOf: (name: string) => "text" | "integer" | "any" | undefined,
): Cells | undefined {
  const fields = asFields(value);
  if (fields === undefined) return undefined;
  const cells: Record<string, Value> = {};
  for (const [name, cell] of Object.entries(fields)) {
    const kind = kindOf(name);
    if (kind === undefined || cell === null) continue;
    if (!(kind !== "text" && Number.isSafeInteger(cell)) && !(kind !== "integer" && isText(cell))) {
      return undefined;
    }
    cells[name] = cell as Value;
  }
  return cells;
}

/** Whether a value can stand in a cell of text. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TEXT && !value.includes("\0");
}

function timeOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= LAST_MS
    ? value as number
    : 0;
}

function thingOf(fields: Fields): ExtractThing | undefined {
  const table = (Object.keys(THING_TABLES) as ThingName[]).find((name) => fields[name] !== undefined);
  const id = table && fields[table];
  if (table === undefined || !isShort(id)) return undefined;
  const { needs, threads }: ThingTable = THING_TABLES[table];
  const changedAt = timeOf(fields["changed_at"]);
  if (fields["row"] === null) return { table, id, row: undefined, roots: [], changedAt };
  const row = cellsOf(fields["row"], (name) => /^[a-z][a-z0-9_]{0,63}$/.test(name) ? "any" : undefined);
  const key = THING_TABLES[table].key;
  if (row === undefined || key in row || needs.some((name) => row[name] === undefined)) return undefined;
  const named = { ...row, [key]: id };
  if (threads.some((name) => !THREAD_ID.test(String(named[name])))) return undefined;
  const roots = fields["roots"] ?? [];
  if (!Array.isArray(roots) || roots.length > 1000 || !roots.every(isShort)) return undefined;
  return { table, id, row, roots, changedAt };
}
