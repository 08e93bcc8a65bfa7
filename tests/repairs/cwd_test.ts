import { fromByteString } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import type { Finding } from "../../lib/core/finding.ts";
import type { EditChange, RowChange } from "../../lib/core/plan.ts";
import type { RelPath } from "../../lib/core/path.ts";
import type { Thread } from "../../lib/core/snapshot.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { cwdRepair } from "../../lib/repairs/cwd.ts";
import type { Draft, Facts } from "../../lib/repairs/repair.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../assert.ts";
import { metaLine, metaOf, rollout, settingsLine } from "../codex_model/rollouts.ts";
import { damagedOf, rolloutOf, rolloutPath, rowOf, threadId } from "../codex_model/snapshots.ts";
import { factsOf, scanned } from "./facts.ts";
import { filesWith } from "./rows.ts";

const STATE = ".codex-global-state.json";

/** Thread `n` in a folder, everywhere. */
function threadIn(n: number, cwd: string, row = cwd): Thread {
  return { id: threadId(n), rollouts: [rolloutOf(n, { cwd })], row: rowOf(n, { cwd: row }) };
}

function fileOf(n: number, cwd: string): Uint8Array {
  const payload = { id: threadId(n), session_id: threadId(n), cwd, runtime_workspace_roots: [cwd] };
  return rollout([metaLine({ payload }), settingsLine("old", 1, "paginated", { cwd })]);
}

/** Facts about threads in these folders, by number from 0. */
function home(folders: readonly string[], more: Partial<Facts> = {}): Facts {
  const files = Object.fromEntries(folders.map((cwd, n) => [rolloutPath(n), fileOf(n, cwd)]));
  return { ...factsOf(scanned(folders.map((cwd, n) => threadIn(n, cwd)), files), files), ...more };
}

function plan(facts: Facts, maps: readonly string[] = [], threads?: readonly number[]): Draft {
  const all = [...facts.snapshot.threads.values()];
  const selected = threads === undefined ? all : all.filter(({ id }) => threads.map(threadId).includes(id));
  const options = {
    threads: selected,
    from: undefined,
    maps: maps.map((map) => {
      const [from = "", to = ""] = map.split("=");
      return { from, to };
    }),
  };
  return cwdRepair.plan?.(facts, options) ?? { changes: [], skipped: [] };
}

/** New folders of the rows that change, by thread. */
function rows({ changes }: Draft): Record<string, unknown> {
  const found = changes.filter((change): change is RowChange => change.kind === "row");
  return Object.fromEntries(found.map(({ thread, cells }) => [thread, cells.cwd?.after]));
}

function codes(facts: Facts): string[] {
  return cwdRepair.find(facts).map(({ severity, code, count }: Finding) => `${severity} ${code} ${count}`);
}

Deno.test("repair cwd moves the threads of a folder in file and row, and no others", () => {
  const facts = home(["/old/app", "/old/app/src", "/old/app2", "/else"]);
  const draft = plan(facts, ["/old/app=/new/place"]);
  assertEquals(rows(draft), { [threadId(0)]: "/new/place", [threadId(1)]: "/new/place/src" });
  assertEquals([draft.changes.length, draft.skipped], [4, []]);
  const edit = draft.changes[0] as EditChange;
  assertEquals([edit.path, edit.leaveMtimeMs, edit.sets], [rolloutPath(0), 5000, {
    cwd: { before: "/old/app", after: "/new/place" },
  }]);
  assertEquals(metaOf(applySplices(fileOf(0, "/old/app"), edit.splices)).cwd, "/new/place");
});

Deno.test("repair cwd takes only the selected threads", () => {
  const facts = home(["/old", "/old", "/old"]);
  assertEquals(rows(plan(facts, ["/old=/new"], [1])), { [threadId(1)]: "/new" });
});

Deno.test("repair cwd finishes what was moved in part, and then has nothing to do", () => {
  const files = { [rolloutPath(1)]: fileOf(1, "/old") };
  const half = { ...threadIn(1, "/old", "/new"), rollouts: [rolloutOf(1, { cwd: "/new" })] };
  const draft = plan(factsOf(scanned([half], files), files), ["/old=/new"]);
  assertEquals(draft.changes.map(({ kind }) => kind), ["edit"]);
  assertEquals(plan(home(["/new"]), ["/old=/new"]), { changes: [], skipped: [] });
});

Deno.test("repair cwd leaves a thread whole that it cannot change everywhere", () => {
  const facts = home(["/old", "/old", "/old"]);
  const threads = new Map(facts.snapshot.threads);
  threads.set(threadId(0), { ...threadIn(0, "/old"), rollouts: [damagedOf(0, "it is damaged")] });
  threads.set(threadId(1), { ...threadIn(1, "/old"), rollouts: [] });
  const busy = { processes: [], busyThreads: [threadId(2)] };
  const draft = plan({ ...facts, snapshot: { ...facts.snapshot, threads, codex: busy } }, ["/old=/new"]);
  assertEquals(draft.changes, []);
  assertEquals(draft.skipped.map(({ subject }) => subject), [0, 1, 2].map(threadId));
  assertMatch(draft.skipped.map(({ reason }) => reason).join(), /damaged,its rollout file is missing,.*open/);
});

Deno.test("repair cwd leaves a thread alone when the new folder does not fit into its first line", () => {
  const draft = plan(home(["/old"]), [`/old=/${"x".repeat(2000)}`]);
  assertEquals(draft.changes, []);
  assertMatch(draft.skipped[0]?.reason ?? "", /no room/);
});

