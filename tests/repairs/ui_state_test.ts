/** From the documented form of the file: no desktop app runs where these tests do. */
import type { EditChange } from "../../lib/core/plan.ts";
import { applySplices } from "../../lib/core/splice.ts";
import type { Thread } from "../../lib/core/snapshot.ts";
import type { Facts } from "../../lib/repairs/repair.ts";
import { uiStateRepair } from "../../lib/repairs/ui_state.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";
import { rowOf, threadId, threadOf } from "../codex_model/snapshots.ts";
import { factsOf, NOW_MS } from "./facts.ts";
import { filesWith } from "./rows.ts";

const FILE = ".codex-global-state.json";
const ATOMS = "electron-persisted-atom-state";

function home(state: unknown, folders: readonly string[] = [], threads: readonly Thread[] = []): Facts {
  const text = typeof state === "string" ? state : JSON.stringify(state);
  return { ...factsOf(threads), files: filesWith({ [FILE]: text }, folders) };
}

function found(facts: Facts): string[] {
  return uiStateRepair.find(facts).map(({ severity, code, count, repair }) =>
    `${severity} ${code} ${count}${repair === undefined ? "" : ` ${repair}`}`
  );
}

/** The text of the file after the plan; undefined when there is nothing to do. */
function after(facts: Facts): string | undefined {
  const threads = [...facts.snapshot.threads.values()];
  const draft = uiStateRepair.plan?.(facts, { threads, from: undefined });
  const [change] = draft?.changes ?? [];
  if (change === undefined) return undefined;
  assert(change.kind === "edit" && draft?.changes.length === 1);
  const { splices, mtimeMs } = change as EditChange;
  assertEquals(mtimeMs, 7000);
  const bytes = facts.files.read(change.path, 1e6) ?? new Uint8Array();
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(applySplices(bytes, splices));
}

Deno.test("repair ui-state has nothing to do without a file, and with one that hides nothing", () => {
  const none = factsOf([threadOf(1)]);
  assertEquals([found(none), after(none)], [[], undefined]);
  const state = {
    "electron-saved-workspace-roots": ["/there", "C:\\other system"],
    "project-order": ["/there", "an-id"],
    "local-projects": { p: { id: "p", rootPaths: ["/there"], createdAt: 1, updatedAt: 2.5 } },
    "thread-workspace-root-hints": { [threadId(1)]: "/there" },
    [ATOMS]: {
      "sidebar-workspace-filter-v2": "all",
      "recent-tasks-filter": "recent",
      "sidebar-collapsed-groups": { "/there": false },
      "sidebar-organize-mode-v1": "chronological",
    },
  };
  const facts = home(state, ["/there"], [threadOf(1, { row: rowOf(1, { cwd: "/there" }) })]);
  assertEquals([found(facts), after(facts)], [[], undefined]);
});

Deno.test("repair ui-state opens a narrowed sidebar, in the file itself and in its settings", () => {
  const facts = home({
    "stage-filter": "review",
    [ATOMS]: {
      "sidebar-workspace-filter-v2": "relevant",
      "sidebar-view-v2": "inbox",
      "recent-tasks-filter": "cloud",
      "sidebar-collapsed-groups": { "/a": true, "/b": false },
      "sidebar-collapsed-sections-v1": { chats: true, threads: true, pinned: false },
      "thread-sort-key": "created_at",
    },
    "persisted-atom-state": { "sidebar-workspace-filter-v2": 7 },
  });
  assertEquals(found(facts), ["warning ui-state-filter 6 ui-state"]);
  assertEquals(JSON.parse(after(facts) ?? ""), {
    "stage-filter": "all",
    [ATOMS]: {
      "sidebar-workspace-filter-v2": "all",
      "sidebar-view-v2": "threads",
      "recent-tasks-filter": "recent",
      "sidebar-collapsed-groups": { "/a": false, "/b": false },
      "sidebar-collapsed-sections-v1": { chats: false, threads: false, pinned: false },
      "thread-sort-key": "created_at",
    },
    "persisted-atom-state": { "sidebar-workspace-filter-v2": 7 },
  });
  const collapsed = home({ [ATOMS]: { "sidebar-collapsed-groups": { "/a": true } } });
  assertEquals(found(collapsed), ["info ui-state-filter 1 ui-state"]);
});

Deno.test("repair ui-state keeps every byte it has no business with", () => {
  const state = '\ufeff{\r\n\t"big": 12345678901234567890,\r\n\t"electron-persisted-atom-state" : {\r\n' +
    '\t\t"sidebar-workspace-filter-v2":   "relevant" ,\r\n\t\t"é":1.0e2},\r\n\t"a": 1, "a": 2\r\n}\r\n';
  const facts = home(state);
  assertEquals(after(facts), state.replace('"relevant"', '"all"'));
});

