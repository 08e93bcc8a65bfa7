/** Makes the extract of this machine from its database, from its last extract and from those of the others. */
import {
  type Extract,
  type ExtractMap,
  type ExtractThing,
  type ExtractThread,
  type GroupName,
  isText,
  PORTABLE_COLUMNS,
  SET_GROUPS,
  type SetGroup,
  THING_TABLES,
  thingKey,
  type ThingName,
} from "./extract.ts";
import { type Cells, type DamagedTables, says, type Value } from "./salvage.ts";
import { PINNED_SECTION } from "./salvage_merge.ts";

/** What the live database holds of what travels. */
export interface OwnRows {
  /** When the database was made, to the nanosecond as far as it tells. */
  readonly database: string;
  /** Rows of threads, without what is null, by id. */
  readonly threads: ReadonlyMap<string, Cells>;
  readonly things: readonly Omit<ExtractThing, "changedAt">[];
}

/** Reads what travels. Throws `AppError` when the database cannot be read. */
export function readOwnRows(tables: DamagedTables): OwnRows {
  const columns = [...PORTABLE_COLUMNS.keys()].filter((name) => tables.columns("threads").includes(name));
  const rows = tables.all(`select ${["id", ...columns].join(", ")} from threads`);
  const threads = new Map<string, Cells>();
  for (const row of rows) {
    const cells = portableCells(row, (name) => PORTABLE_COLUMNS.has(name));
    if (cells !== undefined) threads.set(String(row["id"]), cells);
  }
  const things = (Object.keys(THING_TABLES) as ThingName[]).flatMap((table) => readThings(tables, table));
  return { database: birthOf(tables), threads, things };
}

/** Codex 0.169 notes when it made each part of its database, and how long that took (seen there). */
function birthOf(tables: DamagedTables): string {
  const columns = tables.columns("_sqlx_migrations");
  if (!["version", "installed_on", "execution_time"].every((name) => columns.includes(name))) return "";
  const query = "select installed_on, execution_time from _sqlx_migrations order by version limit 1";
  const [first] = tables.all(query);
  return first === undefined ? "" : `${String(first["installed_on"])} ${String(first["execution_time"])}`;
}

/** The cells that are not null; undefined for a row that holds what cannot travel. */
function portableCells(
  row: Readonly<Record<string, unknown>>,
  isWanted: (name: string) => boolean,
): Cells | undefined {
  const cells: Record<string, Value> = {};
  for (const [name, value] of Object.entries(row)) {
    if (!isWanted(name) || value === null) continue;
    if (!isText(value) && !Number.isSafeInteger(value)) return undefined;
    cells[name] = value as Value;
  }
  return cells;
}

function readThings(tables: DamagedTables, table: ThingName): Omit<ExtractThing, "changedAt">[] {
  const { key, needs } = THING_TABLES[table];
  const columns = tables.columns(table);
  if (![key, ...needs].every((name) => columns.includes(name))) return [];
  const roots = table === "projects" ? readRoots(tables) : new Map<string, string[]>();
  return tables.all(`select * from ${table}`).flatMap((row) => {
    const id = row[key];
    if (typeof id !== "string" || id === PINNED_SECTION) return [];
    const cells = portableCells(row, (name) => name !== key);
    return cells === undefined ? [] : [{ table, id, row: cells, roots: roots.get(id) ?? [] }];
  });
}

function readRoots(tables: DamagedTables): Map<string, string[]> {
  const roots = new Map<string, string[]>();
  if (tables.columns("project_roots").length === 0) return roots;
  for (const row of tables.all("select project_id, path from project_roots order by project_id, position")) {
    const id = String(row["project_id"]);
    roots.set(id, [...roots.get(id) ?? [], String(row["path"])]);
  }
  return roots;
}

/** What an extract of this machine is made from. */
export interface ExtractSource {
  readonly machine: string;
  readonly home: string;
  readonly platform: string;
  readonly maps: readonly ExtractMap[];
  readonly rows: OwnRows;
  /** The last extract of this machine; undefined the first time. */
  readonly previous: Extract | undefined;
  readonly others: readonly Extract[];
  /** When a thread was given the name it has, as `session_index.jsonl` says, milliseconds since 1970. */
  readonly namedAt: (id: string, name: string) => number | undefined;
  readonly nowMs: number;
}

/**
 * The extract of this machine. A value that is as it was keeps its time; one that another machine had gets the time it
 * has there, so that taking it over is no change; every other one has been changed here since the last extract.
 */
export function makeExtract(source: ExtractSource): Extract {
  const { machine, home, platform, maps, previous, nowMs } = source;
  const threads = new Map<string, ExtractThread>();
  for (const [id, row] of source.rows.threads) threads.set(id, threadOf(source, id, row));
  const things = new Map<string, ExtractThing>();
  for (const thing of source.rows.things) {
    const changedAt = thingChangedAt(source, thing);
    things.set(thingKey(thing.table, thing.id), { ...thing, changedAt });
  }
  for (const [key, thing] of previous?.things ?? []) {
    // What a rebuild has lost was not taken away.
    const isLost = thing.row !== undefined && isRebuilt(source);
    if (!things.has(key) && !isLost) things.set(key, goneOf(source, key, thing));
  }
  const { database } = source.rows;
  const at = new Date(nowMs).toISOString();
  return { machine, at, home, platform, database, maps, threads, things, ignored: 0 };
}

