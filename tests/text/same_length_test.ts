import fc from "fast-check";
import { applySplices, type Splice } from "../../lib/core/splice.ts";
import { member, objectMembers, type Span, stringLiteral, stringValue } from "../../lib/text/json_span.ts";
import { memberWithComma, replaceSameLength } from "../../lib/text/same_length.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

const encode = (value: string) => new TextEncoder().encode(value);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The span of payload.`key` and of its donors in a line. */
function places(line: Uint8Array, key: string, donors: readonly string[], raw = false) {
  const payload = member(objectMembers(line, 0).members, "payload")!;
  const { members } = objectMembers(line, payload.value.start);
  const indexes = donors.map((name) => members.findIndex((one) => one.key === name)).filter((index) =>
    index >= 0
  );
  const bare = (index: number): Span => ({
    start: members[index]!.keySpan.start,
    end: members[index]!.value.end,
  });
  return {
    value: member(members, key)!.value,
    donors: indexes.map((index) => raw ? bare(index) : memberWithComma(line, members, index)),
  };
}

/** Carries out edits and checks what holds for all of them. */
function applied(line: Uint8Array, splices: readonly Splice[] | undefined): Uint8Array {
  assert(splices !== undefined, "there was no room");
  const after = applySplices(line, splices);
  assertEquals(after.length, line.length);
  assert(splices.every((splice) => splice.before !== splice.after), "an edit that changes nothing");
  return after;
}

function replaced(
  json: string,
  key: string,
  text: string,
  donors: readonly string[] = [],
): string | undefined {
  const line = encode(json);
  const at = places(line, key, donors);
  const splice = replaceSameLength(line, at.value, stringLiteral(text), at.donors);
  return splice === undefined ? undefined : decode(applied(line, splice));
}

Deno.test("replaceSameLength() pads directly behind a shorter value", () => {
  assertEquals(replaced('{"payload":{"p":"openai","x":1}}', "p", "m"), '{"payload":{"p":"m"     ,"x":1}}');
  assertEquals(replaced('{"payload":{"p":"openai"}}', "p", "mock"), '{"payload":{"p":"mock"  }}');
});

Deno.test("replaceSameLength() takes white space first: behind the value, then the nearest, also at the line's end", () => {
  assertEquals(
    replaced('{"payload":{"p":"m"     ,"x":1}}', "p", "openai"),
    '{"payload":{"p":"openai","x":1}}',
  );
  assertEquals(replaced('{"payload":{"p": "m" ,"x":1}}', "p", "mo"), '{"payload":{"p": "mo","x":1}}');
  assertEquals(replaced('{"payload":{"p":"m",  "x":1}}', "p", "mo"), '{"payload":{"p":"mo" ,"x":1}}');
  assertEquals(replaced('{"payload":{"p":"m","x":" "}}   ', "p", "mock"), '{"payload":{"p":"mock","x":" "}}');
  assertEquals(replaced('{"payload":{  "o":0,"p":"m"}}', "p", "mo"), '{"payload":{"o":0,"p":"mo" }}');
  assertEquals(replaced('{ "payload":{"p":"m","x":"  "}}', "p", "moc"), undefined);
});

Deno.test("replaceSameLength() takes donors in order, only as many as needed, and leaves the slack behind the value", () => {
  const json = '{"payload":{"d1":11,"p":"m","d2":2222,"z":0}}';
  assertEquals(replaced(json, "p", "mmmm", ["d1", "d2"]), '{"payload":{"p":"mmmm"     ,"d2":2222,"z":0}}');
  assertEquals(replaced(json, "p", "mmmm", ["d2", "d1"]), '{"payload":{"d1":11,"p":"mmmm"       ,"z":0}}');
  assertEquals(
    replaced(json, "p", "m".repeat(15), ["d1", "d2"]),
    `{"payload":{"p":"${"m".repeat(15)}"    ,"z":0}}`,
  );
  assertEquals(replaced(json, "p", "m".repeat(20), ["d1", "d2"]), undefined);
  assertEquals(replaced(json, "p", "mm", []), undefined);
});

Deno.test("replaceSameLength() keeps commas right when the last members go", () => {
  const json = '{"payload":{"p":"m","a":1 , "b":2}}';
  assertEquals(replaced(json, "p", "mmmm", ["b"]), '{"payload":{"p":"mmmm"     ,"a":1}}');
  assertEquals(replaced(json, "p", "m".repeat(14), ["a", "b"]), `{"payload":{"p":"${"m".repeat(14)}" }}`);
  assertEquals(replaced(json, "p", "m".repeat(14), ["b", "a"]), `{"payload":{"p":"${"m".repeat(14)}" }}`);
});

Deno.test("replaceSameLength() gives no edit when nothing changes", () => {
  const line = encode('{"payload":{"p":"m"}}');
  const { value } = places(line, "p", []);
  assertEquals(replaceSameLength(line, value, encode('"m"')), []);
});

