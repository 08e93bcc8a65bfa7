/**
 * The file system as one value. Every method is one effect and synchronous, so the order of effects is the order of
 * the source, and a test can stop or fail at any of them. Every failure is an `AppError` (`no-space`, `refused` or
 * `failed`) that names the path and the reason.
 */
import fs from "node:fs";
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import { firm, forget } from "./anchor.ts";
import { attempt, fileError, isAbsent, systemCode } from "./file_error.ts";
import {
  createAppendFile,
  createWriteFile,
  openAppendFile,
  openReadFile,
  type ReadFile,
  requireFile,
  type Stat,
  toSeconds,
  toStat,
  type WriteFile,
} from "./open_file.ts";
import { pause } from "./pause.ts";

export type { ReadFile, Stat, WriteFile };

/** A name in a folder. */
export interface Entry {
  /** As the runtime gives it: bytes that are not UTF-8 arrive as U+FFFD, and such a name cannot be opened. */
  readonly name: string;
  readonly kind: Stat["kind"];
}

/** Everything the project does to files. */
export interface Disk {
  /** What `path` is, the link itself if it is one; undefined when it, or a folder on the way, is not there. */
  lstat(path: string): Stat | undefined;
  /** What `path` leads to; undefined when it, or what a link names, is not there. Throws for links in a circle. */
  stat(path: string): Stat | undefined;
  /** The names in a folder, sorted by UTF-16 units; undefined when there is no such folder. Follows a link. */
  list(path: string): readonly Entry[] | undefined;
  /** Opens a regular file. Refuses anything else without waiting for it, and a link unless `follow` is set. */
  openRead(path: string, options?: { readonly follow?: boolean }): ReadFile;
  /** Creates a file with exactly `mode`, whatever the umask. Throws when the name exists, be it a dangling link. */
  createFile(path: string, mode: number): WriteFile;
  /** Opens a regular file for appending, creating it with exactly `mode`; refuses links, pipes and devices. */
  openAppend(path: string, mode: number): WriteFile;
  /**
   * Makes one directory with exactly `mode`, on the disk before its name is; one that exists stays as it is. Refuses a
   * link in its place.
   */
  makeDir(path: string, mode: number): void;
  /** Renames, replacing a file at `to`. On Windows repeated for some seconds while a program holds either. */
  rename(from: string, to: string): void;
  /** Gives a file a second name. See `isLinkUnsupported` for errors after which {@link Disk.copy} may work. */
  link(from: string, to: string): void;
  /** Copies a regular file to a new name: content, mode and times, on the disk when it returns. */
  copy(from: string, to: string): void;
  /** Removes a file or link; nothing to remove is fine. Refuses a directory. */
  remove(path: string): void;
  /** Removes an empty directory; nothing to remove is fine. */
  removeDir(path: string): void;
  /** Removes a file or a directory with all that is in it; links are removed, never followed. */
  removeTree(path: string): void;
  /** Makes names made, changed or removed in a directory survive a power cut, where the system can. */
  syncDir(path: string): void;
  /** The path without links. Throws when it is not there. */
  realPath(path: string): AbsPath;
  /** Bytes an ordinary user may still write to the file system of `path`. */
  freeBytes(path: string): number;
  /** Makes a new directory, mode 0700, in the system's folder for temporary files. */
  tempDir(): AbsPath;
  /** Cuts a regular file to `size` bytes and syncs it; refuses links. */
  truncate(path: string, size: number): void;
  /** Sets the times of a file, or of the link itself; whole milliseconds since 1970. */
  setTimes(path: string, atimeMs: number, mtimeMs: number): void;
}

const WINDOWS = Deno.build.os === "windows";
const COPY_PIECE = 1024 * 1024;
/** Waits between tries to rename a file that a virus scanner or indexer holds: about 5 seconds in all. */
const RENAME_WAITS_MS = [5, 10, 20, 50, 100, 200, 400, 800, 1600, 1600];
const HELD: ReadonlySet<string> = new Set(["EPERM", "EACCES", "EBUSY"]);
/** What fsync of a directory gives on file systems that have no such thing. */
const NO_DIR_SYNC: ReadonlySet<string> = new Set(["EINVAL", "EBADF", "ENOTSUP", "EOPNOTSUPP"]);

/** The disk of this machine. */
export const realDisk: Disk = {
  lstat: (path) => statOrNothing(path, Deno.lstatSync),
  stat: (path) => statOrNothing(path, Deno.statSync),
  list,
  openRead,
  createFile: createWriteFile,
  openAppend,
  makeDir,
  rename: (from, to) => {
    whileHeld(
      WINDOWS ? RENAME_WAITS_MS : [],
      () => attempt("rename", from, () => fs.renameSync(firm(from), firm(to)), to),
    );
    forget(from);
  },
  link: (from, to) => attempt("link", from, () => fs.linkSync(firm(from), firm(to)), to),
  copy,
  remove,
  removeDir,
  removeTree: (path) => {
    forget(path);
    unlessAbsent(() => attempt("remove", path, () => Deno.removeSync(firm(path), { recursive: true })));
  },
  syncDir,
  realPath: (path) => attempt("resolve", path, () => Deno.realPathSync(path)) as AbsPath,
  freeBytes: (path) => attempt("measure the free space of", path, () => freeBytes(path)),
  tempDir,
  truncate,
  setTimes,
};

