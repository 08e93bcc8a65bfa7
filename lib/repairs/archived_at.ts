/** When threads were archived, which the scan does not read. */
import type { Facts } from "./repair.ts";

const KNOWN = new WeakMap<Facts, ReadonlyMap<string, number>>();

/** The cell `archived_at` of a thread's row, seconds since 1970; null when it is empty. */
export function archivedAt(facts: Facts, thread: string): number | null {
  const times = KNOWN.get(facts) ?? readTimes(facts);
  KNOWN.set(facts, times);
  return times.get(thread) ?? null;
}

function readTimes({ snapshot: { live }, tables }: Facts): ReadonlyMap<string, number> {
  if (live === undefined) return new Map();
  const rows = tables(live.path, (database) => {
    if (!database.columns("threads").includes("archived_at")) return [];
    return database.all("select id, archived_at as at from threads where archived_at is not null");
  });
  return new Map((rows ?? []).map(({ id, at }) => [String(id), Number(at)]));
}
