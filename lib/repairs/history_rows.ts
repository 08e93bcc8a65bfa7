/** Changes of the history database: other offsets, or rows taken away so that Codex makes them anew. */
import type { AbsPath } from "../core/path.ts";
import type { Cell, EntryChange } from "../core/plan.ts";
import type { Thread } from "../core/snapshot.ts";
import type { Mark, TurnStart } from "../codex/history.ts";
import type { Refusal } from "../codex/relabel.ts";
import type { Audit, LostTurns } from "./history_audit.ts";
import type { Facts, TableRow } from "./repair.ts";

type Place = Pick<Mark, "at" | "ordinal">;

const TURNS = "thread_turns";
const CURSORS = "thread_history_projection_state";

/** Tables with the rows of a turn, and the columns that name one there. What hangs on a turn goes before it. */
const KEYS = [
  ["thread_realtime_items", ["thread_id", "item_id"]],
  ["thread_items", ["thread_id", "turn_id", "item_id"]],
  [TURNS, ["thread_id", "turn_id"]],
] as const;

/**
 * Right offsets for the rows of a file. Turns of `starts` begin with those lines instead of where their rows say.
 *
 * @param before rows of turns from this ordinal on are left as they are
 */
export function rightOffsets(
  { id, thread, marks, places }: Audit,
  database: AbsPath,
  { before = Infinity, starts = [] }: { readonly before?: number; readonly starts?: readonly TurnStart[] } =
    {},
): readonly EntryChange[] {
  const rows = new Map<string, Record<string, Cell>>();
  for (const mark of marks) {
    const place = places.get(mark);
    if (place === undefined || mark.by.kind === "base") continue;
    const turn = mark.by.kind === "turn" ? mark.by.turn : "";
    const start = mark.kind === "start" ? starts.find((one) => one.turn === turn) : undefined;
    // The end of a turn is stored as the number of its last line.
    if (mark.ordinal - (mark.kind === "end" ? 1 : 0) >= before) continue;
    const after = start?.at ?? place;
    if (after === mark.at) continue;
    const cells = rows.get(turn) ?? {};
    cells[COLUMNS[mark.kind]] = { before: mark.at, after };
    if (start !== undefined) cells.rollout_ordinal = { before: mark.ordinal, after: start.ordinal };
    rows.set(turn, cells);
  }
  return [...rows].map(([turn, cells]) => ({
    kind: "entry",
    database,
    table: turn === "" ? CURSORS : TURNS,
    key: turn === "" ? { thread_id: id } : { thread_id: id, turn_id: turn },
    op: "change",
    thread: thread.id,
    cells,
  }));
}

/** Whether the history has all items of turns that only begin too late in it, so that nothing else is missing. */
export function hasLateItems(facts: Facts, { id }: Audit, { late }: LostTurns, database: AbsPath): boolean {
  if (late === undefined) return false;
  const items = [...new Set(late)];
  const rows = facts.tables(database, (tables) =>
    tables.all(
      "select item_id from thread_items where thread_id = ? and item_id in (select value from json_each(?))",
      id,
      JSON.stringify(items),
    ));
  return rows !== undefined && new Set(rows.map((row) => row.item_id)).size === items.length;
}

const COLUMNS = {
  start: "rollout_byte_offset",
  end: "rollout_end_byte_offset",
  cursor: "next_rollout_byte_offset",
} as const;

/**
 * Takes away what the history has from the first line given on and sets its reading back to there: Codex 0.169 reads
 * the file again from that place when the thread is opened, and every turn is there (seen there).
 */
export function readAgain(
  facts: Facts,
  { id, thread, marks }: Audit,
  [first]: readonly TurnStart[],
  database: AbsPath,
): readonly EntryChange[] | Refusal {
  const cursor = marks.find(({ kind }) => kind === "cursor");
  const rows = facts.tables(
    database,
    (tables) =>
      KEYS.map(([table, keys]) => ({
        table,
        keys,
        rows: tables.columns(table).length === 0 ? [] : tables.all(
          `select * from ${table} where thread_id = ? and rollout_ordinal >= ?`,
          id,
          first?.ordinal ?? 0,
        ),
      })),
  );
  if (rows === undefined || cursor === undefined || first === undefined) {
    return { refused: "its history cannot be read" };
  }
  const changes: EntryChange[] = [];
  for (const { table, keys, rows: gone } of rows) {
    for (const row of gone) {
      const removal = removalOf(row, keys);
      if (removal === undefined) return { refused: "its history holds a value that could not be put back" };
      changes.push({ kind: "entry", database, table, ...removal, op: "remove", thread: thread.id });
    }
  }
  return [...changes, readFrom(id, thread, cursor, first, database)];
}

/** Sets the place up to which Codex has read back to the end of the file, when that is before it. */
export function readNoFurther({ id, thread, marks, end }: Audit, database: AbsPath): readonly EntryChange[] {
  const cursor = marks.find(({ kind }) => kind === "cursor");
  if (cursor === undefined || end === undefined) return [];
  return [readFrom(id, thread, cursor, end, database)];
}

function readFrom(
  file: string,
  { id }: Thread,
  cursor: Place,
  to: Place,
  database: AbsPath,
): EntryChange {
  return {
    kind: "entry",
    database,
    table: CURSORS,
    key: { thread_id: file },
    op: "change",
    thread: id,
    cells: {
      [COLUMNS.cursor]: { before: cursor.at, after: to.at },
      next_rollout_ordinal: { before: cursor.ordinal, after: to.ordinal },
    },
  };
}

/** Key and cells of a row that is to go; undefined when a value in it cannot be written down exactly. */
function removalOf(row: TableRow, keys: readonly string[]): Pick<EntryChange, "key" | "cells"> | undefined {
  const key: Record<string, string | number> = {};
  const cells: Record<string, Cell> = {};
  for (const [name, value] of Object.entries(row)) {
    if (value === null) continue;
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    if (keys.includes(name)) key[name] = value;
    else cells[name] = { before: value, after: null };
  }
  return { key, cells };
}
