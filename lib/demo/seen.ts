/** What Codex's app would list, by the visibility model. */
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { type Reader, viewsOf } from "../codex/readers.ts";

/** A look at the app's list of threads. */
export interface Seen {
  /** Ids of the threads that are listed, newest first. */
  readonly listed: readonly string[];
  /** How many would be listed if the provider did not matter. */
  readonly listable: number;
  /** Threads that no list shows whatever the provider, each with the reason. */
  readonly others: readonly { readonly id: string; readonly because: string }[];
}

/** What the app lists of a home. */
export function look(snapshot: Snapshot): Seen {
  const threads = [...snapshot.threads.values()].sort((a, b) => changedMs(b) - changedMs(a));
  const inAny = threads.map((thread) => ({
    thread,
    view: viewBy(thread, snapshot, "app list (all providers)"),
  }));
  return {
    listed: threads.filter((thread) => viewBy(thread, snapshot, "app list").visible).map(({ id }) => id),
    listable: inAny.filter(({ view }) => view.visible).length,
    others: inAny.filter(({ view }) => !view.visible)
      .map(({ thread, view }) => ({ id: thread.id, because: view.because })),
  };
}

function viewBy(thread: Thread, snapshot: Snapshot, reader: Reader): { visible: boolean; because: string } {
  const view = viewsOf(thread, snapshot).find((one) => one.reader === reader);
  return view ?? { visible: false, because: "no reader of that name" };
}

/** The app sorts by the time of the files. */
function changedMs({ rollouts }: Thread): number {
  return rollouts.reduce((latest, { stamp }) => Math.max(latest, stamp.mtimeMs), 0);
}
