/**
 * Results of commands: the values that both renderers print. With `--json` they appear as they are, so their field
 * names are promises of the command line contract: fields are only ever added.
 */
import type { ErrorCode } from "./error.ts";
import type { Finding } from "./finding.ts";
import type { Move, Skip } from "./plan.ts";
import type { CodexProcessView } from "./snapshot.ts";

/** A remark that does not stop a command. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** A failure, as it is printed. */
export interface ErrorReport {
  readonly code: ErrorCode | "internal";
  readonly message: string;
  readonly hint?: string;
}

/** The counts of a home: what `before` and `after` compare. */
export interface Counts {
  readonly rollouts: {
    readonly active: number;
    readonly archived: number;
    readonly compressed: number;
    readonly damaged: number;
  };
  readonly threads: { readonly total: number; readonly active: number; readonly archived: number };
  /** Threads by provider: what the files say (first line), and what the live database says. */
  readonly providers: {
    readonly rollouts: Readonly<Record<string, number>>;
    readonly database: Readonly<Record<string, number>>;
  };
}

/** `result` of `status`. */
export interface StatusReport extends Counts {
  readonly home: string;
  readonly provider: {
    readonly id: string;
    readonly source: string;
    /** Profile files `<name>.config.toml`, used with `--profile <name>`, and the provider each one sets. */
    readonly layers: readonly { readonly name: string; readonly provider: string | null }[];
  };
  readonly databases: readonly {
    readonly path: string;
    readonly live: boolean;
    readonly origin: string;
    readonly because: string;
    readonly threads: number | null;
    readonly problem: { readonly code: string; readonly message: string } | null;
  }[];
  /** Threads with encrypted content by the provider they belong to; only of providers other than the current one. */
  readonly encrypted: Readonly<Record<string, number>>;
  readonly codex: {
    readonly running: boolean;
    readonly processes: readonly CodexProcessView[];
    readonly busy_threads: readonly string[];
  };
  readonly pending_record: string | null;
  /** Newest first. */
  readonly records: readonly RecordReport[];
  /** One line: is all well, and if not, what is wrong. */
  readonly verdict: string;
  /** The command to run next; null when there is nothing to do. */
  readonly next: string | null;
}

/** `result` of `diagnose`. */
export interface DiagnoseReport extends StatusReport {
  readonly findings: readonly Finding[];
  /** Which provider the app is really using, and how that was concluded. */
  readonly app_provider: { readonly id: string; readonly inferred_from: string };
}

/** One reader of Codex and whether it shows a thread. */
export interface ReaderReport {
  readonly reader: string;
  readonly visible: boolean;
  readonly because: string;
}

/** `result` of `explain`. */
export interface ExplainReport {
  readonly thread: {
    readonly id: string;
    readonly provider: {
      readonly first_line: string | null;
      readonly recorded: string | null;
      readonly database: string | null;
    };
    readonly current_provider: string;
    readonly source: string | null;
    readonly cwd: string | null;
    readonly archived: boolean;
    readonly history_mode: string | null;
    readonly rollouts: readonly string[];
    readonly busy: boolean;
  };
  readonly readers: readonly ReaderReport[];
}

/** A record, as lists show it. */
export interface RecordReport {
  readonly id: string;
  readonly created_at: string;
  readonly purpose: string;
  readonly changes: number;
  readonly bytes: number;
  readonly state: "complete" | "pending" | "undone" | "damaged";
}

/** The `plan` part of every writing command. */
export interface PlanReport {
  readonly digest: string;
  readonly changes: number;
  readonly by_kind: Readonly<Record<string, number>>;
  readonly threads: number;
  readonly moves: readonly Move[];
  readonly files: readonly string[];
  readonly skipped: readonly Skip[];
}

/** `result` of every writing command. */
export interface WriteReport {
  readonly plan: PlanReport;
  readonly applied: boolean;
  /** Id of the record; null when nothing was written. */
  readonly record: string | null;
  /** Everything touched was read again and is what the plan says; null when nothing was applied. */
  readonly verified: boolean | null;
  readonly before: Counts | null;
  readonly after: Counts | null;
  /** Records removed by retention. */
  readonly pruned: readonly string[];
}

/** `result` of `backups list`. */
export interface RecordsReport {
  readonly directory: string;
  readonly records: readonly RecordReport[];
  /** Folders that other programs keep backups in; shown, never touched. */
  readonly foreign: readonly string[];
}

/** `result` of `backups show`. */
export interface RecordDetailReport extends RecordReport {
  readonly directory: string;
  readonly home: string;
  readonly moves: readonly Move[];
  readonly by_kind: Readonly<Record<string, number>>;
  readonly files: readonly string[];
  readonly threads: number;
  readonly reverts: string | null;
}

/** `result` of `backups verify`. */
export interface VerifyReport {
  readonly records: readonly {
    readonly id: string;
    readonly ok: boolean;
    readonly state: string;
    readonly problems: readonly string[];
  }[];
}

/** `result` of `recover`. */
export interface RecoverReport {
  /** Records whose interrupted run was undone. */
  readonly recovered: readonly string[];
  /** Leftover temporary files removed. */
  readonly swept: number;
  /** Things that somebody else changed meanwhile and that were left alone. */
  readonly left: readonly Skip[];
}
