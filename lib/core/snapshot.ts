/** What a scan saw: one immutable picture of a Codex home. Small on purpose, so that 100,000 threads fit. */
import type { AbsPath, RelPath } from "./path.ts";

/** What tells one state of a file from another without reading it: bytes and milliseconds. */
export interface Fingerprint {
  readonly size: number;
  readonly mtimeMs: number;
}

/** Why a rollout cannot be used as it is. */
export interface Damage {
  readonly reason:
    | "empty"
    | "unreadable"
    | "not-a-file"
    | "outside-home"
    | "unsafe-name"
    | "first-line-too-long"
    | "first-line-not-json"
    | "not-session-meta"
    | "no-id"
    | "id-differs-from-name"
    | "byte-order-mark"
    | "compressed-unreadable";
  readonly detail: string;
}

/** How Codex stores the history of a thread: `paginated` files have ordinals and stored byte offsets. */
export type HistoryMode = "paginated" | "legacy";

/** What the first line of a rollout says (`session_meta`). */
export interface SessionMeta {
  readonly id: string;
  readonly provider: string | undefined;
  readonly cwd: string | undefined;
  readonly source: string | undefined;
  readonly mode: HistoryMode;
  /** The file this one continues (fork child or revert segment), by its rollout or segment id. */
  readonly base: string | undefined;
  /** Stamped with a ChatGPT account, so that only that account's lists show it. */
  readonly owned: boolean;
}

/** One rollout file. */
export interface Rollout {
  readonly path: RelPath;
  readonly archived: boolean;
  readonly encoding: "plain" | "zstd";
  /** Thread id in the file name; undefined when the name holds none. */
  readonly nameId: string | undefined;
  /** Segment id in the file name, for files made by a revert. */
  readonly segment: string | undefined;
  readonly stamp: Fingerprint;
  readonly meta: SessionMeta | undefined;
  /** The provider a rebuild of the state database would take from this file. */
  readonly recorded: string | undefined;
  /** True when the file holds nothing but its first line. */
  readonly bare?: boolean;
  readonly damage: Damage | undefined;
}

/** One row of the `threads` table, as far as it matters. */
export interface ThreadRow {
  readonly id: string;
  readonly rolloutPath: string;
  readonly provider: string | undefined;
  readonly cwd: string;
  readonly source: string;
  readonly archived: boolean;
  /** `preview` is not empty; database-only lists hide rows without one. */
  readonly hasPreview: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A conversation: its files, oldest first, and its row in the live database. */
export interface Thread {
  readonly id: string;
  readonly rollouts: readonly Rollout[];
  readonly row: ThreadRow | undefined;
}

/** Why a state database is not usable. */
export interface DatabaseProblem {
  readonly code:
    | "database-missing"
    | "database-unreadable"
    | "database-malformed"
    | "database-busy"
    | "database-schema";
  readonly message: string;
}

/** A place where Codex may keep its state database, and what is there. */
export interface DatabaseView {
  readonly path: AbsPath;
  /** Who names this place: a flag, the configuration, the environment, or Codex's defaults. */
  readonly origin: "flag" | "config" | "environment" | "home" | "home/sqlite";
  readonly live: boolean;
  /** Why this one is, or is not, the live one. */
  readonly because: string;
  readonly threads: number | undefined;
  /** Newest change of the database or its log, milliseconds; 0 when there is no file. */
  readonly changedMs: number;
  readonly problem: DatabaseProblem | undefined;
}

/** A fault in `config.toml` that makes Codex ignore the whole file, with its line where it has one. */
export interface ConfigProblem {
  /** Not readable as TOML at all; or readable, but with something Codex refuses. */
  readonly kind: "syntax" | "refused";
  readonly message: string;
  readonly line: number | undefined;
}

/** What `config.toml` says about providers, the way Codex reads it. */
export interface ConfigView {
  readonly exists: boolean;
  readonly problems: readonly ConfigProblem[];
  /** The provider new threads get, and where that comes from. */
  readonly provider: { readonly id: string; readonly source: ProviderSource };
  /** Root `model_provider` as written, if it is a string. */
  readonly rootProvider: string | undefined;
  readonly rootModel: string | undefined;
  readonly sqliteHome: string | undefined;
  /** Ids of `[model_providers.*]`, with the `model` a table may hold. */
  readonly declared: ReadonlyMap<string, { readonly model: string | undefined }>;
  /** `<name>.config.toml` layers, with the provider each one sets. */
  readonly layers: readonly { readonly name: string; readonly provider: string | undefined }[];
  /** Names of `[profiles.*]` tables, which current Codex refuses to use. */
  readonly legacyProfiles: readonly string[];
}

/** Where the effective provider comes from. */
export type ProviderSource =
  | "config.toml"
  | "built-in default"
  | "built-in default, config.toml is not usable";

/** Which Codex is at work on this home. */
export interface CodexActivity {
  readonly processes: readonly CodexProcessView[];
  /** Threads whose writer lock is held. */
  readonly busyThreads: readonly string[];
}

/** A process of Codex, as it is shown. */
export interface CodexProcessView {
  readonly pid: number;
  readonly name: string;
  readonly command: string;
  readonly why: string;
}

/** Everything a scan saw. */
export interface Snapshot {
  readonly home: AbsPath;
  /** The home without links on the way to it, where that differs: rows may name files by either. */
  readonly realHome?: AbsPath;
  readonly config: ConfigView;
  readonly databases: readonly DatabaseView[];
  readonly live: DatabaseView | undefined;
  /** By thread id, in the order the rollouts were met; rows without files come last. */
  readonly threads: ReadonlyMap<string, Thread>;
  /** Files named like rollouts that are no part of any thread because they are damaged. */
  readonly damaged: readonly Rollout[];
  readonly codex: CodexActivity;
  /** Id of a record whose run was cut off. */
  readonly pending: string | undefined;
  /** The newest run when the home began to be looked at, and how it stood. A plan holds only until the next one. */
  readonly lastRun?: string;
}
