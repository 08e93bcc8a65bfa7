/** Rollouts that get another place. */
import type { RelPath } from "../core/path.ts";
import type { MoveChange } from "../core/plan.ts";
import type { Rollout } from "../core/snapshot.ts";

/** A rollout given another place. */
export function moveOf({ path, stamp }: Rollout, to: RelPath, thread: string | undefined): MoveChange {
  const { size, mtimeMs } = stamp;
  return { kind: "move", path, to, thread, sets: { place: { before: path, after: to } }, size, mtimeMs };
}
