import { AppError } from "../../lib/core/error.ts";
import type { RelPath } from "../../lib/core/path.ts";
import { type EditChange, movesOf } from "../../lib/core/plan.ts";
import type { Snapshot } from "../../lib/core/snapshot.ts";
import { batchesOf } from "../../lib/engine/batches.ts";
import { requireCurrent } from "../../lib/engine/plan_check.ts";
import {
  assemble,
  notNeededFor,
  planOriginals,
  planRepairs,
  repairsNamed,
  requireRepairable,
} from "../../lib/engine/plans.ts";
import { conclusion, countsOf, isArchived } from "../../lib/engine/reports.ts";
import { planConfig } from "../../lib/engine/switch.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "../assert.ts";
import {
  damagedOf,
  databaseOf,
  HOME,
  rolloutOf,
  rowOf,
  snapshotOf,
  threadId,
  threadOf,
} from "../codex_model/snapshots.ts";
import { withHome } from "../home.ts";
import { CONFIG, factsOf, planSync, scanOf, stateOf } from "./fixture.ts";

const OLD = 'model_provider = "old"\n[model_providers.old]\nname = "O"\n';

Deno.test("requireRepairable() refuses a home in which something has to be done first, and says what", () => {
  requireRepairable(snapshotOf([], OLD));
  const broken = (code: "database-malformed" | "database-schema") =>
    databaseOf({ problem: { code, message: "why" } });
  const cases: readonly (readonly [Partial<Snapshot>, string | undefined, string])[] = [
    [{ pending: "000001-x" }, OLD, "recovery-pending"],
    [{}, "= broken", "config-invalid"],
    [{ live: undefined }, OLD, "database-missing"],
    [{ live: broken("database-malformed") }, OLD, "database-malformed"],
    [{ live: broken("database-schema") }, OLD, "database-schema"],
    [{ pending: "000001-x", live: undefined }, "= broken", "recovery-pending"],
  ];
  for (const [more, config, code] of cases) {
    const error = assertThrows(() => requireRepairable(snapshotOf([], config, more)), AppError);
    assertEquals([error.code, typeof error.hint], [code, "string"]);
  }
});

Deno.test("requireRepairable() goes on without what is not needed, but never beside a busy database", () => {
  const missing = snapshotOf([], OLD, { live: undefined });
  const unreadable = snapshotOf([], "= broken");
  requireRepairable(missing, ["database"]);
  requireRepairable(unreadable, ["config"]);
  const broken = databaseOf({ problem: { code: "database-malformed", message: "why" } });
  requireRepairable(snapshotOf([], "= broken", { live: broken }), ["config", "database"]);
  const busy = databaseOf({ problem: { code: "database-busy", message: "why" } });
  for (
    const [snapshot, notNeeded, code] of [
      [missing, ["config"], "database-missing"],
      [unreadable, ["database"], "config-invalid"],
      [snapshotOf([], OLD, { live: busy }), ["database"], "database-busy"],
      [snapshotOf([], OLD, { pending: "x" }), ["database", "config"], "recovery-pending"],
    ] as const
  ) assertEquals(assertThrows(() => requireRepairable(snapshot, notNeeded), AppError).code, code);
});

Deno.test("notNeededFor() goes by what a plan changes", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async ({ path }) => {
    const { changes, ...plan } = await planSync(path);
    const config = planConfig(realDisk, path, "other", undefined)!;
    const of = (own: typeof changes) => notNeededFor({ ...plan, changes: own });
    assertEquals(of(changes), []);
    assertEquals(of([config]), ["database", "config"]);
    assertEquals(of([...changes, config]), ["config"]);
    assertEquals(of(changes.filter(({ kind }) => kind === "edit")), ["database"]);
  });
});

Deno.test("requireRepairable() goes on where Codex refuses a file that can be read: switching may cure it", () => {
  requireRepairable(snapshotOf([], 'model_provider = "gone"\n'));
});

Deno.test("planRepairs() makes the plan of named repairs, or of none", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async ({ path }) => {
    const snapshot = await scanOf(path);
    const options = { threads: [...snapshot.threads.values()], from: undefined };
    const of = (names: readonly string[]) => planRepairs("repair", factsOf(snapshot), names, options);
    const plan = of(["provider"]);
    assertEquals(plan.changes.map(({ kind }) => kind), ["edit", "row"]);
    assertEquals([plan.purpose, plan.home, plan.reverts], ["repair", path, undefined]);
    assertEquals(of([]).changes, []);
    assertEquals(of(["damage", "unheard-of"]).changes, []);
  });
});

