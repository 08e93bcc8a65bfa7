/**
 * Takes back what a run did, from its record alone: used when a run fails, when it is interrupted, and by `recover`
 * after a crash. Safe to be cut off anywhere and run again.
 */
import { AppError, messageOf } from "../core/error.ts";
import { toByteString } from "../core/bytes.ts";
import { type AbsPath, inHome, joinPath } from "../core/path.ts";
import { type Change, invert, isInDatabase, type Skip } from "../core/plan.ts";
import type { JournalEntry, NamedFile, StagedFile } from "../core/record.ts";
import type { Disk, ReadFile, Stat } from "../system/disk.ts";
import { isAbsent } from "../system/file_error.ts";
import { skippedIn } from "./records.ts";
import { changeRows, type DatabaseChange, isAs, missingIn, openDatabases, wholeSpots } from "./rows.ts";
import { spotOf } from "./spots.ts";
import { type FileChange, heldPath, isFileChange, type Place, targetOf, tempPath } from "./stage.ts";
import { hashContent } from "./hash.ts";
import { ownFile } from "./own_file.ts";
import { removeFolders, takeNameBack } from "./undo_names.ts";
import { appendFrom, type Writers, writersIn } from "./writers.ts";

/** What undoing came to: threads and files that somebody else changed meanwhile, and that were left as they are. */
export interface Undone {
  readonly left: readonly Skip[];
}

/** Takes back everything the journal says may have been done. Throws only when the disk or database fails. */
export function undo(
  place: Place,
  changes: readonly Change[],
  journal: readonly JournalEntry[],
  busyMs: number,
): Undone {
  const left: Skip[] = [];
  const note = (n: number, reason: string | undefined) => {
    if (reason !== undefined) left.push({ subject: subjectOf(changes[n]), reason });
  };
  const skipped = skippedIn(journal);
  for (const entry of [...journal].reverse()) {
    if (entry.event === "rows") left.push(...undoRows(place.disk, changes, skipped, busyMs));
    if (entry.event === "begin") {
      const writers = writersIn(place.disk, place.home);
      try {
        for (const file of [...entry.files].reverse()) note(file.n, undoFile(place, changes, file, writers));
      } finally {
        writers.settle();
      }
    }
    if (entry.event === "names") {
      // Names that were given back already may have become somebody else's since.
      const files = entry.files.filter(({ n }) => !skipped.has(n)).reverse();
      for (const file of files) note(file.n, undoName(place, changes, file));
      removeFolders(place, entry.folders, changes);
    }
  }
  sweepTemps(place, changes);
  return { left };
}

function undoName(place: Place, changes: readonly Change[], file: NamedFile): string | undefined {
  try {
    return takeNameBack(place, changes, file);
  } catch (error) {
    if (!isNowhere(error)) throw error;
    return messageOf(error);
  }
}

function undoFile(
  place: Place,
  changes: readonly Change[],
  file: StagedFile,
  writers: Writers,
): string | undefined {
  const change = changes[file.n];
  if (change === undefined || !isFileChange(change)) {
    return "the journal names a change that is none of a file";
  }
  let target: AbsPath;
  try {
    target = targetOf(place, change);
  } catch (error) {
    if (!isNowhere(error)) throw error;
    return messageOf(error);
  }
  return takeBack(place, change, target, file, writers);
}

/** Whether a file cannot be where the plan says, as opposed to a disk that fails. */
function isNowhere(error: unknown): boolean {
  return isAbsent(error) || (error instanceof AppError && error.code === "unsafe-path");
}

function subjectOf(change: Change | undefined): string {
  if (change === undefined || change.kind === "drop") return "";
  return isInDatabase(change) ? change.thread ?? change.database : change.path;
}

function undoRows(
  disk: Disk,
  changes: readonly Change[],
  skipped: ReadonlySet<number>,
  busyMs: number,
): Skip[] {
  const rows = changes.filter((change, n): change is DatabaseChange =>
    isInDatabase(change) && !skipped.has(n)
  );
  const isThere = (row: DatabaseChange) => disk.stat(row.database) !== undefined;
  const present = rows.filter(isThere);
  const databases = openDatabases(present, busyMs);
  try {
    // A newer Codex may have altered its tables since.
    const missingOf = missingIn(databases.of);
    const there = present.filter((row) => missingOf(row) === undefined);
    const all = new Set(there);
    const back = there.map((row) => invert(row) as DatabaseChange).reverse();
    const failed = changeRows(databases, back, () => true);
    const left = failed.length === 0
      ? []
      : wholeSpots(there).filter(({ change, spot }) => !isAs(databases.of(change.database), spot, "before"));
    return [
      ...left.map(({ change }) => ({
        subject: subjectOf(change),
        reason: "its row was changed by another program",
      })),
      ...rows.filter((row) => !all.has(row)).map((row) => ({
        subject: subjectOf(row),
        reason: isThere(row) ? "its database is of another form now" : "its database is gone",
      })),
    ];
  } finally {
    databases.close();
  }
}

