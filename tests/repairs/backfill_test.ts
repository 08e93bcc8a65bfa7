import type { Snapshot } from "../../lib/core/snapshot.ts";
import { backfillRepair } from "../../lib/repairs/backfill.ts";
import type { Facts } from "../../lib/repairs/repair.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { databaseOf, threadId } from "../codex_model/snapshots.ts";
import { NO_FILES, NOW_MS } from "./facts.ts";
import { DAY, found, homeOf, nameOf, type Placed, planned } from "./places.ts";

const at = (n: number, folder = DAY) => `${folder}/${nameOf(n)}`;
const FILES: readonly Placed[] = [1, 2, 3].map((n) => ({ path: at(n), thread: n }));
const CODEX: Snapshot["codex"] = {
  processes: [{ pid: 1, name: "codex", command: "codex", why: "" }],
  busyThreads: [],
};

/** Facts with the state of Codex's own filling: a row of `backfill_state`. */
function homeWith(
  status: string,
  { files = FILES, rows = [1, 2, 3], mark = null, age = 0, ...more }: {
    readonly files?: readonly Placed[];
    readonly rows?: readonly number[];
    readonly mark?: string | null;
    /** Seconds since the state was written. */
    readonly age?: number;
  } & Partial<Snapshot> = {},
): Facts {
  const state = { status, last_watermark: mark, updated_at: NOW_MS / 1000 - age };
  const tables: Facts["tables"] = (_path, use) =>
    use({ all: () => [state], columns: () => ["id", "status", "last_watermark", "updated_at"] });
  return homeOf(files, Object.fromEntries(rows.map((n) => [n, at(n)])), more, { tables });
}

Deno.test("backfillRepair has nothing to do where every thread has a row", () => {
  const facts = homeWith("complete");
  assertEquals([...found(backfillRepair, facts), ...planned(backfillRepair, facts)], []);
});

Deno.test("backfillRepair lets Codex go on just before the first file without a row", () => {
  const third = homeWith("complete", { rows: [1, 2], mark: at(3) });
  assertEquals(found(backfillRepair, third), ["warning rollout-not-indexed 1 backfill"]);
  assertEquals(planned(backfillRepair, third), [
    `entry status complete > pending, last_watermark ${at(3)} > ${at(2)}`,
  ]);
  const first = homeWith("complete", { rows: [3], mark: at(3) });
  assertEquals(planned(backfillRepair, first), [
    `entry status complete > pending, last_watermark ${at(3)} > null`,
  ]);
  const archived = [...FILES, { path: at(4, "archived_sessions"), thread: 4 }];
  assertEquals(planned(backfillRepair, homeWith("complete", { files: archived })), [
    "entry status complete > pending",
  ]);
});

Deno.test("backfillRepair does nothing twice, and nothing more than needed", () => {
  for (const mark of [null, at(1), at(2)]) {
    const waiting = homeWith("pending", { rows: [1, 2], mark });
    assertEquals(found(backfillRepair, waiting), [
      "info rollout-not-indexed 1 -",
      "info backfill-incomplete 1 -",
    ]);
    assertEquals(planned(backfillRepair, waiting), []);
  }
  const beyond = homeWith("pending", { rows: [1, 3], mark: at(2) });
  assertEquals(planned(backfillRepair, beyond), [`entry last_watermark ${at(2)} > ${at(1)}`]);
});

Deno.test("backfillRepair ends a filling that nobody is at, where it was", () => {
  const blocking = homeWith("running", { mark: at(1), age: 60 });
  assertEquals(found(backfillRepair, blocking), ["error backfill-stuck 1 backfill"]);
  assertEquals(planned(backfillRepair, blocking), ["entry status running > pending"]);
  const stale = homeWith("running", { mark: at(1), age: 901 });
  assertEquals(found(backfillRepair, stale), ["warning backfill-stuck 1 backfill"]);
  const early = homeWith("running", { mark: at(1), rows: [1], age: 60 });
  assertEquals(planned(backfillRepair, early), ["entry status running > pending"]);
  const late = homeWith("running", { mark: at(3), rows: [1], age: 60 });
  assertEquals(planned(backfillRepair, late), [
    `entry status running > pending, last_watermark ${at(3)} > ${at(1)}`,
  ]);
});

Deno.test("backfillRepair leaves the filling to a Codex that is running", () => {
  const running = homeWith("running", { codex: CODEX, age: 60 });
  assertEquals([...found(backfillRepair, running), ...planned(backfillRepair, running)], []);
  const quiet = [{ path: at(1), thread: 1, mtimeMs: NOW_MS - 3_600_000 }];
  assertEquals(planned(backfillRepair, homeWith("complete", { files: quiet, rows: [], codex: CODEX })), [
    "skip backfill_state: Codex is running and fills it by itself",
  ]);
});

Deno.test("backfillRepair imports no thread that is live, and none in which nothing was said", () => {
  const written = [{ path: at(1), thread: 1, mtimeMs: NOW_MS - 1000 }];
  const cases = [
    homeWith("complete", { files: written, rows: [], codex: CODEX }),
    homeWith("complete", {
      files: FILES,
      rows: [1, 2],
      codex: { processes: [], busyThreads: [threadId(3)] },
    }),
    homeWith("complete", { files: [{ path: at(1), thread: 1, bare: true }], rows: [] }),
  ];
  for (const facts of cases) {
    assertEquals(found(backfillRepair, facts), ["info rollout-active-orphan 1 -"]);
    assertEquals(planned(backfillRepair, facts), []);
  }
  const fork = homeWith("complete", {
    files: [{ path: at(1), thread: 1, bare: true, base: threadId(9) }],
    rows: [],
  });
  assertEquals(planned(backfillRepair, fork), ["entry status complete > pending"]);
});

Deno.test("backfillRepair says which threads were made elsewhere", () => {
  const files = FILES.map((file) => ({ ...file, cwd: file.thread === 1 ? "C:\\work" : "/gone" }));
  const facts = homeWith("complete", { files, rows: [3] });
  const samples = (looked: Facts) => backfillRepair.find(looked)[0]?.samples ?? [];
  const [windows = "", here = ""] = samples(facts);
  assertStringIncludes(windows, 'made elsewhere, in "C:\\\\work"');
  assertStringIncludes(here, "ready to be indexed");
  const [, gone = ""] = samples({ ...facts, files: { ...NO_FILES, hasFolder: () => false } });
  assertStringIncludes(gone, 'made elsewhere, in "/gone"');
});

Deno.test("backfillRepair says and does nothing without a database it understands", () => {
  const live = databaseOf({ problem: { code: "database-malformed", message: "x" } });
  for (const facts of [homeOf(FILES, {}, { live }), homeOf(FILES, {}, { live: undefined })]) {
    assertEquals([...found(backfillRepair, facts), ...planned(backfillRepair, facts)], []);
  }
  const older = homeOf(FILES, {});
  assertEquals(found(backfillRepair, older), ["warning rollout-not-indexed 3 -"]);
  assertEquals(planned(backfillRepair, older), []);
  assert(backfillRepair.safe);
});
