/** Rollouts with content in memory at any place of a home, for the tests of repairs that look at places. */
import type { RelPath } from "../../lib/core/path.ts";
import type { Change } from "../../lib/core/plan.ts";
import type { Rollout, Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { parseRolloutName } from "../../lib/codex/rollout_name.ts";
import type { Facts, FileEntry, Repair } from "../../lib/repairs/repair.ts";
import { metaLine } from "../codex_model/rollouts.ts";
import { HOME, rolloutOf, rowOf, threadId } from "../codex_model/snapshots.ts";
import { factsOf, NO_FILES } from "./facts.ts";

/** What lies at a path: the thread its first line names, and what was said in it. */
export interface Placed {
  readonly path: string;
  readonly thread: number;
  readonly said?: string;
  readonly mtimeMs?: number;
  /** The file it goes on from. */
  readonly base?: string;
  readonly bare?: boolean;
  readonly cwd?: string;
}

/** The folder of the day that the names here tell. */
export const DAY = "sessions/2026/11/21";

/** Name of the rollout of thread `n`, or of a segment of it. */
export function nameOf(n: number, segment?: string): string {
  return `rollout-2026-11-21T10-00-00-${threadId(n)}${segment === undefined ? "" : `_${segment}`}.jsonl`;
}

/** Segment id number `n`, later ones with higher numbers. */
export function segmentId(n: number): string {
  return `0199f0a0-${String(n).padStart(4, "0")}-7000-8000-000000000000`;
}

/** Facts about a home with these files, and a row for each of `rows`: its path below the home, or cells. */
export function homeOf(
  placed: readonly Placed[],
  rows: Readonly<Record<number, string | Partial<ReturnType<typeof rowOf>>>>,
  more: Partial<Snapshot> = {},
  facts: Partial<Facts> = {},
): Facts {
  const bytes = Object.fromEntries(placed.map((one) => [one.path, contentOf(one)]));
  const seen = placed.filter(({ path }) =>
    parseRolloutName(path.slice(path.lastIndexOf("/") + 1)) && isInRoot(path)
  );
  const rollouts = seen.map((one) => scanned(one, bytes[one.path]?.length ?? 0));
  const ids = new Set([
    ...rollouts.flatMap(({ meta, nameId }) => meta?.id ?? nameId ?? []),
    ...Object.keys(rows).map((n) => threadId(Number(n))),
  ]);
  const threads = [...ids].map((id): Thread => {
    const n = Number(id.slice(-12));
    const row = rows[n];
    return {
      id,
      rollouts: rollouts.filter(({ meta, nameId }) => (meta?.id ?? nameId) === id),
      row: row === undefined
        ? undefined
        : rowOf(n, typeof row === "string" ? { rolloutPath: `${HOME}/${row}` } : row),
    };
  });
  const damaged = rollouts.filter(({ damage }) => damage !== undefined);
  return {
    ...factsOf(threads, bytes, { damaged, ...more }),
    files: { ...NO_FILES, ...listing(placed, bytes) },
    ...facts,
  };
}

function isInRoot(path: string): boolean {
  return /^(archived_)?sessions\//.test(path);
}

function contentOf({ thread, said = "", base, cwd = "/work" }: Placed): Uint8Array {
  const payload = {
    id: threadId(thread),
    cwd,
    ...(base === undefined ? {} : { history_base: { thread_id: base } }),
  };
  return new TextEncoder().encode(`${metaLine({ payload })}\n${said}`);
}

/** As the scan tells it. */
function scanned(
  { path, thread, mtimeMs = 5000, base, bare = false, cwd = "/work" }: Placed,
  size: number,
): Rollout {
  const name = parseRolloutName(path.slice(path.lastIndexOf("/") + 1));
  const found = rolloutOf(thread, { base, cwd }, {
    path: path as RelPath,
    archived: path.startsWith("archived_"),
    encoding: name?.encoding ?? "plain",
    nameId: name?.id,
    segment: name?.segment,
    stamp: { size, mtimeMs },
    ...(bare ? { bare } : {}),
  });
  if (name?.id === threadId(thread)) return found;
  const damage = { reason: "id-differs-from-name", detail: "its name holds no thread id" } as const;
  return { ...found, meta: undefined, recorded: undefined, damage };
}

function listing(placed: readonly Placed[], bytes: Readonly<Record<string, Uint8Array>>) {
  const entry = (name: string, path: string): FileEntry => {
    const file = placed.find((one) => one.path === path);
    const kind = file === undefined ? "directory" : "file";
    return { name, kind, size: bytes[path]?.length ?? 0, mtimeMs: file?.mtimeMs ?? 5000 };
  };
  return {
    list: (folder: RelPath): FileEntry[] => {
      const prefix = folder === "" ? "" : `${folder}/`;
      const below = placed.filter(({ path }) => path.startsWith(prefix));
      const names = new Set(below.map(({ path }) => path.slice(prefix.length).split("/")[0] ?? ""));
      return [...names].sort().map((name) => entry(name, `${prefix}${name}`));
    },
    stat: (path: RelPath) => placed.some((one) => one.path === path) ? entry(path, path) : undefined,
  };
}

/** Severity, code, count and repair of what a repair finds. */
export function found(repair: Repair, facts: Facts): readonly string[] {
  return repair.find(facts).map(({ severity, code, count, repair }) =>
    `${severity} ${code} ${count} ${repair ?? "-"}`
  );
}

/** What a repair plans for all threads, or for those that were named: changes and skips as short texts. */
export function planned(repair: Repair, facts: Facts, named?: readonly number[]): readonly string[] {
  const all = [...facts.snapshot.threads.values()];
  const threads = named === undefined ? all : all.filter(({ id }) => named.some((n) => threadId(n) === id));
  const draft = repair.plan?.(facts, { threads, from: undefined, named: named !== undefined });
  return [
    ...(draft?.changes ?? []).map(told),
    ...(draft?.skipped ?? []).map(({ subject, reason }) => `skip ${subject}: ${reason}`),
  ];
}

function told(change: Change): string {
  if (change.kind === "move") return `move ${change.path} > ${change.to}`;
  if (change.kind !== "row" && change.kind !== "entry") return change.kind;
  const cells = Object.entries(change.cells).map(([name, { before, after }]) =>
    `${name} ${before} > ${after}`
  );
  return `${change.kind} ${cells.join(", ")}`.replaceAll(`${HOME}/`, "~/");
}
