import { AppError } from "../../lib/core/error.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import { digest, type EditChange, type Plan } from "../../lib/core/plan.ts";
import { apply } from "../../lib/engine/apply.ts";
import { assemble } from "../../lib/engine/plans.ts";
import {
  listRecords,
  pendingRecord,
  readJournal,
  readManifest,
  recordDir,
} from "../../lib/engine/records.ts";
import { recover } from "../../lib/engine/recover.ts";
import { planConfig } from "../../lib/engine/switch.ts";
import { verifyRecord } from "../../lib/engine/verify.ts";
import { planProviders } from "../../lib/repairs/provider.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { tryLock } from "../../lib/system/lock.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { type BuiltHome, dumpRows, treeHash, withHome } from "../home.ts";
import {
  applyOptions,
  carryOut,
  CONFIG,
  factsOf,
  machineOf,
  MIXED,
  planBack,
  planSync,
  scanOf,
  stateOf,
  threadsAt,
} from "./fixture.ts";

const UNIX = Deno.build.os !== "windows";

const inHome = (use: (home: BuiltHome) => Promise<void>, threads = MIXED) =>
  withHome({ config: CONFIG, threads }, use);

Deno.test("apply() leaves a record that says what was done, in the order it was done", async () => {
  await inHome(async (home) => {
    const plan = await planSync(home.path);
    const { record, skipped, pruned } = await carryOut(plan);
    assertEquals([skipped, pruned], [[], []]);
    assertEquals(await threadsAt(home, "new"), [0, 1, 2, 3]);
    const manifest = readManifest(realDisk, home.path, record!);
    assertEquals(manifest.planDigest, digest(plan));
    assertEquals([manifest.purpose, manifest.changes, manifest.byKind, manifest.threads], [
      "sync",
      9,
      { edit: 4, recode: 1, row: 4 },
      4,
    ]);
    assertEquals(manifest.moves, [{ from: "old", to: "new", threads: 4 }]);
    assertEquals([manifest.seq, manifest.reverts, manifest.version], [1, undefined, "0.0.0-test"]);
    const events = readJournal(realDisk, home.path, record!).map(({ event }) => event);
    assertEquals(events, ["prepared", "begin", "rows", "committed"]);
    assertEquals(verifyRecord(realDisk, home.path, record!, true), []);
  });
});

Deno.test("apply() makes everything of its own private, and keeps only files it could not make again", async () => {
  await inHome(async (home) => {
    const { record } = await carryOut(await planSync(home.path));
    const folder = recordDir(home.path, record!);
    const kept = [...Deno.readDirSync(`${folder}/held`)].map(({ name }) => name);
    assertEquals(kept.length, 1);
    if (!UNIX) return;
    const modes = [`${home.path}/backups_state`, `${folder}/..`, folder, `${folder}/held`].map((path) =>
      Deno.statSync(path).mode! & 0o777
    );
    assertEquals(modes, [0o700, 0o700, 0o700, 0o700]);
    for (const name of ["manifest.json", "changes.jsonl", "journal.jsonl"]) {
      assertEquals(Deno.statSync(`${folder}/${name}`).mode! & 0o777, 0o600);
    }
  });
});

Deno.test("apply() leaves no temporary file and no lock of a thread behind", async () => {
  await inHome(async (home) => {
    Deno.mkdirSync(`${home.path}/thread-writer-locks`);
    await carryOut(await planSync(home.path));
    const names = [...treeHash(home.path).keys()];
    assertEquals(names.filter((name) => name.includes("codexkeep") || name.includes("lock")), []);
  });
});

/** A plan that also makes `other` the provider in use. */
async function switchPlan(home: BuiltHome): Promise<Plan> {
  const snapshot = await scanOf(home.path);
  const threads = [...snapshot.threads.values()];
  const draft = planProviders(factsOf(snapshot, "other"), { threads, from: undefined }, () => "other");
  return assemble("switch", snapshot, [draft], [planConfig(realDisk, home.path, "other", undefined)!]);
}

Deno.test(
  "apply() changes the configuration last, through a link to where it really is",
  { ignore: !UNIX },
  async () => {
    await inHome(async (home) => {
      const real = `${home.path}/../dotfiles.toml`;
      Deno.renameSync(`${home.path}/config.toml`, real);
      Deno.symlinkSync(real, `${home.path}/config.toml`);
      const plan = await switchPlan(home);
      const last = plan.changes.at(-1);
      assertEquals(last?.kind === "edit" ? last.path as string : last?.kind, "config.toml");
      const { record } = await carryOut(plan);
      assert(Deno.lstatSync(`${home.path}/config.toml`).isSymlink);
      assertStringIncludes(Deno.readTextFileSync(real), 'model_provider = "other" # who answers');
      const events = readJournal(realDisk, home.path, record!).map(({ event }) => event);
      assertEquals(events, ["prepared", "begin", "rows", "begin", "committed"]);
      await carryOut((await planBack(home.path, record!)).plan);
      assertStringIncludes(Deno.readTextFileSync(real), 'model_provider = "new" # who answers');
    });
  },
);

Deno.test("apply() takes everything back when the configuration is not as planned", async () => {
  await inHome(async (home) => {
    const plan = await switchPlan(home);
    Deno.writeTextFileSync(`${home.path}/config.toml`, "# more\n", { append: true });
    const before = stateOf(home);
    const error = await assertRejects(() => carryOut(plan), AppError, "config.toml");
    assertEquals(error.code, "state-changed");
    assertEquals(stateOf(home), before);
    const [record] = listRecords(realDisk, home.path);
    assertEquals([record?.state, verifyRecord(realDisk, home.path, record!.id, true)], ["undone", []]);
  });
});

