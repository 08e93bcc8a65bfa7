/** Which threads hang together because one file continues another. */
import type { Rollout, Snapshot } from "../core/snapshot.ts";

/** The threads of `ids` with all that they continue and all that continue them. */
export function lineageOf({ threads }: Snapshot, ids: ReadonlySet<string>): ReadonlySet<string> {
  const owners = new Map<string, string>();
  const next = new Map<string, Set<string>>();
  for (const { id, rollouts } of threads.values()) {
    for (const { segment } of rollouts) owners.set(segment ?? id, id);
  }
  const link = (a: string, b: string) => {
    const known = next.get(a) ?? new Set();
    next.set(a, known.add(b));
  };
  for (const { id, rollouts } of threads.values()) {
    for (const { meta } of rollouts) {
      const base = meta?.base === undefined ? undefined : owners.get(meta.base);
      if (base === undefined || base === id) continue;
      link(id, base);
      link(base, id);
    }
  }
  const found = new Set<string>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...next.get(id) ?? []);
  }
  return found;
}

/** The files that others continue, by their ids, with the thread each belongs to. */
export function continuedFiles(
  { threads }: Snapshot,
): ReadonlyMap<string, { readonly rollout: Rollout; readonly thread: string }> {
  const bases = new Set<string>();
  for (const { rollouts } of threads.values()) {
    for (const { meta } of rollouts) if (meta?.base !== undefined) bases.add(meta.base);
  }
  const found = new Map<string, { rollout: Rollout; thread: string }>();
  if (bases.size === 0) return found;
  for (const { id, rollouts } of threads.values()) {
    for (const rollout of rollouts) {
      const file = rollout.segment ?? id;
      if (bases.has(file) && rollout.damage === undefined) found.set(file, { rollout, thread: id });
    }
  }
  return found;
}
