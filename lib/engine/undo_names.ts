/** Takes back what a run did to the names of files. Safe to be cut off anywhere and run again. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath, parentOf, parseRelPath, type RelPath } from "../core/path.ts";
import type { Change, MakeChange, MoveChange } from "../core/plan.ts";
import type { NamedFile } from "../core/record.ts";
import type { Disk, Stat } from "../system/disk.ts";
import { contentOf, isNameChange, linkIfPossible, makeFolders, renameToFree, spotOf } from "./spots.ts";
import { heldPath, type Place, tempPath } from "./stage.ts";
import { databaseOfSide, isLogIndex } from "./targets.ts";

/**
 * Gives file `n` its old name back, or takes away the one that was made, unless that is so already. Returns why it was
 * left alone instead, if it was. Throws `unsafe-path` when it cannot be where the plan says.
 */
export function takeNameBack(
  place: Place,
  changes: readonly Change[],
  file: NamedFile,
): string | undefined {
  const change = changes[file.n];
  if (change === undefined || !isNameChange(change)) {
    return "the journal names a change that is none of a name";
  }
  if (change.kind === "make") return unmake(place, change, file);
  if (change.kind === "move") return moveBack(place, changes, change, file);
  const { path } = spotOf(place, change.path);
  return putBack(place.disk, heldPath(place.recordDir, file.n), path, change.content);
}

function moveBack(
  place: Place,
  changes: readonly Change[],
  change: MoveChange,
  file: NamedFile,
): string | undefined {
  const { disk } = place;
  const from = spotOf(place, change.path);
  const to = spotOf(place, change.to).path;
  const [old, now] = [disk.lstat(from.path), disk.lstat(to)];
  if (now === undefined) return old === undefined ? "another program moved or removed it" : undefined;
  const isAs = (stat: Stat) => stat.size === file.size && stat.mtimeMs === file.mtimeMs;
  // Where files have no numbers, two that are alike are one: nothing was there before the move.
  const isTwin = now.ino === 0 && old !== undefined && isAs(old) && isAs(now);
  if (old !== undefined && (isTwin || isSame(old, now))) {
    removeName(disk, to);
    return undefined;
  }
  if (old !== undefined) {
    const isOurs = isLogIndex(change.path) || isAs(old);
    return isOurs ? undefined : "another program made a file under its old name";
  }
  if (now.kind !== "file") return "it is no regular file any more";
  if (isReplaced(place, changes, change)) return "its database was replaced by another one";
  makeFolders(place, from.missing);
  if (linkIfPossible(disk, to, from.path)) {
    disk.syncDir(joinPath(from.path, ".."));
    removeName(disk, to);
  } else {
    renameToFree(disk, to, from.path);
    disk.syncDir(joinPath(from.path, ".."));
    disk.syncDir(joinPath(to, ".."));
  }
  return undefined;
}

/**
 * Whether a file belongs to a database that was moved and in whose place another one stands now: SQLite would take the
 * log beside that one for its own.
 */
function isReplaced(place: Place, changes: readonly Change[], { path }: MoveChange): boolean {
  const database = databaseOfSide(path);
  if (database === undefined) return false;
  const main = changes.find((one): one is MoveChange => one.kind === "move" && one.path === database);
  const [there, away] = [database, main?.to].map((name) =>
    name === undefined ? undefined : place.disk.lstat(spotOf(place, name).path)
  );
  return there !== undefined && away !== undefined && !isSame(there, away);
}

function unmake(place: Place, change: MakeChange, { n }: NamedFile): string | undefined {
  const { disk } = place;
  const { path } = spotOf(place, change.path);
  disk.remove(tempPath(path, place.record, n));
  const now = disk.lstat(path);
  if (now === undefined) return undefined;
  if (now.kind !== "file") return "it is no regular file any more";
  if (contentOf(disk, path, change.content.length) !== change.content) return "another program wrote to it";
  removeName(disk, path);
  return undefined;
}

/** Puts a file back that was taken away and is still held under a second name. */
function putBack(disk: Disk, held: AbsPath, path: AbsPath, content: string): string | undefined {
  const [kept, now] = [disk.lstat(held), disk.lstat(path)];
  if (kept === undefined) return undefined; // never taken away, or put back before
  if (now === undefined) {
    disk.rename(held, path);
    disk.syncDir(joinPath(path, ".."));
    return undefined;
  }
  if (now.kind !== "file") return "another program put something else in its place";
  if (!isSame(now, kept) && contentOf(disk, path, content.length) !== content) {
    return "another program made a file in its place";
  }
  disk.remove(held);
  return undefined;
}

function removeName(disk: Disk, path: AbsPath): void {
  disk.remove(path);
  disk.syncDir(joinPath(path, ".."));
}

function isSame(a: Stat, b: Stat): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.ino !== 0;
}

/**
 * Removes folders that a run made for its files, as far as they are empty; the outer ones are named first. A folder that
 * none of the changes has a file in stays: a journal is a file, and somebody may have written another name into it.
 */
export function removeFolders(
  { disk, home }: Pick<Place, "disk" | "home">,
  folders: readonly RelPath[],
  changes: readonly Change[],
): void {
  const known = foldersOf(changes);
  for (const folder of [...folders].reverse()) {
    const path = known.has(folder) ? folderIn({ disk, home }, folder) : undefined;
    if (path === undefined || disk.list(path)?.length !== 0) continue;
    disk.removeDir(path);
    disk.syncDir(joinPath(path, ".."));
  }
}

/** All folders above the files that are given names, old and new. */
function foldersOf(changes: readonly Change[]): ReadonlySet<RelPath> {
  const folders = new Set<RelPath>();
  for (const change of changes) {
    if (!isNameChange(change)) continue;
    for (const name of change.kind === "move" ? [change.path, change.to] : [change.path]) {
      for (let up = parentOf(name); up !== undefined && !folders.has(up); up = parentOf(up)) folders.add(up);
    }
  }
  return folders;
}

/** A folder of the home that is there; undefined when it is not, or is reached through a link. */
function folderIn(place: Pick<Place, "disk" | "home">, folder: unknown): AbsPath | undefined {
  const below = parseRelPath(folder);
  if (below === undefined) return undefined;
  try {
    const { path } = spotOf(place, below);
    return place.disk.lstat(path)?.kind === "directory" ? path : undefined;
  } catch (error) {
    if (error instanceof AppError && error.code === "unsafe-path") return undefined;
    throw error;
  }
}
