import fc from "fast-check";
import { type ByteString, NO_BYTES } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import {
  byKind,
  type Change,
  digest,
  type EditChange,
  type EntryChange,
  invert,
  invertMeaning,
  isInDatabase,
  isPointer,
  movesOf,
  NO_PROVIDER,
  order,
  type Plan,
  type RowChange,
  skipsOf,
  threadsOf,
  withoutThreads,
  writtenBytes,
} from "../../lib/core/plan.ts";
import { splicedSize } from "../../lib/core/splice.ts";
import { assert, assertEquals, assertNotEquals, assertThrows } from "../assert.ts";
import { change, edit, entry, move, plan, row, small } from "./plans.ts";

const EDIT: EditChange = {
  kind: "edit",
  path: "sessions/a.jsonl" as RelPath,
  thread: "t1",
  sets: { model_provider: { before: "old", after: "new" } },
  size: 10,
  mtimeMs: 1000,
  leaveMtimeMs: 2000,
  splices: [{ at: 3, before: "abc" as ByteString, after: "de" as ByteString }],
};
const ROW: RowChange = {
  kind: "row",
  database: "/h/state_5.sqlite" as AbsPath,
  thread: "t1",
  cells: { model_provider: { before: null, after: "new" } },
};
const MOVE: Change = {
  kind: "move",
  path: "sessions/b.jsonl" as RelPath,
  to: "archived_sessions/b.jsonl" as RelPath,
  thread: "t1",
  sets: {},
  size: 3,
  mtimeMs: 1000,
};
const ENTRY: EntryChange = {
  kind: "entry",
  database: "/h/state_5.sqlite" as AbsPath,
  table: "projects",
  key: { id: "p" },
  op: "change",
  thread: undefined,
  cells: { name: { before: "a", after: "b" } },
};
const DROP: Change = { kind: "drop", record: "r", bytes: 7 };

Deno.test("invert() of an inverted edit or row is the same change", () => {
  fc.assert(fc.property(fc.oneof(edit, row), (one) => assertEquals<Change>(invert(invert(one)), one)));
});

Deno.test("invert() of an edit swaps sizes, times, values and bytes", () => {
  assertEquals<Change>(invert(EDIT), {
    ...EDIT,
    sets: { model_provider: { before: "new", after: "old" } },
    size: 9,
    mtimeMs: 2000,
    leaveMtimeMs: 1000,
    splices: [{ at: 3, before: "de" as ByteString, after: "abc" as ByteString }],
  });
});

Deno.test("invert() refuses what only its record can undo", () => {
  fc.assert(fc.property(change, (one) => {
    if (one.kind !== "recode" && one.kind !== "put" && one.kind !== "drop") return;
    assertEquals(assertThrows(() => invert(one), AppError).code, "failed");
  }));
});

Deno.test("invert() twice is the same move, small file or row", () => {
  fc.assert(fc.property(fc.oneof(move, small, entry, row), (one) => assertEquals(invert(invert(one)), one)));
});

Deno.test("invert() of an added row is one that is removed", () => {
  const added = { ...ENTRY, op: "add", cells: { name: { before: null, after: "x" } } } as const;
  assertEquals<Change>(invert(added), {
    ...ENTRY,
    op: "remove",
    cells: { name: { before: "x", after: null } },
  });
});

Deno.test("invertMeaning() twice is the same meaning", () => {
  fc.assert(fc.property(row, ({ cells }) => assertEquals(invertMeaning(invertMeaning(cells)), cells)));
});

Deno.test("order() puts sources before what is derived from them, pointers last, and is stable", () => {
  const config = { ...EDIT, path: "config.toml" as RelPath, thread: undefined };
  const index = { ...EDIT, path: "session_index.jsonl" as RelPath, thread: undefined };
  const later = { ...EDIT, path: "sessions/b.jsonl" as RelPath };
  const row2 = { ...ROW, thread: "t2" };
  assertEquals<readonly Change[]>(order([DROP, config, row2, index, ROW, later, EDIT]), [
    later,
    EDIT,
    index,
    row2,
    ROW,
    config,
    DROP,
  ]);
});

