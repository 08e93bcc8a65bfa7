/** Moves, small files made and taken away: what is refused, what is left out, what is taken back. */
import { encodeText } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import { type AbsPath, baseName, type RelPath } from "../../lib/core/path.ts";
import { type Change, type MoveChange, order, type Plan } from "../../lib/core/plan.ts";
import { listRecords, readJournal } from "../../lib/engine/records.ts";
import { recover } from "../../lib/engine/recover.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { type BuiltHome, dumpRows, treeHash, withHome } from "../home.ts";
import { applyOptions, carryOut, CONFIG, fileOf, machineOf, MIXED, planBack, planSync } from "./fixture.ts";

const UNIX = Deno.build.os !== "windows";
const inHome = (use: (home: BuiltHome) => Promise<void>) => withHome({ config: CONFIG, threads: MIXED }, use);

/** The move of a file of thread `n` into the archive, or to another place. */
function moveOf(home: BuiltHome, n: number, to?: string): MoveChange {
  const path = home.threads[n]!.files[0]!.path;
  const { size, mtimeMs } = realDisk.lstat(`${home.path}/${path}`)!;
  return {
    kind: "move",
    path,
    to: (to ?? `archived_sessions/${baseName(path)}`) as RelPath,
    thread: home.threads[n]!.id,
    sets: {},
    size,
    mtimeMs,
  };
}

function repairOf(home: BuiltHome, ...changes: readonly Change[]): Plan {
  return { purpose: "repair", home: home.path, changes: order(changes), skipped: [], reverts: undefined };
}

/** The plan that gives all threads to `new` and moves the file of thread `n`. */
async function syncAndMove(home: BuiltHome, n: number, to?: string): Promise<Plan> {
  const plan = await planSync(home.path);
  return { ...plan, changes: order([...plan.changes, moveOf(home, n, to)]) };
}

const whole = (home: BuiltHome) => ({ files: treeHash(home.path), rows: dumpRows(home.state!) });

Deno.test("apply() moves a file with content, mode and times, and the folder that becomes empty stays", async () => {
  await inHome(async (home) => {
    const before = treeHash(home.path);
    const move = moveOf(home, 0, `sessions/2031/12/31/${baseName(home.threads[0]!.files[0]!.path)}`);
    const { record, skipped } = await carryOut(repairOf(home, move));
    assertEquals(skipped, []);
    const after = treeHash(home.path);
    assertEquals([after.get(move.path), after.get(move.to)], [undefined, before.get(move.path)]);
    assert(Deno.statSync(`${home.path}/sessions/2026/01/05`).isDirectory);
    if (UNIX) assertEquals(Deno.statSync(`${home.path}/sessions/2031/12`).mode! & 0o777, 0o700);
    const entry = readJournal(realDisk, home.path, record!).find(({ event }) => event === "names");
    const folders = ["sessions/2031", "sessions/2031/12", "sessions/2031/12/31"] as RelPath[];
    assertEquals(entry?.event === "names" ? entry.folders : [], folders);
  });
});

Deno.test("apply() moves a file to where another one is not, and leaves the whole thread out where one is", async () => {
  await inHome(async (home) => {
    const plan = await syncAndMove(home, 0);
    const move = moveOf(home, 0);
    Deno.mkdirSync(`${home.path}/archived_sessions`, { recursive: true });
    Deno.writeTextFileSync(`${home.path}/${move.to}`, "mine\n");
    const before = whole(home);
    const { skipped } = await carryOut(plan);
    assertEquals(skipped.map(({ subject }) => subject), [move.thread!]);
    assertStringIncludes(skipped[0]!.reason, "is there already");
    const after = whole(home);
    for (const path of [move.path, move.to]) assertEquals(after.files.get(path), before.files.get(path));
    const isOf = (line: string) => line.includes(move.thread!);
    assertEquals(after.rows.filter(isOf), before.rows.filter(isOf));
    assertEquals(after.rows.filter((line) => !before.rows.includes(line)).length, 3);
  });
});

Deno.test("apply() leaves a thread out whose file was written to or is gone, and undoes its edits", async () => {
  const harms: readonly ((path: string) => void)[] = [
    (path) => Deno.writeTextFileSync(path, "{}\n", { append: true }),
    (path) => Deno.removeSync(path),
  ];
  for (const harm of harms) {
    await inHome(async (home) => {
      const move = moveOf(home, 0);
      harm(fileOf(home));
      const before = whole(home);
      const { record, skipped } = await carryOut(repairOf(home, move));
      assertEquals([record, skipped.length], [undefined, 1]);
      assertEquals(whole(home), before);
    });
  }
});

