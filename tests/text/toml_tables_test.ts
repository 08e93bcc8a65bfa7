import { applySplices } from "../../lib/core/splice.ts";
import { pathLine, takeTable } from "../../lib/text/toml_tables.ts";
import { assertEquals } from "../assert.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** What is taken and what is left. */
function take(text: string, ...path: readonly string[]): readonly [string, string] | undefined {
  const taken = takeTable(encode(text), path);
  return taken && [taken.text, decode(applySplices(encode(text), taken.splices))];
}

Deno.test("takeTable() takes a table with its comments and its own tables, wherever they stand", () => {
  const text =
    "# top\nmodel = \"a\" # root\n\n# about x\n[p.x] # the header\n  model = 'b'   # inside\n# last of x\n\n" +
    "[other]\nn = 1\n\n[p.x.deep]\nk = [1,\n  2]\n# of y\n[p.y]\nm = 3\n[[p.x.list]]\nz = 1";
  assertEquals(take(text, "p", "x"), [
    "# about x\n# the header\n  model = 'b'   # inside\n# last of x\n\n" +
    "[deep]\nk = [1,\n  2]\n[[list]]\nz = 1\n",
    '# top\nmodel = "a" # root\n\n[other]\nn = 1\n\n# of y\n[p.y]\nm = 3\n',
  ]);
});

Deno.test("takeTable() puts the table itself first, also when one of its own stands before it", () => {
  assertEquals(take("[p.x.deep]\nk = 1\n[p.x]\nm = 2\n", "p", "x"), ["m = 2\n[deep]\nk = 1\n", ""]);
  assertEquals(take("[p.x.deep]\nk = 1\n", "p", "x"), ["[deep]\nk = 1\n", ""]);
  assertEquals(take("[p.x]\n", "p", "x"), ["", ""]);
});

Deno.test("takeTable() reads quoted and spaced names, and keeps line endings and a byte order mark", () => {
  assertEquals(take('\ufeffa = 1\r\n[ p . "x" ]\r\nb = "ü"\r\n[p.\'x\'.c.d]\r\ne = 2\r\n[z]\r\n', "p", "x"), [
    'b = "ü"\r\n[c.d]\r\ne = 2\r\n',
    "\ufeffa = 1\r\n[z]\r\n",
  ]);
});

Deno.test("takeTable() leaves directives at the top where they are", () => {
  assertEquals(take("#:schema s\n# about\n[p.x]\na = 1\n", "p", "x"), ["# about\na = 1\n", "#:schema s\n"]);
});

Deno.test("takeTable() takes nothing that is not written as tables alone", () => {
  assertEquals(take("p = { x = { a = 1 } }\n", "p", "x"), undefined);
  assertEquals(take("p.x.a = 1\n", "p", "x"), undefined);
  assertEquals(take("[p]\nx = { a = 1 }\n", "p", "x"), undefined);
  assertEquals(take("[p]\nx.b = 2\n[p.y]\na = 1\n", "p", "x"), undefined);
  assertEquals(take("[[p.x]]\na = 1\n[[p.x]]\na = 2\n", "p", "x"), undefined);
  assertEquals(take("[p.y]\na = 1\n", "p", "x"), undefined);
});

Deno.test("pathLine() finds keys and tables in every form", () => {
  const text = 'a = 1\np.q.r = 2\n[m."o p"]\nid = 3\nin = { deep = 4 }\n[m.s.t]\n';
  assertEquals(pathLine(encode(text), ["a"]), 1);
  assertEquals(pathLine(encode(text), ["p", "q"]), 2);
  assertEquals(pathLine(encode(text), ["m", "o p"]), 3);
  assertEquals(pathLine(encode(text), ["m", "o p", "in", "deep"]), 5);
  assertEquals(pathLine(encode(text), ["m", "s"]), 6);
  assertEquals(pathLine(encode(text), ["z"]), undefined);
  assertEquals(pathLine(encode("not toml"), ["not"]), undefined);
});
