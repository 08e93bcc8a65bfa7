/** Plans the change of `config.toml` that makes another provider the one in use. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath, type RelPath } from "../core/path.ts";
import type { EditChange } from "../core/plan.ts";
import { DEFAULT_PROVIDER } from "../codex/config.ts";
import { editRootKeys, requireUsable, type RootKeys } from "../codex/config_edit.ts";
import type { Disk } from "../system/disk.ts";
import { readConfigBytes } from "./home.ts";

const CONFIG = "config.toml" as RelPath;

/**
 * The change of `config.toml` that sets root `model_provider`, and root `model` where `model` is given; undefined when
 * both are so already. Throws `config-invalid` when the file is not TOML or Codex would not accept the result, and
 * `refused` when there is no file to edit.
 */
export function planConfig(
  disk: Disk,
  home: AbsPath,
  provider: string,
  model: string | undefined,
): EditChange | undefined {
  const bytes = readConfigBytes(disk, home);
  if (bytes === undefined) {
    if (provider === DEFAULT_PROVIDER && model === undefined) return undefined;
    throw new AppError("refused", `there is no config.toml in "${home}" to change`, {
      hint: `make one with the line: model_provider = ${JSON.stringify(provider)}`,
    });
  }
  const keys: RootKeys = model === undefined
    ? { model_provider: provider }
    : { model_provider: provider, model };
  const { splices, sets } = editRootKeys(bytes, keys);
  requireUsable(bytes, splices);
  if (splices.length === 0) return undefined;
  return {
    kind: "edit",
    path: CONFIG,
    thread: undefined,
    sets,
    size: bytes.length,
    mtimeMs: disk.stat(joinPath(home, CONFIG))?.mtimeMs,
    leaveMtimeMs: undefined,
    splices,
  };
}
