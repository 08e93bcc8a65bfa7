/** A saved plan that holds every kind of change, and one that sets the database aside. */
import { DatabaseSync } from "node:sqlite";
import { type ByteString, encodeText } from "../../lib/core/bytes.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import {
  type Cell,
  type Change,
  type MoveChange,
  order,
  type Plan,
  type RowChange,
} from "../../lib/core/plan.ts";
import { loadPlan, savePlan } from "../../lib/engine/plan_file.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { buildHome, DATABASE, HISTORY, NEW, rolloutOf, runUndisturbed, setTime, threadId } from "./home.ts";

const cell = (before: Cell["before"], after: Cell["after"]): Cell => ({ before, after });

/** Makes a home with a second database and small files, and beside it a plan that changes all of it. */
export async function prepareKinds(home: string): Promise<void> {
  buildHome(home, NEW);
  makeTables(home);
  Deno.writeTextFileSync(`${home}/session_index.jsonl`, '{"id":"x","thread_name":"one"}\n');
  setTime(`${home}/session_index.jsonl`, 1_767_607_300_321);
  Deno.writeTextFileSync(`${home}/work.config.toml`, 'model = "gpt-5"\n', { mode: 0o600 });
  setTime(`${home}/work.config.toml`, 1_767_607_301_321);
  const path = `${home}/../plan.json` as AbsPath;
  const draft = `${home}/../draft.json` as AbsPath;
  const ran = await runUndisturbed(home, ["sync", "--plan-out", draft]);
  if (ran.code !== 0) throw new Error(`no plan: ${ran.err}`);
  const plan = loadPlan(realDisk, draft);
  Deno.removeSync(draft);
  savePlan(realDisk, path, allKinds(home, plan));
}

function makeTables(home: string): void {
  const state = new DatabaseSync(`${home}/${DATABASE}`);
  state.exec("create table thread_sections (id text primary key, name text not null, appearance text)");
  state.exec("insert into thread_sections values ('s1', 'Mine', null), ('s2', 'Old', 'blue')");
  state.close();
  const history = new DatabaseSync(`${home}/${HISTORY}`);
  history.exec("pragma journal_mode = wal");
  history.exec(
    "create table thread_turns (thread_id text not null, turn_id text not null, rollout_ordinal integer not null, " +
      "status text not null, rollout_byte_offset integer, primary key (thread_id, turn_id))",
  );
  history.exec("create unique index turns_page on thread_turns(thread_id, rollout_ordinal)");
  const insert = history.prepare("insert into thread_turns values (?, ?, ?, 'completed', ?)");
  for (let n = 1; n <= 7; n++) {
    for (let turn = 1; turn <= 2; turn++) insert.run(threadId(n), `t${turn}`, turn, 100 * turn);
  }
  history.close();
}