Deno.test("repairsNamed() takes names in any order, and all for those that need no choice", () => {
  const names = (...wanted: string[]) => repairsNamed(wanted).map(({ name }) => name);
  assertEquals(names("index", "provider", "provider"), ["provider", "index"]);
  assertEquals(names("record", "damage", "encrypted"), []);
  const all = names("all");
  assertEquals(all.filter((name) => ["unarchive", "account", "cwd", "database"].includes(name)), []);
  assertEquals(["provider", "archive", "paths"].filter((name) => !all.includes(name)), []);
  assertEquals(names("cwd", "all").filter((name) => !all.includes(name)), ["cwd"]);
});

Deno.test("planOriginals() moves only threads that are there and somewhere else", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "new" }, { provider: "new" }] }, async (home) => {
    const [one, two] = home.threads.map(({ id }) => id);
    const originals = new Map([[one!, "old"], [two!, "new"], [threadId(9), "old"]]);
    const plan = planOriginals(factsOf(await scanOf(home.path)), originals);
    assertEquals(movesOf(plan.changes), [{ from: "new", to: "old", threads: 1 }]);
    assertEquals([plan.skipped, plan.purpose], [[], "restore"]);
  });
});

Deno.test("assemble() orders what drafts and single changes bring", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async ({ path }) => {
    const { changes } = await planSync(path);
    const config = planConfig(realDisk, path, "other", undefined)!;
    const skipped = [{ subject: "a", reason: "b" }];
    const plan = assemble(
      "switch",
      await scanOf(path),
      [{ changes: [], skipped }, { changes, skipped: [] }],
      [config],
    );
    assertEquals([plan.changes.at(-1), plan.changes.length, plan.skipped], [config, 3, skipped]);
  });
});

Deno.test("planConfig() changes the provider, and the model where one is given", async () => {
  await withHome({ config: { ...CONFIG, model: "m1" }, threads: [] }, ({ path }) => {
    assertEquals(planConfig(realDisk, path, "new", undefined), undefined);
    assertEquals(planConfig(realDisk, path, "new", "m1"), undefined);
    const change = planConfig(realDisk, path, "other", "m2")!;
    assertEquals(change.sets, {
      model_provider: { before: "new", after: "other" },
      model: { before: "m1", after: "m2" },
    });
    const { size, mtime } = Deno.statSync(`${path}/config.toml`);
    assertEquals([change.size, change.mtimeMs, change.leaveMtimeMs, change.thread], [
      size,
      mtime!.getTime(),
      undefined,
      undefined,
    ]);
  });
});

Deno.test("planConfig() refuses a provider that Codex would not know, and a file it cannot edit", async () => {
  await withHome({ config: CONFIG, threads: [] }, ({ path }) => {
    const refused = (provider: string) =>
      assertThrows(() => planConfig(realDisk, path, provider, undefined), AppError);
    assertEquals(refused("gone").code, "config-invalid");
    assertStringIncludes(refused("gone").message, '"gone"');
    Deno.writeTextFileSync(`${path}/config.toml`, "= broken\n");
    assertEquals(refused("ollama").code, "config-invalid");
    assertStringIncludes(refused("ollama").message, "line 1");
    Deno.removeSync(`${path}/config.toml`);
    assertEquals(refused("ollama").code, "refused");
    assertEquals(planConfig(realDisk, path, "openai", undefined), undefined);
  });
});

