/** Whether a plan that was made earlier still fits the home. */
import { AppError } from "../core/error.ts";
import { inHome, type RelPath } from "../core/path.ts";
import type { Change, Plan } from "../core/plan.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { Disk } from "../system/disk.ts";
import { hasValues, NO_DATABASE, readRows, type RowReader } from "./cells.ts";
import { type DatabaseChange, rowName, spotOf } from "./rows.ts";
import { isLogIndex } from "./targets.ts";

/** How many differences are named. */
const NAMED = 3;

/** Refuses a plan whose ground has moved since it was made. Throws `state-changed` naming what. */
export function requireCurrent(disk: Disk, plan: Plan, snapshot: Snapshot): void {
  const rows = readRows(disk);
  let moved: string[];
  try {
    moved = plan.changes.flatMap((change) => difference(disk, rows, change, snapshot) ?? []);
  } finally {
    rows.close();
  }
  if (moved.length === 0) return;
  const more = moved.length > NAMED ? ` and ${moved.length - NAMED} more` : "";
  throw new AppError(
    "state-changed",
    `things changed since the plan was made: ${moved.slice(0, NAMED).join("; ")}${more}`,
    {
      hint: "make a new plan with --plan-out",
    },
  );
}

function difference(
  disk: Disk,
  rows: RowReader,
  change: Change,
  { home }: Snapshot,
): string | undefined {
  const stat = (path: RelPath) => disk.stat(inHome(home, path));
  switch (change.kind) {
    case "edit":
    case "recode":
    case "move": {
      const now = stat(change.path);
      if (now === undefined) return `"${change.path}" is gone`;
      if (isLogIndex(change.path)) return undefined;
      const sameTime = change.mtimeMs === undefined || now.mtimeMs === change.mtimeMs;
      return now.size === change.size && sameTime ? undefined : `"${change.path}" was written to`;
    }
    case "make":
      return stat(change.path) === undefined ? undefined : `"${change.path}" is there already`;
    case "unmake":
      return stat(change.path)?.size === change.content.length ? undefined : `"${change.path}" was changed`;
    case "row":
    case "entry":
      return rowDifference(rows, change);
    default:
      return undefined; // looked at when it is carried out
  }
}

function rowDifference(rows: RowReader, change: DatabaseChange): string | undefined {
  const found = rows.of(change);
  const name = change.kind === "row" ? `the row of thread ${change.thread}` : `the row ${rowName(change)}`;
  const gone = change.kind === "row" ? `thread ${change.thread} has no row any more` : `${name} is gone`;
  if ("problem" in found) {
    return found.problem === NO_DATABASE ? gone : `${name} cannot be read: ${found.problem}`;
  }
  const { op, cells } = spotOf(change);
  if (op === "add") return found.row === undefined ? undefined : `${name} is there already`;
  if (found.row === undefined) return gone;
  return hasValues(found.row, cells, "before") ? undefined : `${name} was changed`;
}
