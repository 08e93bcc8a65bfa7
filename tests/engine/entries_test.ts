/** Rows of any table of both databases: guards, order, and taking them back. */
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../lib/core/error.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import {
  type Change,
  type EntryChange,
  type MoveChange,
  order,
  type Plan,
  type RowChange,
} from "../../lib/core/plan.ts";
import { apply } from "../../lib/engine/apply.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { type BuiltHome, dumpRows, talk, withHome } from "../home.ts";
import { applyOptions, carryOut, CONFIG, machineOf, planBack } from "./fixture.ts";
import { rowsIn, wholeCells } from "./kinds.ts";

const THREADS = [{ provider: "new", turns: talk("a", "b") }, { provider: "new", turns: talk("c") }];
const inHome = (use: (home: BuiltHome) => Promise<void>) =>
  withHome({ config: CONFIG, threads: THREADS }, use);

const cell = (before: string | number | null, after: string | number | null) => ({ before, after });

function repairOf(home: BuiltHome, ...changes: readonly Change[]): Plan {
  return { purpose: "repair", home: home.path, changes: order(changes), skipped: [], reverts: undefined };
}

async function run(home: BuiltHome, ...changes: readonly Change[]) {
  return await apply(machineOf(), repairOf(home, ...changes), [home.state!], applyOptions());
}

function sql(database: AbsPath, statement: string): void {
  const open = new DatabaseSync(database);
  try {
    open.exec(statement);
  } finally {
    open.close();
  }
}

const both = (home: BuiltHome) => [dumpRows(home.state!), dumpRows(home.history!)];

/** The change of the first turn of thread `n`. */
function turnOf(home: BuiltHome, n: number): EntryChange {
  const thread = home.threads[n]!.id;
  const row = rowsIn(home.history!, "thread_turns").find(({ thread_id }) => thread_id === thread)!;
  return {
    kind: "entry",
    database: home.history!,
    table: "thread_turns",
    key: { thread_id: thread, turn_id: String(row.turn_id) },
    op: "change",
    thread,
    cells: { status: cell(String(row.status), "seen") },
  };
}

function removalOf(home: BuiltHome, n: number): EntryChange {
  const change = turnOf(home, n);
  const row = rowsIn(home.history!, "thread_turns").find(({ turn_id }) => turn_id === change.key.turn_id)!;
  return { ...change, op: "remove", cells: wholeCells(row, Object.keys(change.key), "remove") };
}

function rowOf(home: BuiltHome, n: number, before: string, after: string): RowChange {
  const thread = home.threads[n]!.id;
  return { kind: "row", database: home.state!, thread, cells: { title: cell(before, after) } };
}

function project(
  op: "add" | "remove",
): Pick<EntryChange, "kind" | "table" | "key" | "op" | "thread" | "cells"> {
  const values = { name: "Kept", position: 7, created_at_ms: 1, updated_at_ms: 2 };
  const cells = Object.fromEntries(
    Object.entries(values).map((
      [name, value],
    ) => [name, op === "add" ? cell(null, value) : cell(value, null)]),
  );
  return { kind: "entry", table: "projects", key: { id: "p1" }, op, thread: undefined, cells };
}

Deno.test("apply() changes rows of a thread in both databases or in none", async () => {
  await inHome(async (home) => {
    const before = both(home);
    const title = String(rowsIn(home.state!, "threads").find(({ id }) => id === home.threads[1]!.id)!.title);
    const { skipped } = await run(
      home,
      turnOf(home, 0),
      rowOf(home, 0, "no such title", "x"),
      turnOf(home, 1),
      rowOf(home, 1, title, "renamed"),
    );
    assertEquals(skipped.map(({ subject }) => subject), [home.threads[0]!.id]);
    const [state, history] = both(home);
    const isOf = (n: number) => (line: string) => line.includes(home.threads[n]!.id);
    assertEquals(history!.filter(isOf(0)), before[1]!.filter(isOf(0)));
    assertEquals(state!.filter(isOf(0)), before[0]!.filter(isOf(0)));
    assertEquals(history!.filter((line) => !before[1]!.includes(line)).length, 1);
    assertEquals(state!.filter((line) => !before[0]!.includes(line)).length, 1);
  });
});

Deno.test("apply() stops where a row of no thread is another one, and takes everything back", async () => {
  await inHome(async (home) => {
    sql(
      home.state!,
      "insert into projects (id, name, position, created_at_ms, updated_at_ms) values ('p1', 'Other', 1, 1, 1)",
    );
    const before = both(home);
    const add: EntryChange = { ...project("add"), database: home.state! };
    const error = await assertRejects(() => run(home, turnOf(home, 0), add), AppError);
    assertEquals(error.code, "state-changed");
    assertStringIncludes(error.message, "projects p1");
    assertEquals(both(home), before);
  });
});

