/**
 * Codex's locks on the threads of a run. They are held from before the first file of a thread is replaced until the run
 * is over: a Codex that loaded a thread in between would know its old provider, and write it back, and would go on
 * writing to a file that loses its name when the run is taken back.
 */
import type { AbsPath } from "../core/path.ts";
import { lockThreads, type ThreadLocks } from "../system/lock.ts";
import { openFileLimit } from "../system/proc.ts";

/** The locks of one run. */
export interface HeldThreads {
  /** Locks threads that are not locked yet; returns those that Codex has open. */
  hold(ids: Iterable<string>): Promise<readonly string[]>;
  /** Gives all of them back; doing so twice is fine. */
  release(): void;
}

/** Each lock is an open file. Where that is too many, the locks that were taken first are given back early. */
const MOST_LOCKS = 8000;
/** Open files left for everything else, a batch of files being replaced above all. */
const SPARE_FILES = 500;
/** The threads of one batch are locked in any case. */
const LEAST_LOCKS = 64;

/** No locks yet, on threads of a home. */
export function holdThreads(home: AbsPath): HeldThreads {
  const room = (openFileLimit() ?? MOST_LOCKS) - SPARE_FILES;
  const most = Math.max(LEAST_LOCKS, Math.min(MOST_LOCKS, room));
  const groups: { readonly ids: readonly string[]; readonly locks: ThreadLocks }[] = [];
  const held = new Set<string>();
  const letGo = () => {
    const first = groups.shift();
    first?.locks.release();
    for (const id of first?.ids ?? []) held.delete(id);
  };
  return {
    hold: async (wanted) => {
      const ids = [...new Set(wanted)].filter((id) => !held.has(id)).slice(-most);
      while (groups.length > 0 && held.size + ids.length > most) letGo();
      const locks = await lockThreads(home, ids);
      groups.push({ ids, locks });
      for (const id of ids) if (!locks.busy.includes(id)) held.add(id);
      return locks.busy;
    },
    release: () => {
      while (groups.length > 0) letGo();
    },
  };
}
