/** A hand-over from end to end: looked at, carried out, entered in the database, and told to the other machines. */
import { AppError } from "../core/error.ts";
import type { RelPath } from "../core/path.ts";
import { type ApplyOptions } from "../engine/apply.ts";
import { requireNonePending, withLock } from "../engine/run_lock.ts";
import { anchor } from "../system/anchor.ts";
import type { Machine } from "../system/machine.ts";
import { type Arrival, arrivalRequest, arrive } from "./arrival.ts";
import { type Base, baseText, readBase } from "./base.ts";
import { planHandoff } from "./compare.ts";
import {
  addTombstones,
  type Lease,
  makeMarker,
  type Marker,
  noteVisit,
  readLease,
  readMarker,
  readPromised,
  readTombstones,
  takeLease,
  writePromised,
} from "./folder_state.ts";
import { listSides } from "./list.ts";
import { fileSha256, looksAt } from "./looks.ts";
import type { BaseEntry, BaseSide, HandoffPlan, Item, Side, Situation, Step, Tombstone } from "./model.ts";
import type { Settings } from "./settings.ts";
import { replaceFile } from "./small_files.ts";
import { snapshotKeeper } from "./snapshot_keeper.ts";
import { tidySnapshots } from "./snapshots.ts";
import { transfer, type Transferred } from "./transfer.ts";

/** What a look at both sides says. */
export interface HandoffLook {
  readonly plan: HandoffPlan;
  readonly situation: Situation;
  readonly base: Base;
  readonly marker: Marker | undefined;
  /** Of another machine, and valid. */
  readonly lease: Lease | undefined;
}

/** A conflict that is to be settled, and the side that stays. */
export interface Decision {
  readonly key: string;
  readonly keep: Side;
}

/** How a hand-over is made. */
export interface HandoffOptions extends ApplyOptions {
  readonly sqliteHome: string | undefined;
  readonly ignoreLease: boolean;
  /** Only this file, settled in this way. */
  readonly decision?: Decision;
  /** Throws `codex-running` when Codex is not closed (any more). */
  readonly requireClosed: () => Promise<void>;
}

/** What came of it. */
export interface HandoffDone {
  readonly look: HandoffLook;
  /** Undefined when the plan was halted. */
  readonly transferred: Transferred | undefined;
  readonly arrival: Arrival | undefined;
  /** Name of the snapshot of what was replaced. */
  readonly snapshot: string | undefined;
}

/** Looks at both sides. Reads only. Throws `refused` when the folder is not there, and like the disk. */
export function lookAtHandoff(machine: Machine, settings: Settings, decision?: Decision): HandoffLook {
  requireFolder(machine, settings);
  const { cloudRootDir } = settings.paths;
  const marker = readMarker(machine, cloudRootDir);
  const base = readBase(machine, settings);
  const sides = listSides(machine, settings, readPromised(machine, settings));
  const whole: Situation = {
    ...sides,
    base: base.entries,
    tombstones: readTombstones(machine, cloudRootDir),
    marker: { folder: marker?.id, base: base.folder },
    looks: looksAt(machine, settings),
    nowMs: machine.now().getTime(),
  };
  const situation = decision === undefined ? whole : narrowed(whole, decision);
  const lease = readLease(machine, cloudRootDir);
  const isOther = lease !== undefined && lease.machine !== settings.identity.machineId;
  return {
    plan: planHandoff(settings, situation),
    situation,
    base,
    marker,
    lease: isOther ? lease : undefined,
  };
}

function requireFolder({ disk }: Machine, { paths }: Settings): void {
  for (
    const [name, path] of [["cloud_root_dir", paths.cloudRootDir], [
      "local_state_dir",
      paths.localStateDir,
    ]] as const
  ) {
    const kind = disk.stat(path)?.kind;
    if (kind === "directory") continue;
    throw new AppError("refused", `"${path}" is ${kind === undefined ? "not there" : "no folder"}`, {
      hint: `look whether it is mounted, or correct paths.${name} in the settings`,
    });
  }
}

/** One key alone, so that other conflicts are not in the way. */
function narrowed(situation: Situation, { key, keep }: Decision): Situation {
  const only = <T>(map: ReadonlyMap<string, T>) => new Map([...map].filter(([one]) => one === key));
  const { local, cloud } = situation;
  return {
    ...situation,
    local: { ...local, items: only(local.items) },
    cloud: { ...cloud, items: only(cloud.items) },
    base: only(situation.base),
    decisions: new Map([[key, keep]]),
  };
}

/**
 * Makes a hand-over. Takes the lock of the home for the files, and again for the database; a run that is cut off in
 * between is finished by the next. Throws `locked`, `refused` for the lease of another machine, `recovery-pending`, and
 * like the disk.
 */
export async function runHandoff(
  machine: Machine,
  settings: Settings,
  options: HandoffOptions,
): Promise<HandoffDone> {
  await options.requireClosed();
  const { disk } = machine;
  const { localStateDir } = settings.paths;
  const carried = await withLock(disk, localStateDir, options.waitMs, async () => {
    requireNonePending(disk, localStateDir);
    return await carryFiles(machine, settings, options);
  });
  const { look, transferred } = carried;
  if (transferred === undefined) return { ...carried, arrival: undefined };
  const changedKeys = new Set(transferred.done.filter(isLocal).map(({ key }) => key));
  const request = arrivalRequest(settings, {
    sqliteHome: options.sqliteHome,
    tombstones: readTombstones(machine, settings.paths.cloudRootDir),
    changedKeys,
  });
  const arrival = await arrive(machine, request, options);
  const count = (side: Side) => transferred.done.filter((step) => sidesOf(step).includes(side)).length;
  noteVisit(machine, settings, {
    machine: settings.identity.machineId,
    at: machine.now().toISOString(),
    version: options.version,
    toCloud: count("cloud"),
    toLocal: count("local"),
  });
  tidySnapshots(machine, settings, machine.now());
  return { look, transferred, snapshot: carried.snapshot, arrival };
}

