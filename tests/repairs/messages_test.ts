import type { RowChange } from "../../lib/core/plan.ts";
import type { Thread } from "../../lib/core/snapshot.ts";
import { previewRepair } from "../../lib/repairs/preview.ts";
import type { Facts, Repair, RepairOptions } from "../../lib/repairs/repair.ts";
import { userEventsRepair } from "../../lib/repairs/user_events.ts";
import { assertEquals } from "../assert.ts";
import { messageLine, metaLine, rollout } from "../codex_model/rollouts.ts";
import { damagedOf, rolloutOf, rolloutPath, rowOf, threadId } from "../codex_model/snapshots.ts";
import { contentsOf, factsOf } from "./facts.ts";
import { type Row, tablesOf } from "./rows.ts";

const ENVIRONMENT = "<environment_context>\n<cwd>/x</cwd>\n</environment_context>";

/** A file in which these words were said. */
function said(...words: readonly string[]): Uint8Array {
  const events = words.map((message) =>
    JSON.stringify({ type: "event_msg", payload: { type: "user_message", message } })
  );
  return rollout([metaLine(), messageLine(ENVIRONMENT, 1), ...events]);
}

function threadOf(n: number, hasPreview: boolean): Thread {
  return { id: threadId(n), rollouts: [rolloutOf(n)], row: rowOf(n, { hasPreview }) };
}

function home(threads: readonly Thread[], rows: readonly Row[], files: readonly Uint8Array[]): Facts {
  const named = Object.fromEntries(files.map((file, n) => [rolloutPath(n), file]));
  return { ...factsOf(threads, named), tables: tablesOf(rows) };
}

/** The cells that change, by thread. */
function cells(
  { plan }: Repair,
  facts: Facts,
  more: Partial<RepairOptions> = {},
): Record<string, RowChange["cells"]> {
  const threads = [...facts.snapshot.threads.values()];
  const { changes = [] } = plan?.(facts, { threads, from: undefined, ...more }) ?? {};
  return Object.fromEntries(
    changes.flatMap((change) => change.kind === "row" ? [[change.thread, change.cells]] : []),
  );
}

const cell = (before: string | number | null, after: string | number) => ({ before, after });

Deno.test("repair preview fills what is empty and nothing else", () => {
  const rows = [
    { id: threadId(0) },
    { id: threadId(1), title: "a name", first_user_message: "kept" },
    { id: threadId(2), preview: "there" },
  ];
  const threads = [threadOf(0, false), threadOf(1, false), threadOf(2, true)];
  const facts = home(threads, rows, [said("hi"), said("ho"), said("hu")]);
  assertEquals(cells(previewRepair, facts), {
    [threadId(0)]: {
      preview: cell("", "hi"),
      first_user_message: cell("", "hi"),
      title: cell("", "hi"),
    },
    [threadId(1)]: { preview: cell("", "ho") },
  });
  const [finding] = previewRepair.find(facts);
  assertEquals([finding?.code, finding?.severity, finding?.count], ["preview-empty", "warning", 2]);
});

Deno.test("repair preview has nothing to say of threads in which nothing was said, or that it cannot read", () => {
  const damaged = { ...threadOf(1, false), rollouts: [damagedOf(1)] };
  const bare = { ...threadOf(2, false), rollouts: [rolloutOf(2, {}, { bare: true })] };
  const gone = { ...threadOf(3, false), rollouts: [] };
  const unreadable = threadOf(9, false);
  const threads = [threadOf(0, false), damaged, bare, gone, unreadable];
  const facts = home(threads, threads.map(({ id }) => ({ id })), [said()]);
  assertEquals([previewRepair.find(facts), cells(previewRepair, facts)], [[], {}]);
});

