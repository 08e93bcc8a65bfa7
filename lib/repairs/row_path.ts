/** Where the path in a thread's row leads. */
import { isSameFile } from "../codex/places.ts";
import { otherForms } from "../core/folder.ts";
import { type AbsPath, inHome, type RelPath } from "../core/path.ts";
import type { Rollout } from "../core/snapshot.ts";
import type { Facts } from "./repair.ts";

/** What a row's path leads to. */
export type Lead =
  /** One of the files given. */
  | { readonly to: "file"; readonly rollout: Rollout }
  /** One of them, as the other side of a machine with Windows and WSL would call it. */
  | { readonly to: "shared"; readonly rollout: Rollout }
  /** A file that is no rollout of this home. */
  | { readonly to: "elsewhere" }
  | { readonly to: "nowhere" };

/** Follows the path of a row, which may call the home by another name: a link, another spelling, the other system. */
export function leadOf(facts: Facts, path: string, files: readonly Rollout[]): Lead {
  const { home } = facts.snapshot;
  const find = (base: string, text: string) =>
    files.find((file) => isSameFile(text, inHome(base as AbsPath, file.path)));
  const named = find(home, path);
  if (named !== undefined) return { to: "file", rollout: named };
  const real = realFile(facts, path);
  if (real !== undefined) {
    const linked = find(facts.files.realPath?.(home) ?? home, real);
    return linked === undefined ? { to: "elsewhere" } : { to: "file", rollout: linked };
  }
  for (const form of otherForms(path)) {
    const shared = find(home, form);
    if (shared !== undefined) return { to: "shared", rollout: shared };
  }
  return { to: "nowhere" };
}

/** Codex takes the plain and the compressed name of a file for each other. */
function realFile({ files }: Facts, path: string): string | undefined {
  const twin = path.endsWith(".zst") ? path.slice(0, -".zst".length) : `${path}.zst`;
  return files.realPath?.(path) ?? files.realPath?.(twin);
}

const BASES = new WeakMap<Facts, AbsPath>();

/** What Codex would write into a row for a file: below the home by the name that the other rows use. */
export function rowPathOf(facts: Facts, path: RelPath): string {
  const base = BASES.get(facts) ?? baseOf(facts);
  BASES.set(facts, base);
  return inHome(base, path);
}

/** A home that is a link goes by its own name or by the one behind it, as it was given to Codex (seen in Codex 0.169). */
function baseOf({ snapshot: { home, threads }, files }: Facts): AbsPath {
  const real = files.realPath?.(home);
  if (real === undefined || real === home) return home;
  for (const { row } of threads.values()) {
    if (row?.rolloutPath.startsWith(home)) return home;
    if (row?.rolloutPath.startsWith(real)) return real as AbsPath;
  }
  return home;
}
