/** The folder of records: listing, reading, beginning a new one, and the ledger beside them. */
import { AppError, messageOf } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Change } from "../core/plan.ts";
import { asObject, parseChange } from "../core/plan_json.ts";
import {
  byNewest,
  checkManifest,
  type JournalEntry,
  type Manifest,
  parseJournal,
  parseManifest,
  RECORD_FILES,
  type RecordState,
  requireRecordId,
  sequenceOf,
  serializeEntry,
  serializeManifest,
  stateOf,
} from "../core/record.ts";
import { sha256Stream } from "../core/bytes.ts";
import type { Disk, ReadFile } from "../system/disk.ts";
import { systemCode } from "../system/file_error.ts";
import { linesWith } from "../text/jsonl.ts";
import { hashContent } from "./hash.ts";
import { inThisHome, isSameHome } from "./home_names.ts";
import { type OpenJournal, openJournal } from "./journal.ts";

/** Names beginning so are records half made or half removed; nothing reads them, the next run sweeps them. */
export const UNFINISHED = ".unfinished-";
/** Stands in every line of a record. */
const BRACE = new TextEncoder().encode("{");
/** No record comes near it; a larger one is damaged, and is not read into memory. */
const MAX_RECORD_FILE = 1024 * 1024 * 1024;

/** Folder of the records of a home. */
export function recordsDir(home: AbsPath): AbsPath {
  return joinPath(home, "backups_state", "codexkeep");
}

/** Folder of one record. Throws `record-unknown` for a name that is no id. */
export function recordDir(home: AbsPath, id: string): AbsPath {
  return joinPath(recordsDir(home), requireRecordId(id));
}

/** What a listing needs to know of a record. */
export interface RecordSummary {
  readonly id: string;
  readonly state: RecordState;
  /** Undefined when the manifest cannot be trusted. */
  readonly manifest: Manifest | undefined;
  /** Changes that were made; those left out on the way are not among them. */
  readonly changes: number;
  /** It keeps the only copy of something: a file that could not go back, because another program had put its own there. */
  readonly rescues: boolean;
  readonly bytes: number;
  readonly problem: string | undefined;
  /** The failure of the disk for which it counts as damaged, though it may be whole. */
  readonly unread: AppError | undefined;
}

/** Ids of all records, newest first (by their number, not by the clock). */
export function listRecordIds(disk: Disk, home: AbsPath): string[] {
  const entries = disk.list(recordsDir(home)) ?? [];
  const ids = entries.filter((entry) => entry.kind === "directory" && sequenceOf(entry.name) !== undefined);
  return ids.map((entry) => entry.name).sort(byNewest);
}

/** All records, newest first. Damage becomes a state; nothing throws. */
export function listRecords(disk: Disk, home: AbsPath): RecordSummary[] {
  return listRecordIds(disk, home).map((id) => summarize(disk, home, id));
}

/** One record as a listing shows it. */
export function summarize(disk: Disk, home: AbsPath, id: string): RecordSummary {
  const bytes = sizeOf(disk, recordDir(home, id));
  try {
    const manifest = readManifest(disk, home, id);
    const journal = readJournal(disk, home, id);
    const changes = manifest.changes - skippedIn(journal).size;
    const state = stateOf(journal);
    const rescues = isRescue(disk, recordDir(home, id), state, journal);
    return { id, state, manifest, changes, rescues, bytes, problem: undefined, unread: undefined };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const unread = systemCode(error) === undefined ? undefined : error;
    return {
      id,
      state: "damaged",
      manifest: undefined,
      changes: 0,
      rescues: false,
      bytes,
      problem: messageOf(error),
      unread,
    };
  }
}

/** An old file that is held for a change that was left out, or of a run that was taken back, had nowhere to go. */
function isRescue(disk: Disk, dir: AbsPath, state: RecordState, journal: readonly JournalEntry[]): boolean {
  if (state !== "complete" && state !== "undone") return false;
  const names = (disk.list(joinPath(dir, RECORD_FILES.held)) ?? []).map(({ name }) => name);
  const skipped = skippedIn(journal);
  return names.some((name) => state === "undone" || skipped.has(Number(name)));
}

/** Indexes of the changes that a run left out on the way. */
export function skippedIn(journal: readonly JournalEntry[]): ReadonlySet<number> {
  return new Set(journal.flatMap((entry) => entry.event === "skipped" ? [entry.n] : []));
}