Deno.test("repair preview shows a fork in which nothing was said by what its parent began with", () => {
  const parent = said("hi");
  const fork = (base: number, end: number) =>
    rollout([metaLine({
      payload: {
        history_base: { thread_id: threadId(base), end_ordinal_exclusive: 9, end_byte_offset: end },
      },
    })]);
  const forked = (n: number, base: number): Thread => ({
    ...threadOf(n, false),
    rollouts: [rolloutOf(n, { base: threadId(base) }, { bare: true })],
  });
  const threads = [threadOf(0, true), forked(1, 0), forked(2, 1), forked(3, 0), forked(4, 4), forked(5, 9)];
  const files = [parent, fork(0, parent.length), fork(1, 999), fork(0, 400), fork(4, 9), fork(9, 9)];
  const facts = home(threads, threads.map(({ id }) => ({ id })), files);
  const preview = { preview: cell("", "hi") };
  assertEquals(cells(previewRepair, facts), { [threadId(1)]: preview, [threadId(2)]: preview });
  assertEquals(previewRepair.find(facts).map(({ severity, count }) => [severity, count]), [["info", 2]]);
});

Deno.test("repair preview reads no file of a thread that has a preview", () => {
  const contents = contentsOf({});
  const facts = { ...factsOf([threadOf(0, true), threadOf(1, true)]), contents };
  previewRepair.find(facts);
  assertEquals(contents.read, []);
});

Deno.test("repair preview takes cells that older databases have", () => {
  const facts = home([threadOf(0, false)], [], [said("hi")]);
  const tables = tablesOf([{ id: threadId(0), preview: null }], ["first_user_message"]);
  assertEquals(cells(previewRepair, { ...facts, tables }), {
    [threadId(0)]: { preview: cell(null, "hi"), title: cell("", "hi") },
  });
});

const marked = { has_user_event: cell(0, 1) };

Deno.test("repair user-events goes by the first message, and by the file where the database has none", () => {
  const rows: Row[] = [
    { first_user_message: "hi" },
    { first_user_message: ENVIRONMENT },
    {},
    {},
    { first_user_message: "hi", has_user_event: 1 },
  ].map((row, n) => ({ id: threadId(n), ...row }));
  const threads = rows.map((_, n) => threadOf(n, true));
  const facts = home(threads, rows, [said(), said("not looked at"), said("hi"), said(), said()]);
  assertEquals(cells(userEventsRepair, facts), { [threadId(0)]: marked, [threadId(2)]: marked });
  const [finding] = userEventsRepair.find(facts);
  assertEquals([finding?.code, finding?.severity, finding?.count], ["user-event-drift", "info", 2]);
});

Deno.test("repair user-events as part of all leaves a database alone that no older version uses", () => {
  const rows = [{ id: threadId(0), first_user_message: "hi" }];
  const facts = home([threadOf(0, true)], rows, [said()]);
  assertEquals(cells(userEventsRepair, facts, { all: true }), {});
  const used = tablesOf([...rows, { id: threadId(1), has_user_event: 1 }]);
  assertEquals(cells(userEventsRepair, { ...facts, tables: used }, { all: true }), { [threadId(0)]: marked });
});

Deno.test("repair preview and user-events leave threads alone that Codex has open", () => {
  const facts = home([threadOf(0, false)], [{ id: threadId(0) }], [said("hi")]);
  const snapshot = { ...facts.snapshot, codex: { processes: [], busyThreads: [threadId(0)] } };
  const threads = [...snapshot.threads.values()];
  for (const repair of [previewRepair, userEventsRepair]) {
    const draft = repair.plan?.({ ...facts, snapshot }, { threads, from: undefined });
    assertEquals(draft, {
      changes: [],
      skipped: [{ subject: threadId(0), reason: "Codex has it open" }],
    });
  }
});

Deno.test("repair user-events takes only the selected threads, and databases that have the cell", () => {
  const rows = [0, 1].map((n) => ({ id: threadId(n), first_user_message: "hi" }));
  const facts = home([threadOf(0, true), threadOf(1, true)], rows, []);
  assertEquals(cells(userEventsRepair, facts, { threads: [threadOf(1, true)] }), { [threadId(1)]: marked });
  const older = { ...facts, tables: tablesOf(rows, ["has_user_event"]) };
  assertEquals([userEventsRepair.find(older), cells(userEventsRepair, older)], [[], {}]);
});
