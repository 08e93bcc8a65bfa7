/** What repairs look at once others before them have been planned. */
import type { Change } from "../core/plan.ts";
import type { ConfigView, Rollout } from "../core/snapshot.ts";
import { type LayerFile, readConfig } from "../codex/config.ts";
import { project, withRollouts } from "../codex/project.ts";
import { chooseTarget } from "../codex/target.ts";
import type { Facts, Files, Target } from "../repairs/repair.ts";
import { HOME, overlayContents, overlayFiles } from "./overlay.ts";
import type { RelPath } from "../core/path.ts";

/** Largest configuration file that is read; Codex's own are a few kilobytes. */
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;
const CONFIG_NAME = /^(?:(.+)\.)?config\.toml$/;

/**
 * The facts as they will be after `changes`, one merged list: snapshot, contents and small files. Tables stay as they
 * are on the disk, so of a row only what the snapshot shows of it is ahead. `found`: files that a scan did not take for
 * part of a thread and will, by their names before the changes.
 */
export function factsAfter(
  facts: Facts,
  changes: readonly Change[],
  found: readonly Rollout[] = [],
): Facts {
  if (changes.length === 0) return facts;
  const files = overlayFiles(facts.files, changes, facts.nowMs);
  const ahead = project(withRollouts(facts.snapshot, found), changes);
  const configured = changes.some((change) => "path" in change && CONFIG_NAME.test(change.path));
  const snapshot = configured ? { ...ahead, config: configIn(files) } : ahead;
  return {
    ...facts,
    snapshot,
    contents: overlayContents(facts.contents, changes),
    files,
    target: configured ? targetAfter(facts, snapshot) : facts.target,
  };
}

function configIn(files: Files): ConfigView {
  const layers = files.list(HOME).flatMap(({ name, kind }): LayerFile[] => {
    const layer = CONFIG_NAME.exec(name)?.[1];
    const bytes = layer !== undefined && kind === "file"
      ? files.read(name as RelPath, MAX_CONFIG_BYTES)
      : undefined;
    return layer === undefined || bytes === undefined ? [] : [{ name: layer, bytes }];
  });
  return readConfig(files.read("config.toml" as RelPath, MAX_CONFIG_BYTES), layers);
}

/** A provider that was taken from the configuration is taken from it again. */
function targetAfter({ snapshot, target }: Facts, after: Facts["snapshot"]): Target {
  const chosen = chooseTarget(snapshot, undefined);
  return chosen.id === target.id && chosen.source === target.source ? chooseTarget(after, undefined) : target;
}
