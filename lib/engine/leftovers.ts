/** Sweeps up what interrupted runs left behind besides the files of threads. */
import { type AbsPath, joinPath } from "../core/path.ts";
import { sequenceOf } from "../core/record.ts";
import type { Disk } from "../system/disk.ts";
import { PROBE_PREFIX } from "../system/sqlite.ts";
import { recordsDir, UNFINISHED } from "./records.ts";

/**
 * Removes records half made or half removed, and probes of databases that were cut off. Only while holding the lock of
 * the home: another run's would be among them. Returns how many.
 */
export function sweepLeftovers(disk: Disk, home: AbsPath, databases: readonly AbsPath[]): number {
  const isRecord = (name: string) =>
    name.startsWith(UNFINISHED) && sequenceOf(name.slice(UNFINISHED.length)) !== undefined;
  const folders = new Set(databases.map((path) => joinPath(path, "..")));
  return sweep(disk, recordsDir(home), isRecord) +
    [...folders].reduce(
      (sum, folder) => sum + sweep(disk, folder, (name) => name.startsWith(PROBE_PREFIX)),
      0,
    );
}

function sweep(disk: Disk, folder: AbsPath, isLeftover: (name: string) => boolean): number {
  const left = (disk.list(folder) ?? []).filter(({ name, kind }) => kind === "directory" && isLeftover(name));
  for (const { name } of left) disk.removeTree(joinPath(folder, name));
  return left.length;
}
