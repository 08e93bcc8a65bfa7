import fc from "fast-check";
import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import {
  byNewest,
  checkManifest,
  type JournalEntry,
  type Manifest,
  parseJournal,
  parseManifest,
  recordId,
  requireRecordId,
  sequenceOf,
  serializeEntry,
  serializeManifest,
  stateOf,
} from "../../lib/core/record.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";

const MANIFEST: Manifest = {
  id: "000007-20261121T101112Z-sync-0a1b2c3d",
  seq: 7,
  createdAt: "2026-11-21T10:11:12.345Z",
  purpose: "sync",
  home: "/home/u/.codex" as AbsPath,
  version: "0.1.0",
  planDigest: "a".repeat(64),
  changes: 3,
  byKind: { edit: 2, row: 1 },
  threads: 1,
  moves: [{ from: 'qu"ote', to: "new", threads: 1 }],
  reverts: undefined,
  changesSha256: "b".repeat(64),
  changesBytes: 4711,
};

const JOURNAL: readonly JournalEntry[] = [
  { event: "prepared" },
  { event: "begin", files: [{ n: 0, before: "a".repeat(64), after: "b".repeat(64), size: 12 }] },
  { event: "skipped", n: 1, reason: "Codex has it open" },
  { event: "rows" },
  { event: "committed" },
];

const written = (entries: readonly JournalEntry[]) => entries.map(serializeEntry).join("");
const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** `bytes` with one byte changed, for every byte: each bit flipped, and the bytes that JSON and lines are made of. */
function* flips(bytes: Uint8Array): Generator<{ at: number; flipped: Uint8Array }> {
  for (const [at, byte] of bytes.entries()) {
    const others = [1, 2, 4, 8, 16, 32, 64, 128].map((bit) => byte ^ bit);
    for (const other of [...others, ...utf8('\n\r\0 "}{,')]) {
      if (other !== byte) yield { at, flipped: bytes.with(at, other) };
    }
  }
}

Deno.test("parseManifest() reads back what serializeManifest() wrote", () => {
  assertEquals(parseManifest(serializeManifest(MANIFEST)), MANIFEST);
  const reverting = { ...MANIFEST, reverts: "000001-20261121T101112Z-sync-0a1b2c3d" };
  assertEquals(parseManifest(serializeManifest(reverting)), reverting);
  const odd = { ...MANIFEST, home: "/h/日本 \ud800 \ufffd \u2028\"'\\" as AbsPath };
  assertEquals(parseManifest(serializeManifest(odd)), odd);
});

Deno.test("parseManifest() finds every changed byte", () => {
  let tried = 0;
  for (const { at, flipped } of flips(utf8(serializeManifest(MANIFEST)))) {
    assertEquals(
      assertThrows(() => parseManifest(text(flipped)), AppError, "", `byte ${at}`).code,
      "record-damaged",
    );
    tried++;
  }
  assert(tried > 5000);
});

Deno.test("parseManifest() refuses a manifest cut off, continued, or laid out in another way", () => {
  const whole = serializeManifest(MANIFEST);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => parseManifest(whole.slice(0, length)), AppError);
  }
  const value = JSON.parse(whole);
  const others = [
    whole + "\n",
    whole + " ",
    "\ufeff" + whole,
    JSON.stringify(value, undefined, 1),
    whole.replace('"seq":7', '"seq":7.0'),
    whole.replace('"seq":7', '"seq":8,"seq":7'),
    whole.replace("/home", "\\u002fhome"),
    JSON.stringify({ ...value, schema: "codexkeep-record/2" }) + "\n",
    JSON.stringify(Object.fromEntries(Object.entries(value).reverse())) + "\n",
    "null\n",
    "[]\n",
  ];
  for (const other of others) assertThrows(() => parseManifest(other), AppError);
});

