import { AppError } from "../../lib/core/error.ts";
import { threadsOf } from "../../lib/core/plan.ts";
import { latestRecord } from "../../lib/engine/restore.ts";
import { readLedger } from "../../lib/engine/ledger.ts";
import { assemble, planOriginals } from "../../lib/engine/plans.ts";
import { planConfig } from "../../lib/engine/switch.ts";
import { listRecords, recordDir } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "../assert.ts";
import { type BuiltHome, talk, type ThreadSpec, withHome } from "../home.ts";
import {
  carryOut,
  CONFIG,
  factsOf,
  fileOf,
  NOW_MS,
  planBack,
  planSync,
  runSql,
  scanOf,
  stateOf,
  sync,
} from "./fixture.ts";

const THREADS: readonly ThreadSpec[] = [
  { provider: "old" },
  { provider: "old", compressed: true },
  { provider: "old", mode: "legacy" },
];

const inHome = (use: (home: BuiltHome) => Promise<void>, threads = THREADS) =>
  withHome({ config: CONFIG, threads }, use);

const pathOf = (home: BuiltHome, n = 0) => home.threads[n]!.files[0]!.path;
/** Provider of the first line, of a rebuild and of the row of thread `n`. */
async function copiesOf(home: BuiltHome, n = 0) {
  const { rollouts, row } = (await scanOf(home.path)).threads.get(home.threads[n]!.id)!;
  return [rollouts.at(-1)?.meta?.provider, rollouts.at(-1)?.recorded, row?.provider];
}

Deno.test("planRestore() takes back what the options name", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    const kinds = async (options: Parameters<typeof planBack>[2]) =>
      (await planBack(home.path, record, options)).plan.changes.map(({ kind }) => kind);
    assertEquals(await kinds({}), ["edit", "put", "edit", "row", "row", "row"]);
    assertEquals(await kinds({ database: false }), ["edit", "put", "edit"]);
    assertEquals(await kinds({ sessions: false }), ["row", "row", "row"]);
    assertEquals(await kinds({ sessions: false, database: false }), []);
  });
});

Deno.test("planRestore() says which record it takes back", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    const { plan } = await planBack(home.path, record);
    assertEquals([plan.purpose, plan.reverts, plan.home], ["restore", record, home.path]);
  });
});

Deno.test("planRestore() finds nothing to do where all is as before already", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    await carryOut((await planBack(home.path, record)).plan);
    const { plan, conflicts } = await planBack(home.path, record);
    assertEquals([plan.changes, plan.skipped, conflicts], [[], [], []]);
  });
});

/** What may have happened to thread 0 since it was changed, and how that is told. */
const SINCE: Readonly<Record<string, readonly [(home: BuiltHome) => void, RegExp]>> = {
  "a continued file": [
    (home) => Deno.writeTextFileSync(fileOf(home), '{"type":"later"}\n', { append: true }),
    /continued since/,
  ],
  "a rewritten file": [(home) => Deno.writeTextFileSync(fileOf(home), "something else\n"), /changed since/],
  "a file that is gone": [(home) => Deno.removeSync(fileOf(home)), /gone or was moved/],
  "a file that became a folder": [
    (home) => {
      Deno.removeSync(fileOf(home));
      Deno.mkdirSync(fileOf(home));
    },
    /not a regular file|director|folder/,
  ],
  "a file that became a link to itself": [
    (home) => {
      Deno.removeSync(fileOf(home));
      Deno.symlinkSync(fileOf(home), fileOf(home));
    },
    /link/,
  ],
  "another provider in the row": [
    (home) => runSql(home, `update threads set model_provider = 'other' where id = '${home.threads[0]!.id}'`),
    /says "other" now/,
  ],
  "a row that is gone": [
    (home) => runSql(home, `delete from threads where id = '${home.threads[0]!.id}'`),
    /row is gone/,
  ],
};

