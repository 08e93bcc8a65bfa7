/** Stored places in rollouts: which are wrong, where they belong, which turns begin between them. */
import {
  historyBase,
  isRight,
  itemsBetween,
  locate,
  type Mark,
  ordinalsGrow,
  turnAt,
  turnStarts,
  wrongMarks,
} from "../../lib/codex/history.ts";
import { readFirstLine } from "../../lib/codex/rollout.ts";
import { type ByteSource, memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals, fail } from "../assert.ts";
import { ID, messageLine, metaLine, OTHER_ID, rollout, settingsLine } from "./rollouts.ts";

/** A turn of five lines from an ordinal on. */
function turnLines(turn: string, ordinal: number): string[] {
  const event = (offset: number, payload: object) =>
    JSON.stringify({
      timestamp: "2026-11-21T10:00:00.000Z",
      ordinal: ordinal + offset,
      type: "event_msg",
      payload,
    });
  return [
    event(0, { type: "task_started", turn_id: turn, started_at: 1 }),
    messageLine(`said in ${turn}`, ordinal + 1),
    event(2, { type: "item_completed", turn_id: turn, item: { id: `${turn}-user` } }),
    event(3, { type: "item_completed", turn_id: turn, item: { id: `${turn}-agent` } }),
    event(4, { type: "task_complete", turn_id: turn }),
  ];
}

const LINES = [metaLine(), ...turnLines("a", 1), settingsLine("old", 6), ...turnLines("b", 7)];

/** The byte offset at which each line begins, and the end of the last one. */
function offsetsOf(lines: readonly string[], end = "\n"): number[] {
  const offsets = [0];
  for (const line of lines) offsets.push((offsets.at(-1) ?? 0) + new TextEncoder().encode(line + end).length);
  return offsets;
}

const at = (offsets: readonly number[], line: number) => offsets[line] ?? fail(`no line ${line}`);

/** The places that Codex stores about {@link LINES}. */
function marksOf(offsets: readonly number[]): Mark[] {
  return [
    { at: at(offsets, 1), ordinal: 1, kind: "start" },
    { at: at(offsets, 6), ordinal: 6, kind: "end" },
    { at: at(offsets, 7), ordinal: 7, kind: "start" },
    { at: at(offsets, 12), ordinal: 12, kind: "end" },
    { at: at(offsets, 12), ordinal: 12, kind: "cursor" },
  ];
}

const MARKS = marksOf(offsetsOf(LINES));

/** A source that counts the bytes it was asked for. */
function counting(bytes: Uint8Array): ByteSource & { readonly asked: () => number } {
  const source = memorySource(bytes);
  let asked = 0;
  return {
    size: source.size,
    asked: () => asked,
    read: (at, length) => {
      asked += Math.max(0, Math.min(length, source.size - at));
      return source.read(at, length);
    },
  };
}

Deno.test("wrongMarks() finds nothing in a file as Codex left it, or with lines appended", () => {
  assertEquals(wrongMarks(memorySource(rollout(LINES)), MARKS), []);
  const appended = [...LINES, settingsLine("new", 12)];
  assertEquals(wrongMarks(memorySource(rollout(appended)), MARKS), []);
});

Deno.test("wrongMarks() takes a cursor at the end of the file for right, whatever the last lines are", () => {
  const torn = [...LINES, '{"timestamp":"x","ordinal":12,"ty', ...turnLines("b", 7)];
  const end = offsetsOf(torn);
  const cursor: Mark = { at: at(end, torn.length), ordinal: 12, kind: "cursor" };
  assertEquals(wrongMarks(memorySource(rollout(torn)), [cursor]), []);
  assertEquals(wrongMarks(memorySource(rollout(torn)), [{ ...cursor, kind: "end", ordinal: 20 }]).length, 1);
});

Deno.test("wrongMarks() finds every mark of a file whose first line has another length", () => {
  for (const provider of ["o", "longer than before"]) {
    const moved = rollout([metaLine({ provider }), ...LINES.slice(1)]);
    assertEquals(wrongMarks(memorySource(moved), MARKS), MARKS);
  }
});

Deno.test("wrongMarks() reads no more than heads of lines of a large file", () => {
  const lines = [...LINES];
  const starts: number[] = [];
  for (let n = 0; n < 50; n++) {
    starts.push(lines.length);
    lines.push(...turnLines(`t${n}`, 12 + 6 * n), messageLine("x".repeat(20_000), 17 + 6 * n));
  }
  const offsets = offsetsOf(lines);
  const marks = starts.map((line, n): Mark => ({
    at: at(offsets, line),
    ordinal: 12 + 6 * n,
    kind: "start",
  }));
  const source = counting(rollout(lines));
  assertEquals(wrongMarks(source, marks), []);
  assert(source.asked() < 64 * 1024, String(source.asked()));
});

Deno.test("wrongMarks() looks at all marks of a file with many, once one is wrong", () => {
  const lines = [metaLine()];
  for (let n = 1; n <= 500; n++) lines.push(messageLine("x", n));
  const offsets = offsetsOf(lines);
  const marks = lines.slice(1).map((_, n): Mark => ({
    at: at(offsets, n + 1),
    ordinal: n + 1,
    kind: "start",
  }));
  assertEquals(wrongMarks(memorySource(rollout(lines)), marks), []);
  const moved = rollout([metaLine({ provider: "o" }), ...lines.slice(1)]);
  assertEquals(wrongMarks(memorySource(moved), marks).length, 500);
});

