import { AppError } from "../../lib/core/error.ts";
import { findThread, isNamed, type Selection, selectThreads } from "../../lib/engine/selection.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { rolloutOf, rowOf, snapshotOf, threadId, threadOf } from "../codex_model/snapshots.ts";

const ALL: Selection = {
  threads: [],
  sources: [],
  cwd: undefined,
  sinceMs: undefined,
  untilMs: undefined,
  includeArchived: false,
  includeEmpty: false,
};

const stamped = (n: number, mtimeMs: number, more = {}) =>
  rolloutOf(n, {}, { stamp: { size: 1, mtimeMs }, ...more });

const THREADS = [
  threadOf(1, { rollouts: [stamped(1, 1000)] }),
  threadOf(2, { rollouts: [stamped(2, 2000)], row: rowOf(2, { source: "cli", cwd: "/other" }) }),
  threadOf(3, { rollouts: [stamped(3, 3000)], row: rowOf(3, { archived: true }) }),
  threadOf(4, { rollouts: [stamped(4, 4000)], row: rowOf(4, { hasPreview: false }) }),
  threadOf(5, { rollouts: [stamped(5, 5000, { archived: true })], row: undefined }),
  threadOf(6, { rollouts: [], row: rowOf(6, { source: "exec", updatedAtMs: 6000 }) }),
  threadOf(7, { rollouts: [stamped(7, 100), stamped(7, 7000)] }),
];

function select(more: Partial<Selection> = {}): number[] {
  const chosen = selectThreads(snapshotOf(THREADS, undefined), { ...ALL, ...more });
  return chosen.map(({ id }) => Number(id.slice(-2)));
}

Deno.test("selectThreads() without a condition takes all, archived and empty ones too", () => {
  assertEquals(select(), [1, 2, 3, 4, 5, 6, 7]);
  assertEquals(select({ includeArchived: true, includeEmpty: true }), [1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("selectThreads() with a condition leaves out archived and empty threads unless asked for", () => {
  assertEquals(select({ sources: ["any"] }), [1, 2, 6, 7]);
  assertEquals(select({ sources: ["any"], includeArchived: true }), [1, 2, 3, 5, 6, 7]);
  assertEquals(select({ sources: ["any"], includeEmpty: true }), [1, 2, 4, 6, 7]);
});

Deno.test("isNamed() tells a choice of threads from all of them", () => {
  assertEquals([ALL, { ...ALL, includeArchived: true, includeEmpty: true }].map(isNamed), [false, false]);
  const choices = [{ threads: ["0199"] }, { sources: ["any"] }, { cwd: "/" }, { sinceMs: 0 }, { untilMs: 0 }];
  assertEquals(choices.map((more) => isNamed({ ...ALL, ...more })), choices.map(() => true));
});

Deno.test("selectThreads() selects by source, by the row before the file", () => {
  assertEquals(select({ sources: ["cli"] }), [2]);
  assertEquals(select({ sources: ["cli", "exec"] }), [2, 6]);
  assertEquals(select({ sources: ["vscode"], includeArchived: true }), [1, 3, 5, 7]);
  assertEquals(select({ sources: ["nobody"] }), []);
});

Deno.test("selectThreads() takes a folder with a slash behind it, as shells complete it", () => {
  assertEquals(select({ cwd: "/other/" }), [2]);
  assertEquals(select({ cwd: "/othe" }), []);
});

Deno.test("selectThreads() selects by folder, exactly", () => {
  assertEquals(select({ cwd: "/other" }), [2]);
  assertEquals(select({ cwd: "/work" }), [1, 6, 7]);
  assertEquals(select({ cwd: "/wor" }), []);
});

Deno.test("selectThreads() selects by the last change: of the newest file, of the row where there is none", () => {
  assertEquals(select({ sinceMs: 2000 }), [2, 6, 7]);
  assertEquals(select({ sinceMs: 2001 }), [6, 7]);
  assertEquals(select({ untilMs: 2000 }), [1, 2]);
  assertEquals(select({ sinceMs: 1000, untilMs: 1000 }), [1]);
  assertEquals(select({ sinceMs: 7001 }), []);
});

Deno.test("selectThreads() takes named threads whatever they are, once, and only with the other conditions", () => {
  assertEquals(select({ threads: [threadId(3), threadId(4), threadId(3)] }), [3, 4]);
  assertEquals(select({ threads: [threadId(1), threadId(2)], sources: ["cli"] }), [2]);
  assertThrows(() => select({ threads: ["ffffffff"] }), AppError, '"ffffffff"');
});

Deno.test("findThread() takes an id or its only beginning", () => {
  const { threads } = snapshotOf([threadOf(1), threadOf(10)], undefined);
  assertEquals(findThread(threads, threadId(1)).id, threadId(1));
  assertEquals(findThread(threads, threadId(10).slice(0, 35)).id, threadId(10));
  const error = assertThrows(() => findThread(threads, threadId(1).slice(0, 30)), AppError, "2 threads");
  assertEquals([error.code, error.hint], ["thread-unknown", "give more of the id"]);
  assertEquals(assertThrows(() => findThread(threads, "9"), AppError, "no thread").code, "thread-unknown");
});
