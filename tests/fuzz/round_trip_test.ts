/** Random homes, random plans: what is applied can be taken back byte by byte, and given again. */
import fc from "fast-check";
import type { AbsPath } from "../../lib/core/path.ts";
import { digest, type Plan, threadsOf } from "../../lib/core/plan.ts";
import { loadPlan, savePlan } from "../../lib/engine/plan_file.ts";
import { planRepairs } from "../../lib/engine/plans.ts";
import { assemble } from "../../lib/engine/plans.ts";
import { planConfig } from "../../lib/engine/switch.ts";
import { verifyRecord } from "../../lib/engine/verify.ts";
import { planProviders } from "../../lib/repairs/provider.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";
import { type BuiltHome, talk, type ThreadSpec, withHome } from "../home.ts";
import { carryOut, CONFIG, factsOf, planBack, scanOf, stateOf } from "../engine/fixture.ts";

const provider = fc.constantFrom("old", "old", "new", "other", "a-longer-one");
const copies = fc.oneof(
  provider,
  provider,
  fc.record({
    firstLine: provider,
    settings: fc.option(provider),
    row: provider,
  }),
);

/** Ways in which a file may be written: as Codex does, with CRLF, with a torn end, with rubbish behind it. */
const content = fc.constantFrom<(bytes: Uint8Array) => Uint8Array>(
  (bytes) => bytes,
  (bytes) => bytes,
  (bytes) => recoded(bytes, (text) => text.replaceAll("\n", "\r\n")),
  (bytes) => bytes.subarray(0, -1),
  (bytes) => joined(bytes, new TextEncoder().encode('{"timestamp":"2026')),
  (bytes) => joined(bytes, Uint8Array.of(0, 0xff, 0xfe, 0x0a)),
  (bytes) => joined(new TextEncoder().encode("\n \n"), bytes),
  (bytes) => bytes.subarray(0, 100),
  () => new Uint8Array(),
);

