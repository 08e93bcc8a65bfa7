import fc from "fast-check";
import { AppError } from "../../lib/core/error.ts";
import type { Change } from "../../lib/core/plan.ts";
import { asObject, asText, parseChange } from "../../lib/core/plan_json.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { change } from "./plans.ts";

Deno.test("parseChange() reads back what JSON.stringify() wrote", () => {
  fc.assert(fc.property(change, (one) => {
    // -0 is the one number that JSON does not keep
    const written = JSON.stringify(one);
    assertEquals(JSON.stringify(parseChange(JSON.parse(written))), written);
    assertEquals(Object.keys(parseChange(one)), Object.keys(one));
  }));
});

Deno.test("parseChange() keeps nothing it does not know", () => {
  fc.assert(fc.property(change, (one) => {
    const more = JSON.parse(JSON.stringify({ ...one, extra: 1, __proto__: { evil: 1 } }));
    assertEquals<Change>(parseChange(more), parseChange(one));
  }));
});

const EDIT = {
  kind: "edit",
  path: "sessions/a.jsonl",
  thread: "t1",
  sets: { model_provider: { before: null, after: "x" } },
  size: 10,
  mtimeMs: 1.5,
  leaveMtimeMs: 1.5,
  splices: [{ at: 1, before: "a", after: "b" }],
};
const RECODE = {
  kind: "recode",
  path: "sessions/a.jsonl.zst",
  sets: {},
  size: 10,
  mtimeMs: 1,
  contentSize: 2,
  splices: [],
};
const PUT = {
  kind: "put",
  path: "sessions/a.jsonl.zst",
  sets: {},
  beforeSha256: "0".repeat(64),
  from: { record: "r", name: "3" },
  sha256: "f".repeat(64),
  mtimeMs: 1,
};
const ROW = {
  kind: "row",
  database: "/h/state_5.sqlite",
  thread: "t1",
  cells: { model_provider: { before: "a", after: "b" } },
};

const MOVE = {
  kind: "move",
  path: "sessions/a.jsonl",
  to: "archived_sessions/a.jsonl",
  thread: "t1",
  sets: {},
  size: 1,
  mtimeMs: 1,
};
const MAKE = { kind: "make", path: "session_index.jsonl", sets: {}, content: "x" };
const ENTRY = {
  kind: "entry",
  database: "/h/state_5.sqlite",
  table: "projects",
  key: { id: "p" },
  op: "add",
  cells: { name: { before: null, after: "b" } },
};

