import { withRollouts } from "../../lib/codex/project.ts";
import type { Rollout } from "../../lib/core/snapshot.ts";
import { assert, assertEquals } from "../assert.ts";
import { rolloutOf, rolloutPath, rowOf, snapshotOf, threadId, threadOf } from "./snapshots.ts";

/** A file of thread 1 that a scan took for a damaged one of thread 7, as its name says. */
const stray: Rollout = rolloutOf(1, {}, { path: rolloutPath(7) });
const damaged: Rollout = {
  ...stray,
  nameId: threadId(7),
  meta: undefined,
  damage: { reason: "id-differs-from-name", detail: "" },
};

Deno.test("withRollouts() gives a file to its thread and takes it from the one that it was taken for", () => {
  const lost = { id: threadId(1), rollouts: [], row: rowOf(1) };
  const wrong = { id: threadId(7), rollouts: [damaged], row: undefined };
  const after = withRollouts(snapshotOf([lost, wrong, threadOf(2)], undefined), [stray]);
  assertEquals([...after.threads.keys()], [threadId(1), threadId(2)]);
  assertEquals(after.threads.get(threadId(1))?.rollouts, [stray]);
  assertEquals(after.damaged, []);
});

Deno.test("withRollouts() knows threads without a row, keeps those with one, and sorts files as a scan does", () => {
  const segment = { ...stray, path: rolloutPath(1), segment: threadId(9) };
  const wrong = { id: threadId(7), rollouts: [damaged], row: rowOf(7) };
  const after = withRollouts(snapshotOf([wrong], undefined), [stray, segment]);
  assertEquals(after.threads.get(threadId(7))?.rollouts, []);
  assertEquals(after.threads.get(threadId(1))?.rollouts.map(({ path }) => path), [
    rolloutPath(1),
    rolloutPath(7),
  ]);
  assertEquals(after.threads.get(threadId(1))?.row, undefined);
});

Deno.test("withRollouts() leaves a snapshot as it is where nothing was found", () => {
  const snapshot = snapshotOf([threadOf(1)], undefined);
  assert(withRollouts(snapshot, []) === snapshot);
});
