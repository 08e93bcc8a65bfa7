/** What is on both sides: which files take part, and which are left out and why. Nothing is opened. */
import { parseRolloutName } from "../codex/rollout_name.ts";
import { inHome, joinPath, parseRelPath, type RelPath } from "../core/path.ts";
import type { Machine } from "../system/machine.ts";
import { isConflictCopy, placeholderFor } from "./artefacts.ts";
import type { Item, ItemKind, LeftOutFile, Listing, Side } from "./model.ts";
import { isNever, mayTravel } from "./scope.ts";
import { keyOfPath } from "./selection.ts";
import type { Settings } from "./settings.ts";
import { rootOf } from "./snapshot_files.ts";

/** Folders in folders that are gone into; a home has five. */
const DEEPEST = 32;

/** A file as the machine that wrote it last left it in the folder. */
export interface Promised {
  readonly path: RelPath;
  readonly size: number;
}

/**
 * Lists both sides. Throws like the disk.
 *
 * @param promised what the machine that was here last left in the folder, by key: what is not there yet, or shorter,
 * takes no part, for the folder has not been carried over whole
 */
export function listSides(
  machine: Machine,
  settings: Settings,
  promised: ReadonlyMap<string, Promised>,
): Readonly<Record<Side, Listing>> {
  const cloud = listSide(machine, settings, "cloud");
  return { local: listSide(machine, settings, "local"), cloud: withoutArriving(cloud, promised) };
}

/** Lists one side. Throws like the disk. */
export function listSide(machine: Machine, settings: Settings, side: Side): Listing {
  const listing: Draft = { items: new Map(), leftOut: [], folded: new Map() };
  for (const name of settings.targets.includeRoots) {
    const root = parseRelPath(name);
    const kind = root && machine.disk.lstat(inHome(rootOf(settings, side), root))?.kind;
    if (root === undefined || kind === undefined) continue;
    if (kind === "directory") listFolder(machine, settings, side, root, listing, 0);
    else take(machine, settings, side, root, kind, listing);
  }
  return { items: listing.items, leftOut: listing.leftOut };
}

interface Draft {
  readonly items: Map<string, Item>;
  readonly leftOut: LeftOutFile[];
  /** Paths by what a system takes for the same. */
  readonly folded: Map<string, string>;
}

function listFolder(
  machine: Machine,
  settings: Settings,
  side: Side,
  folder: RelPath,
  listing: Draft,
  depth: number,
): void {
  for (const { name, kind } of machine.disk.list(inHome(rootOf(settings, side), folder)) ?? []) {
    const text = `${folder}/${name}`;
    if (name.startsWith(".codexkeep")) continue;
    const path = parseRelPath(text);
    if (path === undefined) listing.leftOut.push({ path: text, reason: "unsafe-name" });
    else if (kind !== "directory") take(machine, settings, side, path, kind, listing);
    else if (depth < DEEPEST && !isNever(`${path}/x`)) {
      listFolder(machine, settings, side, path, listing, depth + 1);
    }
  }
}

function take(
  { disk }: Machine,
  settings: Settings,
  side: Side,
  path: RelPath,
  kind: string,
  listing: Draft,
): void {
  const stands = placeholderFor(path);
  if (stands !== undefined) {
    listing.leftOut.push({ path, reason: "placeholder", key: keyOfPath(stands) });
    return;
  }
  if (isNever(path)) return;
  const leave = (reason: LeftOutFile["reason"]) => listing.leftOut.push({ path, reason });
  if (!mayTravel(path, settings)) return void leave("excluded");
  if (kind !== "file") return void leave("not-a-file");
  if (isConflictCopy(path)) return void leave("conflict-copy");
  const folded = path.normalize("NFC").toLowerCase();
  const twin = listing.folded.get(folded);
  if (twin !== undefined) return collide(listing, twin, path);
  const stat = disk.lstat(joinPath(rootOf(settings, side), path));
  if (stat === undefined) return;
  listing.folded.set(folded, path);
  add(listing, itemOf(path, stat.size, stat.mtimeMs));
}

/** The file at a path as an item. */
export function itemOf(path: RelPath, size: number, mtimeMs: number): Item {
  return {
    key: keyOfPath(path),
    kind: kindOfPath(path),
    path,
    archived: path.startsWith("archived_sessions/"),
    encoding: path.endsWith(".zst") ? "zstd" : "plain",
    stamp: { size, mtimeMs },
  };
}

function kindOfPath(path: string): ItemKind {
  if (path === "session_index.jsonl") return "index";
  if (path === "history.jsonl") return "history";
  const name = path.slice(path.lastIndexOf("/") + 1);
  const isRollout = /^(archived_)?sessions\//.test(path) && parseRolloutName(name) !== undefined;
  return isRollout ? "rollout" : "file";
}

/** Names that some systems take for one file: neither takes part. */
function collide(listing: Draft, twin: string, path: RelPath): void {
  const key = keyOfPath(twin);
  if (listing.items.get(key)?.path === twin) {
    listing.items.delete(key);
    listing.leftOut.push({ path: twin, reason: "case-collision" });
  }
  listing.leftOut.push({ path, reason: "case-collision" });
}

/** Of two copies of a rollout the plain, the longer, the newer one takes part. */
function add(listing: Draft, item: Item): void {
  const other = listing.items.get(item.key);
  if (other === undefined) {
    listing.items.set(item.key, item);
    return;
  }
  const better = isBetter(item, other) ? item : other;
  listing.items.set(item.key, better);
  listing.leftOut.push({ path: better === item ? other.path : item.path, reason: "duplicate-name" });
}

function isBetter(a: Item, b: Item): boolean {
  if (a.encoding !== b.encoding) return a.encoding === "plain";
  if (a.stamp.size !== b.stamp.size) return a.stamp.size > b.stamp.size;
  return a.stamp.mtimeMs > b.stamp.mtimeMs;
}

function withoutArriving({ items, leftOut }: Listing, promised: ReadonlyMap<string, Promised>): Listing {
  const arriving = [...promised].filter(([key, { size, path }]) => {
    const there = items.get(key);
    // Compressed or not, another machine may have changed it since: only what is shorter is on its way.
    return there === undefined || (there.path === path && there.stamp.size < size);
  });
  if (arriving.length === 0) return { items, leftOut };
  const out = new Set(arriving.map(([key]) => key));
  return {
    items: new Map([...items].filter(([key]) => !out.has(key))),
    leftOut: [
      ...leftOut,
      ...arriving.map(([key, { path }]) => ({ path, reason: "still-arriving" as const, key })),
    ],
  };
}
