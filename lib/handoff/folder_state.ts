/**
 * What machines tell each other in the folder that travels, below `.codexkeep/`: which folder it is (marker), who is at
 * work in it (lease), who was there when and left what, and what was removed on purpose. Every machine writes files of
 * its own, so that no engine has two versions of one to choose from; only marker and lease are everybody's.
 */
import { type AbsPath, joinPath, parseRelPath } from "../core/path.ts";
import { AppError } from "../core/error.ts";
import type { Disk } from "../system/disk.ts";
import type { Machine } from "../system/machine.ts";
import type { Promised } from "./list.ts";
import type { Item, Tombstone } from "./model.ts";
import type { Settings } from "./settings.ts";
import { linesOf, replaceFile } from "./small_files.ts";

/** Folder of ours. */
export const OURS = ".codexkeep";
const SCHEMA = "codexkeep-handoff/1";
const LONGEST_LINE = 64 * 1024;
const MAX_SMALL_BYTES = 64 * 1024;

/** Which folder this is. */
export interface Marker {
  readonly id: string;
  readonly createdAt: string;
  readonly machine: string;
}

/** Who is at work in it. */
export interface Lease {
  readonly machine: string;
  readonly at: string;
  readonly expires: string;
}

/** Who was here when. */
export interface Visit {
  readonly machine: string;
  readonly at: string;
  readonly version: string;
  /** Files that were carried to the folder, and from it. */
  readonly toCloud: number;
  readonly toLocal: number;
}

/** A name of a machine that can be the name of a file. */
export function machineFile(machine: string): string {
  return machine.replaceAll(/[^A-Za-z0-9_-]/g, (one) => `%${(one.codePointAt(0) ?? 0).toString(16)}`).slice(
    0,
    120,
  );
}

/** The marker; undefined where there is none. Throws `failed` for one that cannot be read. */
export function readMarker({ disk }: Machine, cloudRoot: AbsPath): Marker | undefined {
  const value = readSmall(disk, joinPath(cloudRoot, OURS, "marker.json"));
  if (value === undefined) return undefined;
  const { schema, id, created_at: createdAt, machine } = value;
  if (schema !== SCHEMA || !isWord(id) || !isWord(createdAt) || !isWord(machine)) {
    throw new AppError("refused", `the marker of "${cloudRoot}" is damaged, or of a newer codexkeep`, {
      hint: `look at ${OURS}/marker.json in that folder`,
    });
  }
  return { id, createdAt, machine };
}

/** Makes the marker. Throws like the disk. */
export function makeMarker({ disk, now, random }: Machine, { identity, paths }: Settings): Marker {
  const marker = {
    id: `${random()}${random()}`,
    createdAt: now().toISOString(),
    machine: identity.machineId,
  };
  const text = { schema: SCHEMA, id: marker.id, created_at: marker.createdAt, machine: marker.machine };
  replaceFile(disk, paths.cloudRootDir, OURS, "marker.json", JSON.stringify(text) + "\n");
  return marker;
}

/** The lease of a machine that is at work, or was and did not give it back; undefined where none is valid. */
export function readLease({ disk, now }: Machine, cloudRoot: AbsPath): Lease | undefined {
  const value = readSmall(disk, joinPath(cloudRoot, OURS, "lease.json"));
  if (value === undefined) return undefined;
  const { machine, at, expires } = value;
  if (!isWord(machine) || !isWord(at) || !isWord(expires)) return undefined;
  return Date.parse(expires) > now().getTime() ? { machine, at, expires } : undefined;
}

/** Takes the lease; the result gives it back. */
export function takeLease({ disk, now }: Machine, { identity, paths, safety }: Settings): () => void {
  const at = now();
  const expires = new Date(at.getTime() + safety.leaseMinutes * 60_000).toISOString();
  const lease = { machine: identity.machineId, at: at.toISOString(), expires };
  replaceFile(disk, paths.cloudRootDir, OURS, "lease.json", JSON.stringify(lease) + "\n");
  return () => disk.remove(joinPath(paths.cloudRootDir, OURS, "lease.json"));
}

/** Who was here, the last one first. */
export function readVisits({ disk }: Machine, cloudRoot: AbsPath): readonly Visit[] {
  const folder = joinPath(cloudRoot, OURS, "machines");
  return (disk.list(folder) ?? []).flatMap(({ name, kind }) => {
    if (kind !== "file" || !name.endsWith(".json")) return [];
    const value = readSmall(disk, joinPath(folder, name)) ?? {};
    const { machine, at, version, to_cloud: toCloud, to_local: toLocal } = value;
    if (!isWord(machine) || !isWord(at) || !isWord(version)) return [];
    return [{ machine, at, version, toCloud: Number(toCloud) || 0, toLocal: Number(toLocal) || 0 }];
  }).sort((a, b) => a.at < b.at ? 1 : -1);
}

