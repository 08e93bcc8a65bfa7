/** Retention: which records go, and their going. */
import type { AbsPath } from "../core/path.ts";
import type { DropChange } from "../core/plan.ts";
import type { Disk } from "../system/disk.ts";
import { dropRecord, listRecordIds, listRecords, type RecordSummary, summarize } from "./records.ts";

/**
 * The finished records beyond the newest `keep`. Pending and damaged ones are never among them, nor those that keep the
 * only copy of something, nor is anything that has no record's name, nor the ledger.
 */
export function planPrune(records: readonly RecordSummary[], keep: number): DropChange[] {
  const finished = records.filter(({ state }) => state === "complete" || state === "undone");
  return finished.slice(keep).filter(({ rescues }) => !rescues).map(({ id, bytes }) => ({
    kind: "drop",
    record: id,
    bytes,
  }));
}

/** Removes the records beyond the newest `keep` and returns their ids. Looks only as closely as there are too many. */
export function prune(disk: Disk, home: AbsPath, keep: number): string[] {
  if (listRecordIds(disk, home).length <= keep) return [];
  return dropAll(disk, home, planPrune(listRecords(disk, home), keep));
}

/** Removes records, each only if it still is a finished one. Returns the ids of those that went. */
export function dropAll(disk: Disk, home: AbsPath, drops: readonly DropChange[]): string[] {
  const gone: string[] = [];
  for (const { record } of drops) {
    const { state, rescues } = summarize(disk, home, record);
    if (rescues || (state !== "complete" && state !== "undone")) continue;
    dropRecord(disk, home, record);
    gone.push(record);
  }
  return gone;
}