Deno.test("apply() removes a row only when it is wholly known, so that it can be added again", async () => {
  await inHome(async (home) => {
    const before = both(home);
    const { cells, ...rest } = removalOf(home, 0);
    const { rollout_byte_offset: _, ...fewer } = cells;
    const { record, skipped } = await run(home, { ...rest, cells: fewer });
    assertEquals([record, skipped.length], [undefined, 1]);
    assertEquals(both(home), before);
    const removed = await run(home, { ...rest, cells });
    assertEquals(dumpRows(home.history!).length, before[1]!.length - 1);
    await carryOut((await planBack(home.path, removed.record!)).plan);
    assertEquals(both(home), before);
  });
});

Deno.test("apply() removes no row with which a trigger would remove others", async () => {
  await inHome(async (home) => {
    const thread = home.threads[0]!.id;
    sql(home.history!, `insert into thread_realtime_items values ('${thread}', 'i1', 1, 1, 'x', '{}')`);
    const before = both(home);
    const table = "thread_history_projection_state";
    const row = rowsIn(home.history!, table).find(({ thread_id }) => thread_id === thread)!;
    const state: EntryChange = {
      kind: "entry",
      database: home.history!,
      table,
      key: { thread_id: thread },
      op: "remove",
      thread,
      cells: wholeCells(row, ["thread_id"], "remove"),
    };
    assertEquals((await run(home, state)).skipped.length, 1);
    assertEquals(both(home), before);
    const [found] = rowsIn(home.history!, "thread_realtime_items");
    const item: EntryChange = {
      ...state,
      table: "thread_realtime_items",
      key: { thread_id: thread, item_id: "i1" },
      cells: wholeCells(found!, ["thread_id", "item_id"], "remove"),
    };
    const { record } = await run(home, item, state);
    assertEquals(rowsIn(home.history!, "thread_realtime_items"), []);
    await carryOut((await planBack(home.path, record!)).plan);
    assertEquals(both(home), before);
  });
});

Deno.test("apply() refuses tables, columns, keys and databases that are not its business", async () => {
  await inHome(async (home) => {
    const turn = turnOf(home, 0);
    const wrong: readonly Partial<EntryChange>[] = [
      { table: "threads", key: { id: "t" } },
      { table: "_sqlx_migrations", key: { version: 1 } },
      { key: { thread_id: turn.thread! } },
      { key: { ...turn.key, status: "x" } },
      { cells: { turn_id: cell("a", "b") } },
      { database: home.state! },
      {
        table: "backfill_state",
        key: { id: 1 },
        cells: { last_success_at: cell(1, 2) },
        database: home.state!,
      },
      { database: `${home.path}/../thread_history_1.sqlite` as AbsPath },
      { database: `${home.path}/logs_1.sqlite` as AbsPath },
    ];
    const before = both(home);
    for (const more of wrong) {
      const error = await assertRejects(() => run(home, { ...turn, ...more }), AppError);
      assertEquals(error.code, "refused", JSON.stringify(more));
    }
    sql(home.history!, "create trigger t after update on thread_turns begin select 1; end");
    assertEquals((await assertRejects(() => run(home, turn), AppError)).code, "database-schema");
    sql(home.history!, "drop trigger t");
    assertEquals(both(home), before);
  });
});

Deno.test(
  "apply() refuses while somebody has the history open",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    await inHome(async (home) => {
      const script = `import { DatabaseSync } from "node:sqlite";
      const d = new DatabaseSync(Deno.args[0]); d.exec("begin immediate"); console.log("open");
      for await (const _ of Deno.stdin.readable);`;
      const holder = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", `data:text/javascript,${encodeURIComponent(script)}`, home.history!],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      try {
        const reader = holder.stdout.getReader();
        await reader.read();
        reader.releaseLock();
        const before = dumpRows(home.state!);
        const error = await assertRejects(() => run(home, turnOf(home, 0)), AppError);
        assert(["codex-running", "database-busy"].includes(error.code), error.code);
        assertEquals(dumpRows(home.state!), before);
      } finally {
        await holder.stdin.close();
        await holder.stdout.cancel();
        await holder.status;
      }
    });
  },
);

