/** Paths of a settings file: what they stand for, and whether the folders they name can go together. */
import { AppError } from "../core/error.ts";
import { isFolderWithin, styleOf } from "../core/folder.ts";
import { type AbsPath, joinPath, toAbsPath } from "../core/path.ts";
import { expandTilde } from "../engine/home.ts";
import { recordsDir } from "../engine/records.ts";
import type { Machine } from "../system/machine.ts";
import type { Wrong } from "./settings_values.ts";

/** Where the hand-over keeps what is its own on this machine. */
export function handoffDir(home: AbsPath): AbsPath {
  return joinPath(recordsDir(home), "handoff");
}

/** The settings file of a home when none is named. */
export function defaultSettingsFile(home: AbsPath): AbsPath {
  return joinPath(handoffDir(home), "handoff.toml");
}

/** What paths start from. */
export interface Ground {
  readonly machine: Machine;
  /** The folder of the settings file. */
  readonly folder: AbsPath;
  /** `paths.workspace_root_dir`. */
  readonly workspaceRoot: AbsPath | undefined;
}

const VARIABLE = /\$\{([^}]*)\}/g;

/** The folder or file that a text names: `${workspace_root}` and `~` for what they stand for, relative to the file. */
export function expandPath(
  text: string,
  { machine, folder, workspaceRoot }: Ground,
): { path: AbsPath } | Wrong {
  const unknown = [...text.matchAll(VARIABLE)].find(([, name]) => name !== "workspace_root");
  if (unknown !== undefined) {
    return wrong(`"${unknown[0]}" stands for nothing`, "only ${workspace_root} and ~ stand for a folder");
  }
  if (text.includes("${workspace_root}") && workspaceRoot === undefined) {
    return wrong('"${workspace_root}" stands for nothing', "set paths.workspace_root_dir");
  }
  const plain = text.replaceAll("${workspace_root}", () => workspaceRoot ?? "");
  if (/^~[^/\\]/.test(plain)) {
    return wrong(`"${text}" names the home of another user`, "write the whole path");
  }
  if (plain.startsWith("~") && machine.userHome === undefined) {
    return wrong("the user's own folder is not known, so ~ stands for nothing", "write the whole path");
  }
  const expanded = expandTilde(machine, plain);
  return isOfThisSystem(expanded, machine.os)
    ? { path: toAbsPath(expanded, folder) }
    : wrong(`"${text}" is no path of this system`, "each machine has a settings file of its own");
}

function isOfThisSystem(text: string, os: Machine["os"]): boolean {
  const style = styleOf(text);
  if (os !== "windows") return style !== "windows";
  // A slash in front, or a drive alone, means something else at every moment there.
  return style === "windows" || style === undefined && !/^[\\/]|^[a-z]:/i.test(text);
}

/** A folder or file of the settings, by its key. */
export interface Place {
  readonly key: string;
  /** What it is, for a message about another one. */
  readonly what: string;
  readonly path: AbsPath;
}

/** The places that have to be apart. */
export interface Places {
  readonly local: Place;
  readonly cloud: Place;
  readonly backup: Place;
  /** Those that the file names and that are of this machine alone: snapshots, unpacking, what both agreed on, logs. */
  readonly own: readonly Place[];
}

/** What is wrong with where the folders lie: the key at fault and why. Links are followed. */
export function overlaps(
  machine: Machine,
  { local, cloud, backup, own }: Places,
): (Wrong & { key: string })[] {
  const real = (path: AbsPath) => realPathOf(machine, path);
  const within = (inner: Place, outer: AbsPath) => isWithinHere(machine.os, real(inner.path), real(outer));
  const found: (Wrong & { key: string })[] = [];
  const clash = (inner: Place, outer: Place) =>
    found.push({
      key: inner.key,
      ...wrong(
        `${inner.key} "${inner.path}" must not lie in ${outer.what} "${outer.path}"`,
        "name a folder of its own",
      ),
    });
  if (within(cloud, local.path) || isOneFolder(machine, cloud.path, local.path)) clash(cloud, local);
  else if (within(local, cloud.path)) clash(local, cloud);
  const ownFolder = recordsDir(local.path);
  for (const place of own) {
    if (within(place, cloud.path)) clash(place, cloud);
    else if (within(place, local.path) && !within(place, ownFolder)) clash(place, local);
  }
  if (within(cloud, backup.path)) clash(cloud, backup);
  if (within(local, backup.path)) clash(local, backup);
  return found;
}

function isWithinHere(os: Machine["os"], inner: string, outer: string): boolean {
  return os === "darwin"
    ? isFolderWithin(inner.toLowerCase(), outer.toLowerCase())
    : isFolderWithin(inner, outer);
}

/** Two names of one folder that no link tells of, such as one that is mounted twice. */
function isOneFolder({ disk }: Machine, a: AbsPath, b: AbsPath): boolean {
  try {
    const [one, two] = [disk.stat(a), disk.stat(b)];
    return one !== undefined && two !== undefined && one.ino !== 0 && one.ino === two.ino &&
      one.dev === two.dev;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/** The path without links, as far as it is there. */
function realPathOf({ disk }: Machine, path: AbsPath): AbsPath {
  const rest: string[] = [];
  for (let at = path;;) {
    try {
      if (disk.stat(at) !== undefined) return joinPath(disk.realPath(at), ...rest);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
    const parent = joinPath(at, "..");
    if (parent === at) return path;
    rest.unshift(at.slice(parent.length).replace(/^[\\/]+/, ""));
    at = parent;
  }
}

function wrong(message: string, hint: string): Wrong {
  return { message, hint };
}
