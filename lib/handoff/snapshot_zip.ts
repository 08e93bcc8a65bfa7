/** Snapshots in zip archives: packed when they are complete, opened for restoring. */
import { sha256Stream } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome, joinPath, type RelPath } from "../core/path.ts";
import { deflate, inflate, MAX_PACKED_BYTES } from "../system/deflate.ts";
import type { Disk, ReadFile, WriteFile } from "../system/disk.ts";
import type { Machine } from "../system/machine.ts";
import { contentAt, crc32, endOfZip, localHeader, readZip, type ZipEntry, ZipError } from "../text/zip.ts";
import { linesOf } from "./small_files.ts";
import type { Settings } from "./settings.ts";
import {
  damaged,
  type Kept,
  keptPath,
  LONGEST_LINE,
  MANIFEST,
  parseManifest,
  snapshotPath,
} from "./snapshot_files.ts";

const PIECE = 1 << 20;
/** Largest list that is unpacked. */
const MAX_MANIFEST_BYTES = MAX_PACKED_BYTES;

/** Name of a packed snapshot. */
export function zipOf(name: string): string {
  return `${name}.zip`;
}

/** A snapshot opened for reading. */
export interface OpenSnapshot {
  readonly name: string;
  readonly kept: readonly Kept[];
  /** Gives the content of a file piece by piece; pieces are only valid until the next. Throws `record-damaged`. */
  readonly content: (one: Kept, take: (piece: Uint8Array) => void) => void;
  readonly close: () => void;
}

/**
 * Packs a snapshot. The folder goes when the archive is on the disk and reads back the same; cut off before that, the
 * folder is still the snapshot.
 */
export function packSnapshot({ disk }: Machine, settings: Settings, name: string): void {
  const folder = snapshotPath(settings, name);
  const open = openFolder(disk, folder, name);
  const temp = snapshotPath(settings, `.codexkeep-tmp-${name}`);
  disk.remove(temp);
  const out = disk.createFile(temp, 0o600);
  try {
    writeZip(disk, folder, [MANIFEST as RelPath, ...open.kept.map(keptPath)], out);
    out.sync();
  } catch (error) {
    disk.remove(temp);
    throw error;
  } finally {
    out.close();
    open.close();
  }
  checkZip(disk, temp, name);
  disk.rename(temp, snapshotPath(settings, zipOf(name)));
  disk.syncDir(settings.paths.backupDir);
  // Without its list what is left of the folder is no snapshot any more.
  disk.remove(joinPath(folder, MANIFEST));
  disk.syncDir(folder);
  disk.removeTree(folder);
}

function writeZip(disk: Disk, folder: AbsPath, paths: readonly RelPath[], out: WriteFile): void {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (const name of paths) {
    const file = disk.openRead(inHome(folder, name));
    try {
      const entry = writeEntry(file, name, at, out);
      entries.push(entry);
      at = contentAt(entry) + entry.packed;
    } finally {
      file.close();
    }
  }
  out.write(endOfZip(entries, at));
}

function writeEntry(file: ReadFile, name: RelPath, at: number, out: WriteFile): ZipEntry {
  const { size } = file;
  const crc = checksum(file);
  const packed = size <= MAX_PACKED_BYTES ? deflate(file.read(0, size)) : undefined;
  if (packed !== undefined && packed.length < size) {
    const entry: ZipEntry = { name, method: "deflate", crc, packed: packed.length, size, at };
    out.write(localHeader(entry));
    out.write(packed);
    return entry;
  }
  const entry: ZipEntry = { name, method: "store", crc, packed: size, size, at };
  out.write(localHeader(entry));
  for (let from = 0; from < size; from += PIECE) out.write(file.read(from, Math.min(PIECE, size - from)));
  return entry;
}

function checksum(file: ReadFile): number {
  let crc = 0;
  for (let from = 0; from < file.size; from += PIECE) crc = crc32(file.read(from, PIECE), crc);
  return crc;
}

function checkZip(disk: Disk, path: AbsPath, name: string): void {
  const open = openZip(disk, path, name);
  try {
    for (const one of open.kept) readKept(open, one, () => {});
  } finally {
    open.close();
  }
}

/** Opens the snapshot of a name, packed or not. Throws `record-unknown`, `record-damaged`, and like the disk. */
export function openSnapshot({ disk }: Machine, settings: Settings, name: string): OpenSnapshot {
  const folder = snapshotPath(settings, name);
  // A folder with a list is complete, even where the archive beside it was made already.
  if (disk.lstat(joinPath(folder, MANIFEST)) !== undefined) return openFolder(disk, folder, name);
  const zip = snapshotPath(settings, zipOf(name));
  if (disk.lstat(zip) !== undefined) return openZip(disk, zip, name);
  throw new AppError("record-unknown", `there is no snapshot "${name}"`, {
    hint: `look into "${settings.paths.backupDir}"`,
  });
}

