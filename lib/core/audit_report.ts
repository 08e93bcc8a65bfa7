/** The numbers of `diagnose`, as `report.ts` has the rest: field names are promises of the command line contract. */

/** Files and rows in numbers, and how the two fit together. */
export interface AuditReport {
  readonly sessions_rollouts: number;
  readonly archived_rollouts: number;
  readonly rollouts_total: number;
  /** Rows of the live database. */
  readonly threads_total: number;
  readonly threads_active: number;
  readonly threads_archived: number;
  /** Rows by provider and by folder; `<empty>` stands for none. */
  readonly by_provider: Readonly<Record<string, number>>;
  readonly by_cwd: Readonly<Record<string, number>>;
  /** Rows by source, provider and state, most first. */
  readonly groups: readonly {
    readonly source: string;
    readonly provider: string;
    readonly archived: boolean;
    readonly threads: number;
  }[];
  readonly integrity: {
    /** Threads with files but no row. */
    readonly disk_not_in_db: IntegrityReport;
    /** Rows without any file of their thread. */
    readonly db_not_on_disk: IntegrityReport;
    /** Rows that name a file that is not there. */
    readonly missing_rollout_path: IntegrityReport;
    /** Threads with several files for the same part of them; the segments that a revert makes are different parts. */
    readonly duplicate_rollout_ids: IntegrityReport;
  };
}

/** One class of things that do not fit together. */
export interface IntegrityReport {
  readonly count: number;
  readonly samples: readonly string[];
}

/** What the desktop app goes by. */
export interface AppReport {
  /** The thread that the app shows on top, whose provider hints at the one in use; null when it shows none. */
  readonly latest_thread: {
    readonly id: string;
    readonly provider: string;
    readonly updated_at: string;
  } | null;
  /** Threads with a message by the user whose row says that there is none. */
  readonly user_event_drift: number;
  /** `session_index.jsonl`: lines, and threads they name. */
  readonly session_index: { readonly exists: boolean; readonly entries: number; readonly threads: number };
  /** `.codex-global-state.json`: the names of its keys that concern the sidebar, and of how many in all. */
  readonly ui_state: {
    readonly exists: boolean;
    readonly readable: boolean;
    readonly keys: readonly string[];
    readonly keys_total: number;
  };
}
