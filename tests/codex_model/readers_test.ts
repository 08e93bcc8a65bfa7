import { type Reader, READERS, viewsOf } from "../../lib/codex/readers.ts";
import type { Snapshot, Thread } from "../../lib/core/snapshot.ts";
import type { RelPath } from "../../lib/core/path.ts";
import { assertEquals, assertMatch } from "../assert.ts";
import {
  damagedOf,
  databaseOf,
  HOME,
  rolloutOf,
  rolloutPath,
  rowOf,
  snapshotOf,
  threadOf,
} from "./snapshots.ts";

const CONFIG =
  'model_provider = "old"\n[model_providers.old]\nname = "O"\n[model_providers.new]\nname = "N"\n';

const FILES: readonly Reader[] = ["app list", "app list (all providers)"];
const CURRENT: readonly Reader[] = ["app list", "database list", "codex fork", "codex exec resume --last"];
const INDEX: readonly Reader[] = [
  "database list",
  "database list (all providers)",
  "codex resume",
  "codex resume --last",
  "codex fork",
  "codex exec resume --last",
];
const LISTS: readonly Reader[] = [...FILES, ...INDEX];

/** The readers that do not show a thread, and the reasons they give, each once. */
function hiding(thread: Thread, more: Partial<Snapshot> = {}, config = CONFIG) {
  const views = viewsOf(thread, snapshotOf([thread], config, more)).filter(({ visible }) => !visible);
  return {
    by: views.map(({ reader }) => reader),
    because: [...new Set(views.map(({ because }) => because))].join("; "),
  };
}

/** Requires that exactly these readers hide a thread, with that reason. */
function hides(thread: Thread, readers: readonly Reader[], reason: RegExp, more: Partial<Snapshot> = {}) {
  const { by, because } = hiding(thread, more);
  assertEquals(by, READERS.filter((reader) => readers.includes(reader)));
  assertMatch(because, reason);
}

Deno.test("viewsOf() shows an ordinary thread to every reader", () => {
  const views = viewsOf(threadOf(1), snapshotOf([], CONFIG));
  assertEquals(views, READERS.map((reader) => ({ reader, visible: true, because: "nothing hides it" })));
});

Deno.test("viewsOf() hides by the provider of the first line in lists made from files", () => {
  const foreign = rolloutOf(1, { provider: "new" }, { recorded: "old" });
  hides(threadOf(1, { rollouts: [foreign] }), ["app list"], /first line of its file says provider "new"/);
});

Deno.test("viewsOf() hides by the provider of the row in lists made from the database", () => {
  const thread = threadOf(1, { row: rowOf(1, { provider: "new" }) });
  hides(thread, CURRENT.filter((reader) => reader !== "app list"), /row says provider "new"/);
});

Deno.test("viewsOf() takes a first line without a provider for the current one, and a row without one for none", () => {
  const rollouts = [rolloutOf(1, { provider: undefined })];
  hides(
    threadOf(1, { rollouts, row: rowOf(1, { provider: undefined }) }),
    CURRENT.slice(1),
    /row says provider ""/,
  );
  assertEquals(hiding(threadOf(1, { rollouts })).by, []);
});

Deno.test("viewsOf() goes by the built-in provider when Codex ignores the configuration", () => {
  const { by } = hiding(threadOf(1), {}, `profile = "p"\n${CONFIG}`);
  assertEquals(by, READERS.filter((reader) => CURRENT.includes(reader)));
});

Deno.test("viewsOf() hides sessions that are not interactive, but for exec in exec's own list", () => {
  const made = (source: string) =>
    threadOf(1, { rollouts: [rolloutOf(1, { source })], row: rowOf(1, { source }) });
  assertEquals(hiding(made("cli")).by, []);
  hides(made("exec"), LISTS.filter((reader) => reader !== "codex exec resume --last"), /made by "exec"/);
  hides(made("subagent"), LISTS, /made by "subagent".*cli, vscode, exec/s);
});

Deno.test("viewsOf() shows a file that names no source", () => {
  assertEquals(hiding(threadOf(1, { rollouts: [rolloutOf(1, { source: undefined })] })).by, []);
});

