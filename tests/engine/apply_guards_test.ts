import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { listRecords } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { tryLock } from "../../lib/system/lock.ts";
import { assertEquals, assertMatch, assertRejects } from "../assert.ts";
import { type BuiltHome, differences, withHome } from "../home.ts";
import {
  carryOut,
  CONFIG,
  fileOf,
  MIXED,
  planBack,
  planSync,
  runSql,
  scanOf,
  stateOf,
  threadsAt,
} from "./fixture.ts";

const EMPTY = { purpose: "sync", changes: [], skipped: [], reverts: undefined } as const;

const UNIX = Deno.build.os !== "windows";

const inHome = (use: (home: BuiltHome) => Promise<void>, threads = MIXED) =>
  withHome({ config: CONFIG, threads }, use);

/** What may happen to a thread between plan and run, and the reason for which it is then left out. */
const MEANWHILE: Readonly<Record<string, readonly [(home: BuiltHome) => void, RegExp]>> = {
  "its row was changed": [
    (home) => runSql(home, `update threads set model_provider = 'other' where id = '${home.threads[0]!.id}'`),
    /row was changed by another program/,
  ],
  "its row was deleted": [
    (home) => runSql(home, `delete from threads where id = '${home.threads[0]!.id}'`),
    /row was changed by another program/,
  ],
  "its file was continued": [
    (home) => Deno.writeTextFileSync(fileOf(home), '{"type":"x"}\n', { append: true }),
    /another size/,
  ],
  "its file was written to at the same size": [
    (home) => Deno.utimeSync(fileOf(home), new Date(), new Date()),
    /was written to/,
  ],
  "its file holds other bytes at the same size and time": [
    (home) => {
      const { atime, mtime } = Deno.statSync(fileOf(home));
      const text = Deno.readTextFileSync(fileOf(home));
      Deno.writeTextFileSync(fileOf(home), text.replace('"model_provider":"old"', '"model_provider":"odd"'));
      Deno.utimeSync(fileOf(home), atime!, mtime!);
    },
    /no longer the ones/,
  ],
  "its file is gone": [(home) => Deno.removeSync(fileOf(home)), /is gone/],
  "its folder is gone": [
    (home) => Deno.removeSync(fileOf(home).replace(/\/[^/]*$/, ""), { recursive: true }),
    /is gone/,
  ],
  "its file became a link": [
    (home) => {
      Deno.renameSync(fileOf(home), `${home.path}/../elsewhere`);
      Deno.symlinkSync(`${home.path}/../elsewhere`, fileOf(home));
    },
    /link/,
  ],
  "its folder became a link": [
    (home) => {
      const folder = fileOf(home).replace(/\/[^/]*$/, "");
      Deno.renameSync(folder, `${home.path}/../elsewhere`);
      Deno.symlinkSync(`${home.path}/../elsewhere`, folder);
    },
    /leads out of the home/,
  ],
  "its file became a folder": [
    (home) => {
      Deno.removeSync(fileOf(home));
      Deno.mkdirSync(fileOf(home));
    },
    /./,
  ],
  "its file became read-only": [(home) => Deno.chmodSync(fileOf(home), 0o400), /read-only/],
};

for (const [what, [disturb, reason]] of Object.entries(MEANWHILE)) {
  Deno.test(
    `apply() leaves a thread out whole when ${what}, and does the others`,
    { ignore: !UNIX },
    async () => {
      await inHome(async (home) => {
        const plan = await planSync(home.path);
        disturb(home);
        const before = stateOf(home);
        const { record, skipped } = await carryOut(plan);
        assertEquals(skipped.map(({ subject }) => subject), [home.threads[0]!.id]);
        assertMatch(skipped[0]!.reason, reason);
        const after = stateOf(home);
        const own = (line: string) => line.includes(home.threads[0]!.id);
        assertEquals(differences(before.files, after.files).filter(own), []);
        assertEquals(differences(before.rows, after.rows).filter(own), []);
        assertEquals((await threadsAt(home, "new")).filter((n) => n !== 0), [1, 2, 3]);
        const { plan: back, conflicts } = await planBack(home.path, record!);
        assertEquals(conflicts, []);
        await carryOut(back);
        assertEquals(stateOf(home), before);
      }, MIXED.map((thread, n) => n === 0 ? thread : { ...thread, atMs: Date.UTC(2026, 2, n + 1) }));
    },
  );
}

Deno.test("apply() puts the files of a thread back when only its second one is not as planned", async () => {
  await inHome(async (home) => {
    const plan = await planSync(home.path);
    Deno.writeTextFileSync(fileOf(home, 1, 1), "x\n", { append: true });
    const before = stateOf(home);
    const { skipped } = await carryOut(plan);
    assertEquals(skipped.map(({ subject }) => subject), [home.threads[1]!.id]);
    const own = (line: string) => line.includes(home.threads[1]!.id);
    assertEquals(differences(before.files, stateOf(home).files).filter(own), []);
    assertEquals(await threadsAt(home, "new"), [0, 2, 3]);
  });
});

Deno.test("apply() leaves no record when there was nothing left to do", async () => {
  await inHome(async (home) => {
    const plan = await planSync(home.path);
    Deno.writeTextFileSync(fileOf(home), "x\n", { append: true });
    const before = stateOf(home);
    const { record, skipped } = await carryOut(plan);
    assertEquals([record, skipped.length, listRecords(realDisk, home.path)], [undefined, 1, []]);
    assertEquals(stateOf(home), before);
  }, MIXED.slice(0, 1));
});

Deno.test("apply() leaves a thread alone that Codex has open", { ignore: !UNIX }, async () => {
  await inHome(async (home) => {
    const folder = `${home.path}/thread-writer-locks`;
    Deno.mkdirSync(folder);
    const plan = await planSync(home.path);
    const lock = await tryLock(`${folder}/${home.threads[0]!.id}.lock` as AbsPath, { create: true });
    try {
      const error = await assertRejects(() => carryOut(plan), AppError);
      assertEquals(error.code, "codex-running");
      const { skipped } = await carryOut(plan, { allowRunning: true });
      assertEquals(skipped, [{ subject: home.threads[0]!.id, reason: "Codex has it open" }]);
    } finally {
      lock?.release();
    }
    assertEquals(await threadsAt(home, "new"), [1, 2, 3]);
  });
});

Deno.test("a plan is refused once another run has changed the home since it was looked at", () =>
  inHome(async (home) => {
    const { path } = home;
    const { lastRun } = await scanOf(path);
    const plan = await planSync(path);
    assertEquals(lastRun, "");
    const other = await carryOut(await planSync(path, "other"));
    const before = stateOf(home);
    await assertRejects(
      () => carryOut(plan, { since: lastRun ?? "?" }),
      AppError,
      "another run of codexkeep",
    );
    assertEquals(stateOf(home), before);
    assertEquals(listRecords(realDisk, path).map(({ id }) => id), [other.record]);
    const again = await scanOf(path);
    const { record } = await carryOut(await planSync(path), { since: again.lastRun ?? "?" });
    assertEquals(record !== undefined, true);
  }));

Deno.test("what a run is followed by happens while it still holds the lock", () =>
  inHome(async ({ path }) => {
    let isHeld = false;
    await carryOut(await planSync(path), {
      onApplied: async () => {
        await assertRejects(() => carryOut({ ...EMPTY, home: path }), AppError, "at work on this home");
        isHeld = true;
      },
    });
    assertEquals(isHeld, true);
  }));
