/**
 * Tables of Codex 0.169, as far as threads are concerned, in the form they have after all of its migrations: same
 * names, columns, types, indexes and triggers. Codex itself would not start on them, for `_sqlx_migrations` is empty here.
 */

const MIGRATIONS = `CREATE TABLE _sqlx_migrations (
  version BIGINT PRIMARY KEY, description TEXT NOT NULL,
  installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)`;

/** Section that holds pinned threads; Codex 0.169 has it built in. */
export const PINNED_SECTION = "01984de2-8f74-7c91-a3b2-5c5e937cf318";

const STATE_TABLES: readonly string[] = [
  MIGRATIONS,
  `CREATE TABLE thread_sections (id TEXT PRIMARY KEY, name TEXT NOT NULL, appearance TEXT)`,
  `CREATE TABLE projects (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
    position INTEGER NOT NULL, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL)`,
  `CREATE TABLE threads (
    id TEXT PRIMARY KEY, rollout_path TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    source TEXT NOT NULL, model_provider TEXT NOT NULL, cwd TEXT NOT NULL, title TEXT NOT NULL,
    sandbox_policy TEXT NOT NULL, approval_mode TEXT NOT NULL,
    tokens_used INTEGER NOT NULL DEFAULT 0, has_user_event INTEGER NOT NULL DEFAULT 0,
    archived INTEGER NOT NULL DEFAULT 0, archived_at INTEGER,
    git_sha TEXT, git_branch TEXT, git_origin_url TEXT,
    cli_version TEXT NOT NULL DEFAULT '', first_user_message TEXT NOT NULL DEFAULT '',
    agent_nickname TEXT, agent_role TEXT, memory_mode TEXT NOT NULL DEFAULT 'enabled',
    model TEXT, reasoning_effort TEXT, agent_path TEXT,
    created_at_ms INTEGER, updated_at_ms INTEGER, thread_source TEXT, preview TEXT NOT NULL DEFAULT '',
    recency_at INTEGER NOT NULL DEFAULT 0, recency_at_ms INTEGER NOT NULL DEFAULT 0,
    history_mode TEXT NOT NULL DEFAULT 'legacy', name TEXT, is_pinned INTEGER NOT NULL DEFAULT 0,
    thread_section_id TEXT REFERENCES thread_sections(id) ON DELETE SET NULL,
    section_position INTEGER, section_entered_at_ms INTEGER,
    project_id TEXT REFERENCES projects(id) ON DELETE SET NULL,
    originator TEXT, daybreak_enabled BOOLEAN,
    creator_user_id TEXT, creator_account_id TEXT, attached_thread_parent_id TEXT)`,
  `CREATE TABLE backfill_state (
    id INTEGER PRIMARY KEY CHECK (id = 1), status TEXT NOT NULL, last_watermark TEXT,
    last_success_at INTEGER, updated_at INTEGER NOT NULL)`,
];

/** Indexes of `threads` by name without `idx_threads_`: columns, and the condition where there is one. */
const THREAD_INDEXES: Readonly<Record<string, string>> = {
  "created_at": "(created_at DESC, id DESC)",
  "updated_at": "(updated_at DESC, id DESC)",
  "archived": "(archived)",
  "source": "(source)",
  "provider": "(model_provider)",
  "created_at_ms": "(created_at_ms DESC, id DESC)",
  "updated_at_ms": "(updated_at_ms DESC, id DESC)",
  "recency_at_ms": "(recency_at_ms DESC, id DESC)",
  "archived_cwd_created_at_ms": "(archived, cwd, created_at_ms DESC, id DESC)",
  "archived_cwd_updated_at_ms": "(archived, cwd, updated_at_ms DESC, id DESC)",
  "archived_cwd_recency_at_ms": "(archived, cwd, recency_at_ms DESC, id DESC)",
  "visible_created_at_ms": "(archived, created_at_ms DESC) WHERE preview <> ''",
  "visible_updated_at_ms": "(archived, updated_at_ms DESC) WHERE preview <> ''",
  "visible_recency_at_ms": "(archived, recency_at_ms DESC, id DESC) WHERE preview <> ''",
  "pinned_recency_at_ms": "(archived, recency_at_ms DESC, id DESC) WHERE is_pinned = 1 AND preview <> ''",
  "archive_created_at_ms": "(archived, created_at_ms DESC, id DESC) WHERE archived = 1",
  "archive_updated_at_ms": "(archived, updated_at_ms DESC, id DESC) WHERE archived = 1",
  "archive_recency_at_ms": "(archived, recency_at_ms DESC, id DESC) WHERE archived = 1",
  "project_id": "(project_id, archived, created_at_ms DESC, id DESC) WHERE project_id IS NOT NULL",
  "project_recency": "(project_id, recency_at_ms DESC) WHERE archived = 0 AND project_id IS NOT NULL",
  "section_recency_at_ms":
    "(archived, thread_section_id, recency_at_ms DESC, id DESC) WHERE thread_section_id IS NOT NULL",
  "section_position":
    "(archived, thread_section_id, section_position ASC, id ASC) WHERE thread_section_id IS NOT NULL",
  "attached_parent": "(attached_thread_parent_id) WHERE attached_thread_parent_id IS NOT NULL",
};

