/**
 * Replaces files, a batch at a time: the new content is staged beside the old file and synced, the journal says what
 * is about to happen, the old file is held under a second name, and one rename makes the new one current. At every
 * instant each file is wholly old or wholly new, and the old one can be put back as it was.
 */
import { sha256, sha256Stream } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import { type AbsPath, baseName, inHome, joinPath, parentOf, type RelPath } from "../core/path.ts";
import { type Change, type EditChange, isPointer, type PutChange, type RecodeChange } from "../core/plan.ts";
import { RECORD_FILES, type StagedFile } from "../core/record.ts";
import { applySplices, spliceChunks, splicedSize } from "../core/splice.ts";
import type { Disk, ReadFile, Stat, WriteFile } from "../system/disk.ts";
import { isLinkUnsupported } from "../system/file_error.ts";
import { compressZstd, expandZstd } from "../system/zstd.ts";
import { hashContent, PIECE_BYTES } from "./hash.ts";

/** A change of one file. */
export type FileChange = EditChange | RecodeChange | PutChange;

/** Whether a change replaces a file. */
export function isFileChange(change: Change): change is FileChange {
  return change.kind === "edit" || change.kind === "recode" || change.kind === "put";
}

/** Content up to this size is edited in memory; larger files go through piece by piece. */
const IN_MEMORY_BYTES = 4 * 1024 * 1024;

/** A file whose new content is ready beside it. */
export interface Staged extends StagedFile {
  readonly change: FileChange;
  /** Written, not yet synced; whoever stages closes it. */
  readonly out: WriteFile;
  /** The file itself, with links resolved. */
  readonly target: AbsPath;
  readonly temp: AbsPath;
  readonly was: Stat;
}

/** Where things of a run are. */
export interface Place {
  readonly disk: Disk;
  readonly home: AbsPath;
  readonly record: string;
  readonly recordDir: AbsPath;
  /** Folder of another record, for files that are put back from it. */
  readonly sourceDir: (record: string) => AbsPath;
}

/** The second name under which the old file `n` is held. */
export function heldPath(recordDir: AbsPath, n: number): AbsPath {
  return joinPath(recordDir, RECORD_FILES.held, String(n));
}

/** The staged file for change `n`: beside its target, under a name that Codex does not take for a rollout. */
export function tempPath(target: AbsPath, record: string, n: number): AbsPath {
  return joinPath(target, "..", `.codexkeep-${record}-${n}.tmp`);
}

/**
 * The real place of a file that is going to be replaced. The configuration may be a link to elsewhere (people keep it
 * with their dotfiles); a rollout must really lie in the home. Throws `unsafe-path`.
 */
export function targetOf({ disk, home }: Pick<Place, "disk" | "home">, change: FileChange): AbsPath {
  const path = inHome(home, change.path);
  if (isPointer(change)) return disk.lstat(path)?.kind === "symlink" ? disk.realPath(path) : path;
  const folder = parentOf(change.path);
  const real = folder === undefined ? disk.realPath(home) : disk.realPath(inHome(home, folder));
  const expected = folder === undefined ? disk.realPath(home) : inHome(disk.realPath(home), folder);
  if (real !== expected) {
    throw new AppError("unsafe-path", `"${change.path}" leads out of the home through a link`);
  }
  return joinPath(real, baseName(change.path as RelPath));
}

/**
 * Writes the new content of a file beside it; {@link syncStaged} then puts it on the disk. Throws `state-changed` when
 * the file is not as the plan says, `refused` when it must not be replaced; nothing is left behind then.
 */
export function stage(place: Place, change: FileChange, n: number): Staged {
  const { disk } = place;
  if (disk.stat(inHome(place.home, change.path)) === undefined) {
    throw new AppError("state-changed", `"${change.path}" is gone since the plan was made`);
  }
  const target = targetOf(place, change);
  const file = disk.openRead(target);
  try {
    const was = file.stat();
    requireState(change, was);
    const temp = tempPath(target, place.record, n);
    const out = disk.createFile(temp, 0o600);
    try {
      const sums = writeContent(place, change, file, out);
      if (was.uid !== undefined && was.gid !== undefined) out.setOwner(was.uid, was.gid);
      out.setMode(was.mode);
      const leave = leaveTime(change);
      if (leave !== undefined) out.setTimes(was.atimeMs, leave);
      return { n, change, out, target, temp, was, ...sums };
    } catch (error) {
      out.close();
      disk.remove(temp);
      throw error;
    }
  } finally {
    file.close();
  }
}

