/** One home, several names: a record may have been made by way of a link that leads to the home. */
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome, relPathBelow } from "../core/path.ts";
import { type Change, isInDatabase } from "../core/plan.ts";
import type { Disk } from "../system/disk.ts";

/** Whether two paths lead to one folder; not where the disk does not say. */
export function isSameHome(disk: Disk, one: AbsPath, other: AbsPath): boolean {
  if (one === other) return true;
  try {
    return disk.stat(one) !== undefined && disk.realPath(one) === disk.realPath(other);
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/** The change as it reads where the home it was made in, `from`, is called `to`. */
export function inThisHome(change: Change, from: AbsPath, to: AbsPath): Change {
  const path = from === to || !isInDatabase(change) ? undefined : relPathBelow(from, change.database);
  return path === undefined ? change : { ...change, database: inHome(to, path) } as Change;
}
