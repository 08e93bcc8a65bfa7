/** What a check has to say, and what it proposes. */

/** Stable codes of findings; only ever added to. */
export type FindingCode =
  | "provider-mismatch"
  | "provider-copies-disagree"
  | "provider-not-configured"
  | "encrypted-content-foreign"
  | "rollout-damaged"
  | "rollout-missing"
  | "rollout-not-indexed"
  | "rollout-active-orphan"
  | "rollout-path-stale"
  | "rollout-misplaced"
  | "rollout-copy"
  | "duplicate-thread"
  | "account-hidden"
  | "cwd-missing"
  | "cwd-form"
  | "cwd-copies-disagree"
  | "archive-mismatch"
  | "archived-thread"
  | "user-event-drift"
  | "preview-empty"
  | "index-stale"
  | "ui-state-filter"
  | "ui-state-stale"
  | "ui-state-invalid"
  | "backfill-stuck"
  | "backfill-incomplete"
  | "history-offsets-shifted"
  | "history-base-broken"
  | "history-frozen"
  | "database-salvage"
  | "database-migration"
  | "config-layer-invalid"
  | "database-missing"
  | "database-unreadable"
  | "database-malformed"
  | "database-schema"
  | "database-split"
  | "config-invalid"
  | "config-legacy-profile"
  | "record-pending";

/** One thing that is wrong or worth knowing. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: "error" | "warning" | "info";
  /** How many threads, files or rows it concerns. */
  readonly count: number;
  /** The repair that cures it; undefined when nothing can or need be done. */
  readonly repair: string | undefined;
  /** One sentence for people; text from state files in it is already quoted. */
  readonly message: string;
  /** The command that helps, when it is not just the repair. */
  readonly hint?: string;
  /** Evidence: ids, paths, counts. All of it; the renderer cuts. */
  readonly samples: readonly string[];
}
