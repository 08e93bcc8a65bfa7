import type { ByteString } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import { mergeChanges } from "../../lib/core/merge.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Change, EditChange, EntryChange, Meaning, RowChange } from "../../lib/core/plan.ts";
import type { Splice } from "../../lib/core/splice.ts";
import { assertEquals, assertThrows } from "../assert.ts";

const DATABASE = "/h/state_5.sqlite" as AbsPath;

function edit(path: string, from: string, to: string, more: Partial<EditChange> = {}): EditChange {
  const splices: Splice[] = [{ at: 0, before: from as ByteString, after: to as ByteString }];
  return {
    kind: "edit",
    path: path as RelPath,
    thread: "t",
    sets: { model_provider: { before: from, after: to } },
    size: 10 + from.length,
    mtimeMs: 5,
    leaveMtimeMs: 5,
    splices,
    ...more,
  };
}

function row(cells: Meaning, thread = "t"): RowChange {
  return { kind: "row", database: DATABASE, thread, cells };
}

function move(path: string, to: string): Change {
  return {
    kind: "move",
    path: path as RelPath,
    to: to as RelPath,
    thread: "t",
    sets: {},
    size: 1,
    mtimeMs: 5,
  };
}

function file(kind: "make" | "unmake", path: string, content: string, sets: Meaning = {}): Change {
  return { kind, path: path as RelPath, thread: undefined, sets, content: content as ByteString };
}

const entry = (op: EntryChange["op"], cells: Meaning, key = 1): EntryChange => ({
  kind: "entry",
  database: DATABASE,
  table: "x",
  key: { id: key },
  op,
  thread: undefined,
  cells,
});
const cell = (before: string | null, after: string | null) => ({ before, after });
const moves = (changes: readonly Change[]) =>
  changes.flatMap((one) => one.kind === "move" ? [`${one.path}>${one.to}`] : []);

Deno.test("mergeChanges() leaves a single list as it is", () => {
  const one = [
    edit("sessions/a", "x", "y"),
    file("make", "c", "text"),
    row({ cwd: cell("/a", "/b") }),
    entry("add", { v: cell(null, "1") }),
    { ...move("sessions/a", "sessions/b"), size: 11 } as Change,
  ];
  assertEquals(mergeChanges([one]), one);
  assertEquals(mergeChanges([[], one, []]), one);
  assertEquals(mergeChanges([]), []);
});

Deno.test("mergeChanges() joins edits of one file: bytes, names, the state before and the time after", () => {
  const second = edit("a", "yy", "z", {
    size: 99,
    mtimeMs: 7,
    leaveMtimeMs: undefined,
    sets: { cwd: cell("/a", "/b") },
  });
  const [merged, ...none] = mergeChanges([[edit("a", "x", "yy")], [second]]);
  assertEquals(none, []);
  assertEquals(
    merged,
    edit("a", "x", "z", {
      leaveMtimeMs: undefined,
      sets: { model_provider: cell("x", "yy"), cwd: cell("/a", "/b") },
    }),
  );
  assertEquals(mergeChanges([[edit("a", "x", "y")], [edit("a", "y", "x")]]), []);
});

Deno.test("mergeChanges() keeps a value that is only stated, and drops one that comes back", () => {
  const stated = edit("a", "x", "y", { sets: { model_provider: cell("new", "new") } });
  const later = edit("a", "y", "z", { sets: { model_provider: cell("new", "new"), cwd: cell("1", "2") } });
  const setsOf = (...lists: Change[][]) => (mergeChanges(lists)[0] as EditChange).sets;
  assertEquals(setsOf([stated], [later]), { model_provider: cell("new", "new"), cwd: cell("1", "2") });
  const there = edit("a", "x", "y", { sets: { cwd: cell("1", "2") } });
  const back = edit("a", "y", "z", { sets: { cwd: cell("2", "1") } });
  assertEquals(setsOf([there], [back]), {});
});

Deno.test("mergeChanges() joins compressed files, and refuses two kinds for one file", () => {
  const recode = (from: string, to: string): Change => {
    const { path, thread, sets, size, splices } = edit("a.zst", from, to);
    return { kind: "recode", path, thread, sets, size, mtimeMs: 5, contentSize: from.length, splices };
  };
  assertEquals(mergeChanges([[recode("a", "b")], [recode("b", "c")]]), [recode("a", "c")]);
  const error = assertThrows(() => mergeChanges([[recode("a", "b")], [edit("a.zst", "b", "c")]]), AppError);
  assertEquals(error.code, "plan-invalid");
});

Deno.test("mergeChanges() joins the cells of a row, and a row that ends as it began goes", () => {
  const first = row({ cwd: cell("/a", "/b"), archived: cell("0", "1") });
  const second = row({ cwd: cell("/b", "/c"), archived: cell("1", "0"), preview: cell("", "hi") });
  assertEquals(mergeChanges([[first], [row({ cwd: cell("1", "2") }, "u")], [second]]), [
    row({ cwd: cell("/a", "/c"), preview: cell("", "hi") }),
    row({ cwd: cell("1", "2") }, "u"),
  ]);
  assertEquals(mergeChanges([[row({ cwd: cell("/a", "/b") })], [row({ cwd: cell("/b", "/a") })]]), []);
});

