/** What is wrong with the places of threads, and what sets each of them right. */
import { baseName, parentOf, type RelPath } from "../core/path.ts";
import type { Rollout, Thread } from "../core/snapshot.ts";
import { ignoredPlace, isListedPlace, placeOf } from "../codex/places.ts";
import { lostThreads } from "./lost_files.ts";
import type { Facts } from "./repair.ts";
import { type Lead, leadOf, rowPathOf } from "./row_path.ts";
import { type Copy, filesByThread, type ThreadFile, type ThreadFiles } from "./thread_files.ts";

/** A row that leads to a file which is no rollout of this home; anything else that looks wrong and may be meant. */
export interface Choice {
  readonly between: "homes" | "places";
  readonly because: string;
}

/** What is wrong with the places of one thread, and what cures it. */
export interface Treatment {
  readonly id: string;
  readonly moves: readonly { readonly rollout: Rollout; readonly to: RelPath }[];
  readonly row: { readonly before: string; readonly after: string } | undefined;
  readonly copies: readonly (Copy & { readonly to: RelPath })[];
  readonly conflicts: readonly Copy[];
  /** Files that the scan did not take for part of the thread. */
  readonly found: readonly Rollout[];
  /** Why nothing is done unless the user names the thread. */
  readonly choice: Choice | undefined;
  /** Why nothing can be done. */
  readonly refused: string | undefined;
}

const KNOWN = new WeakMap<Facts, readonly Treatment[]>();

/** Everything that is to be set right, by thread. */
export function treatments(facts: Facts): readonly Treatment[] {
  const known = KNOWN.get(facts);
  if (known !== undefined) return known;
  const result: Treatment[] = [];
  const taken = takenPaths(facts);
  const { threads } = facts.snapshot;
  for (const [id, files] of filesByThread(facts)) {
    const treatment = treat(facts, threads.get(id) ?? { id, rollouts: [], row: undefined }, files, taken);
    if (treatment !== undefined) result.push(treatment);
  }
  for (const [id, lost] of lostThreads(facts)) {
    const thread = threads.get(id);
    if (thread === undefined || lost.is === "missing" || lost.is === "elsewhere") continue;
    if (lost.is === "ambiguous") {
      const refused = `its file could be any of ${lost.paths.map((path) => JSON.stringify(path)).join(", ")}`;
      result.push({ ...untouched(id), refused });
      continue;
    }
    const archived = thread.row?.archived ?? false;
    const files = lost.files.map((file) => ({ ...file, rollout: { ...file.rollout, archived } }));
    const treatment = treat(facts, thread, { files, copies: [] }, taken);
    if (treatment !== undefined) result.push(treatment);
  }
  KNOWN.set(facts, result);
  return result;
}

function untouched(id: string): Treatment {
  return {
    id,
    moves: [],
    row: undefined,
    copies: [],
    conflicts: [],
    found: [],
    choice: undefined,
    refused: undefined,
  };
}

function takenPaths({ snapshot: { threads, damaged } }: Facts): Set<string> {
  const taken = new Set<string>(damaged.map(({ path }) => path));
  for (const { rollouts } of threads.values()) for (const { path } of rollouts) taken.add(path);
  return taken;
}

function treat(facts: Facts, thread: Thread, own: ThreadFiles, taken: Set<string>): Treatment | undefined {
  const { id, row } = thread;
  const newest = own.files.at(-1)?.rollout;
  if (newest === undefined) return undefined;
  // Whether the thread is archived has to be clear first.
  const isUnclear = row !== undefined && own.files.some(({ rollout }) => rollout.archived !== row.archived);
  const wanted = isUnclear ? [] : own.files.flatMap((file) => {
    const to = wantedPlace(file);
    return to === file.rollout.path ? [] : [{ rollout: file.rollout, to }];
  });
  const blocked = wanted.find(({ to }) => isTaken(facts, to, taken));
  const moves = blocked === undefined ? wanted : [];
  const copies = own.copies.filter(({ behind }) => behind).map((copy) => ({
    ...copy,
    to: freeName(facts, copy.rollout.path, taken),
  }));
  const lead = row && leadOf(facts, row.rolloutPath, [
    ...thread.rollouts,
    ...own.copies.map(({ rollout }) => rollout),
  ]);
  const target = moves.find(({ rollout }) => rollout === newest)?.to ?? newest.path;
  const isRight = lead === undefined || isUnclear ||
    (target === newest.path && leadsRight(lead, newest, own));
  const path = rowPathOf(facts, target);
  const cell = row !== undefined && !isRight && row.rolloutPath !== path
    ? { before: row.rolloutPath, after: path }
    : undefined;
  if (wanted.length + own.copies.length === 0 && cell === undefined) return undefined;
  for (const { to } of moves) taken.add(to);
  return {
    id,
    moves,
    row: cell,
    copies,
    conflicts: own.copies.filter(({ behind }) => !behind),
    found: own.files.flatMap(({ rollout }) => thread.rollouts.includes(rollout) ? [] : [rollout]),
    choice: choiceOf(row, lead, wanted),
    refused: blocked && `${blocked.rollout.path}: there is a file already at ${blocked.to}`,
  };
}

/**
 * A row is not turned away from a damaged file, which is the scan's to report, nor from one that holds other things than
 * the file that would stay.
 */
function leadsRight(lead: Lead, newest: Rollout, { files, copies }: ThreadFiles): boolean {
  if (lead.to !== "file") return false;
  const { path, meta } = lead.rollout;
  if (path === newest.path) return true;
  if (copies.some(({ rollout, behind }) => rollout.path === path && !behind)) return true;
  return meta === undefined && !files.some(({ rollout }) => rollout.path === path);
}

function choiceOf(
  row: Thread["row"],
  lead: Lead | undefined,
  moves: Treatment["moves"],
): Choice | undefined {
  if (lead?.to === "elsewhere") {
    return {
      between: "homes",
      because: `its row leads to ${JSON.stringify(row?.rolloutPath)}, which is there`,
    };
  }
  if (lead?.to === "shared") {
    return { between: "places", because: "its row names the file as the other system on this machine does" };
  }
  const stray = row === undefined ? moves.find(({ rollout }) => isInOwnFolder(rollout.path)) : undefined;
  return stray && {
    between: "places",
    because: `the database does not know ${stray.rollout.path}, and its folder is none of Codex's`,
  };
}

/** A folder that somebody made among those of Codex. */
function isInOwnFolder(path: RelPath): boolean {
  return !isListedPlace(path) && parentOf(path) !== "sessions";
}

function wantedPlace({ rollout: { path, archived }, name }: ThreadFile): RelPath {
  if (isListedPlace(path)) {
    if (baseName(path) === name) return path;
    if (/^sessions\/\d{4}\/\d\d\/\d\d\//.test(path)) return `${parentOf(path)}/${name}` as RelPath;
  }
  return placeOf(name, archived) ?? path;
}

function isTaken({ files }: Facts, path: RelPath, taken: ReadonlySet<string>): boolean {
  return taken.has(path) || files.stat(path) !== undefined;
}

function freeName(facts: Facts, path: RelPath, taken: Set<string>): RelPath {
  for (let n = 1;; n++) {
    const place = ignoredPlace(path, n);
    if (isTaken(facts, place, taken)) continue;
    taken.add(place);
    return place;
  }
}
