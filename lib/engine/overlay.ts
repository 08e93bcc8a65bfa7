/** Files as they will be after changes that are planned and not made yet. */
import { fromByteString } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import { baseName, parentOf, type RelPath } from "../core/path.ts";
import type { Change } from "../core/plan.ts";
import { applySplices, type Splice, splicedSize } from "../core/splice.ts";
import { splicedSource } from "../text/spliced.ts";
import type { Contents, FileEntry, Files } from "../repairs/repair.ts";

/** The home itself as a folder. */
export const HOME: RelPath = "" as RelPath;

/** What merged changes make of the names of a home. */
interface Overlay {
  /** Files that are moved, by their new names. */
  readonly origins: ReadonlyMap<string, RelPath>;
  /** Names under which nothing is left. */
  readonly gone: ReadonlySet<string>;
  /** Files that are made, by name. */
  readonly made: ReadonlyMap<string, Uint8Array>;
  /** Edits by the name before, and the sizes they give to files that are not compressed. */
  readonly splices: ReadonlyMap<string, readonly Splice[]>;
  readonly sizes: ReadonlyMap<string, number>;
}

function overlayOf(changes: readonly Change[]): Overlay {
  const origins = new Map<string, RelPath>();
  const gone = new Set<string>();
  const made = new Map<string, Uint8Array>();
  const splices = new Map<string, readonly Splice[]>();
  const sizes = new Map<string, number>();
  for (const change of changes) {
    if (change.kind === "edit" || change.kind === "recode") splices.set(change.path, change.splices);
    if (change.kind === "edit") sizes.set(change.path, splicedSize(change.size, change.splices));
    if (change.kind === "move") origins.set(change.to, change.path);
    if (change.kind === "move" || change.kind === "unmake") gone.add(change.path);
    if (change.kind === "make") made.set(change.path, fromByteString(change.content));
  }
  for (const name of [...origins.keys(), ...made.keys()]) gone.delete(name);
  return { origins, gone, made, splices, sizes };
}

/**
 * The contents of rollouts after `changes`, one merged list. A rollout is named by where it will be; it is read where
 * it is now, piece by piece, with the edits put in.
 */
export function overlayContents(contents: Contents, changes: readonly Change[]): Contents {
  const { origins, splices } = overlayOf(changes);
  return {
    with: (rollout, use) => {
      const path = origins.get(rollout.path) ?? rollout.path;
      const edits = splices.get(path) ?? [];
      const before = path === rollout.path ? rollout : { ...rollout, path };
      return contents.with(before, (content) => use(splicedSource(content, edits)));
    },
  };
}

/** The small files of a home after `changes`, one merged list. Times of files that are changed are those before. */
export function overlayFiles(files: Files, changes: readonly Change[], nowMs: number): Files {
  const overlay = overlayOf(changes);
  const { origins, gone, made, sizes } = overlay;
  const stat = (path: RelPath): FileEntry | undefined => {
    const bytes = made.get(path);
    if (bytes !== undefined) return { name: path, kind: "file", size: bytes.length, mtimeMs: nowMs };
    if (gone.has(path)) return undefined;
    const origin = origins.get(path) ?? path;
    const entry = files.stat(origin);
    return entry && { ...entry, name: path, size: sizes.get(origin) ?? entry.size };
  };
  return {
    ...files,
    stat,
    read: (path, limit) => {
      const bytes = made.get(path) ?? (gone.has(path) ? undefined : readEdited(files, overlay, path, limit));
      if (bytes === undefined || bytes.length <= limit) return bytes;
      throw new AppError("refused", `"${path}" is larger than ${limit} bytes`);
    },
    list: (folder) => {
      const below = (name: string) => (folder === HOME ? name : `${folder}/${name}`) as RelPath;
      const names = new Set(
        files.list(folder).map(({ name }) => name).filter((name) => !gone.has(below(name))),
      );
      for (const path of [...origins.keys(), ...made.keys()] as RelPath[]) {
        if ((parentOf(path) ?? HOME) === folder) names.add(baseName(path));
      }
      return [...names].sort().flatMap((name) => {
        const entry = stat(below(name));
        return entry === undefined ? [] : [{ ...entry, name }];
      });
    },
  };
}

function readEdited(
  files: Files,
  { origins, splices }: Overlay,
  path: RelPath,
  limit: number,
): Uint8Array | undefined {
  const origin = origins.get(path) ?? path;
  const bytes = files.read(origin, limit);
  const edits = splices.get(origin);
  return bytes === undefined || edits === undefined ? bytes : applySplices(bytes, edits);
}
