/** Open files by descriptor: nothing here goes through a name once the file is open. */
import fs from "node:fs";
import { AppError } from "../core/error.ts";
import { firm } from "./anchor.ts";
import { attempt, fileError } from "./file_error.ts";

/** What the file system says about a path. Times in whole milliseconds, the precision that can be set again. */
export interface Stat {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly size: number;
  readonly mtimeMs: number;
  readonly atimeMs: number;
  /** Permission bits with the type bits removed; 0 on Windows. */
  readonly mode: number;
  readonly ino: number;
  readonly dev: number;
  readonly nlink: number;
  /** Owner and group; undefined where the system has no such numbers. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** A regular file open for reading; fits a `ByteSource`. */
export interface ReadFile {
  /** Bytes when it was opened. */
  readonly size: number;
  /**
   * Up to `length` bytes from `at`, fewer only at the end of the file. The result is a view of a buffer that the next
   * `read` and `close` use again: copy what must stay, and do not write to it. Bytes of the read before may be given
   * again without asking the disk. Throws `failed` when the disk does.
   */
  read(at: number, length: number): Uint8Array;
  /** The file as it is now, whatever its name has come to mean. */
  stat(): Stat;
  /** Closes the file; closing twice is fine. */
  close(): void;
}

/** A file open for writing. A failed call leaves the file as far as it came; close it in any case. */
export interface WriteFile {
  /** Writes all of `bytes` at the end of what was written before, also when the system takes them in pieces. */
  write(bytes: Uint8Array): void;
  /** Sets access and change time, whole milliseconds since 1970; later writes change them again. */
  setTimes(atimeMs: number, mtimeMs: number): void;
  /** Sets the permission bits exactly, whatever the umask. */
  setMode(mode: number): void;
  /** Gives the file to a user and group, as far as they are not its own already. */
  setOwner(uid: number, gid: number): void;
  /** Cuts the file to `size` bytes. */
  truncate(size: number): void;
  /** Returns when the content is on the disk (fsync). */
  sync(): void;
  /** The same without waiting: syncs of several files at a time share the disk's work. Close only afterwards. */
  syncAside(): Promise<void>;
  /** Closes the file; closing twice is fine. */
  close(): void;
}

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = fs.constants;
// Absent on Windows, where opening a pipe does not wait and links are checked by name.
const O_NOFOLLOW = (fs.constants.O_NOFOLLOW as number | undefined) ?? 0;
const O_NONBLOCK = (fs.constants.O_NONBLOCK as number | undefined) ?? 0;

const HAS_MODES = Deno.build.os !== "windows";

const SMALLEST_BUFFER = 64 * 1024;
const LARGEST_SPARE = 1024 * 1024;
/** The buffer of the file closed last, so that reading the heads of many files allocates one. */
let spare: Uint8Array<ArrayBuffer> | undefined;

/** The values that {@link Stat} takes from the runtime. */
export function toStat(info: Deno.FileInfo): Stat {
  return {
    kind: info.isFile ? "file" : info.isDirectory ? "directory" : info.isSymlink ? "symlink" : "other",
    size: info.size,
    mtimeMs: info.mtime?.getTime() ?? 0,
    atimeMs: info.atime?.getTime() ?? 0,
    mode: (info.mode ?? 0) & 0o7777,
    ino: info.ino ?? 0,
    dev: info.dev,
    nlink: info.nlink ?? 1,
    uid: info.uid ?? undefined,
    gid: info.gid ?? undefined,
  };
}

/** Refuses everything but a regular file, so that no pipe or device is ever waited for. Throws `refused`. */
export function requireFile(stat: Stat, path: string, action: string): void {
  if (stat.kind === "file") return;
  const what = stat.kind === "directory"
    ? "a directory"
    : stat.kind === "symlink"
    ? "a symbolic link"
    : "a pipe, socket or device";
  throw new AppError("refused", `cannot ${action} "${path}": it is ${what}, not a regular file`);
}

/** Opens a regular file whose stat is known. A link or pipe put there in between is refused or read as empty. */
export function openReadFile(path: string, known: Stat, follow: boolean): ReadFile {
  const flags = O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
  const fd = attempt("read", path, () => fs.openSync(path, flags));
  let open = true;
  let buffer = spare ?? new Uint8Array(SMALLEST_BUFFER);
  spare = undefined;

  // What the buffer holds, so that the parts of a small file are read once.
  let from = 0;
  let have = 0;

  function read(at: number, length: number): Uint8Array {
    if (at >= from && at + length <= from + have) return buffer.subarray(at - from, at - from + length);
    if (length > buffer.length) {
      // No more than the file has, so that a caller may ask for "everything" by a large number.
      const rest = Math.min(length, Math.max(fs.fstatSync(fd).size - at, 0) + SMALLEST_BUFFER);
      if (rest > buffer.length) buffer = new Uint8Array(Math.max(rest, Math.min(length, 2 * buffer.length)));
    }
    const wanted = Math.min(length, buffer.length);
    from = at;
    have = 0;
    while (have < wanted) {
      const got = attempt("read", path, () => fs.readSync(fd, buffer, have, wanted - have, at + have));
      if (got === 0) break;
      have += got;
    }
    return buffer.subarray(0, have);
  }

  return {
    size: known.size,
    read,
    stat: () => statOf(fd, path),
    close: () => {
      if (!open) return;
      open = false;
      if (buffer.length <= LARGEST_SPARE) spare = buffer;
      closeOnce(fd, path);
    },
  };
}

function statOf(fd: number, path: string): Stat {
  const info = attempt("read", path, () => fs.fstatSync(fd));
  return {
    kind: info.isFile() ? "file" : info.isDirectory() ? "directory" : "other",
    size: info.size,
    mtimeMs: Math.floor(info.mtimeMs),
    atimeMs: Math.floor(info.atimeMs),
    mode: info.mode & 0o7777,
    ino: info.ino,
    dev: info.dev,
    nlink: info.nlink,
    uid: HAS_MODES ? info.uid : undefined,
    gid: HAS_MODES ? info.gid : undefined,
  };
}

/** Creates a file that is not there yet, link or not, with exactly this mode. */
export function createWriteFile(path: string, mode: number): WriteFile {
  return create(path, O_WRONLY, mode);
}

/** Creates a file like {@link createWriteFile} whose writes go to the end even when others write too. */
export function createAppendFile(path: string, mode: number): WriteFile {
  return create(path, O_WRONLY | O_APPEND, mode);
}

function create(path: string, access: number, mode: number): WriteFile {
  const flags = access | O_CREAT | O_EXCL | O_NOFOLLOW;
  const file = writeFile(attempt("create", path, () => fs.openSync(firm(path), flags, mode)), path);
  try {
    file.setMode(mode);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** Opens a regular file, known to be one, for writing at its end. */
export function openAppendFile(path: string): WriteFile {
  const flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
  return writeFile(attempt("write", path, () => fs.openSync(firm(path), flags)), path);
}

function writeFile(fd: number, path: string): WriteFile {
  let open = true;
  return {
    write: (bytes) => {
      let done = 0;
      while (done < bytes.length) {
        const wrote = attempt("write", path, () => fs.writeSync(fd, bytes, done, bytes.length - done));
        if (wrote === 0) {
          throw new AppError("failed", `cannot write "${path}": the system takes no more bytes`);
        }
        done += wrote;
      }
    },
    setTimes: (atimeMs, mtimeMs) =>
      attempt("set the times of", path, () => fs.futimesSync(fd, toSeconds(atimeMs), toSeconds(mtimeMs))),
    setMode: (mode) => {
      if (HAS_MODES) attempt("set the mode of", path, () => fs.fchmodSync(fd, mode));
    },
    setOwner: (uid, gid) => {
      const now = statOf(fd, path);
      if (now.uid === uid && now.gid === gid) return;
      attempt("set the owner of", path, () => fs.fchownSync(fd, uid, gid));
    },
    truncate: (size) => attempt("cut", path, () => fs.ftruncateSync(fd, size)),
    sync: () => attempt("sync", path, () => fs.fsyncSync(fd)),
    syncAside: () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      fs.fsync(fd, (error) => error ? reject(fileError("sync", path, error)) : resolve());
      return promise;
    },
    close: () => {
      if (!open) return;
      open = false;
      closeOnce(fd, path);
    },
  };
}

/**
 * Milliseconds as the seconds that `node:fs` takes. A microsecond more, for seconds as a fraction have a grain of a
 * quarter of one, and the runtimes cut instead of rounding: by dates every second file would lose a millisecond.
 */
export function toSeconds(ms: number): number {
  return (ms + 0.001) / 1000;
}

/** Never repeats: after an interrupted close the number may belong to another file. */
function closeOnce(fd: number, path: string): void {
  try {
    fs.closeSync(fd);
  } catch (error) {
    throw fileError("close", path, error);
  }
}
