/**
 * The files of every thread, put in order: which ones make up the thread, which are copies of those, and which belong to
 * it although their name does not say so. Several files with different segments are one thread, not copies.
 */
import {
  compareAge,
  fileIdOf,
  isListedPlace,
  isSameFile,
  isWholeName,
  namePartsOf,
  placeOf,
  rolloutName,
  stampOf,
} from "../codex/places.ts";
import { readFirstLine, recordedProvider } from "../codex/rollout.ts";
import { AppError } from "../core/error.ts";
import { baseName, inHome } from "../core/path.ts";
import type { Rollout, SessionMeta, Thread } from "../core/snapshot.ts";
import { member, stringValue } from "../text/json_span.ts";
import { isCopyOf } from "./copies.ts";
import type { Contents, Facts } from "./repair.ts";

/** A file and what it is to its thread. */
export interface ThreadFile {
  readonly rollout: Rollout;
  readonly stamp: string;
  readonly segment: string | undefined;
  /** The name that Codex would give it. */
  readonly name: string;
}

/** A file that holds what another one of its thread is there for. */
export interface Copy {
  readonly rollout: Rollout;
  /** The file that stays. */
  readonly of: Rollout;
  /** It holds nothing that the other one does not hold. */
  readonly behind: boolean;
}

/** The files of a thread. */
export interface ThreadFiles {
  /** Oldest first; the last one is what Codex opens. */
  readonly files: readonly ThreadFile[];
  readonly copies: readonly Copy[];
}

const NOTHING: ThreadFiles = { files: [], copies: [] };
const KNOWN = new WeakMap<Facts, ReadonlyMap<string, ThreadFiles>>();

/** The files of every thread that has any in a usable state, also of threads that the scan did not recognise by name. */
export function filesByThread(facts: Facts): ReadonlyMap<string, ThreadFiles> {
  const known = KNOWN.get(facts);
  if (known !== undefined) return known;
  const { threads, damaged } = facts.snapshot;
  const strays = Map.groupBy(damaged.flatMap((rollout) => strayOf(facts, rollout) ?? []), ({ id }) => id);
  const result = new Map<string, ThreadFiles>();
  for (const thread of threads.values()) {
    const own = [
      ...ownFiles(facts.contents, thread),
      ...(strays.get(thread.id) ?? []).map(({ file }) => file),
    ];
    if (own.length > 0) result.set(thread.id, arrange(facts, thread, own));
  }
  for (const [id, found] of strays) {
    const thread: Thread = { id, rollouts: [], row: undefined };
    if (!threads.has(id)) result.set(id, arrange(facts, thread, found.map(({ file }) => file)));
  }
  KNOWN.set(facts, result);
  return result;
}

/** The files of one thread. */
export function filesOfThread(facts: Facts, id: string): ThreadFiles {
  return filesByThread(facts).get(id) ?? NOTHING;
}

function ownFiles(contents: Contents, { id, rollouts }: Thread): readonly ThreadFile[] {
  return rollouts.flatMap((rollout) => {
    const { meta, segment, path } = rollout;
    if (meta === undefined) return [];
    const base = baseName(path);
    const parts = namePartsOf(base);
    if (parts !== undefined && parts.id === id) {
      const { stamp } = parts;
      return [{ rollout, stamp, segment, name: isWholeName(base) ? base : rolloutName(parts) }];
    }
    const stamp = stampOf(base) ?? beginningOf(contents, rollout)?.stamp;
    if (stamp === undefined) return [];
    return [{
      rollout,
      stamp,
      segment,
      name: rolloutName({ stamp, id, segment, encoding: rollout.encoding }),
    }];
  });
}

interface Stray {
  readonly id: string;
  readonly file: ThreadFile;
}

