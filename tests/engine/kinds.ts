/** Plans that hold every kind of change, for any home that the builder makes. */
import { type ByteString, encodeText } from "../../lib/core/bytes.ts";
import { type AbsPath, baseName, inHome, type RelPath } from "../../lib/core/path.ts";
import {
  type Cell,
  type Change,
  type EntryChange,
  isInDatabase,
  type MoveChange,
  order,
  type Plan,
  type RowChange,
} from "../../lib/core/plan.ts";
import type { Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { PINNED_SECTION } from "../../lib/demo/schema.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { openForReading, type Row } from "../../lib/system/sqlite.ts";
import type { BuiltHome } from "../home.ts";

/** What a plan is made of besides changes of providers; numbers choose among what is there. */
export interface Choice {
  /** Every how many-th thread is moved; 0 none. */
  readonly moves: number;
  /** Every how many-th row of the history is changed, removed, or has another one put in its place; 0 none. */
  readonly turns: number;
  readonly small: boolean;
  readonly tables: boolean;
}

/** `plan` and changes of every other kind. */
export function withAllKinds(plan: Plan, snapshot: Snapshot, home: BuiltHome, choice: Choice): Plan {
  const threads = [...snapshot.threads.values()].filter(({ rollouts }) =>
    rollouts.length > 0 && rollouts.every(({ damage }) => damage === undefined)
  );
  const moved = threads.filter((_, n) => choice.moves > 0 && n % choice.moves === 0);
  const moves = moved.flatMap((thread) => movesOf(snapshot, thread));
  const rows = home.state === undefined ? [] : moved.flatMap((thread) => placeOf(snapshot, thread));
  const changes: Change[] = [
    ...plan.changes.filter(({ kind }) => kind !== "row"),
    ...moves,
    ...mergedRows([...plan.changes.filter((change) => change.kind === "row"), ...rows]),
    ...home.history === undefined || choice.turns === 0 ? [] : historyChanges(home.history, choice.turns),
    ...home.state === undefined || !choice.tables ? [] : tableChanges(home.state),
    ...choice.small ? smallFiles(home.path) : [],
  ];
  return { ...plan, purpose: "repair", changes: order(changes) };
}

/** Where a file of a thread goes: from the archive into a new folder of a day, and the other way. */
function targetOf(path: RelPath, archived: boolean): RelPath {
  return `${archived ? "sessions/2031/12/31" : "archived_sessions"}/${baseName(path)}` as RelPath;
}

function movesOf({ threads: _ }: Snapshot, { id, rollouts }: Thread): MoveChange[] {
  return rollouts.map(({ path, archived, stamp }) => ({
    kind: "move",
    path,
    to: targetOf(path, archived),
    thread: id,
    sets: { archived: { before: archived ? 1 : 0, after: archived ? 0 : 1 } },
    size: stamp.size,
    mtimeMs: stamp.mtimeMs,
  }));
}

function placeOf({ home, live }: Snapshot, { id, row, rollouts }: Thread): RowChange[] {
  const newest = rollouts.at(-1);
  if (row === undefined || newest === undefined || live === undefined) return [];
  const after = inHome(home, targetOf(newest.path, newest.archived));
  const cells: Record<string, Cell> = {
    rollout_path: { before: row.rolloutPath, after },
    archived: { before: row.archived ? 1 : 0, after: newest.archived ? 0 : 1 },
  };
  return [{ kind: "row", database: live.path, thread: id, cells }];
}

function mergedRows(rows: readonly RowChange[]): RowChange[] {
  const merged = new Map<string, RowChange>();
  for (const row of rows) {
    merged.set(row.thread, { ...row, cells: { ...merged.get(row.thread)?.cells, ...row.cells } });
  }
  return [...merged.values()];
}

/** All of a table. */
export function rowsIn(database: AbsPath, table: string): Row[] {
  const open = openForReading(database, realDisk);
  try {
    return open.all(`select * from ${table} order by 1, 2`);
  } finally {
    open.close();
  }
}

const cell = (before: Cell["before"], after: Cell["after"]): Cell => ({ before, after });

/** The cells of a row that is added or removed. */
export function wholeCells(row: Row, key: readonly string[], op: "add" | "remove"): Record<string, Cell> {
  return Object.fromEntries(
    Object.entries(row).filter(([name, value]) => value !== null && !key.includes(name)).map(
      ([name, value]) => [name, op === "add" ? cell(null, value as string) : cell(value as string, null)],
    ),
  );
}

function historyChanges(database: AbsPath, every: number): EntryChange[] {
  const changes: EntryChange[] = [];
  rowsIn(database, "thread_turns").forEach((row, n) => {
    if (n % every !== 0) return;
    const thread = String(row.thread_id);
    const common = { kind: "entry", database, table: "thread_turns", thread } as const;
    const key = { thread_id: thread, turn_id: String(row.turn_id) };
    if (n % 3 === 0) {
      changes.push({
        ...common,
        key,
        op: "change",
        cells: { status: cell(String(row.status), "taken away") },
      });
      return;
    }
    const cells = wholeCells(row, ["thread_id", "turn_id"], "remove");
    changes.push({ ...common, key, op: "remove", cells });
    if (n % 3 === 1) return;
    // Another one at the same place, which only one may have: the order matters, there and back.
    const other = { ...key, turn_id: `${key.turn_id}-again` };
    changes.push({
      ...common,
      key: other,
      op: "add",
      cells: wholeCells(row, ["thread_id", "turn_id"], "add"),
    });
  });
  rowsIn(database, "thread_history_projection_state").forEach((row, n) => {
    if (n % every !== 0) return;
    const thread = String(row.thread_id);
    changes.push({
      kind: "entry",
      database,
      table: "thread_history_projection_state",
      key: { thread_id: thread },
      op: "remove",
      thread,
      cells: wholeCells(row, ["thread_id"], "remove"),
    });
  });
  return changes;
}

function tableChanges(database: AbsPath): EntryChange[] {
  const common = { kind: "entry", database, thread: undefined } as const;
  const [backfill] = rowsIn(database, "backfill_state");
  const added = { name: cell(null, "Kept"), position: cell(null, 7), created_at_ms: cell(null, 1) };
  return [
    {
      ...common,
      table: "thread_sections",
      key: { id: PINNED_SECTION },
      op: "change",
      cells: { name: cell("Pinned", "Pinned here") },
    },
    {
      ...common,
      table: "projects",
      key: { id: "p1" },
      op: "add",
      cells: { ...added, updated_at_ms: cell(null, 2) },
    },
    ...backfill === undefined ? [] : [{
      ...common,
      table: "backfill_state",
      key: { id: 1 },
      op: "change" as const,
      cells: { status: cell(String(backfill.status), "pending") },
    }],
  ];
}

function smallFiles(home: AbsPath): Change[] {
  const make = (path: string, text: string): Change => ({
    kind: "make",
    path: path as RelPath,
    thread: undefined,
    sets: {},
    content: encodeText(text),
  });
  const index = "session_index.jsonl" as RelPath;
  const stat = realDisk.stat(inHome(home, index));
  return [
    ...realDisk.stat(inHome(home, ".codex-global-state.json" as RelPath)) === undefined
      ? [make(".codex-global-state.json", '{"projects":[]}\n')]
      : [],
    make("work.config.toml", 'model = "gpt-5"\n'),
    stat === undefined ? make(index, '{"id":"x","thread_name":"näme"}\n') : {
      kind: "edit",
      path: index,
      thread: undefined,
      sets: {},
      size: stat.size,
      mtimeMs: stat.mtimeMs,
      leaveMtimeMs: undefined,
      splices: [{ at: stat.size, before: "" as ByteString, after: encodeText('{"id":"y"}\n') }],
    },
  ];
}

/** Rows of every database of a home, for comparisons. */
export function databasesOf(plan: Plan): AbsPath[] {
  return [...new Set(plan.changes.flatMap((change) => isInDatabase(change) ? [change.database] : []))];
}
