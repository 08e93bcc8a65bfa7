/** The lock table of Linux: who holds a lock on which file, without touching the file. */

/** One lock that is held; requests that wait for one are not listed. */
export interface HeldFileLock {
  /** `FLOCK` for whole-file locks as Codex takes them on threads, `POSIX` for those of SQLite. */
  readonly kind: "FLOCK" | "POSIX" | "OFDLCK";
  readonly exclusive: boolean;
  /** Process id as this process sees it. */
  readonly pid: number;
  /** Same form as {@link fileKey}. */
  readonly file: string;
}

const LINE = /^\d+: (FLOCK|POSIX|OFDLCK)\s+\S+\s+(READ|WRITE)\s+(-?\d+)\s+([0-9a-f]+:[0-9a-f]+:\d+)\s/;

/** Reads the text of `/proc/locks`. */
export function parseProcLocks(text: string): HeldFileLock[] {
  return text.split("\n").flatMap((line) => {
    const [, kind, mode, pid, file] = LINE.exec(line) ?? [];
    if (kind === undefined || file === undefined) return [];
    return [{ kind: kind as HeldFileLock["kind"], exclusive: mode === "WRITE", pid: Number(pid), file }];
  });
}

/** `major:minor:inode` of a file as `/proc/locks` writes it, from what `stat` says. */
export function fileKey(file: { readonly dev: number; readonly ino: number }): string {
  const low = file.dev % 2 ** 32;
  const high = Math.floor(file.dev / 2 ** 32);
  const major = ((low >>> 8) & 0xfff) | (high & 0xfffff000);
  const minor = (low & 0xff) | ((low >>> 12) & 0xffffff00);
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  return `${hex(major)}:${hex(minor)}:${file.ino}`;
}

/**
 * Every lock held now, or undefined where there is no such table. A lock that is listed is held; one that is not may
 * be held by a process in another container, or on a file system (btrfs, overlay) that shows itself under two numbers.
 */
export function readProcLocks(): HeldFileLock[] | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return parseProcLocks(Deno.readTextFileSync("/proc/locks"));
  } catch {
    return undefined;
  }
}