Deno.test("apply() gives an edited file its old content and place back when its row was changed", async () => {
  await inHome(async (home) => {
    const plan = await syncAndMove(
      home,
      0,
      `sessions/2031/12/31/${baseName(home.threads[0]!.files[0]!.path)}`,
    );
    const id = home.threads[0]!.id;
    const changes = plan.changes.map((change) =>
      change.kind === "row" && change.thread === id
        ? { ...change, cells: { model_provider: { before: "elsewhere", after: "new" } } }
        : change
    );
    const before = whole(home);
    const { skipped } = await carryOut({ ...plan, changes });
    assertEquals(skipped.map(({ subject }) => subject), [id]);
    const path = home.threads[0]!.files[0]!.path;
    assertEquals(treeHash(home.path).get(path), before.files.get(path));
    assertEquals(realDisk.lstat(`${home.path}/sessions/2031`), undefined);
  });
});

Deno.test(
  "apply() loses no line of a program that has the file open while it is moved",
  { ignore: !UNIX },
  async () => {
    await inHome(async (home) => {
      const move = moveOf(home, 0);
      const disk: Disk = {
        ...realDisk,
        link: (from, to) => {
          const writer = from.endsWith(move.path) ? Deno.openSync(from, { append: true }) : undefined;
          realDisk.link(from, to);
          writer?.writeSync(new TextEncoder().encode("one more line\n"));
          writer?.close();
        },
      };
      const { record } = await carryOut(repairOf(home, move), {}, { disk });
      assert(record !== undefined);
      assert(Deno.readTextFileSync(`${home.path}/${move.to}`).endsWith("one more line\n"));
    });
  },
);

Deno.test("recover() goes by both names of a file where a move was cut off", { ignore: !UNIX }, async () => {
  await inHome(async (home) => {
    const before = whole(home);
    const move = moveOf(home, 0, `sessions/2031/12/31/${baseName(home.threads[0]!.files[0]!.path)}`);
    const dead: { now: boolean } = { now: false };
    const refuse = () => {
      throw new AppError("failed", "the disk is gone");
    };
    const disk: Disk = {
      ...realDisk,
      remove: (path) => {
        if (path.endsWith(move.path)) dead.now = true;
        return dead.now ? refuse() : realDisk.remove(path);
      },
      rename: (from, to) => dead.now ? refuse() : realDisk.rename(from, to),
    };
    const error = await assertRejects(() => carryOut(repairOf(home, move), {}, { disk }), AppError);
    assertEquals(error.code, "recovery-pending");
    const [old, young] = [move.path, move.to].map((path) => realDisk.lstat(`${home.path}/${path}`)?.ino);
    assertEquals(old, young);
    const report = await recover(machineOf(), home.path, [home.state!], applyOptions());
    assertEquals([report.recovered.length, report.left], [1, []]);
    assertEquals(whole(home), before);
    assertEquals(realDisk.lstat(`${home.path}/sessions/2031`), undefined);
  });
});

Deno.test("apply() makes private files, and refuses where one is", async () => {
  await inHome(async (home) => {
    const make: Change = {
      kind: "make",
      path: ".codex-global-state.json" as RelPath,
      thread: undefined,
      sets: {},
      content: encodeText('{"näme":1}\n'),
    };
    const { record } = await carryOut(repairOf(home, make));
    const path = `${home.path}/${make.path}`;
    assertEquals(Deno.readTextFileSync(path), '{"näme":1}\n');
    if (UNIX) assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    assertEquals((await assertRejects(() => carryOut(repairOf(home, make)), AppError)).code, "state-changed");
    await carryOut((await planBack(home.path, record!)).plan);
    assertEquals(realDisk.lstat(path), undefined);
  });
});

Deno.test("apply() takes away only a file that holds exactly what it is said to hold", async () => {
  await inHome(async (home) => {
    const path = `${home.path}/work.config.toml`;
    Deno.writeTextFileSync(path, "a = 1\n");
    const unmake = (text: string): Change => ({
      kind: "unmake",
      path: "work.config.toml" as RelPath,
      thread: undefined,
      sets: {},
      content: encodeText(text),
    });
    for (const text of ["a = 2\n", "a = 1", "a = 1\n\n"]) {
      assertEquals(
        (await assertRejects(() => carryOut(repairOf(home, unmake(text))), AppError)).code,
        "state-changed",
      );
      assertEquals(Deno.readTextFileSync(path), "a = 1\n");
    }
    const { record } = await carryOut(repairOf(home, unmake("a = 1\n")));
    assertEquals(realDisk.lstat(path), undefined);
    await carryOut((await planBack(home.path, record!)).plan);
    assertEquals(Deno.readTextFileSync(path), "a = 1\n");
  });
});

