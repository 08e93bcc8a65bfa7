import { type MoveFolder, moveFolders } from "../../lib/codex/cwd.ts";
import { lastSettings } from "../../lib/codex/rollout.ts";
import type { HistoryMode } from "../../lib/core/snapshot.ts";
import { applySplices } from "../../lib/core/splice.ts";
import { memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals, assertMatch, fail } from "../assert.ts";
import { ID, linesOf, messageLine, metaLine, metaOf, OTHER_ID, rollout, settingsLine } from "./rollouts.ts";

/** `/work` and what is below it lies in `to` now. */
const mover = (to: string): MoveFolder => (folder) =>
  folder === "/work" || folder.startsWith("/work/") ? to + folder.slice(5) : undefined;
const LONGER = "/somewhere/else/altogether/w";
const MODES: readonly HistoryMode[] = ["paginated", "legacy"];

function moved(bytes: Uint8Array, to: string): Uint8Array {
  const splices = moveFolders(memorySource(bytes), mover(to));
  return "refused" in splices ? fail(splices.refused) : applySplices(bytes, splices);
}

function refusal(bytes: Uint8Array, to: string): string {
  const splices = moveFolders(memorySource(bytes), mover(to));
  return "refused" in splices ? splices.refused : fail("it was not refused");
}

/** Folder and roots in the first line and in the last settings. */
function folders(bytes: Uint8Array, mode: HistoryMode): unknown[] {
  const first = JSON.parse(linesOf(bytes)[0] ?? "").payload;
  const last = lastSettings(memorySource(bytes), mode);
  const settings = last && JSON.parse(new TextDecoder().decode(last.bytes)).payload.thread_settings;
  return [first.cwd, first.runtime_workspace_roots, settings?.cwd, settings?.runtime_workspace_roots];
}

const ROOTS = { runtime_workspace_roots: ["/work"] };

Deno.test("moveFolders() moves folder and roots in the first line and in the last settings", () => {
  for (const mode of MODES) {
    for (const to of ["/w", "/wxyz", LONGER]) {
      const bytes = rollout([
        metaLine({ mode }),
        settingsLine("old", 1, mode, ROOTS),
        messageLine("/work", 2, mode),
      ]);
      const after = moved(bytes, to);
      assertEquals(folders(after, mode), [to, [to], to, [to]], `${mode} ${to}`);
      assert(linesOf(after).includes(messageLine("/work", 2, mode)), "what was said stays");
      assertEquals(moveFolders(memorySource(after), mover(to)), []);
    }
  }
});

Deno.test("moveFolders() keeps the length of a paginated first line and appends one line", () => {
  const bytes = rollout([metaLine(), settingsLine("old", 1), messageLine("x", 7)]);
  for (const to of ["/w", LONGER]) {
    const after = moved(bytes, to);
    const [before, lines] = [linesOf(bytes), linesOf(after)];
    assertEquals(lines[0]?.length, before[0]?.length);
    assertEquals(lines.slice(1, -1), before.slice(1));
    const added = JSON.parse(lines.at(-1) ?? "");
    assertEquals([added.ordinal, added.payload.thread_settings.model_provider_id], [8, "old"]);
    assertEquals(metaOf(after).provider, "old");
  }
});

Deno.test("moveFolders() gives up roots that only repeat the folder when there is no other room", () => {
  const long = `/${"x".repeat(70)}`;
  const after = moved(rollout([metaLine({ payload: { session_id: OTHER_ID } })]), long.slice(0, 30));
  assertEquals(folders(after, "paginated").slice(0, 2), [long.slice(0, 30), undefined]);
  assertMatch(refusal(rollout([metaLine({ payload: { session_id: OTHER_ID } })]), long), /has no room/);
  const roots = { session_id: OTHER_ID, runtime_workspace_roots: ["/work", "/other"] };
  assertMatch(refusal(rollout([metaLine({ payload: roots })]), long.slice(0, 30)), /has no room/);
});

Deno.test("moveFolders() leaves other folders, other roots and absent ones alone", () => {
  const elsewhere = { cwd: "/workshop", runtime_workspace_roots: ["/workshop", "/"] };
  const bytes = rollout([metaLine({ payload: elsewhere }), settingsLine("old", 1, "paginated", elsewhere)]);
  assertEquals(moveFolders(memorySource(bytes), mover("/w")), []);
  const none = { cwd: undefined, runtime_workspace_roots: undefined };
  assertEquals(moveFolders(memorySource(rollout([metaLine({ payload: none })])), mover("/w")), []);
  const mixed = { runtime_workspace_roots: ["/other", "/work/sub", "/w/sub"] };
  const after = moved(rollout([metaLine({ payload: mixed })]), "/w");
  assertEquals(folders(after, "paginated").slice(0, 2), ["/w", ["/other", "/w/sub"]]);
});

Deno.test("moveFolders() changes every own line of a legacy file and no line of the parent's", () => {
  const mode = "legacy";
  const bytes = rollout([
    metaLine({ mode }),
    metaLine({ mode, payload: { id: OTHER_ID } }),
    settingsLine("old", 1, mode, ROOTS),
    settingsLine("old", 2, mode, { cwd: "/other" }),
    metaLine({ mode, payload: { id: ID, cwd: "/work/sub" } }),
  ], "\r\n");
  const lines = linesOf(moved(bytes, "/w")).map((line) => JSON.parse(line).payload);
  assertEquals(
    lines.map((payload) => payload.cwd ?? payload.thread_settings.cwd),
    ["/w", "/work", "/w", "/other", "/w/sub"],
  );
});

Deno.test("moveFolders() refuses a file without a readable first line", () => {
  assertMatch(refusal(new Uint8Array(), "/w"), /empty/);
  assertMatch(refusal(rollout(["{}"]), "/w"), /session_meta/);
});

Deno.test("moveFolders() over many places changes nothing but folders, and moves no later line", () => {
  const lines = [metaLine(), settingsLine("old", 1, "paginated", ROOTS), messageLine("x", 2)];
  let bytes = rollout(lines);
  const { length } = lines[0] ?? "";
  const original = JSON.parse(lines[0] ?? "").payload;
  let from = "/work";
  for (
    const to of ["/w", "/somewhere/else", "/é ✓", '/with "quotes"', LONGER, "/", "C:\\Users\\u", "/work"]
  ) {
    const splices = moveFolders(
      memorySource(bytes),
      (folder) => folder === from ? to : undefined,
    );
    bytes = "refused" in splices ? fail(`${to}: ${splices.refused}`) : applySplices(bytes, splices);
    const at = bytes.indexOf(0x0a);
    assertEquals(at, length, to);
    const first = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at)));
    const { session_id, runtime_workspace_roots, cwd, ...rest } = first.payload;
    const { session_id: _id, runtime_workspace_roots: _roots, cwd: _cwd, ...others } = original;
    assertEquals(cwd, to);
    assertEquals(rest, others, "the other members are as they were");
    assert(runtime_workspace_roots === undefined || runtime_workspace_roots[0] === to);
    assert(session_id === undefined || session_id === ID);
    assertEquals(folders(bytes, "paginated").slice(2), [to, [to]]);
    from = to;
  }
});
