/** What a synthetic Codex home is to be like: plain values, every one of them with a default where that makes sense. */
import type { HistoryMode } from "../core/snapshot.ts";
import type { Value } from "../system/sqlite.ts";

/** A Codex home. */
export interface HomeSpec {
  /** `config.toml`; false: there is none. */
  readonly config?: ConfigSpec | false;
  readonly threads: readonly ThreadSpec[];
  /** The databases; false: there are none. */
  readonly database?: DatabaseSpec | false;
}

/** What stands in `config.toml`. */
export interface ConfigSpec {
  /** Root `model_provider`; undefined: no such key, so Codex takes its default. */
  readonly provider?: string;
  /** Ids to declare as `[model_providers.<id>]`. */
  readonly providers?: readonly string[];
  /** Root `model`, by default `gpt-5`. */
  readonly model?: string;
  /** TOML to put at the top, before everything else; ends with a newline. */
  readonly head?: string;
  /** TOML to put at the end. */
  readonly tail?: string;
}

/** Where the databases are and what state they are in. */
export interface DatabaseSpec {
  /** In the home itself, as by default, or in its folder `sqlite`, where the desktop app may have them. */
  readonly place?: "home" | "sqlite";
  /** `present`: Codex has made the databases already, only rows are added. By default they are made here. */
  readonly tables?: "create" | "present";
  /** `backfill_state.status`, by default `complete`; left as it is where the tables are present. */
  readonly backfill?: "complete" | "pending" | "running";
}

/** The three places where Codex keeps the provider of a thread. */
export interface ProviderCopies {
  /** In the first line of every file; null: the key is missing there. */
  readonly firstLine: string | null;
  /** In the settings events; null: there are none. */
  readonly settings: string | null;
  /** In the database row. */
  readonly row: string;
}

/** One turn: what the user asks, what the agent answers. */
export interface TurnSpec {
  readonly user: string;
  readonly agent: string;
  /** The agent's reasoning is kept too, encrypted. */
  readonly encrypted?: boolean;
}

/** `thread/revert`: Codex keeps the first turns and goes on in a new file, a segment. */
export interface RevertSpec {
  /** How many of the turns that are shown are kept, from the first one on; at least 1. */
  readonly keep: number;
  /** What is said afterwards. */
  readonly turns?: readonly TurnSpec[];
}

/** A fork of an earlier thread of the list, of the same mode. */
export interface ForkSpec {
  /** The `label` of the parent. */
  readonly of: string;
  /** How many of the parent's turns it inherits; all unless given. Legacy forks always take all. */
  readonly turns?: number;
}

/** One thread. */
export interface ThreadSpec {
  /** Name by which forks and tests refer to it. */
  readonly label?: string;
  /** Made from the time and the place in the list unless given. */
  readonly id?: string;
  /** When it was begun, milliseconds since 1970; six hours after the one before unless given. */
  readonly atMs?: number;
  /** One provider in all places, or a different one in each. */
  readonly provider: string | ProviderCopies;
  /** `paginated` unless given, as Codex 0.169 makes them. */
  readonly mode?: HistoryMode;
  /** Who made it: `vscode` (the default: every app-server client), `cli`, `exec`. */
  readonly source?: string;
  readonly cwd?: string;
  readonly archived?: boolean;
  /** By default one turn; an empty list makes a file of its first line only. */
  readonly turns?: readonly TurnSpec[];
  readonly fork?: ForkSpec;
  /** Paginated threads only. */
  readonly reverts?: readonly RevertSpec[];
  /** Legacy threads only: providers of further `session_meta` lines after the first turn. */
  readonly extraMeta?: readonly string[];
  /** The files are `.jsonl.zst`. */
  readonly compressed?: boolean;
  /** False: the database has no row of it. */
  readonly row?: boolean;
  /** False: it has a row but no file. */
  readonly file?: boolean;
  /** A name the user gave it. */
  readonly name?: string;
  readonly pinned?: boolean;
  /** Bytes of `base_instructions` in the first line; 2,000 unless given. Codex 0.169 writes about 20,750. */
  readonly instructionsBytes?: number;
  /** Time of the newest file; a little after its last line unless given. */
  readonly mtimeMs?: number;
  /** Permission bits of the files; 0600 unless given. */
  readonly fileMode?: number;
  /** More keys for the payload of the first line, such as `creator_user_id`; they come last. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Cells of the row that are to differ from what Codex would write. */
  readonly cells?: Readonly<Record<string, Value>>;
  /** Changes the bytes of each file just before it is written: damage, other line ends. Databases know nothing of it. */
  readonly content?: (bytes: Uint8Array) => Uint8Array;
}

/** Turns that say these things; the agent answers in kind. */
export function talk(...messages: readonly string[]): readonly TurnSpec[] {
  return messages.map((user) => ({ user, agent: `reply to: ${user}` }));
}

/** The provider in each of its places. */
export function copiesIn({ provider }: Pick<ThreadSpec, "provider">): ProviderCopies {
  return typeof provider === "string" ? { firstLine: provider, settings: provider, row: provider } : provider;
}
