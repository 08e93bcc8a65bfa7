/** Rows in tables that are not as they are known: other columns, other rules, other databases. */
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../lib/core/error.ts";
import { type AbsPath, baseName, type RelPath } from "../../lib/core/path.ts";
import { type Change, type EntryChange, type MoveChange, order, type Plan } from "../../lib/core/plan.ts";
import { apply } from "../../lib/engine/apply.ts";
import { recover } from "../../lib/engine/recover.ts";
import { requireKnownTargets } from "../../lib/engine/targets.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "../assert.ts";
import { type BuiltHome, dumpRows, talk, treeHash, withHome } from "../home.ts";
import { applyOptions, carryOut, CONFIG, machineOf, planBack, planSync, runSql } from "./fixture.ts";
import { rowsIn, wholeCells } from "./kinds.ts";

const UNIX = Deno.build.os !== "windows";
const whole = (home: BuiltHome) => ({ files: treeHash(home.path), rows: dumpRows(home.state!) });

function planOf(home: BuiltHome, ...changes: readonly Change[]): Plan {
  return { purpose: "repair", home: home.path, changes: order(changes), skipped: [], reverts: undefined };
}

/** The move of the file of the thread into the archive. */
function moveOf(home: BuiltHome): MoveChange {
  const [{ id, files: [file] }] = home.threads as [BuiltHome["threads"][number]];
  const { path } = file!;
  const { size, mtimeMs } = realDisk.lstat(`${home.path}/${path}`)!;
  const to = `archived_sessions/${baseName(path)}` as RelPath;
  return { kind: "move", path, to, thread: id, sets: {}, size, mtimeMs };
}

const TURNS = [{ provider: "new", turns: talk("a", "b") }];

function firstTurn(home: BuiltHome): EntryChange {
  const [row] = rowsIn(home.history!, "thread_turns");
  const key = { thread_id: String(row!.thread_id), turn_id: String(row!.turn_id) };
  const cells = wholeCells(row!, Object.keys(key), "remove");
  const common = { kind: "entry", database: home.history!, table: "thread_turns", key } as const;
  return { ...common, op: "remove", thread: home.threads[0]!.id, cells };
}

async function runIn(home: BuiltHome, ...changes: readonly Change[]) {
  return await apply(machineOf(), planOf(home, ...changes), [home.state!], applyOptions());
}

function sql(database: string, statement: string): void {
  const open = new DatabaseSync(database);
  try {
    open.exec(statement);
  } finally {
    open.close();
  }
}

Deno.test("recover() ends though Codex has altered its tables since, and says what it left", {
  ignore: !UNIX,
}, async () => {
  await withHome({ config: CONFIG, threads: TURNS }, async (home) => {
    const { op: _, ...entry } = firstTurn(home);
    const status = { before: String(entry.cells.status!.before), after: "seen" };
    const move = moveOf(home);
    const dead = { now: false };
    const disk: Disk = {
      ...realDisk,
      lstat: (path) => {
        // The power goes when the rows are written and the files are looked at once more.
        if (dead.now) throw new AppError("failed", "the disk is gone");
        const [row] = path.endsWith(move.to) ? rowsIn(home.history!, "thread_turns") : [];
        if (row?.status !== "seen") return realDisk.lstat(path);
        dead.now = true;
        throw new AppError("failed", "the disk is gone");
      },
    };
    const plan = planOf(home, move, { ...entry, op: "change", cells: { status } });
    const error = await assertRejects(
      () => apply(machineOf({ disk }), plan, [home.state!], applyOptions()),
      AppError,
    );
    assertEquals(error.code, "recovery-pending", error.message);
    sql(home.history!, "alter table thread_turns rename column status to state");
    const { left, recovered } = await recover(machineOf(), home.path, [home.state!], applyOptions());
    assertEquals(recovered.length, 1);
    assertEquals(left.map(({ subject }) => subject), [home.threads[0]!.id]);
    assertStringIncludes(left[0]!.reason, "another form");
    assert(realDisk.lstat(`${home.path}/${move.path}`) !== undefined);
    assertEquals((await recover(machineOf(), home.path, [home.state!], applyOptions())).recovered, []);
  });
});