async function carryFiles(
  machine: Machine,
  settings: Settings,
  options: HandoffOptions,
): Promise<Pick<HandoffDone, "look" | "transferred" | "snapshot">> {
  const look = lookAtHandoff(machine, settings, options.decision);
  if (look.plan.halt !== undefined) return { look, transferred: undefined, snapshot: undefined };
  requireNoLease(look, options);
  const releases = [anchor(settings.paths.cloudRootDir)];
  try {
    const marker = look.marker ?? makeMarker(machine, settings);
    releases.push(takeLease(machine, settings));
    await options.requireClosed();
    const stones = tombstonesFor(machine, settings, look);
    addTombstones(machine, settings, stones);
    const keeper = settings.backup.beforeOverwrite
      ? snapshotKeeper(machine, settings, machine.now())
      : undefined;
    let snapshot: string | undefined;
    let transferred: Transferred;
    try {
      transferred = await transfer(machine, settings, look.situation, look.plan, {
        keeper,
        signal: options.signal,
        onProgress: (done, total) => options.onProgress("carrying files", done, total),
      });
    } finally {
      snapshot = await keeper?.close();
    }
    remember(machine, settings, look, transferred, marker);
    return { look, transferred, snapshot };
  } finally {
    for (const release of releases.reverse()) release();
  }
}

function requireNoLease({ lease }: HandoffLook, { ignoreLease }: HandoffOptions): void {
  if (lease === undefined || ignoreLease) return;
  throw new AppError("refused", `machine "${lease.machine}" is at work in the folder since ${lease.at}`, {
    hint: `wait until it has finished, at most until ${lease.expires}; --ignore-lease if it never will`,
  });
}

/** What is removed from the folder is said before it goes. */
function tombstonesFor(machine: Machine, settings: Settings, { plan, situation }: HandoffLook): Tombstone[] {
  const at = machine.now().toISOString();
  return plan.steps.flatMap((step): Tombstone[] => {
    if (step.do !== "remove" || step.on !== "cloud") return [];
    const item = situation.cloud.items.get(step.key);
    if (item === undefined) return [];
    const { looks } = situation;
    const sha256 = item.kind === "rollout" ? looks.content("cloud", item) : looks.sha256("cloud", item);
    return [{ key: step.key, sha256, machine: settings.identity.machineId, at }];
  });
}

/** Writes what is the same on both sides now, and what this machine leaves in the folder. */
function remember(
  machine: Machine,
  settings: Settings,
  look: HandoffLook,
  { done, failed }: Transferred,
  marker: Marker,
): void {
  const { base, plan, situation } = look;
  const sides = listSides(machine, settings, new Map());
  const anew = new Set([...done.map(({ key }) => key), ...plan.agreed]);
  const stays = new Set([...failed.keys(), ...plan.partial]);
  const entries = new Map<string, BaseEntry>();
  const keys = new Set([...base.entries.keys(), ...anew]);
  for (const key of keys) {
    const local = sides.local.items.get(key);
    const cloud = sides.cloud.items.get(key);
    const known = base.entries.get(key);
    if (anew.has(key) && !stays.has(key) && local !== undefined && cloud !== undefined) {
      entries.set(key, entryOf(machine, settings, local, cloud, situation.tombstones.get(key)));
    } else if (known !== undefined && (local !== undefined || cloud !== undefined || stays.has(key))) {
      entries.set(key, known);
    }
  }
  const text = baseText({ folder: marker.id, entries });
  const file = settings.state.manifestFile;
  const cut = Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\"));
  replaceFile(machine.disk, file.slice(0, cut) as typeof file, ".", file.slice(cut + 1), text);
  if (done.some((step) => sidesOf(step).includes("cloud"))) {
    writePromised(machine, settings, sides.cloud.items.values());
  }
}

function entryOf(
  machine: Machine,
  settings: Settings,
  local: Item,
  cloud: Item,
  stone: Tombstone | undefined,
): BaseEntry {
  const side = (name: Side, { path, archived, stamp }: Item): BaseSide => {
    return { path, archived, stamp, sha256: fileSha256(machine, settings, name, { path }) };
  };
  const entry = {
    key: local.key,
    kind: local.kind,
    local: side("local", local),
    cloud: side("cloud", cloud),
  };
  return stone === undefined ? entry : { ...entry, tombstone: stone.at };
}

/** The sides that a step writes to. */
export function sidesOf(step: Step): readonly Side[] {
  switch (step.do) {
    case "copy":
    case "extend":
      return [step.to];
    case "keep-loser":
      return ["cloud"];
    case "unite":
      return step.on === "both" ? ["local", "cloud"] : [step.on];
    case "move":
    case "remove":
      return [step.on];
  }
}

function isLocal(step: Step): boolean {
  return sidesOf(step).includes("local");
}

/** The path that a step is about, for people. */
export function pathOf(step: Step): RelPath {
  return step.path;
}