/** The content of a kept file, whose size and checksum are those of the list when this returns. */
export function readKept(open: OpenSnapshot, one: Kept, take: (piece: Uint8Array) => void): void {
  const hash = sha256Stream();
  let size = 0;
  open.content(one, (piece) => {
    size += piece.length;
    if (size > one.size) throw damaged(open.name, `"${keptPath(one)}" is longer than its list says`);
    hash.update(piece);
    take(piece);
  });
  if (size !== one.size || hash.digest("hex") !== one.sha256) {
    throw damaged(open.name, `"${keptPath(one)}" is not what its list says`);
  }
}

function openFolder(disk: Disk, folder: AbsPath, name: string): OpenSnapshot {
  const list = disk.openRead(joinPath(folder, MANIFEST));
  let kept: readonly Kept[];
  try {
    kept = parseManifest(linesOf(list, LONGEST_LINE), name, endsWhole(list));
  } finally {
    list.close();
  }
  const content: OpenSnapshot["content"] = (one, take) => {
    requireFolders(disk, folder, keptPath(one), name);
    const file = disk.openRead(inHome(folder, keptPath(one)));
    try {
      for (let at = 0; at < file.size; at += PIECE) take(file.read(at, PIECE));
    } finally {
      file.close();
    }
  };
  return { name, kept, content, close: () => {} };
}

/** No folder on the way to a kept file is a link. */
function requireFolders(disk: Disk, folder: AbsPath, path: RelPath, name: string): void {
  const names = path.split("/").slice(0, -1);
  for (const n of names.keys()) {
    const part = joinPath(folder, ...names.slice(0, n + 1));
    if (disk.lstat(part)?.kind !== "directory") throw damaged(name, `"${part}" is no folder`);
  }
}

function endsWhole(file: ReadFile): boolean {
  return file.size > 0 && file.read(file.size - 1, 1)[0] === 0x0a;
}

function openZip(disk: Disk, path: AbsPath, name: string): OpenSnapshot {
  const file = disk.openRead(path);
  try {
    const entries = entriesOf(file, name);
    const [list] = entries.values();
    if (list?.name !== MANIFEST || list.size > MAX_MANIFEST_BYTES) throw damaged(name, "it has no list");
    const bytes = unpack(file, list, name);
    const source = { size: bytes.length, read: (at: number, n: number) => bytes.subarray(at, at + n) };
    const isWhole = bytes.at(-1) === 0x0a;
    const kept = parseManifest(linesOf(source, LONGEST_LINE), name, isWhole);
    requireSameFiles(entries, kept, name);
    return { name, kept, content: contentIn(file, entries, name), close: file.close };
  } catch (error) {
    file.close();
    throw error;
  }
}

function entriesOf(file: ReadFile, name: string): ReadonlyMap<string, ZipEntry> {
  try {
    return new Map(readZip(file).map((entry) => [entry.name, entry]));
  } catch (error) {
    if (error instanceof ZipError) throw damaged(name, error.message);
    throw error;
  }
}

function requireSameFiles(entries: ReadonlyMap<string, ZipEntry>, kept: readonly Kept[], name: string): void {
  for (const one of kept) {
    if (entries.get(keptPath(one))?.size !== one.size) {
      throw damaged(name, `"${keptPath(one)}" is in its list with another size, or not in the archive`);
    }
  }
  const listed = new Set<string>([MANIFEST, ...kept.map(keptPath)]);
  for (const path of entries.keys()) {
    if (!listed.has(path)) throw damaged(name, `"${path}" is not in its list`);
  }
}

function contentIn(
  file: ReadFile,
  entries: ReadonlyMap<string, ZipEntry>,
  name: string,
): OpenSnapshot["content"] {
  return (one, take) => {
    const entry = entries.get(keptPath(one));
    if (entry === undefined) throw damaged(name, `"${keptPath(one)}" is not in the archive`);
    if (entry.method === "deflate") return take(unpack(file, entry, name));
    const from = contentAt(entry);
    let crc = 0;
    for (let at = 0; at < entry.size; at += PIECE) {
      const piece = file.read(from + at, Math.min(PIECE, entry.size - at));
      crc = crc32(piece, crc);
      take(piece);
    }
    requireSum(entry, crc, name);
  };
}

function unpack(file: ReadFile, entry: ZipEntry, name: string): Uint8Array {
  if (entry.size > MAX_PACKED_BYTES || entry.packed > MAX_PACKED_BYTES) {
    throw damaged(name, `"${entry.name}" is too large to be packed`);
  }
  const packed = file.read(contentAt(entry), entry.packed).slice();
  let content: Uint8Array;
  try {
    content = entry.method === "store" ? packed : inflate(packed, entry.size);
  } catch (error) {
    if (error instanceof AppError) throw damaged(name, `"${entry.name}": ${error.message}`);
    throw error;
  }
  requireSum(entry, crc32(content), name);
  return content;
}

function requireSum({ name: path, crc }: ZipEntry, found: number, name: string): void {
  if (crc !== found) throw damaged(name, `the checksum of "${path}" is wrong`);
}
