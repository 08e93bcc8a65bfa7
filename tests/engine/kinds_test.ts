/** Random plans of every kind of change: what is applied can be taken back, and given again. */
import fc from "fast-check";
import { AppError } from "../../lib/core/error.ts";
import { digest, type Plan } from "../../lib/core/plan.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { requireCurrent } from "../../lib/engine/plan_check.ts";
import { loadPlan, savePlan } from "../../lib/engine/plan_file.ts";
import { verifyRecord } from "../../lib/engine/verify.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { type BuiltHome, dumpRows, talk, type ThreadSpec, treeHash, withHome } from "../home.ts";
import { carryOut, CONFIG, planBack, planSync, scanOf } from "./fixture.ts";
import { withAllKinds } from "./kinds.ts";

const thread: fc.Arbitrary<ThreadSpec> = fc.record({
  provider: fc.constantFrom("old", "new"),
  mode: fc.constantFrom("paginated" as const, "paginated" as const, "legacy" as const),
  archived: fc.boolean(),
  turns: fc.constantFrom(talk("one"), talk("one", "two"), talk("a", "b", "c")),
  compressed: fc.nat({ max: 4 }).map((n) => n === 0),
  fileMode: fc.constantFrom(0o600, 0o644),
  mtimeMs: fc.integer({ min: 1_000_000_000_000, max: 1_790_000_000_000 }),
});

const task = fc.record({
  threads: fc.array(thread, { minLength: 4, maxLength: 8 }),
  choice: fc.record({
    moves: fc.nat({ max: 3 }),
    turns: fc.nat({ max: 3 }),
    small: fc.boolean(),
    tables: fc.boolean(),
  }),
});

/** Everything, folders and both databases included. */
function whole(home: BuiltHome) {
  return {
    files: treeHash(home.path),
    folders: foldersOf(home.path),
    state: dumpRows(home.state!),
    history: dumpRows(home.history!),
  };
}

function foldersOf(path: string, below = ""): string[] {
  return [...Deno.readDirSync(`${path}/${below}`)].filter(({ isDirectory }) => isDirectory).flatMap((
    { name },
  ) => name === "backups_state" ? [] : [`${below}${name}`, ...foldersOf(path, `${below}${name}/`)]).sort();
}

async function carryOutSaved(home: BuiltHome, plan: Plan): Promise<string> {
  const path = `${home.path}/../plan-${digest(plan)}.json` as AbsPath;
  savePlan(realDisk, path, plan);
  const loaded = loadPlan(realDisk, path);
  assertEquals(loaded, plan);
  Deno.removeSync(path);
  requireCurrent(realDisk, loaded, await scanOf(home.path));
  const { record, skipped } = await patiently(() => carryOut(loaded));
  assertEquals(skipped, []);
  assert(record !== undefined);
  assertEquals(verifyRecord(realDisk, home.path, record, true), []);
  return record;
}

/** A Codex that is starting elsewhere on the machine may be in the way. */
async function patiently<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof AppError && error.code === "codex-running") || attempt === 10) throw error;
    }
  }
}

async function backOf(home: BuiltHome, record: string): Promise<Plan> {
  const { plan, conflicts } = await planBack(home.path, record);
  assertEquals([conflicts, plan.skipped], [[], []]);
  return plan;
}

/** Files that a run makes, or leaves with the time of the change. */
const TIMELESS = ["work.config.toml", ".codex-global-state.json", "session_index.jsonl"];

function timeless(state: ReturnType<typeof whole>) {
  const files = new Map(
    [...state.files].map(([path, print]) => [path, TIMELESS.includes(path) ? print.split(" ")[0]! : print]),
  );
  return { ...state, files };
}

Deno.test("apply, restore, restore the restore gives back plans of all kinds", async () => {
  let kinds = 0;
  await fc.assert(
    fc.asyncProperty(task, async ({ threads, choice }) => {
      await withHome({ config: CONFIG, threads }, async (home) => {
        const before = whole(home);
        const plan = withAllKinds(await planSync(home.path), await scanOf(home.path), home, choice);
        if (plan.changes.length === 0) return;
        kinds += new Set(plan.changes.map(({ kind }) => kind)).size;
        const record = await carryOutSaved(home, plan);
        const after = whole(home);
        const restored = await carryOutSaved(home, await backOf(home, record));
        assertEquals(whole(home), before);
        await carryOutSaved(home, await backOf(home, restored));
        assertEquals(timeless(whole(home)), timeless(after));
      });
    }),
    { numRuns: 8, endOnFailure: true },
  );
  assert(kinds > 20, `${kinds} kinds`);
});
