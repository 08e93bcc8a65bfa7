/**
 * Folders that writing calls go through by descriptor, not by name: a program that puts a link in the place of a folder
 * while a run is at work leads none of its writes out of the home. Linux only, by `/proc/self/fd`; elsewhere a folder
 * is looked at before, and again when the run has ended.
 */
import fs from "node:fs";
import { AppError } from "../core/error.ts";
import { systemCode } from "./file_error.ts";

/** A folder that is held open, and what it was when it was opened. */
interface Folder {
  /** The runtime's number for it, which need not be the system's. */
  readonly handle: number;
  /** By this the system reaches it. */
  readonly fd: number;
  readonly dev: number;
  readonly ino: number;
  /** When it was last seen under its name, milliseconds. */
  seenMs: number;
}

interface Root extends Folder {
  /** Where it really is. */
  readonly path: string;
  /** The ways in which paths name it, each with a slash behind it. */
  readonly names: readonly string[];
  /** Folders below it by their path; the one used last comes last. */
  readonly folders: Map<string, Folder>;
}

/** Folders held open for each root; a descriptor each. */
const MOST_FOLDERS = 128;
/** For so long a folder is taken to have its name still: looking each time would cost more than all the rest. */
const SEEN_MS = 20;
/** How often a folder is looked for again that is a link when it is opened: somebody may be swapping it. */
const TRIES = 50;
const O_PATHS = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY;
const LINKED: ReadonlySet<string> = new Set(["ENOTDIR", "ELOOP"]);

const roots: Root[] = [];

/** A folder that was opened is not where it was looked for: it is being exchanged. */
class Elsewhere extends Error {}

/**
 * From now on no write below `home` goes through a link, until the result is called. Links on the way to `home` itself
 * stay good. Does nothing where the system has no such means.
 */
export function anchor(home: string): () => void {
  const root = Deno.build.os === "linux" ? openRoot(home) : undefined;
  if (root === undefined) return () => {};
  roots.push(root);
  return () => {
    roots.splice(roots.indexOf(root), 1);
    for (const { handle } of [...root.folders.values(), root]) fs.closeSync(handle);
  };
}

function openRoot(home: string): Root | undefined {
  try {
    const path = Deno.realPathSync(home);
    const names = [...new Set([home, path])].map((name) => name.replace(/\/*$/, "/"));
    return { ...openFolder(path, O_PATHS, path), path, names, folders: new Map() };
  } catch {
    return undefined; // it is not there, and whoever writes there will say so; or there is no /proc
  }
}

/** Opens a folder that is to be `real`. Throws as the system does, and `failed` where it turns out to be elsewhere. */
function openFolder(path: string, flags: number, real: string): Folder {
  const handle = fs.openSync(path, flags);
  try {
    const { dev, ino } = fs.fstatSync(handle);
    const fd = descriptorTo(real, handle);
    if (fd === undefined || !isFolder(`/proc/self/fd/${fd}/.`, dev, ino)) throw new Elsewhere(real);
    return { handle, fd, dev, ino, seenMs: performance.now() };
  } catch (error) {
    fs.closeSync(handle);
    throw error;
  }
}

/** The system's number of an open folder; the newest is most often the highest. */
function descriptorTo(real: string, handle: number): number | undefined {
  if (leadsTo(handle) === real) return handle;
  const open = fs.readdirSync("/proc/self/fd").map(Number).sort((a, b) => b - a);
  return open.find((fd) => leadsTo(fd) === real);
}

function leadsTo(fd: number): string | undefined {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

function isFolder(path: string, dev: number, ino: number): boolean {
  try {
    const now = Deno.lstatSync(path);
    return now.dev === dev && now.ino === ino;
  } catch {
    return false;
  }
}

/**
 * The path by which a writing call reaches what `path` names, through the folders as they are. Throws `unsafe-path` when
 * one of them is no folder, and as the system does when one is not there.
 */
export function firm(path: string): string {
  for (const root of roots) {
    const name = root.names.find((name) => path.startsWith(name));
    if (name === undefined) continue;
    const names = path.slice(name.length).split("/");
    const base = names.pop() ?? "";
    if (base === "" || base === ".." || names.some((one) => ["", ".", ".."].includes(one))) continue;
    return `/proc/self/fd/${descriptorOf(root, name, names)}/${base}`;
  }
  return path;
}

/** Lets go of a folder that is renamed or removed, and of those in it. */
export function forget(path: string): void {
  for (const { names, folders } of roots) {
    const name = names.find((name) => path.startsWith(name));
    if (name === undefined) continue;
    const key = path.slice(name.length);
    for (const [other, { handle }] of folders) {
      if (other !== key && !other.startsWith(`${key}/`)) continue;
      folders.delete(other);
      fs.closeSync(handle);
    }
  }
}

function descriptorOf(root: Root, start: string, names: readonly string[]): number {
  if (names.length === 0) return root.fd;
  const key = names.join("/");
  const known = root.folders.get(key);
  if (known !== undefined) {
    const nowMs = performance.now();
    if (nowMs - known.seenMs < SEEN_MS) return known.fd;
    root.folders.delete(key);
    if (isFolder(start + key, known.dev, known.ino)) {
      known.seenMs = nowMs;
      root.folders.set(key, known);
      return known.fd;
    }
    fs.closeSync(known.handle);
  }
  const folder = reach(root, start, names);
  root.folders.set(key, folder);
  const [oldest] = root.folders;
  if (root.folders.size > MOST_FOLDERS && oldest !== undefined) {
    root.folders.delete(oldest[0]);
    fs.closeSync(oldest[1].handle);
  }
  return folder.fd;
}

function reach(root: Root, start: string, names: readonly string[]): Folder {
  for (let attempt = 1;; attempt++) {
    try {
      return step(root, start, names);
    } catch (error) {
      if (!(error instanceof Elsewhere) && !LINKED.has(systemCode(error) ?? "")) throw error;
      if (attempt === TRIES) {
        throw new AppError("unsafe-path", `"${names.join("/")}" leads through something that is no folder`);
      }
    }
  }
}

/** From the folder above, which is reached in the same way, without following a link. */
function step(root: Root, start: string, names: readonly string[]): Folder {
  const above = descriptorOf(root, start, names.slice(0, -1));
  const path = `/proc/self/fd/${above}/${names.at(-1)}`;
  return openFolder(
    path,
    O_PATHS | fs.constants.O_NOFOLLOW,
    `${root.path.replace(/\/$/, "")}/${names.join("/")}`,
  );
}
