/** A home with one thread of every kind, and ways to look into what was built. */
import { type AbsPath, inHome } from "../../lib/core/path.ts";
import type { BuiltFile } from "../../lib/demo/rollout.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { openForReading, type Row } from "../../lib/system/sqlite.ts";
import { expandZstd } from "../../lib/system/zstd.ts";
import { assert } from "../assert.ts";
import { type BuiltHome, type BuiltThread, type HomeSpec, talk } from "../home.ts";

/** One thread of every kind. */
export const EVERY: HomeSpec = {
  config: { provider: "relay", providers: ["relay", "custom"] },
  threads: [
    { label: "root", provider: "custom", turns: talk("one", "two", "three"), name: "the root", pinned: true },
    { label: "child", provider: "custom", fork: { of: "root" }, turns: talk("child") },
    { label: "middle", provider: "custom", fork: { of: "root", turns: 2 }, turns: talk("middle") },
    { label: "quiet", provider: "custom", fork: { of: "child" }, turns: [] },
    {
      label: "reverted",
      provider: "custom",
      turns: talk("t1", "t2", "t3"),
      reverts: [{ keep: 2, turns: talk("t3 again") }, { keep: 3, turns: talk("t4") }, {
        keep: 1,
        turns: talk("t2 again"),
      }],
    },
    { label: "revertedChild", provider: "custom", fork: { of: "reverted" }, turns: talk("rc") },
    {
      label: "legacy",
      provider: "openai",
      mode: "legacy",
      turns: talk("l1", "l2"),
      extraMeta: ["relay", "openai"],
    },
    { label: "legacyChild", provider: "custom", mode: "legacy", fork: { of: "legacy" }, turns: talk("lc") },
    { label: "archived", provider: "relay", archived: true, source: "cli", cwd: "/work/other" },
    { label: "exec", provider: "relay", source: "exec" },
    { label: "encrypted", provider: "custom", turns: [{ user: "x", agent: "y", encrypted: true }] },
    { label: "compressed", provider: "custom", compressed: true, turns: talk("z1", "z2") },
    { label: "big", provider: "custom", instructionsBytes: 20_750 },
    { label: "rest", provider: "custom", turns: talk('a "quoted" \\ path, 中文 and é', "second") },
  ],
};

/** Where a file goes on from. */
export interface Base {
  readonly thread_id: string;
  readonly end_ordinal_exclusive: number;
  readonly end_byte_offset: number;
}

/** A line of a rollout. */
export interface Line {
  readonly ordinal: number;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The content of a rollout, uncompressed. */
export function contentOf(home: BuiltHome, { path }: Pick<BuiltFile, "path">): Uint8Array {
  const bytes = Deno.readFileSync(inHome(home.path, path));
  return path.endsWith(".zst") ? expandZstd(bytes) : bytes;
}

/** All lines of a rollout. */
export function linesOf(bytes: Uint8Array): Line[] {
  return new TextDecoder().decode(bytes).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The line that begins at an offset, which must be the beginning of one. */
export function lineAt(bytes: Uint8Array, offset: number): Line {
  assert(offset === 0 || bytes[offset - 1] === 0x0a, `offset ${offset} is inside a line`);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(offset, bytes.indexOf(0x0a, offset))));
}

/** The line that ends, with its newline, before an offset. */
export function lineBefore(bytes: Uint8Array, offset: number): Line {
  return lineAt(bytes, bytes.lastIndexOf(0x0a, offset - 2) + 1);
}

/** The thread of a label. */
export function threadOf(home: BuiltHome, label: string): BuiltThread {
  const found = home.threads.find((thread) => thread.label === label);
  if (found === undefined) throw new Error(`no thread "${label}"`);
  return found;
}

/** Whether a thread of {@link EVERY} is a legacy one. */
export function isLegacy({ label }: BuiltThread): boolean {
  return label?.startsWith("legacy") ?? false;
}

/** Rows of the history database. */
export function rowsOf({ history }: BuiltHome, sql: string): readonly Row[] {
  return queryOf(history, sql);
}

/** The row of a thread. */
export function rowOf({ state }: BuiltHome, id: string): Row {
  return queryOf(state, `select * from threads where id = '${id}'`)[0] ?? {};
}

function queryOf(path: AbsPath | undefined, sql: string): readonly Row[] {
  if (path === undefined) throw new Error("the home has no databases");
  const database = openForReading(path, realDisk);
  try {
    return database.all(sql);
  } finally {
    database.close();
  }
}
