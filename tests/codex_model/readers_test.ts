import { type Reader, READERS, viewsOf } from "../../lib/codex/readers.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { assertEquals, assertMatch } from "../assert.ts";
import {
  damagedOf,
  databaseOf,
  HOME,
  rolloutOf,
  rolloutPath,
  rowOf,
  snapshotOf,
  threadId,
  threadOf,
} from "./snapshots.ts";

const CONFIG =
  'model_provider = "old"\n[model_providers.old]\nname = "O"\n[model_providers.new]\nname = "N"\n';

const FILES: readonly Reader[] = ["app list", "app list (all providers)"];
const DATABASE: readonly Reader[] = ["database list", "database list (all providers)"];
const TERMINAL: readonly Reader[] = [
  "codex resume",
  "codex resume --last",
  "codex fork",
  "codex exec resume --last",
];
const BY_ID: readonly Reader[] = ["codex resume ID", "codex exec resume ID"];
const INDEX = [...DATABASE, ...TERMINAL];
const LISTS = [...FILES, ...INDEX];
/** Lists that show the provider in use only, from the database. */
const CURRENT: readonly Reader[] = ["database list", "codex fork", "codex exec resume --last"];

/** Another thread of the same folder, so that the command line need not look at files. */
const NEIGHBOUR = threadOf(99);

