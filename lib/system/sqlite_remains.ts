/** Reading what is left of a database that SQLite does not open: a copy of it, mended as far as that can be done. */
import { basename, join } from "node:path";
import type { AbsPath } from "../core/path.ts";
import type { Disk, ReadFile, WriteFile } from "./disk.ts";
import { connect } from "./sqlite_driver.ts";
import { inPrivateFolder, type ReadDatabase, resolveDatabase, toReadDatabase } from "./sqlite_read.ts";

const MAGIC = "SQLite format 3\0";
const HEADER_BYTES = 100;
/** Page size of Codex's databases (seen in Codex 0.169), for a header that does not say. */
const PAGE_BYTES = 4096;
const CHUNK_BYTES = 1024 * 1024;
/** A header that speaks of more than this many times the file is not believed. */
const MOST_MISSING = 64;

/**
 * Opens a private copy of a damaged database. A header that is gone is made anew, with the page size that Codex uses, and
 * a file that was cut short gets empty pages at its end; every other page is as it was, so queries may still throw
 * `database-malformed` where they come upon damage. Its log is left out when the header is gone.
 *
 * @throws AppError like `openForReading`
 */
export function openRemains(path: AbsPath, disk: Disk): ReadDatabase {
  const real = resolveDatabase(path, disk);
  const opened = inPrivateFolder(disk, (folder) => {
    const target = join(folder, basename(real)) as AbsPath;
    const hasHeader = copyMended(real, target, disk);
    const log = `${real}-wal`;
    if (hasHeader && disk.lstat(log)?.kind === "file") disk.copy(log, `${target}-wal`);
    const connection = connect(target, "rw", 0);
    return { connection, close: connection.close };
  });
  return toReadDatabase(path, opened, () => false);
}

/** Copies the file with a header that can be read and at least as many pages as it names; whether it had a header. */
function copyMended(from: AbsPath, to: AbsPath, disk: Disk): boolean {
  const source = disk.openRead(from);
  const copy = disk.createFile(to, 0o600);
  let wanted: number;
  let hasHeader: boolean;
  try {
    const found = source.read(0, HEADER_BYTES).slice();
    hasHeader = new TextDecoder("latin1").decode(found.subarray(0, MAGIC.length)) === MAGIC;
    const header = hasHeader ? found : newHeader(source.size);
    copy.write(header);
    copyRest(source, copy);
    wanted = fullSize(header);
  } finally {
    source.close();
    copy.close();
  }
  if (wanted > source.size && wanted <= source.size * MOST_MISSING) disk.truncate(to, wanted);
  return hasHeader;
}

function copyRest(source: ReadFile, copy: WriteFile): void {
  for (let at = HEADER_BYTES; at < source.size;) {
    const piece = source.read(at, Math.min(CHUNK_BYTES, source.size - at));
    if (piece.length === 0) return;
    copy.write(piece);
    at += piece.length;
  }
}

/** Bytes of the whole database by its header: page size at 16, number of pages at 28. */
function fullSize(header: Uint8Array): number {
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const size = view.getUint16(16);
  return (size === 1 ? 65536 : size) * view.getUint32(28);
}

/** The header of a database of `size` bytes in rollback mode, UTF-8, with nothing in its lists of free pages. */
function newHeader(size: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(header.buffer);
  view.setUint16(16, PAGE_BYTES);
  header.set([1, 1, 0, 64, 32, 32], 18);
  view.setUint32(24, 1); // change counter, repeated at 92
  view.setUint32(28, Math.floor(size / PAGE_BYTES));
  view.setUint32(40, 1); // schema cookie
  view.setUint32(44, 4); // schema format
  view.setUint32(56, 1); // UTF-8
  view.setUint32(92, 1);
  return header;
}