Deno.test("planRestore() reports rows that were changed since, and with force goes by what they say now", async () => {
  await inHome(async (home) => {
    const add: EntryChange = { ...project("add"), database: home.state! };
    const original = both(home);
    const { record } = await run(home, turnOf(home, 0), removalOf(home, 1), add);
    const turn = removalOf(home, 0);
    sql(home.history!, `update thread_turns set status = 'later' where turn_id = '${turn.key.turn_id}'`);
    sql(home.state!, "update projects set name = 'Mine now' where id = 'p1'");
    const refused = await planBack(home.path, record!);
    assertEquals(refused.conflicts.map(({ reason }) => reason), [
      'its status is "later" now',
      "it was changed since",
    ]);
    // Of the thread whose row was only removed nothing has changed.
    assertEquals(refused.plan.changes.map((change) => change.kind === "entry" ? change.op : ""), ["add"]);
    const { plan } = await planBack(home.path, record!, { force: true });
    const forced = await carryOut(plan);
    assertEquals(both(home), original);
    await carryOut((await planBack(home.path, forced.record!)).plan);
    assertEquals(rowsIn(home.state!, "projects").map(({ name }) => name), ["Mine now"]);
    assertEquals(
      rowsIn(home.history!, "thread_turns").find(({ turn_id }) => turn_id === turn.key.turn_id)?.status,
      "later",
    );
  });
});

Deno.test("planRestore() of one part keeps a file's place and the row that names it together", async () => {
  await inHome(async (home) => {
    const { id, files: [file] } = home.threads[0]!;
    const { size, mtimeMs } = realDisk.lstat(`${home.path}/${file!.path}`)!;
    const to = `archived_sessions/${file!.path.slice(file!.path.lastIndexOf("/") + 1)}` as RelPath;
    const move: MoveChange = { kind: "move", path: file!.path, to, thread: id, sets: {}, size, mtimeMs };
    const cells = {
      rollout_path: cell(home.threads[0]!.rowPath!, `${home.path}/${to}`),
      archived: cell(0, 1),
      model_provider: cell("new", "old"),
    };
    const row: RowChange = { kind: "row", database: home.state!, thread: id, cells };
    const { record } = await run(home, move, row, turnOf(home, 0));
    const kinds = async (options: { database?: boolean; sessions?: boolean }) =>
      (await planBack(home.path, record!, options)).plan.changes.map((change) =>
        change.kind === "row" ? Object.keys(change.cells).join() : change.kind
      );
    assertEquals(await kinds({}), ["move", "entry", "rollout_path,archived,model_provider"]);
    assertEquals(await kinds({ database: false }), []);
    assertEquals(await kinds({ sessions: false }), ["entry", "model_provider"]);
  });
});

Deno.test("planRestore() moves a file back that was continued since, and reports one that is gone", async () => {
  await inHome(async (home) => {
    const { id, files: [file] } = home.threads[0]!;
    const { size, mtimeMs } = realDisk.lstat(`${home.path}/${file!.path}`)!;
    const to = `archived_sessions/${file!.path.slice(file!.path.lastIndexOf("/") + 1)}` as RelPath;
    const { record } = await run(home, {
      kind: "move",
      path: file!.path,
      to,
      thread: id,
      sets: {},
      size,
      mtimeMs,
    });
    Deno.writeTextFileSync(`${home.path}/${to}`, "{}\n", { append: true });
    const continued = await planBack(home.path, record!);
    assertEquals([continued.conflicts, continued.plan.changes.length], [[], 1]);
    Deno.writeTextFileSync(`${home.path}/${file!.path}`, "another\n");
    assertEquals(
      (await planBack(home.path, record!)).conflicts[0]?.reason,
      "something else stands under its old name",
    );
    Deno.removeSync(`${home.path}/${file!.path}`);
    // Codex has filed it elsewhere.
    const other = `sessions/2026/03/04/${to.slice(to.indexOf("/") + 1)}`;
    Deno.mkdirSync(`${home.path}/sessions/2026/03/04`, { recursive: true });
    Deno.renameSync(`${home.path}/${to}`, `${home.path}/${other}`);
    const moved = await planBack(home.path, record!);
    assertEquals([moved.plan.changes, moved.conflicts[0]?.reason], [[], `it is "${other}" now`]);
    await carryOut((await planBack(home.path, record!, { force: true })).plan);
    assert(realDisk.lstat(`${home.path}/${file!.path}`) !== undefined);
    Deno.removeSync(`${home.path}/${file!.path}`);
    assertEquals((await planBack(home.path, record!)).conflicts[0]?.reason, "it is gone");
  });
});
