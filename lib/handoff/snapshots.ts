/** The snapshots that are there: which, how old, and which of them are to go. */
import { AppError } from "../core/error.ts";
import { joinPath } from "../core/path.ts";
import type { Machine } from "../system/machine.ts";
import type { Settings } from "./settings.ts";
import { isSnapshotName, LONGEST_LINE, MANIFEST, snapshotPath, snapshotTime } from "./snapshot_files.ts";
import { packSnapshot, zipOf } from "./snapshot_zip.ts";

const DAY_MS = 86_400_000;

/** One snapshot. */
export interface Snapshot {
  readonly name: string;
  readonly form: "tree" | "zip";
  readonly at: Date;
}

/** All snapshots, the newest first. Names of another form are passed over, and folders in which nothing is kept yet. */
export function listSnapshots(machine: Machine, settings: Settings): readonly Snapshot[] {
  const { disk } = machine;
  const found = new Map<string, Snapshot>();
  for (const { name: file, kind } of disk.list(settings.paths.backupDir) ?? []) {
    const isZip = kind === "file" && file.endsWith(".zip");
    const name = isZip ? file.slice(0, -4) : file;
    if (!isSnapshotName(name) || (!isZip && kind !== "directory")) continue;
    // A folder whose archive is there already was about to be removed, and is as good.
    if (isZip ? found.has(name) : !hasKept(machine, settings, name)) continue;
    found.set(name, { name, form: isZip ? "zip" : "tree", at: snapshotTime(name) });
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? 1 : -1);
}

/**
 * Packs what a run that was cut off left unpacked, and removes the snapshots that the settings do not keep; never the
 * newest one. Returns the names of those that went. Throws like the disk.
 */
export function tidySnapshots(machine: Machine, settings: Settings, now: Date): readonly string[] {
  const { disk } = machine;
  const { compression, retentionDays, maxBackups } = settings.backup;
  for (const { name: file, kind } of disk.list(settings.paths.backupDir) ?? []) {
    if (file.startsWith(".codexkeep-tmp-")) disk.remove(snapshotPath(settings, file));
    const isEmpty = kind === "directory" && isSnapshotName(file) && !hasKept(machine, settings, file);
    if (isEmpty) disk.removeTree(snapshotPath(settings, file));
  }
  const all = listSnapshots(machine, settings);
  const isOld = ({ at }: Snapshot) =>
    retentionDays > 0 && now.getTime() - at.getTime() > retentionDays * DAY_MS;
  const gone = all.filter((one, index) =>
    index > 0 && (isOld(one) || (maxBackups > 0 && index >= maxBackups))
  );
  for (const { name } of gone) {
    disk.remove(snapshotPath(settings, zipOf(name)));
    disk.removeTree(snapshotPath(settings, name));
  }
  if (compression === "zip") {
    for (const one of all) {
      if (one.form === "tree" && !gone.includes(one)) packOrLeave(machine, settings, one.name);
    }
  }
  return gone.map(({ name }) => name);
}

/**
 * Whether the list of a folder names a file: a run that was cut off before that had replaced nothing yet, and a folder
 * whose archive is on the disk goes list first.
 */
function hasKept({ disk }: Machine, settings: Settings, name: string): boolean {
  const path = joinPath(snapshotPath(settings, name), MANIFEST);
  if (disk.lstat(path)?.kind !== "file") return false;
  const list = disk.openRead(path);
  try {
    const bytes = list.read(0, 2 * LONGEST_LINE);
    return bytes.indexOf(0x0a, bytes.indexOf(0x0a) + 1) > 0 && bytes.includes(0x0a);
  } finally {
    list.close();
  }
}

/** A snapshot that is not as its list says stays as it is: somebody may still want what is in it. */
function packOrLeave(machine: Machine, settings: Settings, name: string): void {
  try {
    packSnapshot(machine, settings, name);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "record-damaged") throw error;
  }
}
