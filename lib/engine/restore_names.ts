/** Takes back moves, and files that were made or taken away. */
import { toByteString } from "../core/bytes.ts";
import { baseName, inHome, joinPath, type RelPath } from "../core/path.ts";
import { type Change, invert, type MakeChange, type MoveChange, type UnmakeChange } from "../core/plan.ts";
import type { Disk } from "../system/disk.ts";
import { findRollout, type Present } from "./gentle_undo.ts";
import type { Undone } from "./restore.ts";
import type { NameChange } from "./spots.ts";
import { databaseOfSide, isDatabaseFile } from "./targets.ts";

/** Largest file that is taken away though somebody changed it: it goes into the record. */
const MAX_MADE_BYTES = 1024 * 1024;
const SIDES = ["", "-wal", "-shm", "-journal"];

/** A record that is taken back. */
export interface Source {
  readonly id: string;
  /** Where its moves brought files: those places are free once they are taken back. */
  readonly places: ReadonlySet<RelPath>;
}

/** What takes a change of names back, going by what is there now. */
export function restoreName(present: Present, source: Source, change: NameChange, force: boolean): Undone {
  switch (change.kind) {
    case "move":
      return restoreMove(present, source, change, force);
    case "make":
      return restoreMade(present, change, force);
    case "unmake":
      return restoreUnmade(present, change);
  }
}

/** What was written to a file since does not matter to its name. */
function restoreMove(present: Present, source: Source, change: MoveChange, force: boolean): Undone {
  const { disk, snapshot: { home } } = present;
  const stat = (path: RelPath) => disk.lstat(inHome(home, path));
  const now = stat(change.to);
  const database = databaseOfSide(change.path);
  const isTaken = (path: RelPath) => stat(path) !== undefined && !source.places.has(path);
  const taken = isTaken(change.path) || (database !== undefined && isTaken(database));
  if (now === undefined) {
    return stat(change.path)?.kind === "file" ? {} : moveFromElsewhere(present, change, force);
  }
  if (now.kind !== "file") return clash(change, "it is no regular file any more");
  const back: Change = { ...invert(change), ...stampOf(now) } as MoveChange;
  if (!taken) return { change: back };
  const reason = "something else stands under its old name";
  const isDatabase = isDatabaseFile(change.path) || database !== undefined;
  if (!force || !isDatabase) return clash(change, reason);
  // What Codex began in its place is set aside in turn, so that restoring this restore brings it back.
  const first = database === undefined ? setAside(disk, present, change, source.id) : [];
  return { conflict: { subject: change.path, reason }, change: back, first };
}

function stampOf({ size, mtimeMs }: { size: number; mtimeMs: number }): Pick<MoveChange, "size" | "mtimeMs"> {
  return { size, mtimeMs };
}

function clash({ path }: NameChange, reason: string): Undone {
  return { conflict: { subject: path, reason } };
}

/** Codex may have moved or compressed the file since; it is found by its name. */
function moveFromElsewhere(present: Present, change: MoveChange, force: boolean): Undone {
  const found = change.thread === undefined
    ? undefined
    : findRollout(present.snapshot, change.thread, change.path);
  if (found === undefined) return clash(change, "it is gone");
  const wanted = change.path.replace(/\.zst$/i, "") + (found.encoding === "zstd" ? ".zst" : "") as RelPath;
  if (found.path === wanted) return {};
  const conflict = { subject: change.path, reason: `it is "${found.path}" now` };
  const isFree = present.disk.lstat(inHome(present.snapshot.home, wanted)) === undefined;
  if (!force || !isFree) return { conflict };
  const { sets, ...back } = invert(change) as MoveChange;
  return { conflict, change: { ...back, sets, path: found.path, to: wanted, ...stampOf(found.stamp) } };
}

/** Moves of a database that stands in the place of another one, and of what is beside it: the main file first. */
function setAside(
  disk: Disk,
  { snapshot: { home } }: Present,
  { path }: MoveChange,
  record: string,
): Change[] {
  return SIDES.flatMap((side): Change[] => {
    const from = path + side as RelPath;
    const now = disk.lstat(inHome(home, from));
    if (now === undefined) return [];
    const to = `db-backups/${record}/${baseName(from)}` as RelPath;
    return [{ kind: "move", path: from, to, thread: undefined, sets: {}, ...stampOf(now) }];
  });
}

function restoreMade({ disk, snapshot: { home } }: Present, change: MakeChange, force: boolean): Undone {
  const path = joinPath(home, ...change.path.split("/"));
  const now = disk.lstat(path);
  if (now === undefined) return {};
  if (now.kind !== "file") return clash(change, "it is no regular file any more");
  const file = disk.openRead(path);
  try {
    const content = file.size > MAX_MADE_BYTES ? undefined : toByteString(file.read(0, file.size));
    if (content === change.content) return { change: invert(change) };
    const conflict = { subject: change.path, reason: "it was changed since" };
    if (!force || content === undefined) return { conflict };
    return { conflict, change: { ...invert(change), content } as UnmakeChange };
  } finally {
    file.close();
  }
}

function restoreUnmade({ disk, snapshot: { home } }: Present, change: UnmakeChange): Undone {
  const path = inHome(home, change.path);
  const now = disk.lstat(path);
  if (now === undefined) return { change: invert(change) };
  if (now.kind !== "file" || now.size !== change.content.length) {
    return clash(change, "there is another file now");
  }
  const file = disk.openRead(path);
  try {
    const isSame = toByteString(file.read(0, file.size)) === change.content;
    return isSame ? {} : clash(change, "there is another file now");
  } finally {
    file.close();
  }
}