Deno.test("locate() finds all places again when the first line was shortened or lengthened", () => {
  for (const provider of ["o", "longer than before"]) {
    const lines = [metaLine({ provider }), ...LINES.slice(1)];
    const right = marksOf(offsetsOf(lines));
    const places = locate(memorySource(rollout(lines)), MARKS);
    assertEquals(MARKS.map((mark) => places.get(mark)), right.map((mark) => mark.at));
  }
});

Deno.test("locate() finds all places again when several lines changed, in other spellings of JSON too", () => {
  const spelled = LINES.map((line, n) => n % 3 === 0 ? JSON.stringify(JSON.parse(line), null, 1) : line)
    .map((line) => line.replaceAll("\n", ""));
  for (const end of ["\n", "\r\n"]) {
    const right = marksOf(offsetsOf(spelled, end));
    const places = locate(memorySource(rollout(spelled, end)), MARKS);
    assertEquals(MARKS.map((mark) => places.get(mark)), right.map((mark) => mark.at));
  }
});

Deno.test("locate() keeps what is right and moves what is not", () => {
  const lines = [metaLine({ provider: "o" }), ...LINES.slice(1)];
  const right = marksOf(offsetsOf(lines));
  const mixed = MARKS.map((mark, n) => n < 2 ? mark : right[n] ?? mark);
  const places = locate(memorySource(rollout(lines)), mixed);
  assertEquals(mixed.map((mark) => places.get(mark)), right.map((mark) => mark.at));
});

Deno.test("locate() leaves out places whose lines are gone", () => {
  const places = locate(memorySource(rollout(LINES.slice(0, 9))), MARKS);
  assertEquals(MARKS.map((mark) => places.has(mark)), [true, true, true, false, false]);
});

Deno.test("isRight() wants a line to begin there, with the ordinal that is said", () => {
  const source = memorySource(rollout(LINES));
  const offsets = offsetsOf(LINES);
  const mark: Mark = { at: 0, ordinal: 6, kind: "start" };
  assert(isRight(source, mark, at(offsets, 6)));
  assert(!isRight(source, mark, at(offsets, 6) + 1));
  assert(!isRight(source, mark, at(offsets, 7)));
  assert(!isRight(source, mark, -1));
  assert(!isRight(source, mark, source.size + 1));
});

Deno.test("isRight() takes the end of the line before for an end, though a line repeats an ordinal there", () => {
  const lines = [...LINES.slice(0, 6), ...turnLines("a", 1), ...LINES.slice(6)];
  const source = memorySource(rollout(lines));
  const end = at(offsetsOf(lines), 6);
  assert(isRight(source, { at: end, ordinal: 6, kind: "end" }, end));
  assert(!isRight(source, { at: end, ordinal: 6, kind: "start" }, end));
});

Deno.test("turnStarts() gives the lines between two places that begin a turn", () => {
  const source = memorySource(rollout([...LINES, messageLine('"task_started"', 12)]));
  const offsets = offsetsOf(LINES);
  const all = [{ at: at(offsets, 1), ordinal: 1, turn: "a" }, { at: at(offsets, 7), ordinal: 7, turn: "b" }];
  assertEquals([...turnStarts(source, 0, source.size)], all);
  assertEquals([...turnStarts(source, at(offsets, 2), source.size)], all.slice(1));
  assertEquals([...turnStarts(source, at(offsets, 2), at(offsets, 7))], []);
});

Deno.test("turnAt() names the turn that a line begins", () => {
  const source = memorySource(rollout(LINES));
  const offsets = offsetsOf(LINES);
  assertEquals([1, 2, 7].map((line) => turnAt(source, at(offsets, line))), ["a", undefined, "b"]);
  assertEquals(turnAt(source, at(offsets, 1) + 3), undefined);
});

Deno.test("itemsBetween() gives the ids of completed items between two places", () => {
  const source = memorySource(rollout(LINES));
  const offsets = offsetsOf(LINES);
  assertEquals(itemsBetween(source, 0, at(offsets, 6)), ["a-user", "a-agent"]);
  assertEquals(itemsBetween(source, at(offsets, 10), source.size), ["b-agent"]);
});

Deno.test("ordinalsGrow() tells a file that goes on from one that repeats itself", () => {
  const from = at(offsetsOf(LINES), 7);
  assert(ordinalsGrow(memorySource(rollout(LINES)), from, 7));
  assert(!ordinalsGrow(memorySource(rollout(LINES)), from, 8));
  assert(!ordinalsGrow(memorySource(rollout([...LINES, messageLine("again", 11)])), from, 7));
  // A torn line is none for Codex.
  const torn = [...LINES, '{"timestamp":"x","ordinal":1,"ty', messageLine("on", 12)];
  assert(ordinalsGrow(memorySource(rollout(torn)), from, 7));
});

Deno.test("historyBase() reads where a fork goes on from", () => {
  const base = { thread_id: OTHER_ID, end_ordinal_exclusive: 12, end_byte_offset: 4711 };
  const read = (payload: Record<string, unknown>) => {
    const bytes = new TextEncoder().encode(metaLine({ payload }));
    const first = readFirstLine(memorySource(bytes));
    if ("reason" in first) return fail(first.detail);
    const found = historyBase(bytes, first.parsed);
    return found &&
      { ...found, span: new TextDecoder().decode(bytes.subarray(found.span.start, found.span.end)) };
  };
  assertEquals(read({ history_base: base, id: ID }), {
    file: OTHER_ID,
    mark: { at: 4711, ordinal: 12, kind: "end" },
    span: "4711",
  });
  assertEquals(read({}), undefined);
  assertEquals(read({ history_base: { ...base, end_byte_offset: -1 } }), undefined);
  assertEquals(read({ history_base: { ...base, end_byte_offset: "4711" } }), undefined);
  assertEquals(read({ history_base: { thread_id: OTHER_ID } }), undefined);
});
