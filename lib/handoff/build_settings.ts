/** From the values of a file, each of them right by itself, to settings: defaults filled in, paths found, places apart. */
import { basename, dirname } from "node:path";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Machine } from "../system/machine.ts";
import { keyNamed, KEYS } from "./keys.ts";
import {
  ARCHIVE_MODES,
  COMPARE_MODES,
  COMPRESSIONS,
  CONFIRMATION_MODES,
  DELETE_POLICIES,
  DIRECTIONS,
  EQUAL_MTIME_ACTIONS,
  LOG_FORMATS,
  LOG_LEVELS,
  POLICIES,
  SCOPES,
  SESSION_MODES,
  type Value,
} from "./settings_key.ts";
import { expandPath, type Ground, handoffDir, overlaps, type Place } from "./settings_paths.ts";
import type { PathMapping, Settings } from "./settings.ts";
import type { Wrong } from "./settings_values.ts";

/** Where a file stands and for what home. */
export interface Setting {
  /** The folder of the settings file. */
  readonly folder: AbsPath;
  readonly home: AbsPath;
  readonly mappings: readonly PathMapping[];
}

/** What is wrong with the value of a key, or with where it lies. */
export interface WrongKey extends Wrong {
  readonly key: string;
}

/** Builds; `values` holds what the file says, by key. */
export function buildSettings(
  machine: Machine,
  values: ReadonlyMap<string, Value>,
  setting: Setting,
): { readonly settings: Settings } | { readonly wrong: readonly WrongKey[] } {
  const wrong: WrongKey[] = [
    ...KEYS.filter(({ name, required }) => required && !values.has(name)).map(({ name, means }) => ({
      key: name,
      message: `"${name}" is missing`,
      hint: `set it: ${means}`,
    })),
  ];
  const paths = findPaths(machine, values, setting, (one) => wrong.push(one));
  if (paths !== undefined) wrong.push(...overlaps(machine, placesOf(paths, values)));
  return wrong.length > 0 || paths === undefined
    ? { wrong }
    : { settings: assemble(values, paths, setting.mappings) };
}

/** Every path of the settings, found. */
interface Paths {
  readonly workspaceRoot: AbsPath | undefined;
  readonly local: AbsPath;
  readonly cloud: AbsPath;
  readonly backup: AbsPath;
  readonly temp: AbsPath | undefined;
  readonly manifest: AbsPath;
  readonly log: AbsPath | undefined;
}

function findPaths(
  machine: Machine,
  values: ReadonlyMap<string, Value>,
  { folder, home }: Setting,
  fault: (wrong: WrongKey) => void,
): Paths | undefined {
  const find = (key: string, ground: Ground): AbsPath | undefined => {
    const text = values.get(key);
    if (typeof text !== "string") return undefined;
    const found = expandPath(text, ground);
    if ("path" in found) return found.path;
    fault({ key, message: `${key}: ${found.message}`, hint: found.hint });
    return undefined;
  };
  const workspaceRoot = find("paths.workspace_root_dir", { machine, folder, workspaceRoot: undefined });
  const ground = { machine, folder, workspaceRoot };
  const local = find("paths.local_state_dir", ground) ?? home;
  const cloud = find("paths.cloud_root_dir", ground);
  const backup = find("paths.backup_dir", ground) ?? joinPath(handoffDir(local), "snapshots");
  const temp = find("paths.temp_dir", ground);
  const manifest = find("state.manifest_file", ground) ?? joinPath(handoffDir(local), "base.jsonl");
  const log = find("logging.file", ground);
  return cloud === undefined ? undefined : { workspaceRoot, local, cloud, backup, temp, manifest, log };
}

function placesOf({ local, cloud, backup, temp, manifest, log }: Paths, values: ReadonlyMap<string, Value>) {
  const place = (key: string, path: AbsPath, what = key): Place => ({ key, path, what });
  return {
    // A home that no key names is at fault through the key that does name something.
    local: place(
      values.has("paths.local_state_dir") ? "paths.local_state_dir" : "paths.cloud_root_dir",
      local,
      "the Codex home",
    ),
    cloud: place("paths.cloud_root_dir", cloud, "the folder that travels"),
    backup: place("paths.backup_dir", backup, "the folder of snapshots"),
    own: Object.entries({
      "paths.backup_dir": backup,
      "paths.temp_dir": temp,
      "state.manifest_file": manifest,
      "logging.file": log,
    }).flatMap(([key, path]) => path === undefined || !values.has(key) ? [] : [place(key, path)]),
  };
}

