import { applySplices } from "../../lib/core/splice.ts";
import { addMembers, removeSpans, replaceSpan } from "../../lib/text/json_edit.ts";
import { arrayItems, JsonSpanError, objectMembers } from "../../lib/text/json_span.ts";
import { assertEquals, assertThrows } from "../assert.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function without(text: string, ...gone: readonly number[]): string {
  const bytes = encode(text);
  const spans = arrayItems(bytes, 0).items.map(({ value }) => value);
  return decode(applySplices(bytes, removeSpans(bytes, spans, gone)));
}

Deno.test("arrayItems() gives the values of one level", () => {
  const text = ' [1, "a,]", [2, {"x": 3}],{}, true ] rest';
  const { items, end } = arrayItems(encode(text), 0);
  assertEquals(items.map(({ value, kind }) => [kind, text.slice(value.start, value.end)]), [
    ["number", "1"],
    ["string", '"a,]"'],
    ["array", '[2, {"x": 3}]'],
    ["object", "{}"],
    ["true", "true"],
  ]);
  assertEquals(text.slice(end), " rest");
  assertEquals(arrayItems(encode("[ ]"), 0), { items: [], end: 3 });
});

Deno.test("arrayItems() throws for what is no array", () => {
  for (const text of ["", "{}", "[", "[1", "[1,]", "[,]", "[1 2]", "[1]".slice(0, 2)]) {
    assertThrows(() => arrayItems(encode(text), 0), JsonSpanError);
  }
});

Deno.test("removeSpans() leaves a well formed list whatever goes", () => {
  assertEquals(without("[1, 2, 3, 4]", 0), "[2, 3, 4]");
  assertEquals(without("[1, 2, 3, 4]", 3), "[1, 2, 3]");
  assertEquals(without("[1, 2, 3, 4]", 1, 2), "[1, 4]");
  assertEquals(without("[1, 2, 3, 4]", 0, 2), "[2, 4]");
  assertEquals(without("[1, 2, 3, 4]", 1, 3), "[1, 3]");
  assertEquals(without("[ 1 ]", 0), "[  ]");
  assertEquals(without("[\n  1,\n  2\n]", 1), "[\n  1\n]");
  for (let mask = 0; mask < 32; mask++) {
    const gone = [0, 1, 2, 3, 4].filter((n) => mask & 1 << n);
    const left = [0, 1, 2, 3, 4].filter((n) => !gone.includes(n));
    assertEquals(JSON.parse(without("[0 ,1, 2,3 , 4]", ...gone)), left);
  }
});

Deno.test("addMembers() lays out new members like the last one", () => {
  const add = (text: string) => {
    const bytes = encode(text);
    const { members } = objectMembers(bytes, 0);
    const splice = addMembers(bytes, members, [["x", "1"], ["y", '"z"']]);
    return splice && decode(applySplices(bytes, [splice]));
  };
  assertEquals(add('{"a":0}'), '{"a":0,"x":1,"y":"z"}');
  assertEquals(add('{"a": 0, "b": 1}'), '{"a": 0, "b": 1, "x": 1, "y": "z"}');
  assertEquals(add('{\r\n\t"a": 0\r\n}'), '{\r\n\t"a": 0,\r\n\t"x": 1,\r\n\t"y": "z"\r\n}');
  assertEquals(add("{}"), undefined);
});

Deno.test("replaceSpan() puts a literal in the place of a value", () => {
  const bytes = encode('{"a": "é"}');
  const [found] = objectMembers(bytes, 0).members;
  const splice = replaceSpan(bytes, found?.value ?? { start: 0, end: 0 }, encode("[1]"));
  assertEquals(decode(applySplices(bytes, [splice])), '{"a": [1]}');
});
