/** Several repairs as one plan, on random homes: the plan does what it says, all of it, and once. */
import fc from "fast-check";
import { type Plan, threadsOf } from "../../lib/core/plan.ts";
import type { Rollout, Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { factsAfter } from "../../lib/engine/facts_after.ts";
import { planRepairs } from "../../lib/engine/plans.ts";
import type { Facts } from "../../lib/repairs/repair.ts";
import { assert, assertEquals } from "../assert.ts";
import { talk, type ThreadSpec, withHome } from "../home.ts";
import { carryOut, CONFIG, factsOf, planBack, scanOf, stateOf } from "./fixture.ts";

const provider = fc.constantFrom("old", "old", "new", "other");
const maybe = (weight: number) => fc.nat({ max: weight }).map((n) => n === 0);

/** Threads with several ailments each: another provider, a folder that moved, archived in one place only, no preview. */
const thread: fc.Arbitrary<ThreadSpec> = fc.record({
  provider: fc.oneof(provider, fc.record({ firstLine: provider, settings: provider, row: provider })),
  mode: fc.constantFrom("paginated" as const, "legacy" as const),
  source: fc.constantFrom("vscode", "cli", "exec"),
  cwd: fc.constantFrom("/home/sam/code/app", "/home/sam/old", "/home/sam/old/part"),
  archived: maybe(3),
  turns: fc.constantFrom(talk(), talk("one"), talk("one", "two")),
  compressed: maybe(4),
  name: fc.constantFrom("", "A name"),
  cells: fc.record({
    archived: fc.constantFrom(0, 1),
    preview: fc.constantFrom("", "some text"),
    has_user_event: fc.constantFrom(0, 1),
  }, { requiredKeys: [] }),
}).map(({ name, ...spec }) => name === "" ? spec : { ...spec, name });

const MAPS = [{ from: "/home/sam/old", to: "/home/sam/new" }];
const NAMES = ["all", "cwd", "unarchive"];

function planAll(facts: Facts, names: readonly string[] = NAMES): Plan {
  const threads = [...facts.snapshot.threads.values()];
  return planRepairs("repair", facts, names, { threads, from: undefined, named: true, maps: MAPS });
}

/** Everything of a snapshot but what nobody can know before: the size of a compressed file. */
function seenIn({ threads }: Snapshot): Thread[] {
  const file = (rollout: Rollout): Rollout =>
    rollout.encoding === "zstd" ? { ...rollout, stamp: { ...rollout.stamp, size: 0 } } : rollout;
  return [...threads.values()].map((one) => ({ ...one, rollouts: one.rollouts.map(file) }))
    .sort((a, b) => a.id < b.id ? -1 : 1);
}

Deno.test("several repairs make one plan that gives the home that was projected, leaves nothing to do, and can be taken back", async () => {
  const kinds = new Set<string>();
  let changed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(thread, { minLength: 6, maxLength: 10 }), async (threads) => {
      await withHome({ config: CONFIG, threads }, async (home) => {
        const { path } = home;
        const before = stateOf(home);
        const facts = factsOf(await scanOf(path));
        const plan = planAll(facts);
        plan.changes.forEach(({ kind }) => kinds.add(kind));
        changed += threadsOf(plan.changes).size;
        if (plan.changes.length === 0) return;
        const ahead = factsAfter(facts, plan.changes).snapshot;
        const { record, skipped } = await carryOut(plan);
        assertEquals(skipped, []);
        const after = factsOf(await scanOf(path));
        assertEquals(seenIn(after.snapshot), seenIn(ahead));
        const again = planAll(after);
        assertEquals([again.changes, again.skipped], [[], plan.skipped]);
        const back = await planBack(path, record!);
        assertEquals([back.conflicts, back.plan.skipped], [[], []]);
        await carryOut(back.plan);
        assertEquals(stateOf(home), before);
      });
    }),
    { numRuns: 10 },
  );
  assert(changed > 30, `${changed} threads were changed`);
  assertEquals(["edit", "move", "recode", "row"].filter((kind) => !kinds.has(kind)), []);
});
