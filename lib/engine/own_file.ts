/** Files that are continued in place: only our own may be, not one that has a second name elsewhere. */
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Disk } from "../system/disk.ts";

/**
 * Makes sure that a file that is about to be continued has no second name, under which the change would show as well: in
 * a copy that somebody made of the folder by hard links, or anywhere at all if the link was put there. It is copied
 * then, and the copy takes its name. Throws `refused` for what is no regular file.
 */
export function ownFile(disk: Disk, path: AbsPath): void {
  const stat = disk.lstat(path);
  if (stat === undefined || stat.kind !== "file" || stat.nlink < 2) return;
  const copy = joinPath(path, "..", ".codexkeep-own.tmp");
  disk.remove(copy);
  disk.copy(path, copy);
  disk.rename(copy, path);
  disk.syncDir(joinPath(path, ".."));
}
