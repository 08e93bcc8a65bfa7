/**
 * The settings of a hand-over, as the rest of the room uses them. Names in the settings file are the same in
 * snake_case; `read_settings.ts` turns a file into this, `template.ts` writes one.
 */
import type { AbsPath } from "../core/path.ts";

/** Which side gets what the other has. */
export type Direction = "bidirectional" | "to_local" | "to_cloud";
/** Who wins when both sides have changed in ways that do not fit together. */
export type ConflictPolicy = "manual_abort" | "prefer_cloud" | "prefer_local" | "prefer_newer_mtime";
/** How files that are no rollouts are compared: by size and time, or by content where these do not decide. */
export type CompareMode = "mtime" | "mtime_hash_fallback";
/** What happens to files of the same time and another size or content. */
export type EqualMtimeAction = "skip" | "prefer_local" | "prefer_cloud" | "manual_abort";
/** Which dated folders of rollouts take part. */
export type SessionMode = "all" | "last_date_only";
/** What becomes of a file that was removed on one side. `never`: it comes back; `propagate`: it goes on the other too. */
export type DeletePolicy = "never" | "propagate";

/** A project folder that lies elsewhere on this machine. */
export interface PathMapping {
  /** The folder as the other machine writes it. */
  readonly from: string;
  /** The folder as this machine writes it. */
  readonly to: string;
  /** Only for threads that come from this machine; undefined: from any. */
  readonly machine: string | undefined;
  /** Whether capitals matter in `from`; undefined: as the form of the path says (Windows: no, others: yes). */
  readonly caseSensitive: boolean | undefined;
}

/** Everything a settings file says, defaults filled in. */
export interface Settings {
  readonly identity: { readonly machineId: string };
  readonly paths: {
    readonly workspaceRootDir: AbsPath | undefined;
    /** The Codex home. */
    readonly localStateDir: AbsPath;
    /** The folder that a cloud client, Syncthing or a network share keeps in step. */
    readonly cloudRootDir: AbsPath;
    /** Where snapshots of what is overwritten go; by default beside the records of the home. */
    readonly backupDir: AbsPath;
    readonly tempDir: AbsPath | undefined;
  };
  readonly targets: {
    /** Names in the home, files or folders. */
    readonly includeRoots: readonly string[];
    /** Publish `config.toml` without its secrets. */
    readonly config: boolean;
  };
  readonly filters: { readonly excludeGlobs: readonly string[] };
  readonly sync: {
    readonly mode: "cold";
    readonly direction: Direction;
    readonly compare: CompareMode;
    readonly timeToleranceSeconds: number;
    readonly equalMtimeAction: EqualMtimeAction;
    readonly sessionMode: SessionMode;
    readonly deletePolicy: DeletePolicy;
    readonly dryRunDefault: boolean;
    /** `settings`: everything but rollouts. */
    readonly scope: "full" | "settings";
    readonly closeCodex: boolean;
  };
  readonly conflict: { readonly policy: ConflictPolicy; readonly reportConflicts: boolean };
  readonly backup: {
    readonly compression: "none" | "zip";
    readonly beforeOverwrite: boolean;
    /** Days; 0: no limit. */
    readonly retentionDays: number;
    /** Snapshots; 0: no limit. */
    readonly maxBackups: number;
  };
  readonly safety: {
    readonly requireCodexStopped: boolean;
    /** Refuse when it cannot be told whether Codex runs. */
    readonly failOnUnknown: boolean;
    /** More deletions than this share of the known files stop the run, percent. */
    readonly maxDeletePercent: number;
    /** More changed files than this share stop the run once more than a handful are known, percent. */
    readonly maxChangedPercent: number;
    /** For so long the lease of a machine counts, minutes. */
    readonly leaseMinutes: number;
  };
  readonly processDetection: {
    readonly processNames: readonly string[];
    readonly backgroundProcessNames: Readonly<Record<"windows" | "macos" | "linux", readonly string[]>>;
    readonly manualTerminateConfirmation: boolean;
    readonly terminateConfirmationMode: "gui" | "console";
    readonly allowTerminateIfRunning: boolean;
    readonly gracePeriodSeconds: number;
    readonly terminateTimeoutSeconds: number;
  };
  readonly state: { readonly manifestFile: AbsPath; readonly dataVersion: 1 };
  readonly logging: {
    /** Undefined: no log file. */
    readonly dir: AbsPath | undefined;
    readonly stem: string;
    readonly level: "DEBUG" | "INFO" | "WARNING" | "ERROR";
    readonly format: "text" | "json" | "logfmt";
    readonly maxFileSizeMb: number;
    readonly retentionDays: number;
    readonly archiveMode: "zip" | "text";
  };
  readonly pathMappings: readonly PathMapping[];
}
