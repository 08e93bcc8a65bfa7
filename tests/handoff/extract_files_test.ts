/** Extracts and histories in the folder: written whole, left alone when nothing is new, odd ones told and passed over. */
import type { AbsPath } from "../../lib/core/path.ts";
import { type Extract, parseExtract } from "../../lib/codex/extract.ts";
import { parseHistories, printHistories } from "../../lib/codex/extract_history.ts";
import { renameThread, siblingId } from "../../lib/codex/new_identity.ts";
import { readExtracts, writeExtract } from "../../lib/handoff/extract.ts";
import { linesOf } from "../../lib/handoff/small_files.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

const EXTRACT: Extract = {
  machine: "desk",
  at: "2026-01-01T00:00:00.000Z",
  home: "/home/me/.codex",
  platform: "linux",
  database: "",
  maps: [],
  threads: new Map(),
  things: new Map(),
  ignored: 0,
};

function withFolder(use: (folder: AbsPath) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "codexkeep-cloud-" });
  try {
    use(folder as AbsPath);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("an extract that says nothing new is not written again, not even with a new time", () => {
  withFolder((folder) => {
    assertEquals(writeExtract(realDisk, folder, EXTRACT), true);
    const path = `${folder}/.codexkeep/extracts/desk.jsonl`;
    Deno.utimeSync(path, 1, 1);
    assertEquals(writeExtract(realDisk, folder, { ...EXTRACT, at: "2027-01-01T00:00:00.000Z" }), false);
    assertEquals(Deno.statSync(path).mtime?.getTime(), 1000);
    assertEquals(writeExtract(realDisk, folder, { ...EXTRACT, home: "/elsewhere" }), true);
    assertEquals([...Deno.readDirSync(`${folder}/.codexkeep/extracts`)].map(({ name }) => name), [
      "desk.jsonl",
    ]);
  });
});

Deno.test("copies of a cloud client, links and files that are no extracts are told and passed over", () => {
  withFolder((folder) => {
    writeExtract(realDisk, folder, EXTRACT);
    writeExtract(realDisk, folder, { ...EXTRACT, machine: "laptop" });
    const place = `${folder}/.codexkeep/extracts`;
    Deno.copyFileSync(`${place}/desk.jsonl`, `${place}/desk (conflicted copy).jsonl`);
    Deno.writeTextFileSync(`${place}/other.jsonl`, "not json\n");
    Deno.symlinkSync("/etc/passwd", `${place}/link.jsonl`);
    Deno.mkdirSync(`${place}/folder.jsonl`);
    const { own, others, remarks } = readExtracts(realDisk, folder, "desk");
    assertEquals([own?.machine, others.map(({ machine }) => machine)], ["desk", ["laptop"]]);
    assertEquals(remarks.map(({ file }) => file).sort(), [
      "desk (conflicted copy).jsonl",
      "folder.jsonl",
      "link.jsonl",
      "other.jsonl",
    ]);
  });
});

Deno.test("a machine whose name leads elsewhere is refused", () => {
  withFolder((folder) => {
    assertThrows(
      () => writeExtract(realDisk, folder, { ...EXTRACT, machine: "../x" }),
      Error,
      "cannot be the name",
    );
  });
});

Deno.test("lines come whole across chunks, and one without end is cut", () => {
  const bytes = new TextEncoder().encode(`a\n${"é".repeat(1 << 20)}\nb\n${"x".repeat(5 << 20)}\nc`);
  const lines = [
    ...linesOf({ size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) }, 3 << 20),
  ];
  assertEquals(lines.map(({ length }) => length > 9 ? "long" : length), [1, "long", 1, "long", 1]);
  assertEquals(lines[1], "é".repeat(1 << 20));
  assert((lines[3]?.length ?? 0) > 3 << 20, "it must be seen to be too long");
});

Deno.test("rows of the history are read as they were written, and altered ones are passed over", () => {
  const file = "01a21943-12fd-70e0-af06-0df1fffd081b";
  const rows = {
    thread_turns: [{ turn_id: "t", rollout_ordinal: 1, status: "completed", rollout_byte_offset: 10 }],
    thread_items: [{ turn_id: "t", item_id: "i", item_json: "{}" }],
    thread_realtime_items: [],
    thread_history_projection_state: [{ next_rollout_byte_offset: 20, next_rollout_ordinal: 2 }],
  };
  const text = printHistories("desk", [{ file, rows }]);
  assertEquals(parseHistories(text.split("\n"), () => true), [{ file, rows }]);
  assertEquals(parseHistories(text.split("\n"), () => false), []);
  assertEquals(parseHistories(text.replace("completed", "complete!").split("\n"), () => true), []);
  assertEquals(parseExtract(text.split("\n")), undefined);
});

Deno.test("S1.31: a version becomes the same thread wherever it is settled, at the same length", () => {
  const id = "01a21943-12fd-70e0-af06-0df1fffd081b";
  const to = siblingId(id, "0".repeat(64));
  assertEquals([to, to.length], [siblingId(id, "0".repeat(64)), id.length]);
  assert(/^01a21943-12fd-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(to), to);
  assert(to !== siblingId(id, "1".repeat(64)));
  const parent = "01a21943-12fd-70e0-af06-0df1fffd0000";
  const lines = [
    {
      type: "session_meta",
      payload: { session_id: id, id, history_base: { thread_id: id }, forked_from_id: id },
    },
    { type: "session_meta", payload: { id: parent, forked_from_id: id } },
    { type: "event_msg", payload: { thread_id: id, text: `about ${id}`, nested: { thread_id: id } } },
    { type: "event_msg", payload: { thread_id: parent, text: id } },
  ];
  const bytes = new TextEncoder().encode(lines.map((line) => JSON.stringify(line) + "\n").join(""));
  const splices = renameThread(memorySource(bytes), id, to);
  assert(!("refused" in splices));
  assertEquals(splices.length, 3);
  assert(splices.every(({ before, after }) => before.length === after.length));
  assert("refused" in renameThread(memorySource(bytes), parent, to));
});
