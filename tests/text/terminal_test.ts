import fc from "fast-check";
import { displayWidth, escapeJson, padEnd, quote, truncate } from "../../lib/text/terminal.ts";
import { assert, assertEquals } from "../assert.ts";

/** Everything that could act on a terminal, said without property escapes so that the test has its own opinion. */
function isActive(code: number): boolean {
  return code < 0x20 || code >= 0x7f && code < 0xa0 || code === 0xad || code >= 0x600 && code <= 0x605 ||
    code === 0x61c || code === 0x6dd || code === 0x70f || code === 0x180e ||
    code >= 0x200b && code <= 0x200f ||
    code >= 0x2028 && code <= 0x202e || code >= 0x2060 && code <= 0x206f ||
    code >= 0xd800 && code <= 0xdfff ||
    code === 0xfeff || code >= 0xfff0 && code <= 0xfffb || code >= 0x1d173 && code <= 0x1d17a ||
    code >= 0xe0000 && code <= 0xe007f;
}

function activeIn(text: string): string[] {
  return [...text].filter((one) => isActive(one.codePointAt(0)!));
}

/** Titles that try to act, and what is shown instead. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ["\u001b[31mred\u001b[0m", "\\u{1b}[31mred\\u{1b}[0m"],
  ["\u001b]0;title\u0007", "\\u{1b}]0;title\\u{7}"],
  [
    "\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\",
    "\\u{1b}]8;;http://x\\u{1b}\\link\\u{1b}]8;;\\u{1b}\\",
  ],
  ["\u001b]52;c;eA==\u0007", "\\u{1b}]52;c;eA==\\u{7}"],
  ["\u001bP+q\u001b\\", "\\u{1b}P+q\\u{1b}\\"],
  ["\u009b2J", "\\u{9b}2J"],
  ["\u009d0;x\u009c", "\\u{9d}0;x\\u{9c}"],
  ["\u0090q\u009c", "\\u{90}q\\u{9c}"],
  ["real\rfake", "real\\u{d}fake"],
  ["abc\b\b\bxyz", "abc\\u{8}\\u{8}\\u{8}xyz"],
  ["a\u0000b", "a\\u{0}b"],
  ["a\u007fb", "a\\u{7f}b"],
  ["bell\u0007", "bell\\u{7}"],
  ["two\nlines\tand tab", "two\\u{a}lines\\u{9}and tab"],
  ["exe\u202etxt.cod", "exe\\u{202e}txt.cod"],
  ["a\u2066b\u2069", "a\\u{2066}b\\u{2069}"],
  ["\u200e\u200f\u061c", "\\u{200e}\\u{200f}\\u{61c}"],
  ["zero\u200bwidth\u200d\u2060", "zero\\u{200b}width\\u{200d}\\u{2060}"],
  ["soft\u00adhyphen", "soft\\u{ad}hyphen"],
  ["\ufeffmark", "\\u{feff}mark"],
  ["tag\u{e0041}\u{e007f}\u{e0001}", "tag\\u{e0041}\\u{e007f}\\u{e0001}"],
  ["line\u2028para\u2029", "line\\u{2028}para\\u{2029}"],
  ["lone\ud800 and \udc00", "lone\\u{d800} and \\u{dc00}"],
  ["next\u0085line", "next\\u{85}line"],
];

Deno.test("quote() shows every hostile title inert", () => {
  for (const [title, shown] of HOSTILE) assertEquals(quote(title), shown);
});

Deno.test("quote() leaves ordinary text alone", () => {
  for (
    const text of ["", "C:\\Users\\é", "日本語 — 😀👍🏽", "naïve “quotes” ﬁ ½", "e\u0301", "עברית العربية"]
  ) {
    assertEquals(quote(text), text);
  }
});

Deno.test("quote() and escapeJson() let no active character through, and escapeJson() keeps the value", () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom(...HOSTILE.map(([title]) => title)),
    ),
  });
  fc.assert(
    fc.property(text, text, (key, value) => {
      assertEquals(activeIn(quote(value)), []);
      const data = { [key]: [value, { nested: value }] };
      assertEquals(activeIn(escapeJson(JSON.stringify(data))), []);
      assertEquals(JSON.stringify(JSON.parse(escapeJson(JSON.stringify(data)))), JSON.stringify(data));
    }),
    { numRuns: 300 },
  );
});

Deno.test("quote() stops every active character of Unicode, one by one", () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    if (!isActive(code)) continue;
    const one = String.fromCodePoint(code);
    assertEquals(quote(one), `\\u{${code.toString(16)}}`);
    assertEquals(JSON.parse(escapeJson(JSON.stringify(one))), one);
  }
});

Deno.test("escapeJson() keeps the layout of indented JSON", () => {
  const json = JSON.stringify({ a: "x\u009b\u2028", b: [1, "\u{e0041}"] }, null, "\t").replaceAll(
    "\n",
    "\r\n",
  );
  const escaped = escapeJson(json);
  assertEquals(
    escaped,
    '{\r\n\t"a": "x\\u009b\\u2028",\r\n\t"b": [\r\n\t\t1,\r\n\t\t"\\udb40\\udc41"\r\n\t]\r\n}',
  );
  assertEquals(JSON.parse(escaped), JSON.parse(json));
});

Deno.test("displayWidth() counts columns", () => {
  const widths: [string, number][] = [
    ["", 0],
    ["plain ~", 7],
    ["é¿ÿ", 3],
    ["e\u0301\u20dd", 1],
    ["日本語", 6],
    ["한글", 4],
    ["\u1112\u1161\u11ab", 2],
    ["ｆｕｌｌ", 8],
    ["ﾊﾝｶｸ", 4],
    ["😀", 2],
    ["✅ ok", 5],
    ["☎", 1],
    ["🇩🇪", 2],
    ["𠀀", 2],
    ["—…“”", 4],
    ["नि", 2],
  ];
  for (const [text, width] of widths) assertEquals(displayWidth(text), width, text);
});

Deno.test("padEnd() and truncate() keep to the columns", () => {
  assertEquals(padEnd("日本", 6) + "|", "日本  |");
  assertEquals(padEnd("日本", 3), "日本");
  assertEquals(truncate("short", 5), "short");
  assertEquals(truncate("longer", 5), "long…");
  assertEquals(truncate("日本語", 5), "日本…");
  assertEquals(truncate("日本語", 4), "日…");
  assertEquals(truncate("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  assertEquals(truncate("ab", 0), "");
  const unit = fc.constantFrom("a", "é", "e\u0301", "日", "😀", "…");
  fc.assert(
    fc.property(fc.string({ unit }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      const cut = truncate(text, width);
      assert(displayWidth(cut) <= width, cut);
      assert(cut === text || displayWidth(cut) >= width - 1, "cut too short");
      assertEquals(displayWidth(padEnd(cut, width)), width);
    }),
    { numRuns: 300 },
  );
});