Deno.test("apply() takes everything back when somebody locks a database before the rows are written", {
  ignore: !UNIX,
}, async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async (home) => {
    const before = whole(home);
    let lock: DatabaseSync | undefined;
    const disk: Disk = {
      ...realDisk,
      rename: (from, to) => {
        realDisk.rename(from, to);
        if (lock !== undefined || !to.includes("/sessions/")) return;
        lock = new DatabaseSync(home.state!);
        lock.exec("begin immediate");
      },
    };
    try {
      const plan = await planSync(home.path);
      const error = await assertRejects(() => carryOut(plan, {}, { disk }), AppError);
      assertEquals(error.code, "database-busy", error.message);
      assert(lock !== undefined);
    } finally {
      lock?.close();
    }
    assertEquals(whole(home), before);
  });
});

Deno.test("a record changes rows of no database that is not named like one of Codex", () => {
  const database = "/elsewhere/places.sqlite" as AbsPath;
  const cells = { title: { before: "a", after: "b" } };
  const row: Change = { kind: "row", database, thread: "t", cells };
  const entry: Change = { ...row, kind: "entry", table: "projects", key: { id: "p" }, op: "change" };
  for (const change of [row, entry, { ...row, database: "C:\\x\\state.sqlite" as AbsPath }]) {
    assertThrows(() => requireKnownTargets([change]), AppError, "does not change rows");
  }
  requireKnownTargets([{ ...row, database: "C:\\x\\state_5.sqlite" as AbsPath }]);
});

Deno.test("apply() removes rows of tables with columns of any name, and none it could not add again", async () => {
  await withHome({ config: CONFIG, threads: TURNS }, async (home) => {
    sql(home.history!, `alter table thread_turns add column "order" text`);
    sql(home.history!, `alter table thread_turns add column mood text default 'calm'`);
    const before = dumpRows(home.history!);
    const change = firstTurn(home);
    const { record } = await runIn(home, change);
    assert(record !== undefined);
    await carryOut((await planBack(home.path, record)).plan);
    assertEquals(dumpRows(home.history!), before);
    sql(home.history!, "update thread_turns set mood = null");
    const empty = dumpRows(home.history!);
    const { mood: _, ...cells } = change.cells;
    assertEquals((await runIn(home, { ...change, cells })).skipped.length, 1);
    assertEquals(dumpRows(home.history!), empty);
  });
});

Deno.test("apply() refuses columns that a table does not have before it touches anything", async () => {
  await withHome({ config: CONFIG, threads: TURNS }, async (home) => {
    const before = whole(home);
    const known = firstTurn(home);
    for (const name of ["nonsense", "rowid", "order", "constructor"]) {
      const cells = { [name]: { before: null, after: "x" } };
      const move = moveOf(home);
      const error = await assertRejects(() => runIn(home, move, { ...known, op: "change", cells }), AppError);
      assertEquals(error.code, "database-schema", error.message);
      assertStringIncludes(error.message, name);
      assertEquals(whole(home), before);
      assertEquals(realDisk.lstat(`${home.path}/backups_state`), undefined);
    }
  });
});

Deno.test("apply() says nothing of rows left over when several rows of no thread are other ones", async () => {
  await withHome({ config: CONFIG, threads: TURNS }, async (home) => {
    const values = "1, 1, 1)";
    runSql(
      home,
      `insert into projects (id, name, position, created_at_ms, updated_at_ms) values ('p1', 'Other', ${values},
       ('p2', 'Other', ${values}`.replace("1, 1, 1),", "1, 1, 1),"),
    );
    const before = dumpRows(home.state!);
    const adds = ["p1", "p2"].map((id): EntryChange => ({
      kind: "entry",
      database: home.state!,
      table: "projects",
      key: { id },
      op: "add",
      thread: undefined,
      cells: Object.fromEntries(
        ["name", "position", "created_at_ms", "updated_at_ms"].map((name, n) => [name, {
          before: null,
          after: n === 0 ? "Kept" : n,
        }]),
      ),
    }));
    const error = await assertRejects(() => runIn(home, ...adds), AppError);
    assertEquals(error.code, "state-changed", error.message);
    assertEquals(dumpRows(home.state!), before);
  });
});
