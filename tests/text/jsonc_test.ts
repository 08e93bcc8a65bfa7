import fc from "fast-check";
import { parseJsonc } from "../../lib/text/jsonc.ts";
import { assertEquals, assertThrows } from "../assert.ts";

Deno.test("parseJsonc() reads comments, trailing commas and a byte order mark", () => {
  const text = '\ufeff// top\n{ "a": [1, 2,], /* "b": 0, */ "url": "http://x/*y*/", }\r\n';
  assertEquals(parseJsonc(text), { a: [1, 2], url: "http://x/*y*/" });
});

Deno.test("parseJsonc() reads what JSON.parse reads", () => {
  fc.assert(
    fc.property(
      fc.json(),
      (json) => assertEquals(JSON.stringify(parseJsonc(json)), JSON.stringify(JSON.parse(json))),
    ),
    { numRuns: 200 },
  );
});

Deno.test("parseJsonc() throws SyntaxError for what is neither", () => {
  for (
    const text of [
      "",
      "// only",
      "{",
      "[1 2]",
      "{'a':1}",
      "{a:1}",
      "nul",
      '"\n"',
      "{}{}",
      "/* open",
      "[".repeat(1e5),
    ]
  ) {
    assertThrows(() => parseJsonc(text), SyntaxError, "", text.slice(0, 20));
  }
});
