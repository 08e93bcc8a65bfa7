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
}

interface Root extends Folder {
  /** The ways in which paths name it, each with a slash behind it. */
  readonly names: readonly string[];
  /** Folders below it by their path; the one used last comes last. */
  readonly folders: Map<string, Folder>;
}

/** Folders held open for each root; a descriptor each. */
const MOST_FOLDERS = 64;
/** How often a folder is looked for again that is a link when it is opened: somebody may be swapping it. */
const TRIES = 50;
const O_PATHS = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY;
const LINKED: ReadonlySet<string> = new Set(["ENOTDIR", "ELOOP"]);

const roots: Root[] = [];

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
    const names = [...new Set([home, Deno.realPathSync(home)])].map((name) => name.replace(/\/*$/, "/"));
    return { ...openFolder(home, O_PATHS), names, folders: new Map() };
  } catch {
    return undefined; // it is not there, and whoever writes there will say so; or there is no /proc
  }
}

/** Opens a folder. Throws as the system does, and where the system's number for it cannot be told. */
function openFolder(path: string, flags: number): Folder {
  const before = descriptors();
  const handle = fs.openSync(path, flags);
  try {
    const { dev, ino } = fs.fstatSync(handle);
    const fd = [...descriptors()].find(([fd, leadsTo]) =>
      before.get(fd) !== leadsTo && isFolder(`/proc/self/fd/${fd}/.`, dev, ino)
    )?.[0];
    if (fd === undefined) throw new AppError("failed", `cannot hold "${path}" open`);
    return { handle, fd, dev, ino };
  } catch (error) {
    fs.closeSync(handle);
    throw error;
  }
}

/** What is open, and what it leads to. */
function descriptors(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const name of fs.readdirSync("/proc/self/fd")) {
    try {
      found.set(Number(name), fs.readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The listing's own, which is closed again.
    }
  }
  return found;
}

function isFolder(path: string, dev: number, ino: number): boolean {
  try {
    const now = fs.lstatSync(path);
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

function descriptorOf(root: Root, start: string, names: readonly string[]): number {
  if (names.length === 0) return root.fd;
  const key = names.join("/");
  const known = root.folders.get(key);
  if (known !== undefined) {
    root.folders.delete(key);
    if (isFolder(start + key, known.dev, known.ino)) {
      root.folders.set(key, known);
      return known.fd;
    }
    fs.closeSync(known.handle);
  }
  const folder = reach(root, names);
  root.folders.set(key, folder);
  const [oldest] = root.folders;
  if (root.folders.size > MOST_FOLDERS && oldest !== undefined) {
    root.folders.delete(oldest[0]);
    fs.closeSync(oldest[1].handle);
  }
  return folder.fd;
}

function reach(root: Root, names: readonly string[]): Folder {
  for (let attempt = 1;; attempt++) {
    try {
      return walk(root, names);
    } catch (error) {
      if (!LINKED.has(systemCode(error) ?? "")) throw error;
      if (attempt === TRIES) {
        throw new AppError("unsafe-path", `"${names.join("/")}" leads through something that is no folder`);
      }
    }
  }
}

/** One folder after the other, none of them a link. */
function walk(root: Root, names: readonly string[]): Folder {
  let folder: Folder = root;
  for (const name of names) {
    try {
      const next = openFolder(`/proc/self/fd/${folder.fd}/${name}`, O_PATHS | fs.constants.O_NOFOLLOW);
      if (folder !== root) fs.closeSync(folder.handle);
      folder = next;
    } catch (error) {
      if (folder !== root) fs.closeSync(folder.handle);
      throw error;
    }
  }
  return folder;
}
