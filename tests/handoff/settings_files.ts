/** A folder with a home, a folder that travels and settings files in it. */
import type { AbsPath } from "../../lib/core/path.ts";
import { type Fault, type ReadSettings, readSettings } from "../../lib/handoff/read_settings.ts";
import type { Settings } from "../../lib/handoff/settings.ts";
import { type Machine, realMachine } from "../../lib/system/machine.ts";
import { at, inTempFolder } from "../system/fixture.ts";

/** The least that a file has to say. */
export const LEAST = '[identity]\nmachine_id = "a"\n[paths]\ncloud_root_dir = "cloud"\n';

/** What tests do with files. */
export interface Files {
  readonly folder: AbsPath;
  readonly home: AbsPath;
  readonly cloud: AbsPath;
  readonly machine: Machine;
  /** Reads a text as a file of this name. */
  readonly read: (text: string | Uint8Array, name?: string) => ReadSettings;
  /** The settings of a text. Throws with the faults where there are some. */
  readonly settings: (text: string, name?: string) => Settings;
  /** The faults of a text as `line key`. Throws where there are none. */
  readonly faults: (text: string | Uint8Array, name?: string) => readonly string[];
}

/** Runs a test in such a folder. */
export function withFiles(
  use: (files: Files) => void | Promise<void>,
  more: Partial<Machine> = {},
): Promise<void> {
  return Promise.resolve(inTempFolder(async (folder) => {
    const home = at(folder, "home");
    const cloud = at(folder, "cloud");
    Deno.mkdirSync(home);
    Deno.mkdirSync(cloud);
    const machine: Machine = { ...realMachine(), userHome: at(folder, "user"), ...more };
    const read = (text: string | Uint8Array, name = "handoff.toml") => {
      const file = at(folder, name);
      Deno.writeFileSync(file, typeof text === "string" ? new TextEncoder().encode(text) : text);
      return readSettings(machine, file, home);
    };
    await use({
      folder,
      home,
      cloud,
      machine,
      read,
      settings: (text, name) => {
        const found = read(text, name);
        if ("faults" in found) throw new Error(found.faults.map(({ message }) => message).join("; "));
        return found.settings;
      },
      faults: (text, name) => faultsOf(read(text, name)).map(({ line, key }) => `${line ?? "-"} ${key}`),
    });
  }));
}

/** The faults of what was read. Throws where there are none. */
export function faultsOf(found: ReadSettings): readonly Fault[] {
  if ("settings" in found) throw new Error("the file has no faults");
  return found.faults;
}
