/**
 * Every key of a settings file, as data: its kind, default, bounds and meaning. Reading, the template and the README's
 * reference all come from this table, so a key that is not described here does not exist.
 */
import {
  ARCHIVE_MODES,
  choice,
  COMPARE_MODES,
  COMPRESSIONS,
  CONFIRMATION_MODES,
  DELETE_POLICIES,
  DIRECTIONS,
  EQUAL_MTIME_ACTIONS,
  flag,
  integer,
  kept,
  LOG_FORMATS,
  LOG_LEVELS,
  path,
  POLICIES,
  SCOPES,
  SESSION_MODES,
  type SettingsKey,
  text,
  texts,
} from "./settings_key.ts";

/** The largest number of days, ten years, and of seconds, a day, that make sense in a file of settings. */
const MAX_DAYS = 3650;
const MAX_SECONDS = 86_400;

/** Files that are never worth carrying: locks, what is half written, caches, logs, what Codex installs by itself. */
const EXCLUDED: readonly string[] = [
  "**/*.lock",
  "**/*.tmp",
  "**/*.temp",
  "**/tmp/**",
  "**/cache/**",
  "**/.cache/**",
  "**/__pycache__/**",
  "**/*.log",
  "skills/.system/**",
  "plugins/**/codex",
  "plugins/**/codex.exe",
];

/** All keys, in the order of the template. */
export const KEYS: readonly SettingsKey[] = [
  {
    ...text("identity.machine_id", "S1.17", "name of this machine, another one on each; it stays for good"),
    required: true,
  },
  path(
    "paths.workspace_root_dir",
    "S1.17",
    "folder that other paths may begin with, as ${workspace_root}",
    "none",
  ),
  path("paths.local_state_dir", "S1.17", "the Codex home", "--codex-home, CODEX_HOME, or ~/.codex"),
  {
    ...path(
      "paths.cloud_root_dir",
      "S1.17",
      "the folder that a cloud client, Syncthing or a network share keeps in step; it has to exist",
      "none",
    ),
    required: true,
  },
  path(
    "paths.backup_dir",
    "S1.17",
    "where copies of what is overwritten go",
    "backups_state/codexkeep/handoff/snapshots in the home",
  ),
  path(
    "paths.temp_dir",
    "S1.17",
    "where snapshots are unpacked; files that are replaced are staged beside their place",
    "the system's folder for temporary files",
  ),
  texts(
    "targets.include_roots",
    "S1.18",
    ["sessions", "archived_sessions", "session_index.jsonl", "history.jsonl", "skills", "plugins"],
    "files and folders of the home that travel; prompts too, if you name it",
  ),
  flag("targets.config", undefined, false, "also publish config.toml, without its secrets"),
  texts("filters.exclude_globs", "S1.18", EXCLUDED, "what never travels, as patterns below the home"),
  kept("sync.mode", "S1.16", "cold", "Codex is closed while files are carried"),
  choice("sync.direction", "S1.16", DIRECTIONS, "bidirectional", "which side gets what the other has"),
  choice(
    "sync.compare",
    "S1.13",
    COMPARE_MODES,
    "mtime",
    "files that are no threads: by size and time, or by SHA-256 where these agree",
  ),
  integer(
    "sync.time_tolerance_seconds",
    "S1.13",
    0,
    0,
    MAX_SECONDS,
    "times that differ by no more are the same",
  ),
  choice(
    "sync.equal_mtime_action",
    "S1.14",
    EQUAL_MTIME_ACTIONS,
    "skip",
    "files of the same time and another size or content",
  ),
  choice(
    "sync.session_mode",
    "S1.15",
    SESSION_MODES,
    "all",
    "all threads, or those of the newest dated folder of each side",
  ),
  choice(
    "sync.delete_policy",
    "S1.16",
    DELETE_POLICIES,
    "never",
    "a file removed on one side comes back, or goes on the other too",
  ),
  flag(
    "sync.dry_run_default",
    "S1.16",
    true,
    "without --apply, show the plan only; false asks on a terminal",
  ),
  choice("sync.scope", "S1.16", SCOPES, "full", "everything, or all but the threads"),
  flag("sync.close_codex", "S1.16", false, "on macOS and Linux too, end a running Codex, after a yes"),
  choice(
    "conflict.policy",
    "S1.12",
    POLICIES,
    "manual_abort",
    "two versions that do not fit together: write nothing, or let one win and keep the other beside it",
  ),
  flag("conflict.report_conflicts", "S1.12", true, "name the files of a conflict"),
  choice("backup.compression", "S1.19", COMPRESSIONS, "none", "a snapshot is a folder, or a zip file"),
  flag("backup.backup_before_overwrite", "S1.19", true, "keep a copy of every file before it is overwritten"),
  integer("backup.retention_days", "S1.19", 30, 0, MAX_DAYS, "days that snapshots are kept; 0: for good"),
  integer("backup.max_backups", "S1.19", 0, 0, 100_000, "snapshots that are kept; 0: no limit"),
  kept("safety.require_codex_stopped", "S1.20", true, "nothing is carried while Codex runs"),
  flag("safety.fail_on_unknown", "S1.20", true, "stop when it cannot be told whether Codex runs"),
  integer("safety.max_delete_percent", undefined, 50, 0, 100, "more deletions than this share stop the run"),
  integer(
    "safety.max_changed_percent",
    undefined,
    50,
    0,
    100,
    "more rewritten files than this share stop the run",
  ),
  integer(
    "safety.lease_minutes",
    undefined,
    60,
    1,
    10_080,
    "for so long the folder says that a machine is at work in it",
  ),
  texts(
    "process_detection.process_names",
    "S1.21",
    ["codex.exe", "codex"],
    "programs that count as Codex, besides those that are found by the files they have open",
  ),
  flag("process_detection.manual_terminate_confirmation", "S1.21", true, "ask before Codex is ended"),
  choice(
    "process_detection.terminate_confirmation_mode",
    "S1.21",
    CONFIRMATION_MODES,
    "gui",
    "ask in a window, or on the console",
  ),
  flag("process_detection.allow_terminate_if_running", "S1.21", true, "a running Codex may be ended at all"),
  integer(
    "process_detection.grace_period_seconds",
    "S1.21",
    2,
    0,
    600,
    "seconds between the end of Codex and the first change",
  ),
  integer("process_detection.terminate_timeout_seconds", "S1.21", 20, 0, 600, "seconds Codex gets to end"),
  texts(
    "process_detection.background_process_names.windows",
    "S1.21",
    ["codex-windows-sandbox"],
    "programs that mean that Codex is in the middle of something, and that are never ended",
  ),
  texts("process_detection.background_process_names.macos", "S1.21", [], "the same on macOS"),
  texts("process_detection.background_process_names.linux", "S1.21", [], "the same on Linux"),
  path(
    "state.manifest_file",
    "S1.22",
    "what both sides agreed on at the last run of this machine",
    "backups_state/codexkeep/handoff/base.jsonl in the home",
  ),
  kept("state.data_version", "S1.22", 1, "form of that file"),
  path(
    "logging.file",
    "S1.23",
    "log file; machine and date go into its name: codexkeep-laptop-2026-01-31.log",
    "no log file",
  ),
  choice("logging.level", "S1.23", LOG_LEVELS, "INFO", "what is logged, and everything graver"),
  choice("logging.format", "S1.23", LOG_FORMATS, "text", "form of the lines"),
  integer("logging.max_file_size_mb", "S1.23", 10, 1, 10_000, "a larger log goes on in a new file"),
  integer("logging.retention_days", "S1.23", 7, 0, MAX_DAYS, "days that logs are kept; 0: for good"),
  choice("logging.archive_mode", "S1.23", ARCHIVE_MODES, "zip", "pack logs of other days, or leave them"),
  kept("assumptions.strict_handoff_required", "S1.22", true, "you close Codex here before you open it there"),
  kept(
    "assumptions.cloud_readiness_is_user_responsibility",
    "S1.22",
    true,
    "you wait until the folder has been carried over whole",
  ),
  kept(
    "assumptions.cloud_capacity_is_user_responsibility",
    "S1.22",
    true,
    "you see to it that there is room in the cloud",
  ),
];