Deno.test("requireCurrent() refuses a plan whose ground has moved, and names what", async () => {
  await withHome(
    { config: CONFIG, threads: [{ provider: "old" }, { provider: "old", compressed: true }] },
    async (home) => {
      const plan = await planSync(home.path);
      const check = async () => requireCurrent(realDisk, plan, await scanOf(home.path));
      const before = stateOf(home);
      await check();
      assertEquals(stateOf(home), before);
      const [plain, packed] = home.threads.map(({ files }) => `${home.path}/${files[0]!.path}`);
      const told = async () => {
        const snapshot = await scanOf(home.path);
        const error = assertThrows(() => requireCurrent(realDisk, plan, snapshot), AppError);
        assertEquals(error.code, "state-changed");
        return error.message;
      };
      const { atime, mtime } = Deno.statSync(plain!);
      Deno.utimeSync(plain!, 1, 1);
      assertMatch(await told(), /: "sessions[^;]* was written to$/);
      Deno.utimeSync(plain!, atime!, mtime!);
      await check();
      Deno.removeSync(packed!);
      assertMatch(await told(), /\.zst" is gone$/);
      Deno.removeSync(home.state!);
      assertMatch(await told(), /is gone; thread .* has no row any more; thread .* has no row any more$/);
      Deno.writeTextFileSync(plain!, "x", { append: true });
      assertMatch(await told(), / and 1 more$/);
    },
  );
});

Deno.test("batchesOf() keeps the files of a thread together, and batches small", () => {
  const edit = (thread: string | undefined, n: number): EditChange => ({
    kind: "edit",
    path: `sessions/${n}` as RelPath,
    thread,
    sets: {},
    size: 0,
    mtimeMs: undefined,
    leaveMtimeMs: undefined,
    splices: [],
  });
  const changes = [
    ...Array.from({ length: 100 }, (_, n) => edit(`t${n}`, n)),
    ...Array.from({ length: 70 }, (_, n) => edit("big", 100 + n)),
    edit("t3", 170),
    edit(undefined, 171),
    { kind: "drop", record: "r", bytes: 0 } as const,
  ];
  const batches = batchesOf(changes, () => true);
  assertEquals(
    batches.flat().map(({ n }) => n).sort((a, b) => a - b),
    Array.from({ length: 172 }, (_, n) => n),
  );
  for (const batch of batches) {
    const threads = new Set(batch.map(({ change }) => change.thread));
    assertEquals(batch.length <= 64 || threads.size === 1, true);
  }
  const together = batches.find((batch) => batch.some(({ n }) => n === 3))!;
  assertEquals(together.some(({ n }) => n === 170), true);
  assertEquals(batchesOf(changes, ({ thread }) => thread === undefined).flat().map(({ n }) => n), [171]);
});

Deno.test("countsOf() counts files, threads and providers, also of odd names", () => {
  const threads = [
    threadOf(1),
    threadOf(2, {
      rollouts: [rolloutOf(2, { provider: "__proto__" }, { archived: true, encoding: "zstd" })],
    }),
    threadOf(3, {
      rollouts: [rolloutOf(3, { provider: undefined })],
      row: rowOf(3, { provider: "constructor", archived: true }),
    }),
    threadOf(4, { rollouts: [damagedOf(4)], row: undefined }),
    threadOf(5, { rollouts: [rolloutOf(5), rolloutOf(5, { provider: "new" })] }),
  ];
  const { rollouts, threads: counted, providers } = countsOf(snapshotOf(threads, OLD));
  assertEquals(rollouts, { active: 4, archived: 1, compressed: 1, damaged: 1 });
  assertEquals(counted, { total: 5, active: 4, archived: 1 });
  assertEquals(Object.entries(providers.rollouts), [["old", 1], ["__proto__", 1], ["(none)", 1], ["new", 1]]);
  assertEquals(Object.entries(providers.database), [["old", 3], ["constructor", 1]]);
});

Deno.test("isArchived() goes by the row, by the place of the files where there is none", () => {
  const archived = rolloutOf(1, {}, { archived: true });
  assertEquals(isArchived(threadOf(1, { rollouts: [archived] })), false);
  assertEquals(isArchived(threadOf(1, { rollouts: [archived], row: undefined })), true);
  assertEquals(isArchived(threadOf(1, { rollouts: [archived, rolloutOf(1)], row: undefined })), false);
  assertEquals(isArchived(threadOf(1, { rollouts: [], row: undefined })), false);
});

Deno.test("conclusion() names what stands in the way first, and the command that helps", () => {
  const thread = threadOf(1);
  const of = (more: Partial<Snapshot>, config: string | null = OLD, threads = [thread]) => {
    const { verdict, next } = conclusion(snapshotOf(threads, config ?? undefined, more));
    return `${next}: ${verdict}`;
  };
  const problem = { code: "database-busy", message: "it is busy" } as const;
  assertMatch(of({ pending: "x", live: undefined }), /^codexkeep recover: .*interrupted/);
  assertMatch(of({ live: undefined }), /^null: there is no state database/);
  assertMatch(of({ live: undefined }, null, []), /^null: .*no Codex history/);
  assertMatch(of({ live: databaseOf({ problem }) }), /^codexkeep diagnose: it is busy/);
  assertMatch(of({}, "= broken"), /^codexkeep diagnose: .*config\.toml/);
  assertMatch(of({}, null), /^codexkeep sync: 1 of 1 .*"openai"/);
  assertMatch(of({}), /^null: all 1 .*"old"/);
  assertMatch(of({}, OLD, []), /^null: there are no threads/);
});

Deno.test("conclusion() does not ask for a sync of rows without files", () => {
  const lost = threadOf(1, { rollouts: [], row: rowOf(1, { provider: "gone", rolloutPath: `${HOME}/x` }) });
  assertEquals(conclusion(snapshotOf([lost], OLD)).next, "codexkeep diagnose");
});
