/** Reads back what a run wrote, before it is called done; and checks records without using them. */
import { AppError } from "../core/error.ts";
import type { AbsPath, RelPath } from "../core/path.ts";
import type { Change } from "../core/plan.ts";
import { type JournalEntry, RECORD_FILES, type StagedFile, stateOf } from "../core/record.ts";
import type { Disk } from "../system/disk.ts";
import type { Run } from "./batches.ts";
import { readChanges, readJournal, readManifest, recordDir, skippedIn } from "./records.ts";
import { isAs, openDatabases, rowName, wholeSpots } from "./rows.ts";
import { wantedRows } from "./run_rows.ts";
import { contentOf, isNameChange, type NameChange, spotOf } from "./spots.ts";
import { heldPath, type Place } from "./stage.ts";
import { hashContent } from "./hash.ts";

/** Every replaced file holds what the plan says; bytes appended since by others do not count. Throws `failed`. */
export function verifyFiles(
  run: Run,
  onProgress: (stage: string, done: number, total: number) => void,
): void {
  const { disk } = run.place;
  const moved = new Map<RelPath, AbsPath>();
  for (const n of run.named.keys()) {
    const change = run.changes[n];
    if (change === undefined || !isNameChange(change)) continue;
    verifyName(run.place, change, n);
    if (change.kind === "move") moved.set(change.path, spotOf(run.place, change.to).path);
  }
  let done = 0;
  for (const file of run.replaced.values()) {
    const reader = disk.openRead(moved.get(file.change.path) ?? file.target);
    try {
      if (hashContent(reader, file.size) !== file.after) {
        throw new AppError("failed", `"${file.change.path}" does not hold what was written to it`);
      }
    } finally {
      reader.close();
    }
    onProgress("verifying", ++done, run.replaced.size);
  }
}

function verifyName(place: Place, change: NameChange, n: number): void {
  const isThere = (path: RelPath) => place.disk.lstat(spotOf(place, path).path)?.kind === "file";
  const right = change.kind === "move"
    ? isThere(change.to)
    : change.kind === "unmake"
    ? !isThere(change.path)
    : isThere(change.path) &&
      contentOf(place.disk, spotOf(place, change.path).path, change.content.length) === change.content;
  if (!right) throw new AppError("failed", `"${change.path}" is not as it was left`);
  // What was written to it at the last moment stands in the file that is still held.
  const held = heldPath(place.recordDir, n);
  if (change.kind === "unmake" && contentOf(place.disk, held, change.content.length) !== change.content) {
    throw new AppError("state-changed", `"${change.path}" was written to by another program`);
  }
}

/** Every changed row has its new values and the databases are sound. Throws `failed` or `database-malformed`. */
export function verifyRows(run: Run, busyMs: number): void {
  const rows = wantedRows(run);
  const databases = openDatabases(rows, busyMs);
  try {
    for (const { change, spot } of wholeSpots(rows)) {
      if (!isAs(databases.of(change.database), spot, "after")) {
        throw new AppError("failed", `the ${rowName(change)} does not hold what was written to it`);
      }
    }
    for (const path of new Set(rows.map((row) => row.database))) {
      const fault = databases.of(path).quickCheck();
      if (fault !== undefined) {
        throw new AppError("database-malformed", `state database "${path}" is damaged: ${fault}`);
      }
    }
  } finally {
    databases.close();
  }
}

/** What is wrong with a record; empty when it can be restored from. `deep` also reads the files it holds. */
export function verifyRecord(disk: Disk, home: AbsPath, id: string, deep: boolean): string[] {
  try {
    const manifest = readManifest(disk, home, id);
    const changes = readChanges(disk, home, manifest);
    const journal = readJournal(disk, home, id);
    const problems = changes.length === manifest.changes
      ? []
      : ["it holds another number of changes than it says"];
    // A run that was taken back has given its old files away, and one that was cut off is about to.
    if (!deep || stateOf(journal) !== "complete") return problems;
    return [...problems, ...verifyHeld(disk, recordDir(home, id), changes, journal)];
  } catch (error) {
    if (error instanceof AppError) return [error.message];
    throw error;
  }
}

function verifyHeld(
  disk: Disk,
  dir: AbsPath,
  changes: readonly Change[],
  journal: readonly JournalEntry[],
): string[] {
  return heldFiles(changes, journal).flatMap((file) => heldFault(disk, dir, file) ?? []);
}

/** What is wrong with a file that the record in `dir` keeps whole; undefined when every byte is as it was. */
export function heldFault(disk: Disk, dir: AbsPath, { n, before }: StagedFile): string | undefined {
  const path = heldPath(dir, n);
  if (disk.lstat(path) === undefined) return `${RECORD_FILES.held}/${n} is missing`;
  const reader = disk.openRead(path);
  try {
    return hashContent(reader, reader.size) === before ? undefined : `${RECORD_FILES.held}/${n} is damaged`;
  } finally {
    reader.close();
  }
}

/**
 * The files a finished record keeps whole: those whose old content cannot be made again from the new one. None for a
 * run that was taken back: they are in their old places.
 */
export function heldFiles(changes: readonly Change[], journal: readonly JournalEntry[]): StagedFile[] {
  if (stateOf(journal) === "undone") return [];
  const skipped = skippedIn(journal);
  return stagedFiles(journal).filter(({ n }) => {
    const kind = changes[n]?.kind;
    return (kind === "recode" || kind === "put") && !skipped.has(n);
  });
}

/** What the journal knows of every file that was replaced. */
export function stagedFiles(journal: readonly JournalEntry[]): StagedFile[] {
  return journal.flatMap((entry) => entry.event === "begin" ? entry.files : []);
}
