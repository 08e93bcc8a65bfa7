/** What holds where a settings file says nothing. */
import { type AbsPath, joinPath } from "../../lib/core/path.ts";
import type { Settings } from "../../lib/handoff/settings.ts";

/** What every settings file has to say, or the machine knows. */
export interface Given {
  readonly home: AbsPath;
  readonly cloudRoot: AbsPath;
  readonly machineId: string;
}

/** Names in the home that travel. */
export const INCLUDE_ROOTS: readonly string[] = [
  "sessions",
  "archived_sessions",
  "session_index.jsonl",
  "history.jsonl",
  "skills",
  "prompts",
];

/** What does not travel, although it lies in one of them. */
export const EXCLUDE_GLOBS: readonly string[] = [
  "**/*.lock",
  "**/tmp/**",
  "**/temp/**",
  "**/cache/**",
  "**/.cache/**",
  "**/logs/**",
  "skills/.system/**",
  "plugins/**/bin/**",
];

/** Our own state of a hand-over on this machine. */
export function stateDir(home: AbsPath): AbsPath {
  return joinPath(home, "backups_state", "codexkeep", "handoff");
}

/** Settings with every default. */
export function defaultSettings({ home, cloudRoot, machineId }: Given): Settings {
  return {
    identity: { machineId },
    paths: {
      workspaceRootDir: undefined,
      localStateDir: home,
      cloudRootDir: cloudRoot,
      backupDir: joinPath(stateDir(home), "snapshots"),
      tempDir: undefined,
    },
    targets: { includeRoots: INCLUDE_ROOTS, config: false },
    filters: { excludeGlobs: EXCLUDE_GLOBS },
    sync: {
      mode: "cold",
      direction: "bidirectional",
      compare: "mtime",
      timeToleranceSeconds: 0,
      equalMtimeAction: "skip",
      sessionMode: "all",
      deletePolicy: "never",
      dryRunDefault: true,
      scope: "full",
      closeCodex: false,
    },
    conflict: { policy: "manual_abort", reportConflicts: true },
    backup: { compression: "none", beforeOverwrite: true, retentionDays: 30, maxBackups: 0 },
    safety: {
      requireCodexStopped: true,
      failOnUnknown: true,
      maxDeletePercent: 25,
      maxChangedPercent: 50,
      leaseMinutes: 30,
    },
    processDetection: {
      processNames: [],
      backgroundProcessNames: { windows: ["codex-windows-sandbox"], macos: [], linux: [] },
      manualTerminateConfirmation: true,
      terminateConfirmationMode: "console",
      allowTerminateIfRunning: true,
      gracePeriodSeconds: 2,
      terminateTimeoutSeconds: 20,
    },
    state: { manifestFile: joinPath(stateDir(home), "base.jsonl"), dataVersion: 1 },
    logging: {
      dir: undefined,
      stem: "codexkeep",
      level: "INFO",
      format: "text",
      maxFileSizeMb: 10,
      retentionDays: 7,
      archiveMode: "zip",
    },
    pathMappings: [],
  };
}
