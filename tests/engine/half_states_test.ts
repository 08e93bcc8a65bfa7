/** What must not be left half: records that cannot be read back, threads in each other's places, races with others. */
import { type ByteString, encodeText } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import { baseName, type RelPath } from "../../lib/core/path.ts";
import { type Change, type MoveChange, order, type Plan } from "../../lib/core/plan.ts";
import { recover } from "../../lib/engine/recover.ts";
import { assemble } from "../../lib/engine/plans.ts";
import { openRecord, readChanges, readManifest } from "../../lib/engine/records.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { type BuiltHome, dumpRows, treeHash, withHome } from "../home.ts";
import {
  applyOptions,
  carryOut,
  CONFIG,
  machineOf,
  makeRecord,
  MIXED,
  planBack,
  planSync,
  scanOf,
} from "./fixture.ts";

const UNIX = Deno.build.os !== "windows";
const inHome = (use: (home: BuiltHome) => Promise<void>) => withHome({ config: CONFIG, threads: MIXED }, use);
const whole = (home: BuiltHome) => ({ files: treeHash(home.path), rows: dumpRows(home.state!) });

function planOf(home: BuiltHome, ...changes: readonly Change[]): Plan {
  return { purpose: "repair", home: home.path, changes: order(changes), skipped: [], reverts: undefined };
}

/** The move of file `file` of thread `n`. */
function moveOf(home: BuiltHome, n: number, to: string, file = 0): MoveChange {
  const { id, files } = home.threads[n]!;
  const { path } = files[file]!;
  const { size, mtimeMs } = realDisk.lstat(`${home.path}/${path}`)!;
  return { kind: "move", path, to: to as RelPath, thread: id, sets: {}, size, mtimeMs };
}

const nameOf = (home: BuiltHome, n: number, file = 0) => baseName(home.threads[n]!.files[file]!.path);

Deno.test("a change of any size can be read back from its record and taken back", async () => {
  await inHome(async (home) => {
    const path = "session_index.jsonl" as RelPath;
    Deno.writeTextFileSync(`${home.path}/${path}`, "{}\n");
    const before = treeHash(home.path);
    const splice = { at: 3, before: "" as ByteString, after: encodeText(`{"name":"${"x".repeat(9e6)}"}\n`) };
    const { record } = await carryOut(planOf(home, {
      kind: "edit",
      path,
      thread: undefined,
      sets: {},
      size: 3,
      mtimeMs: undefined,
      leaveMtimeMs: realDisk.stat(`${home.path}/${path}`)!.mtimeMs,
      splices: [splice],
    }));
    assert(record !== undefined);
    assertEquals(readChanges(realDisk, home.path, readManifest(realDisk, home.path, record)).length, 1);
    await carryOut((await planBack(home.path, record)).plan);
    assertEquals(treeHash(home.path).get(path)?.split(" ")[0], before.get(path)?.split(" ")[0]);
  });
});

Deno.test("apply() goes on without a thread one of whose files cannot be moved with the others", {
  ignore: !UNIX,
}, async () => {
  await inHome(async (home) => {
    const day = "sessions/2031/12/31";
    const moves = [0, 1].map((file) => moveOf(home, 1, `${day}/${nameOf(home, 1, file)}`, file));
    const other = moveOf(home, 0, `archived_sessions/${nameOf(home, 0)}`);
    const disk: Disk = {
      ...realDisk,
      link: (from, to) => {
        // Somebody is faster with the second name.
        if (from.endsWith(moves[1]!.path)) Deno.writeTextFileSync(to, "somebody else's\n");
        realDisk.link(from, to);
      },
    };
    const { record, skipped } = await carryOut(planOf(home, ...moves, other), {}, { disk });
    assertEquals(skipped.map(({ subject }) => subject), [home.threads[1]!.id]);
    assert(record !== undefined);
    assert(realDisk.lstat(`${home.path}/${other.to}`) !== undefined);
    for (const { path } of moves) assert(realDisk.lstat(`${home.path}/${path}`) !== undefined, path);
  });
});

