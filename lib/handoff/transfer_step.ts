/** One step of a transfer: the file looked at, its new content beside its place, and the rename that puts it there. */
import { sha256 } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome, joinPath, parentOf, type RelPath } from "../core/path.ts";
import type { Fingerprint } from "../core/snapshot.ts";
import { spotOf } from "../engine/spots.ts";
import type { WriteFile } from "../system/disk.ts";
import type { Machine } from "../system/machine.ts";
import { across } from "./draft.ts";
import { machineFile, OURS } from "./folder_state.ts";
import { logOf, withContent } from "./looks.ts";
import type { Item, Side, Step } from "./model.ts";
import type { Settings } from "./settings.ts";
import { rootOf } from "./snapshot_files.ts";
import type { SnapshotKeeper } from "./snapshot_keeper.ts";
import { unite } from "./unite.ts";

const PIECE = 1 << 20;
const TEMP = ".codexkeep-tmp-";

/** A step whose new content is written, not yet synced. */
export interface Ready {
  readonly step: Step;
  /** Closed by whoever syncs it. */
  readonly out: WriteFile | undefined;
  /** Files to be put in place: from the name they were written under. */
  readonly puts: readonly {
    readonly temp: AbsPath;
    readonly path: AbsPath;
    readonly over: Expected | undefined;
  }[];
  /** Names to be taken away afterwards. */
  readonly gone: readonly Expected[];
  readonly folders: readonly AbsPath[];
}

/** A file as it has to be when it is replaced. */
interface Expected {
  readonly path: AbsPath;
  readonly stamp: Fingerprint;
}

/** Removes what a run that was cut off had not put in place yet, in the folders of files that take part. */
export function sweepTemps(
  { disk }: Machine,
  settings: Settings,
  local: readonly Item[],
  cloud: readonly Item[],
): void {
  for (const [side, items] of [["local", local], ["cloud", cloud]] as const) {
    const root = rootOf(settings, side);
    const folders = new Set(items.map(({ path }) => parentOf(path) ?? ""));
    for (const folder of folders) {
      const place = joinPath(root, folder);
      for (const { name, kind } of disk.list(place) ?? []) {
        if (kind === "file" && name.startsWith(TEMP)) disk.remove(joinPath(place, name));
      }
    }
  }
}

/** Looks at the files of a step and writes what is new. Throws `state-changed` when one is not as planned. */
export function prepare(
  machine: Machine,
  settings: Settings,
  step: Step,
  keeper: SnapshotKeeper | undefined,
): Ready {
  switch (step.do) {
    case "copy":
    case "extend":
      return prepareCarried(machine, settings, step, keeper);
    case "move":
      return prepareMove(machine, settings, step);
    case "remove": {
      const gone = requireStamp(machine, settings, step.on, step.path, step.stamp);
      keeper?.keep(step.on, step.path);
      return { step, out: undefined, puts: [], gone: [gone], folders: [folderOf(gone.path)] };
    }
    case "keep-loser":
      return prepareLoser(machine, settings, step);
    case "unite":
      return prepareUnion(machine, settings, step, keeper);
  }
}

/** Puts the files of a step in place. Throws `state-changed` when one was written to meanwhile. */
export function finish({ disk }: Machine, _settings: Settings, { puts, gone, step }: Ready): void {
  for (const { temp, path, over } of puts) {
    if (over === undefined ? disk.lstat(path) !== undefined : !isStill(disk.lstat(over.path), over.stamp)) {
      disk.remove(temp);
      throw changed(path);
    }
    if (step.do === "move") {
      disk.rename(temp, path);
      continue;
    }
    disk.rename(temp, path);
    if (over !== undefined && over.path !== path) disk.remove(over.path);
  }
  for (const { path, stamp } of gone) {
    if (!isStill(disk.lstat(path), stamp)) throw changed(path);
    disk.remove(path);
  }
}

type Carried = Extract<Step, { readonly do: "copy" | "extend" }>;

function prepareCarried(
  machine: Machine,
  settings: Settings,
  step: Carried,
  keeper: SnapshotKeeper | undefined,
): Ready {
  const { to, over } = step;
  const from = across(to);
  requireStamp(machine, settings, from, step.from, step.source);
  const replaced = over === undefined
    ? undefined
    : requireStamp(machine, settings, to, over.path, over.stamp);
  const { path, folders } = makePlace(machine, settings, to, step.path);
  if (replaced?.path !== path && machine.disk.lstat(path) !== undefined) throw changed(path);
  if (over !== undefined) keeper?.keep(to, over.path);
  const mode = over === undefined ? 0o600 : machine.disk.lstat(replaced?.path ?? path)?.mode ?? 0o600;
  const { out, temp } = begin(machine, path);
  return ending(machine, out, temp, () => {
    if (step.do === "copy") copyInto(machine, inHome(rootOf(settings, from), step.from), out);
    else extendInto(machine, settings, step, out);
    out.setMode(mode);
    out.setTimes(step.source.mtimeMs, step.source.mtimeMs);
    // What was read is what the plan saw, or a file was written to while it was read.
    requireStamp(machine, settings, from, step.from, step.source);
    return { step, out, puts: [{ temp, path, over: replaced }], gone: [], folders };
  });
}

function copyInto({ disk }: Machine, path: AbsPath, out: WriteFile): void {
  const file = disk.openRead(path);
  try {
    for (let at = 0; at < file.size; at += PIECE) out.write(file.read(at, Math.min(PIECE, file.size - at)));
  } finally {
    file.close();
  }
}

