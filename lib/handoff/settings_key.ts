/** What is known of a key of a settings file, the words that keys choose from, and short ways to describe a key. */
import type {
  CompareMode,
  ConflictPolicy,
  DeletePolicy,
  Direction,
  EqualMtimeAction,
  SessionMode,
  Settings,
} from "./settings.ts";

/** A value as it stands in a file. */
export type Value = string | number | boolean | readonly string[];

/** One key. */
export interface SettingsKey {
  /** With its table: `sync.compare`. */
  readonly name: string;
  /** `kept`: it may be written, but holds one value only. */
  readonly kind: "text" | "path" | "boolean" | "integer" | "choice" | "texts" | "kept";
  /** Undefined: it follows from the rest, as `otherwise` says, or the key is required. */
  readonly fallback: Value | undefined;
  /** What holds when the key is not there and there is no fixed default. */
  readonly otherwise?: string;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  /** Bounds of an integer, both included. */
  readonly min?: number;
  readonly max?: number;
  /** One line, no full stop. */
  readonly means: string;
  /** Number of the line in the catalogue of features; undefined: a key of codexkeep's own. */
  readonly catalogue: string | undefined;
}

/** Values of `sync.direction`. */
export const DIRECTIONS: readonly Direction[] = ["bidirectional", "to_local", "to_cloud"];
/** Values of `sync.compare`. */
export const COMPARE_MODES: readonly CompareMode[] = ["mtime", "mtime_hash_fallback"];
/** Values of `sync.equal_mtime_action`. */
export const EQUAL_MTIME_ACTIONS: readonly EqualMtimeAction[] = [
  "skip",
  "prefer_local",
  "prefer_cloud",
  "manual_abort",
];
/** Values of `sync.session_mode`. */
export const SESSION_MODES: readonly SessionMode[] = ["all", "last_date_only"];
/** Values of `sync.delete_policy`. */
export const DELETE_POLICIES: readonly DeletePolicy[] = ["never", "propagate"];
/** Values of `sync.scope`. */
export const SCOPES: readonly Settings["sync"]["scope"][] = ["full", "settings"];
/** Values of `conflict.policy`. */
export const POLICIES: readonly ConflictPolicy[] = [
  "manual_abort",
  "prefer_cloud",
  "prefer_local",
  "prefer_newer_mtime",
];
/** Values of `backup.compression`. */
export const COMPRESSIONS: readonly Settings["backup"]["compression"][] = ["none", "zip"];
/** Values of `process_detection.terminate_confirmation_mode`. */
export const CONFIRMATION_MODES: readonly ("gui" | "console")[] = ["gui", "console"];
/** Values of `logging.level`, from the one that says most. */
export const LOG_LEVELS: readonly Settings["logging"]["level"][] = ["DEBUG", "INFO", "WARNING", "ERROR"];
/** Values of `logging.format`. */
export const LOG_FORMATS: readonly Settings["logging"]["format"][] = ["text", "json", "logfmt"];
/** Values of `logging.archive_mode`. */
export const ARCHIVE_MODES: readonly Settings["logging"]["archiveMode"][] = ["zip", "text"];

type Catalogue = string | undefined;

/** A text without a default. */
export function text(name: string, catalogue: Catalogue, means: string): SettingsKey {
  return { name, kind: "text", fallback: undefined, catalogue, means };
}

/** A path; without it `otherwise` holds. */
export function path(name: string, catalogue: Catalogue, means: string, otherwise: string): SettingsKey {
  return { name, kind: "path", fallback: undefined, otherwise, catalogue, means };
}

/** True or false. */
export function flag(name: string, catalogue: Catalogue, fallback: boolean, means: string): SettingsKey {
  return { name, kind: "boolean", fallback, catalogue, means };
}

/** A value that may be written and not changed. */
export function kept(name: string, catalogue: Catalogue, fallback: Value, means: string): SettingsKey {
  return { name, kind: "kept", fallback, catalogue, means };
}

/** A list of texts. */
export function texts(
  name: string,
  catalogue: Catalogue,
  fallback: readonly string[],
  means: string,
): SettingsKey {
  return { name, kind: "texts", fallback, catalogue, means };
}

/** One of several words. */
export function choice(
  name: string,
  catalogue: Catalogue,
  choices: readonly string[],
  fallback: string,
  means: string,
): SettingsKey {
  return { name, kind: "choice", choices, fallback, catalogue, means };
}

/** A whole number within bounds. */
export function integer(
  name: string,
  catalogue: Catalogue,
  fallback: number,
  min: number,
  max: number,
  means: string,
): SettingsKey {
  return { name, kind: "integer", fallback, min, max, catalogue, means };
}