Deno.test("apply() moves only what codexkeep moves, and to where it does", async () => {
  await inHome(async (home) => {
    const move = moveOf(home, 0);
    const name = baseName(move.path);
    const before = whole(home);
    const wrong: readonly [path: string, to: string][] = [
      [move.path, "config.toml"],
      [move.path, `backups_state/codexkeep/${name}`],
      [move.path, "archived_sessions/notes.txt"],
      [move.path, `${move.path}.old`],
      [move.path, `archived_sessions/${name}.bak`],
      ["config.toml", "config.toml.bak"],
      ["auth.json", `archived_sessions/${name}`],
      ["auth.json", "archived_sessions/rollout-x.jsonl"],
      ["state_5.sqlite", "state_6.sqlite"],
      ["state_5.sqlite", "db-backups/state_5.sqlite"],
      ["state_5.sqlite", "db-backups/x/other.sqlite"],
      ["state_5.sqlite-wal", "db-backups/x/state_5.sqlite-wal"],
      ["goals_1.sqlite", "db-backups/x/goals_1.sqlite"],
    ];
    for (const [path, to] of wrong) {
      const bad = repairOf(home, { ...move, path: path as RelPath, to: to as RelPath, thread: undefined });
      assertEquals((await assertRejects(() => carryOut(bad), AppError, undefined, to)).code, "refused", to);
    }
    assertEquals(whole(home), before);
    assertEquals(listRecords(realDisk, home.path), []);
  });
});

Deno.test("apply() moves through no link", { ignore: !UNIX }, async () => {
  await inHome(async (home) => {
    const move = moveOf(home, 0, `sessions/2031/12/31/${baseName(home.threads[0]!.files[0]!.path)}`);
    Deno.mkdirSync(`${home.path}/../outside`);
    Deno.symlinkSync(`${home.path}/../outside`, `${home.path}/sessions/2031`);
    const { record, skipped } = await carryOut(repairOf(home, move));
    assertEquals([record, skipped.length], [undefined, 1]);
    assertStringIncludes(skipped[0]!.reason, "no folder");
    assertEquals([...Deno.readDirSync(`${home.path}/../outside`)], []);
  });
});

Deno.test("apply() moves a database before its log, or not at all", async () => {
  await inHome(async (home) => {
    for (const side of ["-wal", "-shm"]) Deno.writeTextFileSync(home.state! + side, "");
    const [main, ...sides] = aside(home, ["", "-wal", "-shm"]) as [MoveChange, MoveChange, MoveChange];
    for (const moves of [sides, [...sides, main], [sides[0]!, main, sides[1]!]]) {
      const error = await assertRejects(() => carryOut(repairOf(home, ...moves)), AppError);
      assertEquals(error.code, "refused");
    }
  });
});

/** Moves that set the database aside. */
function aside(home: BuiltHome, sides: readonly string[] = [""]): MoveChange[] {
  return sides.map((side) => {
    const path = `state_5.sqlite${side}` as RelPath;
    const { size, mtimeMs } = realDisk.lstat(`${home.path}/${path}`)!;
    const to = `db-backups/20260105/${path}` as RelPath;
    return { kind: "move", path, to, thread: undefined, sets: {}, size, mtimeMs };
  });
}

const setAside = async (home: BuiltHome) => {
  const { apply } = await import("../../lib/engine/apply.ts");
  return await apply(machineOf(), repairOf(home, ...aside(home)), [home.state!], applyOptions());
};

Deno.test("apply() sets a database aside only with its log, and when nobody has it open", async () => {
  await inHome(async (home) => {
    const before = dumpRows(home.state!);
    Deno.writeTextFileSync(`${home.state!}-wal`, "");
    assertStringIncludes((await assertRejects(() => setAside(home), AppError)).message, "-wal");
    Deno.removeSync(`${home.state!}-wal`);
    const { record } = await setAside(home);
    assertEquals(realDisk.lstat(home.state!), undefined);
    const there = `${home.path}/db-backups/20260105/state_5.sqlite` as AbsPath;
    assertEquals(dumpRows(there), before);
    const { plan, conflicts } = await planBack(home.path, record!);
    assertEquals(conflicts, []);
    await carryOut(plan);
    assertEquals(dumpRows(home.state!), before);
    assertEquals(realDisk.lstat(`${home.path}/db-backups`), undefined);
  });
});

Deno.test("planRestore() of a database set aside reports one in its place, and with force sets that aside", async () => {
  await inHome(async (home) => {
    const before = dumpRows(home.state!);
    const { record } = await setAside(home);
    Deno.copyFileSync(`${home.path}/db-backups/20260105/state_5.sqlite`, home.state!);
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(home.state!);
    database.exec("update threads set title = 'rebuilt'");
    database.close();
    const rebuilt = dumpRows(home.state!);
    const refused = await planBack(home.path, record!);
    assertEquals([refused.plan.changes, refused.conflicts.length], [[], 1]);
    const { plan } = await planBack(home.path, record!, { force: true });
    const { record: forced } = await carryOut(plan);
    assertEquals(dumpRows(home.state!), before);
    await carryOut((await planBack(home.path, forced!)).plan);
    assertEquals(dumpRows(home.state!), rebuilt);
  });
});
