import fc from "fast-check";
import { parse } from "smol-toml";
import { applySplices } from "../../lib/core/splice.ts";
import { AppError } from "../../lib/core/error.ts";
import { parseToml, rootKeySplice, TomlError } from "../../lib/text/toml_edit.ts";
import { pathLine } from "../../lib/text/toml_tables.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

const KEY = "model_provider";
const encode = (value: string) => new TextEncoder().encode(value);
const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** The file after the edit; the same text when there is nothing to do. */
function edited(text: string, value: string | undefined, key = KEY): string {
  const bytes = encode(text);
  const splice = rootKeySplice(bytes, key, value);
  return decode(splice === undefined ? bytes : applySplices(bytes, [splice]));
}

/**
 * Files with the key. "§" cuts each into: before, the line up to the value, the value, the rest of the line, after.
 * `quoted` is what the value "new" becomes.
 */
const WITH_KEY: Record<string, { readonly text: string; readonly quoted?: string }> = {
  "plain": { text: 'model = "gpt"\n§model_provider = §"old"§\n§x = 1\n[t]\ny = 2\n' },
  "first line": { text: '§model_provider = §"old"§\n§model = "gpt"\n' },
  "only line, no final newline": { text: '§model_provider = §"old"§§' },
  "last line, no final newline": { text: 'a = 1\n§model_provider = §"old"§§' },
  "CRLF": { text: 'a = 1\r\n§model_provider = §"old"§\r\n§[t]\r\nb = 2\r\n' },
  "BOM": { text: '\ufeff§model_provider = §"old"§\n§b = 2\n' },
  "BOM and CRLF": { text: '\ufeffa = 1\r\n§model_provider = §"old"§\r\n§b = 2\r\n' },
  "mixed line endings": { text: 'a = 1\r\nb = 2\n§model_provider = §"old"§\r\n§c = 3\n' },
  "double-quoted key": { text: '§"model_provider" = §"old"§\n§' },
  "single-quoted key": { text: "§'model_provider' = §\"old\"§\n§" },
  "escaped key": { text: '§"model\\u005fprovider" = §"old"§\n§' },
  "literal value": { text: "§model_provider = §'old'§\n§b = 2\n", quoted: "'new'" },
  "escaped value": { text: '§model_provider = §"o\\"l\\u0064"§\n§' },
  "multi-line value": { text: 'a = 1\n§model_provider = §"""\nold"""§ # which\n§b = 2\n' },
  "multi-line literal value": { text: "§model_provider = §'''\nold'''§\n§b = 2\n", quoted: "'new'" },
  "comments around": {
    text: '# model_provider = "no"\n§model_provider = §"old"§ # "because" # = 1\n§# after\n',
  },
  "hash in the value": { text: '§model_provider = §"o#ld"§ # note\n§b = 1\n' },
  "decoy in a multi-line string before": {
    text: 'note = """\nmodel_provider = "no"\n"""\n§model_provider = §"old"§\n§',
  },
  "decoy in a literal string after": {
    text: "§model_provider = §'old'§\n§n = '''\nmodel_provider = 'no'\n'''\n",
    quoted: "'new'",
  },
  "dotted and inline decoys": {
    text: 'a.model_provider = "no"\nb = { model_provider = "no" }\n§model_provider = §"old"§\n§c.d = 1\n',
  },
  "decoys in tables": {
    text: '§model_provider = §"old"§\n§[p]\nmodel_provider = "no"\n[[q]]\nmodel_provider = "no"\n',
  },
  "decoy in the key path": { text: '§model_provider = §"old"§\n§[x.model_provider]\nb = 1\n' },
  "tabs, indentation, trailing spaces": { text: '\ta = 1\n§\t model_provider\t=\t§"old"§ \t \n§\t[t]\n' },
  "no spaces": { text: 'a=1\n§model_provider=§"old"§\n§b=2\n' },
  "big integers, floats, dates": {
    text:
      'i = 9_223_372_036_854_775_807\nf = 1.0e+2\nn = -nan\n§model_provider = §"old"§\n§d = 1979-05-27T07:32:00.5-07:00\nt = 07:32\nh = 0xdead_beef\n',
  },
  "Unicode before": { text: '# größe 😀\nt = "日本語 😀 é"\n§model_provider = §"old"§\n§"ключ" = "ж"\n' },
  "array of tables and late parent": {
    text: '§model_provider = §"old"§\n§[[a]]\n[[a]]\nb = 1\n[c.d]\n[c]\n',
  },
  "a number instead": { text: "§model_provider = §5§\n§b = 1\n" },
};

