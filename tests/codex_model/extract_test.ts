/** Extracts of what only a database knows: their form, hostile ones, and that the newest value wins everywhere. */
import fc from "fast-check";
import {
  type Extract,
  EXTRACT_SCHEMA,
  isMachineName,
  parseExtract,
  printExtract,
  SET_GROUPS,
} from "../../lib/codex/extract.ts";
import { type ExtractSource, makeExtract, type OwnRows } from "../../lib/codex/extract_make.ts";
import { newestThread, takenGroups, takenThings } from "../../lib/codex/extract_merge.ts";
import type { Cells } from "../../lib/codex/salvage.ts";
import { assert, assertEquals } from "../assert.ts";

const ID = "01a21943-12fd-70e0-af06-0df1fffd081b";

function rowsOf(row: Cells, things: OwnRows["things"] = [], database = "1"): OwnRows {
  return { database, threads: new Map([[ID, row]]), things };
}

function made(more: Partial<ExtractSource> = {}): Extract {
  return makeExtract({
    machine: "desk",
    home: "/home/me/.codex",
    platform: "linux",
    maps: [],
    rows: rowsOf({ name: "one", cwd: "/p", updated_at_ms: 5 }),
    previous: undefined,
    others: [],
    namedAt: () => undefined,
    nowMs: 1000,
    ...more,
  });
}

function reread(extract: Extract): Extract {
  const read = parseExtract(printExtract(extract).split("\n"));
  assert(read !== undefined);
  return read;
}

Deno.test("an extract is read as it was written, and the same values give the same bytes", () => {
  const section = { table: "thread_sections", id: "s1", row: { name: "Later" }, roots: [] } as const;
  const project = {
    table: "projects",
    id: "p1",
    row: { name: "Work", metadata: "{}", position: 1, created_at_ms: 1, updated_at_ms: 2 },
    roots: ["/p", "C:\\p"],
  } as const;
  const extract = made({ rows: rowsOf({ name: "é\u2028\n", is_pinned: 1 }, [section, project]) });
  assertEquals(reread(extract), extract);
  assertEquals(printExtract(reread(extract)), printExtract(extract));
});

Deno.test("hostile lines are passed over one by one", () => {
  const good = printExtract(made()).trimEnd().split("\n");
  const odd = [
    "",
    "{",
    "null",
    "[]",
    `{"thread":"../../etc","origin":"desk","row":{}}`,
    `{"thread":"${ID}","origin":"de/sk","row":{}}`,
    `{"thread":"${ID}","origin":"desk","row":{"name":7}}`,
    `{"thread":"${ID}","origin":"desk","row":{"name":"a\\u0000b"}}`,
    `{"thread":"${ID}","origin":"desk","row":{"updated_at":1e300}}`,
    `{"thread":"${ID}","origin":"desk","row":{"updated_at":{"x":1}}}`,
    `{"thread_sections":"s","row":{"no name":1}}`,
    `{"projects":"p","row":{"name":"n"},"roots":["/x"]}`,
    `{"thread_attachments":"a","row":{"thread_id":"x","attachment_type":"","identity_key":"","payload":"","created_at":1}}`,
    "x".repeat(3 << 20),
  ];
  const read = parseExtract([good[0] ?? "", ...odd, ...good.slice(1)]);
  assertEquals([read?.threads.size, read?.things.size, read?.ignored], [1, 0, odd.length - 1]);
  assertEquals(
    parseExtract([`{"schema":"${EXTRACT_SCHEMA}","machine":"../x","at":"a","home":"/h"}`]),
    undefined,
  );
  assertEquals(parseExtract(["{}"]), undefined);
  assertEquals(parseExtract([]), undefined);
});

Deno.test("columns of no portable kind, among them paths and tokens, neither leave nor enter", () => {
  const text = printExtract(made());
  assert(!text.includes("rollout_path"));
  const line = `{"thread":"${ID}","origin":"desk","row":{"rollout_path":"/etc/x","archived":1,"name":"n"}}`;
  const read = parseExtract([text.split("\n")[0] ?? "", line]);
  assertEquals(read?.threads.get(ID)?.row, { name: "n" });
});

Deno.test("nothing makes the reader throw", () => {
  const head = printExtract(made()).split("\n")[0] ?? "";
  fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.json())), (lines) => {
    parseExtract(lines);
    parseExtract([head, ...lines]);
  }));
});

Deno.test("names of machines cannot lead anywhere", () => {
  for (const name of ["", ".", "..", "a/b", "a\\b", ".hidden", "a\n", "x".repeat(65), 7]) {
    assertEquals(isMachineName(name), false, String(name));
  }
  for (const name of ["desk", "My-Laptop_2.local"]) assertEquals(isMachineName(name), true);
});

