import type { MakeChange } from "../../lib/core/plan.ts";
import type { EditChange } from "../../lib/core/plan.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { indexRepair } from "../../lib/repairs/index.ts";
import type { Facts } from "../../lib/repairs/repair.ts";
import { assert, assertEquals } from "../assert.ts";
import { threadId, threadOf } from "../codex_model/snapshots.ts";
import { factsOf } from "./facts.ts";
import { filesWith, type Row, tablesOf } from "./rows.ts";

const FILE = "session_index.jsonl";

const entry = (n: number, name: string) =>
  JSON.stringify({ id: threadId(n), thread_name: name, updated_at: "2026-01-01T00:00:00Z" }) + "\n";

/** The row of a legacy thread whose first message is "first". */
const legacy = (n: number, title: string): Row => ({
  id: threadId(n),
  title,
  first_user_message: "first",
  preview: "first",
  history_mode: "legacy",
  updated_at_ms: n * 1000,
});

function home(rows: readonly Row[], file?: string): Facts {
  const facts = factsOf(rows.map((_, n) => threadOf(n)));
  return { ...facts, tables: tablesOf(rows), files: filesWith(file === undefined ? {} : { [FILE]: file }) };
}

/** The file after the plan; undefined when nothing is to be done. */
function after(facts: Facts, file = "", threads = [...facts.snapshot.threads.values()]): string | undefined {
  const draft = indexRepair.plan?.(facts, { threads, from: undefined });
  const [change] = draft?.changes ?? [];
  if (change === undefined) return undefined;
  assert(draft?.changes.length === 1 && draft.skipped.length === 0);
  if (change.kind === "make") return (change as MakeChange).content;
  return new TextDecoder().decode(
    applySplices(new TextEncoder().encode(file), (change as EditChange).splices),
  );
}

const found = (facts: Facts) =>
  indexRepair.find(facts).map(({ severity, count, repair }) => `${severity} ${count} ${repair}`);

Deno.test("repair index has nothing to do when every name is there, or there are none", () => {
  const rows = [legacy(0, "name"), legacy(1, "first"), legacy(2, "")];
  const file = entry(0, "old") + entry(0, "name");
  assertEquals([found(home(rows, file)), after(home(rows, file))], [[], undefined]);
  const none = home(rows.slice(1));
  assertEquals([found(none), after(none)], [[], undefined]);
});

Deno.test("repair index appends names that are missing or that another one hides", () => {
  const rows = [legacy(0, "a"), legacy(1, "b"), legacy(2, "c")];
  const file = entry(1, "b") + entry(1, "not b") + entry(2, "c") + entry(7, "of another");
  const facts = home(rows, file);
  assertEquals(found(facts), ["warning 2 index", "info 1 undefined"]);
  const mended = after(facts, file) ?? "";
  assert(mended.startsWith(file), "every line stays");
  const added = mended.slice(file.length).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(added, [
    { id: threadId(0), thread_name: "a", updated_at: "1970-01-01T00:00:00.000Z" },
    { id: threadId(1), thread_name: "b", updated_at: "1970-01-01T00:00:01.000Z" },
  ]);
  assertEquals(after(home(rows, mended), mended), undefined);
});

Deno.test("repair index keeps a name that only the file knows", () => {
  const facts = home([legacy(0, "first")], entry(0, "only here"));
  assertEquals([found(facts), after(facts)], [[], undefined]);
});

Deno.test("repair index takes only the selected threads", () => {
  const facts = home([legacy(0, "a"), legacy(1, "b")], "");
  assertEquals(after(facts, "", [threadOf(1)])?.includes(threadId(0)), false);
});

Deno.test("repair index makes the file when there is none", () => {
  const made = after(home([legacy(0, "a")]));
  assertEquals(JSON.parse(made ?? "").thread_name, "a");
});

Deno.test("repair index knows names of paginated threads from their own cell", () => {
  const row = { ...legacy(0, "not a name"), history_mode: "paginated", name: "its name" };
  const facts = home([row], "");
  assertEquals(found(facts), ["info 1 index"]);
  assertEquals(JSON.parse(after(facts) ?? "").thread_name, "its name");
  assertEquals(found(home([{ ...row, name: null }], "")), []);
});

Deno.test("repair index mends the ends of the file and leaves strange lines", () => {
  const torn = entry(0, "a") + '{"id":"cut';
  const facts = home([legacy(0, "a")], torn);
  assertEquals(found(facts), ["warning 1 index", "info 1 undefined"]);
  assertEquals(after(facts, torn), torn + "\n");
  const marked = "\ufeff" + entry(0, "a") + entry(0, "b");
  assertEquals(after(home([legacy(0, "b")], marked), marked)?.startsWith("{"), true);
});

Deno.test("repair index reads older databases", () => {
  const facts = home([legacy(0, "a")], "");
  const without = (...columns: readonly string[]) =>
    found({ ...facts, tables: tablesOf([legacy(0, "a")], columns) });
  assertEquals(without("name", "history_mode", "updated_at_ms"), ["warning 1 index"]);
  assertEquals(without("preview", "name"), ["warning 1 index"]);
  assertEquals(without("first_user_message", "preview"), [], "no telling what is a name");
  assertEquals(found({ ...facts, tables: () => undefined }), []);
});
