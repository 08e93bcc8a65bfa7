/** The places in rollouts that Codex stores elsewhere: in its history database, and in forks and segments. */
import { AppError } from "../core/error.ts";
import type { Rollout, Snapshot, Thread } from "../core/snapshot.ts";
import { historyBase, isPlace, type Mark } from "../codex/history.ts";
import { readFirstLine } from "../codex/rollout.ts";
import type { ByteSource } from "../text/source.ts";
import type { Facts, TableRow, Tables } from "./repair.ts";

/** Codex 0.169 keeps the turns and items of paginated threads here, beside its state database. */
export const HISTORY_DATABASE = "thread_history_1.sqlite";

/** A paginated rollout; `id` is what Codex calls the file: the id of its segment, or of its thread. */
export interface HistoryFile {
  readonly id: string;
  readonly thread: Thread;
  readonly rollout: Rollout;
}

/** A place in a file, and where it is stored. */
export interface StoredMark extends Mark {
  readonly by:
    | { readonly kind: "turn"; readonly turn: string }
    | { readonly kind: "cursor" }
    | { readonly kind: "base"; readonly file: HistoryFile };
}

/** Marks by the id of the file that they point into. */
export type Marks = ReadonlyMap<string, readonly StoredMark[]>;

/** A fork or segment that continues a file which is not there. */
export interface Orphan {
  readonly file: HistoryFile;
  readonly base: string;
}

const TURN_COLUMNS = [
  "thread_id",
  "turn_id",
  "rollout_ordinal",
  "rollout_byte_offset",
  "rollout_end_ordinal",
  "rollout_end_byte_offset",
] as const;
const CURSOR_COLUMNS = ["thread_id", "next_rollout_byte_offset", "next_rollout_ordinal"] as const;

/** Whether a history database has the columns that the marks are in. */
export function isKnown(tables: Tables): boolean {
  const has = (table: string, wanted: readonly string[]) => {
    const columns = tables.columns(table);
    return wanted.every((name) => columns.includes(name));
  };
  return has("thread_turns", TURN_COLUMNS) && has("thread_history_projection_state", CURSOR_COLUMNS);
}

/** Paginated files by their ids; of several with the same one, the one that the row of the thread names, if any. */
export function filesById({ threads, home, realHome = home }: Snapshot): ReadonlyMap<string, HistoryFile> {
  const files = new Map<string, HistoryFile | undefined>();
  for (const thread of threads.values()) {
    const row = thread.row?.rolloutPath.replaceAll("\\", "/");
    const isNamed = (rollout: Rollout) =>
      [home, realHome].some((base) => row === `${base.replaceAll("\\", "/")}/${rollout.path}`);
    for (const rollout of thread.rollouts) {
      if (rollout.meta?.mode !== "paginated" || rollout.damage !== undefined) continue;
      const id = rollout.segment ?? rollout.meta.id;
      const other = files.get(id);
      if (!files.has(id) || isNamed(rollout)) files.set(id, { id, thread, rollout });
      else if (other !== undefined && !isNamed(other.rollout)) files.set(id, undefined);
    }
  }
  return new Map([...files].flatMap(([id, file]) => file === undefined ? [] : [[id, file]]));
}

/** What the first lines of forks and segments say about the files they continue. */
export function basesOf(
  facts: Facts,
  files: ReadonlyMap<string, HistoryFile>,
): { readonly bases: Marks; readonly orphans: readonly Orphan[] } {
  const bases = new Map<string, StoredMark[]>();
  const orphans: Orphan[] = [];
  const there = idsIn(facts.snapshot);
  for (const file of files.values()) {
    if (file.rollout.meta?.base === undefined) continue;
    const base = unlessUnreadable(() => facts.contents.with(file.rollout, baseIn));
    if (base === undefined) continue;
    if (!there.has(base.file)) orphans.push({ file, base: base.file });
    put(bases, base.file, [{ ...base.mark, by: { kind: "base", file } }]);
  }
  return { bases, orphans };
}

function baseIn(source: ByteSource) {
  const first = readFirstLine(source);
  return "reason" in first ? undefined : historyBase(first.line.bytes, first.parsed);
}

/** Ids of all files, damaged ones too. */
function idsIn({ threads, damaged }: Snapshot): ReadonlySet<string> {
  const ids = new Set<string>();
  const all = [...threads.values()].flatMap(({ rollouts }) => rollouts);
  for (const { segment, meta, nameId } of [...all, ...damaged]) {
    const id = segment ?? meta?.id ?? nameId;
    if (id !== undefined) ids.add(id);
  }
  return ids;
}

/** The places that the database stores about some files. */
export function storedMarks(tables: Tables, ids: readonly string[]): Marks {
  const marks = new Map<string, StoredMark[]>();
  const rows = (table: string, columns: readonly string[]) =>
    tables.all(
      `select ${columns.join(", ")} from ${table} where thread_id in (select value from json_each(?))`,
      JSON.stringify(ids),
    );
  for (const row of rows("thread_turns", TURN_COLUMNS)) put(marks, String(row.thread_id), turnMarks(row));
  for (const row of rows("thread_history_projection_state", CURSOR_COLUMNS)) {
    put(marks, String(row.thread_id), cursorMarks(row));
  }
  return marks;
}

function put(marks: Map<string, StoredMark[]>, id: string, more: readonly StoredMark[]): void {
  const known = marks.get(id);
  if (known === undefined) marks.set(id, [...more]);
  else known.push(...more);
}

/** Older versions of Codex stored no offsets, and a turn that was cut off has no end. */
function turnMarks(row: TableRow): StoredMark[] {
  const by = { kind: "turn", turn: String(row.turn_id) } as const;
  const { rollout_ordinal: ordinal, rollout_byte_offset: at } = row;
  const { rollout_end_ordinal: last, rollout_end_byte_offset: end } = row;
  const marks: StoredMark[] = [];
  if (isPlace(ordinal) && isPlace(at)) marks.push({ at, ordinal, kind: "start", by });
  if (isPlace(last) && isPlace(end)) marks.push({ at: end, ordinal: last + 1, kind: "end", by });
  return marks;
}

function cursorMarks(row: TableRow): StoredMark[] {
  const { next_rollout_byte_offset: at, next_rollout_ordinal: ordinal } = row;
  return isPlace(at) && isPlace(ordinal) ? [{ at, ordinal, kind: "cursor", by: { kind: "cursor" } }] : [];
}

/** What `look` gives; undefined when a file cannot be read, which is another check's to say. */
export function unlessUnreadable<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
