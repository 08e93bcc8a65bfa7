/**
 * What a plan may reach. Plans and records are files, so somebody may have made or altered them, checksums and all;
 * whatever they say, only what codexkeep itself changes is changed.
 */
import { AppError } from "../core/error.ts";
import type { AbsPath, RelPath } from "../core/path.ts";
import { baseName } from "../core/path.ts";
import { type Change, isInDatabase } from "../core/plan.ts";
import { parseRolloutName } from "../codex/rollout_name.ts";
import { ROLLOUT_ROOTS } from "./rollouts.ts";

/** Files besides rollouts that some command changes. */
const CHANGED_FILES: ReadonlySet<string> = new Set(["config.toml"]);
/** Columns of the threads table that some repair changes. */
const CHANGED_COLUMNS: ReadonlySet<string> = new Set(["model_provider"]);

/** Throws `refused` for a change of a file or column that no command of codexkeep ever changes. */
export function requireKnownTargets(changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.kind === "drop") continue;
    if (!isInDatabase(change)) requireKnownFile(change.path);
    else {
      const unknown = Object.keys(change.cells).find((name) => !CHANGED_COLUMNS.has(name));
      if (unknown !== undefined) {
        throw new AppError("refused", `codexkeep does not change column "${unknown}" of threads`);
      }
    }
  }
}

function requireKnownFile(path: RelPath): void {
  const isRollout = ROLLOUT_ROOTS.some((root) => path.startsWith(`${root}/`)) &&
    parseRolloutName(baseName(path)) !== undefined;
  if (isRollout || CHANGED_FILES.has(path)) return;
  throw new AppError("refused", `codexkeep does not change "${path}"`);
}

/** Throws `refused` for rows of a database that the scan did not find. */
export function requireKnownDatabases(changes: readonly Change[], databases: readonly AbsPath[]): void {
  for (const change of changes) {
    if (change.kind === "row" && !databases.includes(change.database)) {
      throw new AppError("refused", `"${change.database}" is no state database of this home`, {
        hint: "name its folder with --sqlite-home",
      });
    }
  }
}
