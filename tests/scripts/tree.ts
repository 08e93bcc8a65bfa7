/** What is on the disk, byte by byte, so that "changed nothing" can be said of a whole folder. */
import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";

/** Every name below a folder, with all that a change of it could change. */
export type Tree = ReadonlyMap<string, string>;

/** What counts when two trees are compared. */
export interface TreeOptions {
  /** Leaves out paths that begin so. */
  readonly without?: readonly string[];
  /** Only kind, mode, time and content: a file that was replaced by an equal one is the same. */
  readonly contentOnly?: boolean;
}

/** Folder of our own records in a home. */
export const RECORDS = "backups_state";

/** Databases, whose bytes may differ when their rows do not. */
export const DATABASES: readonly string[] = ["state_5.sqlite", "sqlite/state_5.sqlite"];

/**
 * Reads a folder. Files are told by kind, mode, inode, modification time (in nanoseconds, folders too) and content; of
 * `-shm` files only that they are there, since reading moves the marks in them.
 */
export function treeOf(folder: string, options: TreeOptions = {}): Tree {
  const tree = new Map<string, string>();
  visit(folder, "", options, tree);
  return tree;
}

function visit(folder: string, path: string, options: TreeOptions, tree: Map<string, string>): void {
  const full = path === "" ? folder : `${folder}/${path}`;
  const { without = [], contentOnly = false } = options;
  if (path !== "" && without.some((prefix) => path === prefix || path.startsWith(prefix))) return;
  const stat = lstatSync(full, { bigint: true });
  const mode = (stat.mode & 0o7777n).toString(8);
  const identity = contentOnly ? "" : ` inode ${stat.ino}`;
  if (stat.isDirectory()) {
    tree.set(`${path}/`, `folder ${mode}${contentOnly ? "" : ` ${stat.mtimeNs}`}`);
    for (const { name } of Deno.readDirSync(full)) {
      visit(folder, path === "" ? name : `${path}/${name}`, options, tree);
    }
  } else if (stat.isSymbolicLink()) {
    tree.set(path, `link to ${Deno.readLinkSync(full)}`);
  } else if (!stat.isFile()) {
    tree.set(path, `special ${mode}${identity}`);
  } else if (path.endsWith("-shm")) {
    tree.set(path, `file ${mode}`);
  } else {
    const time = contentOnly ? stat.mtimeMs : stat.mtimeNs;
    tree.set(path, `file ${mode} ${stat.size} bytes ${time}${identity} ${hashOf(full)}`);
  }
}

function hashOf(path: string): string {
  const file = Deno.openSync(path);
  const hash = createHash("sha256");
  const piece = new Uint8Array(1024 * 1024);
  try {
    for (let count = file.readSync(piece); count !== null; count = file.readSync(piece)) {
      hash.update(piece.subarray(0, count));
    }
  } finally {
    file.close();
  }
  return hash.digest("hex").slice(0, 16);
}

/** Paths that differ between two trees, each with what it was and is. */
export function differences(before: Tree, after: Tree): string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const was = before.get(path);
    const is = after.get(path);
    return was === is ? [] : [`${path}: ${was ?? "not there"} → ${is ?? "gone"}`];
  });
}

/** The paths alone, folders left out. */
export function changedFiles(before: Tree, after: Tree): string[] {
  return differences(before, after).map((line) => line.slice(0, line.indexOf(": ")))
    .filter((path) => !path.endsWith("/"));
}
