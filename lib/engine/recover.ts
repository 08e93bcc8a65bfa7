/** Finishes taking back runs that were cut off. May itself be cut off and run again. */
import type { AbsPath } from "../core/path.ts";
import type { RecoverReport } from "../core/report.ts";
import type { Machine } from "../system/machine.ts";
import { type Allowance, requireIdle, writeWaitMs } from "./preflight.ts";
import { sweepLeftovers } from "./leftovers.ts";
import { openRecord, pendingRecord, readChanges, readJournal, readManifest, recordDir } from "./records.ts";
import { withLock } from "./run_lock.ts";
import { touchedDatabases } from "./run_rows.ts";
import { requireKnownTargets } from "./targets.ts";
import { undo } from "./undo.ts";

/**
 * Takes back every interrupted run of a home. Throws `locked`, `codex-running`, `record-damaged` (nothing is touched
 * by a record that cannot be trusted), `database-…`.
 */
export async function recover(
  machine: Machine,
  home: AbsPath,
  databases: readonly AbsPath[],
  allow: Allowance,
): Promise<RecoverReport> {
  const { disk } = machine;
  return await withLock(disk, home, allow.waitMs, async () => {
    const recovered: string[] = [];
    const left: { subject: string; reason: string }[] = [];
    const next = () => pendingRecord(disk, home, "throw");
    for (let id = next(); id !== undefined; id = next()) {
      const touched = touchedDatabases(readChanges(disk, home, readManifest(disk, home, id)));
      const there = touched.filter((path) => disk.stat(path) !== undefined);
      await requireIdle(home, [...new Set([...databases, ...there])], allow);
      left.push(...takeBackRun(machine, home, id, writeWaitMs(allow)));
      recovered.push(id);
    }
    return { recovered, swept: sweepLeftovers(disk, home, databases), left };
  });
}

function takeBackRun(machine: Machine, home: AbsPath, id: string, busyMs: number) {
  const { disk } = machine;
  const manifest = readManifest(disk, home, id);
  const changes = readChanges(disk, home, manifest);
  requireKnownTargets(changes);
  const journal = readJournal(disk, home, id);
  const place = {
    disk,
    home,
    record: id,
    recordDir: recordDir(home, id),
    sourceDir: (record: string) => recordDir(home, record),
  };
  const { left } = undo(place, changes, journal, busyMs);
  const record = openRecord(disk, home, id);
  try {
    record.log({ event: "undone" });
  } finally {
    record.close();
  }
  return left;
}