function allKinds(home: string, plan: Plan): Plan {
  const moves = [
    moveOf(home, 1, rolloutOf(1), `archived_sessions/${nameOf(rolloutOf(1))}`, 1),
    moveOf(
      home,
      3,
      `archived_sessions/${nameOf(rolloutOf(3))}`,
      `sessions/2031/12/31/${nameOf(rolloutOf(3))}`,
      0,
    ),
    moveOf(home, 5, `${rolloutOf(5)}.zst`, `archived_sessions/${nameOf(rolloutOf(5))}.zst`, 1),
    // Nothing but a move.
    moveOf(home, 6, rolloutOf(6), `archived_sessions/${nameOf(rolloutOf(6))}`, 1),
  ];
  const rows = plan.changes.filter((change) => change.kind === "row");
  const changes: Change[] = [
    ...plan.changes.filter((change) => change.kind !== "row"),
    ...moves,
    ...rows.map((row) => withPlace(home, row, moves)),
    ...moves.filter(({ thread }) => !rows.some((row) => row.thread === thread)).map((move) =>
      withPlace(home, { kind: "row", database: rows[0]!.database, thread: move.thread!, cells: {} }, moves)
    ),
    ...entries(home),
    ...smallFiles(home),
  ];
  return { ...plan, purpose: "repair", changes: order(changes) };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function moveOf(home: string, n: number, path: string, to: string, archived: number): MoveChange {
  const { size, mtime } = Deno.lstatSync(`${home}/${path}`);
  return {
    kind: "move",
    path: path as RelPath,
    to: to as RelPath,
    thread: threadId(n),
    sets: { archived: cell(1 - archived, archived) },
    size,
    mtimeMs: mtime?.getTime() ?? 0,
  };
}

function withPlace(home: string, row: RowChange, moves: readonly MoveChange[]): RowChange {
  const move = moves.find(({ thread }) => thread === row.thread);
  if (move === undefined) return row;
  const cells = { ...row.cells, rollout_path: cell(`${home}/${move.path}`, `${home}/${move.to}`) };
  return { ...row, cells: { ...cells, ...move.sets } };
}

function entries(home: string): Change[] {
  const history = {
    kind: "entry",
    database: `${home}/${HISTORY}` as AbsPath,
    table: "thread_turns",
  } as const;
  const state = {
    kind: "entry",
    database: `${home}/${DATABASE}` as AbsPath,
    table: "thread_sections",
  } as const;
  const turn = (n: number, id: string) => ({
    key: { thread_id: threadId(n), turn_id: id },
    thread: threadId(n),
  });
  const first = { rollout_ordinal: 1, status: "completed", rollout_byte_offset: 100 };
  const cells = (side: "before" | "after") =>
    Object.fromEntries(
      Object.entries(first).map((
        [name, value],
      ) => [name, side === "before" ? cell(value, null) : cell(null, value)]),
    );
  return [
    { ...history, ...turn(1, "t1"), op: "change", cells: { rollout_byte_offset: cell(100, 111) } },
    { ...history, ...turn(2, "t1"), op: "remove", cells: cells("before") },
    { ...history, ...turn(2, "t9"), op: "add", cells: cells("after") },
    { ...history, ...turn(6, "t1"), op: "remove", cells: cells("before") },
    { ...state, key: { id: "s1" }, op: "change", thread: undefined, cells: { name: cell("Mine", "Ours") } },
    {
      ...state,
      key: { id: "s2" },
      op: "remove",
      thread: undefined,
      cells: { name: cell("Old", null), appearance: cell("blue", null) },
    },
    { ...state, key: { id: "s3" }, op: "add", thread: undefined, cells: { name: cell(null, "New") } },
  ];
}

function smallFiles(home: string): Change[] {
  const index = "session_index.jsonl";
  const { size, mtime } = Deno.lstatSync(`${home}/${index}`);
  const none = { thread: undefined, sets: {} } as const;
  return [
    {
      kind: "edit",
      path: index as RelPath,
      ...none,
      size,
      mtimeMs: mtime?.getTime() ?? 0,
      leaveMtimeMs: 1_767_607_302_321,
      splices: [{
        at: size,
        before: "" as ByteString,
        after: encodeText('{"id":"y","thread_name":"two"}\n'),
      }],
    },
    { kind: "make", path: ".codex-global-state.json" as RelPath, ...none, content: encodeText('{"a":1}\n') },
    { kind: "make", path: "home.config.toml" as RelPath, ...none, content: encodeText('model = "x"\n') },
    {
      kind: "unmake",
      path: "work.config.toml" as RelPath,
      ...none,
      content: encodeText('model = "gpt-5"\n'),
    },
  ];
}

/** Makes a home whose database has a log with rows that are nowhere else, and a plan that sets both aside. */
export function prepareAside(home: string): void {
  buildHome(home, NEW);
  leaveLog(home);
  const changes = ["", "-wal", "-shm"].map((side): MoveChange => {
    const path = `${DATABASE}${side}` as RelPath;
    const { size, mtime } = Deno.lstatSync(`${home}/${path}`);
    const to = `db-backups/20260105/${path}` as RelPath;
    const mtimeMs = mtime?.getTime() ?? 0;
    return { kind: "move", path, to, thread: undefined, sets: {}, size, mtimeMs };
  });
  const plan: Plan = { purpose: "repair", home: home as AbsPath, changes, skipped: [], reverts: undefined };
  savePlan(realDisk, `${home}/../plan.json` as AbsPath, plan);
}

function leaveLog(home: string): void {
  const path = `${home}/${DATABASE}`;
  const database = new DatabaseSync(path);
  database.exec("update threads set title = 'only in the log'");
  for (const side of ["", "-wal", "-shm"]) Deno.copyFileSync(path + side, `${path}.copy${side}`);
  database.close();
  for (const side of ["", "-wal", "-shm"]) Deno.renameSync(`${path}.copy${side}`, path + side);
}