/** Typed access to values and defaults. Throws `TypeError` for a key that is of another kind: a fault in the program. */
function makeReader(values: ReadonlyMap<string, Value>) {
  const valueOf = (name: string) => values.get(name) ?? keyNamed(name)?.fallback;
  const bad = (name: string) => new TypeError(`the key "${name}" has no such value`);
  return {
    text(name: string): string {
      const value = valueOf(name);
      if (typeof value !== "string") throw bad(name);
      return value;
    },
    integer(name: string): number {
      const value = valueOf(name);
      if (typeof value !== "number") throw bad(name);
      return value;
    },
    flag(name: string): boolean {
      const value = valueOf(name);
      if (typeof value !== "boolean") throw bad(name);
      return value;
    },
    texts(name: string): readonly string[] {
      const value = valueOf(name);
      if (typeof value !== "object") throw bad(name);
      return [...new Set(value)];
    },
    oneOf<T extends string>(name: string, choices: readonly T[]): T {
      const value = choices.find((one) => one === valueOf(name));
      if (value === undefined) throw bad(name);
      return value;
    },
  };
}

function assemble(
  values: ReadonlyMap<string, Value>,
  paths: Paths,
  mappings: readonly PathMapping[],
): Settings {
  const { text, integer, flag, texts, oneOf } = makeReader(values);
  const detection = "process_detection";
  const names = (os: string) => texts(`${detection}.background_process_names.${os}`);
  return {
    identity: { machineId: text("identity.machine_id") },
    paths: {
      workspaceRootDir: paths.workspaceRoot,
      localStateDir: paths.local,
      cloudRootDir: paths.cloud,
      backupDir: paths.backup,
      tempDir: paths.temp,
    },
    targets: {
      includeRoots: [...new Set(texts("targets.include_roots").map((root) => root.replace(/\/$/, "")))],
      config: flag("targets.config"),
    },
    filters: { excludeGlobs: texts("filters.exclude_globs") },
    sync: {
      mode: "cold",
      direction: oneOf("sync.direction", DIRECTIONS),
      compare: oneOf("sync.compare", COMPARE_MODES),
      timeToleranceSeconds: integer("sync.time_tolerance_seconds"),
      equalMtimeAction: oneOf("sync.equal_mtime_action", EQUAL_MTIME_ACTIONS),
      sessionMode: oneOf("sync.session_mode", SESSION_MODES),
      deletePolicy: oneOf("sync.delete_policy", DELETE_POLICIES),
      dryRunDefault: flag("sync.dry_run_default"),
      scope: oneOf("sync.scope", SCOPES),
      closeCodex: flag("sync.close_codex"),
    },
    conflict: {
      policy: oneOf("conflict.policy", POLICIES),
      reportConflicts: flag("conflict.report_conflicts"),
    },
    backup: {
      compression: oneOf("backup.compression", COMPRESSIONS),
      beforeOverwrite: flag("backup.backup_before_overwrite"),
      retentionDays: integer("backup.retention_days"),
      maxBackups: integer("backup.max_backups"),
    },
    safety: {
      requireCodexStopped: flag("safety.require_codex_stopped"),
      failOnUnknown: flag("safety.fail_on_unknown"),
      maxDeletePercent: integer("safety.max_delete_percent"),
      maxChangedPercent: integer("safety.max_changed_percent"),
      leaseMinutes: integer("safety.lease_minutes"),
    },
    processDetection: {
      processNames: texts(`${detection}.process_names`),
      backgroundProcessNames: { windows: names("windows"), macos: names("macos"), linux: names("linux") },
      manualTerminateConfirmation: flag(`${detection}.manual_terminate_confirmation`),
      terminateConfirmationMode: oneOf(`${detection}.terminate_confirmation_mode`, CONFIRMATION_MODES),
      allowTerminateIfRunning: flag(`${detection}.allow_terminate_if_running`),
      gracePeriodSeconds: integer(`${detection}.grace_period_seconds`),
      terminateTimeoutSeconds: integer(`${detection}.terminate_timeout_seconds`),
    },
    state: { manifestFile: paths.manifest, dataVersion: 1 },
    logging: {
      dir: paths.log === undefined ? undefined : dirname(paths.log) as AbsPath,
      stem: paths.log === undefined ? "codexkeep" : stemOf(paths.log),
      level: oneOf("logging.level", LOG_LEVELS),
      format: oneOf("logging.format", LOG_FORMATS),
      maxFileSizeMb: integer("logging.max_file_size_mb"),
      retentionDays: integer("logging.retention_days"),
      archiveMode: oneOf("logging.archive_mode", ARCHIVE_MODES),
    },
    pathMappings: mappings,
  };
}

/** The name of a log file without `.log`. */
function stemOf(path: AbsPath): string {
  const name = basename(path);
  return name.replace(/\.log$/i, "") || name;
}
