/** Which threads a command works on. */
import { AppError } from "../core/error.ts";
import { isSameFolder } from "../core/folder.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { isArchived } from "./reports.ts";

/** A choice of threads; without any condition it means all of them. */
export interface Selection {
  /** Ids, or beginnings of at least 8 characters, lower case. */
  readonly threads: readonly string[];
  /** Kinds of sessions (`cli`, `vscode`, `exec`, …); `any` means every kind. */
  readonly sources: readonly string[];
  readonly cwd: string | undefined;
  /** Last change at or after this, milliseconds. */
  readonly sinceMs: number | undefined;
  /** Last change at or before this, milliseconds. */
  readonly untilMs: number | undefined;
  readonly includeArchived: boolean;
  readonly includeEmpty: boolean;
}

/** Whether a selection names threads at all, instead of meaning all of them. */
export function isNamed({ threads, sources, cwd, sinceMs, untilMs }: Selection): boolean {
  return threads.length > 0 || sources.length > 0 || cwd !== undefined || sinceMs !== undefined ||
    untilMs !== undefined;
}

/**
 * The threads of a selection. Without any condition: all. With one, archived threads and those without a message are
 * left out unless they are named or asked for. Throws `thread-unknown` for an id that is none or not the only one.
 */
export function selectThreads({ threads }: Snapshot, selection: Selection): readonly Thread[] {
  const all = [...threads.values()];
  if (selection.threads.length > 0) {
    const named = new Set(selection.threads.map((prefix) => findThread(threads, prefix)));
    return [...named].filter((thread) => matches(thread, selection));
  }
  if (!isNamed(selection)) return all;
  return all.filter((thread) =>
    matches(thread, selection) &&
    (selection.includeArchived || !isArchived(thread)) &&
    (selection.includeEmpty || thread.row?.hasPreview !== false)
  );
}

function matches(thread: Thread, { sources, cwd, sinceMs, untilMs }: Selection): boolean {
  const meta = thread.rollouts.at(-1)?.meta;
  const source = thread.row?.source ?? meta?.source ?? "";
  if (sources.length > 0 && !sources.includes("any") && !sources.includes(source)) return false;
  const folder = thread.row?.cwd ?? meta?.cwd;
  if (cwd !== undefined && folder !== cwd && !isSameFolder(folder ?? "", cwd)) return false;
  const changed = changedMs(thread);
  return changed >= (sinceMs ?? -Infinity) && changed <= (untilMs ?? Infinity);
}

/** When a thread was last worked on: its newest file, or its row when there is none. */
function changedMs({ rollouts, row }: Thread): number {
  const newest = rollouts.reduce((latest, { stamp }) => Math.max(latest, stamp.mtimeMs), 0);
  return newest > 0 ? newest : row?.updatedAtMs ?? 0;
}

/** The thread whose id is, or alone begins with, `prefix`. Throws `thread-unknown`. */
export function findThread(threads: ReadonlyMap<string, Thread>, prefix: string): Thread {
  const exact = threads.get(prefix);
  if (exact !== undefined) return exact;
  const found = [...threads.values()].filter(({ id }) => id.startsWith(prefix));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new AppError(
    "thread-unknown",
    found.length === 0
      ? `no thread has an id that begins with "${prefix}"`
      : `${found.length} threads have ids that begin with "${prefix}"`,
    { hint: found.length === 0 ? "codexkeep status" : "give more of the id" },
  );
}
