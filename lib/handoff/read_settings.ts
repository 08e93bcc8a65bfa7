/** Reads a settings file: every fault is named with its line and what to do, and what is right becomes {@link Settings}. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Machine } from "../system/machine.ts";
import { didYouMean } from "../text/suggest.ts";
import { buildSettings } from "./build_settings.ts";
import { FOREIGN_TABLES, keyNamed, KEYS } from "./keys.ts";
import { readMappings } from "./read_mappings.ts";
import { checkGlobs, checkIncludeRoots, checkMachineId, checkProcessNames } from "./settings_names.ts";
import type { Settings } from "./settings.ts";
import {
  type Fault,
  isTable,
  parseSettingsFile,
  type Path,
  type SettingsFile,
  valueAt,
} from "./settings_file.ts";
import type { Value } from "./settings_key.ts";
import { defaultSettingsFile } from "./settings_paths.ts";
import { checkValue, type Wrong } from "./settings_values.ts";

export type { Fault };

/** What became of a file. */
export type ReadSettings =
  | {
    readonly settings: Settings;
    /** What is there and has no effect, with what does the same. */
    readonly remarks: readonly Fault[];
  }
  | { readonly faults: readonly Fault[] };

/** Largest settings file that is read. */
const MAX_BYTES = 256 * 1024;

/** So many faults are named; a file with more is something else. */
const MAX_FAULTS = 100;

/** Checks that go beyond the kind of a value. */
const CHECKS: Readonly<Record<string, (value: Value) => Wrong | undefined>> = {
  "identity.machine_id": checkMachineId,
  "targets.include_roots": checkIncludeRoots,
  "filters.exclude_globs": checkGlobs,
  "process_detection.process_names": checkProcessNames,
  "process_detection.background_process_names.windows": checkProcessNames,
  "process_detection.background_process_names.macos": checkProcessNames,
  "process_detection.background_process_names.linux": checkProcessNames,
};

/**
 * Reads a settings file for the Codex home `home`. A name that ends in `.json` or `.jsonc` is JSON with comments, any
 * other TOML. Throws only what the disk says of a file that cannot be read.
 */
export function readSettings(machine: Machine, file: AbsPath, home: AbsPath): ReadSettings {
  const bytes = readBytes(machine, file);
  if (!(bytes instanceof Uint8Array)) return { faults: [bytes] };
  const parsed = parseSettingsFile(bytes, /\.jsonc?$/i.test(file));
  if (!("data" in parsed)) return { faults: [parsed] };
  const faults: Fault[] = [];
  const remarks: Fault[] = [];
  const values = readValues(parsed, (fault) => faults.push(fault));
  const isFull = () => faults.length > MAX_FAULTS;
  findUnknown(parsed, [], (fault) => faults.push(fault), (remark) => remarks.push(remark), isFull);
  const own = values.get("identity.machine_id");
  const mappings = readMappings(parsed, own as string | undefined, (fault) => faults.push(fault));
  const built = buildSettings(machine, values, { folder: joinPath(file, ".."), home, mappings });
  if (!("settings" in built)) {
    for (const { key, message, hint } of built.wrong) {
      // What a key lacks because its value was wrong has been said.
      if (faults.some((fault) => fault.key === key)) continue;
      faults.push({ line: parsed.lineOf(key.split(".")), key, message, hint });
    }
  }
  if (faults.length > 0 || !("settings" in built)) return { faults: inOrder(faults) };
  return { settings: built.settings, remarks };
}

/**
 * The settings of a file, or of the home's own where `file` is undefined. Throws `config-invalid` with the first fault
 * and how many more there are.
 */
export function loadSettings(machine: Machine, file: AbsPath | undefined, home: AbsPath): Settings {
  const path = file ?? defaultSettingsFile(home);
  const read = readSettings(machine, path, home);
  if ("settings" in read) return read.settings;
  const [first, ...more] = read.faults;
  const place = first?.line === undefined ? "" : `, line ${first.line}`;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  const isAbsent = machine.disk.stat(path) === undefined;
  throw new AppError("config-invalid", `settings "${path}"${place}: ${first?.message}${others}`, {
    hint: isAbsent || more.length === 0 && first?.hint !== undefined
      ? first?.hint ?? ""
      : `codexkeep handoff validate -c ${JSON.stringify(path)}`,
  });
}

