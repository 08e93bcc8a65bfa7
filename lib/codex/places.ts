/**
 * Where a rollout belongs. Codex 0.169 lists only files that lie in `sessions/YEAR/MONTH/DAY` or directly in
 * `archived_sessions`, and opens only names of one form; what it indexes is less strict: every `rollout-*.jsonl`
 * below the two folders, the last one in order of path when several are of one thread (seen there).
 */
import { isSameFolder } from "../core/folder.ts";
import { parseRelPath, type RelPath } from "../core/path.ts";
import type { Rollout } from "../core/snapshot.ts";
import { segmentMadeAt } from "./rollout_name.ts";

const STAMP = "\\d{4}-\\d{2}-\\d{2}T\\d{2}-\\d{2}-\\d{2}";
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const ENDING = "(\\.zst)?$";
const WHOLE = new RegExp(`^rollout-${STAMP}-${UUID}(?:_${UUID})?\\.jsonl${ENDING}`);
const CORE = new RegExp(`(${STAMP})-(${UUID})(?:_(${UUID}))?(?![0-9a-f-]).*\\.jsonl${ENDING}`, "i");
const STAMP_ONLY = new RegExp(`(${STAMP})`);
const LISTED = /^(sessions\/\d+\/\d+\/\d+|archived_sessions)\/[^/]+$/;

/** What a rollout's name is made of. */
export interface NameParts {
  /** Local time of the file's beginning, `YYYY-MM-DDThh-mm-ss`. */
  readonly stamp: string;
  /** Thread id, lower case. */
  readonly id: string;
  /** Segment id of a file made by a revert, lower case. */
  readonly segment: string | undefined;
  readonly encoding: Rollout["encoding"];
}

/** Whether Codex opens a file of this name: `rollout-<time>-<thread>[_<segment>].jsonl[.zst]` and nothing else. */
export function isWholeName(name: string): boolean {
  return WHOLE.test(name);
}

/** Whether Codex lists files at this place, wherever its numbers point to. */
export function isListedPlace(path: RelPath): boolean {
  return LISTED.test(path);
}

/** What a name still says that got something put before or behind it, such as `copy of …` or `… (1).jsonl`. */
export function namePartsOf(name: string): NameParts | undefined {
  const match = CORE.exec(name);
  if (match === null) return undefined;
  const [, stamp = "", id = "", segment, ending] = match;
  return {
    stamp,
    id: id.toLowerCase(),
    segment: segment?.toLowerCase(),
    encoding: ending === undefined ? "plain" : "zstd",
  };
}

/** The time in a name, or that of a first line (`2026-11-21T06:57:13.134Z`), in the form of names. */
export function stampOf(text: string): string | undefined {
  return STAMP_ONLY.exec(text.replace(/T(\d\d):(\d\d):(\d\d)/, "T$1-$2-$3"))?.[1];
}

/** The name that Codex gives to such a file. */
export function rolloutName({ stamp, id, segment, encoding }: NameParts): string {
  return `rollout-${stamp}-${id}${segment === undefined ? "" : `_${segment}`}.jsonl${
    encoding === "zstd" ? ".zst" : ""
  }`;
}

/** Where Codex keeps a file of this whole name: in the folder of the day in the name, or flat when archived. */
export function placeOf(name: string, archived: boolean): RelPath | undefined {
  if (!isWholeName(name)) return undefined;
  const [, year, month, day] = /^rollout-(\d{4})-(\d{2})-(\d{2})T/.exec(name) ?? [];
  return parseRelPath(archived ? `archived_sessions/${name}` : `sessions/${year}/${month}/${day}/${name}`);
}

/** Name number `n` beside a rollout that Codex ignores, whatever it holds. */
export function ignoredPlace(path: RelPath, n = 1): RelPath {
  return `${path}${n === 1 ? "" : `.${n}`}.bak` as RelPath;
}

/** What tells the files of one thread apart: the segment in the name, or the thread itself for the first one. */
export function fileIdOf({ segment, id }: Pick<NameParts, "segment" | "id">): string {
  return segment ?? id;
}

/** Whether file `a` of a thread was begun before file `b`: the first file has no segment, later ones tell their time. */
export function compareAge(
  a: Pick<NameParts, "segment" | "stamp">,
  b: Pick<NameParts, "segment" | "stamp">,
): number {
  const [first, second] = [a, b].map(({ segment }) => segment === undefined ? 0 : segmentMadeAt(segment));
  return (first ?? 0) - (second ?? 0) || (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0);
}

/** Whether two paths name one file. Codex takes the plain and the compressed name for each other. */
export function isSameFile(a: string, b: string): boolean {
  return a === b || isSameFolder(a.replace(/\.zst$/i, ""), b.replace(/\.zst$/i, ""));
}