function extendInto(
  machine: Machine,
  settings: Settings,
  step: Extract<Step, { readonly do: "extend" }>,
  out: WriteFile,
): void {
  const { to, over, from, keep, skip } = step;
  const encoding = from.endsWith(".zst") ? "zstd" : "plain";
  withContent(machine, settings, to, over, (mine) => {
    for (let at = 0; at < keep; at += PIECE) out.write(mine.read(at, Math.min(PIECE, keep - at)));
  });
  withContent(machine, settings, across(to), { path: from, encoding }, (theirs) => {
    for (let at = skip; at < theirs.size; at += PIECE) {
      out.write(theirs.read(at, Math.min(PIECE, theirs.size - at)));
    }
  });
}

function prepareMove(
  machine: Machine,
  settings: Settings,
  step: Extract<Step, { readonly do: "move" }>,
): Ready {
  const { path: temp, stamp } = requireStamp(machine, settings, step.on, step.from, step.stamp);
  const { path, folders } = makePlace(machine, settings, step.on, step.path);
  if (machine.disk.lstat(path) !== undefined) throw changed(path);
  // A file of this name counts as new when nothing is there.
  const put = { temp, path, over: undefined };
  if (!isStill(machine.disk.lstat(temp), stamp)) throw changed(temp);
  return { step, out: undefined, puts: [put], gone: [], folders: [...folders, folderOf(temp)] };
}

function prepareLoser(
  machine: Machine,
  settings: Settings,
  step: Extract<Step, { readonly do: "keep-loser" }>,
): Ready {
  const { path: from } = requireStamp(machine, settings, step.of, step.path, step.stamp);
  const time = machine.now().toISOString().replaceAll(/[:.]/g, "-");
  const who = step.of === "local" ? machineFile(settings.identity.machineId) : "folder";
  const zst = step.path.endsWith(".zst") ? ".zst" : "";
  // Two runs of one second keep two losers; none ends like a rollout.
  const name = `${step.key}${zst}.${who}.${time}.${machine.random()}.loser` as RelPath;
  const { path, folders } = makePlace(machine, settings, "cloud", `${OURS}/conflicts/${name}` as RelPath);
  const { out, temp } = begin(machine, path);
  return ending(machine, out, temp, () => {
    copyInto(machine, from, out);
    out.setTimes(step.stamp.mtimeMs, step.stamp.mtimeMs);
    requireStamp(machine, settings, step.of, step.path, step.stamp);
    return { step, out, puts: [{ temp, path, over: undefined }], gone: [], folders };
  });
}

function prepareUnion(
  machine: Machine,
  settings: Settings,
  step: Extract<Step, { readonly do: "unite" }>,
  keeper: SnapshotKeeper | undefined,
): Ready {
  const at = {
    local: requireStamp(machine, settings, "local", step.path, step.local),
    cloud: requireStamp(machine, settings, "cloud", step.path, step.cloud),
  };
  const bytes = unite(
    step.kind,
    logOf(machine, settings, "local", step),
    logOf(machine, settings, "cloud", step),
  );
  const sides: readonly Side[] = step.on === "both" ? ["local", "cloud"] : [step.on];
  const nowMs = machine.now().getTime();
  const puts = sides.map((side) => {
    keeper?.keep(side, step.path);
    const { out, temp } = begin(machine, at[side].path);
    return ending(machine, out, temp, () => {
      out.write(bytes);
      out.setTimes(nowMs, nowMs);
      // The logs are small and few: each is synced at once.
      out.sync();
      out.close();
      return { temp, path: at[side].path, over: at[side] };
    });
  });
  return { step, out: undefined, puts, gone: [], folders: sides.map((side) => folderOf(at[side].path)) };
}

/** A new file beside the place of another, under a name that nobody takes for a rollout. */
function begin({ disk }: Machine, path: AbsPath): { readonly out: WriteFile; readonly temp: AbsPath } {
  const temp = joinPath(path, "..", `${TEMP}${sha256(path).slice(0, 16)}`);
  disk.remove(temp);
  return { out: disk.createFile(temp, 0o600), temp };
}

/** What `write` gives; the file is closed and gone when it throws. */
function ending<T>({ disk }: Machine, out: WriteFile, temp: AbsPath, write: () => T): T {
  try {
    return write();
  } catch (error) {
    out.close();
    disk.remove(temp);
    throw error;
  }
}

/** Where a file goes, with the folders on the way made. Throws `unsafe-path` for links. */
function makePlace(
  { disk }: Machine,
  settings: Settings,
  side: Side,
  path: RelPath,
): { readonly path: AbsPath; readonly folders: readonly AbsPath[] } {
  const root = rootOf(settings, side);
  const spot = spotOf({ disk, home: root }, path);
  const real = disk.realPath(root);
  const folders = spot.missing.flatMap((folder) => {
    const made = inHome(real, folder);
    disk.makeDir(made, 0o700);
    return [folderOf(made)];
  });
  for (const folder of folders) disk.syncDir(folder);
  return { path: spot.path, folders: [folderOf(spot.path)] };
}

function folderOf(path: AbsPath): AbsPath {
  return joinPath(path, "..");
}

function requireStamp(
  { disk }: Machine,
  settings: Settings,
  side: Side,
  path: RelPath,
  stamp: Fingerprint,
): Expected {
  const spot = spotOf({ disk, home: rootOf(settings, side) }, path);
  const now = disk.lstat(spot.path);
  if (now?.kind !== "file" || !isStill(now, stamp)) throw changed(spot.path);
  return { path: spot.path, stamp };
}

function isStill(now: Fingerprint | undefined, stamp: Fingerprint): boolean {
  return now !== undefined && now.size === stamp.size && now.mtimeMs === stamp.mtimeMs;
}

function changed(path: string): AppError {
  return new AppError("state-changed", `"${path}" changed since the plan was made`);
}