Deno.test("mergeChanges() joins entries by what was done to them", () => {
  const both = (first: EntryChange, second: EntryChange) => mergeChanges([[first], [second]]);
  const change = (before: string | null, after: string | null) => entry("change", { v: cell(before, after) });
  assertEquals(both(change("a", "b"), change("b", "c")), [change("a", "c")]);
  assertEquals(both(change("a", "b"), change("b", "a")), []);
  const add = entry("add", { v: cell(null, "1"), w: cell(null, "2") });
  assertEquals(both(add, change("1", "9")), [entry("add", { v: cell(null, "9"), w: cell(null, "2") })]);
  assertEquals(both(add, entry("remove", { v: cell("1", null), w: cell("2", null) })), []);
  assertEquals(both(change("a", "b"), entry("remove", { v: cell("b", null), w: cell("2", null) })), [
    entry("remove", { v: cell("a", null), w: cell("2", null) }),
  ]);
  assertEquals(both(change(null, "b"), entry("remove", { v: cell("b", null) })), [entry("remove", {})]);
  const gone = entry("remove", { v: cell("1", null), w: cell("2", null) });
  assertEquals(both(gone, entry("add", { v: cell(null, "1"), x: cell(null, "3") })), [
    entry("change", { w: cell("2", null), x: cell(null, "3") }),
  ]);
  assertEquals(both(gone, add), []);
  assertEquals(both(gone, gone), [gone]);
  assertEquals(mergeChanges([[add], [entry("add", { v: cell(null, "7") }, 2)]]).length, 2);
  for (const [first, second] of [[gone, change("1", "2")], [change("1", "2"), add]] as const) {
    assertEquals(assertThrows(() => both(first, second), AppError).code, "plan-invalid");
  }
});

Deno.test("mergeChanges() makes one move of several, and none of a move and its way back", () => {
  assertEquals(moves(mergeChanges([[move("a", "b")], [move("b", "c")]])), ["a>c"]);
  assertEquals(mergeChanges([[move("a", "b")], [move("b", "a")]]), []);
  assertEquals(moves(mergeChanges([[move("a", "b")], [move("b", "a")], [move("a", "c")]])), ["a>c"]);
});

Deno.test("mergeChanges() moves a file out of the way before another takes its name", () => {
  assertEquals(moves(mergeChanges([[edit("p", "1", "2")], [move("q", "r")], [move("p", "q")]])), [
    "q>r",
    "p>q",
  ]);
  assertEquals(moves(mergeChanges([[move("a", "b")], [move("c", "d")], [move("b", "c")]])), ["c>d", "a>c"]);
});

Deno.test("mergeChanges() names a moved file by its old name, and tells a new one under that name from it", () => {
  const merged = mergeChanges([
    [edit("a", "1", "2"), move("a", "b")],
    [edit("b", "2", "3", { size: 99, mtimeMs: 99 }), file("make", "a", "new")],
    [edit("a", "new", "newer", { thread: undefined })],
  ]);
  assertEquals(merged.map((change) => [change.kind, "path" in change ? change.path : ""]), [
    ["edit", "a"],
    ["move", "a"],
    ["make", "a"],
  ]);
  assertEquals((merged[0] as EditChange).splices, edit("a", "1", "3").splices);
  assertEquals(merged[2], file("make", "a", "newer", { model_provider: cell("new", "newer") }));
});

Deno.test("mergeChanges() says of a moved file what it is before all drafts", () => {
  const size = (...lists: Change[][]) =>
    mergeChanges(lists).flatMap((one) => one.kind === "move" ? [[one.size, one.mtimeMs]] : []);
  const later = { ...move("a", "b"), size: 77 } as Change;
  assertEquals(size([edit("a", "1", "22")], [later]), [[11, 5]]);
  assertEquals(size([edit("a", "1", "22")], [edit("a", "22", "1"), later]), [[11, 5]]);
  assertEquals(size([later]), [[77, 5]]);
});

Deno.test("mergeChanges() gives what one list edits and another moves to one thread, whichever names it", () => {
  const ofNobody = { ...move("a", "b"), thread: undefined } as Change;
  for (const drafts of [[[edit("a", "x", "y")], [ofNobody]], [[ofNobody], [edit("b", "x", "y")]]]) {
    const merged = mergeChanges(drafts);
    assertEquals(merged.map((change) => "thread" in change && change.thread), ["t", "t"]);
  }
  const [changed] = mergeChanges([[edit("a", "x", "y", { thread: undefined })], [move("a", "b")]]);
  assertEquals(changed?.kind === "edit" && changed.thread, "t");
});

Deno.test("mergeChanges() joins what happens to small files", () => {
  const both = (first: Change, second: Change) => mergeChanges([[first], [second]]);
  const small = (from: string, to: string) => edit("f", from, to, { thread: undefined, sets: {} });
  assertEquals(both(file("make", "f", "abc"), small("a", "b")), [file("make", "f", "bbc")]);
  assertEquals(both(file("make", "f", "abc"), file("unmake", "f", "abc")), []);
  assertEquals(both(small("a", "b"), file("unmake", "f", "bcd")), [file("unmake", "f", "acd")]);
  assertEquals(both(file("unmake", "f", "abc"), file("make", "f", "abc")), []);
  const [again] = both(file("unmake", "f", "abc"), file("make", "f", "axc"));
  assertEquals(again?.kind === "edit" && [again.size, again.splices], [3, [
    { at: 1, before: "b" as ByteString, after: "x" as ByteString },
  ]]);
  assertEquals(both(file("make", "f", "abc"), move("f", "g")), [file("make", "g", "abc")]);
  for (const second of [file("make", "f", "x"), file("unmake", "f", "y")]) {
    assertEquals(assertThrows(() => both(file("make", "f", "abc"), second), AppError).code, "plan-invalid");
  }
});

Deno.test("mergeChanges() refuses files that would change places", () => {
  const error = assertThrows(
    () => mergeChanges([[move("a", "x")], [move("b", "a")], [move("x", "b")]]),
    AppError,
  );
  assertEquals(error.code, "plan-invalid");
});
