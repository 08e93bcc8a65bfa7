/** Laws of merging: one plan does what its drafts do one after the other. */
import fc from "fast-check";
import { type ByteString, fromByteString, toByteString } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import { mergeChanges } from "../../lib/core/merge.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Change, MoveChange } from "../../lib/core/plan.ts";
import { applySplices, type Splice } from "../../lib/core/splice.ts";
import { assertEquals } from "../assert.ts";
import { plan } from "./plans.ts";

const DATABASE = "/h/state_5.sqlite" as AbsPath;

function edit(path: string, splice: Splice): Change {
  return {
    kind: "edit",
    path: path as RelPath,
    thread: "t",
    sets: {},
    size: 10,
    mtimeMs: 5,
    leaveMtimeMs: 5,
    splices: [splice],
  };
}

function move(path: string, to: string): MoveChange {
  const names = { path: path as RelPath, to: to as RelPath };
  return { kind: "move", ...names, thread: "t", sets: {}, size: 10, mtimeMs: 5 };
}

/** A home as a value: files and cells by name, and what a change makes of it. */
type Home = ReadonlyMap<string, string>;

/** Carries changes out in the order of a plan: contents under their old names, moves, then everything else. */
function carryOut(home: Home, changes: readonly Change[]): Home {
  const after = new Map(home);
  const take = (path: string) => {
    const content = after.get(path);
    if (content === undefined) throw new Error(`${path} is not there`);
    return content;
  };
  for (const change of changes) {
    if (change.kind !== "edit") continue;
    after.set(change.path, asText(applySplices(asBytes(take(change.path)), change.splices)));
  }
  for (const change of changes) {
    if (change.kind !== "move") continue;
    if (after.has(change.to)) throw new Error(`${change.to} is there already`);
    after.set(change.to, take(change.path));
    after.delete(change.path);
  }
  for (const change of changes) {
    if (change.kind !== "row") continue;
    for (const [name, { before, after: value }] of Object.entries(change.cells)) {
      assertEquals(take(`cell ${name}`), before);
      after.set(`cell ${name}`, String(value));
    }
  }
  return after;
}

const asBytes = (text: string) => fromByteString(text as ByteString);
const asText = (bytes: Uint8Array) => toByteString(bytes) as string;
const FILES = ["a", "b", "c"];
const START: Home = new Map([["a", "aaaa"], ["b", "bbbb"], ["cell x", "0"], ["cell y", "0"]]);

/** What a repair may do to a home: any of these at once, each file and cell at most once. */
const step = fc.record({
  edits: fc.array(
    fc.record({ at: fc.nat({ max: 3 }), take: fc.nat({ max: 2 }), put: fc.constantFrom("", "q", "rr") }),
  ),
  moved: fc.nat({ max: 5 }),
  target: fc.nat({ max: 5 }),
  cells: fc.dictionary(fc.constantFrom("x", "y"), fc.constantFrom("0", "1", "2"), { noNullPrototype: true }),
});

function draftOf(
  home: Home,
  { edits, moved, target, cells }: typeof step extends fc.Arbitrary<infer T> ? T : never,
) {
  const changes: Change[] = [];
  const files = [...home.keys()].filter((name) => !name.startsWith("cell"));
  files.forEach((path, n) => {
    const { at, take, put } = edits[n] ?? { at: 0, take: 0, put: "" };
    const before = home.get(path)!.slice(at, at + take) as ByteString;
    if (before === put || at > home.get(path)!.length) return;
    changes.push(edit(path, { at, before, after: put as ByteString }));
  });
  const [from, to] = [files[moved], FILES[target]];
  if (from !== undefined && to !== undefined && !home.has(to)) changes.push(move(from, to));
  for (const [name, value] of Object.entries(cells)) {
    if (home.get(`cell ${name}`) === value) continue;
    const cells = { [name]: { before: home.get(`cell ${name}`)!, after: value } };
    changes.push({ kind: "row", database: DATABASE, thread: "t", cells });
  }
  return changes;
}

/** Undefined for moves in a circle, which cannot be carried out one by one. */
function unlessPlacesChange<T>(merge: () => T): T | undefined {
  try {
    return merge();
  } catch (error) {
    if (error instanceof AppError && error.message.endsWith("would change places")) return undefined;
    throw error;
  }
}

Deno.test("mergeChanges() gives one plan that does what the drafts do one after the other", () => {
  let kinds = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 5 }), (steps) => {
      let home = START;
      const drafts: Change[][] = [];
      for (const one of steps) {
        const draft = draftOf(home, one);
        home = carryOut(home, draft);
        drafts.push(draft);
      }
      const merged = unlessPlacesChange(() => mergeChanges(drafts));
      if (merged === undefined) return;
      kinds |= merged.reduce((seen, { kind }) => seen | (kind === "edit" ? 1 : kind === "move" ? 2 : 4), 0);
      assertEquals(new Map([...carryOut(START, merged)].sort()), new Map([...home].sort()));
    }),
    { numRuns: 1000 },
  );
  assertEquals(kinds, 7);
});

Deno.test("mergeChanges() does not mind any changes that have nothing in common", () => {
  fc.assert(
    fc.property(plan, ({ changes }) => {
      const seen = new Set<string>();
      const own = changes.filter((change) => {
        const names = change.kind === "drop" || change.kind === "put"
          ? []
          : "path" in change
          ? [change.path, ...change.kind === "move" ? [change.to] : []]
          : [JSON.stringify([change.database, change.thread, change.kind])];
        if (names.some((name) => seen.has(name))) return false;
        names.forEach((name) => seen.add(name));
        return true;
      });
      assertEquals(mergeChanges(own.map((change) => [change])), [...own]);
    }),
  );
});
