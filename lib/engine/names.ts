/**
 * Gives files names and takes names away: moves, and small files that are made or taken away. Nothing is ever put over
 * something else. A file that is moved has both names for a moment, so it is never without one, and a program that has
 * it open goes on writing to the same file.
 */
import { fromByteString } from "../core/bytes.ts";
import { AppError, messageOf } from "../core/error.ts";
import { type AbsPath, joinPath, type RelPath } from "../core/path.ts";
import type { Change, MoveChange } from "../core/plan.ts";
import type { NamedFile } from "../core/record.ts";
import type { Disk, Stat } from "../system/disk.ts";
import { dropThread, isSkippable, lockOrDrop, type Run } from "./batches.ts";
import {
  changed,
  contentOf,
  isNameChange,
  linkIfPossible,
  makeFolders,
  type NameChange,
  renameToFree,
  type Spot,
  spotOf,
} from "./spots.ts";
import { heldPath, hold, isUntouched, type Place, tempPath } from "./stage.ts";
import { databaseOfSide, isDatabaseFile, isLogIndex } from "./targets.ts";

/** Names per journal entry. */
const BATCH_NAMES = 64;

interface Item {
  readonly n: number;
  readonly change: NameChange;
}

/** An item whose ground has been looked at. */
interface Ready extends Item {
  readonly file: NamedFile;
  /** Where the file is; of one to be made, where it will be. */
  readonly path: AbsPath;
  readonly was: Stat | undefined;
  /** Where a moved file will be. */
  readonly to: Spot | undefined;
  /** Folders to be made for it. */
  readonly missing: readonly RelPath[];
}

/** An item whose file has its new name, if files can have two. */
interface Given extends Ready {
  readonly linked: boolean;
}

/** Cuts the wanted changes into batches; a file that takes the place of one moved before waits for the next batch. */
export function nameBatches(
  changes: readonly Change[],
  wanted: (change: NameChange) => boolean,
): readonly (readonly Item[])[] {
  const batches: Item[][] = [];
  let left = new Set<RelPath>();
  changes.forEach((change, n) => {
    if (!isNameChange(change) || !wanted(change)) return;
    const batch = batches.at(-1);
    // A database is moved at once with what SQLite keeps beside it.
    const full = batch !== undefined && batch.length >= BATCH_NAMES &&
      databaseOfSide(change.path) === undefined;
    const next = change.kind === "move" ? change.to : change.path;
    if (batch === undefined || full || left.has(next)) {
      batches.push([{ n, change }]);
      left = new Set([change.path]);
    } else {
      batch.push({ n, change });
      left.add(change.path);
    }
  });
  return batches;
}

/** Carries out one batch. Threads whose files cannot be moved are dropped; a failing disk throws. */
export async function changeNames(run: Run, batch: readonly Item[]): Promise<void> {
  await lockOrDrop(run, batch.flatMap(({ change }) => change.thread ?? []));
  const prepared = batch.flatMap((item) => orDrop(run, item, () => prepare(run, item)) ?? []);
  const ready = prepared.filter(({ change }) => !isOut(run, change));
  if (ready.length === 0) return;
  const folders = [...new Set(ready.flatMap(({ missing }) => missing))];
  run.record.log({ event: "names", files: ready.map(({ file }) => file), folders });
  for (const folder of folders) run.folders.add(folder);
  for (const { n, file } of ready) run.named.set(n, file);
  const given = ready.flatMap((one) =>
    orDrop(run, one, () => ({ ...one, linked: give(run.place, one) })) ?? []
  );
  // The folder of a file whose thread was left out meanwhile may be gone again.
  const isIn = ({ change }: Item) => !isOut(run, change);
  syncAll(run.place, given.filter(isIn).map(({ to, path }) => to?.path ?? path));
  for (const one of given) orDrop(run, one, () => take(run.place, one));
  syncAll(run.place, given.filter(isIn).map(({ path }) => path));
}

function isOut(run: Run, { thread }: NameChange): boolean {
  return thread !== undefined && run.dropped.has(thread);
}

/** What `act` gives; undefined when the thread had to be left out. What belongs to no thread throws. */
function orDrop<T>(run: Run, { change }: Item, act: () => T): T | undefined {
  if (isOut(run, change)) return undefined;
  try {
    return act();
  } catch (error) {
    if (!isSkippable(error) || change.thread === undefined) throw error;
    dropThread(run, change.thread, messageOf(error));
    return undefined;
  }
}