/** What each field must not hold, by the kind of change. */
const ALTERED:
  readonly (readonly [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown[]>>])[] = [
    [EDIT, {
      kind: [undefined, null, "Edit", "delete", 1, "__proto__", "constructor"],
      path: [undefined, null, "", "../a", "/etc/passwd", "C:/a", "a\\b", "a/../b", 3, ["a"]],
      thread: [null, "", 3, "x".repeat(4097)],
      sets: [undefined, null, [], "x", 3],
      size: [undefined, null, -1, 1.5, "10", 2 ** 53, NaN],
      mtimeMs: [null, "1", NaN, Infinity],
      leaveMtimeMs: [null, "1", NaN, -Infinity],
      splices: [undefined, null, {}, "x", [null], [[]]],
    }],
    [RECODE, {
      size: [undefined, -1],
      mtimeMs: [undefined, null, NaN],
      contentSize: [undefined, -1, 0.5, "2"],
      splices: [undefined, {}],
      path: ["..", undefined],
    }],
    [PUT, {
      path: ["..", undefined],
      beforeSha256: [undefined, "", "F".repeat(64), "0".repeat(63), "0".repeat(65), 0],
      sha256: [undefined, "g".repeat(64)],
      mtimeMs: [undefined, NaN],
      from: [
        undefined,
        null,
        "r/3",
        { record: "r" },
        { name: "3" },
        { record: "", name: "3" },
        { record: "r", name: "../../../secret" },
        { record: "r", name: "/etc/passwd" },
        { record: "r", name: "3/x" },
        { record: "r", name: "" },
        { record: "r", name: 3 },
      ],
    }],
    [ROW, {
      database: [undefined, null, "", 3],
      thread: [undefined, null, "", 3],
      cells: [undefined, null, {}, [], "x"],
    }],
    [MOVE, {
      path: ["..", undefined],
      to: [undefined, "", "../b", "/etc/x", "a\\b", MOVE.path, 3],
      thread: [null, "", 3],
      size: [undefined, -1, "1"],
      mtimeMs: [undefined, NaN],
      sets: [undefined, []],
    }],
    [MAKE, {
      path: ["..", undefined, "/x"],
      content: [undefined, null, "€", 3, ["x"]],
      sets: [undefined, 3],
    }],
    [ENTRY, {
      database: [undefined, "", 3],
      table: [undefined, "", "a b", "Projects", "sqlite_master; --", "_x", 3],
      key: [undefined, null, {}, [], { "a b": 1 }, { id: null }, { id: true }, { id: {} }],
      op: [undefined, null, "delete", "change ", "__proto__"],
      thread: [null, "", 3],
      cells: [undefined, null, [], { name: { before: "a", after: "b" } }],
    }],
    [{ ...ENTRY, op: "remove", cells: { name: { before: "a", after: null } } }, {
      cells: [{ name: { before: "a", after: "b" } }],
    }],
    [{ ...ENTRY, op: "change", cells: { name: { before: "a", after: null } } }, { cells: [{}] }],
    [{ kind: "drop", record: "r", bytes: 1 }, { record: [undefined, "", 3], bytes: [undefined, -1, "1"] }],
  ];

for (const [base, fields] of ALTERED) {
  for (const [field, values] of Object.entries(fields)) {
    Deno.test(`parseChange() refuses a wrong ${field} in a change of kind ${base.kind}`, () => {
      parseChange(base);
      for (const value of values) {
        const { code } = assertThrows(() => parseChange({ ...base, [field]: value }), AppError);
        assertEquals(["plan-invalid", "unsafe-path"].includes(code), true, code);
      }
    });
  }
}

Deno.test("parseChange() refuses splices that are no bytes at a place", () => {
  const good = { at: 1, before: "a", after: "b" };
  for (
    const bad of [
      { ...good, at: -1 },
      { ...good, at: 0.5 },
      { ...good, at: "1" },
      { ...good, before: "€" },
      { ...good, after: undefined },
      { ...good, before: 3 },
    ]
  ) assertThrows(() => parseChange({ ...EDIT, splices: [good, bad] }), AppError);
});

Deno.test("parseChange() refuses cells whose names could be more than a name, and values no cell holds", () => {
  const names = ["", "a b", "id = 1 --", "Model", "model-provider", "a;b", "a".repeat(65), "_x", "a.b", "é"];
  for (const name of names) {
    const cells = { [name]: { before: null, after: null } };
    assertThrows(() => parseChange({ ...ROW, cells }), AppError, "column");
  }
  const evil = JSON.parse('{"__proto__":{"before":"a","after":"b"}}');
  assertThrows(() => parseChange({ ...ROW, cells: evil }), AppError, "column");
  for (const after of [undefined, true, {}, [], NaN, JSON.parse("1e999")]) {
    assertThrows(() => parseChange({ ...ROW, cells: { cwd: { before: null, after } } }), AppError, "cell");
  }
  assertThrows(() => parseChange({ ...ROW, cells: { cwd: { before: null } } }), AppError);
});

Deno.test("parseChange() refuses what is no object", () => {
  for (const value of [undefined, null, 1, "x", [], [EDIT]]) assertThrows(() => parseChange(value), AppError);
});

Deno.test("asObject() and asText() name the field they refuse", () => {
  assertThrows(() => asObject([], "plan"), AppError, '"plan" is no object');
  assertThrows(() => asText("", "home"), AppError, '"home" is no text');
  assertEquals([asObject({ a: 1 }, "x"), asText("y", "x")], [{ a: 1 }, "y"]);
});