/** Says that this machine was here. */
export function noteVisit({ disk }: Machine, { paths }: Settings, visit: Visit): void {
  const { machine, at, version, toCloud, toLocal } = visit;
  const text = JSON.stringify({ machine, at, version, to_cloud: toCloud, to_local: toLocal }) + "\n";
  replaceFile(disk, paths.cloudRootDir, `${OURS}/machines`, `${machineFile(machine)}.json`, text);
}

/** What the machine that was here last left in the folder, by key; empty when that was this one. */
export function readPromised(
  { disk }: Machine,
  { identity, paths }: Settings,
): ReadonlyMap<string, Promised> {
  const folder = joinPath(paths.cloudRootDir, OURS, "listings");
  let last: { readonly at: string; readonly machine: string; readonly name: string } | undefined;
  for (const { name, kind } of disk.list(folder) ?? []) {
    if (kind !== "file" || !name.endsWith(".jsonl")) continue;
    const [head = ""] = firstLines(disk, joinPath(folder, name), 1);
    const { at, machine } = parse(head) ?? {};
    if (isWord(at) && isWord(machine) && (last === undefined || at > last.at)) last = { at, machine, name };
  }
  if (last === undefined || last.machine === identity.machineId) return new Map();
  const found = new Map<string, Promised>();
  for (const line of firstLines(disk, joinPath(folder, last.name), Infinity)) {
    const { key, path, size } = parse(line) ?? {};
    const safe = parseRelPath(path);
    if (isWord(key) && safe !== undefined && Number.isSafeInteger(size)) {
      found.set(key, { path: safe, size: size as number });
    }
  }
  return found;
}

/** Says what this machine leaves in the folder. */
export function writePromised(
  { disk, now }: Machine,
  { identity, paths }: Settings,
  items: Iterable<Item>,
): void {
  const head = { schema: SCHEMA, machine: identity.machineId, at: now().toISOString() };
  const lines = [...items].sort((a, b) => a.key < b.key ? -1 : 1).map(({ key, path, stamp }) =>
    JSON.stringify({ key, path, size: stamp.size })
  );
  const text = [JSON.stringify(head), ...lines].join("\n") + "\n";
  replaceFile(disk, paths.cloudRootDir, `${OURS}/listings`, `${machineFile(identity.machineId)}.jsonl`, text);
}

/** What was removed on purpose, the newest word of every key. */
export function readTombstones({ disk }: Machine, cloudRoot: AbsPath): ReadonlyMap<string, Tombstone> {
  const folder = joinPath(cloudRoot, OURS, "tombstones");
  const found = new Map<string, Tombstone>();
  for (const { name, kind } of disk.list(folder) ?? []) {
    if (kind !== "file" || !name.endsWith(".jsonl")) continue;
    for (const line of firstLines(disk, joinPath(folder, name), Infinity)) {
      const { key, sha256, machine, at } = parse(line) ?? {};
      if (!isWord(key) || !isWord(machine) || !isWord(at)) continue;
      const other = found.get(key);
      if (other === undefined || other.at < at) {
        found.set(key, { key, sha256: isWord(sha256) ? sha256 : undefined, machine, at });
      }
    }
  }
  return found;
}

/** Says that files are removed on purpose; what this machine said before stays. */
export function addTombstones(
  { disk }: Machine,
  { identity, paths }: Settings,
  stones: readonly Tombstone[],
): void {
  if (stones.length === 0) return;
  const folder = joinPath(paths.cloudRootDir, OURS, "tombstones");
  const name = `${machineFile(identity.machineId)}.jsonl`;
  const before = firstLines(disk, joinPath(folder, name), Infinity).filter((line) =>
    parse(line) !== undefined
  );
  const lines = stones.map(({ key, sha256, machine, at }) => JSON.stringify({ key, sha256, machine, at }));
  replaceFile(disk, paths.cloudRootDir, `${OURS}/tombstones`, name, [...before, ...lines].join("\n") + "\n");
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 4096;
}

function readSmall(disk: Disk, path: AbsPath): Record<string, unknown> | undefined {
  const stat = disk.lstat(path);
  if (stat === undefined) return undefined;
  if (stat.kind !== "file" || stat.size > MAX_SMALL_BYTES) return {};
  const file = disk.openRead(path);
  try {
    return parse(new TextDecoder().decode(file.read(0, file.size))) ?? {};
  } finally {
    file.close();
  }
}

function firstLines(disk: Disk, path: AbsPath, most: number): readonly string[] {
  if (disk.lstat(path)?.kind !== "file") return [];
  const file = disk.openRead(path);
  try {
    const lines: string[] = [];
    for (const line of linesOf(file, LONGEST_LINE)) {
      lines.push(line);
      if (lines.length >= most) break;
    }
    return lines;
  } finally {
    file.close();
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
