/** The records that Codex 0.169 writes into a rollout, one value for each line. */
import type { HistoryMode } from "../core/snapshot.ts";
import { makeCiphertext, makeId } from "./ids.ts";
import type { TurnSpec } from "./spec.ts";

/** A line before it has its ordinal and its place in the file. */
export interface Draft {
  readonly atMs: number;
  readonly type: "session_meta" | "event_msg" | "response_item" | "turn_context";
  readonly payload: object;
  /** The turn it belongs to. */
  readonly turn?: string;
  /** First and last line of a turn. */
  readonly edge?: "start" | "end";
  /** What the history database shows for this line. */
  readonly item?: Item;
}

/** Something that is shown in a turn. */
export interface Item {
  readonly id: string;
  readonly type: "userMessage" | "agentMessage" | "reasoning";
  readonly json: string;
}

/** What all lines of a thread have in common. */
export interface Scene {
  /** Thread id. */
  readonly id: string;
  readonly mode: HistoryMode;
  readonly cwd: string;
  /** Provider in the settings events; null: none are written. */
  readonly settings: string | null;
}

/** Model of every thread; any name will do. */
export const MODEL = "gpt-5";

/** Time between two lines of a turn, milliseconds. */
const STEP_MS = 700;

const PERMISSIONS = {
  type: "managed",
  file_system: {
    type: "restricted",
    entries: [{ path: { type: "special", value: { kind: "root" } }, access: "read" }],
  },
  network: "restricted",
};

const COLLABORATION = {
  mode: "default",
  settings: { model: MODEL, reasoning_effort: null, developer_instructions: null },
};

/** The `thread_settings_applied` event: the second place of the provider, none where the scene has none. */
export function settingsLine({ id, cwd, settings }: Scene, atMs: number): Draft[] {
  if (settings === null) return [];
  const payload = {
    type: "thread_settings_applied",
    thread_id: id,
    thread_settings: {
      model: MODEL,
      model_provider_id: settings,
      approval_policy: "on-request",
      approvals_reviewer: "user",
      requested_approvals_reviewer: "user",
      permission_profile: PERMISSIONS,
      cwd,
      runtime_workspace_roots: [cwd],
      collaboration_mode: COLLABORATION,
      disabled_plugin_ids: [],
    },
  };
  return [{ atMs, type: "event_msg", payload }];
}

/** All lines of one turn; `opening` ones, such as the settings of a new thread, stand before the user's words. */
export function turnLines(
  scene: Scene,
  turn: TurnSpec,
  atMs: number,
  opening: (atMs: number) => readonly Draft[],
): Draft[] {
  const id = makeId(atMs, `${scene.id}/turn/${atMs}`);
  const user = makeId(atMs + STEP_MS, `${id}/user`);
  const drafts: Draft[] = [
    started(id, atMs),
    context(scene, id, atMs),
    ...opening(atMs),
    ...userLines(scene, turn, { turn: id, item: user, atMs: atMs + STEP_MS }),
    ...(turn.encrypted
      ? reasoningLines(scene, { turn: id, item: `rs_${hexOf(id)}`, atMs: atMs + 2 * STEP_MS })
      : []),
    ...agentLines(scene, turn, { turn: id, item: `msg_${hexOf(id)}`, atMs: atMs + 3 * STEP_MS }),
    tokens(atMs + 4 * STEP_MS),
    completed(turn, id, atMs, atMs + 5 * STEP_MS),
  ];
  return drafts.map((draft) => ({ ...draft, turn: id }));
}

interface Place {
  readonly turn: string;
  readonly item: string;
  readonly atMs: number;
}

function started(id: string, atMs: number): Draft {
  const payload = {
    type: "task_started",
    turn_id: id,
    root_turn_id: id,
    started_at: seconds(atMs),
    model_context_window: 258400,
    collaboration_mode_kind: "default",
  };
  return { atMs, type: "event_msg", payload, edge: "start" };
}

function context({ cwd }: Scene, id: string, atMs: number): Draft {
  const payload = {
    turn_id: id,
    root_turn_id: id,
    cwd,
    approval_policy: "on-request",
    approvals_reviewer: "user",
    permission_profile: PERMISSIONS,
    model: MODEL,
    collaboration_mode: COLLABORATION,
    summary: "auto",
    sandbox_policy: { type: "read-only" },
  };
  return { atMs, type: "turn_context", payload };
}