function recoded(bytes: Uint8Array, change: (text: string) => string): Uint8Array {
  return new TextEncoder().encode(change(new TextDecoder().decode(bytes)));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const maybe = (weight: number) => fc.nat({ max: weight }).map((n) => n === 0);

const thread: fc.Arbitrary<ThreadSpec> = fc.record({
  provider: copies,
  mode: fc.constantFrom("paginated" as const, "legacy" as const),
  source: fc.constantFrom("vscode", "cli", "exec"),
  archived: maybe(4),
  turns: fc.constantFrom(talk(), talk("one"), talk("one", "two")),
  compressed: maybe(4),
  row: maybe(6).map((none) => !none),
  file: maybe(10).map((none) => !none),
  fileMode: fc.constantFrom(0o600, 0o644, 0o640, 0o666),
  mtimeMs: fc.integer({ min: 1_000_000_000_000, max: 1_790_000_000_000 }),
  content,
  segments: fc.boolean(),
  repeated: fc.boolean(),
}).map(({ segments, repeated, ...spec }) => ({
  ...spec,
  ...(segments && spec.mode === "paginated" && spec.turns.length === 2
    ? { reverts: [{ keep: 1, turns: talk("again") }] }
    : {}),
  ...(repeated && spec.mode === "legacy" && spec.turns.length > 0 ? { extraMeta: ["old", "other"] } : {}),
}));

/** A home, what to bring it to, which of its threads, and whether the configuration changes too. */
const task = fc.record({
  threads: fc.array(thread, { minLength: 1, maxLength: 10 }),
  target: fc.constantFrom("new", "other", "a-longer-one", "openai"),
  every: fc.constantFrom(1, 1, 2),
  from: fc.option(fc.constant("old"), { nil: undefined, freq: 1 }),
  config: fc.boolean(),
});

interface Task {
  readonly target: string;
  readonly every: number;
  readonly from: string | undefined;
  readonly config: boolean;
}

async function planFor(home: AbsPath, { target, every, from, config }: Task): Promise<Plan> {
  const snapshot = await scanOf(home);
  const facts = factsOf(snapshot, target);
  const threads = [...snapshot.threads.values()].filter((_, n) => n % every === 0);
  if (!config) return planRepairs("sync", facts, ["provider"], { threads, from });
  const edit = planConfig(realDisk, home, target, "another-model");
  const draft = planProviders(facts, { threads, from }, () => target);
  return assemble("switch", snapshot, [draft], edit === undefined ? [] : [edit]);
}

/** Carries out a plan that was saved and loaded on the way; nothing may be left out. */
async function carryOutSaved(home: BuiltHome, plan: Plan): Promise<string> {
  const path = `${home.path}/../plan-${plan.purpose}-${digest(plan)}.json` as AbsPath;
  savePlan(realDisk, path, plan);
  const loaded = loadPlan(realDisk, path);
  assertEquals(loaded, plan);
  const { record, skipped } = await carryOut(loaded);
  assertEquals(skipped, []);
  assert(record !== undefined);
  assertEquals(verifyRecord(realDisk, home.path, record, true), []);
  return record;
}

/** The plan that takes a record back, when nothing has changed since. */
async function backOf(home: BuiltHome, record: string): Promise<Plan> {
  const { plan, conflicts } = await planBack(home.path, record);
  assertEquals([conflicts, plan.skipped], [[], []]);
  return plan;
}

Deno.test("apply, restore, restore the restore: every byte, mode, time and row as it was, and as it became", async () => {
  const started = performance.now();
  const numRuns = scaled(25, 1000);
  let cases = 0;
  const result = await fc.check(
    fc.asyncProperty(task, async ({ threads, ...how }) => {
      await withHome({ config: CONFIG, threads }, async (home) => {
        const before = stateOf(home);
        const plan = await planFor(home.path, how);
        assertEquals(stateOf(home), before);
        if (plan.changes.length === 0) return;
        cases += threadsOf(plan.changes).size;
        const record = await carryOutSaved(home, plan);
        const after = stateOf(home);
        const again = await planFor(home.path, how);
        assertEquals([again.changes, again.skipped], [[], plan.skipped]);
        requireOnly(plan, before, after);
        const restored = await carryOutSaved(home, await backOf(home, record));
        assertEquals(stateOf(home), before);
        await carryOutSaved(home, await backOf(home, restored));
        assertEquals(stateOf(home), settled(after, stateOf(home), how));
      });
    }),
    { numRuns },
  );
  const counts = { homes: result.numRuns, "changed threads": cases, differences: result.failed ? 1 : 0 };
  report("restore round trips of random homes", `seed ${result.seed}`, counts, started);
  if (result.failed) throw new Error(fc.defaultReportMessage(result), { cause: result.errorInstance });
  assert(cases > 50, `${cases} threads were changed`);
});

/** Only files of the plan changed, each with its old mode and, but for the configuration, its old time. */
function requireOnly(
  plan: Plan,
  before: ReturnType<typeof stateOf>,
  after: ReturnType<typeof stateOf>,
): void {
  const planned = new Set(plan.changes.flatMap((change) => "path" in change ? [change.path as string] : []));
  assertEquals([...after.files.keys()], [...before.files.keys()]);
  for (const [path, print] of after.files) {
    const [, mode, time] = print.split(" ");
    const [, oldMode, oldTime] = before.files.get(path)!.split(" ");
    assertEquals(print === before.files.get(path), !planned.has(path), path);
    assertEquals(mode, oldMode);
    if (path !== "config.toml") assertEquals(time, oldTime);
  }
  const rows = plan.changes.filter(({ kind }) => kind === "row").length;
  const kept = new Set(before.rows);
  assertEquals(after.rows.filter((line) => !kept.has(line)).length, rows);
}

/** The configuration gets the time of each change; all else must be equal. */
function settled(wanted: ReturnType<typeof stateOf>, now: ReturnType<typeof stateOf>, { config }: Task) {
  if (!config) return wanted;
  const [sum, mode] = wanted.files.get("config.toml")!.split(" ");
  const time = now.files.get("config.toml")!.split(" ")[2];
  return { ...wanted, files: new Map(wanted.files).set("config.toml", `${sum} ${mode} ${time}`) };
}