Deno.test("repair ui-state gives projects the times without which the app drops them", () => {
  const threads = [1, 2].map((n) =>
    threadOf(n, { row: rowOf(n, { cwd: "/p", createdAtMs: n * 10, updatedAtMs: n * 100 }) })
  );
  const facts = home(
    {
      "local-projects": {
        none: { id: "none", rootPaths: ["/p"] },
        text: { id: "text", createdAt: "2026", updatedAt: 5 },
        empty: { rootPaths: ["/unknown"], name: "an empty one" },
        sound: { createdAt: 1, updatedAt: 2 },
        strange: 5,
      },
    },
    ["/p", "/unknown"],
    threads,
  );
  assertEquals(found(facts), ["warning ui-state-invalid 3 ui-state"]);
  const projects = JSON.parse(after(facts) ?? "")["local-projects"];
  assertEquals(projects, {
    none: { id: "none", rootPaths: ["/p"], createdAt: 10, updatedAt: 200 },
    text: { id: "text", createdAt: 5, updatedAt: 5 },
    empty: { rootPaths: ["/unknown"], name: "an empty one", createdAt: NOW_MS, updatedAt: NOW_MS },
    sound: { createdAt: 1, updatedAt: 2 },
    strange: 5,
  });
  assertEquals(found(home({ "local-projects": projects }, ["/p", "/unknown"], threads)), []);
});

Deno.test("repair ui-state writes folders as threads have them", () => {
  const facts = home({
    "electron-saved-workspace-roots": ["\\\\?\\C:\\a", "C:\\b", "\\\\?\\C:\\b"],
    "active-workspace-roots": ["\\\\?\\UNC\\srv\\share\\x"],
    "electron-workspace-root-labels": { "\\\\?\\C:\\a": "A", "\\\\?\\C:\\b": "old", "C:\\b": "new" },
    "thread-workspace-root-hints": { t: "\\\\?\\C:\\a" },
  });
  assertEquals(found(facts), ["warning ui-state-stale 3 ui-state", "info ui-state-stale 1"]);
  assertEquals(JSON.parse(after(facts) ?? ""), {
    "electron-saved-workspace-roots": ["C:\\a", "C:\\b"],
    "active-workspace-roots": ["\\\\srv\\share\\x"],
    "electron-workspace-root-labels": { "C:\\a": "A", "\\\\?\\C:\\b": "old", "C:\\b": "new" },
    "thread-workspace-root-hints": { t: "C:\\a" },
  });
});

Deno.test("repair ui-state shows a thread under its own folder when the one it was shown under is gone", () => {
  const threads = [1, 2, 3].map((n) =>
    threadOf(n, { row: rowOf(n, { cwd: ["", "/new", "/gone", "/x"][n] ?? "" }) })
  );
  const hints = { [threadId(1)]: "/old", [threadId(2)]: "/old", [threadId(3)]: "/new" };
  const facts = home({ "thread-workspace-root-hints": hints }, ["/new", "/x"], threads);
  assertEquals(found(facts), ["warning ui-state-stale 1 ui-state"]);
  const mended = JSON.parse(after(facts) ?? "")["thread-workspace-root-hints"];
  assertEquals(mended, { ...hints, [threadId(1)]: "/new" });
});

Deno.test("repair ui-state tells of folders and threads that are gone and keeps them", () => {
  const state = {
    "electron-saved-workspace-roots": ["/gone", "/App"],
    "project-order": ["/gone"],
    "thread-workspace-root-hints": { [threadId(1)]: "/app" },
  };
  const facts = home(state, ["/app"]);
  assertEquals([found(facts), after(facts)], [["info ui-state-stale 2", "info ui-state-stale 1"], undefined]);
});

Deno.test("repair ui-state leaves a file alone that it cannot read", () => {
  const cases = ["", "{", "[]", "null", '{"a":}', `{"${ATOMS}":{},"${ATOMS}":{}}`];
  for (const state of cases) {
    const facts = home(state);
    assertEquals([found(facts), after(facts)], [["warning ui-state-invalid 1"], undefined], state);
    const draft = uiStateRepair.plan?.(facts, { threads: [], from: undefined });
    assertEquals(draft?.skipped.map(({ subject }) => subject), [FILE], state);
  }
  assertMatch(uiStateRepair.find(home("{"))[0]?.hint ?? "", /\.bak/);
});