Deno.test(
  "apply() goes on where the folder made for a thread that is left out goes again",
  { ignore: !UNIX },
  async () => {
    await inHome(async (home) => {
      const moves = [0, 1].map((file) =>
        moveOf(
          home,
          1,
          `${file === 0 ? "sessions/2031/12/31" : "archived_sessions"}/${nameOf(home, 1, file)}`,
          file,
        )
      );
      const other = moveOf(home, 0, `archived_sessions/${nameOf(home, 0)}`);
      const disk: Disk = {
        ...realDisk,
        link: (from, to) => {
          if (from.endsWith(moves[1]!.path)) Deno.writeTextFileSync(to, "somebody else's\n");
          realDisk.link(from, to);
        },
      };
      const { record, skipped } = await carryOut(planOf(home, ...moves, other), {}, { disk });
      assertEquals(skipped.map(({ subject }) => subject), [home.threads[1]!.id]);
      assert(record !== undefined);
      assertEquals(realDisk.lstat(`${home.path}/sessions/2031`), undefined);
    });
  },
);

Deno.test("apply() leaves out who took the place of a thread that is left out", async () => {
  await inHome(async (home) => {
    const first = moveOf(home, 0, `archived_sessions/${nameOf(home, 0)}`);
    const sync = await planSync(home.path);
    const second = { ...moveOf(home, 1, first.path, 1), thread: home.threads[1]!.id };
    const before = whole(home);
    const changes = sync.changes.filter(({ kind }) => kind !== "row");
    // The row of the first thread is not as planned, which shows only after the files.
    const row: Change = {
      kind: "row",
      database: home.state!,
      thread: home.threads[0]!.id,
      cells: { title: { before: "no such title", after: "x" } },
    };
    const mine = changes.filter((change) => "thread" in change && change.thread !== undefined);
    const plan = planOf(home, ...mine, first, second, row);
    const { skipped } = await carryOut(plan);
    assertEquals(
      skipped.map(({ subject }) => subject).sort(),
      [home.threads[0]!.id, home.threads[1]!.id].sort(),
    );
    const after = whole(home);
    for (const { path } of [first, second]) assertEquals(after.files.get(path), before.files.get(path), path);
    assertEquals(after.rows, before.rows);
  });
});

Deno.test(
  "apply() gives back who took the place of a thread that somebody is at work on",
  { ignore: !UNIX },
  async () => {
    await inHome(async (home) => {
      const first = moveOf(home, 0, `archived_sessions/${nameOf(home, 0)}`);
      const second = moveOf(home, 1, first.path, 1);
      const ids = [0, 1].map((n) => home.threads[n]!.id);
      const before = whole(home);
      const sync = await planSync(home.path);
      const mine = sync.changes.filter((change) => "thread" in change && ids.includes(change.thread ?? ""));
      let writer: Deno.FsFile | undefined;
      const disk: Disk = {
        ...realDisk,
        link: (from, to) => {
          // It opens the file just before that is replaced, and writes once the other one is in its place.
          if (from.endsWith(first.path)) writer ??= Deno.openSync(from, { append: true });
          realDisk.link(from, to);
          if (to.endsWith(first.path)) writer?.writeSync(new TextEncoder().encode("one more line\n"));
        },
      };
      try {
        const { skipped } = await carryOut(planOf(home, ...mine, first, second), {}, { disk });
        assert(skipped.some(({ reason }) => reason.includes("take the place")), JSON.stringify(skipped));
        assertEquals(skipped.map(({ subject }) => subject).sort(), [...ids].sort());
      } finally {
        writer?.close();
      }
      const after = whole(home);
      assertEquals(after.rows, before.rows);
      assertEquals(after.files.get(second.path), before.files.get(second.path));
      assert(Deno.readTextFileSync(`${home.path}/${first.path}`).endsWith("one more line\n"));
      assertEquals(after.files.has(first.to), false);
    });
  },
);

Deno.test("apply() takes no file away that somebody wrote to just before", { ignore: !UNIX }, async () => {
  await inHome(async (home) => {
    const path = "session_index.jsonl" as RelPath;
    const file = `${home.path}/${path}`;
    Deno.writeTextFileSync(file, "{}\n");
    const disk: Disk = {
      ...realDisk,
      remove: (gone) => {
        if (gone === file) Deno.writeTextFileSync(file, "one more line\n", { append: true });
        realDisk.remove(gone);
      },
    };
    const unmake: Change = { kind: "unmake", path, thread: undefined, sets: {}, content: encodeText("{}\n") };
    const error = await assertRejects(() => carryOut(planOf(home, unmake), {}, { disk }), AppError);
    assertStringIncludes(error.message, path);
    assertEquals(Deno.readTextFileSync(file), "{}\none more line\n");
  });
});

