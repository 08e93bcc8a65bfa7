/** What is planned ahead is what comes: the projected snapshot and contents against the home afterwards. */
import fc from "fast-check";
import { mergeChanges } from "../../lib/core/merge.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Change, Plan } from "../../lib/core/plan.ts";
import type { Rollout, Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { project } from "../../lib/codex/project.ts";
import { viewsOf } from "../../lib/codex/readers.ts";
import { factsAfter } from "../../lib/engine/facts_after.ts";
import { overlayFiles } from "../../lib/engine/overlay.ts";
import { planProviders } from "../../lib/repairs/provider.ts";
import type { Facts } from "../../lib/repairs/repair.ts";
import { assert, assertEquals } from "../assert.ts";
import { talk, type ThreadSpec, withHome } from "../home.ts";
import { carryOut, CONFIG, factsOf, MIXED, scanOf } from "./fixture.ts";

const provider = fc.constantFrom("old", "old", "new", "other", "a-longer-one");
const maybe = (weight: number) => fc.nat({ max: weight }).map((n) => n === 0);

const thread: fc.Arbitrary<ThreadSpec> = fc.record({
  provider: fc.oneof(
    provider,
    fc.record({ firstLine: provider, settings: fc.option(provider), row: provider }),
  ),
  mode: fc.constantFrom("paginated" as const, "legacy" as const),
  source: fc.constantFrom("vscode", "cli", "exec"),
  archived: maybe(4),
  turns: fc.constantFrom(talk(), talk("one"), talk("one", "two")),
  compressed: maybe(4),
  row: maybe(6).map((none) => !none),
  file: maybe(10).map((none) => !none),
});

/** Everything of a snapshot but what nobody can know before: the size of a compressed file. */
function seenIn({ threads }: Snapshot): Thread[] {
  const file = (rollout: Rollout): Rollout =>
    rollout.encoding === "zstd" ? { ...rollout, stamp: { ...rollout.stamp, size: 0 } } : rollout;
  return [...threads.values()].map((one) => ({ ...one, rollouts: one.rollouts.map(file) }));
}

function readersOf(snapshot: Snapshot) {
  return [...snapshot.threads.values()].map((one) => [one.id, viewsOf(one, snapshot)]);
}

/** The whole content of every rollout. */
function contentsIn({ snapshot, contents }: Facts): string[] {
  return [...snapshot.threads.values()].flatMap(({ rollouts }) =>
    rollouts.filter(({ damage }) => damage === undefined).map((rollout) =>
      contents.with(rollout, (content) => new TextDecoder().decode(content.read(0, content.size)))
    )
  );
}

Deno.test("a scan after a plan of the provider repair sees what was projected before", async () => {
  let changed = 0;
  const home = fc.record({
    threads: fc.array(thread, { minLength: 8, maxLength: 12 }),
    target: fc.constantFrom("new", "other", "a-longer-one", "openai"),
  });
  await fc.assert(
    fc.asyncProperty(home, async ({ threads, target }) => {
      await withHome({ config: CONFIG, threads }, async ({ path }) => {
        const facts = factsOf(await scanOf(path), target);
        const ahead = factsAfter(facts, await carryOutSync(path, facts, target));
        const after = factsOf(await scanOf(path), target);
        assertEquals(seenIn(ahead.snapshot), seenIn(after.snapshot));
        assertEquals(readersOf(ahead.snapshot), readersOf(after.snapshot));
        changed += [...facts.snapshot.threads].filter(([id, one]) =>
          ahead.snapshot.threads.get(id) !== one
        ).length;
      });
    }),
    { numRuns: 12 },
  );
  assert(changed > 30, `${changed} threads were changed`);
});

async function carryOutSync(home: AbsPath, facts: Facts, target: string): Promise<readonly Change[]> {
  const threads = [...facts.snapshot.threads.values()];
  const { changes, skipped } = planProviders(facts, { threads, from: undefined }, () => target);
  const plan: Plan = { purpose: "sync", home, changes, skipped, reverts: undefined };
  if (changes.length > 0) assertEquals((await carryOut(plan)).skipped, []);
  return changes;
}

Deno.test("factsAfter() reads contents as they will be, plain and compressed", async () => {
  await withHome({ config: CONFIG, threads: MIXED }, async ({ path }) => {
    const facts = factsOf(await scanOf(path));
    const threads = [...facts.snapshot.threads.values()];
    const { changes } = planProviders(facts, { threads, from: undefined }, () => "new");
    const ahead = contentsIn(factsAfter(facts, changes));
    const before = contentsIn(facts);
    await carryOutSync(path, facts, "new");
    assertEquals(ahead, contentsIn(factsOf(await scanOf(path))));
    assertEquals(ahead.filter((text, n) => text === before[n]), []);
  });
});

Deno.test("factsAfter() lets a second repair go on where the first one ends", async () => {
  await withHome({ config: CONFIG, threads: MIXED }, async ({ path }) => {
    const facts = factsOf(await scanOf(path));
    const draft = (from: Facts, target: string) =>
      planProviders(from, { threads: [...from.snapshot.threads.values()], from: undefined }, () => target)
        .changes;
    const there = draft(facts, "other");
    const once = factsAfter(facts, there);
    assertEquals(draft(once, "other"), []);
    const merged = mergeChanges([there, draft(once, "new")]);
    const twice = factsAfter(facts, merged);
    assertEquals(draft(twice, "new"), []);
    const ahead = contentsIn(twice);
    const plan: Plan = { purpose: "sync", home: path, changes: merged, skipped: [], reverts: undefined };
    assertEquals((await carryOut(plan)).skipped, []);
    const after = factsOf(await scanOf(path));
    assertEquals(seenIn(twice.snapshot), seenIn(after.snapshot));
    assertEquals(ahead, contentsIn(after));
  });
});

Deno.test("factsAfter() reads a file that will be moved where it is, under its new name", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async ({ path, threads: [one] }) => {
    const facts = factsOf(await scanOf(path));
    const [rollout] = facts.snapshot.threads.get(one!.id)!.rollouts;
    const to = `archived_sessions/${rollout!.path.split("/").at(-1)}` as RelPath;
    const threads = [...facts.snapshot.threads.values()];
    const { changes } = planProviders(facts, { threads, from: undefined }, () => "new");
    const { size, mtimeMs } = rollout!.stamp;
    const move: Change = { kind: "move", path: rollout!.path, to, thread: one!.id, sets: {}, size, mtimeMs };
    const ahead = factsAfter(facts, [...changes, move]);
    const [moved] = ahead.snapshot.threads.get(one!.id)!.rollouts;
    assertEquals([moved?.path, moved?.archived, moved?.recorded], [to, true, "new"]);
    const [text] = contentsIn(ahead);
    assertEquals([text!.length, text!.includes('"model_provider":"new"')], [moved!.stamp.size, true]);
  });
});