for (const [what, [change, reason]] of Object.entries(SINCE)) {
  const ignore = what.includes("link") && Deno.build.os === "windows";
  Deno.test(
    `planRestore() reports ${what} as a conflict and leaves that thread as it is`,
    { ignore },
    async () => {
      await inHome(async (home) => {
        const record = await sync(home.path);
        change(home);
        const { plan, conflicts } = await planBack(home.path, record);
        assertEquals(conflicts.length, 1);
        assertMatch(conflicts[0]!.reason, reason);
        const subjects = [pathOf(home) as string, `row of ${home.threads[0]!.id}`];
        assertEquals(subjects.includes(conflicts[0]!.subject), true);
        const others = home.threads.slice(1).map(({ id }) => id);
        assertEquals([...threadsOf(plan.changes)], others);
      });
    },
  );
}

Deno.test("planRestore() with force gives a continued thread its provider back and keeps what was said since", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    const later = '{"timestamp":"2026-11-21T10:00:00.000Z","ordinal":99,"type":"later"}\n';
    for (const n of [0, 2]) Deno.writeTextFileSync(fileOf(home, n), later, { append: true });
    const { plan, conflicts } = await planBack(home.path, record, { force: true });
    assertEquals([conflicts.length, plan.skipped], [2, []]);
    const { record: second } = await carryOut(plan);
    assertEquals(await copiesOf(home, 0), ["old", "old", "old"]);
    assertEquals(await copiesOf(home, 2), ["old", "old", "old"]);
    for (const n of [0, 2]) assertStringIncludes(Deno.readTextFileSync(fileOf(home, n)), later);
    await carryOut((await planBack(home.path, second!)).plan);
    assertEquals(await copiesOf(home, 0), ["new", "new", "new"]);
    assertStringIncludes(Deno.readTextFileSync(fileOf(home)), later);
  });
});

Deno.test("planRestore() with force names what it still cannot do", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    Deno.removeSync(fileOf(home));
    runSql(home, `delete from threads where id = '${home.threads[2]!.id}'`);
    const { plan, conflicts } = await planBack(home.path, record, { force: true });
    assertEquals(conflicts.map(({ subject }) => subject), [pathOf(home), `row of ${home.threads[2]!.id}`]);
    assertEquals(plan.skipped.map(({ subject }) => subject), [home.threads[0]!.id, home.threads[2]!.id]);
    assertEquals([...threadsOf(plan.changes)], [home.threads[1]!.id]);
  });
});

