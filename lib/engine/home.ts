/** Which folder is the Codex home, and what its configuration files hold. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath, toAbsPath } from "../core/path.ts";
import type { ConfigView } from "../core/snapshot.ts";
import { type LayerFile, readConfig } from "../codex/config.ts";
import type { Disk, ReadFile } from "../system/disk.ts";
import type { Machine } from "../system/machine.ts";

/** Largest configuration file that is read; Codex's own are a few kilobytes. */
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/**
 * The home by `--codex-home`, else `CODEX_HOME`, else `~/.codex`. An empty variable counts as unset, as in Codex.
 * Throws `home-missing` or `home-not-a-directory`.
 */
export function resolveHome(machine: Machine, flag: string | undefined): AbsPath {
  const named = flag ?? (machine.env("CODEX_HOME") || undefined);
  const home = named === undefined
    ? defaultHome(machine)
    : toAbsPath(expandTilde(machine, named), machine.cwd());
  const stat = machine.disk.stat(home);
  if (stat === undefined) {
    throw new AppError("home-missing", `Codex home "${home}" does not exist`, {
      hint: named === undefined
        ? "nothing to repair yet: try `codexkeep demo`, or name the folder with --codex-home"
        : "check the path given with --codex-home or CODEX_HOME",
    });
  }
  if (stat.kind !== "directory") {
    throw new AppError("home-not-a-directory", `Codex home "${home}" is not a folder`, {
      hint: "check the path given with --codex-home or CODEX_HOME",
    });
  }
  return home;
}

function defaultHome(machine: Machine): AbsPath {
  if (machine.userHome === undefined) {
    throw new AppError("home-missing", "the user's home folder is not known", {
      hint: "name it with --codex-home",
    });
  }
  return joinPath(machine.userHome, ".codex");
}

/** `~` and `~/x` as Codex expands them; other text stays. */
export function expandTilde(machine: Machine, path: string): string {
  if (machine.userHome === undefined) return path;
  if (path === "~") return machine.userHome;
  return /^~[/\\]/.test(path) ? joinPath(machine.userHome, path.slice(2)) : path;
}

/** Bytes of `config.toml`; undefined when there is none. A linked file is read where it leads. */
export function readConfigBytes(disk: Disk, home: AbsPath): Uint8Array | undefined {
  const path = joinPath(home, "config.toml");
  return disk.stat(path) === undefined ? undefined : readWhole(disk, path);
}

/** `config.toml` and its `<name>.config.toml` layers, the way Codex reads them. */
export function readConfigOf(disk: Disk, home: AbsPath): ConfigView {
  const layers: LayerFile[] = [];
  for (const { name, kind } of disk.list(home) ?? []) {
    const layer = /^(.+)\.config\.toml$/.exec(name)?.[1];
    if (layer === undefined || kind !== "file") continue;
    layers.push({ name: layer, bytes: readWhole(disk, joinPath(home, name)) });
  }
  return readConfig(readConfigBytes(disk, home), layers);
}

function readWhole(disk: Disk, path: AbsPath): Uint8Array {
  const file = openConfig(disk, path);
  try {
    if (file.size > MAX_CONFIG_BYTES) {
      throw new AppError(
        "config-invalid",
        `"${path}" is too large for a configuration file: ${file.size} bytes`,
      );
    }
    return file.read(0, file.size).slice();
  } finally {
    file.close();
  }
}

/** Without its configuration nothing can be said of a home, so a file that cannot be read stops every command. */
function openConfig(disk: Disk, path: AbsPath): ReadFile {
  try {
    return disk.openRead(path, { follow: true });
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    throw new AppError("config-invalid", cause.message, { cause, hint: "Codex cannot read it either" });
  }
}
