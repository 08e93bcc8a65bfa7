import { causesOf } from "../../lib/cli/causes.ts";
import { cureOf, hintOf } from "../../lib/cli/cures.ts";
import { remarksOn } from "../../lib/cli/remarks.ts";
import { READERS, viewsOf } from "../../lib/codex/readers.ts";
import type { Finding, FindingCode } from "../../lib/core/finding.ts";
import type { RelPath } from "../../lib/core/path.ts";
import type { Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { assertEquals, assertMatch } from "../assert.ts";
import { rolloutOf, rolloutPath, rowOf, snapshotOf, threadId, threadOf } from "../codex_model/snapshots.ts";

const CONFIG =
  'model_provider = "old"\n[model_providers.old]\nname = "O"\n[model_providers.new]\nname = "N"\n';
const SEGMENT = "0199f0a0-0000-7000-8000-00000000aaaa";

function finding(code: FindingCode, samples: readonly string[], more: Partial<Finding> = {}): Finding {
  return {
    code,
    severity: "warning",
    count: samples.length,
    repair: undefined,
    message: "many",
    samples,
    ...more,
  };
}

/** Causes of a thread among others, for these findings. */
function causes(thread: Thread, findings: readonly Finding[] = [], more: Partial<Snapshot> = {}) {
  const snapshot = snapshotOf([thread, threadOf(99)], CONFIG, more);
  return causesOf(thread, viewsOf(thread, snapshot), findings);
}

Deno.test("causesOf() has nothing to say about a thread that every reader shows", () => {
  assertEquals(causes(threadOf(1), [finding("provider-mismatch", [`${threadId(2)}: x`])]), []);
});

Deno.test("causesOf() tells every cause that hides a thread, each with its readers and its cure", () => {
  const thread = threadOf(1, { row: rowOf(1, { hasPreview: false, rolloutPath: "/old/x.jsonl" }) });
  const findings = [
    finding("preview-empty", [threadId(1)], { repair: "preview" }),
    finding("rollout-path-stale", [threadId(1)], { repair: "paths", severity: "error" }),
  ];
  const told = causes(thread, findings).map(({ code, cure, hides }) => [code, cure, hides.length]);
  assertEquals(told, [
    ["rollout-path-stale", `codexkeep repair paths --thread ${threadId(1)}`, 8],
    ["preview-empty", `codexkeep repair preview --thread ${threadId(1)}`, 6],
  ]);
});

Deno.test("causesOf() gives the evidence of a finding that is about the thread, and words for one thread", () => {
  const thread = threadOf(1, { row: rowOf(1, { provider: "new" }) });
  const samples = [2, 1, 3].map((n) => `${threadId(n)}: first line old, database new`);
  const [first, ...more] = causes(thread, [
    finding("provider-mismatch", samples, { repair: "provider", hint: "for all of them" }),
    finding("index-stale", [`${threadId(1)}: "a name"`], { repair: "index", severity: "info" }),
  ]);
  assertEquals([first?.code, first?.samples, first?.hint], ["provider-mismatch", [samples[1]], null]);
  assertMatch(first?.message ?? "", /^It belongs to another provider/);
  assertEquals(more.map(({ code, hides, cure }) => [code, hides, cure]), [
    ["index-stale", [], "codexkeep repair index"],
  ]);
});

Deno.test("causesOf() finds a thread in evidence by its file, its segment and its folder, not by a longer one", () => {
  const segment = rolloutOf(1, {}, {
    path: rolloutPath(1).replace(".jsonl", `_${SEGMENT}.jsonl`) as RelPath,
    segment: SEGMENT,
  });
  const thread = threadOf(1, { rollouts: [rolloutOf(1), segment] });
  const codes = (one: Finding) => causes(thread, [one]).map(({ code }) => code);
  assertEquals(codes(finding("rollout-copy", [`backup/x is a copy of ${rolloutPath(1)}`])), ["rollout-copy"]);
  assertEquals(codes(finding("history-frozen", [`${SEGMENT}: 2 turns`])), ["history-frozen"]);
  assertEquals(codes(finding("cwd-missing", ['"/work": 3 thread(s)'])), ["cwd-missing"]);
  assertEquals(codes(finding("cwd-missing", ['"/work/more": 3 thread(s)'])), []);
  assertEquals(codes(finding("index-stale", ['"/work": 3'])), []);
});

Deno.test("causesOf() tells the cause behind what readers stumble over", () => {
  const path = rolloutPath(1, "archived_sessions");
  const moved = threadOf(1, { rollouts: [rolloutOf(1, {}, { path, archived: true })] });
  const findings = ["archive-mismatch", "archived-thread"] as const;
  const told = causes(moved, findings.map((code) => finding(code, [threadId(1)])));
  assertEquals(told.map(({ code, hides }) => [code, hides.length]), [
    ["archive-mismatch", READERS.length],
    ["archived-thread", 0],
  ]);
  assertEquals(causes(moved).map(({ code, cure }) => [code, cure]), [
    ["rollout-path-stale", null],
    ["archived-thread", null],
  ]);
  const foreign = threadOf(1, { row: rowOf(1, { provider: "new" }) });
  const [config, ...rest] = causes(foreign, [finding("config-invalid", ["line 1"], { severity: "error" })]);
  assertEquals([config?.code, config?.hides.length, rest], ["config-invalid", 4, []]);
});

Deno.test("causesOf() takes the finding about accounts for every thread that is stamped", () => {
  const stamped = threadOf(1, { rollouts: [rolloutOf(1, { owned: true })] });
  const accounts = finding("account-hidden", [`a: 2 threads, newest ${threadId(2)}`], { repair: "account" });
  const told = causes(stamped, [accounts]).map(({ code, cure }) => [code, cure]);
  assertEquals(told, [["account-hidden", `codexkeep repair account --thread ${threadId(1)}`]]);
  assertEquals(causes(threadOf(1), [accounts]), []);
});

Deno.test("causesOf() offers no repair where the check names none", () => {
  const hint = "put the file back and run codexkeep repair paths";
  const [refused] = causes(threadOf(1), [finding("rollout-misplaced", [threadId(1)], { hint })]);
  assertEquals([refused?.code, refused?.cure], ["rollout-misplaced", null]);
});

Deno.test("causesOf() tells what concerns the whole home as it is", () => {
  const [wide] = causes(threadOf(1), [
    finding("config-invalid", ["line 3: what"], { severity: "error", hint: "mend it" }),
  ]);
  assertEquals(wide, {
    code: "config-invalid",
    severity: "error",
    message: "many",
    hides: [],
    samples: ["line 3: what"],
    cure: null,
    hint: "mend it",
  });
});

Deno.test("causesOf() tells a missing file from a wrong place, and reasons that are no ailment", () => {
  const gone = causes(threadOf(1, { rollouts: [] }));
  assertEquals(gone.map(({ code, hides }) => [code, hides.length]), [["rollout-missing", READERS.length]]);
  const exec = threadOf(1, {
    rollouts: [rolloutOf(1, { source: "exec" })],
    row: rowOf(1, { source: "exec" }),
  });
  const [source] = causes(exec);
  assertEquals([source?.code, source?.cure], ["source-not-shown", null]);
  assertMatch(source?.hint ?? "", /include-non-interactive/);
  const rollouts = [rolloutOf(1, {}, { bare: true })];
  const silent = causes(threadOf(1, { rollouts, row: rowOf(1, { hasPreview: false }) }));
  assertEquals(silent.map(({ code, severity, hides }) => [code, severity, hides.length]), [
    ["nothing-said", "info", 8],
  ]);
});

Deno.test("cureOf() asks for what a repair cannot guess, and names the thread where that helps", () => {
  const cure = (code: string, repair: string, thread?: string) => cureOf(code, { repair }, thread);
  assertEquals(cure("provider-mismatch", "provider"), "codexkeep repair provider");
  assertEquals(cure("provider-mismatch", "provider", "T"), "codexkeep repair provider --thread T");
  assertEquals(cure("cwd-missing", "cwd"), "codexkeep repair cwd --map OLD=NEW");
  assertEquals(cure("cwd-form", "cwd", "T"), "codexkeep repair cwd --thread T");
  assertEquals(cure("archived-thread", "unarchive"), "codexkeep repair unarchive --thread ID");
  assertEquals(cure("account-hidden", "account", "T"), "codexkeep repair account --thread T");
  assertEquals(cure("index-stale", "index", "T"), "codexkeep repair index");
  assertEquals(cureOf("record-pending", { hint: "codexkeep recover" }), "codexkeep recover");
  assertEquals(cureOf("config-invalid", { hint: "correct the line" }), null);
  assertEquals([hintOf({ hint: "codexkeep recover" }), hintOf({ hint: "look" }), hintOf({})], [
    null,
    "look",
    null,
  ]);
});

Deno.test("remarksOn() tells the window of the sidebar, reverts, compression and a writer at work", () => {
  const others = Array.from(
    { length: 50 },
    (_, n) => threadOf(n + 2, { row: rowOf(n + 2, { updatedAtMs: 9000 }) }),
  );
  const remarks = (thread: Thread, more: Partial<Snapshot> = {}, count = 50) =>
    remarksOn(thread, snapshotOf([thread, ...others.slice(0, count)], CONFIG, more)).join("\n");
  assertEquals(remarks(threadOf(1), {}, 49), "");
  assertMatch(remarks(threadOf(1)), /number 51 by last use.*about 50/);
  assertEquals(remarks(threadOf(1, { row: undefined })), "");
  assertEquals(remarks(threadOf(1, { row: rowOf(1, { archived: true }) })), "");
  const special = threadOf(1, {
    rollouts: [
      rolloutOf(1, {}, { encoding: "zstd" }),
      rolloutOf(1, {}, { segment: SEGMENT }),
    ],
  });
  const codex = { processes: [], busyThreads: [threadId(1)] };
  assertMatch(
    remarks(special, { codex }, 0),
    /has it open[\s\S]*reverted once[\s\S]*2 files[\s\S]*compressed/,
  );
});