/** The triggers keep whole seconds and milliseconds in step; none reacts to a change of the provider. */
const STATE_TRIGGERS: readonly string[] = [
  ...["created", "updated"].flatMap((what) => [
    `CREATE TRIGGER threads_${what}_at_ms_after_insert AFTER INSERT ON threads WHEN NEW.${what}_at_ms IS NULL
     BEGIN UPDATE threads SET ${what}_at_ms = NEW.${what}_at * 1000 WHERE id = NEW.id; END`,
    `CREATE TRIGGER threads_${what}_at_ms_after_update AFTER UPDATE OF ${what}_at ON threads
     WHEN NEW.${what}_at != OLD.${what}_at AND NEW.${what}_at_ms IS OLD.${what}_at_ms
     BEGIN UPDATE threads SET ${what}_at_ms = NEW.${what}_at * 1000 WHERE id = NEW.id; END`,
  ]),
  `CREATE TRIGGER threads_recency_at_after_insert AFTER INSERT ON threads WHEN NEW.recency_at_ms = 0
   BEGIN UPDATE threads SET recency_at = NEW.updated_at,
     recency_at_ms = COALESCE(NEW.updated_at_ms, NEW.updated_at * 1000) WHERE id = NEW.id; END`,
];

/** What makes `state_5.sqlite`. */
export const STATE_SCHEMA: readonly string[] = [
  ...STATE_TABLES,
  ...Object.entries(THREAD_INDEXES).map(([name, on]) => `CREATE INDEX idx_threads_${name} ON threads${on}`),
  `CREATE INDEX idx_projects_position ON projects(position ASC, id ASC)`,
  ...STATE_TRIGGERS,
  `INSERT INTO thread_sections VALUES ('${PINNED_SECTION}', 'Pinned', NULL)`,
];

/** What makes `thread_history_1.sqlite`. */
export const HISTORY_SCHEMA: readonly string[] = [
  MIGRATIONS,
  `CREATE TABLE thread_turns (
    thread_id TEXT NOT NULL, turn_id TEXT NOT NULL, rollout_ordinal INTEGER NOT NULL, status TEXT NOT NULL,
    error_json TEXT, started_at INTEGER, completed_at INTEGER, duration_ms INTEGER,
    first_user_item_id TEXT, final_agent_item_id TEXT, rollout_byte_offset INTEGER,
    rollout_end_ordinal INTEGER, rollout_end_byte_offset INTEGER, root_turn_id TEXT,
    PRIMARY KEY (thread_id, turn_id))`,
  `CREATE TABLE thread_items (
    thread_id TEXT NOT NULL, turn_id TEXT NOT NULL, item_id TEXT NOT NULL, rollout_ordinal INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL, item_json TEXT NOT NULL, item_type TEXT NOT NULL DEFAULT '',
    updated_at_ordinal INTEGER NOT NULL DEFAULT 0, started_at_ms INTEGER, completed_at_ms INTEGER,
    PRIMARY KEY (thread_id, turn_id, item_id))`,
  `CREATE TABLE thread_history_projection_state (
    thread_id TEXT PRIMARY KEY, next_rollout_byte_offset INTEGER NOT NULL, next_rollout_ordinal INTEGER NOT NULL)`,
  `CREATE TABLE thread_realtime_items (
    thread_id TEXT NOT NULL, item_id TEXT NOT NULL, rollout_ordinal INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL, item_type TEXT NOT NULL, item_json TEXT NOT NULL,
    PRIMARY KEY (thread_id, item_id))`,
  `CREATE UNIQUE INDEX idx_thread_turns_page ON thread_turns(thread_id, rollout_ordinal)`,
  `CREATE INDEX idx_thread_turns_end_page ON thread_turns(thread_id, rollout_end_ordinal, turn_id)
   WHERE rollout_end_ordinal IS NOT NULL`,
  `CREATE UNIQUE INDEX idx_thread_items_page ON thread_items(thread_id, rollout_ordinal)`,
  `CREATE INDEX idx_thread_items_by_turn_page ON thread_items(thread_id, turn_id, rollout_ordinal)`,
  `CREATE INDEX idx_thread_items_user_messages ON thread_items(thread_id, rollout_ordinal)
   WHERE item_type = 'userMessage'`,
  `CREATE INDEX idx_thread_items_updated_page ON thread_items(thread_id, updated_at_ordinal)`,
  `CREATE INDEX idx_thread_items_by_turn_updated_page ON thread_items(thread_id, turn_id, updated_at_ordinal)`,
  `CREATE UNIQUE INDEX idx_thread_realtime_items_page ON thread_realtime_items(thread_id, rollout_ordinal)`,
  `CREATE INDEX idx_thread_realtime_items_boundary ON thread_realtime_items(thread_id, rollout_ordinal)
   WHERE item_type IN ('realtime_session_started', 'realtime_session_closed')`,
  `CREATE TRIGGER thread_realtime_items_projection_cleanup AFTER DELETE ON thread_history_projection_state
   BEGIN DELETE FROM thread_realtime_items WHERE thread_id = OLD.thread_id; END`,
];