function statOrNothing(path: string, read: (path: string) => Deno.FileInfo): Stat | undefined {
  try {
    return toStat(read(path));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw fileError("read", path, error);
  }
}

function list(path: string): readonly Entry[] | undefined {
  const entries: Entry[] = [];
  try {
    for (const entry of Deno.readDirSync(path)) {
      const kind = entry.isFile
        ? "file"
        : entry.isDirectory
        ? "directory"
        : entry.isSymlink
        ? "symlink"
        : "other";
      entries.push({ name: entry.name, kind });
    }
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw fileError("list", path, error);
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function openRead(path: string, options: { readonly follow?: boolean } = {}): ReadFile {
  const follow = options.follow === true;
  const known = attempt("read", path, () => toStat(follow ? Deno.statSync(path) : Deno.lstatSync(path)));
  requireFile(known, path, "read");
  return openReadFile(path, known, follow);
}

function openAppend(path: string, mode: number): WriteFile {
  const known = realDisk.lstat(path);
  if (known === undefined) return createAppendFile(path, mode);
  requireFile(known, path, "write");
  return openAppendFile(path);
}

function makeDir(path: string, mode: number): void {
  const known = realDisk.lstat(path);
  if (known?.kind === "directory") return;
  if (known !== undefined) {
    const what = known.kind === "symlink" ? "a symbolic link" : "a file";
    throw new AppError("refused", `cannot make directory "${path}": ${what} is in its place`);
  }
  try {
    attempt("make directory", path, () => fs.mkdirSync(firm(path), mode));
  } catch (error) {
    // Another program was faster.
    if (systemCode(error) === "EEXIST" && realDisk.lstat(path)?.kind === "directory") return;
    throw error;
  }
  if (!WINDOWS) attempt("set the mode of", path, () => fs.chmodSync(firm(path), mode));
  // Without a journal its name could reach the disk before it does, and show what was once in its place there.
  syncDir(path);
}

function copy(from: string, to: string): void {
  const source = openRead(from);
  try {
    const before = source.stat();
    const target = createWriteFile(to, before.mode);
    try {
      copyBytes(source, target);
      target.setTimes(before.atimeMs, before.mtimeMs);
      target.sync();
    } catch (error) {
      // Half a copy is of no use, and on a full disk its space is needed.
      unlessAbsent(() => fs.unlinkSync(firm(to)));
      throw error;
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
}

function copyBytes(source: ReadFile, target: WriteFile): void {
  for (let at = 0;;) {
    const piece = source.read(at, COPY_PIECE);
    if (piece.length === 0) return;
    target.write(piece);
    at += piece.length;
  }
}

function remove(path: string): void {
  // The runtime's own call would remove an empty directory too.
  if (realDisk.lstat(path)?.kind === "directory") {
    throw new AppError("refused", `cannot remove "${path}": it is a directory`);
  }
  unlessAbsent(() => attempt("remove", path, () => fs.unlinkSync(firm(path))));
}

function removeDir(path: string): void {
  // The runtime's own call would remove a file too, on some versions.
  const kind = realDisk.lstat(path)?.kind;
  if (kind === undefined) return;
  if (kind !== "directory") throw new AppError("refused", `cannot remove "${path}": it is not a directory`);
  forget(path);
  attempt("remove", path, () => fs.rmdirSync(firm(path)));
}

function syncDir(path: string): void {
  if (WINDOWS) return;
  const fd = attempt(
    "sync",
    path,
    () => fs.openSync(firm(`${path}/.`), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY),
  );
  try {
    attempt("sync", path, () => fs.fsyncSync(fd));
  } catch (error) {
    if (!NO_DIR_SYNC.has(systemCode(error) ?? "")) throw error;
  } finally {
    fs.closeSync(fd);
  }
}

function truncate(path: string, size: number): void {
  requireFile(attempt("write", path, () => toStat(Deno.lstatSync(path))), path, "write");
  const file = openAppendFile(path);
  try {
    file.truncate(size);
    file.sync();
  } finally {
    file.close();
  }
}

function setTimes(path: string, atimeMs: number, mtimeMs: number): void {
  const set = WINDOWS ? fs.utimesSync : fs.lutimesSync;
  attempt("set the times of", path, () => set(firm(path), toSeconds(atimeMs), toSeconds(mtimeMs)));
}

function freeBytes(path: string): number {
  const { bavail, bsize } = fs.statfsSync(path);
  return bavail * bsize;
}

function tempDir(): AbsPath {
  return attempt("make a directory in", "the folder for temporary files", () => {
    const path = Deno.makeTempDirSync({ prefix: "codexkeep-" });
    if (!WINDOWS) fs.chmodSync(path, 0o700);
    return Deno.realPathSync(path) as AbsPath;
  });
}

function unlessAbsent(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/** Repeats an action after each of the waits, as long as it fails because another program holds the file. */
export function whileHeld(waitsMs: readonly number[], action: () => void): void {
  for (const waitMs of waitsMs) {
    try {
      return action();
    } catch (error) {
      if (!HELD.has(systemCode(error) ?? "")) throw error;
      pause(waitMs);
    }
  }
  action();
}