/** Whether Codex has made the database anew since the last extract, which then knows what the database has lost. */
function isRebuilt({ previous, rows }: ExtractSource): boolean {
  return previous !== undefined && previous.database !== rows.database;
}

function threadOf(source: ExtractSource, id: string, row: Cells): ExtractThread {
  const { machine, previous, others } = source;
  const known = previous?.threads.get(id);
  const claimed = others.find((other) => other.threads.get(id)?.origin === other.machine)?.machine;
  const changedAt = Object.fromEntries(
    SET_GROUPS.map((group) => [group.name, groupChangedAt(source, id, row, group)]),
  );
  return {
    id,
    row,
    origin: known?.origin ?? claimed ?? machine,
    changedAt: changedAt as Record<GroupName, number>,
  };
}

function groupChangedAt(source: ExtractSource, id: string, row: Cells, group: SetGroup): number {
  const { previous, others, nowMs, namedAt } = source;
  const known = previous?.threads.get(id);
  const knownAt = known?.changedAt[group.name];
  const elsewhere = timesElsewhere(others.flatMap((other) => {
    const thread = other.threads.get(id);
    return thread === undefined
      ? []
      : [{ at: thread.changedAt[group.name], isSame: isSameGroup(group, thread.row, row) }];
  }));
  if (known !== undefined && knownAt !== undefined && isSameGroup(group, known.row, row)) {
    return Math.max(knownAt, elsewhere.same);
  }
  const name = group.name === "name" || group.name === "title" ? row[group.columns[0] ?? ""] : undefined;
  const hint = typeof name === "string" ? namedAt(id, name) : undefined;
  if (knownAt === undefined) {
    if (elsewhere.same >= 0) return elsewhere.same;
    if (!says(group, row)) return 0;
    const entered = Number(row["section_entered_at_ms"] ?? 0);
    const said = hint ?? (group.name === "section" ? entered : undefined) ??
      Number(row["updated_at_ms"] ?? 0);
    return Math.max(1, Math.min(nowMs, said));
  }
  if (elsewhere.taken > knownAt) return elsewhere.taken;
  if (isRebuilt(source)) return Math.min(nowMs, sinceRebuild(group, row, hint) ?? 0);
  // A clock that was ahead elsewhere must not win over what was done here after it.
  const said = hint !== undefined && hint <= nowMs ? hint : nowMs;
  return Math.max(said, knownAt + 1);
}

/** When others came to a value. */
interface TimesElsewhere {
  /** The last time at which one of them came to the same value as this machine; -1: none has it. */
  readonly same: number;
  /** That time if it is the newest value of all, so that this machine may have taken it over; else -1. */
  readonly taken: number;
}

function timesElsewhere(
  claims: readonly { readonly at: number; readonly isSame: boolean }[],
): TimesElsewhere {
  const same = Math.max(-1, ...claims.flatMap(({ at, isSame }) => isSame ? [at] : []));
  return { same, taken: claims.some(({ at }) => at > same) ? -1 : same };
}

/** When a value was set in a database that was made from the files; undefined when it comes from them. */
function sinceRebuild(group: SetGroup, row: Cells, hint: number | undefined): number | undefined {
  if (!says(group, row)) return undefined;
  if (group.name === "section") return Number(row["section_entered_at_ms"] ?? 0);
  return group.name === "name" ? hint : undefined;
}

/** Whether two rows say the same in a group. */
export function isSameGroup({ columns, empty }: SetGroup, a: Cells, b: Cells): boolean {
  return columns.every((name, i) => {
    const nothing = i === 0 ? empty : null;
    return (a[name] ?? nothing) === (b[name] ?? nothing);
  });
}

function thingChangedAt(source: ExtractSource, thing: Omit<ExtractThing, "changedAt">): number {
  const key = thingKey(thing.table, thing.id);
  const known = source.previous?.things.get(key);
  const elsewhere = thingElsewhere(source, key, thing.row);
  if (known === undefined) return elsewhere.same >= 0 ? elsewhere.same : source.nowMs;
  if (isSameRow(known.row, thing.row)) return Math.max(known.changedAt, elsewhere.same);
  return changedSince(source, known.changedAt, elsewhere);
}

function thingElsewhere({ others }: ExtractSource, key: string, row: Cells | undefined): TimesElsewhere {
  return timesElsewhere(others.flatMap(({ things }) => {
    const one = things.get(key);
    return one === undefined ? [] : [{ at: one.changedAt, isSame: isSameRow(one.row, row) }];
  }));
}

function changedSince({ nowMs }: ExtractSource, knownAt: number, { taken }: TimesElsewhere): number {
  return taken > knownAt ? taken : Math.max(nowMs, knownAt + 1);
}

/** Whether two rows of a table are the same, or neither is there. */
export function isSameRow(a: Cells | undefined, b: Cells | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => (a[name] ?? null) === (b[name] ?? null));
}

function goneOf(source: ExtractSource, key: string, known: ExtractThing): ExtractThing {
  const elsewhere = thingElsewhere(source, key, undefined);
  const changedAt = known.row === undefined
    ? Math.max(known.changedAt, elsewhere.same)
    : changedSince(source, known.changedAt, elsewhere);
  return { ...known, row: undefined, roots: [], changedAt };
}