/** The readers that do not show a thread, and the reasons they give, each once. */
function hiding(thread: Thread, more: Partial<Snapshot> = {}, config = CONFIG, others = [NEIGHBOUR]) {
  const snapshot = snapshotOf([thread, ...others], config, more);
  const views = viewsOf(thread, snapshot).filter(({ visible }) => !visible);
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

Deno.test("viewsOf() shows an ordinary thread to every reader, and says when a terminal shows it", () => {
  const views = viewsOf(threadOf(1), snapshotOf([threadOf(1)], CONFIG));
  assertEquals(views.map(({ reader }) => reader), [...READERS]);
  assertEquals(views.filter(({ visible }) => !visible), []);
  for (const { reader, because } of views) {
    assertMatch(because, /^nothing hides it/);
    assertEquals(/folder/.test(because), TERMINAL.includes(reader));
  }
});

Deno.test("viewsOf() says that a terminal shows a thread of an account to that account", () => {
  const owned = threadOf(1, { rollouts: [rolloutOf(1, { owned: true })] });
  const views = viewsOf(owned, snapshotOf([owned], CONFIG));
  const told = views.filter(({ because }) => /account/.test(because)).map(({ reader }) => reader);
  assertEquals(told, [...TERMINAL]);
});

Deno.test("viewsOf() hides by the provider of the first line in lists made from files", () => {
  const foreign = rolloutOf(1, { provider: "new" }, { recorded: "old" });
  hides(threadOf(1, { rollouts: [foreign] }), ["app list"], /first line of its file says provider "new"/);
});

Deno.test("viewsOf() hides by the provider of the row in lists made from the database, and from codex exec", () => {
  const thread = threadOf(1, { row: rowOf(1, { provider: "new" }) });
  hides(thread, [...CURRENT, "codex exec resume ID"], /row says provider "new"/);
});

Deno.test("viewsOf() takes a first line without a provider for the current one", () => {
  const rollouts = [rolloutOf(1, { provider: undefined })];
  assertEquals(hiding(threadOf(1, { rollouts })).by, []);
});

Deno.test("viewsOf() goes by the built-in provider when Codex ignores the configuration", () => {
  const { by } = hiding(threadOf(1), {}, `profile = "p"\n${CONFIG}`);
  assertEquals(by, READERS.filter((one) => ["app list", ...CURRENT, "codex exec resume ID"].includes(one)));
});

Deno.test("viewsOf() hides sessions that are not interactive, but for exec in exec's own list", () => {
  const made = (source: string) =>
    threadOf(1, { rollouts: [rolloutOf(1, { source })], row: rowOf(1, { source }) });
  assertEquals(hiding(made("cli")).by, []);
  hides(made("exec"), LISTS.filter((reader) => reader !== "codex exec resume --last"), /made by "exec"/);
  hides(made("subagent"), LISTS, /made by "subagent".*cli, vscode, exec/s);
  assertEquals(hiding(threadOf(1, { rollouts: [rolloutOf(1, { source: undefined })] })).by, []);
});

Deno.test("viewsOf() hides archived threads, by the row and by the place of the file", () => {
  hides(
    threadOf(1, { row: rowOf(1, { archived: true }) }),
    [...INDEX, ...BY_ID],
    /row says archived.*unarchive/,
  );
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

Deno.test("viewsOf() hides a thread in which nothing was said from lists made from files, but not a fork", () => {
  hides(threadOf(1, { rollouts: [rolloutOf(1, {}, { bare: true })] }), FILES, /nothing has been said/);
  const fork = rolloutOf(1, { base: threadId(99) }, { bare: true });
  assertEquals(hiding(threadOf(1, { rollouts: [fork] })).by, []);
});

Deno.test("viewsOf() hides a file outside the dated folders from lists made from files", () => {
  for (const folder of ["sessions", "sessions/2026/11", "sessions/a/b/c", "sessions/1/2/3/4"]) {
    const path = rolloutPath(1, folder);
    const row = rowOf(1, { rolloutPath: `${HOME}/${path}` });
    hides(threadOf(1, { rollouts: [rolloutOf(1, {}, { path })], row }), FILES, /YEAR\/MONTH\/DAY/);
  }
});

Deno.test("viewsOf() hides a row whose file is elsewhere, but takes either name of a compressed one", () => {
  const stale = threadOf(1, { row: rowOf(1, { rolloutPath: `/old/home/${rolloutPath(1)}` }) });
  hides(stale, [...INDEX, ...BY_ID], /names a file that is not there/);
  const packed = rolloutOf(1, {}, { path: `${rolloutPath(1)}.zst` as RelPath, encoding: "zstd" });
  for (const end of ["", ".zst"]) {
    const row = rowOf(1, { rolloutPath: `${HOME}/${rolloutPath(1)}${end}` });
    assertEquals(hiding(threadOf(1, { rollouts: [packed], row })).by, []);
    assertEquals(hiding(threadOf(1, { row })).by, []);
  }
  const backslashes = rowOf(1, { rolloutPath: `${HOME}/${rolloutPath(1)}`.replaceAll("/", "\\") });
  assertEquals(hiding(threadOf(1, { row: backslashes })).by, []);
  const real = threadOf(1, { row: rowOf(1, { rolloutPath: `/real/${rolloutPath(1)}` }) });
  hides(real, [...INDEX, ...BY_ID], /names a file that is not there/);
  assertEquals(hiding(real, { realHome: "/real" as AbsPath }).by, []);
});

Deno.test("viewsOf() hides a thread without a row from the database's lists; Codex opens it by its file", () => {
  hides(threadOf(1, { row: undefined }), INDEX, /no row/);
});

Deno.test("viewsOf() lets the command line look at files when the database shows none of the folder", () => {
  const rowless = threadOf(1, { row: undefined });
  assertEquals(hiding(rowless, {}, CONFIG, []).by, [...DATABASE]);
  const elsewhere = threadOf(99, { row: rowOf(99, { cwd: "/elsewhere" }) });
  assertEquals(hiding(rowless, {}, CONFIG, [elsewhere]).by, [...DATABASE]);
  const archived = threadOf(99, { row: rowOf(99, { archived: true }) });
  assertEquals(hiding(rowless, {}, CONFIG, [archived]).by, [...DATABASE]);
  const foreign = threadOf(99, { row: rowOf(99, { provider: "new" }) });
  const { by } = hiding(rowless, {}, CONFIG, [foreign]);
  assertEquals(by, [...DATABASE, "codex resume", "codex resume --last"]);
});

Deno.test("viewsOf() knows that Codex rebuilds a missing or damaged database from the files", () => {
  const foreign = rolloutOf(1, { provider: "old" }, { recorded: "new" });
  const thread = threadOf(1, { rollouts: [foreign], row: undefined });
  for (const live of [undefined, brokenBy("database-missing"), brokenBy("database-malformed")]) {
    assertEquals(hiding(threadOf(1), { live }).by, []);
    assertEquals(hiding(thread, { live }).by.filter((reader) => INDEX.includes(reader)), [...CURRENT]);
    const silent = threadOf(1, { rollouts: [rolloutOf(1, { provider: undefined })], row: undefined });
    assertEquals(hiding(silent, { live }).by, []);
  }
  const { by, because } = hiding(threadOf(1), { live: brokenBy("database-schema") });
  assertEquals(by.filter((reader) => DATABASE.includes(reader)), [...DATABASE]);
  assertMatch(because, /no usable database/);
});

function brokenBy(code: "database-missing" | "database-malformed" | "database-schema") {
  return databaseOf({ problem: { code, message: "x" } });
}

Deno.test("viewsOf() hides a thread whose file is gone or damaged", () => {
  const gone = hiding(threadOf(1, { rollouts: [] }));
  assertEquals(gone.by, [...READERS]);
  assertMatch(gone.because, /no rollout file/);
  hides(threadOf(1, { rollouts: [damagedOf(1)] }), [...FILES, ...TERMINAL, ...BY_ID], /cannot be read/);
});

Deno.test("viewsOf() knows that Codex follows a link that a row names, and lists none", () => {
  const damage = { reason: "outside-home", detail: "it is a symbolic link" } as const;
  const link = rolloutOf(1, {}, { meta: undefined, recorded: undefined, damage });
  hides(threadOf(1, { rollouts: [link] }), FILES, /file is a link/);
});

Deno.test("viewsOf() shows in files what any segment of a thread shows", () => {
  const rollouts = [rolloutOf(1, { provider: "new" }), rolloutOf(1)];
  assertEquals(hiding(threadOf(1, { rollouts })).by, []);
});

Deno.test("viewsOf() says that a thread of an undeclared provider cannot be opened", () => {
  const thread = threadOf(1, { row: rowOf(1, { provider: "gone" }) });
  const { by, because } = hiding(thread);
  assertEquals(by.filter((reader) => BY_ID.includes(reader)), [...BY_ID]);
  assertMatch(because, /"gone" is not declared/);
  const recorded = threadOf(1, { rollouts: [rolloutOf(1, {}, { recorded: "gone" })], row: undefined });
  assertMatch(hiding(recorded).because, /"gone" is not declared/);
  const builtIn = threadOf(1, { row: rowOf(1, { provider: "ollama" }) });
  assertEquals(hiding(builtIn).by.includes("codex resume ID"), false);
});

Deno.test("viewsOf() says that a legacy thread whose copies differ cannot be opened, a paginated one can", () => {
  const differing = (mode: "legacy" | "paginated") =>
    hiding(threadOf(1, { rollouts: [rolloutOf(1, { mode, provider: "new" }, { recorded: "old" })] }));
  assertMatch(differing("legacy").because, /file says provider "new" and its row "old"/);
  assertEquals(differing("legacy").by, ["app list", ...BY_ID]);
  assertEquals(differing("paginated").by, ["app list"]);
});

Deno.test("viewsOf() says that a thread cannot be opened whose lineage is broken", () => {
  const child = threadOf(1, { rollouts: [rolloutOf(1, { base: threadId(2) })] });
  hides(child, BY_ID, /continues a file that is not there/);
  const of = (...others: Thread[]) => hiding(child, {}, CONFIG, [NEIGHBOUR, ...others]);
  assertEquals(of(threadOf(2)).by, []);
  assertMatch(of(threadOf(2, { rollouts: [damagedOf(2)] })).because, /cannot be read/);
  const grandchild = threadOf(2, { rollouts: [rolloutOf(2, { base: threadId(3) })] });
  assertMatch(of(grandchild).because, /not there/);
  const circle = threadOf(2, { rollouts: [rolloutOf(2, { base: threadId(1) })] });
  assertEquals(of(circle).by, []);
});