/**
 * The record of a run that was cut off; undefined when there is none. One that is damaged is none: `backups verify`
 * reports it, and it is no reason to undo anything. Whoever is going to write asks to `throw` when the disk would not
 * read one: it must not hide a run that was cut off.
 */
export function pendingRecord(
  disk: Disk,
  home: AbsPath,
  unread: "pass over" | "throw" = "pass over",
): string | undefined {
  return listRecordIds(disk, home).find((id) => {
    try {
      return stateOf(readJournal(disk, home, id)) === "pending";
    } catch (error) {
      if (error instanceof AppError && (unread === "pass over" || systemCode(error) === undefined)) {
        return false;
      }
      throw error;
    }
  });
}

/** The newest record and how its run stands, in one word to compare; "" where there is none. */
export function lastRun(disk: Disk, home: AbsPath): string {
  const [id] = listRecordIds(disk, home);
  if (id === undefined) return "";
  try {
    return `${id} ${stateOf(readJournal(disk, home, id))}`;
  } catch (error) {
    if (error instanceof AppError) return `${id} unread`;
    throw error;
  }
}

/** Reads and checks a manifest. Throws `record-damaged` or `record-unknown`. */
export function readManifest(disk: Disk, home: AbsPath, id: string): Manifest {
  const manifest = parseManifest(readText(disk, home, id, RECORD_FILES.manifest));
  checkManifest(manifest, id, isSameHome(disk, manifest.home, home) ? manifest.home : home);
  return manifest;
}

/** Reads and checks a journal. Throws `record-damaged` or `record-unknown`. */
export function readJournal(disk: Disk, home: AbsPath, id: string): JournalEntry[] {
  return parseJournal(readText(disk, home, id, RECORD_FILES.journal));
}

/**
 * Reads and checks the changes of a record; databases in the home are named as `home` is. Throws `record-damaged`,
 * `plan-invalid` or `unsafe-path`.
 */
export function readChanges(disk: Disk, home: AbsPath, manifest: Manifest): Change[] {
  const file = openPart(disk, home, manifest.id, RECORD_FILES.changes);
  try {
    if (file.size !== manifest.changesBytes || hashContent(file, file.size) !== manifest.changesSha256) {
      throw new AppError(
        "record-damaged",
        `the changes of record "${manifest.id}" do not match their checksum`,
      );
    }
    const decoder = new TextDecoder();
    const changes: Change[] = [];
    for (const line of linesWith(file, [BRACE], MAX_RECORD_FILE)) {
      if (line.tooLong) {
        throw new AppError("record-damaged", `a change of record "${manifest.id}" is too large`);
      }
      const change = parseChange(asObject(parseLine(decoder.decode(line.bytes), manifest.id), "change"));
      changes.push(inThisHome(change, manifest.home, home));
    }
    return changes;
  } finally {
    file.close();
  }
}

/** A checksum can be made by anybody, so what it covers need not be JSON. */
function parseLine(text: string, id: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("record-damaged", `a change of record "${id}" is not JSON`, { cause });
  }
}

function openPart(disk: Disk, home: AbsPath, id: string, name: string): ReadFile {
  const path = joinPath(recordDir(home, id), name);
  if (disk.lstat(path) === undefined) {
    if (disk.lstat(recordDir(home, id)) === undefined) {
      throw new AppError("record-unknown", `there is no record "${id}"`, { hint: "codexkeep backups list" });
    }
    throw new AppError("record-damaged", `record "${id}" has no ${name}`, {
      hint: "codexkeep backups verify",
    });
  }
  return disk.openRead(path);
}

function readText(disk: Disk, home: AbsPath, id: string, name: string): string {
  const file = openPart(disk, home, id, name);
  try {
    if (file.size > MAX_RECORD_FILE) {
      throw new AppError("record-damaged", `${name} of record "${id}" is too large`);
    }
    // Lossy decoding cannot hide a change: a replaced byte no longer matches the checksum of the text.
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(file.read(0, file.size));
  } finally {
    file.close();
  }
}

