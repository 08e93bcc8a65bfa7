import fc from "fast-check";
import {
  JsonSpanError,
  member,
  objectMembers,
  spaceRuns,
  spaces,
  type Span,
  stringLiteral,
  stringValue,
} from "../../lib/text/json_span.ts";
import { toByteString } from "../../lib/core/bytes.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

const encode = (value: string) => new TextEncoder().encode(value);
const cut = (bytes: Uint8Array, span: Span) => new TextDecoder().decode(bytes.subarray(span.start, span.end));

/** JSON values whose strings are full of the characters that matter to a walker. */
const hostileText = fc.string({
  unit: fc.constantFrom(
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "a",
    "\n",
    "é",
    "😀",
    "\u0000",
    "\ud800",
  ),
});
const { value: jsonValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("true", "false", "null", "0", "-1.5e+300", "9007199254740993", "1.0", "1e2"),
    hostileText.map((one) => JSON.stringify(one)),
    tie("list"),
    tie("object"),
  ),
  list: fc.array(fc.tuple(gap(), tie("value"), gap())).map((all) =>
    `[${all.map((one) => one.join("")).join(",")}]`
  ),
  object: fc.array(fc.tuple(gap(), hostileText, gap(), gap(), tie("value"), gap())).map(objectText),
})) as { value: fc.Arbitrary<string> };

function gap(): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(" ", "\t", "\r", "\n"), maxLength: 3 });
}

function objectText(members: [string, string, string, string, unknown, string][]): string {
  const parts = members.map(([a, key, b, c, value, d]) => a + JSON.stringify(key) + b + ":" + c + value + d);
  return `{${parts.join(",")}}`;
}

Deno.test("objectMembers() lists every member of generated objects with exact spans", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(gap(), hostileText, gap(), gap(), jsonValue, gap())),
      gap(),
      (list, lead) => {
        const json = list.length === 0 ? "{ }" : objectText(list);
        const bytes = encode(`xx${lead}${json} tail`);
        const { members, end } = objectMembers(bytes, 2);
        assertEquals(end, bytes.length - 5);
        assertEquals(members.map((one) => one.key), list.map(([, key]) => key));
        assertEquals(members.map((one) => cut(bytes, one.value)), list.map((one) => one[4]));
        assertEquals(
          members.map((one) => cut(bytes, one.keySpan)),
          list.map(([, key]) => JSON.stringify(key)),
        );
        for (const one of members) {
          const value: unknown = JSON.parse(cut(bytes, one.value));
          const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
          assertEquals(one.kind, typeof value === "boolean" ? `${value}` : type);
          assertEquals(stringValue(bytes, one.value), typeof value === "string" ? value : undefined);
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("objectMembers() fails on every cut of an object, and says where", () => {
  const json = encode(String.raw`{"a":"x\"\\","b":[1,{"c":"]"}],"d":-1.5e3,"e":null}`);
  for (let length = 0; length < json.length; length++) {
    const error = assertThrows(() => objectMembers(json.subarray(0, length), 0), JsonSpanError);
    assert(error.offset <= length, `offset ${error.offset} beyond ${length}`);
  }
  assertEquals(objectMembers(json, 0).members.length, 4);
});

Deno.test("objectMembers() refuses what is not one JSON object", () => {
  const wrong = [
    "",
    "[]",
    "\ufeff{}",
    "{,}",
    '{"a":1,}',
    '{"a" 1}',
    '{"a":}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":nul}',
    '{"a":truex}',
    '{"a":NaN}',
    '{"a":"b" "c":1}',
    "{a:1}",
    "{'a':1}",
    '{"a":[}]}',
    '{"a":[1}',
    '{"a":[1}}',
    '{"a":{"b":1]}',
    '{"a":"\\"}',
    '{"\\x":1}',
    '{"a\u0001":1}',
    '{"a":' + "[".repeat(5000) + "]".repeat(5000) + "}",
  ];
  for (const json of wrong) {
    const error = assertThrows(
      () => objectMembers(encode(json), 0),
      JsonSpanError,
      "at byte ",
      json.slice(0, 40),
    );
    assert(!error.message.includes("truex"), "the message repeats content");
  }
});

Deno.test("member() decodes keys, and refuses a key that is there twice", () => {
  const bytes = encode(String.raw`{"\u006dodel":1,"x":{"model":2}}`);
  const { members } = objectMembers(bytes, 0);
  assertEquals(cut(bytes, member(members, "model")!.value), "1");
  assertEquals(member(members, "y"), undefined);
  const twice = objectMembers(encode(String.raw`{"a":1,"b":2,"\u0061":3}`), 0).members;
  assertEquals(twice.map((one) => one.key), ["a", "b", "a"]);
  assertEquals(assertThrows(() => member(twice, "a"), JsonSpanError, 'duplicate key "a"').offset, 13);
  assertEquals(member(twice, "b")?.kind, "number");
});

Deno.test("stringValue() keeps a U+FEFF and refuses what cannot be read exactly", () => {
  const whole = (bytes: Uint8Array) => stringValue(bytes, { start: 0, end: bytes.length });
  assertEquals(whole(encode('"\ufeffx"')), "\ufeffx");
  assertEquals(whole(encode(String.raw`"\ud800 \n é"`)), "\ud800 \n é");
  assertEquals(whole(encode("12")), undefined);
  for (const bad of ['"\\q"', '"\n"', '"\\u12"']) assertThrows(() => whole(encode(bad)), JsonSpanError);
  assertThrows(() => whole(Uint8Array.of(0x22, 0xff, 0x22)), JsonSpanError, "UTF-8");
});

Deno.test("stringLiteral() reads back as the same text", () => {
  fc.assert(
    fc.property(fc.oneof(hostileText, fc.string({ unit: "binary" })), (value) => {
      const bytes = stringLiteral(value);
      assertEquals(stringValue(bytes, { start: 0, end: bytes.length }), value);
    }),
    { numRuns: 300 },
  );
});

Deno.test("spaces() and spaceRuns() find white space outside strings only", () => {
  const json = ' {"a b" : [ 1,\t"\\" "] }\r\n';
  const bytes = encode(json);
  assertEquals(spaces(bytes, 0), 1);
  assertEquals(spaces(bytes, 1), 1);
  assertEquals(spaces(bytes, bytes.length), bytes.length);
  const found = spaceRuns(toByteString(bytes)).map((run) => [run.start, cut(bytes, run)]);
  assertEquals(found, [[0, " "], [7, " "], [9, " "], [11, " "], [14, "\t"], [21, " "], [23, "\r\n"]]);
});
