/** What is worth knowing about a thread although nothing is wrong with it. */
import type { Snapshot, Thread } from "../core/snapshot.ts";

/** Threads that the sidebar of the app lists (reported for the desktop app; pinned ones come on top). */
const SIDEBAR_WINDOW = 50;

/** The remarks on a thread. */
export function remarksOn(thread: Thread, snapshot: Snapshot): readonly string[] {
  const { rollouts, id } = thread;
  const rank = rankOf(thread, snapshot);
  const segments = rollouts.filter(({ segment }) => segment !== undefined).length;
  return [
    ...(snapshot.codex.busyThreads.includes(id)
      ? ["Codex has it open; repairs leave it alone until it is closed."]
      : []),
    ...(rank === undefined || rank <= SIDEBAR_WINDOW ? [] : [
      `It is number ${rank} by last use, and the sidebar of the app shows about ${SIDEBAR_WINDOW}: ` +
      "open it once or pin it, and it is there again.",
    ]),
    ...(segments === 0 || rollouts.length === 1 ? [] : [
      `It was reverted ${
        segments === 1 ? "once" : `${segments} times`
      }, so it has ${rollouts.length} files; ` +
      "that is as it should be, and some lists show one entry for each.",
    ]),
    ...(rollouts.some(({ encoding }) => encoding === "zstd")
      ? ["Codex has compressed its file; that hides nothing."]
      : []),
  ];
}

/** Its place among the threads that the app would list, newest first; undefined when it is none of them. */
function rankOf({ row }: Thread, { threads }: Snapshot): number | undefined {
  if (row === undefined || !isListed(row)) return undefined;
  let newer = 0;
  for (const { row: other } of threads.values()) {
    if (other !== undefined && isListed(other) && other.updatedAtMs > row.updatedAtMs) newer++;
  }
  return newer + 1;
}

function isListed({ archived, source, hasPreview }: NonNullable<Thread["row"]>): boolean {
  return !archived && hasPreview && (source === "vscode" || source === "cli");
}
