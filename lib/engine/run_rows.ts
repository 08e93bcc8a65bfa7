/** The part of a run that changes databases: the rows of a thread are all changed, or none. */
import type { AbsPath } from "../core/path.ts";
import { AppError } from "../core/error.ts";
import { type Change, invert, isInDatabase, threadsOf } from "../core/plan.ts";
import { dropThread, lockOrDrop, type Run } from "./batches.ts";
import { changeRows, type DatabaseChange, databasesOf, openDatabases, rowName } from "./rows.ts";

/** The rows of threads that were not left out. */
export function wantedRows({ changes, dropped }: Run): DatabaseChange[] {
  return changes.filter((change): change is DatabaseChange =>
    isInDatabase(change) && (change.thread === undefined || !dropped.has(change.thread))
  );
}

/** The databases whose rows a plan changes. */
export function touchedDatabases(changes: readonly Change[]): AbsPath[] {
  return databasesOf(changes.filter(isInDatabase));
}

/**
 * Changes the rows of all databases. A thread one of whose rows is not as planned is left out, and the rest is done
 * without it. Throws `state-changed` for a row that belongs to no thread.
 */
export async function writeRows(run: Run, busyMs: number): Promise<void> {
  const inFiles = threadsOf(run.changes.filter((change) => !isInDatabase(change)));
  const threads = threadsOf(wantedRows(run));
  await lockOrDrop(run, [...threads].filter((id) => !inFiles.has(id)));
  let rows = wantedRows(run);
  if (rows.length === 0) return;
  const databases = openDatabases(rows, busyMs);
  try {
    while (rows.length > 0) {
      const failed = changeRows(databases, rows, ({ length }) => {
        // At the last moment: where nothing was written nothing has to be taken back, from a busy database least of all.
        if (length === 0) run.record.log({ event: "rows" });
        return length === 0;
      });
      if (failed.length === 0) return;
      leaveOut(run, failed);
      rows = wantedRows(run);
    }
  } finally {
    databases.close();
  }
}

function leaveOut(run: Run, rows: readonly DatabaseChange[]): void {
  const ownerless = rows.find(({ thread }) => thread === undefined);
  if (ownerless !== undefined) {
    throw new AppError("state-changed", `the ${rowName(ownerless)} was changed by another program`);
  }
  for (const { thread } of rows) {
    if (thread !== undefined) dropThread(run, thread, "its row was changed by another program");
  }
}

/** Takes the rows of some threads back. Returns those that are no longer as the run left them, and stay. */
export function giveRowsBack(
  run: Run,
  threads: ReadonlySet<string>,
  busyMs: number,
): readonly DatabaseChange[] {
  const rows = wantedRows(run).filter(({ thread }) => thread !== undefined && threads.has(thread));
  if (rows.length === 0) return [];
  const back = rows.map((row) => invert(row) as DatabaseChange).reverse();
  const databases = openDatabases(back, busyMs);
  try {
    return changeRows(databases, back, () => true);
  } finally {
    databases.close();
  }
}
