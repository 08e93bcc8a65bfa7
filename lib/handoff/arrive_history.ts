/** Rows that the history database lacks of files that others continue, where they fit the files that are here. */
import { sha256 } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import type { Cell, EntryChange } from "../core/plan.ts";
import type { Rollout } from "../core/snapshot.ts";
import {
  type FileHistory,
  HISTORY_TABLES,
  type HistoryTable,
  readFileHistory,
  stateOf,
} from "../codex/extract_history.ts";
import type { Cells } from "../codex/salvage.ts";
import type { Draft, Facts, Tables } from "../repairs/repair.ts";
import { lineAround } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";
import { historyDatabase } from "./histories.ts";
import { continuedFiles } from "./continued.ts";

/** What other machines show of the files that are asked for. */
export type ReadHistories = (wanted: (file: string) => boolean) => ReadonlyMap<string, FileHistory>;

const NO_DATABASE = "its earlier turns cannot be shown yet, for Codex has made no history database here; " +
  "say something in any thread, close Codex and run this again";

/** The changes after which forks and threads with turns taken back show their past. */
export function planHistories(facts: Facts, read: ReadHistories): Draft {
  const files = continuedFiles(facts.snapshot);
  const database = historyDatabase(facts.snapshot);
  if (database === undefined || files.size === 0) return { changes: [], skipped: [] };
  const isThere = facts.tables(database, () => true) === true;
  const reached = (isThere ? facts.tables(database, reachedBy) : undefined) ?? new Map<string, number>();
  const busy = new Set(facts.snapshot.codex.busyThreads);
  const changes: EntryChange[] = [];
  const without = new Set<string>();
  for (const [id, history] of read((file) => files.has(file))) {
    const file = files.get(id);
    const state = stateOf(history);
    if (file === undefined || state === undefined || (reached.get(id) ?? -1) >= state.offset) continue;
    if (busy.has(file.thread) || !fits(facts, file.rollout, history)) continue;
    if (!isThere) without.add(file.thread);
    else {
      const planned = facts.tables(database, (tables) => changesOf(tables, database, file.thread, history));
      changes.push(...planned ?? []);
    }
  }
  return { changes, skipped: [...without].map((subject) => ({ subject, reason: NO_DATABASE })) };
}

function reachedBy(tables: Tables): Map<string, number> {
  const query = "select thread_id, next_rollout_byte_offset as at from thread_history_projection_state";
  return new Map(tables.all(query).map(({ thread_id, at }) => [String(thread_id), Number(at)]));
}

/** Whether every place in the rows is the beginning of the line that it is said to be. */
function fits({ contents }: Facts, rollout: Rollout, history: FileHistory): boolean {
  const state = stateOf(history);
  if (state === undefined) return false;
  const isAt = (content: ByteSource, at: unknown, ordinal: unknown) =>
    at === undefined || ordinalAt(content, Number(at)) === ordinal;
  try {
    return contents.with(
      rollout,
      (content) =>
        (state.offset === content.size
          ? isLineEnd(content, state.offset)
          : isAt(content, state.offset, state.ordinal)) &&
        history.rows.thread_turns.every((row) =>
          isAt(content, row["rollout_byte_offset"], row["rollout_ordinal"])
        ),
    );
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function isLineEnd(content: ByteSource, at: number): boolean {
  return at === 0 || content.read(at - 1, 1)[0] === 0x0a;
}

function ordinalAt(content: ByteSource, at: number): unknown {
  if (!Number.isSafeInteger(at) || at < 0 || at >= content.size || !isLineEnd(content, at)) return undefined;
  const line = lineAround(content, at);
  if (line === undefined || line === "too-long" || line.at !== at) return undefined;
  try {
    return (JSON.parse(new TextDecoder().decode(line.bytes)) as { ordinal?: unknown }).ordinal;
  } catch {
    return undefined;
  }
}

function changesOf(
  tables: Tables,
  database: AbsPath,
  thread: string,
  { file, rows }: FileHistory,
): readonly EntryChange[] {
  const own = readFileHistory(tables, file)?.rows;
  return (Object.keys(HISTORY_TABLES) as HistoryTable[]).flatMap((table) => {
    const columns = new Set(tables.columns(table));
    const key: readonly string[] = HISTORY_TABLES[table];
    const there = new Map((own?.[table] ?? []).map((row) => [nameOf(row, key), row]));
    return rows[table].flatMap((row): EntryChange[] => {
      const before = there.get(nameOf(row, key));
      const cells = cellsBetween(before, row, (name) => columns.has(name) && !key.includes(name));
      if (Object.keys(cells).length === 0) return [];
      const named = Object.fromEntries(key.map((name) => [name, String(row[name])]));
      const op = before === undefined ? "add" : "change";
      return [{ kind: "entry", database, table, key: { thread_id: file, ...named }, op, thread, cells }];
    });
  });
}

function nameOf(row: Cells, key: readonly string[]): string {
  return sha256(JSON.stringify(key.map((name) => row[name])));
}

function cellsBetween(
  before: Cells | undefined,
  after: Cells,
  isWanted: (name: string) => boolean,
): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (const name of new Set([...Object.keys(before ?? {}), ...Object.keys(after)])) {
    const cell = { before: before?.[name] ?? null, after: after[name] ?? null };
    if (isWanted(name) && cell.before !== cell.after) cells[name] = cell;
  }
  return cells;
}
