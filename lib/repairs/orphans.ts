/** Rollouts that the database does not know, and why. */
import type { Rollout } from "../core/snapshot.ts";
import { nameOf, styleOf } from "../core/folder.ts";
import type { Facts } from "./repair.ts";
import { filesByThread } from "./thread_files.ts";

/** What a rollout without a row is. */
export type Orphan = {
  readonly id: string;
  readonly rollouts: readonly Rollout[];
  readonly kind:
    /** Codex is at work on it, or was a moment ago: its row is yet to come. */
    | "live"
    /** Nothing has been said in it: Codex would make a row that no list shows. */
    | "empty"
    /** Made on another computer or by another user: its folder is of another system, or not here. */
    | "foreign"
    | "importable";
};

/** How long after the last write a file counts as being written while a Codex runs, milliseconds. */
const QUIET_MS = 10 * 60 * 1000;

/** Every thread that has usable files and no row. Files that cannot be used are damage, not orphans. */
export function orphans(facts: Facts): readonly Orphan[] {
  const { threads } = facts.snapshot;
  const found: Orphan[] = [];
  for (const [id, { files }] of filesByThread(facts)) {
    if (threads.get(id)?.row !== undefined) continue;
    const rollouts = files.map(({ rollout }) => rollout);
    found.push({ id, rollouts, kind: kindOf(facts, id, rollouts) });
  }
  return found;
}

function kindOf(facts: Facts, id: string, rollouts: readonly Rollout[]): Orphan["kind"] {
  const { snapshot: { codex }, nowMs } = facts;
  const changedMs = Math.max(...rollouts.map(({ stamp }) => stamp.mtimeMs));
  const isWritten = codex.processes.length > 0 && nowMs - changedMs < QUIET_MS;
  if (codex.busyThreads.includes(id) || isWritten) return "live";
  if (rollouts.every(({ bare = false, meta }) => bare && meta?.base === undefined)) return "empty";
  return rollouts.some(({ meta }) => isElsewhere(facts, meta?.cwd)) ? "foreign" : "importable";
}

function isElsewhere({ platform, files }: Facts, cwd: string | undefined): boolean {
  if (cwd === undefined || nameOf(cwd) === undefined) return false;
  const style = platform === "windows" ? "windows" : "posix";
  return styleOf(cwd) !== style || !files.hasFolder(cwd);
}