Deno.test("order() loses nothing, orders whatever the input, and is done in one pass", () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
    const once = order(changes);
    assertEquals(order(once), once);
    assertEquals(new Set(once), new Set(changes));
    assertEquals(once.length, changes.length);
    const kinds = once.map((one) => one.kind);
    const firstRow = kinds.indexOf("row");
    once.forEach((one, at) => {
      if (one.kind === "recode" || one.kind === "put") assert(firstRow < 0 || at < firstRow);
      if (isPointer(one)) assert(!kinds.slice(at).includes("row"));
    });
  }));
});

Deno.test("order() moves rollouts after their edits, and makes other files before the rows", () => {
  const move: Change = { ...MOVE, path: EDIT.path };
  const make: Change = {
    kind: "make",
    path: "x.json" as RelPath,
    thread: undefined,
    sets: {},
    content: NO_BYTES,
  };
  const profile: Change = { ...make, path: "work.config.toml" as RelPath };
  const all: readonly Change[] = [profile, ENTRY, make, move, EDIT];
  assertEquals(order(all), [EDIT, move, make, ENTRY, profile]);
});

Deno.test("isPointer() knows the files that make a new state current", () => {
  const of = (path: string): EditChange => ({ ...EDIT, path: path as RelPath });
  assertEquals(
    [of("config.toml"), of("auth.json"), of("w.config.toml"), of("sessions/config.toml"), ROW, DROP].map(
      isPointer,
    ),
    [true, true, true, false, false, false],
  );
});

Deno.test("byKind() and threadsOf() count what a plan touches", () => {
  const changes: Change[] = [EDIT, { ...EDIT, thread: undefined }, ROW, { ...ROW, thread: "t2" }, DROP];
  assertEquals(byKind(changes), { edit: 2, row: 2, drop: 1 });
  assertEquals(threadsOf(changes), new Set(["t1", "t2"]));
});

Deno.test("movesOf() goes by the row, by the file where there is none, and counts each thread once", () => {
  const sets = (before: string | null, after: string) => ({ model_provider: { before, after } });
  const file = (thread: string, before: string | null): EditChange => ({
    ...EDIT,
    thread,
    sets: sets(before, "new"),
  });
  const changes: Change[] = [
    file("t1", "a"),
    file("t1", "b"),
    { ...ROW, thread: "t1", cells: sets("c", "new") },
    file("t2", "a"),
    file("t2", "z"),
    { ...ROW, thread: "t3", cells: sets("a", "new") },
    file("t4", null),
    { ...ROW, thread: "t5", cells: { cwd: { before: "a", after: "b" } } },
    { ...EDIT, thread: undefined, sets: sets("a", "new") },
    DROP,
  ];
  assertEquals(movesOf(changes), [
    { from: "c", to: "new", threads: 1 },
    { from: "a", to: "new", threads: 2 },
    { from: NO_PROVIDER, to: "new", threads: 1 },
  ]);
  assertEquals(movesOf([]), []);
});

Deno.test("withoutThreads() takes threads out whole and names them", () => {
  const config = { ...EDIT, thread: undefined };
  const whole = { ...EMPTY, changes: [EDIT, config, ROW, { ...ROW, thread: "t2" }, DROP] };
  assertEquals(withoutThreads(whole, new Map()), whole);
  const skips = new Map([["t1", "open"], ["t9", "gone"]]);
  const rest = withoutThreads({ ...whole, skipped: [{ subject: "t0", reason: "before" }] }, skips);
  assertEquals(rest.changes, [config, { ...ROW, thread: "t2" }, DROP]);
  assertEquals(rest.skipped, [{ subject: "t0", reason: "before" }, ...skipsOf(skips)]);
  assertNotEquals(digest(rest), digest(whole));
});

