import { AppError } from "../../lib/core/error.ts";
import type { RelPath } from "../../lib/core/path.ts";
import { editSmallFile, readSmallFile, threadCells } from "../../lib/repairs/small_file.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { databaseOf, threadId } from "../codex_model/snapshots.ts";
import { factsOf, NO_FILES } from "./facts.ts";
import { filesWith, tablesOf } from "./rows.ts";

const PATH = "some.json" as RelPath;

Deno.test("readSmallFile() gives the content with the time it was seen at, and nothing for no file", () => {
  const facts = { ...factsOf([]), files: filesWith({ [PATH]: "{}" }) };
  const file = readSmallFile(facts, PATH);
  assertEquals(file, { path: PATH, bytes: new TextEncoder().encode("{}"), mtimeMs: 7000 });
  assertEquals(readSmallFile(factsOf([]), PATH), undefined);
});

Deno.test("readSmallFile() goes by the content alone where a link stands", () => {
  const files = filesWith({ [PATH]: "{}" });
  const link = { name: PATH, kind: "symlink", size: 9, mtimeMs: 1 } as const;
  const file = readSmallFile({ ...factsOf([]), files: { ...files, stat: () => link } }, PATH);
  assertEquals(file && "bytes" in file && file.mtimeMs, undefined);
});

Deno.test("readSmallFile() tells why a file cannot be looked at, and hides no fault of its own", () => {
  const failing = (error: Error) => ({
    ...factsOf([]),
    files: {
      ...NO_FILES,
      read: () => {
        throw error;
      },
    },
  });
  const refused = readSmallFile(failing(new AppError("refused", "it is too large")), PATH);
  assertEquals(refused, { refused: "it is too large" });
  assertThrows(() => readSmallFile(failing(new RangeError("a fault")), PATH), RangeError);
});

Deno.test("editSmallFile() names the state that the edit was made for", () => {
  const bytes = new TextEncoder().encode("{}");
  assertEquals(editSmallFile({ path: PATH, bytes, mtimeMs: 7 }, []), {
    kind: "edit",
    path: PATH,
    thread: undefined,
    sets: {},
    size: 2,
    mtimeMs: 7,
    leaveMtimeMs: undefined,
    splices: [],
  });
});

Deno.test("threadCells() reads columns, or what stands for them in databases without", () => {
  const tables = tablesOf([{ id: threadId(1), title: "a" }, { id: threadId(2), title: "b" }], ["name"]);
  const read = (more: object = {}) =>
    threadCells(
      { ...factsOf([]), tables, ...more },
      { title: "''", name: "'none'" },
      (has) => has("name") ? "false" : "title <> 'a'",
    );
  assertEquals(read().map((row) => ({ ...row })), [{ id: threadId(2), title: "b", name: "none" }]);
  assertEquals(read({ tables: () => undefined }), []);
  const problem = { code: "database-malformed", message: "it is malformed" } as const;
  const { snapshot } = factsOf([], {}, { live: databaseOf({ problem }) });
  assertEquals(read({ snapshot }), []);
  assertEquals(read({ snapshot: { ...snapshot, live: undefined } }), []);
});