function prepare(run: Run, { n, change }: Item): Ready {
  const { place } = run;
  const { disk } = place;
  const from = spotOf(place, change.path);
  const was = disk.lstat(from.path);
  if (change.kind === "make") {
    if (was !== undefined) throw changed(`"${change.path}" is there already`);
    const file = { n, size: change.content.length, mtimeMs: 0 };
    return { n, change, file, path: from.path, was, to: undefined, missing: from.missing };
  }
  if (was === undefined) throw changed(`"${change.path}" is gone since the plan was made`);
  if (was.kind !== "file") throw new AppError("refused", `"${change.path}" is no regular file`);
  const file = { n, size: was.size, mtimeMs: was.mtimeMs };
  if (change.kind === "unmake") {
    if (contentOf(disk, from.path, change.content.length) !== change.content) {
      throw changed(`"${change.path}" was changed since the plan was made`);
    }
    return { n, change, file, path: from.path, was, to: undefined, missing: [] };
  }
  if (!isAsPlanned(run, change, was)) {
    throw changed(`"${change.path}" was written to since the plan was made`);
  }
  if (isDatabaseFile(change.path)) requireNoOtherLog(run, change, from.path);
  const to = spotOf(place, change.to);
  if (disk.lstat(to.path) !== undefined) throw changed(`"${change.to}" is there already`);
  return { n, change, file, path: from.path, was, to, missing: to.missing };
}

/** A database must not be parted from a log that has come since the plan was made. */
function requireNoOtherLog({ changes, place }: Run, { path }: MoveChange, file: AbsPath): void {
  for (const side of ["-wal", "-journal"]) {
    const isMoved = changes.some((change) => change.kind === "move" && change.path === path + side);
    if (isMoved || place.disk.lstat(file + side) === undefined) continue;
    throw changed(`"${path}${side}" has come since the plan was made`);
  }
}

/** As the plan says, or as an edit of the same run has just left it. */
function isAsPlanned(run: Run, { path, size, mtimeMs }: MoveChange, was: Stat): boolean {
  for (const { change, size: staged } of run.replaced.values()) {
    if (change.path === path) return was.size === staged;
  }
  if (isLogIndex(path)) return true;
  return was.size === size && was.mtimeMs === mtimeMs;
}

/**
 * The first half: every file gets its new name, or a second one under which it can be found again; false where that
 * is not possible.
 */
function give(place: Place, { n, change, path, was, to, missing }: Ready): boolean {
  const { disk } = place;
  makeFolders(place, missing);
  switch (change.kind) {
    case "make":
      putNew(disk, tempPath(path, place.record, n), path, fromByteString(change.content));
      return true;
    case "unmake":
      hold(disk, path, heldPath(place.recordDir, n));
      return true;
    case "move":
      if (was !== undefined && !isUntouched(disk, path, was)) {
        throw changed(`"${change.path}" was written to`);
      }
      return to !== undefined && linkIfPossible(disk, path, to.path);
  }
}

/** Written and synced before it gets its name, so that nobody ever sees half of it. */
function putNew(disk: Disk, temp: AbsPath, path: AbsPath, bytes: Uint8Array): void {
  const out = disk.createFile(temp, 0o600);
  try {
    out.write(bytes);
    out.sync();
  } finally {
    out.close();
  }
  if (linkIfPossible(disk, temp, path)) disk.remove(temp);
  else renameToFree(disk, temp, path);
}

/**
 * The second half: the old names go, in the order of the plan, which matters for databases. Files that have only one
 * name at a time get the new one here.
 */
function take({ disk }: Place, { change, path, was, to, linked }: Given): true {
  if (was !== undefined && disk.lstat(path)?.ino !== was.ino) {
    throw changed(`another program put another file in the place of "${change.path}"`);
  }
  if (change.kind === "unmake" || (change.kind === "move" && linked)) disk.remove(path);
  else if (to !== undefined) renameToFree(disk, path, to.path);
  return true;
}

function syncAll({ disk, recordDir }: Place, paths: readonly AbsPath[]): void {
  const folders = new Set(paths.map((path) => joinPath(path, "..")));
  folders.add(joinPath(heldPath(recordDir, 0), ".."));
  for (const folder of folders) disk.syncDir(folder);
}