Deno.test("replaceSameLength() refuses a donor at the value, outside the line, and a literal with a line break", () => {
  const line = encode('{"payload":{"p":"m","x":1}}');
  const { value } = places(line, "p", []);
  for (const donor of [value, { start: 0, end: 5000 }, { start: 5, end: 5 }, { start: 12, end: 20 }]) {
    assertThrows(() => replaceSameLength(line, value, encode('"longer"'), [donor]), RangeError, "donor");
  }
  assertThrows(() => replaceSameLength(line, value, encode("[\n]")), RangeError, "line break");
});

Deno.test("replaceSameLength() does not join two words of a damaged value", () => {
  assertEquals(replaced('{"payload":{"p":"m","x":[1 2]}}', "p", "mm"), undefined);
});

const word = fc.string({ unit: fc.constantFrom("a", '"', "\\", "é", " ", "{", ","), maxLength: 24 });
const gap = fc.string({ unit: fc.constantFrom(" ", "\t"), maxLength: 2 });
const names: readonly string[] = ["a", "b", "p", "c", "d"];
/** A line with members in a random order and random white space, and donors among them. */
const lines = fc.record({
  order: fc.shuffledSubarray([...names], { minLength: 1 }).filter((order) => order.includes("p")),
  values: fc.array(word, { minLength: 5, maxLength: 5 }),
  gaps: fc.array(gap, { minLength: 24, maxLength: 24 }),
  donors: fc.shuffledSubarray(["a", "b", "c", "d"]),
  raw: fc.boolean(),
}).map(({ order, values, gaps, donors, raw }) => {
  let used = 0;
  const space = () => gaps[used++] ?? "";
  const parts = order.map((name, index) =>
    space() + JSON.stringify(name) + space() + ":" + space() + JSON.stringify(values[index]) + space()
  );
  const json = `{"type":"x",${space()}"payload":{${parts.join(",")}}${space()}}${space()}`;
  return { line: encode(json), donors: donors.filter((name) => order.includes(name)), raw };
});

Deno.test("replaceSameLength() changes the value, drops donors in order, and nothing else", () => {
  fc.assert(
    fc.property(lines, word, ({ line, donors, raw }, text) => {
      const at = places(line, "p", donors, raw);
      const splice = replaceSameLength(line, at.value, stringLiteral(text), at.donors);
      const wanted = JSON.parse(decode(line)) as { payload: Record<string, string> };
      wanted.payload["p"] = text;
      if (splice === undefined) {
        for (const name of donors) delete wanted.payload[name];
        assert(encode(JSON.stringify(wanted)).length > line.length, "there was room");
        return;
      }
      const after = applied(line, splice);
      const result = JSON.parse(decode(after)) as { payload: Record<string, string> };
      const gone = donors.filter((name) => !(name in result.payload));
      assertEquals(gone, donors.slice(0, gone.length));
      for (const name of gone) delete wanted.payload[name];
      assertEquals(result, wanted);
      assertEquals(Object.keys(result.payload), Object.keys(wanted.payload));
    }),
    { numRuns: 300 },
  );
});

Deno.test("replaceSameLength() goes back and forth for ever once room exists", () => {
  fc.assert(
    fc.property(lines, fc.array(word, { minLength: 2, maxLength: 8 }), ({ line, donors }, texts) => {
      const longest = texts.reduce((a, b) => stringLiteral(a).length >= stringLiteral(b).length ? a : b);
      const first = places(line, "p", donors);
      const splice = replaceSameLength(line, first.value, stringLiteral(longest), first.donors);
      if (splice === undefined) return;
      let now = applied(line, splice);
      for (const text of texts) {
        const { value } = places(now, "p", []);
        now = applied(now, replaceSameLength(now, value, stringLiteral(text)));
        assertEquals(stringValue(now, places(now, "p", []).value), text);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("replaceSameLength() says little, however far the donor is from the value", () => {
  const json = `{"payload":{"p":"m","text":"${"x".repeat(20_000)}","d":"0123456789"}}`;
  const line = encode(json);
  const at = places(line, "p", ["d"]);
  const splices = replaceSameLength(line, at.value, stringLiteral("mmmmmm"), at.donors) ?? [];
  assertEquals(splices.map(({ before, after }) => [before.length, after.length]), [[1, 18], [17, 0]]);
  assertEquals(JSON.parse(decode(applied(line, splices))).payload.p, "mmmmmm");
});

Deno.test("memberWithComma() takes one comma: behind, before when last, none when alone", () => {
  const span = (json: string, index: number) => {
    const line = encode(json);
    const { start, end } = memberWithComma(line, objectMembers(line, 0).members, index);
    return json.slice(start, end);
  };
  assertEquals(span('{ "a" : 1 , "b":2}', 0), '"a" : 1 ,');
  assertEquals(span('{"a":1 , "b":2 }', 1), ', "b":2');
  assertEquals(span('{ "a":1 }', 0), '"a":1');
  assertThrows(() => span("{}", 0), RangeError);
});
