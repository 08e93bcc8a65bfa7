/** Rows whose rollouts are not where Codex looks for them, and where else in the home they are. */
import { compareAge, fileIdOf, namePartsOf, rolloutName } from "../codex/places.ts";
import type { RelPath } from "../core/path.ts";
import type { Rollout, Thread } from "../core/snapshot.ts";
import type { Facts, FileEntry } from "./repair.ts";
import { leadOf } from "./row_path.ts";
import { beginningOf, filesByThread, type ThreadFile } from "./thread_files.ts";

/** What became of the files of a thread that has a row. */
export type Lost =
  /** They are gone. */
  | { readonly is: "missing" }
  /** The row leads to a file outside of the places of rollouts. */
  | { readonly is: "elsewhere" }
  /** They lie somewhere else in the home; one file for each segment, oldest first. */
  | { readonly is: "found"; readonly files: readonly ThreadFile[] }
  /** Several files could be the same one of them. */
  | { readonly is: "ambiguous"; readonly paths: readonly RelPath[] };

/** Folders that belong to codexkeep, to Codex's own machinery or to other tools: nothing is taken out of them. */
const CLOSED: ReadonlySet<string> = new Set([
  "backups_state",
  "recovery-backups",
  "db-backups",
  "rollout-migrations",
  "packages",
  "node_modules",
  "thread-writer-locks",
  "plugins",
  "skills",
  "worktrees",
]);
/** How deep folders are searched. */
const MAX_DEPTH = 8;
/** How many names are looked at outside of the folders of rollouts. */
const MAX_NAMES = 50_000;

const ROOTS: readonly string[] = ["sessions", "archived_sessions"];

const KNOWN = new WeakMap<Facts, ReadonlyMap<string, Lost>>();

/** Every thread that has a row and no usable or damaged rollout. Searches the home only when there is one. */
export function lostThreads(facts: Facts): ReadonlyMap<string, Lost> {
  const known = KNOWN.get(facts);
  if (known !== undefined) return known;
  const result = new Map<string, Lost>();
  const arranged = filesByThread(facts);
  for (const { id, row, rollouts } of facts.snapshot.threads.values()) {
    if (row === undefined || rollouts.length > 0 || arranged.has(id)) continue;
    const lead = leadOf(facts, row.rolloutPath, []);
    result.set(id, { is: lead.to === "elsewhere" ? "elsewhere" : "missing" });
  }
  const wanted = new Set([...result].filter(([, { is }]) => is === "missing").map(([id]) => id));
  if (wanted.size > 0) { for (const [id, lost] of search(facts, wanted)) result.set(id, lost); }
  KNOWN.set(facts, result);
  return result;
}

/** Looks for files with the ids of threads in their names, and in their first lines. */
function search(facts: Facts, wanted: ReadonlySet<string>): ReadonlyMap<string, Lost> {
  const inside = new Map<string, ThreadFile[]>();
  ROOTS.forEach((root) => walk(facts, root, wanted, inside, Infinity));
  const all = new Map(inside);
  // Where not everything was looked at, nothing is known to be the only one of its kind.
  const isWhole = walk(facts, "", wanted, all, MAX_NAMES);
  return new Map([...isWhole ? all : inside].map(([id, files]) => [id, judge(id, files)]));
}

/** Adds what it finds below a folder; false when that is more than `limit` names. */
function walk(
  facts: Facts,
  top: string,
  wanted: ReadonlySet<string>,
  found: Map<string, ThreadFile[]>,
  limit: number,
): boolean {
  let left = limit;
  const visit = (folder: string, depth: number): boolean =>
    facts.files.list(folder as RelPath).every((entry) => {
      if (left-- <= 0) return false;
      const path = (folder === "" ? entry.name : `${folder}/${entry.name}`) as RelPath;
      if (entry.kind === "directory") {
        return depth >= MAX_DEPTH || isClosed(entry.name) || ROOTS.includes(path) || visit(path, depth + 1);
      }
      const file = entry.kind === "file" ? recognise(facts, path, entry, wanted) : undefined;
      if (file !== undefined) found.set(file.id, [...found.get(file.id) ?? [], file]);
      return true;
    });
  return visit(top, 0);
}

function isClosed(name: string): boolean {
  return CLOSED.has(name) || name.startsWith(".");
}

function recognise(
  { contents }: Facts,
  path: RelPath,
  { name, size, mtimeMs }: FileEntry,
  wanted: ReadonlySet<string>,
): (ThreadFile & { readonly id: string }) | undefined {
  const parts = namePartsOf(name);
  if (parts === undefined || !wanted.has(parts.id)) return undefined;
  const { id, stamp, segment, encoding } = parts;
  const rollout: Rollout = {
    path,
    archived: false,
    encoding,
    nameId: id,
    segment,
    stamp: { size, mtimeMs },
    meta: undefined,
    recorded: undefined,
    damage: undefined,
  };
  const seen = beginningOf(contents, rollout)?.seen;
  if (seen?.meta.id !== id) return undefined;
  return { id, rollout: { ...rollout, ...seen }, stamp, segment, name: rolloutName(parts) };
}

function judge(id: string, files: readonly ThreadFile[]): Lost {
  const segments = Map.groupBy(files, ({ segment }) => fileIdOf({ segment, id }));
  const unclear = [...segments.values()].filter((group) => group.length > 1).flat();
  if (unclear.length > 0) return { is: "ambiguous", paths: unclear.map(({ rollout }) => rollout.path) };
  return { is: "found", files: files.toSorted(compareAge) };
}

/** Threads with a row whose files are nowhere in the home. */
export function missingThreads(facts: Facts): readonly Thread[] {
  const lost = lostThreads(facts);
  return [...facts.snapshot.threads.values()].filter(({ id }) => lost.get(id)?.is === "missing");
}
