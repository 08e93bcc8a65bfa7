/** Whether a plan that was made earlier still fits the home. */
import { AppError } from "../core/error.ts";
import { inHome } from "../core/path.ts";
import type { Change, Plan } from "../core/plan.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { Disk } from "../system/disk.ts";

/** How many differences are named. */
const NAMED = 3;

/** Refuses a plan whose ground has moved since it was made. Throws `state-changed` naming what. */
export function requireCurrent(disk: Disk, plan: Plan, snapshot: Snapshot): void {
  const moved = plan.changes.flatMap((change) => difference(disk, change, snapshot) ?? []);
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

function difference(disk: Disk, change: Change, snapshot: Snapshot): string | undefined {
  switch (change.kind) {
    case "edit":
    case "recode": {
      const now = disk.stat(inHome(snapshot.home, change.path));
      if (now === undefined) return `"${change.path}" is gone`;
      const sameTime = change.mtimeMs === undefined || now.mtimeMs === change.mtimeMs;
      return now.size === change.size && sameTime ? undefined : `"${change.path}" was written to`;
    }
    case "row": {
      const now = snapshot.threads.get(change.thread)?.row;
      const cell = change.cells.model_provider;
      if (now === undefined) return `thread ${change.thread} has no row any more`;
      const same = cell === undefined || (now.provider ?? null) === cell.before;
      return same ? undefined : `the row of thread ${change.thread} was changed`;
    }
    default:
      return undefined; // looked at when it is carried out
  }
}