/** Files without the key. "§" is where it goes, `line` what is put there. */
const WITHOUT_KEY: Record<string, { readonly text: string; readonly line: string }> = {
  "empty": { text: "§", line: 'model_provider = "new"\n' },
  "only a BOM": { text: "\ufeff§", line: 'model_provider = "new"\n' },
  "only comments": { text: "# one\n\n# two\n§", line: 'model_provider = "new"\n' },
  "only comments, no final newline": { text: "# one\r\n# two§", line: '\r\nmodel_provider = "new"' },
  "behind the last root key": {
    text: 'a = "x"\nb = 1 # c\n§\n# about t\n[t]\nc = 2\n',
    line: 'model_provider = "new"\n',
  },
  "behind a multi-line array": {
    text: 'a = [\n  "x", # one\n  "y",\n] # end\n§[t]\n',
    line: 'model_provider = "new"\n',
  },
  "behind a multi-line string": { text: 'a = """\n[no]\n"""\n§[t]\n', line: 'model_provider = "new"\n' },
  "behind a key without final newline": { text: "a = 1§", line: '\nmodel_provider = "new"' },
  "behind a CRLF key without final newline": { text: "a = 1\r\nb = 2§", line: '\r\nmodel_provider = "new"' },
  "BOM, CRLF, before a table": { text: "\ufeff§[t]\r\na = 1\r\n", line: 'model_provider = "new"\r\n' },
  "before the comment of a table": { text: "§# about t\n[t]\na = 1\n", line: 'model_provider = "new"\n' },
  "behind a heading comment": {
    text: "# My settings\n# and more\n§\n[t]\na = 1\n",
    line: 'model_provider = "new"\n',
  },
  "behind a directive": {
    text: "#:schema https://example.com/s.json\n§[t]\n",
    line: 'model_provider = "new"\n',
  },
  "like its neighbour: quotes, spaces, indentation": {
    text: "  a='x'\n§[t]\n",
    line: "  model_provider='new'\n",
  },
  "like the nearest of its neighbours": {
    text: "a = \"x\"\nb = 'y'\nc = 1\n§",
    line: "model_provider = 'new'\n",
  },
  "like its neighbour, but not its alignment": { text: "a      = 'x'\n§", line: "model_provider = 'new'\n" },
  "behind dotted keys": {
    text: 'a.b = 1\nc.model_provider = "no"\n§[t]\nmodel_provider = "no"\n',
    line: 'model_provider = "new"\n',
  },
};

for (const [name, { text, quoted = '"new"' }] of Object.entries(WITH_KEY)) {
  const [before, head, value, tail, after] = text.split("§") as [string, string, string, string, string];
  const whole = before + head + value + tail + after;
  Deno.test(`rootKeySplice() sets a key that is there: ${name}`, () => {
    const result = edited(whole, "new");
    assertEquals(result, before + head + quoted + tail + after);
    assertEquals(edited(result, "new"), result);
    assertEquals(pathLine(encode(whole), [KEY]), before.split("\n").length);
  });
  Deno.test(`rootKeySplice() deletes a key that is there: ${name}`, () => {
    const result = edited(whole, undefined);
    assertEquals(result, before + after);
    assertEquals(rootKeySplice(encode(result), KEY, undefined), undefined);
    assertEquals(pathLine(encode(result), [KEY]), undefined);
  });
}

for (const [name, { text, line }] of Object.entries(WITHOUT_KEY)) {
  Deno.test(`rootKeySplice() adds a key: ${name}`, () => {
    const result = edited(text.replace("§", ""), "new");
    assertEquals(result, text.replace("§", line));
    assertEquals(edited(result, "new"), result);
    assertEquals(rootKeySplice(encode(text.replace("§", "")), KEY, undefined), undefined);
  });
}

/** Pieces of root table and of tables, each valid beside the others. */
const ROOT_PARTS = [
  "# comment\n",
  "\n",
  '  # model_provider = "no"\r\n',
  "a = 1\n",
  "b = '''\nmodel_provider = 1\n'''\r\n",
  'c.d = "😀"\n',
  "e = [ 1,\n # x\n 2 ]\n",
  "\tf = { model_provider = 'no' }\n",
  'g = "é" # ü\r\n',
];
const TABLES = [
  '[t]\nmodel_provider = "no"\n',
  "# of u\n[u.v]\r\n",
  "[u]\nx = 1979-05-27\n",
  "[[w]]\n[[w]]\ny = nan",
];

