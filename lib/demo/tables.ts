/** The rows of Codex's databases that go with a list of threads. */
import { type AbsPath, inHome, joinPath } from "../core/path.ts";
import type { Statement } from "../system/sqlite_create.ts";
import type { Value } from "../system/sqlite.ts";
import { MODEL, seconds } from "./lines.ts";
import type { BuiltFile, TurnMark } from "./rollout.ts";
import { HISTORY_SCHEMA, PINNED_SECTION, STATE_SCHEMA } from "./schema.ts";
import type { DatabaseSpec } from "./spec.ts";
import type { Conversation } from "./thread.ts";

type Cells = Readonly<Record<string, Value>>;

/** What makes and fills `state_5.sqlite`. */
export function* stateStatements(
  home: AbsPath,
  threads: readonly Conversation[],
  { tables = "create", backfill = "complete" }: DatabaseSpec,
): Generator<Statement> {
  if (tables === "create") {
    for (const sql of STATE_SCHEMA) yield { sql };
    const now = Math.max(0, ...threads.map((thread) => seconds(changedMs(thread))));
    const done = backfill === "complete" ? now : null;
    yield insert("backfill_state", {
      id: 1,
      status: backfill,
      last_watermark: null,
      last_success_at: done,
      updated_at: now,
    });
  }
  for (const thread of threads) {
    if (thread.spec.row !== false) yield insert("threads", threadCells(home, thread));
  }
}

/** What makes and fills `thread_history_1.sqlite`: the turns of paginated files, and where they stand. */
export function* historyStatements(
  threads: readonly Conversation[],
  { tables = "create" }: DatabaseSpec,
): Generator<Statement> {
  if (tables === "create") { for (const sql of HISTORY_SCHEMA) yield { sql }; }
  for (const { mode, files, spec } of threads) {
    if (mode === "legacy" || spec.file === false) continue;
    for (const file of files) yield* fileStatements(file);
  }
}

function* fileStatements({ id, size, nextOrdinal, marks }: BuiltFile): Generator<Statement> {
  yield insert("thread_history_projection_state", {
    thread_id: id,
    next_rollout_byte_offset: size,
    next_rollout_ordinal: nextOrdinal,
  });
  for (const mark of marks) {
    yield insert("thread_turns", turnCells(id, mark));
    for (const { id: item_id, type, json, ordinal, atMs } of mark.items) {
      yield insert("thread_items", {
        thread_id: id,
        turn_id: mark.id,
        item_id,
        rollout_ordinal: ordinal,
        created_at_ms: atMs,
        item_json: json,
        item_type: type,
        updated_at_ordinal: ordinal,
        started_at_ms: atMs,
        completed_at_ms: atMs,
      });
    }
  }
}

function turnCells(thread_id: string, mark: TurnMark): Cells {
  return {
    thread_id,
    turn_id: mark.id,
    rollout_ordinal: mark.ordinal,
    status: "completed",
    started_at: seconds(mark.startedMs),
    completed_at: seconds(mark.endedMs),
    duration_ms: mark.endedMs - mark.startedMs,
    first_user_item_id: mark.items.find(({ type }) => type === "userMessage")?.id ?? null,
    final_agent_item_id: mark.items.findLast(({ type }) => type === "agentMessage")?.id ?? null,
    rollout_byte_offset: mark.offset,
    rollout_end_ordinal: mark.endOrdinal,
    rollout_end_byte_offset: mark.endOffset,
    root_turn_id: mark.id,
  };
}

/** The row that Codex 0.169 writes for a thread. */
function threadCells(home: AbsPath, thread: Conversation): Cells {
  const { id, spec, mode, cwd, source, providers, shown, files } = thread;
  const startedMs = files.length > 1 ? files.at(-1)?.marks[0]?.startedMs ?? thread.atMs : thread.atMs;
  const first = shown[0]?.turn.user ?? "";
  // The title is the thread's own first message, the preview that of the oldest turn it shows.
  const own = spec.fork !== undefined && mode === "paginated" ? spec.turns?.[0]?.user ?? "" : first;
  const updatedMs = changedMs(thread);
  const recencyMs = shown.at(-1)?.mark.startedMs ?? startedMs;
  return {
    id,
    rollout_path: rowPath(home, thread),
    created_at: seconds(startedMs),
    updated_at: seconds(updatedMs),
    source,
    model_provider: providers.row,
    cwd,
    title: own,
    sandbox_policy: '{"type":"read-only"}',
    approval_mode: "on-request",
    tokens_used: 10_000 * shown.length,
    has_user_event: 0,
    archived: spec.archived ? 1 : 0,
    archived_at: spec.archived ? seconds(updatedMs) : null,
    cli_version: "0.169.0",
    first_user_message: own,
    model: MODEL,
    created_at_ms: startedMs,
    updated_at_ms: updatedMs,
    preview: first,
    recency_at: seconds(recencyMs),
    recency_at_ms: recencyMs,
    history_mode: mode,
    name: spec.name ?? null,
    ...(spec.pinned ? pinnedCells(updatedMs) : {}),
    ...spec.cells,
  };
}

/** Pinned is what stands in a section of its own (seen in Codex 0.169; `is_pinned` stays 0). */
function pinnedCells(atMs: number): Cells {
  return { thread_section_id: PINNED_SECTION, section_position: 1_000_000, section_entered_at_ms: atMs };
}

/** Codex names the plain file in the row, also where it is compressed. */
export function rowPath(home: AbsPath, { files, id }: Conversation): AbsPath {
  const file = files.at(-1);
  if (file === undefined) return joinPath(home, "sessions", `rollout-${id}.jsonl`);
  return inHome(home, file.path).replace(/\.zst$/, "") as AbsPath;
}

function changedMs({ files, atMs }: Conversation): number {
  return files.at(-1)?.mtimeMs ?? atMs;
}

function insert(table: string, cells: Cells): Statement {
  const names = Object.keys(cells);
  const marks = names.map(() => "?").join(", ");
  return {
    sql: `insert into ${table} (${names.join(", ")}) values (${marks})`,
    values: Object.values(cells),
  };
}
