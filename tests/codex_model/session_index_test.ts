import { fromByteString } from "../../lib/core/bytes.ts";
import { nameLines, readSessionIndex } from "../../lib/codex/session_index.ts";
import { assertEquals } from "../assert.ts";

const read = (text: string) => readSessionIndex(new TextEncoder().encode(text));
const entry = (id: string, name: unknown, more: object = {}) =>
  JSON.stringify({ id, thread_name: name, updated_at: "2026-01-01T00:00:00Z", ...more }) + "\n";

Deno.test("readSessionIndex() takes the last name of every thread", () => {
  const index = read(entry("a", "one") + entry("b", "two") + entry("A", " three ", { more: 1 }));
  assertEquals([...index.names], [["a", "three"], ["b", "two"]]);
  assertEquals([index.entries, index.unreadable, index.isTorn, index.hasMark], [3, [], false, false]);
});

Deno.test("readSessionIndex() passes over what Codex passes over", () => {
  const text = "rubbish\n" + entry("a", "one") + "\r\n" + entry("a", "") + entry("a", 7) +
    entry("a", "x", { updated_at: 5 }) + entry("b", "two").trim() + "\r\n[]\n";
  const index = read(text);
  assertEquals([...index.names], [["a", "one"], ["b", "two"]]);
  assertEquals([index.entries, index.unreadable], [3, [1, 5, 6, 8]]);
});

Deno.test("readSessionIndex() tells a line that does not end and a byte order mark", () => {
  assertEquals(read("").isTorn, false);
  assertEquals(read(entry("a", "x").trimEnd()).isTorn, true);
  const marked = read("\ufeff" + entry("a", "x") + entry("b", "y"));
  assertEquals([marked.hasMark, [...marked.names], marked.unreadable], [true, [["b", "y"]], [1]]);
});

Deno.test("nameLines() writes names as Codex does, oldest change first", () => {
  const lines = nameLines([
    { id: "b", name: "née ✓", updatedAtMs: 2000 },
    { id: "c", name: 'with "quotes"', updatedAtMs: 1000 },
    { id: "a", name: "x", updatedAtMs: 2000 },
  ]);
  const text = new TextDecoder().decode(fromByteString(lines));
  assertEquals(
    text,
    '{"id":"c","thread_name":"with \\"quotes\\"","updated_at":"1970-01-01T00:00:01.000Z"}\n' +
      '{"id":"a","thread_name":"x","updated_at":"1970-01-01T00:00:02.000Z"}\n' +
      '{"id":"b","thread_name":"née ✓","updated_at":"1970-01-01T00:00:02.000Z"}\n',
  );
  assertEquals([...read(text).names.keys()], ["c", "a", "b"]);
  assertEquals(nameLines([]), "");
});
