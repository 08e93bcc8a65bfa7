import { keyNamed, KEYS, MAPPING_KEYS } from "../../lib/handoff/keys.ts";
import { checkValue } from "../../lib/handoff/settings_values.ts";
import { assert, assertEquals } from "../assert.ts";

/** Defaults as the catalogue has them, by its lines. */
const CATALOGUE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "S1.12": { "conflict.policy": "manual_abort", "conflict.report_conflicts": true },
  "S1.13": { "sync.compare": "mtime", "sync.time_tolerance_seconds": 0 },
  "S1.14": { "sync.equal_mtime_action": "skip" },
  "S1.15": { "sync.session_mode": "all" },
  "S1.16": {
    "sync.mode": "cold",
    "sync.direction": "bidirectional",
    "sync.delete_policy": "never",
    "sync.dry_run_default": true,
    "sync.scope": "full",
    "sync.close_codex": false,
  },
  "S1.17": {
    "identity.machine_id": undefined,
    "paths.workspace_root_dir": undefined,
    "paths.local_state_dir": undefined,
    "paths.cloud_root_dir": undefined,
    "paths.backup_dir": undefined,
    "paths.temp_dir": undefined,
  },
  "S1.19": {
    "backup.compression": "none",
    "backup.backup_before_overwrite": true,
    "backup.retention_days": 30,
    "backup.max_backups": 0,
  },
  "S1.20": { "safety.require_codex_stopped": true, "safety.fail_on_unknown": true },
  "S1.21": {
    "process_detection.process_names": ["codex.exe", "codex"],
    "process_detection.manual_terminate_confirmation": true,
    "process_detection.terminate_confirmation_mode": "gui",
    "process_detection.allow_terminate_if_running": true,
    "process_detection.grace_period_seconds": 2,
    "process_detection.terminate_timeout_seconds": 20,
    "process_detection.background_process_names.windows": ["codex-windows-sandbox"],
    "process_detection.background_process_names.macos": [],
    "process_detection.background_process_names.linux": [],
  },
  "S1.22": {
    "state.manifest_file": undefined,
    "state.data_version": 1,
    "assumptions.strict_handoff_required": true,
    "assumptions.cloud_readiness_is_user_responsibility": true,
    "assumptions.cloud_capacity_is_user_responsibility": true,
  },
  "S1.23": {
    "logging.file": undefined,
    "logging.level": "INFO",
    "logging.format": "text",
    "logging.max_file_size_mb": 10,
    "logging.retention_days": 7,
    "logging.archive_mode": "zip",
  },
};

/** Words that keys choose from, as the catalogue has them. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  "conflict.policy": ["manual_abort", "prefer_cloud", "prefer_local", "prefer_newer_mtime"],
  "sync.compare": ["mtime", "mtime_hash_fallback"],
  "sync.equal_mtime_action": ["skip", "prefer_local", "prefer_cloud", "manual_abort"],
  "sync.session_mode": ["all", "last_date_only"],
  "sync.direction": ["bidirectional", "to_local", "to_cloud"],
  "sync.delete_policy": ["never", "propagate"],
  "sync.scope": ["full", "settings"],
  "backup.compression": ["none", "zip"],
  "process_detection.terminate_confirmation_mode": ["gui", "console"],
  "logging.level": ["DEBUG", "INFO", "WARNING", "ERROR"],
  "logging.format": ["text", "json", "logfmt"],
  "logging.archive_mode": ["zip", "text"],
};

Deno.test("S1.12 to S1.23: every key of the catalogue is there, with its default", () => {
  for (const [line, keys] of Object.entries(CATALOGUE)) {
    const own = Object.fromEntries(
      KEYS.filter(({ catalogue }) => catalogue === line).map(({ name, fallback }) => [name, fallback]),
    );
    assertEquals(own, keys, line);
  }
});

Deno.test("S1.12 to S1.23: keys that choose have the words of the catalogue", () => {
  const own = KEYS.flatMap(({ name, choices }) => choices === undefined ? [] : [[name, choices]]);
  assertEquals(Object.fromEntries(own), CHOICES);
});

Deno.test("S1.18: what travels and what never does holds all that the catalogue has", () => {
  const roots = keyNamed("targets.include_roots")?.fallback as string[];
  for (const root of ["sessions", "session_index.jsonl", "skills", "plugins"]) {
    assert(roots.includes(root), root);
  }
  const globs = keyNamed("filters.exclude_globs")?.fallback as string[];
  for (const part of [".lock", ".tmp", ".temp", "cache", ".log", "skills/.system", "plugins"]) {
    assert(globs.some((glob) => glob.includes(part)), part);
  }
});

Deno.test("every key is described, named once, and right at its default", () => {
  assertEquals(new Set(KEYS.map(({ name }) => name)).size, KEYS.length);
  for (const key of KEYS) {
    const { name, means, fallback, otherwise, required, kind } = key;
    assert(/^[a-z_]+(\.[a-z_]+)+$/.test(name), name);
    assert(means !== "" && !means.endsWith(".") && !means.includes("\n"), name);
    if (fallback === undefined) assert(required || otherwise !== undefined, name);
    else assertEquals(checkValue(key, fallback), { value: fallback }, name);
    if (kind === "integer") assert(key.min !== undefined && key.max !== undefined, name);
    assertEquals(kind === "choice", key.choices !== undefined, name);
  }
});

Deno.test("keys of one table stand together, those of its tables behind them", () => {
  const tables = KEYS.map(({ name }) => name.slice(0, name.lastIndexOf(".")));
  const runs = tables.filter((table, n) => table !== tables[n - 1]);
  assertEquals(new Set(runs).size, runs.length);
});

Deno.test("S1.24: a rule of path_mappings has the keys of both programs", () => {
  const names = MAPPING_KEYS.map(({ name }) => name);
  for (
    const name of ["rule_id", "source_machine", "target_machine", "from", "to", "case_sensitive", "machine"]
  ) {
    assert(names.includes(name), name);
  }
});