Deno.test("writtenBytes() is the size an edit leaves", () => {
  fc.assert(fc.property(edit, (one) => assertEquals(writtenBytes(one), splicedSize(one.size, one.splices))));
  assertEquals([writtenBytes(ROW), writtenBytes(DROP)], [0, 0]);
});

Deno.test("digest() is the same for equal plans, however their fields are ordered and whatever is only shown", () => {
  const backwards = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(backwards);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).reverse().map(([key, one]) => [key, backwards(one)]));
  };
  fc.assert(fc.property(plan, (one) => {
    const cells = one.changes.some((it) => it.kind !== "drop" && Object.keys(meaning(it)).length > 1);
    const keys = one.changes.some((it) => it.kind === "entry" && Object.keys(it.key).length > 1);
    if (!cells && !keys) assertEquals(digest(backwards(one) as Plan), digest(one));
    assertEquals(digest({ ...one, skipped: [] }), digest(one));
  }));
});

function meaning(one: Exclude<Change, { kind: "drop" }>) {
  return isInDatabase(one) ? one.cells : one.sets;
}

/** `value` once for every field in it, at any depth, each time with only that field changed. */
function* variations(value: unknown): Generator<unknown> {
  if (typeof value === "number") yield value + 1;
  else if (typeof value === "string") yield /^[0-9a-f]{64}$/.test(value) ? turned(value) : `${value}x`;
  else if (value === null) yield "null";
  else if (Array.isArray(value)) {
    yield value.slice(1);
    for (const [at, item] of value.entries()) {
      for (const other of variations(item)) yield value.with(at, other);
    }
  } else if (typeof value === "object") {
    for (const [key, item] of Object.entries(value)) {
      if (key === "kind" || key === "name") continue;
      for (const other of variations(item)) yield { ...value, [key]: other };
    }
  }
}

function turned(sum: string): string {
  return (sum[0] === "0" ? "1" : "0") + sum.slice(1);
}

Deno.test("digest() differs for every field that decides what a plan does", () => {
  fc.assert(
    fc.property(plan, (one) => {
      const { purpose, home, changes } = one;
      const reverts = one.reverts ?? "";
      const known = sum({ ...one, reverts });
      const whole = JSON.stringify({ purpose, home, changes, reverts });
      for (const other of variations({ purpose, home, changes, reverts })) {
        if (JSON.stringify(other) === whole) continue;
        assertNotEquals(sum({ ...one, ...other as Partial<Plan> }), known, JSON.stringify(other));
      }
    }),
    { numRuns: 40 },
  );
});

/** A digest, or the refusal of a change that could never be read back. */
function sum(one: Plan): string {
  try {
    return digest(one);
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

Deno.test("digest() tells an absent number from any other, and infinity from null", () => {
  const of = (one: Change) => digest({ ...EMPTY, changes: [one] });
  assertNotEquals(of({ ...EDIT, mtimeMs: undefined }), of({ ...EDIT, mtimeMs: 0 }));
  assertNotEquals(of({ ...EDIT, leaveMtimeMs: undefined }), of({ ...EDIT, leaveMtimeMs: 0 }));
  assertNotEquals(of({ ...EDIT, thread: undefined }), of(EDIT));
  const infinite = { ...ROW, cells: { model_provider: { before: null, after: 1e999 } } };
  assertThrows(() => of(infinite), AppError);
});

Deno.test("digest() refuses a plan that nothing could undo, for its record could not be read back", () => {
  const outside: EditChange = { ...EDIT, path: "../x" as RelPath };
  assertEquals(assertThrows(() => digest({ ...EMPTY, changes: [outside] }), AppError).code, "unsafe-path");
});

const EMPTY: Plan = {
  purpose: "sync",
  home: "/h" as AbsPath,
  changes: [],
  skipped: [],
  reverts: undefined,
};
