import fc from "fast-check";
import { readSessionIndex } from "../../lib/codex/session_index.ts";
import { unite } from "../../lib/handoff/unite.ts";
import { assert, assertEquals } from "../assert.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
const uniteText = (kind: "index" | "history", a: string, b: string) =>
  decode(unite(kind, encode(a), encode(b)));
const iso = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString();
const naming = (id: string, name: string, at: number) =>
  JSON.stringify({ id, thread_name: name, updated_at: iso(at) });
const names = (index: string) =>
  Object.fromEntries([...readSessionIndex(encode(index)).names].sort(([a], [b]) => a < b ? -1 : 1));
const lineSet = (log: string) => [...new Set(log.split("\n").filter((line) => line !== ""))].sort();

/** A machine's log of names: its clock does not run back, and no two names are given in the same second anywhere. */
const indexes = (machines: number) =>
  fc.array(
    fc.record({
      machine: fc.nat(machines - 1),
      id: fc.constantFrom("a", "b", "c"),
      junk: fc.boolean(),
      both: fc.boolean(),
    }),
    { maxLength: 20 },
  ).map((entries) =>
    Array.from({ length: machines }, (_, machine) =>
      text(entries.flatMap((entry, n) => {
        if (entry.machine !== machine && !entry.both) return [];
        return [entry.junk ? `nonsense ${n}` : naming(entry.id, `name ${n}`, n)];
      })))
  );

Deno.test("index: the newest name of a thread is the last one on both sides", () => {
  const [a, b] = [text([naming("t", "new", 9)]), text([naming("t", "old", 5), naming("u", "x", 1)])];
  assertEquals(names(uniteText("index", a, b)), { t: "new", u: "x" });
  assertEquals(names(uniteText("index", b, a)), { t: "new", u: "x" });
});

Deno.test("index: a log that goes on from the other counts, even where a clock ran back", () => {
  const a = text([naming("t", "first", 9)]);
  const b = a + text([naming("t", "second", 3)]);
  assertEquals(uniteText("index", a, b), b);
  const c = text([naming("u", "mine", 4)]) + a;
  assertEquals(names(uniteText("index", c, b)), { t: "second", u: "mine" });
});

Deno.test("index: torn ends, carriage returns and lines nobody understands lose nothing", () => {
  const torn = text([naming("t", "a", 1)]) + '{"id":"u","thread_na';
  const other = text([`${naming("t", "a", 1)}\r`, "", "?", naming("v", "b", 2)]);
  const united = uniteText("index", torn, other);
  assertEquals(names(united), { t: "a", v: "b" });
  for (const line of ['{"id":"u","thread_na', "?"]) assert(lineSet(united).includes(line));
  assertEquals(united.split('"thread_name":"a"').length, 2);
});

Deno.test("index: union is idempotent, and commutative and associative in meaning, and loses no line", () => {
  fc.assert(fc.property(indexes(3), ([a = "", b = "", c = ""]) => {
    const ab = uniteText("index", a, b);
    assertEquals(uniteText("index", ab, ab), ab);
    assertEquals(uniteText("index", ab, a), ab);
    assertEquals(uniteText("index", b, ab), ab);
    assertEquals(names(uniteText("index", b, a)), names(ab));
    const left = uniteText("index", ab, c);
    const right = uniteText("index", a, uniteText("index", b, c));
    assertEquals(names(left), names(right));
    assertEquals(lineSet(left), lineSet(a + b + c));
    assertEquals(lineSet(right), lineSet(left));
  }));
});

const prompt = (n: number, ts: number) => JSON.stringify({ session_id: "s", ts, text: `prompt ${n}` });
const histories = (machines: number) =>
  fc.array(
    fc.record({ machine: fc.nat(machines - 1), step: fc.nat(2), both: fc.boolean(), junk: fc.boolean() }),
    { maxLength: 20 },
  ).map((entries) => {
    let ts = 1000;
    const all = entries.map((entry, n) => {
      ts += entry.step;
      return { ...entry, line: entry.junk ? `nonsense ${n}` : prompt(n, ts) };
    });
    return Array.from(
      { length: machines },
      (_, machine) => text(all.filter((one) => one.both || one.machine === machine).map(({ line }) => line)),
    );
  });
const times = (log: string) => [...log.matchAll(/"ts":(\d+)/g)].map(([, ts]) => Number(ts));

Deno.test("history: lines of both, each once, in order of time", () => {
  const [a, b] = [text([prompt(1, 10), prompt(3, 30)]), text([prompt(1, 10), prompt(2, 20)])];
  const wanted = text([prompt(1, 10), prompt(2, 20), prompt(3, 30)]);
  assertEquals(uniteText("history", a, b), wanted);
  assertEquals(uniteText("history", b, a), wanted);
});

Deno.test("history: union is idempotent, and commutative and associative in meaning, and loses no line", () => {
  fc.assert(fc.property(histories(3), ([a = "", b = "", c = ""]) => {
    const ab = uniteText("history", a, b);
    assertEquals(uniteText("history", ab, ab), ab);
    assertEquals(uniteText("history", a, ab), ab);
    assertEquals(uniteText("history", ab, b), ab);
    assertEquals(lineSet(uniteText("history", b, a)), lineSet(ab));
    const left = uniteText("history", ab, c);
    assertEquals(lineSet(left), lineSet(a + b + c));
    assertEquals(lineSet(uniteText("history", a, uniteText("history", b, c))), lineSet(left));
    assertEquals(times(left), times(left).toSorted((x, y) => x - y));
    assertEquals(left.split("\n").length - 1, lineSet(left).length);
  }));
});

Deno.test("unite: any bytes whatever give a log with all lines, and a second union changes nothing", () => {
  const bytes = fc.uint8Array({ maxLength: 60 }).map((all) => all.map((byte) => byte < 40 ? 10 : byte));
  for (const kind of ["index", "history"] as const) {
    fc.assert(fc.property(bytes, bytes, (a, b) => {
      const once = unite(kind, a, b);
      assertEquals(unite(kind, once, a), once);
      assertEquals(unite(kind, b, once), once);
    }));
  }
});
