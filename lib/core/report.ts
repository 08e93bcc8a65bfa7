/**
 * Results of commands: the values that both renderers print. With `--json` they appear as they are, so their field
 * names are promises of the command line contract: fields are only ever added.
 */
import type { AppReport, AuditReport } from "./audit_report.ts";
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
  readonly findings: readonly FindingReport[];
  /** Which provider the app is really using, and how that was concluded. */
  readonly app_provider: { readonly id: string; readonly inferred_from: string };
  readonly audit: AuditReport;
  readonly app: AppReport;
  /** What this look at the home did not do. */
  readonly safety: string;
}

/** A finding with the command line that cures it; null when nothing can or need be done. */
export interface FindingReport extends Finding {
  readonly cure: string | null;
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
    /** Stamped with a ChatGPT account. */
    readonly account_bound: boolean;
    readonly files: readonly {
      readonly path: string;
      readonly archived: boolean;
      readonly compressed: boolean;
      /** Id of the part that a revert began; null for the first part. */
      readonly segment: string | null;
      /** Why it cannot be read; null when it can. */
      readonly damage: string | null;
    }[];
    /** What the row says; null when there is none. */
    readonly row: {
      readonly rollout_path: string;
      /** The file of the thread that it names; null when it names none. */
      readonly file: string | null;
      readonly cwd: string;
      readonly source: string;
      readonly archived: boolean;
      readonly has_preview: boolean;
      readonly updated_at: string;
    } | null;
  };
  readonly readers: readonly ReaderReport[];
  /** What hides it, first; then what else is to be said about it or about the whole home. */
  readonly causes: readonly CauseReport[];
  readonly remarks: readonly string[];
}

/** Something that hides a thread, or is wrong with it. */
export interface CauseReport {
  /** A finding's code, or `source-not-shown`, `nothing-said`, `database-unusable`. */
  readonly code: string;
  readonly severity: Finding["severity"];
  readonly message: string;
  /** The readers that leave it out for that reason. */
  readonly hides: readonly string[];
  /** The evidence that is about this thread, or about the home. */
  readonly samples: readonly string[];
  readonly cure: string | null;
  readonly hint: string | null;
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
  /** What the repairs of the run found wrong, before and after: counts by code; null where nothing was looked for. */
  readonly findings_before?: Readonly<Record<string, number>> | null;
  readonly findings_after?: Readonly<Record<string, number>> | null;
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

/** `result` of `backups export`. */
export interface ExportReport {
  /** Id of the record. */
  readonly record: string;
  /** The file that was made; null when the table went to standard output. */
  readonly file: string | null;
  /** Threads in the table. */
  readonly rows: number;
  readonly moves: readonly Move[];
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