function readBytes({ disk }: Machine, file: AbsPath): Uint8Array | Fault {
  const fault = (message: string, hint?: string) => ({ line: undefined, key: "", message, hint });
  const stat = disk.stat(file);
  if (stat === undefined) return fault("there is no such file", "codexkeep handoff init-config");
  if (stat.kind !== "file") return fault("it is no file", "name a file with -c");
  if (stat.size > MAX_BYTES) {
    return fault(`it is too large for a settings file: ${stat.size} bytes`, "name another file with -c");
  }
  const open = disk.openRead(file, { follow: true });
  try {
    return open.read(0, open.size).slice();
  } finally {
    open.close();
  }
}

function readValues(file: SettingsFile, fault: (fault: Fault) => void): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>();
  for (const key of KEYS) {
    const path = key.name.split(".");
    const raw = valueAt(file.data, path);
    if (raw === undefined) continue;
    const checked = checkValue(key, raw);
    const wrong = "message" in checked ? checked : CHECKS[key.name]?.(checked.value);
    if (wrong !== undefined) fault({ line: file.lineOf(path), key: key.name, ...wrong });
    else if ("value" in checked) values.set(key.name, checked.value);
  }
  for (const path of file.twice) {
    const name = path.join(".");
    fault({
      line: file.lineOf(path),
      key: name,
      message: `"${name}" is there twice`,
      hint: "leave one of them out",
    });
  }
  return values;
}

/** Walks the file for what no key is called. */
function findUnknown(
  file: SettingsFile,
  path: readonly string[],
  fault: (fault: Fault) => void,
  remark: (fault: Fault) => void,
  isFull: () => boolean,
): void {
  const table = path.length === 0 ? file.data : valueAt(file.data, path);
  if (!isTable(table)) return;
  for (const [name, value] of Object.entries(table)) {
    const own = [...path, name];
    const key = own.join(".");
    if (isFull()) return;
    if (key === "path_mappings" || (keyNamed(key) !== undefined && !name.includes("."))) continue;
    const instead = path.length === 0 ? FOREIGN_TABLES.get(name) : undefined;
    if (instead !== undefined) {
      remark({ line: file.lineOf(own), key, message: `[${name}] has no effect here`, hint: instead });
    } else if (!isSection(key) || name.includes(".")) fault(unknown(file, own));
    else if (isTable(value)) findUnknown(file, own, fault, remark, isFull);
    else fault({ line: file.lineOf(own), key, message: `"${key}" must be a table`, hint: `write [${key}]` });
  }
}

function isSection(name: string): boolean {
  return KEYS.some((key) => key.name.startsWith(`${name}.`));
}

/** The key or table that was probably meant: of the same table first, then the same name in any. */
function unknown(file: SettingsFile, path: Path): Fault {
  const key = path.join(".");
  const name = String(path.at(-1));
  const prefix = path.length === 1 ? "" : `${path.slice(0, -1).join(".")}.`;
  const siblings = [...KEYS.map((one) => one.name), "path_mappings"].flatMap((one) =>
    one.startsWith(prefix) ? one.slice(prefix.length).split(".")[0] ?? [] : []
  );
  const elsewhere = KEYS.find((one) => one.name.endsWith(`.${name}`));
  const hint = didYouMean(name, [...new Set(siblings)], prefix) ??
    (elsewhere === undefined ? undefined : `did you mean "${elsewhere.name}"?`);
  return { line: file.lineOf(path), key, message: `there is no key "${key}"`, hint };
}

function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const sorted = faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (sorted.length <= MAX_FAULTS) return sorted;
  const more = {
    line: undefined,
    key: "",
    message: "and more",
    hint: "codexkeep handoff init-config writes a new file",
  };
  return [...sorted.slice(0, MAX_FAULTS), more];
}
