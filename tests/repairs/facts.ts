/** Facts as values: threads whose files are texts in memory. */
import type { RelPath } from "../../lib/core/path.ts";
import type { Rollout, Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { countEncrypted } from "../../lib/repairs/provider.ts";
import type { Contents, Facts, Files } from "../../lib/repairs/repair.ts";
import { AppError } from "../../lib/core/error.ts";
import { memorySource } from "../../lib/text/source.ts";
import { snapshotOf } from "../codex_model/snapshots.ts";

/** A configuration that knows `old`, `new` and `other`, with `new` in use. */
export const CONFIG = 'model_provider = "new"\n' +
  ["old", "new", "other"].map((id) => `[model_providers.${id}]\nname = "${id}"\n`).join("");

/** Files by path; reading any other fails like a file that is gone. */
export function contentsOf(
  files: Readonly<Record<string, Uint8Array>>,
): Contents & { readonly read: string[] } {
  const read: string[] = [];
  return {
    read,
    with: (rollout: Rollout, use) => {
      read.push(rollout.path);
      const bytes = files[rollout.path];
      if (bytes === undefined) throw new AppError("failed", `cannot read "${rollout.path}"`);
      return use(memorySource(bytes));
    },
  };
}

/** The threads as a scan sees them: every file as long as it is. */
export function scanned(
  threads: readonly Thread[],
  files: Readonly<Record<string, Uint8Array>>,
): readonly Thread[] {
  const measured = (rollout: Rollout): Rollout => {
    // A compressed file is shorter than its content, which is all that is here.
    const size = rollout.encoding === "plain" ? files[rollout.path]?.length : undefined;
    return { ...rollout, stamp: { ...rollout.stamp, size: size ?? rollout.stamp.size } };
  };
  return threads.map((thread) => ({ ...thread, rollouts: thread.rollouts.map(measured) }));
}

/** The moment at which everything is looked at. */
export const NOW_MS = Date.UTC(2026, 5, 1);

/** A home that holds nothing but rollouts. */
export const NO_FILES: Files = {
  read: () => undefined,
  list: () => [],
  stat: () => undefined,
  hasFolder: () => true,
};

/** Facts about these threads, with the provider to bring them to. */
export function factsOf(
  threads: readonly Thread[],
  files: Readonly<Record<RelPath | string, Uint8Array>> = {},
  more: Partial<Snapshot> = {},
  target = "new",
): Facts {
  const snapshot = snapshotOf(threads, CONFIG, more);
  const contents = contentsOf(files);
  return {
    snapshot,
    contents,
    target: { id: target, source: "config.toml" },
    files: NO_FILES,
    tables: () => undefined,
    nowMs: NOW_MS,
    platform: "linux",
    originals: () => new Map(),
    encrypted: () => countEncrypted(snapshot.threads.values(), target, contents),
  };
}