Deno.test("checkManifest() requires the folder and the home the record was made in", () => {
  checkManifest(MANIFEST, MANIFEST.id, MANIFEST.home);
  const copied = "000008-20261121T101112Z-sync-0a1b2c3d";
  assertThrows(() => checkManifest(MANIFEST, copied, MANIFEST.home), AppError, copied);
  const error = assertThrows(() => checkManifest(MANIFEST, MANIFEST.id, "/other" as AbsPath), AppError);
  assertEquals(error.code, "record-damaged");
  assertStringIncludes(error.message, '"/home/u/.codex"');
});

Deno.test("parseJournal() reads back what serializeEntry() wrote", () => {
  assertEquals(parseJournal(written(JOURNAL)), [...JOURNAL]);
});

Deno.test("parseJournal() refuses a journal without its first entry, which is there before the record is", () => {
  for (const text of ["", "\n", '{"sum":', written(JOURNAL.slice(1)), written(JOURNAL.slice(-1))]) {
    assertEquals(assertThrows(() => parseJournal(text), AppError).code, "record-damaged");
  }
});

Deno.test("parseJournal() finds every changed byte", () => {
  for (const { at, flipped } of flips(utf8(written(JOURNAL)))) {
    assertEquals(
      assertThrows(() => parseJournal(text(flipped)), AppError, "", `byte ${at} to ${flipped[at]}`).code,
      "record-damaged",
    );
  }
});

Deno.test("parseJournal() takes a journal torn anywhere for the whole lines it holds", () => {
  const whole = written(JOURNAL);
  const ends = JOURNAL.map((_, n) => written(JOURNAL.slice(0, n + 1)).length);
  for (let length = ends[0]! - 1; length <= whole.length; length++) {
    const expected = JOURNAL.filter((_, n) => ends[n]! - 1 <= length);
    assertEquals(parseJournal(whole.slice(0, length)), expected, `${length} bytes`);
  }
});

Deno.test("parseJournal() passes over what a power cut may leave behind the last line", () => {
  const rest = ["\0", "\0".repeat(4096), '{"sum":"', "{", "\ufffd\ufffd", "x".repeat(20)];
  for (const tail of rest) assertEquals(parseJournal(written(JOURNAL) + tail), [...JOURNAL]);
});

Deno.test("parseJournal() refuses blank, foreign and doubly written lines", () => {
  const [first = "", second = ""] = JOURNAL.map(serializeEntry);
  const entry = { event: "undone" };
  for (
    const line of [
      "\n",
      "{}\n",
      "null\n",
      JSON.stringify({ sum: "0".repeat(16), entry }) + "\n",
      " " + second,
    ]
  ) {
    assertThrows(() => parseJournal(first + line + second), AppError, "line 2");
  }
  assertThrows(() => parseJournal(first.replace("\n", "\r\n") + second), AppError, "line 1");
});

Deno.test("stateOf() goes by the last entry", () => {
  const states = ["prepared", "begin", "skipped", "rows", "committed", "undone"].map((event) =>
    stateOf([...JOURNAL.slice(0, -1), { event } as JournalEntry])
  );
  assertEquals(states, ["pending", "pending", "pending", "pending", "complete", "undone"]);
  assertEquals(stateOf([]), "pending");
});

Deno.test("recordId() makes ids that sequenceOf() and requireRecordId() know", () => {
  const at = new Date("2026-11-21T10:11:12.345Z");
  assertEquals(recordId(7, at, "sync", "0a1b2c3d"), "000007-20261121T101112Z-sync-0a1b2c3d");
  for (const year of ["1970-01-01T00:00:00.000Z", "2100-12-31T23:59:59.999Z", "0001-02-03T04:05:06.000Z"]) {
    for (const purpose of ["sync", "switch", "repair", "restore"] as const) {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 10 ** 12 }), (seq) => {
          const id = recordId(seq, new Date(year), purpose, "00ff00ff");
          assertEquals([sequenceOf(id), requireRecordId(id)], [seq, id]);
        }),
        { numRuns: 20 },
      );
    }
  }
});

