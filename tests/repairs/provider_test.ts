import { recordedProvider } from "../../lib/codex/rollout.ts";
import type { RelPath } from "../../lib/core/path.ts";
import {
  type Change,
  type EditChange,
  movesOf,
  NO_PROVIDER,
  type RecodeChange,
} from "../../lib/core/plan.ts";
import type { Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { planProviders, providerRepair } from "../../lib/repairs/provider.ts";
import type { Draft } from "../../lib/repairs/repair.ts";
import { memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows, fail } from "../assert.ts";
import { metaLine, metaOf, rollout, settingsLine } from "../codex_model/rollouts.ts";
import {
  damagedOf,
  DATABASE,
  rolloutOf,
  rolloutPath,
  rowOf,
  threadId,
  threadOf,
} from "../codex_model/snapshots.ts";
import { factsOf, scanned } from "./facts.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** The content of the file of thread `n`. */
function fileOf(n: number, provider = "old", mode: "paginated" | "legacy" = "paginated"): Uint8Array {
  const payload = { id: threadId(n), session_id: threadId(n) };
  return rollout([metaLine({ mode, provider, payload }), settingsLine(provider, 1, mode)]);
}

function filesOf(...numbers: readonly number[]): Record<string, Uint8Array> {
  return Object.fromEntries(numbers.map((n) => [rolloutPath(n), fileOf(n)]));
}

function plan(
  threads: readonly Thread[],
  files: Readonly<Record<string, Uint8Array>>,
  more: Partial<Snapshot> = {},
  from?: string,
): Draft {
  const seen = scanned(threads, files);
  return planProviders(factsOf(seen, files, more), { threads: seen, from }, () => "new");
}

function kinds(changes: readonly Change[]): string[] {
  return changes.map((change) => change.kind);
}

Deno.test("planProviders() changes the file and the row of a thread", () => {
  const { changes, skipped } = plan([threadOf(1)], filesOf(1));
  assertEquals([skipped, movesOf(changes)], [[], [{ from: "old", to: "new", threads: 1 }]]);
  const [file, row] = changes;
  assert(file?.kind === "edit" && changes.length === 2);
  const { splices, ...head } = file;
  assertEquals<Omit<EditChange, "splices">>(head, {
    kind: "edit",
    path: rolloutPath(1),
    thread: threadId(1),
    sets: { model_provider: { before: "old", after: "new" } },
    size: fileOf(1).length,
    mtimeMs: 5000,
    leaveMtimeMs: 5000,
  });
  const after = applySplices(fileOf(1), splices);
  assertEquals([metaOf(after).provider, recordedProvider(memorySource(after), metaOf(after))], [
    "new",
    "new",
  ]);
  assertEquals<Change | undefined>(row, {
    kind: "row",
    database: DATABASE,
    thread: threadId(1),
    cells: { model_provider: { before: "old", after: "new" } },
  });
});

Deno.test("planProviders() rewrites a compressed file whole", () => {
  const path = `${rolloutPath(1)}.zst` as RelPath;
  const packed = rolloutOf(1, {}, { path, encoding: "zstd", stamp: { size: 99, mtimeMs: 7 } });
  const { changes } = plan([threadOf(1, { rollouts: [packed] })], { [path]: fileOf(1) });
  const file = changes[0] as RecodeChange;
  assertEquals([file.kind, file.size, file.mtimeMs, file.contentSize], ["recode", 99, 7, fileOf(1).length]);
});

Deno.test("planProviders() leaves threads alone that are as wanted, or that nobody asked to move", () => {
  const fine = threadOf(1, {
    rollouts: [rolloutOf(1, { provider: "new" })],
    row: rowOf(1, { provider: "new" }),
  });
  const facts = factsOf([fine, threadOf(2)], filesOf(2));
  const none = planProviders(facts, { threads: [fine], from: undefined }, () => "new");
  assertEquals(none, { changes: [], skipped: [] });
  const spared = planProviders(facts, { threads: [threadOf(2)], from: undefined }, () => undefined);
  assertEquals(spared, { changes: [], skipped: [] });
});

Deno.test("planProviders() with a from takes only threads that belong to it", () => {
  const other = threadOf(2, {
    rollouts: [rolloutOf(2, { provider: "other" })],
    row: rowOf(2, { provider: "other" }),
  });
  const files = { ...filesOf(1), [rolloutPath(2)]: fileOf(2, "other") };
  const of = (from: string) => plan([threadOf(1), other], files, {}, from);
  assertEquals(movesOf(of("other").changes), [{ from: "other", to: "new", threads: 1 }]);
  assertEquals(of("old").changes.map((change) => change.kind !== "drop" && change.thread), [
    threadId(1),
    threadId(1),
  ]);
  assertEquals(of("nobody"), { changes: [], skipped: [] });
});

Deno.test("movesOf() a draft counts threads by where they come from", () => {
  const rows = ["old", "other", "old"];
  const threads = rows.map((provider, n) => threadOf(n, { row: rowOf(n, { provider }) }));
  assertEquals(movesOf(plan(threads, filesOf(0, 1, 2)).changes), [
    { from: "old", to: "new", threads: 2 },
    { from: "other", to: "new", threads: 1 },
  ]);
});

Deno.test("planProviders() changes only the copies that differ", () => {
  const fileOnly = threadOf(1, { row: rowOf(1, { provider: "new" }) });
  assertEquals(kinds(plan([fileOnly], filesOf(1)).changes), ["edit"]);
  const rowOnly = threadOf(1, { rollouts: [rolloutOf(1, { provider: "new" })] });
  assertEquals(kinds(plan([rowOnly], { [rolloutPath(1)]: fileOf(1, "new") }).changes), ["row"]);
  const rowless = threadOf(1, { row: undefined });
  assertEquals(kinds(plan([rowless], filesOf(1)).changes), ["edit"]);
  const settings = rolloutOf(1, { provider: "new" }, { recorded: "old" });
  const half = rollout([metaLine({ provider: "new" }), settingsLine("old", 1)]);
  const quiet = threadOf(1, { rollouts: [settings], row: rowOf(1, { provider: "new" }) });
  assertEquals(kinds(plan([quiet], { [rolloutPath(1)]: half }).changes), ["edit"]);
});

Deno.test("planProviders() gives a row without a provider one, when its file has to move", () => {
  const thread = threadOf(1, { row: rowOf(1, { provider: undefined }) });
  const { changes } = plan([thread], filesOf(1));
  assertEquals<Change | undefined>(changes[1], {
    kind: "row",
    database: DATABASE,
    thread: threadId(1),
    cells: { model_provider: { before: null, after: "new" } },
  });
  assertEquals(movesOf(changes), [{ from: NO_PROVIDER, to: "new", threads: 1 }]);
});

Deno.test("planProviders() changes all segments of a thread", () => {
  const second = "sessions/2026/11/22/segment.jsonl" as RelPath;
  const rollouts = [rolloutOf(1), rolloutOf(1, {}, { path: second })];
  const files = { ...filesOf(1), [second]: fileOf(1) };
  const { changes } = plan([threadOf(1, { rollouts })], files);
  assertEquals(kinds(changes), ["edit", "edit", "row"]);
});

Deno.test("planProviders() leaves a thread out whose file has grown since the scan", () => {
  const files = filesOf(1, 2);
  const threads = scanned([threadOf(1), threadOf(2)], files);
  const grown = { ...files, [rolloutPath(1)]: new Uint8Array([...fileOf(1), ...encode("{}\n")]) };
  const { changes, skipped } = planProviders(
    factsOf(threads, grown),
    { threads, from: undefined },
    () => "new",
  );
  assertEquals(skipped.map(({ subject }) => subject), [threadId(1)]);
  assertStringIncludes(skipped[0]?.reason ?? "", "is writing to it");
  assert(changes.every((change) => change.kind !== "drop" && change.thread === threadId(2)));
});

/** Threads that are left out whole, with a word of the reason. */
const SKIPPED: Readonly<Record<string, readonly [Thread, RegExp, Partial<Snapshot>?]>> = {
  "Codex has it open": [threadOf(1), /open/, { codex: { processes: [], busyThreads: [threadId(1)] } }],
  "its file is missing": [threadOf(1, { rollouts: [] }), /missing/],
  "one of its segments is damaged": [threadOf(1, { rollouts: [rolloutOf(1), damagedOf(1, "torn")] }), /torn/],
  "one of its segments cannot be opened": [
    threadOf(1, { rollouts: [rolloutOf(1), rolloutOf(1, {}, { path: "sessions/gone.jsonl" as RelPath })] }),
    /gone\.jsonl.*cannot read/,
  ],
  "there is no database for its row": [threadOf(1), /no database/, { live: undefined }],
};

for (const [why, [thread, reason, more]] of Object.entries(SKIPPED)) {
  Deno.test(`planProviders() leaves a thread out whole when ${why}, and goes on with the others`, () => {
    const { changes, skipped } = plan([thread, threadOf(2, { row: undefined })], filesOf(1, 2), more);
    assertEquals(changes.map((change) => change.kind !== "drop" && change.thread), [threadId(2)]);
    assertEquals(skipped.map(({ subject }) => subject), [thread.id]);
    assertMatch(skipped[0]!.reason, reason);
  });
}

Deno.test("planProviders() leaves a thread out when a segment has no room, and says which", () => {
  const path = "sessions/2026/11/22/segment.jsonl" as RelPath;
  const tight = rollout([
    metaLine({ provider: "o", payload: { session_id: undefined, runtime_workspace_roots: [] } }),
  ]);
  const rollouts = [rolloutOf(1), rolloutOf(1, { provider: "o" }, { path })];
  const { changes, skipped } = plan([threadOf(1, { rollouts })], { ...filesOf(1), [path]: tight });
  assertEquals(changes, []);
  assertMatch(skipped[0]!.reason, /segment\.jsonl.*no room/);
});

Deno.test("planProviders() does not hide a fault of its own behind a skip", () => {
  const facts = { ...factsOf([threadOf(1)]), contents: { with: () => fail("a fault") } };
  assertThrows(
    () => planProviders(facts, { threads: [threadOf(1)], from: undefined }, () => "new"),
    Error,
    "a fault",
  );
});

Deno.test("providerRepair.plan() aims at the target of the facts", () => {
  const threads = scanned([threadOf(1)], filesOf(1));
  const facts = factsOf(threads, filesOf(1), {}, "other");
  const draft = providerRepair.plan?.(facts, { threads, from: undefined });
  assertEquals(movesOf(draft?.changes ?? []), [{ from: "old", to: "other", threads: 1 }]);
});