Deno.test("viewsOf() hides archived threads, by the row and by the place of the file", () => {
  hides(threadOf(1, { row: rowOf(1, { archived: true }) }), INDEX, /row says archived/);
  const path = rolloutPath(1, "archived_sessions");
  const moved = threadOf(1, {
    rollouts: [rolloutOf(1, {}, { archived: true, path })],
    row: rowOf(1, { rolloutPath: `${HOME}/${path}` }),
  });
  hides(moved, FILES, /^it is archived$/);
});

Deno.test("viewsOf() hides a row without a preview from the database's lists", () => {
  hides(threadOf(1, { row: rowOf(1, { hasPreview: false }) }), INDEX, /no preview/);
});

Deno.test("viewsOf() hides a row whose file is elsewhere, but takes either name of a compressed one", () => {
  const stale = threadOf(1, { row: rowOf(1, { rolloutPath: `/old/home/${rolloutPath(1)}` }) });
  hides(stale, INDEX, /names a file that is not there/);
  const packed = rolloutOf(1, {}, { path: `${rolloutPath(1)}.zst` as RelPath, encoding: "zstd" });
  for (const end of ["", ".zst"]) {
    const row = rowOf(1, { rolloutPath: `${HOME}/${rolloutPath(1)}${end}` });
    assertEquals(hiding(threadOf(1, { rollouts: [packed], row })).by, []);
    assertEquals(hiding(threadOf(1, { row })).by, []);
  }
  const backslashes = rowOf(1, { rolloutPath: `${HOME}/${rolloutPath(1)}`.replaceAll("/", "\\") });
  assertEquals(hiding(threadOf(1, { row: backslashes })).by, []);
});

Deno.test("viewsOf() hides a thread without a row, or without a database, from the database's lists", () => {
  hides(threadOf(1, { row: undefined }), INDEX, /no row/);
  hides(threadOf(1), INDEX, /no usable database/, { live: undefined });
  const problem = { code: "database-malformed", message: "x" } as const;
  hides(threadOf(1), INDEX, /no usable database/, { live: databaseOf({ problem }) });
});

Deno.test("viewsOf() hides a thread whose file is gone or damaged", () => {
  const gone = hiding(threadOf(1, { rollouts: [] }));
  assertEquals(gone.by, [...READERS]);
  assertMatch(gone.because, /no rollout file/);
  const damaged = hiding(threadOf(1, { rollouts: [damagedOf(1)] }));
  assertMatch(damaged.because, /cannot be read/);
  assertEquals(damaged.by.includes("codex resume ID") && damaged.by.includes("app list"), true);
});

Deno.test("viewsOf() shows in files what any segment of a thread shows", () => {
  const rollouts = [rolloutOf(1, { provider: "new" }), rolloutOf(1)];
  assertEquals(hiding(threadOf(1, { rollouts })).by, []);
  hides(threadOf(1, { rollouts: [damagedOf(1), rolloutOf(1, { provider: "new" })] }), ["app list"], /"new"/);
});

Deno.test("viewsOf() says that a thread of an undeclared provider cannot be opened", () => {
  const thread = threadOf(1, { row: rowOf(1, { provider: "gone" }) });
  const { by, because } = hiding(thread);
  assertEquals(by.includes("codex resume ID"), true);
  assertMatch(because, /"gone" is not declared/);
  const recorded = threadOf(1, { rollouts: [rolloutOf(1, {}, { recorded: "gone" })], row: undefined });
  assertMatch(hiding(recorded).because, /"gone" is not declared/);
  const builtIn = threadOf(1, { row: rowOf(1, { provider: "ollama" }) });
  assertEquals(hiding(builtIn).by.includes("codex resume ID"), false);
});

Deno.test("viewsOf() says that a legacy thread whose copies differ cannot be opened, a paginated one can", () => {
  const differing = (mode: "legacy" | "paginated") =>
    hiding(threadOf(1, { rollouts: [rolloutOf(1, { mode, provider: "new" })] }));
  assertMatch(differing("legacy").because, /file says "new" and its row "old"/);
  assertEquals(differing("legacy").by.includes("codex resume ID"), true);
  assertEquals(differing("paginated").by, ["app list"]);
  const rowless = threadOf(1, {
    rollouts: [rolloutOf(1, { mode: "legacy", provider: "new" })],
    row: undefined,
  });
  assertEquals(hiding(rowless).by.includes("codex resume ID"), false);
});
