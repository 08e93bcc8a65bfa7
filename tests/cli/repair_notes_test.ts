import { NO_BYTES } from "../../lib/core/bytes.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Change, Plan } from "../../lib/core/plan.ts";
import { repairNotes } from "../../lib/cli/actions/repair_notes.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { threadId } from "../codex_model/snapshots.ts";

function planOf(...changes: readonly Change[]): Plan {
  return { purpose: "repair", home: "/home/u/.codex" as AbsPath, changes, skipped: [], reverts: undefined };
}

/** An edit of a rollout of thread `n` that takes its creator away. */
function disowned(n: number): Change {
  return {
    kind: "edit",
    path: `sessions/2026/01/01/rollout-${n}.jsonl` as RelPath,
    thread: threadId(n),
    sets: { creator_user_id: { before: "user-secret", after: null } },
    size: 1,
    mtimeMs: 1,
    leaveMtimeMs: 1,
    splices: [],
  };
}

Deno.test("repairNotes() counts the threads that lose their account, and never names it", () => {
  const [note, ...more] = repairNotes(planOf(disowned(1), disowned(1), disowned(2)));
  assertEquals(more, []);
  assertStringIncludes(note?.message ?? "", "2 thread(s)");
  assertEquals(JSON.stringify(note).includes("secret"), false);
});

Deno.test("repairNotes() says what comes after a database was set aside, and after profiles were moved", () => {
  const moved = (to: string): Change => ({
    kind: "move",
    path: "state_5.sqlite" as RelPath,
    to: to as RelPath,
    thread: undefined,
    sets: {},
    size: 1,
    mtimeMs: 1,
  });
  const made = (path: string): Change => ({
    kind: "make",
    path: path as RelPath,
    thread: undefined,
    sets: {},
    content: NO_BYTES,
  });
  const codes = (...changes: readonly Change[]) => repairNotes(planOf(...changes)).map(({ code }) => code);
  assertEquals(codes(moved("db-backups/sqlite-1-0/state_5.sqlite")), ["database-rebuild"]);
  assertEquals(codes(moved("archived_sessions/rollout-1.jsonl"), made("session_index.jsonl")), []);
  assertEquals(codes(made("work.config.toml")), ["profile-files"]);
});

Deno.test("repairNotes() says that Codex itself makes the rows that are missing", () => {
  const entry = (table: string): Change => ({
    kind: "entry",
    database: "/home/u/.codex/state_5.sqlite" as AbsPath,
    table,
    key: { id: 1 },
    op: "change",
    thread: undefined,
    cells: { status: { before: "complete", after: "pending" } },
  });
  const [note, ...more] = repairNotes(planOf(entry("backfill_state")));
  assertEquals([note?.code, more], ["codex-start", []]);
  assertStringIncludes(note?.hint ?? "", "start Codex once");
  assertEquals(repairNotes(planOf(entry("thread_goals"))), []);
});