/** A file whose name does not fit its first line, where it is clear that the name is at fault. */
function strayOf({ snapshot, contents }: Facts, rollout: Rollout): Stray | undefined {
  if (rollout.damage?.reason !== "id-differs-from-name") return undefined;
  const beginning = beginningOf(contents, rollout);
  if (beginning === undefined) return undefined;
  const { id, base } = beginning.seen.meta;
  const { path, encoding } = rollout;
  const parts = namePartsOf(baseName(path));
  const stamp = parts?.stamp ?? stampOf(baseName(path)) ?? beginning.stamp;
  if (stamp === undefined) return undefined;
  const seen = { ...beginning.seen, damage: undefined };
  const found = { ...rollout, nameId: id, segment: parts?.segment, ...seen };
  if (parts?.id === id) {
    const { segment } = parts;
    return { id, file: { rollout: found, stamp, segment, name: rolloutName({ ...parts, encoding }) } };
  }
  // Which segment this is stood in its name only; and a row of the thread in the name is a witness for the name.
  const isSegment = parts?.segment !== undefined || base === id;
  const witness = parts && snapshot.threads.get(parts.id)?.row;
  if (isSegment || witness !== undefined) return undefined;
  const name = rolloutName({ stamp, id, segment: undefined, encoding });
  return { id, file: { rollout: { ...found, segment: undefined }, stamp, segment: undefined, name } };
}

/** What a scan sees in a file. */
type Seen = Pick<Rollout, "recorded" | "bare"> & { readonly meta: SessionMeta };

/** What stands in a file, and when it says the thread was begun; undefined when it cannot be read. */
export function beginningOf(
  contents: Contents,
  rollout: Rollout,
): { readonly seen: Seen; readonly stamp: string | undefined } | undefined {
  try {
    return contents.with(rollout, (content) => {
      const first = readFirstLine(content);
      if ("reason" in first) return undefined;
      const { line, parsed: { meta, payload } } = first;
      const time = member(payload, "timestamp");
      const text = time && stringValue(line.bytes, time.value);
      const isBare = line.at + line.bytes.length + line.ending.length >= content.size;
      const seen = { meta, recorded: recordedProvider(content, meta), ...isBare ? { bare: true } : {} };
      return { seen, stamp: stampOf(text ?? "") };
    });
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function arrange(facts: Facts, thread: Thread, own: readonly ThreadFile[]): ThreadFiles {
  if (own.length === 1) return { files: own, copies: [] };
  const files: ThreadFile[] = [];
  const copies: Copy[] = [];
  const groups = Map.groupBy(own, ({ segment }) => fileIdOf({ segment, id: thread.id }));
  for (const group of groups.values()) {
    const [first, ...others] = group.toSorted((a, b) => preference(facts, thread, b, a));
    if (first === undefined) continue;
    files.push(first);
    for (const { rollout } of others) {
      copies.push({ rollout, of: first.rollout, behind: isCopyOf(rollout, first.rollout, facts.contents) });
    }
  }
  return { files: files.sort(compareAge), copies };
}

/**
 * Positive when `a` is rather the one to stay: a place where Codex looks, then more content, then the usual place. Of a
 * file in the archive and one that is not, the one stays that the row names and agrees with: Codex opens that.
 */
function preference({ snapshot: { home } }: Facts, { row }: Thread, a: ThreadFile, b: ThreadFile): number {
  const isBetween = a.rollout.archived !== b.rollout.archived;
  const isOpened = ({ path, archived }: Rollout) =>
    row?.archived === archived && isSameFile(row.rolloutPath, inHome(home, path));
  const merits = ({ rollout, name }: ThreadFile): number[] => [
    Number(isListedPlace(rollout.path) && baseName(rollout.path) === name),
    Number(isBetween && isOpened(rollout)),
    rollout.encoding === "plain" ? 1 : 0,
    rollout.stamp.size,
    Number(row?.rolloutPath === inHome(home, rollout.path)),
    Number(placeOf(name, rollout.archived) === rollout.path),
    Number(!rollout.archived),
    rollout.stamp.mtimeMs,
  ];
  const [ours, theirs] = [merits(a), merits(b)];
  const at = ours.findIndex((merit, n) => merit !== theirs[n]);
  return at < 0 ? (a.rollout.path < b.rollout.path ? 1 : -1) : (ours[at] ?? 0) - (theirs[at] ?? 0);
}
