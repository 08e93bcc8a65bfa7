import type { ByteString } from "../../lib/core/bytes.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Change, EditChange, Meaning, MoveChange } from "../../lib/core/plan.ts";
import { project } from "../../lib/codex/project.ts";
import { assertEquals } from "../assert.ts";
import {
  damagedOf,
  DATABASE,
  rolloutOf,
  rolloutPath,
  rowOf,
  snapshotOf,
  threadId,
  threadOf,
} from "./snapshots.ts";

const cell = (before: string | number | null, after: string | number | null) => ({ before, after });
const row = (cells: Meaning, n = 1, database = DATABASE): Change => (
  { kind: "row", database, thread: threadId(n), cells }
);
const edit = (sets: Meaning, more: Partial<EditChange> = {}): EditChange => ({
  kind: "edit",
  path: rolloutPath(1),
  thread: threadId(1),
  sets,
  size: 1000,
  mtimeMs: 5000,
  leaveMtimeMs: 5000,
  splices: [{ at: 3, before: "ab" as ByteString, after: "abcde" as ByteString }],
  ...more,
});
const move = (to: string, path = rolloutPath(1)): MoveChange => (
  { kind: "move", path, to: to as RelPath, thread: threadId(1), sets: {}, size: 1000, mtimeMs: 5000 }
);
const after = (changes: readonly Change[], threads = [threadOf(1), threadOf(2)]) =>
  project(snapshotOf(threads, undefined), changes);
const first = (...changes: Change[]) => after(changes).threads.get(threadId(1))!;

Deno.test("project() keeps the snapshot itself, and threads that nothing touches", () => {
  const snapshot = snapshotOf([threadOf(1), threadOf(2)], undefined);
  assertEquals(project(snapshot, []) === snapshot, true);
  const touched = project(snapshot, [row({ cwd: cell("/work", "/x") })]);
  assertEquals(touched.threads.get(threadId(2)) === snapshot.threads.get(threadId(2)), true);
  assertEquals([...touched.threads.keys()], [...snapshot.threads.keys()]);
});

Deno.test("project() reads changed cells the way rows are read", () => {
  const cells = {
    rollout_path: cell("", "/new/path"),
    model_provider: cell("old", null),
    cwd: cell("/work", "/moved"),
    source: cell("vscode", '{"subagent":{}}'),
    archived: cell(0, 1),
    preview: cell("x", ""),
    updated_at_ms: cell(1, 77),
    title: cell("a", "b"),
  };
  assertEquals(
    first(row(cells)).row,
    rowOf(1, {
      rolloutPath: "/new/path",
      provider: undefined,
      cwd: "/moved",
      source: "subagent",
      archived: true,
      hasPreview: false,
      updatedAtMs: 77,
    }),
  );
  assertEquals(first(row({ preview: cell("", "hi") })).row?.hasPreview, true);
  assertEquals(first(row({ cwd: cell("/work", "/x") }, 1, "/elsewhere.sqlite" as AbsPath)).row, rowOf(1));
});

Deno.test("project() adds and removes rows", () => {
  const entry = (op: "add" | "remove", n: number, cells: Meaning): Change => (
    {
      kind: "entry",
      database: DATABASE,
      table: "threads",
      key: { id: threadId(n) },
      op,
      thread: undefined,
      cells,
    }
  );
  const seen = after([
    entry("remove", 1, { cwd: cell("/work", null) }),
    entry("add", 3, { cwd: cell(null, "/new"), rollout_path: cell(null, "/p"), archived: cell(null, 1) }),
  ], [threadOf(1), threadOf(2, { rollouts: [] })]);
  assertEquals(seen.threads.get(threadId(1))?.row, undefined);
  const added = seen.threads.get(threadId(3));
  assertEquals([added?.row?.cwd, added?.row?.archived, added?.rollouts], ["/new", true, []]);
  const gone = after([entry("remove", 2, {})], [threadOf(2, { rollouts: [] })]);
  assertEquals([...gone.threads.keys()], []);
});

Deno.test("project() gives an edited rollout its size, and what the edit says that it sets", () => {
  const [file] = first(edit({ model_provider: cell("old", "new"), cwd: cell("/work", "/x") })).rollouts;
  assertEquals(
    file,
    rolloutOf(1, { provider: "new", cwd: "/x" }, { stamp: { size: 1003, mtimeMs: 5000 } }),
  );
  const [other] = first(edit({}, { leaveMtimeMs: 9 })).rollouts;
  assertEquals(other, rolloutOf(1, {}, { stamp: { size: 1003, mtimeMs: 9 } }));
});

Deno.test("project() leaves the size of a compressed file, which nobody knows yet", () => {
  const packed = rolloutOf(1, {}, { encoding: "zstd" });
  const change: Change = {
    ...edit({ model_provider: cell("old", "new") }),
    kind: "recode",
    contentSize: 1000,
    mtimeMs: 1,
  };
  const { threads } = after([change], [threadOf(1, { rollouts: [packed] })]);
  assertEquals(threads.get(threadId(1))?.rollouts, [rolloutOf(1, { provider: "new" }, { encoding: "zstd" })]);
});

Deno.test("project() moves rollouts: their place, whether archived, and their order", () => {
  const archive = `archived_sessions/${rolloutPath(1).split("/").at(-1)}`;
  const later = rolloutOf(1, {}, { path: rolloutPath(1, "sessions/2026/12/01") });
  const { threads } = after([edit({ model_provider: cell("old", "new") }), move(archive)], [
    threadOf(1, { rollouts: [rolloutOf(1), later] }),
  ]);
  const files = threads.get(threadId(1))!.rollouts;
  assertEquals(files.map(({ path, archived, recorded }) => [path, archived, recorded]), [
    [later.path, false, "old"],
    [archive, true, "new"],
  ]);
});

Deno.test("project() loses sight of files that get a name that is no rollout's", () => {
  assertEquals(first(move(`${rolloutPath(1)}.copy.bak`)).rollouts, []);
  assertEquals(first(move("elsewhere/x.jsonl")).rollouts, []);
  const bad = { ...damagedOf(3), path: rolloutPath(3) };
  const hidden = after([move(`${rolloutPath(3)}.bak`, rolloutPath(3))], [
    threadOf(3, { rollouts: [bad], row: undefined }),
  ]);
  assertEquals([hidden.damaged, hidden.threads.size], [[], 0]);
});