Deno.test("repair cwd without a map mends forms only", () => {
  const facts = home(["\\\\?\\C:\\app", "c:\\other", "C:\\other", "d:\\alone", "/gone"]);
  assertEquals(rows(plan(facts)), { [threadId(0)]: "C:\\app", [threadId(1)]: "C:\\other" });
  const forms = cwdRepair.find(facts).filter(({ code }) => code === "cwd-form");
  assertEquals(forms.map(({ severity, count }) => [severity, count]), [["warning", 1], ["info", 1]]);
  assertEquals(plan(home(["/a", "/gone"])), { changes: [], skipped: [] });
});

Deno.test("repair cwd refuses a map that says nothing clear", () => {
  assertThrows(() => plan(home(["/a"]), ["a=/b"]), AppError, "not a whole path");
});

Deno.test("repair cwd tells folders that are gone, and where they may be", () => {
  const files = filesWith({}, ["/there", "/new/app"]);
  const facts = home(["/there", "/old/app", "/old/app", "/new/app"], { files });
  const [finding] = cwdRepair.find(facts);
  assertEquals(codes(facts), ["info cwd-missing 2"]);
  assertEquals(finding?.samples, ['"/old/app": 2 thread(s)']);
  assertMatch(finding?.hint ?? "", /repair cwd --map \/old\/app=\/new\/app$/);
});

Deno.test("repair cwd looks only at folders of this system, and at how WSL names them", () => {
  const files = filesWith({}, ["/mnt/c/app", "/x"]);
  const facts = home(["C:\\app", "D:\\unknown", "/x"], { files });
  assertEquals(codes(facts), ["info cwd-missing 1"]);
  assertMatch(cwdRepair.find(facts)[0]?.hint ?? "", /--map 'C:\\app=\/mnt\/c\/app'$/);
});

Deno.test("repair cwd has no complaint about a healthy home", () => {
  assertEquals(codes(home(["/a", "/b"])), []);
  const opened = factsOf([threadIn(1, "/begun", "/now")]);
  assertEquals(codes(opened), ["info cwd-copies-disagree 1"], "Codex does that by itself");
  const archived = { ...threadIn(1, "/gone"), row: rowOf(1, { cwd: "/gone", archived: true }) };
  assertEquals(codes({ ...factsOf([archived]), files: filesWith({}) }), []);
});

/** The state of the app after a plan. */
function stateAfter(facts: Facts, maps: readonly string[], threads?: readonly number[]): unknown {
  const edit = plan(facts, maps, threads).changes.find((change) => "path" in change && change.path === STATE);
  const bytes = facts.files.read(STATE as RelPath, 1e6) ?? new Uint8Array();
  return JSON.parse(
    new TextDecoder().decode(edit === undefined ? bytes : applySplices(bytes, (edit as EditChange).splices)),
  );
}

Deno.test("repair cwd takes the sidebar of the app along, unless threads stay behind", () => {
  const state = {
    "electron-saved-workspace-roots": ["/old", "/other", "/old2"],
    "project-order": ["/old/sub", "an-id"],
    "electron-workspace-root-labels": { "/old": "label" },
    "thread-workspace-root-hints": { [threadId(0)]: "/old", [threadId(1)]: "/old", unknown: "/old" },
    "thread-writable-roots": { [threadId(0)]: ["/old/x", "/y"] },
    "local-projects": { p: { rootPaths: ["/old"], createdAt: 1, updatedAt: 1 } },
    "thread-project-assignments": { [threadId(0)]: { projectId: "p", cwd: "/old" } },
  };
  const facts = home(["/old", "/old"], { files: filesWith({ [STATE]: JSON.stringify(state) }) });
  assertEquals(stateAfter(facts, ["/old=/new"]), {
    "electron-saved-workspace-roots": ["/new", "/other", "/old2"],
    "project-order": ["/new/sub", "an-id"],
    "electron-workspace-root-labels": { "/new": "label" },
    "thread-workspace-root-hints": { [threadId(0)]: "/new", [threadId(1)]: "/new", unknown: "/old" },
    "thread-writable-roots": { [threadId(0)]: ["/new/x", "/y"] },
    "local-projects": { p: { rootPaths: ["/new"], createdAt: 1, updatedAt: 1 } },
    "thread-project-assignments": { [threadId(0)]: { projectId: "p", cwd: "/new" } },
  });
  assertEquals(stateAfter(facts, ["/old=/new"], [0]), {
    ...state,
    "thread-workspace-root-hints": { [threadId(0)]: "/new", [threadId(1)]: "/old", unknown: "/old" },
    "thread-writable-roots": { [threadId(0)]: ["/new/x", "/y"] },
    "thread-project-assignments": { [threadId(0)]: { projectId: "p", cwd: "/new" } },
  });
});

Deno.test("repair cwd does not touch a state of the app that it cannot read", () => {
  const facts = home(["/old"], { files: filesWith({ [STATE]: "{" }) });
  const draft = plan(facts, ["/old=/new"]);
  assertEquals(draft.skipped.map(({ subject }) => subject), [STATE]);
  assertEquals(draft.changes.length, 2);
  assert(fromByteString((draft.changes[0] as EditChange).splices[0]?.before ?? fail()).length > 0);
});

function fail(): never {
  throw new Error("there is no edit");
}
