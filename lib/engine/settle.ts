/** The last look before a run is called done: who was at work on its files all the time. */
import { inHome } from "../core/path.ts";
import { openFiles } from "../system/processes.ts";
import { dropThread, followed, followersOf, type Run, writtenTo } from "./batches.ts";
import { giveRowsBack } from "./run_rows.ts";
import { isNameChange } from "./spots.ts";
import { isFileChange } from "./stage.ts";

/**
 * Gives back the threads of which some program had a file open when it was replaced: it writes to the old file, which
 * is seen by its growth, and on Linux by its open descriptor even while it is silent. Throws `state-changed` where such
 * a file is no thread's.
 */
export function giveLateBack(run: Run, busyMs: number): void {
  const late = writtenTo(run, run.replaced.values());
  const open = openFiles(run.place.home, "unlinked");
  for (const n of [...run.replaced.keys(), ...run.named.keys()]) {
    const change = run.changes[n];
    if (change === undefined || !(isFileChange(change) || isNameChange(change))) continue;
    const holders = open.get(inHome(run.place.home, change.path));
    if (holders === undefined || change.thread === undefined) continue;
    late.set(change.thread, `${change.path} is open in process ${holders.join(", ")}`);
  }
  // Those that are added on the way are visited, too.
  for (const thread of late.keys()) {
    for (const other of followersOf(run, thread)) if (!late.has(other)) late.set(other, followed(thread));
  }
  // Rows first: once the journal says that a row was skipped, nothing would take it back.
  for (const { thread } of giveRowsBack(run, new Set(late.keys()), busyMs)) {
    if (thread !== undefined) {
      late.set(thread, `${late.get(thread)}; its row was changed meanwhile and stays`);
    }
  }
  for (const [thread, reason] of late) dropThread(run, thread, reason);
}