/** A segment of thread 0 that Codex begins at `atMs`, on the provider the thread has then. */
function revertAt(home: BuiltHome, atMs: number): string {
  const hex = atMs.toString(16).padStart(12, "0");
  const segment = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000001`;
  const path = fileOf(home).replace(/\.jsonl$/, `_${segment}.jsonl`);
  Deno.copyFileSync(fileOf(home), path);
  return path;
}

Deno.test("planRestore() leaves a thread as it is that Codex went on with in another file", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    const later = revertAt(home, NOW_MS + 3_600_000);
    const { plan, conflicts } = await planBack(home.path, record);
    assertEquals(conflicts.map(({ reason }) => reason), ["Codex has begun it since"]);
    assertEquals([...threadsOf(plan.changes)], home.threads.slice(1).map(({ id }) => id));
    const { plan: forced } = await planBack(home.path, record, { force: true });
    await carryOut(forced);
    assertEquals(await copiesOf(home), ["old", "old", "old"]);
    assertStringIncludes(Deno.readTextFileSync(later), '"model_provider":"old"');
  });
});

Deno.test("planRestore() minds no file that was there before the record", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    revertAt(home, NOW_MS - 3_600_000);
    assertEquals((await planBack(home.path, record)).conflicts, []);
  });
});

Deno.test("planRestore() with force leaves a configuration alone that cannot be edited any more", async () => {
  await inHome(async (home) => {
    const snapshot = await scanOf(home.path);
    const edit = planConfig(realDisk, home.path, "other", undefined)!;
    const { record } = await carryOut(assemble("switch", snapshot, [], [edit]));
    const { plan: whole } = await planBack(home.path, record!);
    assertEquals(whole.changes.map((change) => change.kind), ["edit"]);
    Deno.writeTextFileSync(`${home.path}/config.toml`, "# later\n", { append: true });
    const { plan: gentle } = await planBack(home.path, record!, { force: true });
    assertEquals(gentle.changes.length, 1);
    Deno.writeTextFileSync(`${home.path}/config.toml`, "= broken\n", { append: true });
    const { plan, conflicts } = await planBack(home.path, record!, { force: true });
    assertEquals([plan.changes, plan.skipped, conflicts.map(({ subject }) => subject)], [
      [],
      conflicts,
      ["config.toml"],
    ]);
  });
});

Deno.test("planRestore() with force overwrites a row that says something else, from what it says now", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    runSql(home, `update threads set model_provider = 'other' where id = '${home.threads[0]!.id}'`);
    const { plan } = await planBack(home.path, record, { force: true });
    await carryOut(plan);
    assertEquals(await copiesOf(home), ["old", "old", "old"]);
  });
});

Deno.test("planRestore() takes back a record below a later one only where nothing has changed since", async () => {
  await inHome(async (home) => {
    const before = stateOf(home);
    const first = await sync(home.path, "new");
    const second = await sync(home.path, "other");
    const { plan, conflicts } = await planBack(home.path, first);
    assertEquals([plan.changes, conflicts.length], [[], 6]);
    await carryOut((await planBack(home.path, second)).plan);
    await carryOut((await planBack(home.path, first)).plan);
    assertEquals(stateOf(home), before);
  });
});

Deno.test("planRestore() refuses records that are unknown, taken back, or damaged", async () => {
  await inHome(async (home) => {
    const codeOf = async (id: string) => (await assertRejects(() => planBack(home.path, id), AppError)).code;
    assertEquals(await codeOf("../../etc"), "record-unknown");
    assertEquals(await codeOf("000001-20261121T101112Z-sync-0a1b2c3d"), "record-unknown");
    const record = await sync(home.path);
    const journal = `${recordDir(home.path, record)}/journal.jsonl`;
    const text = Deno.readTextFileSync(journal);
    Deno.writeTextFileSync(journal, text.split("\n").slice(0, -2).join("\n") + "\n");
    assertEquals(await codeOf(record), "recovery-pending");
    Deno.writeTextFileSync(journal, text.replace("prepared", "prepareD"));
    assertEquals(await codeOf(record), "record-damaged");
  });
});

Deno.test("planRestore() refuses a record whose kept file is damaged or gone", async () => {
  await inHome(async (home) => {
    const record = await sync(home.path);
    const held = `${recordDir(home.path, record)}/held`;
    const [{ name } = { name: "" }] = [...Deno.readDirSync(held)];
    const bytes = Deno.readFileSync(`${held}/${name}`);
    Deno.writeFileSync(`${held}/${name}`, bytes.with(20, bytes[20]! ^ 1));
    await assertRejects(() => planBack(home.path, record), AppError, "damaged");
    Deno.removeSync(`${held}/${name}`);
    await assertRejects(() => planBack(home.path, record), AppError, "missing");
  });
});

Deno.test("latestRecord() is the newest finished one", () => {
  const records = [
    { id: "d", state: "pending" },
    { id: "c", state: "undone" },
    { id: "b", state: "complete" },
    { id: "a", state: "complete" },
  ];
  assertEquals(latestRecord(records, "/h" as never), "b");
  assertEquals(assertThrows(() => latestRecord([], "/h" as never), AppError).code, "record-unknown");
});

Deno.test("planOriginals() gives threads back to where they first were, after any number of changes", async () => {
  const threads: ThreadSpec[] = [{ provider: "old" }, { provider: "other", turns: talk("a") }, {
    provider: "new",
  }];
  await inHome(async (home) => {
    const before = [await copiesOf(home, 0), await copiesOf(home, 1), await copiesOf(home, 2)];
    await sync(home.path, "new");
    await sync(home.path, "a-longer-one");
    for (const { id } of listRecords(realDisk, home.path)) {
      Deno.removeSync(recordDir(home.path, id), { recursive: true });
    }
    const snapshot = await scanOf(home.path);
    const originals = readLedger(realDisk, home.path);
    const plan = planOriginals(factsOf(snapshot), originals);
    assertEquals([plan.purpose, plan.skipped], ["restore", []]);
    await carryOut(plan);
    assertEquals([await copiesOf(home, 0), await copiesOf(home, 1), await copiesOf(home, 2)], before);
    assertEquals((await planSync(home.path)).changes.length > 0, true);
  }, threads);
});
