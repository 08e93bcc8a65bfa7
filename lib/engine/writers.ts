/**
 * Programs that may be writing to files which are taken back: those that hold none of Codex's locks. A file that one of
 * them has open is not taken away from it; what one of them still writes to a file that has just lost its name goes
 * over to the file that has the name now.
 */
import type { AbsPath } from "../core/path.ts";
import type { Disk, ReadFile } from "../system/disk.ts";
import { pause } from "../system/pause.ts";
import { lostFiles, openFiles } from "../system/processes.ts";
import { PIECE_BYTES } from "./hash.ts";

/** A file that has lost its name. */
export interface Lost {
  /** It, open; {@link Writers.settle} closes it. */
  readonly file: ReadFile;
  /** The file that has the name now. */
  readonly target: AbsPath;
  /** How many bytes of `file` need not go over. */
  carried: number;
}

/** What is known of them while a few files are taken back. */
export interface Writers {
  /** Processes that have a file open for writing, and still have after a while. Only Linux tells. */
  readonly of: (path: AbsPath) => readonly number[] | undefined;
  /** Watches a file that has just lost its name, until {@link Writers.settle}. */
  readonly follow: (lost: Lost) => void;
  /** Carries over what is written to the watched files until nobody has them open, for two seconds at most. */
  readonly settle: () => void;
}

/** How long a program gets to close a file; a burst of lines takes milliseconds. */
const PATIENCE_MS = 2000;
const POLL_MS = 10;

/** Looks at most once for all files that nobody has open. `home` is written as in the paths that are asked for. */
export function writersIn(disk: Disk, home: AbsPath): Writers {
  const end = performance.now() + PATIENCE_MS;
  let open: ReadonlyMap<string, readonly number[]> | undefined;
  const lost: Lost[] = [];
  return {
    of: (path) => {
      open ??= openFiles(home, "named");
      while (open.has(path) && performance.now() < end) {
        pause(POLL_MS);
        open = openFiles(home, "named");
      }
      return open.get(path);
    },
    follow: (one) => void lost.push(one),
    settle: () => {
      try {
        carryAll(disk, home, lost);
      } finally {
        for (const { file } of lost.splice(0)) file.close();
      }
    },
  };
}

function carryAll(disk: Disk, home: AbsPath, lost: readonly Lost[]): void {
  if (lost.length === 0) return;
  for (const end = performance.now() + PATIENCE_MS;;) {
    // First the look, then the copy: what nobody has open does not grow any more.
    const writable = lostFiles(home);
    const isOpen = lost.some(({ file }) => writable.has(keyOf(file)));
    for (const one of lost) carryOver(disk, one);
    if (!isOpen || performance.now() >= end) return;
    pause(POLL_MS);
  }
}

function keyOf(file: ReadFile): string {
  const { dev, ino } = file.stat();
  return `${dev}:${ino}`;
}

function carryOver(disk: Disk, lost: Lost): void {
  const { size } = lost.file.stat();
  if (size <= lost.carried) return;
  appendFrom(disk, lost.target, lost.file, lost.carried, size);
  lost.carried = size;
}

/** Appends the bytes of a file from `start` to `end` to the file at `path` and syncs it. */
export function appendFrom(disk: Disk, path: AbsPath, from: ReadFile, start: number, end: number): void {
  const out = disk.openAppend(path, 0o600);
  try {
    for (let at = start; at < end;) {
      const piece = from.read(at, Math.min(PIECE_BYTES, end - at));
      if (piece.length === 0) break;
      out.write(piece);
      at += piece.length;
    }
    out.sync();
  } finally {
    out.close();
  }
}