/** Keys of every `[[path_mappings]]` table. */
export const MAPPING_KEYS: readonly (Pick<SettingsKey, "name" | "means" | "required"> & {
  readonly kind: "text" | "boolean";
})[] = [
  { name: "from", kind: "text", required: true, means: "a project folder as the other machine writes it" },
  { name: "to", kind: "text", required: true, means: "the same folder as this machine writes it" },
  { name: "machine", kind: "text", means: "only for threads of this machine; also source_machine" },
  { name: "source_machine", kind: "text", means: "the same as machine" },
  { name: "target_machine", kind: "text", means: "the rule is for this machine alone; others pass over it" },
  { name: "case_sensitive", kind: "boolean", means: "whether capitals matter in from; also case" },
  { name: "case", kind: "boolean", means: "the same as case_sensitive" },
  { name: "rule_id", kind: "text", means: "a name for the rule, for yourself" },
];

/** Tables of codexSync 0.2 that have no part here, with what does the same. */
export const FOREIGN_TABLES: ReadonlyMap<string, string> = new Map([
  ["guardian", "every change has a record by itself: codexkeep backups list"],
  ["semantic", "threads are always compared by their content, and carried as Codex keeps them"],
  ["scheduler", "codexkeep schedule install"],
  ["state_backup", "[backup] is about copies of files, and records keep what was changed in the database"],
  ["handoff", "the folder is paths.cloud_root_dir, and all that a hand-over needs is in it"],
]);

/** The key of a name; undefined: there is none. */
export function keyNamed(name: string): SettingsKey | undefined {
  return KEYS.find((key) => key.name === name);
}