/** Puts staged files on the disk, all at a time, and closes them. */
export async function syncStaged(files: readonly Staged[]): Promise<void> {
  const results = await Promise.allSettled(files.map((file) => file.out.syncAside()));
  for (const { out } of files) out.close();
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

function leaveTime(change: FileChange): number | undefined {
  return change.kind === "edit" ? change.leaveMtimeMs : change.mtimeMs;
}

function requireState(change: FileChange, was: Stat): void {
  const changed = (what: string) =>
    new AppError("state-changed", `"${change.path}" ${what} since the plan was made`);
  if ((was.mode & 0o222) === 0 && was.mode !== 0) {
    throw new AppError("refused", `"${change.path}" is read-only`);
  }
  if (change.kind !== "put" && was.size !== change.size) throw changed("has another size");
  if (change.kind === "recode" && was.mtimeMs !== change.mtimeMs) throw changed("was written to");
  if (change.kind === "edit" && change.mtimeMs !== undefined && was.mtimeMs !== change.mtimeMs) {
    throw changed("was written to");
  }
}

type Sums = Pick<StagedFile, "before" | "after" | "size">;

function writeContent(place: Place, change: FileChange, file: ReadFile, out: WriteFile): Sums {
  switch (change.kind) {
    case "edit":
      return file.size <= IN_MEMORY_BYTES ? writeSmall(change, file, out) : writeLarge(change, file, out);
    case "recode": {
      const before = file.read(0, file.size);
      const was = sha256(before);
      const content = expandZstd(before);
      if (content.length !== change.contentSize) {
        throw new AppError("state-changed", `"${change.path}" holds other content than the plan says`);
      }
      const after = compressZstd(applySplices(content, change.splices));
      out.write(after);
      return { before: was, after: sha256(after), size: after.length };
    }
    case "put":
      return writeFromRecord(place, change, file, out);
  }
}

/** Where the new content of one file after the other is put together; thousands of arrays would pile up otherwise. */
let scratch = new Uint8Array(64 * 1024);

function writeSmall(change: EditChange, file: ReadFile, out: WriteFile): Sums {
  const before = file.read(0, file.size);
  const size = splicedSize(before.length, change.splices);
  if (size > scratch.length) scratch = new Uint8Array(2 * size);
  const after = applySplices(before, change.splices, scratch.subarray(0, size));
  out.write(after);
  return { before: sha256(before), after: sha256(after), size: after.length };
}

function writeLarge(change: EditChange, file: ReadFile, out: WriteFile): Sums {
  const before = hashContent(file, file.size);
  const hash = sha256Stream();
  let size = 0;
  for (const piece of spliceChunks(file, change.splices)) {
    hash.update(piece);
    out.write(piece);
    size += piece.length;
  }
  return { before, after: hash.digest("hex"), size };
}

function writeFromRecord(place: Place, change: PutChange, file: ReadFile, out: WriteFile): Sums {
  const before = hashContent(file, file.size);
  if (before !== change.beforeSha256) {
    throw new AppError("state-changed", `"${change.path}" changed since the plan was made`);
  }
  const source = place.disk.openRead(
    joinPath(place.sourceDir(change.from.record), RECORD_FILES.held, change.from.name),
  );
  try {
    for (let at = 0; at < source.size; at += PIECE_BYTES) out.write(source.read(at, PIECE_BYTES));
    const after = hashContent(source, source.size);
    if (after !== change.sha256) {
      throw new AppError("record-damaged", `the held copy of "${change.path}" is damaged`);
    }
    return { before, after, size: source.size };
  } finally {
    source.close();
  }
}

/** Whether a path still is the file that was staged from, untouched. */
export function isUntouched(disk: Disk, path: AbsPath, was: Stat): boolean {
  const now = disk.lstat(path);
  return now !== undefined && now.ino === was.ino && now.size === was.size && now.mtimeMs === was.mtimeMs;
}

/** Holds a file under a second name; where that is impossible (other file system, FAT), a synced copy does. */
export function hold(disk: Disk, target: AbsPath, held: AbsPath): void {
  try {
    disk.link(target, held);
  } catch (error) {
    if (!isLinkUnsupported(error)) throw error;
    disk.copy(target, held);
  }
}