Deno.test("a value keeps its time while it stays, and what is taken over has the time it has elsewhere", () => {
  const first = made();
  const later = made({ previous: first, nowMs: 9000 });
  assertEquals(later.threads, first.threads);
  const renamed = made({ previous: later, nowMs: 9000, rows: rowsOf({ name: "two", cwd: "/p" }) });
  assertEquals(renamed.threads.get(ID)?.changedAt.name, 9000);
  const other = made({
    machine: "laptop",
    others: [renamed],
    rows: rowsOf({ name: "two", cwd: "/q" }),
    nowMs: 9999,
  });
  assertEquals(other.threads.get(ID)?.changedAt.name, 9000);
  assertEquals(other.threads.get(ID)?.origin, "desk");
  assertEquals(takenGroups(other, [renamed], ID), []);
});

Deno.test("a clock that is ahead elsewhere does not win over what was done here after it", () => {
  const ahead = made({
    machine: "laptop",
    nowMs: 10_000_000,
    rows: rowsOf({ name: "future", updated_at_ms: 9_000_000 }),
  });
  const taken = made({ previous: made(), others: [ahead], rows: rowsOf({ name: "future" }) });
  const renamed = made({ previous: taken, others: [ahead], rows: rowsOf({ name: "mine" }), nowMs: 2000 });
  assertEquals(takenGroups(renamed, [ahead], ID), []);
  const [theirs] = takenGroups(ahead, [renamed], ID);
  assertEquals(theirs?.cells, { name: { before: "future", after: "mine" } });
});

Deno.test("what a rebuild of the database lost is not taken for what a user took away", () => {
  const section = { table: "thread_sections", id: "s1", row: { name: "Later" }, roots: [] } as const;
  const before = made({ rows: rowsOf({ name: "one", cwd: "/p" }, [section]) });
  const rebuilt = made({ previous: before, rows: rowsOf({ cwd: "/p" }, [], "2"), nowMs: 5000 });
  assertEquals(takenGroups(rebuilt, [before], ID)[0]?.cells, { name: { before: null, after: "one" } });
  assertEquals(takenThings(rebuilt, [before]).map(({ after }) => after.id), ["s1"]);
  const cleared = made({ previous: before, rows: rowsOf({ cwd: "/p" }), nowMs: 5000 });
  assertEquals(takenGroups(cleared, [before], ID), []);
  assertEquals(takenThings(before, [cleared]).map(({ after }) => after.row), [undefined]);
});

Deno.test("the row of an unknown thread comes from where it was worked on last, with the newest of each value", () => {
  const desk = made({ rows: rowsOf({ name: "old", updated_at_ms: 100, tokens_used: 2 }), nowMs: 50 });
  const laptop = made({
    machine: "laptop",
    rows: rowsOf({ name: "new", updated_at_ms: 60, tokens_used: 1 }),
    nowMs: 70,
  });
  const found = newestThread([desk, laptop], ID);
  assertEquals([found?.from.machine, found?.thread.row["tokens_used"], found?.thread.row["name"]], [
    "desk",
    2,
    "new",
  ]);
});

/** A step of a history: a machine renames the thread (or pins it), or runs a hand-over. */
const step = fc.record({ machine: fc.nat(2), does: fc.constantFrom("name", "pin", "sync") });

Deno.test("random histories of three machines end with the last value of each kind everywhere", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const machines = ["a", "b", "c"].map((id) => ({ id, row: {} as Record<string, string | number> }));
      const folder = new Map<string, Extract>();
      let nowMs = 1000;
      const sync = ({ id, row }: typeof machines[number]) => {
        const previous = folder.get(id);
        const others = [...folder.values()].filter(({ machine }) => machine !== id);
        const current = () =>
          made({
            machine: id,
            previous,
            others: others.map(reread),
            rows: rowsOf({ ...row }),
            nowMs: nowMs++,
          });
        for (const { cells } of takenGroups(current(), others, ID)) {
          for (const [name, { after }] of Object.entries(cells)) {
            if (after === null) delete row[name];
            else row[name] = after;
          }
        }
        folder.set(id, current());
      };
      machines.forEach(sync);
      const last: Record<string, string | number> = {};
      for (const { machine, does } of steps) {
        const one = machines[machine];
        if (one === undefined) continue;
        nowMs += 10;
        // Who changes something has looked at the folder before, so that there is one last value.
        sync(one);
        if (does === "name") last["name"] = one.row["name"] = `name ${nowMs}`;
        if (does === "pin") last["is_pinned"] = one.row["is_pinned"] = Number(one.row["is_pinned"] !== 1);
        sync(one);
      }
      machines.forEach(sync);
      machines.forEach(sync);
      for (const { row } of machines) {
        assertEquals([row["name"], row["is_pinned"] ?? 0], [last["name"], last["is_pinned"] ?? 0]);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("every group of what a user sets travels", () => {
  assertEquals(SET_GROUPS.map(({ name }) => name), [
    "name",
    "title",
    "section",
    "project",
    "pinned",
    "memory",
    "git",
  ]);
});