/** What Codex tells the model about the surroundings when a thread begins. */
export function environmentLine({ cwd }: Scene, atMs: number): Draft {
  const text = `<environment_context>\n  <cwd>${cwd}</cwd>\n  <shell>bash</shell>\n</environment_context>`;
  return {
    atMs,
    type: "response_item",
    payload: message("user", `msg_${seconds(atMs)}`, "input_text", text),
  };
}

function userLines({ id, mode }: Scene, { user }: TurnSpec, { turn, item, atMs }: Place): Draft[] {
  const said: Draft = {
    atMs,
    type: "response_item",
    payload: message("user", `msg_${hexOf(item)}`, "input_text", user),
  };
  const content = [{ type: "text", text: user, text_elements: [] }];
  const event = mode === "legacy"
    ? { type: "user_message", message: user, images: [], local_images: [], text_elements: [] }
    : itemEvent(id, turn, atMs, { type: "UserMessage", id: item, content });
  const json = JSON.stringify({ type: "userMessage", id: item, clientId: null, content });
  return [said, { atMs, type: "event_msg", payload: event, item: { id: item, type: "userMessage", json } }];
}

function reasoningLines({ id, mode }: Scene, { turn, item, atMs }: Place): Draft[] {
  const summary = "Looking at the code first";
  const event = mode === "legacy"
    ? { type: "agent_reasoning", text: summary }
    : itemEvent(id, turn, atMs, { type: "Reasoning", id: item, summary_text: [summary], raw_content: [] });
  const json = JSON.stringify({ type: "reasoning", id: item, summary: [summary], content: [] });
  const payload = {
    type: "reasoning",
    id: item,
    summary: [{ type: "summary_text", text: summary }],
    content: null,
    encrypted_content: makeCiphertext(item),
  };
  return [
    { atMs, type: "event_msg", payload: event, item: { id: item, type: "reasoning", json } },
    { atMs, type: "response_item", payload },
  ];
}

function agentLines({ id, mode }: Scene, { agent }: TurnSpec, { turn, item, atMs }: Place): Draft[] {
  const event = mode === "legacy"
    ? { type: "agent_message", message: agent, phase: null, memory_citation: null }
    : itemEvent(id, turn, atMs, { type: "AgentMessage", id: item, content: [{ type: "Text", text: agent }] });
  const shown = { type: "agentMessage", moderation: null, id: item, text: agent, phase: null };
  const json = JSON.stringify({ ...shown, memoryCitation: null, delivery: null, questions: null });
  return [
    { atMs, type: "event_msg", payload: event, item: { id: item, type: "agentMessage", json } },
    { atMs, type: "response_item", payload: message("assistant", item, "output_text", agent) },
  ];
}

function tokens(atMs: number): Draft {
  const usage = {
    input_tokens: 9_000,
    cached_input_tokens: 0,
    output_tokens: 1_000,
    reasoning_output_tokens: 0,
    total_tokens: 10_000,
  };
  const info = { total_token_usage: usage, last_token_usage: usage, model_context_window: 258400 };
  return { atMs, type: "event_msg", payload: { type: "token_count", info, rate_limits: null } };
}

function completed({ agent }: TurnSpec, id: string, startMs: number, atMs: number): Draft {
  const payload = {
    type: "task_complete",
    root_turn_id: id,
    turn_id: id,
    last_agent_message: agent,
    started_at: seconds(startMs),
    completed_at: seconds(atMs),
    duration_ms: atMs - startMs,
  };
  return { atMs, type: "event_msg", payload, edge: "end" };
}

function itemEvent(thread: string, turn: string, atMs: number, item: object): object {
  return {
    type: "item_completed",
    thread_id: thread,
    turn_id: turn,
    item,
    started_at_ms: atMs,
    completed_at_ms: atMs,
  };
}

function message(role: "user" | "assistant", id: string, type: string, text: string): object {
  return { type: "message", id, role, content: [{ type, text }] };
}

/** The last part of an id, for the ids a model gives. */
function hexOf(id: string): string {
  return id.replaceAll("-", "").slice(12);
}

/** Whole seconds since 1970. */
export function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
