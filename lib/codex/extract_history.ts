/**
 * What Codex shows of files that others continue. Codex 0.169 fills its history database from a file only when that
 * thread is opened, and what a fork or a thread with turns taken back shows of its past comes from the rows of the file
 * it continues: of a file from another machine there are none, and of an earlier segment there would never be any (seen
 * there). So these rows travel, exactly as Codex wrote them; all offsets in them are right wherever the first line of
 * the file has the same length.
 */
import { sha256 } from "../core/bytes.ts";
import { isText } from "./extract.ts";
import type { Cells, DamagedTables, Value } from "./salvage.ts";

/** First word of such a file. */
const HISTORY_SCHEMA = "codexkeep-history/1";
/** Longest line that is looked at, in characters. */
export const LONGEST_HISTORY = 32 << 20;
const MAX_FILES = 100_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Tables of the history database, with what names a row beside the file; the state comes last. */
export const HISTORY_TABLES = {
  "thread_turns": ["turn_id"],
  "thread_items": ["turn_id", "item_id"],
  "thread_realtime_items": ["item_id"],
  "thread_history_projection_state": [],
} as const satisfies Record<string, readonly string[]>;

/** The name of such a table. */
export type HistoryTable = keyof typeof HISTORY_TABLES;

/** The rows of one file, without the column that names it. */
export interface FileHistory {
  /** The rollout or segment. */
  readonly file: string;
  readonly rows: Readonly<Record<HistoryTable, readonly Cells[]>>;
}

/** Up to where the file has been read, and the number of the line there. */
export interface HistoryState {
  readonly offset: number;
  readonly ordinal: number;
}

const TABLES = Object.keys(HISTORY_TABLES) as HistoryTable[];

/** Reads the rows of a file; undefined when there are none or not all of them can travel. */
export function readFileHistory(tables: DamagedTables, file: string): FileHistory | undefined {
  const rows = {} as Record<HistoryTable, readonly Cells[]>;
  for (const table of TABLES) {
    const order = HISTORY_TABLES[table].join(", ") || "thread_id";
    const found = tables.columns(table).length === 0
      ? []
      : tables.all(`select * from ${table} where thread_id = ? order by ${order}`, file);
    const cells = found.map(toCells);
    if (!cells.every((row) => row !== undefined)) return undefined;
    rows[table] = cells;
  }
  return stateOf({ file, rows }) === undefined ? undefined : { file, rows };
}

function toCells(row: Readonly<Record<string, unknown>>): Cells | undefined {
  const cells: Record<string, Value> = {};
  for (const [name, value] of Object.entries(row)) {
    if (name === "thread_id" || value === null) continue;
    if (!isCell(value)) return undefined;
    cells[name] = value;
  }
  return cells;
}

function isCell(value: unknown): value is string | number {
  if (typeof value === "string") return value.length <= LONGEST_HISTORY && !value.includes("\0");
  return Number.isSafeInteger(value);
}

/** Up to where the rows of a file reach. */
export function stateOf({ rows }: FileHistory): HistoryState | undefined {
  const [state, ...more] = rows.thread_history_projection_state;
  const [offset, ordinal] = [state?.["next_rollout_byte_offset"], state?.["next_rollout_ordinal"]];
  if (more.length > 0 || typeof offset !== "number" || typeof ordinal !== "number") return undefined;
  return offset < 0 || ordinal < 0 ? undefined : { offset, ordinal };
}

/** Writes the rows of files, with a sum over each line; the same rows give the same bytes. */
export function printHistories(machine: string, files: readonly FileHistory[]): string {
  const sorted = files.toSorted((a, b) => a.file < b.file ? -1 : 1);
  const lines = sorted.map(({ file, rows }) => {
    const text = JSON.stringify({ file, rows });
    return `{"sha256":"${sha256(text)}","history":${text}}\n`;
  });
  return JSON.stringify({ schema: HISTORY_SCHEMA, machine }) + "\n" + lines.join("");
}

/** Reads such a file; odd lines are passed over, nothing makes it throw. */
export function parseHistories(
  lines: Iterable<string>,
  wanted: (file: string) => boolean,
): readonly FileHistory[] {
  const files: FileHistory[] = [];
  let isHead = true;
  for (const text of lines) {
    const value = text.length > LONGEST_HISTORY || files.length >= MAX_FILES ? undefined : parse(text);
    if (isHead && value?.["schema"] !== HISTORY_SCHEMA) return [];
    const history = isHead || value === undefined ? undefined : historyOf(value);
    isHead = false;
    if (history !== undefined && wanted(history.file)) files.push(history);
  }
  return files;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asFields(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asFields(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value as Readonly<Record<string, unknown>> : undefined;
}

function historyOf(value: Readonly<Record<string, unknown>>): FileHistory | undefined {
  const { file, rows } = asFields(value["history"]) ?? {};
  const tables = asFields(rows);
  if (typeof file !== "string" || !UUID.test(file) || tables === undefined) return undefined;
  if (value["sha256"] !== sha256(JSON.stringify({ file, rows }))) return undefined;
  const read = {} as Record<HistoryTable, readonly Cells[]>;
  for (const table of TABLES) {
    const list = tables[table];
    if (!Array.isArray(list)) return undefined;
    const cells = list.map((row: unknown) => cellsOf(row, HISTORY_TABLES[table]));
    if (!cells.every((row) => row !== undefined)) return undefined;
    read[table] = cells;
  }
  const history = { file, rows: read };
  return stateOf(history) === undefined ? undefined : history;
}

function cellsOf(value: unknown, key: readonly string[]): Cells | undefined {
  const fields = asFields(value);
  if (fields === undefined || key.some((name) => !isText(fields[name]) || fields[name] === "")) {
    return undefined;
  }
  const isFine = Object.entries(fields).every(([name, cell]) =>
    /^[a-z][a-z0-9_]{0,63}$/.test(name) && name !== "thread_id" && isCell(cell)
  );
  return isFine ? fields as Cells : undefined;
}
