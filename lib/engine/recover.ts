/** Finishes taking back runs that were cut off. May itself be cut off and run again. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { RecoverReport } from "../core/report.ts";
import type { Disk } from "../system/disk.ts";
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
      const changes = readChanges(disk, home, readManifest(disk, home, id));
      requireKnownTargets(changes);
      const there = touchedDatabases(changes).filter((path) => disk.stat(path) !== undefined);
      requireOwnDatabases(disk, there, [...databases, joinPath(home, "x"), joinPath(home, "sqlite", "x")]);
      await requireIdle(home, [...new Set([...databases, ...there])], allow);
      left.push(...takeBackRun(machine, home, id, writeWaitMs(allow)));
      recovered.push(id);
    }
    return { recovered, swept: sweepLeftovers(disk, home, databases), left };
  });
}

/**
 * A record is a file: whatever rows it names, only those of this home's databases are changed. Throws `refused` for a
 * database in a folder where none of `known` is.
 */
function requireOwnDatabases(disk: Disk, databases: readonly AbsPath[], known: readonly AbsPath[]): void {
  const folderOf = (path: AbsPath) => {
    const folder = joinPath(path, "..");
    return disk.stat(folder) === undefined ? folder : disk.realPath(folder);
  };
  const folders = new Set(known.map(folderOf));
  const foreign = databases.find((path) => !folders.has(folderOf(path)));
  if (foreign === undefined) return;
  throw new AppError("refused", `"${foreign}" is no state database of this home`, {
    hint: "name its folder with --sqlite-home",
  });
}

function takeBackRun(machine: Machine, home: AbsPath, id: string, busyMs: number) {
  const { disk } = machine;
  const manifest = readManifest(disk, home, id);
  const changes = readChanges(disk, home, manifest);
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