Deno.test("factsAfter() takes the provider from the configuration as it will be, unless one was named", async () => {
  await withHome({ config: CONFIG, threads: [] }, async ({ path }) => {
    const text = Deno.readTextFileSync(`${path}/config.toml`);
    const at = text.indexOf('"new"');
    const { size } = Deno.statSync(`${path}/config.toml`);
    const splice = { at, before: '"new"', after: '"other"' };
    const change = {
      kind: "edit",
      path: "config.toml",
      thread: undefined,
      sets: {},
      size,
      mtimeMs: undefined,
      leaveMtimeMs: undefined,
      splices: [splice],
    } as unknown as Change;
    const snapshot = await scanOf(path);
    const named = factsAfter(factsOf(snapshot, "old"), [change]);
    assertEquals([named.snapshot.config.provider.id, named.target.id], ["other", "old"]);
    const taken = { ...factsOf(snapshot), target: { id: "new", source: "config.toml" } };
    assertEquals(factsAfter(taken, [change]).target, { id: "other", source: "config.toml" });
  });
});

Deno.test("overlayFiles() shows small files as they will be", async () => {
  await withHome({ config: CONFIG, threads: [] }, async ({ path }) => {
    Deno.mkdirSync(`${path}/folder`);
    for (const name of ["stays", "edited", "gone", "moved"]) {
      Deno.writeTextFileSync(`${path}/folder/${name}`, name);
    }
    const { files } = factsOf(await scanOf(path));
    const of = (kind: string, name: string, more: object) =>
      ({ kind, path: `folder/${name}`, thread: undefined, sets: {}, ...more }) as unknown as Change;
    const splices = [{ at: 0, before: "e", after: "re-e" }];
    const ahead = overlayFiles(files, [
      of("edit", "edited", { size: 6, splices }),
      of("unmake", "gone", { content: "gone" }),
      of("move", "moved", { to: "folder/elsewhere" }),
      of("make", "moved", { content: "new" }),
    ], 5);
    const read = (name: string) => {
      const bytes = ahead.read(`folder/${name}` as RelPath, 100);
      return bytes && new TextDecoder().decode(bytes);
    };
    assertEquals(["stays", "edited", "gone", "moved", "elsewhere"].map(read), [
      "stays",
      "re-edited",
      undefined,
      "new",
      "moved",
    ]);
    const sizes = ahead.list("folder" as RelPath).map(({ name, size }) => `${name} ${size}`);
    assertEquals(sizes, ["edited 9", "elsewhere 5", "moved 3", "stays 5"]);
    assertEquals(ahead.stat("folder/gone" as RelPath), undefined);
    assertEquals(ahead.stat("folder/moved" as RelPath)?.mtimeMs, 5);
    assertEquals(ahead.hasFolder(`${path}/folder`), true);
    assertEquals(project(await scanOf(path), []).threads.size, 0);
  });
});
