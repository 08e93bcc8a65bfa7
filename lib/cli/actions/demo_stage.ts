/** The folder that a demo happens in. */
import { dirname } from "node:path";
import { type AbsPath, joinPath, toAbsPath } from "../../core/path.ts";
import { expandTilde } from "../../engine/home.ts";
import type { Disk, Stat } from "../../system/disk.ts";
import type { Machine } from "../../system/machine.ts";
import { shown, usageError } from "../usage.ts";

/** A folder for a home, and the way to get rid of it. */
export interface Stage {
  readonly home: AbsPath;
  /** Removes all that is in the folder, and the folder unless it was there before. */
  readonly clear: () => void;
}

/**
 * A new temporary folder, or the one that `--dir` names. Throws `usage` when that one is a file, not empty, or lies in
 * the user's own Codex home, or when its own folder does not exist.
 */
export function openStage(machine: Machine, dir: string | undefined): Stage {
  const { disk } = machine;
  if (dir === undefined) {
    const home = disk.tempDir();
    return { home, clear: () => disk.removeTree(home) };
  }
  const home = toAbsPath(expandTilde(machine, dir), machine.cwd());
  requireElsewhere(machine, home, dir);
  const stat = disk.stat(home);
  if (stat === undefined) return newFolder(disk, home, dir);
  if (stat.kind !== "directory") throw usageError(`--dir ${shown(dir)} is not a folder`);
  if (disk.list(home)?.length !== 0) {
    throw usageError(`--dir ${shown(dir)} is not empty`, "name a folder that does not exist yet");
  }
  return { home: disk.realPath(home), clear: () => empty(disk, home) };
}

function newFolder(disk: Disk, home: AbsPath, dir: string): Stage {
  if (disk.stat(dirname(home))?.kind !== "directory") {
    throw usageError(`--dir ${shown(dir)} cannot be made: ${shown(dirname(home))} is not a folder`);
  }
  disk.makeDir(home, 0o700);
  const real = disk.realPath(home);
  return { home: real, clear: () => disk.removeTree(real) };
}

function empty(disk: Disk, folder: AbsPath): void {
  for (const { name } of disk.list(folder) ?? []) disk.removeTree(joinPath(folder, name));
}

/** Only looks where the own home is, by name and by number, so that no link or spelling leads into it. */
function requireElsewhere(machine: Machine, home: AbsPath, dir: string): void {
  for (const own of ownHomes(machine)) {
    const known = machine.disk.stat(own);
    for (let folder = home; dirname(folder) !== folder; folder = dirname(folder) as AbsPath) {
      if (folder !== own && !isSame(known, machine.disk.stat(folder))) continue;
      throw usageError(`--dir ${shown(dir)} lies in your own Codex home`, "name a folder somewhere else");
    }
  }
}

function ownHomes(machine: Machine): AbsPath[] {
  const named = machine.env("CODEX_HOME");
  return [
    ...(machine.userHome === undefined ? [] : [joinPath(machine.userHome, ".codex")]),
    ...(named ? [toAbsPath(expandTilde(machine, named), machine.cwd())] : []),
  ];
}

/** Some systems give no numbers; names have to do there. */
function isSame(one: Stat | undefined, other: Stat | undefined): boolean {
  return one !== undefined && other !== undefined && one.ino !== 0 && one.ino === other.ino &&
    one.dev === other.dev;
}
