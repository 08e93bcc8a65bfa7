import fc from "fast-check";
import { csvCell, csvText } from "../../lib/text/csv.ts";
import { assert, assertEquals, assertMatch } from "../assert.ts";

/** Reads RFC 4180 the slow and strict way; throws for anything else. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < text.length;) {
    const found = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(text.slice(at));
    if (found === null) throw new Error(`not CSV at ${at}: ${JSON.stringify(text.slice(at, at + 20))}`);
    const [all, quoted, plain = "", end] = found;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    at += all.length;
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  assertEquals(row, [], "the last line has an end");
  return rows;
}

/** The text that a cell stands for. */
function meant(cell: string): string {
  return cell.replace(/^'/, "").replace(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) => {
    return String.fromCodePoint(parseInt(hex, 16));
  });
}

/** Text of the kinds that go wrong in tables and terminals. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(..."=+-@'\"\\,;u{5c}\t\r\n\0\u001b\u202e\ud800＝ａ日 a"),
    maxLength: 12,
  }),
);

Deno.test("csvText() reads back as what was written, whatever the cells", () => {
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { maxLength: 5 }), (rows) => {
      assertEquals(parseCsv(csvText(rows)).map((row) => row.map(meant)), rows);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("csvText() has nothing in it that could act, and one line for each row", () => {
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { maxLength: 5 }), (rows) => {
      const lines = csvText(rows).split("\r\n");
      assertEquals(lines.pop(), "");
      assertEquals(lines.length, rows.length);
      for (const line of lines) assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(line), line);
      for (const cell of parseCsv(csvText(rows)).flat()) assert(!/^[=+\-@＝＋－＠\t\r]/.test(cell), cell);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("csvCell() leaves ordinary text alone and marks what a spreadsheet would compute", () => {
  for (const plain of ["", "openai", "019b0001-0000-7000-8000-00000000000a", "C:\\unit\\x", "日本", "a=1"]) {
    assertEquals(csvCell(plain), plain);
  }
  assertEquals(csvCell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
  assertEquals(csvCell("@SUM(1,2)"), `"'@SUM(1,2)"`);
  assertEquals(csvCell("\t=1"), "\\u{9}=1");
  assertEquals(csvCell('say "hi"'), '"say ""hi"""');
  assertEquals(csvCell("a\0b\r\nc"), "a\\u{0}b\\u{d}\\u{a}c");
  assertMatch(csvCell("\\u{9}"), /^\\u\{5c\}u\{9\}$/);
});
