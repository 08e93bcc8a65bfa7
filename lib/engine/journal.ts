/** Writes the journal of a record: one line per entry, each on the disk before what it announces happens. */
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import { type JournalEntry, serializeEntry } from "../core/record.ts";
import type { Disk } from "../system/disk.ts";
import { ownFile } from "./own_file.ts";

/** A journal that is being written. */
export interface OpenJournal {
  /** Appends an entry and waits until it is on the disk. When that fails, the entry does not count. */
  log(entry: JournalEntry): void;
  close(): void;
}

/** Opens a journal that exists for more entries; a torn last line is cut off first. */
export function openJournal(disk: Disk, path: AbsPath): OpenJournal {
  ownFile(disk, path);
  let whole = trimJournal(disk, path);
  let torn = false;
  const file = disk.openAppend(path, 0o600);
  // An entry that was written in part, or may not be on the disk, must neither count nor spoil the next one.
  const cutBack = () => {
    file.truncate(whole);
    torn = false;
  };
  return {
    log: (entry) => {
      if (torn) cutBack();
      const bytes = new TextEncoder().encode(serializeEntry(entry));
      try {
        file.write(bytes);
        file.sync();
        whole += bytes.length;
      } catch (error) {
        torn = true;
        tryNow(cutBack);
        throw error;
      }
    },
    close: () => file.close(),
  };
}

/** For what is tried again before it matters. */
function tryNow(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

/** Cuts off what a crash left of a line, so that the next entry begins on a line of its own. Returns the size. */
function trimJournal(disk: Disk, path: AbsPath): number {
  const file = disk.openRead(path);
  let whole: number;
  try {
    const bytes = file.read(0, file.size);
    whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole === bytes.length) return whole;
  } finally {
    file.close();
  }
  disk.truncate(path, whole);
  return whole;
}
