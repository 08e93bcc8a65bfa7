/** What the folders of other machines are called here. */
import { AppError } from "../core/error.ts";
import { isFolderWithin, isSameFolder, movedFolder, requireMoves } from "../core/folder.ts";
import type { Extract } from "../codex/extract.ts";
import type { Facts, FolderMap } from "../repairs/repair.ts";
import type { PathMapping } from "./settings.ts";

/** What folders are mapped by. */
export interface FolderSource {
  readonly facts: Facts;
  readonly machine: string;
  readonly mappings: readonly PathMapping[];
  readonly previous: Extract | undefined;
  readonly others: readonly Extract[];
}

/** The mappings of the settings as an extract tells them to other machines. */
export function toldMaps(mappings: readonly PathMapping[]): Extract["maps"] {
  return mappings.map(({ from, to, machine }) =>
    machine === undefined ? { from, to } : { from, to, machine }
  );
}

/**
 * How folders of the machines in `from` are called here: as the settings say, else the way back of what those machines
 * map themselves.
 */
export function mapsFrom(
  { facts, machine, mappings }: FolderSource,
  from: readonly Extract[],
): readonly FolderMap[] {
  const maps: FolderMap[] = [];
  const add = (map: FolderMap) => {
    if (map.from === map.to || !isWhole(map)) return;
    if (!maps.some((known) => known.from === map.from || isSame(known, map))) maps.push(map);
  };
  for (const { from: folder, to, machine: only, caseSensitive } of mappings) {
    if (only !== undefined && !from.some((one) => one.machine === only)) continue;
    add(caseSensitive === undefined ? { from: folder, to } : { from: folder, to, caseSensitive });
  }
  for (const { machine: other, maps: told } of from) {
    if (other === machine) continue;
    for (const map of told) {
      if (map.machine === undefined || map.machine === machine) {
        add({ from: map.to, to: asHere(facts, map.from) });
      }
    }
  }
  return maps;
}

const SPELLINGS = new WeakMap<Facts, ReadonlySet<string>>();

/** A folder as the threads of this machine write it: readers of Codex compare folders letter by letter. */
function asHere(facts: Facts, folder: string): string {
  const known = SPELLINGS.get(facts) ??
    new Set([...facts.snapshot.threads.values()].flatMap(({ row }) => row === undefined ? [] : [row.cwd]));
  SPELLINGS.set(facts, known);
  if (known.has(folder)) return folder;
  return [...known].find((spelling) => isSameFolder(spelling, folder)) ?? folder;
}

function isSame(a: FolderMap, b: FolderMap): boolean {
  return isFolderWithin(a.from, b.from) && isFolderWithin(b.from, a.from);
}

/** Extracts are the work of others: what is no whole folder maps nothing. */
function isWhole(map: FolderMap): boolean {
  try {
    requireMoves([map]);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/** The folders that one thread has elsewhere, as they are called here. Of a thread of this machine its own stays. */
export function mapsOfThread(source: FolderSource, id: string): readonly FolderMap[] {
  const { facts, machine, previous, others } = source;
  const from = others.filter((other) => other.machine !== machine && other.threads.has(id));
  if (from.length === 0) return [];
  const all = mapsFrom(source, from);
  const own = facts.snapshot.threads.get(id)?.row?.cwd;
  const known = previous?.threads.get(id);
  const origin = known?.origin ?? from.find((one) => one.threads.get(id)?.origin === one.machine)?.machine;
  const isOwn = own !== undefined && (origin ?? machine) === machine;
  const maps = isOwn ? all.filter((map) => !isFolderWithin(own, map.from)) : [...all];
  if (own === undefined || known === undefined || movedFolder(own, maps) !== undefined) return maps;
  // A folder that is not here, of a thread that has one here: it stays in its own.
  for (const { threads } of from) {
    const there = String(threads.get(id)?.row["cwd"] ?? "");
    const map = { from: there, to: own };
    if (there === own || !isWhole(map) || movedFolder(there, maps) !== undefined) continue;
    if (maps.some(({ from, to }) => from === there || to === there)) continue;
    if (!facts.files.hasFolder(there) && !isFolderWithin(own, there)) maps.push(map);
  }
  return maps;
}

/** The threads among `ids` that have folders of other names elsewhere, by what their folders are called here. */
export function groupsByMaps(
  source: FolderSource,
  ids: Iterable<string>,
): readonly { readonly maps: readonly FolderMap[]; readonly ids: ReadonlySet<string> }[] {
  const groups = new Map<string, { maps: readonly FolderMap[]; ids: Set<string> }>();
  for (const id of ids) {
    const maps = mapsOfThread(source, id);
    if (maps.length === 0) continue;
    const key = JSON.stringify(maps);
    const group = groups.get(key) ?? { maps, ids: new Set() };
    group.ids.add(id);
    groups.set(key, group);
  }
  return [...groups.values()];
}