Deno.test("rootKeySplice() leaves everything else alone in generated files, and goes back and forth", () => {
  const file = fc.record({
    bom: fc.boolean(),
    parts: fc.shuffledSubarray(ROOT_PARTS),
    key: fc.option(fc.constantFrom('model_provider = "old" # c\n', "'model_provider'='old'\r\n")),
    place: fc.nat(9),
    tables: fc.subarray(TABLES),
  }).map(({ bom, parts, key, place, tables }) =>
    (bom ? "\ufeff" : "") + [...parts.slice(0, place), key ?? "", ...parts.slice(place), ...tables].join("")
  );
  const value = fc.string({
    unit: fc.constantFrom("a", "'", '"', "\\", "\n", "é", "😀", "\u007f", "#"),
    maxLength: 8,
  });
  fc.assert(
    fc.property(file, value, (text, wanted) => {
      const { model_provider: _, ...others } = parse(text, { integersAsBigInt: true });
      const set = edited(text, wanted);
      assertEquals({ ...parse(set, { integersAsBigInt: true }) }, { ...others, model_provider: wanted });
      const deleted = edited(set, undefined);
      assertEquals({ ...parse(deleted, { integersAsBigInt: true }) }, others);
      assertEquals(edited(deleted, undefined), deleted);
      // taking the key's own line out of either file leaves the same lines, in the same order
      const key = (line: string) => /^\s*(model_provider|'model_provider')\s*=\s*(?!1$|"no"$)/.test(line);
      const rest = (file: string) =>
        file.replace("\ufeff", "").split("\n").filter((line) => line.trim() !== "" && !key(line));
      assertEquals(rest(deleted), rest(text));
    }),
    { numRuns: 300 },
  );
});

Deno.test("rootKeySplice() refuses a table, a list, a dotted key and text that TOML cannot hold", () => {
  const files = [
    '[model_provider]\nx = "secret"\n',
    'model_provider.x = "secret"\n',
    'model_provider = { x = "secret" }\n',
    'model_provider = ["secret"]\n',
    '[[model_provider]]\nx = "secret"\n',
  ];
  for (const file of files) {
    for (const value of ["new", undefined]) {
      const error = assertThrows(() => rootKeySplice(encode(file), KEY, value), AppError, "model_provider");
      assertEquals(error.code, "config-invalid");
      assert(!error.message.includes("secret"), error.message);
    }
  }
  const error = assertThrows(() => rootKeySplice(encode("a = 1\n"), KEY, "\ud800"), AppError);
  assertEquals(error.code, "config-invalid");
});

Deno.test("rootKeySplice() refuses a file that one of the two readers does not take", () => {
  const error = assertThrows(() => rootKeySplice(encode("d = 2021-02-30\n"), KEY, "new"), AppError);
  assertEquals(error.code, "config-invalid");
  assertThrows(() => rootKeySplice(encode("a = 1\na = 2\n"), KEY, "new"), TomlError, "line 2");
});

Deno.test("rootKeySplice() writes keys and values that need quotes", () => {
  assertEquals(edited("", 'a"\u007f\n', "odd key"), '"odd key" = "a\\"\\u007f\\n"\n');
  assertEquals(edited("a = 'x'\n", "it's"), "a = 'x'\nmodel_provider = \"it's\"\n");
  assertEquals(edited("", "x", "__proto__"), '__proto__ = "x"\n');
});

Deno.test("parseToml() says where a file is wrong and never repeats its content", () => {
  const cases: [string | Uint8Array, number, number][] = [
    ['a = 1\ntoken = "sk-secret\n', 2, 19],
    ["ok = 1\nsecret = \n", 2, 10],
    ["\ufeffsecret = ?", 1, 10],
    ["a = 1\r\n[secret]\r\n[secret]\r\n", 3, 2],
    [Uint8Array.of(0x61, 0x3d, 0x31, 0x0a, 0x23, 0xff), 2, 2],
    [Uint8Array.of(0xff, 0xfe, 0x61, 0x00), 1, 1],
  ];
  for (const [input, line, column] of cases) {
    const bytes = typeof input === "string" ? encode(input) : input;
    const error = assertThrows(() => parseToml(bytes), TomlError, `line ${line}, column `);
    assertEquals([error.line, error.column], [line, column], error.message);
    assert(!/secret|sk-/.test(error.message), error.message);
    assertEquals(error.cause, undefined);
  }
});

Deno.test("parseToml() reads big integers exactly, drops the BOM, and takes Codex's table order", () => {
  const { data, text } = parseToml(encode("\ufeffn = 9223372036854775807\n[a.b.c]\n[a.b]\nx = true\n"));
  assertEquals(data["n"], 9223372036854775807n);
  assertEquals(text.startsWith("n"), true);
  assertEquals(JSON.stringify(data["a"]), '{"b":{"c":{},"x":true}}');
  assertEquals(pathLine(encode("not toml"), ["n"]), undefined);
});