/** A disk whose `n`-th rename of a staged file fails, and every one after that until it is mended. */
function failingDisk(n: number, persistent = false): { disk: Disk; mend: () => void } {
  let count = 0;
  let mended = false;
  const disk: Disk = {
    ...realDisk,
    rename: (from, to) => {
      const staged = from.endsWith(".tmp") || from.includes("/held/");
      if (staged && !mended && (++count === n || (persistent && count > n))) {
        throw new AppError("failed", `cannot rename "${from}": input/output error`);
      }
      realDisk.rename(from, to);
    },
  };
  return { disk, mend: () => mended = true };
}

Deno.test("apply() takes everything back when the disk fails at any file", async () => {
  for (const n of [1, 3, 5]) {
    await inHome(async (home) => {
      const before = stateOf(home);
      const { disk } = failingDisk(n);
      const plan = await planSync(home.path);
      await assertRejects(() => carryOut(plan, {}, { disk }), AppError, "input/output error");
      assertEquals(stateOf(home), before);
      const [record] = listRecords(realDisk, home.path);
      assertEquals([record?.state, pendingRecord(realDisk, home.path)], ["undone", undefined]);
      assertEquals(verifyRecord(realDisk, home.path, record!.id, true), []);
    });
  }
});

Deno.test("apply() that cannot take back says so, refuses to go on, and recover() finishes it", async () => {
  await inHome(async (home) => {
    const before = stateOf(home);
    const { disk } = failingDisk(3, true);
    const plan = await planSync(home.path);
    const error = await assertRejects(() => carryOut(plan, {}, { disk }), AppError);
    assertEquals([error.code, error.hint], ["recovery-pending", "codexkeep recover"]);
    const again = await assertRejects(() => carryOut(plan), AppError);
    assertEquals(again.code, "recovery-pending");
    assertEquals((await scanOf(home.path)).pending, pendingRecord(realDisk, home.path));
    const report = await recover(machineOf(), home.path, [home.state!], applyOptions());
    assertEquals([report.recovered.length, report.left], [1, []]);
    assertEquals(stateOf(home), before);
    const idle = await recover(machineOf(), home.path, [home.state!], applyOptions());
    assertEquals(idle, { recovered: [], swept: 0, left: [] });
    await carryOut(plan);
    assertEquals(await threadsAt(home, "new"), [0, 1, 2, 3]);
  });
});

Deno.test("apply() takes everything back when it is interrupted", async () => {
  await inHome(async (home) => {
    const before = stateOf(home);
    for (const stage of ["changing files", "verifying"]) {
      const abort = new AbortController();
      const onProgress = (at: string) => at === stage && abort.abort();
      const plan = await switchPlan(home);
      const run = carryOut(plan, { signal: abort.signal, onProgress });
      if (stage === "verifying") {
        // all is done by then; it is not worth undoing
        assert((await run).record !== undefined);
      } else {
        assertEquals((await assertRejects(() => run, AppError)).code, "interrupted");
        assertEquals(stateOf(home), before);
      }
    }
  });
});

Deno.test("apply() refuses a second run beside the first", { ignore: !UNIX }, async () => {
  await inHome(async (home) => {
    const plan = await planSync(home.path);
    const folder = `${home.path}/backups_state/codexkeep`;
    Deno.mkdirSync(folder, { recursive: true });
    const lock = await tryLock(`${folder}/lock` as AbsPath, { create: true });
    const before = stateOf(home);
    try {
      assertEquals((await assertRejects(() => carryOut(plan), AppError)).code, "locked");
    } finally {
      lock?.release();
    }
    assertEquals([stateOf(home), listRecords(realDisk, home.path)], [before, []]);
  });
});

Deno.test("apply() reaches only files, columns and databases that are its business", async () => {
  await inHome(async (home) => {
    const plan = await planSync(home.path);
    const edit = plan.changes.find((change): change is EditChange => change.kind === "edit")!;
    const row = plan.changes.find((change) => change.kind === "row")!;
    const foreign = `${home.path}/../state_5.sqlite` as AbsPath;
    Deno.copyFileSync(home.state!, foreign);
    Deno.writeTextFileSync(`${home.path}/auth.json`, "{}");
    const before = [stateOf(home), dumpRows(foreign)];
    const files = ["auth.json", "state_5.sqlite", "sessions/x.jsonl", "backups_state/codexkeep/lock"];
    const changes = [
      ...files.map((path) => ({ ...edit, path: path as RelPath, thread: undefined })),
      { ...row, database: foreign },
      { ...row, cells: { source: { before: "cli", after: "vscode" } } },
    ];
    for (const change of changes) {
      const bad: Plan = { ...plan, changes: [change] };
      const run = () => apply(machineOf(), bad, [home.state!], applyOptions());
      assertEquals((await assertRejects(run, AppError)).code, "refused");
    }
    assertEquals([stateOf(home), dumpRows(foreign)], before);
    assertEquals([...Deno.readDirSync(home.path)].some(({ name }) => name === "backups_state"), false);
  });
});

Deno.test("apply() keeps as many records as it is told, this one included", async () => {
  await inHome(async (home) => {
    const made: string[] = [];
    for (const target of ["new", "other", "new", "other"]) {
      const { record, pruned } = await carryOut(await planSync(home.path, target), { keep: 2 });
      made.push(record!);
      assertEquals(pruned, made.slice(0, -2).slice(-1));
    }
    assertEquals(listRecords(realDisk, home.path).map(({ id }) => id), made.slice(-2).reverse());
  }, MIXED.slice(0, 1));
});
