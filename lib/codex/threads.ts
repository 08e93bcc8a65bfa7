/** The `threads` table of Codex's state database: which schemas are understood, and what a row says. */
import type { ThreadRow } from "../core/snapshot.ts";
import { PORTABLE_COLUMNS } from "./extract.ts";
import { mayReact } from "./statements.ts";

/** Name of the state database; the number is the epoch of its schema (Codex 0.169 uses 5 and ignores others). */
export const STATE_DATABASE = "state_5.sqlite";
/** State databases of any epoch. */
export const STATE_DATABASE_NAME: RegExp = /^state_(\d+)\.sqlite$/;

/** Columns without which rows cannot be read or changed safely. */
const REQUIRED_COLUMNS = [
  "id",
  "rollout_path",
  "model_provider",
  "cwd",
  "source",
  "archived",
  "updated_at",
] as const;

/** Columns that plans may change; a trigger on one of them makes a database one that must not be written to. */
export const CHANGED_COLUMNS: ReadonlySet<string> = new Set([
  "model_provider",
  "cwd",
  "rollout_path",
  "archived",
  "archived_at",
  "has_user_event",
  "preview",
  "first_user_message",
  "title",
  "name",
  "is_pinned",
  "thread_section_id",
  "section_position",
  "section_entered_at_ms",
  "project_id",
  "memory_mode",
  "git_sha",
  "git_branch",
  "git_origin_url",
  "creator_user_id",
  "creator_account_id",
]);

/**
 * Columns that a hand-over brings up to date when another machine has gone on with a thread. Codex 0.169 has triggers on
 * the times of change, which do nothing as long as both forms of a time change together.
 */
export const ARRIVED_COLUMNS: ReadonlySet<string> = new Set([
  "updated_at",
  "updated_at_ms",
  "recency_at",
  "recency_at_ms",
  "tokens_used",
  "model",
  "reasoning_effort",
  "cli_version",
  "sandbox_policy",
  "approval_mode",
]);

/** Columns of a whole row of a thread that is added or removed. */
export const ADDED_COLUMNS: ReadonlySet<string> = new Set([
  ...CHANGED_COLUMNS,
  ...ARRIVED_COLUMNS,
  ...PORTABLE_COLUMNS.keys(),
]);

/** An entry of `sqlite_master` that concerns the `threads` table. */
export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

/** Query for the {@link SchemaObject}s that {@link schemaProblem} judges. */
export const SCHEMA_QUERY =
  "select type, name, sql from sqlite_master where tbl_name = 'threads' or name = 'threads'";

/**
 * Why rows of this database must not be changed; undefined when all is as known. Later schemas pass as long as the
 * columns used here exist and no trigger reacts to a change of them, so an ordinary Codex update does not lock people out.
 */
export function schemaProblem(
  objects: readonly SchemaObject[],
  columns: readonly string[],
): string | undefined {
  const table = objects.find((object) => object.name === "threads");
  if (table === undefined) return "it has no table of threads";
  if (table.type !== "table") return `"threads" is a ${table.type} there, not a table`;
  const missing = REQUIRED_COLUMNS.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    return `its table of threads has no column ${missing.map((name) => `"${name}"`).join(", ")}`;
  }
  const trigger = objects.find((object) =>
    object.type === "trigger" && mayReact(object.sql ?? "", "change", ["id", ...CHANGED_COLUMNS])
  );
  return trigger && `trigger "${trigger.name}" would react to a change`;
}

/** Query for all rows, with stand-ins for columns that older schemas lack. */
export function threadsQuery(columns: readonly string[]): string {
  const or = (name: string, otherwise: string) => columns.includes(name) ? name : otherwise;
  return `select id, rollout_path, model_provider, cwd, source, archived, ${
    or("preview", "'?'")
  } <> '' as has_preview, ` +
    `${or("created_at_ms", or("created_at", "0") + " * 1000")} as created_ms, ${
      or("updated_at_ms", "updated_at * 1000")
    } as updated_ms ` +
    `from threads`;
}

/** A row of {@link threadsQuery}. */
export function toThreadRow(row: Readonly<Record<string, unknown>>): ThreadRow {
  const text = (value: unknown) => typeof value === "string" ? value : "";
  const count = (value: unknown) =>
    typeof value === "number" || typeof value === "bigint" ? Number(value) : 0;
  return {
    id: text(row.id),
    rolloutPath: text(row.rollout_path),
    provider: typeof row.model_provider === "string" ? row.model_provider : undefined,
    cwd: text(row.cwd),
    source: sourceWord(text(row.source)),
    archived: count(row.archived) !== 0,
    hasPreview: count(row.has_preview) !== 0,
    createdAtMs: count(row.created_ms),
    updatedAtMs: count(row.updated_ms),
  };
}

/** The kind of a session: a word as it stands, or the only key of the JSON object that subagents have there. */
function sourceWord(source: string): string {
  return /^\{\s*"([a-z_]+)"/i.exec(source)?.[1] ?? source;
}
