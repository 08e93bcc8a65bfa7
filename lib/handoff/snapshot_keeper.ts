/**
 * Keeps files before they are replaced or removed. While a run goes on a snapshot is a folder whose list names only
 * what is on the disk for good, so that one that was cut off can be used as it is.
 */
import { sha256Stream } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome, joinPath, parentOf, type RelPath } from "../core/path.ts";
import type { WriteFile } from "../system/disk.ts";
import type { Machine } from "../system/machine.ts";
import type { Side } from "./model.ts";
import type { Settings } from "./settings.ts";
import {
  headLine,
  type Kept,
  keptLine,
  keptPath,
  MANIFEST,
  rootOf,
  snapshotName,
  snapshotPath,
} from "./snapshot_files.ts";
import { packSnapshot, zipOf } from "./snapshot_zip.ts";

/** Keeps files in a snapshot that it makes with the first of them. */
export interface SnapshotKeeper {
  /** Copies a file; it is not on the disk for good before {@link flush}. Throws like the disk. */
  keep(side: Side, path: RelPath): void;
  /** Puts what was kept on the disk for good. Before that nothing of it may be replaced. */
  flush(): Promise<void>;
  /** Ends the snapshot, packed where the settings say so; its name, or undefined when nothing was kept. */
  close(): Promise<string | undefined>;
}

const PIECE = 1 << 20;

interface Pending {
  readonly kept: Kept;
  readonly out: WriteFile;
  readonly folder: AbsPath;
}

/** A keeper for one run that began at `at`. */
export function snapshotKeeper(machine: Machine, settings: Settings, at: Date): SnapshotKeeper {
  const { disk } = machine;
  const { machineId } = settings.identity;
  let name: string | undefined;
  let pending: Pending[] = [];
  let count = 0;
  const folders = new Set<AbsPath>();

  function begin(): string {
    if (name !== undefined) return name;
    makeFolders(settings.paths.backupDir);
    for (let number = 0;; number++) {
      const wanted = snapshotName(at, machineId, number);
      const isFree = [wanted, zipOf(wanted)].every((one) =>
        disk.lstat(snapshotPath(settings, one)) === undefined
      );
      if (!isFree) continue;
      disk.makeDir(snapshotPath(settings, wanted), 0o700);
      append(wanted, headLine(at, machineId));
      name = wanted;
      return wanted;
    }
  }

  function append(snapshot: string, text: string): void {
    const file = disk.openAppend(joinPath(snapshotPath(settings, snapshot), MANIFEST), 0o600);
    try {
      file.write(new TextEncoder().encode(text));
      file.sync();
    } finally {
      file.close();
    }
  }

  /** With all folders on the way, private as those of Codex are. */
  function makeFolders(folder: AbsPath): void {
    if (folders.has(folder) || disk.lstat(folder)?.kind === "directory") return;
    const above = joinPath(folder, "..");
    if (above !== folder) makeFolders(above);
    disk.makeDir(folder, 0o700);
    folders.add(folder);
  }

  return {
    keep: (side, path) => {
      const root = snapshotPath(settings, begin());
      const to = inHome(root, keptPath({ side, path }));
      const folder = joinPath(root, side, parentOf(path) ?? ".");
      makeFolders(folder);
      folders.add(folder);
      pending.push({
        ...copyKept(machine, inHome(rootOf(settings, side), path), to, { side, path }),
        folder,
      });
    },
    flush: async () => {
      const batch = pending;
      pending = [];
      if (batch.length === 0 || name === undefined) return;
      try {
        for (const result of await Promise.allSettled(batch.map(({ out }) => out.syncAside()))) {
          if (result.status === "rejected") throw result.reason;
        }
      } finally {
        for (const { out } of batch) out.close();
      }
      for (const folder of [...folders].sort().reverse()) {
        disk.syncDir(folder);
        disk.syncDir(joinPath(folder, ".."));
      }
      folders.clear();
      append(name, batch.map(({ kept }) => keptLine(kept)).join(""));
      count += batch.length;
      disk.syncDir(snapshotPath(settings, name));
      disk.syncDir(settings.paths.backupDir);
    },
    close: () => {
      for (const { out } of pending) out.close();
      pending = [];
      if (name === undefined) return Promise.resolve(undefined);
      if (count === 0) {
        disk.removeTree(snapshotPath(settings, name));
        return Promise.resolve(undefined);
      }
      if (settings.backup.compression === "zip") packSnapshot(machine, settings, name);
      return Promise.resolve(name);
    },
  };
}

function copyKept(
  { disk }: Machine,
  from: AbsPath,
  to: AbsPath,
  where: Pick<Kept, "side" | "path">,
): { readonly kept: Kept; readonly out: WriteFile } {
  const source = disk.openRead(from);
  try {
    const { mtimeMs, atimeMs } = source.stat();
    const out = disk.createFile(to, 0o600);
    try {
      const hash = sha256Stream();
      let size = 0;
      for (let piece = source.read(0, PIECE); piece.length > 0; piece = source.read(size, PIECE)) {
        hash.update(piece);
        out.write(piece);
        size += piece.length;
      }
      const now = source.stat();
      if (now.size !== size || now.mtimeMs !== mtimeMs) {
        throw new AppError("state-changed", `"${where.path}" was written to while it was copied`);
      }
      out.setTimes(atimeMs, mtimeMs);
      return { kept: { ...where, size, mtimeMs, sha256: hash.digest("hex") }, out };
    } catch (error) {
      out.close();
      disk.remove(to);
      throw error;
    }
  } finally {
    source.close();
  }
}