Deno.test(
  "apply() takes no file away that somebody put in the place of a moved one",
  { ignore: !UNIX },
  async () => {
    await inHome(async (home) => {
      const move = moveOf(home, 0, `archived_sessions/${nameOf(home, 0)}`);
      const file = `${home.path}/${move.path}`;
      const disk: Disk = {
        ...realDisk,
        link: (from, to) => {
          realDisk.link(from, to);
          if (from !== file) return;
          Deno.writeTextFileSync(`${file}.new`, "rewritten\n");
          Deno.renameSync(`${file}.new`, file);
        },
      };
      const { skipped } = await carryOut(planOf(home, move), {}, { disk });
      assertEquals(skipped.length, 1);
      assertEquals(Deno.readTextFileSync(file), "rewritten\n");
    });
  },
);

Deno.test("apply() refuses plans that move one file twice, two files to one name, or parts of a file apart", async () => {
  await inHome(async (home) => {
    const before = whole(home);
    const to = `archived_sessions/${nameOf(home, 0)}`;
    const move = moveOf(home, 0, to);
    const sync = await planSync(home.path);
    const plans: Change[][] = [
      [move, { ...move, to: `sessions/2031/12/31/${nameOf(home, 0)}` as RelPath }],
      [move, moveOf(home, 1, to)],
      [...sync.changes.filter(({ kind }) => kind === "edit"), { ...move, thread: undefined }],
      [...sync.changes.filter(({ kind }) => kind === "edit"), { ...move, thread: home.threads[1]!.id }],
    ];
    for (const changes of plans) {
      const error = await assertRejects(() => carryOut(planOf(home, ...changes)), AppError);
      assertEquals(error.code, "refused", error.message);
      assertEquals(whole(home), before);
    }
  });
});

Deno.test(
  "recover() removes no folder but those that its files were to go to, whatever a journal names",
  { ignore: !UNIX },
  async () => {
    await inHome(async (home) => {
      const outside = `${home.path}/../empty`;
      Deno.mkdirSync(outside);
      for (const folder of ["skills/empty", "sessions/2031/12/31"]) {
        Deno.mkdirSync(`${home.path}/${folder}`, { recursive: true });
      }
      Deno.symlinkSync(`${home.path}/..`, `${home.path}/sessions/link`);
      const move = moveOf(home, 0, `sessions/2031/12/31/${nameOf(home, 0)}`);
      const id = makeRecord(home.path, 1, [], new Date(0), [move]);
      const record = openRecord(realDisk, home.path, id);
      const folders = [
        "../empty",
        "sessions/link/empty",
        outside,
        "skills/empty",
        "sessions/2031",
        "sessions/2031/12",
        "sessions/2031/12/31",
      ] as RelPath[];
      record.log({ event: "names", files: [], folders });
      record.close();
      await recover(machineOf(), home.path, [home.state!], applyOptions());
      assertEquals(realDisk.lstat(outside)?.kind, "directory");
      assertEquals(realDisk.lstat(`${home.path}/skills/empty`)?.kind, "directory");
      assertEquals(realDisk.lstat(`${home.path}/sessions/2031`), undefined);
    });
  },
);

Deno.test("assemble() leaves rows alone of a database that the same plan moves", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async (home) => {
    const plan = await planSync(home.path);
    const move: Change = {
      kind: "move",
      path: "state_5.sqlite" as RelPath,
      to: "db-backups/x/state_5.sqlite" as RelPath,
      thread: undefined,
      sets: {},
      size: realDisk.stat(home.state!)!.size,
      mtimeMs: realDisk.stat(home.state!)!.mtimeMs,
    };
    const drafts = [{ changes: [move], skipped: [] }, { changes: plan.changes, skipped: [] }];
    const together = assemble("repair", await scanOf(home.path), drafts, []);
    assertEquals(together.changes.map(({ kind }) => kind), ["edit", "move"]);
    const changes = [move, ...plan.changes.filter(({ kind }) => kind === "row")];
    const error = await assertRejects(() => carryOut({ ...plan, changes }), AppError);
    assertEquals([error.code, realDisk.stat(home.state!) !== undefined], ["refused", true]);
    await carryOut(together);
    assertEquals(realDisk.stat(home.state!), undefined);
  });
});
