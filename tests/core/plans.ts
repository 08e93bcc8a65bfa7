/** Random changes and plans for property tests: every kind, every optional field, splices that fit their sizes. */
import fc from "fast-check";
import { type ByteString, toByteString } from "../../lib/core/bytes.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type {
  Change,
  DropChange,
  EditChange,
  EntryChange,
  MakeChange,
  Meaning,
  MoveChange,
  Plan,
  PutChange,
  RecodeChange,
  RowChange,
  UnmakeChange,
} from "../../lib/core/plan.ts";
import type { Splice } from "../../lib/core/splice.ts";

const bytes: fc.Arbitrary<ByteString> = fc.uint8Array({ maxLength: 8 }).map(toByteString);
const text = fc.string({ minLength: 1, maxLength: 8, unit: "binary" });
const path = fc.constantFrom(
  "config.toml",
  "sessions/a.jsonl",
  "archived_sessions/b.jsonl.zst",
  "session_index.jsonl",
) as fc.Arbitrary<RelPath>;
const thread = fc.option(fc.uuid(), { nil: undefined });
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const mtimeMs = fc.double({ noNaN: true, noDefaultInfinity: true });
const cell = fc.oneof(fc.constant(null), text, fc.constant(""), fc.integer());
const cells: fc.Arbitrary<Meaning> = fc.dictionary(
  fc.constantFrom("model_provider", "cwd", "rollout_path", "model"),
  fc.record({ before: cell, after: cell }),
  { minKeys: 1, maxKeys: 3, noNullPrototype: true },
);

/** Splices in order, and a size they fit in. */
const edits: fc.Arbitrary<{ size: number; splices: Splice[] }> = fc.array(
  fc.record({ keep: fc.nat({ max: 20 }), before: bytes, after: bytes }),
  { maxLength: 4 },
).chain((parts) =>
  fc.nat({ max: 20 }).map((rest) => {
    let at = 0;
    const splices = parts.map(({ keep, before, after }) => {
      const splice = { at: at + keep, before, after };
      at += keep + before.length;
      return splice;
    });
    return { size: at + rest, splices };
  })
);

/** An edit. */
export const edit: fc.Arbitrary<EditChange> = fc.record({
  kind: fc.constant("edit" as const),
  path,
  thread,
  sets: cells,
  mtimeMs: fc.option(mtimeMs, { nil: undefined }),
  leaveMtimeMs: fc.option(mtimeMs, { nil: undefined }),
  edits,
}).map(({ edits: { size, splices }, mtimeMs, leaveMtimeMs, ...head }) => ({
  ...head,
  size,
  mtimeMs,
  leaveMtimeMs,
  splices,
}));

/** A row. */
export const row: fc.Arbitrary<RowChange> = fc.record({
  kind: fc.constant("row" as const),
  database: fc.constantFrom("/h/state_5.sqlite", "/h/sqlite/state_5.sqlite") as fc.Arbitrary<AbsPath>,
  thread: fc.uuid(),
  cells,
});

const recode: fc.Arbitrary<RecodeChange> = fc.record({
  kind: fc.constant("recode" as const),
  path,
  thread,
  sets: cells,
  size: fc.nat(),
  mtimeMs,
  edits,
}).map(({ edits: { size: contentSize, splices }, ...head }) => ({ ...head, contentSize, splices }));

const put: fc.Arbitrary<PutChange> = fc.record({
  kind: fc.constant("put" as const),
  path,
  thread,
  sets: cells,
  beforeSha256: sha256,
  from: fc.record({
    record: fc.constant("000001-20261121T101112Z-sync-0a1b2c3d"),
    name: fc.nat({ max: 999_999_999 }).map(String),
  }),
  sha256,
  mtimeMs,
});

const drop: fc.Arbitrary<DropChange> = fc.record({
  kind: fc.constant("drop" as const),
  record: text,
  bytes: fc.nat(),
});

/** A move to another place. */
export const move: fc.Arbitrary<MoveChange> = fc.record({
  kind: fc.constant("move" as const),
  path,
  to: fc.constantFrom("archived_sessions/c.jsonl", "sessions/a.jsonl.bak") as fc.Arbitrary<RelPath>,
  thread,
  sets: cells,
  size: fc.nat(),
  mtimeMs,
});

/** A small file made or taken away. */
export const small: fc.Arbitrary<MakeChange | UnmakeChange> = fc.record({
  kind: fc.constantFrom("make" as const, "unmake" as const),
  path,
  thread: fc.constant(undefined),
  sets: cells,
  content: bytes,
});

const emptied = (one: Meaning, side: "before" | "after"): Meaning =>
  Object.fromEntries(Object.entries(one).map(([name, values]) => [name, { ...values, [side]: null }]));

/** A row of another table: changed, added or removed. */
export const entry: fc.Arbitrary<EntryChange> = fc.record({
  kind: fc.constant("entry" as const),
  database: fc.constantFrom("/h/state_5.sqlite", "/h/thread_history_1.sqlite") as fc.Arbitrary<AbsPath>,
  table: fc.constantFrom("thread_turns", "projects"),
  key: fc.dictionary(fc.constantFrom("thread_id", "turn_id"), fc.oneof(text, fc.integer()), {
    minKeys: 1,
    noNullPrototype: true,
  }),
  op: fc.constantFrom("change" as const, "add" as const, "remove" as const),
  thread,
  cells,
}).map((one) => ({
  ...one,
  cells: one.op === "change" ? one.cells : emptied(one.cells, one.op === "add" ? "before" : "after"),
}));

/** A change of any kind. */
export const change: fc.Arbitrary<Change> = fc.oneof(edit, row, recode, put, move, small, entry, drop);

/** A plan of any changes. */
export const plan: fc.Arbitrary<Plan> = fc.record({
  purpose: fc.constantFrom("sync", "switch", "repair", "restore"),
  home: fc.constantFrom("/h", "/home/ünïcode") as fc.Arbitrary<AbsPath>,
  changes: fc.array(change, { maxLength: 5 }),
  skipped: fc.array(fc.record({ subject: text, reason: text }), { maxLength: 2 }),
  reverts: fc.option(text, { nil: undefined }),
});
