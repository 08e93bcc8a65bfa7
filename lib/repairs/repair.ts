/**
 * What every repair is: a value that finds one ailment and plans its cure, from facts alone. A new ailment is a new
 * file here and a line in the registry.
 */
import type { Finding } from "../core/finding.ts";
import type { AbsPath, RelPath } from "../core/path.ts";
import type { Change, Skip } from "../core/plan.ts";
import type { Rollout, Snapshot, Thread } from "../core/snapshot.ts";
import type { ByteSource } from "../text/source.ts";

/** The content of rollouts, for the few that have to be read closer than the scan did. */
export interface Contents {
  /** Calls `use` with the (decompressed) content of a rollout. Throws `AppError` when it cannot be read. */
  with<T>(rollout: Rollout, use: (content: ByteSource) => T): T;
}

/** The provider that threads ought to have, and where that was taken from. */
export interface Target {
  readonly id: string;
  readonly source: string;
}

/** A row of a query: columns by name; SQL integers beyond 2^53 as `bigint`. */
export type TableRow = Readonly<Record<string, unknown>>;

/** A database open for reading; one state of it. */
export interface Tables {
  /** All rows of a query. */
  all(sql: string, ...params: readonly (string | number | null)[]): readonly TableRow[];
  /** Column names of a table, in order; empty when there is none of that name. */
  columns(table: string): readonly string[];
}

/** A name in a folder of the home. */
export interface FileEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly size: number;
  readonly mtimeMs: number;
}

/** Files of the home other than rollouts. */
export interface Files {
  /**
   * The bytes of a file; undefined when there is none. Follows a link. Throws `AppError` when it is no regular file,
   * cannot be read or is larger than `limit` bytes.
   */
  read(path: RelPath, limit: number): Uint8Array | undefined;
  /** What is in a folder, by name; empty when there is no such folder or it cannot be read. */
  list(folder: RelPath): readonly FileEntry[];
  /** What a name of the home is, a link itself if it is one; undefined when it is not there. */
  stat(path: RelPath): FileEntry | undefined;
  /** Whether a folder of the user's, such as a project, is there. Follows links. */
  hasFolder(path: string): boolean;
  /** The path of a file or folder anywhere, all links followed; undefined when there is none. */
  realPath?(path: string): string | undefined;
}

/** What checks look at. */
export interface Facts {
  readonly snapshot: Snapshot;
  readonly contents: Contents;
  readonly target: Target;
  readonly files: Files;
  /**
   * Calls `use` with a database open for reading; undefined when it is not there or cannot be read. The live state
   * database is `snapshot.live.path`; `thread_history_1.sqlite` lies beside it.
   */
  tables<T>(path: AbsPath, use: (tables: Tables) => T): T | undefined;
  /**
   * Like `tables`, for a damaged database that cannot be opened as it is: a mended copy, in which queries still throw
   * `AppError` where they come upon damage.
   */
  readonly remains?: Facts["tables"];
  /** The moment of the scan, milliseconds since 1970. */
  readonly nowMs: number;
  readonly platform: "linux" | "darwin" | "windows";
  /** The provider a thread had before codexkeep first changed it, by thread id; only threads that it did change. */
  readonly originals: () => ReadonlyMap<string, string>;
  /** Threads with encrypted content of other providers than the target, by provider. Reads files at the first call. */
  readonly encrypted: () => ReadonlyMap<string, number>;
}

/** Which threads a repair works on, and what it is to do with them. */
export interface RepairOptions {
  readonly threads: readonly Thread[];
  /** Only threads that belong to this provider now. */
  readonly from: string | undefined;
  /** Made as part of `repair all`, not asked for by name. */
  readonly all?: boolean;
  /** The user named the threads, instead of taking all of them. */
  readonly named?: boolean;
  /** Folders that have moved, for `cwd`. */
  readonly maps?: readonly FolderMap[];
  /** Only these copies of the provider are to be changed, for those who know; all of them unless given. */
  readonly only?: "database" | "rollouts";
}

/** A folder that lies elsewhere now. */
export interface FolderMap {
  readonly from: string;
  readonly to: string;
  /** Whether capitals matter in `from`; undefined: as on the system that its form belongs to. */
  readonly caseSensitive?: boolean;
}

/** What most repairs stand on. */
export type Ground = "database" | "config";

/** Part of a plan. */
export interface Draft {
  readonly changes: readonly Change[];
  readonly skipped: readonly Skip[];
  /** Files where they are now that the changes make part of a thread, as a scan sees them then. */
  readonly found?: readonly Rollout[];
}

/** One ailment and its cure. */
export interface Repair {
  readonly name: string;
  readonly summary: string;
  /** Right without a choice by the user, hence part of `repair all`. */
  readonly safe: boolean;
  /** What is wrong, without opinion on whether it should be repaired. */
  find(facts: Facts): readonly Finding[];
  /** What need not be in order for it: the live database may be missing or unusable, `config.toml` not readable. */
  readonly worksWithout?: readonly Ground[];
  /** What the user has to say: which threads. Such a repair is not `safe`. */
  readonly needs?: "selection";
  /** What the user may say: which folders have moved (`--map`). */
  readonly takes?: "maps";
  /** The changes that cure it; undefined for ailments that can only be reported. */
  readonly plan: ((facts: Facts, options: RepairOptions) => Draft) | undefined;
}
