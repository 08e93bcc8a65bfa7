/** Puts the files of a snapshot back. What is there instead is kept in a snapshot of its own first. */
import { sha256, sha256Stream } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome, joinPath, parentOf } from "../core/path.ts";
import { spotOf } from "../engine/spots.ts";
import { anchor } from "../system/anchor.ts";
import type { Machine } from "../system/machine.ts";
import type { Side } from "./model.ts";
import { mayTravel } from "./scope.ts";
import type { Settings } from "./settings.ts";
import { damaged, type Kept, keptPath, rootOf } from "./snapshot_files.ts";
import { snapshotKeeper } from "./snapshot_keeper.ts";
import { listSnapshots } from "./snapshots.ts";
import { type OpenSnapshot, openSnapshot, readKept } from "./snapshot_zip.ts";

/** Files per flush of the keeper. */
const BATCH = 64;
const PIECE = 1 << 20;

/** What a restore would do. */
export interface SnapshotPlan {
  readonly name: string;
  readonly target: Side;
  /** Files that are put in the place of others, put where none is, or are there already. */
  readonly replaced: readonly Kept[];
  readonly added: readonly Kept[];
  readonly same: readonly Kept[];
}

/** What came of it. */
export interface SnapshotRestored extends SnapshotPlan {
  /** Name of the snapshot of what was replaced. */
  readonly kept: string | undefined;
}

/** Which snapshot and which side are meant. */
export interface SnapshotWish {
  /** Name, with or without `.zip`; undefined: the newest that has files of the side. */
  readonly from: string | undefined;
  readonly target: Side;
}

/** What a restore would do. Reads only. Throws `record-unknown`, `record-damaged`, `unsafe-path`, and like the disk. */
export function planSnapshotRestore(machine: Machine, settings: Settings, wish: SnapshotWish): SnapshotPlan {
  const open = openWished(machine, settings, wish);
  try {
    return planOf(machine, settings, open, wish.target);
  } finally {
    open.close();
  }
}

/**
 * Carries a restore out: each file is written beside its place, checked, and put there by one rename. A run that is cut
 * off is finished by the same command. Throws like {@link planSnapshotRestore}; before the first file is replaced every
 * file of the snapshot has been read and found right.
 */
export async function restoreSnapshot(
  machine: Machine,
  settings: Settings,
  wish: SnapshotWish,
  at: Date,
): Promise<SnapshotRestored> {
  const open = openWished(machine, settings, wish);
  const release = anchor(rootOf(settings, wish.target));
  try {
    const plan = planOf(machine, settings, open, wish.target);
    const files = [...plan.replaced, ...plan.added];
    for (const one of files) readKept(open, one, () => {});
    const keeper = snapshotKeeper(machine, settings, at);
    for (let n = 0; n < files.length; n += BATCH) {
      const batch = files.slice(n, n + BATCH);
      for (const one of batch) if (plan.replaced.includes(one)) keeper.keep(wish.target, one.path);
      await keeper.flush();
      for (const one of batch) putBack(machine, settings, open, one);
    }
    return { ...plan, kept: await keeper.close() };
  } finally {
    release();
    open.close();
  }
}

function openWished(machine: Machine, settings: Settings, { from, target }: SnapshotWish): OpenSnapshot {
  if (from !== undefined) return openSnapshot(machine, settings, nameOf(machine, settings, from));
  for (const { name } of listSnapshots(machine, settings)) {
    const open = openSnapshot(machine, settings, name);
    if (open.kept.some(({ side }) => side === target)) return open;
    open.close();
  }
  throw new AppError("record-unknown", `there is no snapshot with files of ${placeOf(target)}`, {
    hint: "a snapshot is made when a hand-over replaces or removes a file",
  });
}

function nameOf(machine: Machine, settings: Settings, from: string): string {
  const name = from.replace(/\.zip$/, "");
  if (listSnapshots(machine, settings).some((one) => one.name === name)) return name;
  throw new AppError("record-unknown", `there is no snapshot "${from}"`, {
    hint: `look into "${settings.paths.backupDir}"`,
  });
}

function placeOf(side: Side): string {
  return side === "local" ? "the Codex home" : "the folder that travels";
}

function planOf(machine: Machine, settings: Settings, open: OpenSnapshot, target: Side): SnapshotPlan {
  const wanted = open.kept.filter(({ side }) => side === target);
  if (wanted.length === 0) {
    throw new AppError("record-unknown", `snapshot "${open.name}" has no files of ${placeOf(target)}`, {
      hint: `--target ${target === "local" ? "cloud" : "local"}`,
    });
  }
  const plan = { replaced: [] as Kept[], added: [] as Kept[], same: [] as Kept[] };
  for (const one of wanted) {
    if (!mayTravel(one.path, settings)) {
      throw damaged(open.name, `"${keptPath(one)}" is nothing that a hand-over carries`);
    }
    plan[stateOf(machine, settings, one)].push(one);
  }
  return { name: open.name, target, ...plan };
}

function stateOf(machine: Machine, settings: Settings, one: Kept): "replaced" | "added" | "same" {
  const { path } = spotOf({ disk: machine.disk, home: rootOf(settings, one.side) }, one.path);
  const stat = machine.disk.lstat(path);
  if (stat === undefined) return "added";
  if (stat.kind !== "file") throw new AppError("unsafe-path", `"${path}" is no file`);
  return stat.size === one.size && shaOf(machine, path) === one.sha256 ? "same" : "replaced";
}

function shaOf({ disk }: Machine, path: AbsPath): string {
  const file = disk.openRead(path);
  try {
    const hash = sha256Stream();
    for (let at = 0; at < file.size; at += PIECE) hash.update(file.read(at, PIECE));
    return hash.digest("hex");
  } finally {
    file.close();
  }
}

function putBack(machine: Machine, settings: Settings, open: OpenSnapshot, one: Kept): void {
  const { disk } = machine;
  const root = rootOf(settings, one.side);
  const { path, missing } = spotOf({ disk, home: root }, one.path);
  const real = disk.realPath(root);
  for (const folder of missing) {
    disk.makeDir(inHome(real, folder), 0o700);
    disk.syncDir(joinPath(real, parentOf(folder) ?? "."));
  }
  const mode = disk.lstat(path)?.mode ?? 0o600;
  // The name does not look like a rollout, and is the same after a cut.
  const temp = joinPath(path, "..", `.codexkeep-tmp-${sha256(one.path).slice(0, 16)}`);
  disk.remove(temp);
  const out = disk.createFile(temp, 0o600);
  try {
    readKept(open, one, (piece) => out.write(piece));
    out.setMode(mode);
    out.setTimes(one.mtimeMs, one.mtimeMs);
    out.sync();
  } catch (error) {
    out.close();
    disk.remove(temp);
    throw error;
  }
  out.close();
  disk.rename(temp, path);
  disk.syncDir(joinPath(path, ".."));
}
