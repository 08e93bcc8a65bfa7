import type { RelPath } from "../../lib/core/path.ts";
import { appOf } from "../../lib/engine/app_state.ts";
import { auditOf } from "../../lib/engine/audit.ts";
import { AppError } from "../../lib/core/error.ts";
import { assertEquals } from "../assert.ts";
import {
  damagedOf,
  HOME,
  rolloutOf,
  rolloutPath,
  rowOf,
  snapshotOf,
  threadId,
  threadOf,
} from "../codex_model/snapshots.ts";
import { factsOf, NO_FILES } from "../repairs/facts.ts";

const SEGMENT = "0199f0a0-0000-7000-8000-00000000aaaa";
const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("auditOf() counts files by folder and rows by state, provider, folder and source", () => {
  const archived = rolloutPath(2, "archived_sessions");
  const threads = [
    threadOf(1),
    threadOf(2, {
      rollouts: [rolloutOf(2, {}, { path: archived, archived: true })],
      row: rowOf(2, {
        archived: true,
        rolloutPath: `${HOME}/${archived}`,
        cwd: "",
        provider: undefined,
        source: "cli",
      }),
    }),
    threadOf(3, { rollouts: [damagedOf(3)], row: rowOf(3, { cwd: "__proto__", provider: "constructor" }) }),
    threadOf(4),
  ];
  const audit = auditOf(snapshotOf(threads, undefined));
  const { integrity, groups, by_cwd, ...numbers } = audit;
  assertEquals(numbers, {
    sessions_rollouts: 3,
    archived_rollouts: 1,
    rollouts_total: 4,
    threads_total: 4,
    threads_active: 3,
    threads_archived: 1,
    by_provider: { old: 2, "<empty>": 1, constructor: 1 },
  });
  assertEquals(Object.entries(by_cwd), [["/work", 2], ["<empty>", 1], ["__proto__", 1]]);
  assertEquals(groups[0], { source: "vscode", provider: "old", archived: false, threads: 2 });
  assertEquals(groups.length, 3);
  assertEquals(Object.values(integrity).map(({ count }) => count), [0, 0, 0, 0]);
});

Deno.test("auditOf() counts damaged files, but no folder or link that stands in a rollout's place", () => {
  const folder = {
    ...damagedOf(1),
    path: "sessions" as RelPath,
    nameId: undefined,
  };
  const audit = auditOf(snapshotOf([], undefined, { damaged: [folder, damagedOf(2)] }));
  assertEquals([audit.sessions_rollouts, audit.rollouts_total, audit.threads_total], [1, 1, 0]);
});

Deno.test("auditOf() puts what does not fit together into four classes", () => {
  const copy = rolloutOf(4, {}, { path: rolloutPath(4, "sessions/2026/11/22") });
  const threads = [
    threadOf(1, { row: undefined }),
    threadOf(2, { rollouts: [] }),
    threadOf(3, { row: rowOf(3, { rolloutPath: "/elsewhere/x.jsonl" }) }),
    threadOf(4, { rollouts: [rolloutOf(4), copy] }),
  ];
  const { integrity } = auditOf(snapshotOf(threads, undefined));
  assertEquals(integrity, {
    disk_not_in_db: { count: 1, samples: [`${threadId(1)}: ${rolloutPath(1)}`] },
    db_not_on_disk: { count: 1, samples: [`${threadId(2)}: ${HOME}/${rolloutPath(2)}`] },
    missing_rollout_path: {
      count: 2,
      samples: [`${threadId(2)}: ${HOME}/${rolloutPath(2)}`, `${threadId(3)}: /elsewhere/x.jsonl`],
    },
    duplicate_rollout_ids: { count: 1, samples: [`${threadId(4)}: ${rolloutPath(4)}, ${copy.path}`] },
  });
});

Deno.test("auditOf() takes the segments of a thread for no duplicates, and either name of a file for the same", () => {
  const newest = rolloutOf(1, { base: threadId(1) }, {
    path: rolloutPath(1).replace(".jsonl", `_${SEGMENT}.jsonl.zst`) as RelPath,
    segment: SEGMENT,
    encoding: "zstd",
  });
  const row = rowOf(1, { rolloutPath: `${HOME}/${newest.path.replace(".zst", "")}` });
  const { integrity } = auditOf(
    snapshotOf([threadOf(1, { rollouts: [rolloutOf(1), newest], row })], undefined),
  );
  assertEquals(Object.values(integrity).map(({ count }) => count), [0, 0, 0, 0]);
});

Deno.test("appOf() tells the newest thread of the app, and what its files hold", () => {
  const threads = [
    threadOf(1),
    threadOf(2, { row: rowOf(2, { provider: "new", updatedAtMs: 5000 }) }),
    threadOf(3, { row: rowOf(3, { source: "cli", updatedAtMs: 9000 }) }),
    threadOf(4, { row: rowOf(4, { archived: true, updatedAtMs: 9000 }) }),
    threadOf(5, { row: rowOf(5, { hasPreview: false, updatedAtMs: 9000 }) }),
  ];
  const contents: Record<string, Uint8Array> = {
    "session_index.jsonl": encode(
      [1, 2, 1].map((n) => `{"id":"${threadId(n)}","thread_name":"n","updated_at":"2026-01-05T10:00:00Z"}\n`)
        .join("") + "no entry\n",
    ),
    ".codex-global-state.json": encode(
      '{"project-order":[],"other":1,"electron-persisted-atom-state":{"sidebar-view-v2":"x","theme":1}}',
    ),
  };
  const facts = { ...factsOf(threads), files: { ...NO_FILES, read: (path: string) => contents[path] } };
  const drift = {
    code: "user-event-drift",
    severity: "info",
    count: 7,
    repair: undefined,
    message: "",
    samples: [],
  } as const;
  assertEquals(appOf(facts, [drift]), {
    latest_thread: { id: threadId(2), provider: "new", updated_at: "1970-01-01T00:00:05.000Z" },
    user_event_drift: 7,
    session_index: { exists: true, entries: 3, threads: 2 },
    ui_state: { exists: true, readable: true, keys: ["project-order", "sidebar-view-v2"], keys_total: 3 },
  });
});

Deno.test("appOf() does not fail for what is missing, unreadable or no time", () => {
  const nothing = { exists: false, entries: 0, threads: 0 };
  const none = { exists: false, readable: false, keys: [], keys_total: 0 };
  assertEquals(appOf(factsOf([]), []), {
    latest_thread: null,
    user_event_drift: 0,
    session_index: nothing,
    ui_state: none,
  });
  const read = () => {
    throw new AppError("refused", "too large");
  };
  const late = threadOf(1, { row: rowOf(1, { updatedAtMs: 1e300, provider: "" }) });
  const app = appOf({ ...factsOf([late]), files: { ...NO_FILES, read } }, []);
  assertEquals(app.latest_thread, { id: threadId(1), provider: "<empty>", updated_at: "" });
  assertEquals([app.session_index, app.ui_state], [{ ...nothing, exists: true }, { ...none, exists: true }]);
  const broken = { ...factsOf([]), files: { ...NO_FILES, read: () => encode("{") } };
  assertEquals(appOf(broken, []).ui_state, { ...none, exists: true });
});