/**
 * Puts the old file back under its name, unless it is there already. Bytes that somebody appended to the new file
 * since are carried over, so that no line is lost; those that are still being appended when `writers` settle. Returns why
 * the file was left alone instead, if it was.
 */
export function takeBack(
  place: Place,
  change: FileChange,
  target: AbsPath,
  file: StagedFile,
  writers: Writers,
): string | undefined {
  const { disk } = place;
  const held = heldPath(place.recordDir, file.n);
  disk.remove(tempPath(target, place.record, file.n));
  const old = disk.lstat(held);
  const now = disk.lstat(target);
  if (old === undefined) return undefined; // never replaced, or put back before
  if (now === undefined) return "another program moved or removed it";
  if (now.kind !== "file") return "it is no regular file any more";
  if (isSame(now, old)) {
    disk.remove(held);
    return undefined;
  }
  const current = disk.openRead(target);
  let followed = false;
  try {
    const found = whichIs(current, change, file, old.size);
    if (found === "old") disk.remove(held);
    if (found !== "new") return found === "old" ? undefined : REPLACED;
    const open = writers.of(inHome(place.home, change.path));
    if (open !== undefined) return `it is open in process ${open.join(", ")}`;
    const carried = putBack(disk, { current, now }, target, held, file.size);
    if (carried === undefined) return REPLACED;
    writers.follow({ file: current, target, carried });
    followed = true;
    return undefined;
  } finally {
    if (!followed) current.close();
  }
}

const REPLACED = "another program replaced it";

/**
 * Which content stands under the file's own name, be it continued since: where the file could not be linked, it may
 * still be the old one. Either can be the beginning of the other; then it is the longer one that is there whole.
 */
function whichIs(
  current: ReadFile,
  change: FileChange,
  file: StagedFile,
  heldSize: number,
): "old" | "new" | undefined {
  const sizeBefore = change.kind === "put" ? heldSize : change.size;
  const isOld = hashContent(current, sizeBefore) === file.before;
  const isNew = hashContent(current, file.size) === file.after;
  if (isOld && isNew) return sizeBefore > file.size ? "old" : "new";
  return isOld ? "old" : isNew ? "new" : undefined;
}

function isSame(a: Stat, b: Stat): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.ino !== 0;
}

/** The new file, open, so that what is still appended to it is seen after its name is gone; and which file it is. */
interface Current {
  readonly current: ReadFile;
  readonly now: Stat;
}

/**
 * How many bytes of the new file, those that the run wrote included, went over; undefined when the name has come to
 * mean another file meanwhile, which then stays.
 */
function putBack(
  disk: Disk,
  { current, now }: Current,
  target: AbsPath,
  held: AbsPath,
  known: number,
): number | undefined {
  const end = Math.max(known, current.stat().size);
  // Before the rename: were we stopped after it, the rest would be in a file without a name.
  if (end > known) {
    ownFile(disk, held);
    appendFrom(disk, held, current, known + carriedBefore(disk, held, current, known, end), end);
  }
  // Reading, copying and syncing took time.
  const named = disk.lstat(target);
  if (named?.ino !== now.ino || named.dev !== now.dev) return undefined;
  disk.rename(held, target);
  disk.syncDir(joinPath(target, ".."));
  return end;
}

/** How many of the bytes are at the end of the held file already, from an undo that was cut off, perhaps midway. */
function carriedBefore(disk: Disk, held: AbsPath, current: ReadFile, from: number, to: number): number {
  const old = disk.openRead(held);
  try {
    const length = Math.min(to - from, old.size);
    const tail = toByteString(old.read(old.size - length, length));
    const head = toByteString(current.read(from, length));
    for (let at = 0; at < tail.length; at++) if (head.startsWith(tail.slice(at))) return tail.length - at;
    return 0;
  } finally {
    old.close();
  }
}

/** Removes staged files that never became current. */
function sweepTemps(place: Place, changes: readonly Change[]): void {
  changes.forEach((change, n) => {
    if (!isFileChange(change) && change.kind !== "make") return;
    try {
      const target = isFileChange(change) ? targetOf(place, change) : spotOf(place, change.path).path;
      place.disk.remove(tempPath(target, place.record, n));
    } catch (error) {
      if (!isNowhere(error)) throw error; // its folder is gone, and the temporary file with it
    }
  });
}
