/** `replaceSameLength()` where the line is to have another length on purpose. */
import { applySplices } from "../../lib/core/splice.ts";
import { member, objectMembers } from "../../lib/text/json_span.ts";
import { memberWithComma, replaceSameLength } from "../../lib/text/same_length.ts";
import { assertEquals } from "../assert.ts";

/** The line with `p` set to a literal and as many more bytes as wanted; undefined where there is no room. */
function grown(
  json: string,
  literal: string,
  growth: number,
  donors: readonly string[] = [],
): string | undefined {
  const line = new TextEncoder().encode(json);
  const { members } = objectMembers(line, 0);
  const value = member(members, "p")?.value ?? { start: 0, end: 0 };
  const spare = donors.map((name) =>
    memberWithComma(line, members, members.findIndex(({ key }) => key === name))
  );
  const splices = replaceSameLength(line, value, new TextEncoder().encode(literal), spare, growth);
  return splices && new TextDecoder().decode(applySplices(line, splices));
}

Deno.test("replaceSameLength() puts what a line is to grow by behind the value, which may stay", () => {
  assertEquals(grown('{"p":"old","x":1}', '"old"', 3), '{"p":"old"   ,"x":1}');
  assertEquals(grown('{"p":"old","x":1}', '"longer"', 3), '{"p":"longer","x":1}');
  assertEquals(grown('{"p":"old","x":1}', '"longer"', 5), '{"p":"longer"  ,"x":1}');
  assertEquals(grown('{"p":1234}', "56", 0), '{"p":56  }');
});

Deno.test("replaceSameLength() takes what a line is to shrink by from white space, then from donors", () => {
  assertEquals(grown('{"p": "old", "x": 1}', '"old"', -3), '{"p":"old","x":1}');
  assertEquals(grown('{"p":"old"   ,"x":1}', '"old"', -1), '{"p":"old"  ,"x":1}');
  assertEquals(grown('{"p":"old"   ,"x":1}', '"old"', -3), '{"p":"old","x":1}');
  assertEquals(grown('{"p":"old","x":1}', '"old"', -1), undefined);
  assertEquals(grown('{"p":"old","x":1}', '"old"', -1, ["x"]), '{"p":"old"     }');
  assertEquals(grown('{"p":"old","x":1}', '"new"', -6, ["x"]), '{"p":"new"}');
});

Deno.test("replaceSameLength() changes nothing when nothing is to change", () => {
  assertEquals(grown('{"p":"old", "x":1}', '"old"', 0), '{"p":"old", "x":1}');
});
