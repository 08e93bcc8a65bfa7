/** Names of files in a home: where a path really leads, and ways to give a file a name that nothing has. */
import { toByteString } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath, parentOf, type RelPath } from "../core/path.ts";
import type { Change, MakeChange, MoveChange, UnmakeChange } from "../core/plan.ts";
import type { Disk } from "../system/disk.ts";
import { isLinkUnsupported } from "../system/file_error.ts";
import type { Place } from "./stage.ts";

/** A change of the names of files, not of what stands in them. */
export type NameChange = MoveChange | MakeChange | UnmakeChange;

/** Whether a change gives or takes a name. */
export function isNameChange(change: Change): change is NameChange {
  return change.kind === "move" || change.kind === "make" || change.kind === "unmake";
}

/** A place in the home, and the folders on the way that are not there, the outer ones first. */
export interface Spot {
  readonly path: AbsPath;
  readonly missing: readonly RelPath[];
}

/** The content of a file of at most `most` bytes; undefined for a longer one. Throws `refused` for a link. */
export function contentOf(disk: Disk, path: AbsPath, most: number): string | undefined {
  const file = disk.openRead(path);
  try {
    return file.size > most ? undefined : toByteString(file.read(0, file.size));
  } finally {
    file.close();
  }
}

/** The real place of a path whose folders may be missing; none of them may be a link. Throws `unsafe-path`. */
export function spotOf({ disk, home }: Pick<Place, "disk" | "home">, path: RelPath): Spot {
  const real = disk.realPath(home);
  const missing: RelPath[] = [];
  const names = path.split("/");
  for (let depth = 1; depth < names.length; depth++) {
    const folder = names.slice(0, depth).join("/") as RelPath;
    const kind = missing.length > 0 ? undefined : disk.lstat(joinPath(real, folder))?.kind;
    if (kind === undefined) missing.push(folder);
    else if (kind !== "directory") {
      throw new AppError("unsafe-path", `"${path}" leads through "${folder}", which is no folder`);
    }
  }
  return { path: joinPath(real, ...names), missing };
}

/** Makes folders, private as those of Codex are. */
export function makeFolders({ disk, home }: Pick<Place, "disk" | "home">, folders: readonly RelPath[]): void {
  const real = disk.realPath(home);
  for (const folder of folders) {
    disk.makeDir(joinPath(real, folder), 0o700);
    disk.syncDir(joinPath(real, parentOf(folder) ?? "."));
  }
}

/** False where there are no hard links. Throws when something is there already. */
export function linkIfPossible(disk: Disk, from: AbsPath, to: AbsPath): boolean {
  try {
    disk.link(from, to);
    return true;
  } catch (error) {
    if (isLinkUnsupported(error)) return false;
    if (disk.lstat(to) !== undefined) throw changed(`"${to}" is there already`);
    throw error;
  }
}

/** Where there are no hard links a look comes before the rename, which would put the file over another one. */
export function renameToFree(disk: Disk, from: AbsPath, to: AbsPath): void {
  if (disk.lstat(to) !== undefined) throw changed(`"${to}" is there already`);
  disk.rename(from, to);
}

/** The refusal of a change whose ground is not as it was planned. */
export function changed(message: string): AppError {
  return new AppError("state-changed", message);
}