function sizeOf(disk: Disk, folder: AbsPath): number {
  let bytes = 0;
  for (const entry of disk.list(folder) ?? []) {
    const path = joinPath(folder, entry.name);
    if (entry.kind === "directory") bytes += sizeOf(disk, path);
    else bytes += disk.lstat(path)?.size ?? 0;
  }
  return bytes;
}

/** Folders beside the records that other programs keep their backups in; shown, never touched. */
export function foreignBackups(disk: Disk, home: AbsPath): string[] {
  const known = (folder: AbsPath, name: string) => disk.lstat(joinPath(folder, name))?.kind === "directory";
  const state = joinPath(home, "backups_state");
  const beside = (disk.list(state) ?? []).filter((entry) =>
    entry.kind === "directory" && entry.name !== "codexkeep"
  );
  const others = ["recovery-backups", "db-backups", "backup"].filter((name) => known(home, name));
  const inside = (disk.list(recordsDir(home)) ?? []).filter((entry) =>
    entry.kind !== "file" && sequenceOf(entry.name) === undefined && !entry.name.startsWith(UNFINISHED)
  );
  return [
    ...beside.map((entry) => joinPath(state, entry.name)),
    ...others.map((name) => joinPath(home, name)),
    ...inside.map((entry) => joinPath(recordsDir(home), entry.name)),
  ];
}

/** The number of the next record: one more than any record that is there. */
export function nextSequence(disk: Disk, home: AbsPath): number {
  return Math.max(0, ...listRecordIds(disk, home).map((id) => sequenceOf(id) ?? 0)) + 1;
}

/** A record that is being written. */
export interface OpenRecord extends OpenJournal {
  readonly id: string;
  readonly dir: AbsPath;
}

/** Writes lines into a new file, syncs it, and says how many bytes with which checksum. */
function writeLines(disk: Disk, path: AbsPath, lines: Iterable<string>): { bytes: number; sha256: string } {
  const file = disk.createFile(path, 0o600);
  const hash = sha256Stream();
  const encoder = new TextEncoder();
  let bytes = 0;
  let batch = "";
  const flush = () => {
    const data = encoder.encode(batch);
    hash.update(data);
    bytes += data.length;
    file.write(data);
    batch = "";
  };
  try {
    for (const line of lines) {
      batch += line;
      if (batch.length > 256 * 1024) flush();
    }
    flush();
    file.sync();
  } finally {
    file.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

/**
 * Makes a record for `changes`. It is built under a name nobody reads, synced, and only then gets its own, so a record
 * that can be seen is whole: from then on everything needed for undo is on the disk.
 */
export function beginRecord(
  disk: Disk,
  home: AbsPath,
  head: Omit<Manifest, "changesSha256" | "changesBytes">,
  changes: readonly Change[],
): OpenRecord {
  const parent = recordsDir(home);
  const building = joinPath(parent, UNFINISHED + head.id);
  disk.makeDir(building, 0o700);
  disk.makeDir(joinPath(building, RECORD_FILES.held), 0o700);
  const written = writeLines(disk, joinPath(building, RECORD_FILES.changes), serialized(changes));
  const manifest = { ...head, changesSha256: written.sha256, changesBytes: written.bytes };
  writeLines(disk, joinPath(building, RECORD_FILES.manifest), [serializeManifest(manifest)]);
  writeLines(disk, joinPath(building, RECORD_FILES.journal), [serializeEntry({ event: "prepared" })]);
  disk.syncDir(building);
  const dir = recordDir(home, head.id);
  disk.rename(building, dir);
  disk.syncDir(parent);
  return openRecord(disk, home, head.id);
}

function* serialized(changes: readonly Change[]): Iterable<string> {
  for (const change of changes) yield JSON.stringify(change) + "\n";
}

/** Opens the journal of a record for more entries; a torn last line is closed off first. */
export function openRecord(disk: Disk, home: AbsPath, id: string): OpenRecord {
  const dir = recordDir(home, id);
  return { id, dir, ...openJournal(disk, joinPath(dir, RECORD_FILES.journal)) };
}

/** Takes a record off the disk. The rename makes it invisible at once; what is left is swept by the next run. */
export function dropRecord(disk: Disk, home: AbsPath, id: string): void {
  const doomed = joinPath(recordsDir(home), UNFINISHED + id);
  disk.rename(recordDir(home, id), doomed);
  disk.syncDir(recordsDir(home));
  disk.removeTree(doomed);
}