Deno.test("requireRecordId() refuses every name that is no id, and sequenceOf() knows none in it", () => {
  const good = "000007-20261121T101112Z-sync-0a1b2c3d";
  const names = [
    "",
    "..",
    "../" + good,
    good + "/..",
    good + "\n",
    " " + good,
    good + "0",
    good.toUpperCase(),
    good.replace("000007", "7"),
    ".unfinished-" + good,
    good.slice(1),
    "lock",
  ];
  for (const name of names) {
    assertEquals(assertThrows(() => requireRecordId(name), AppError).code, "record-unknown", name);
    assertEquals(sequenceOf(name), undefined, name);
  }
  for (const other of [undefined, null, 7, {}, [good]]) assertThrows(() => requireRecordId(other), AppError);
});

Deno.test("byNewest() goes by the number, whatever the clock or the number of digits", () => {
  const ids = [
    "1000000-20200101T000000Z-sync-00000000",
    "999999-20991231T235959Z-sync-00000000",
    "000002-19700101T000000Z-restore-00000000",
    "000001-20261121T101112Z-sync-0a1b2c3d",
    "000001-20261121T101112Z-sync-00000000",
  ];
  fc.assert(fc.property(fc.shuffledSubarray(ids, { minLength: ids.length }), (shuffled) => {
    assertEquals(shuffled.toSorted(byNewest), ids);
  }));
});

Deno.test("parseJournal() takes no entry of another form, though its checksum is right", () => {
  const sum = "0".repeat(64);
  const file = { n: 0, before: sum, after: sum, size: 1 };
  const sound = [
    { event: "begin", files: [file] },
    { event: "names", files: [{ n: 0, size: 1, mtimeMs: 1.5 }], folders: ["a"] },
    { event: "skipped", n: 0, reason: "x" },
  ];
  const odd = [
    null,
    [],
    7,
    {},
    { event: "run" },
    { event: "begin" },
    { event: "begin", files: {} },
    { event: "begin", files: [null] },
    { event: "begin", files: [{ ...file, n: "0" }] },
    { event: "begin", files: [{ ...file, n: -1 }] },
    { event: "begin", files: [{ ...file, size: 1e300 }] },
    { event: "begin", files: [{ ...file, before: "x" }] },
    { event: "names", files: [], folders: "x" },
    { event: "names", files: [], folders: [7] },
    { event: "names", folders: [] },
    { event: "names", files: [{ n: 0, size: 1, mtimeMs: "x" }], folders: [] },
    { event: "skipped", n: "../..", reason: "x" },
    { event: "skipped", n: 0 },
  ];
  const textOf = (entry: unknown) =>
    [{ event: "prepared" }, entry, { event: "committed" }].map((one) => serializeEntry(one as JournalEntry))
      .join("");
  for (const entry of sound) assertEquals(parseJournal(textOf(entry)).length, 3);
  for (const entry of odd) {
    assertEquals(
      assertThrows(() => parseJournal(textOf(entry)), AppError).code,
      "record-damaged",
      JSON.stringify(entry),
    );
  }
});

Deno.test("parseManifest() takes no manifest of another form, though its checksum is right", () => {
  const odd: readonly Record<string, unknown>[] = [
    { createdAt: {} },
    { createdAt: "soon" },
    { createdAt: 7 },
    { seq: 1e300 },
    { seq: "7" },
    { purpose: "evil" },
    { home: 7 },
    { version: null },
    { planDigest: "x" },
    { changes: -1 },
    { changes: "3" },
    { byKind: [1, 2] },
    { byKind: { edit: "2" } },
    { threads: "many" },
    { moves: null },
    { moves: [null] },
    { moves: [{ from: 7, to: "new", threads: 1 }] },
    { moves: [{ from: "a", to: "b", threads: 1e300 }] },
    { reverts: 7 },
    { changesSha256: "0" },
    { changesBytes: "x" },
  ];
  assertEquals(parseManifest(serializeManifest(MANIFEST)), MANIFEST);
  for (const fields of odd) {
    const text = serializeManifest({ ...MANIFEST, ...fields } as Manifest);
    const error = assertThrows(() => parseManifest(text), AppError, "", JSON.stringify(fields));
    assertEquals(error.code, "record-damaged");
  }
});
