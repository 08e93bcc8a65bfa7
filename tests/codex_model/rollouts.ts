/** Small rollouts as text, line by line, for the tests of what is read from them and changed in them. */
import { applySplices, type Splice } from "../../lib/core/splice.ts";
import type { HistoryMode, SessionMeta } from "../../lib/core/snapshot.ts";
import { relabel } from "../../lib/codex/relabel.ts";
import { readFirstLine } from "../../lib/codex/rollout.ts";
import { memorySource } from "../../lib/text/source.ts";
import { fail } from "../assert.ts";

/** Id of the thread that most rollouts are of. */
export const ID = "0199f0a0-0000-7000-8000-000000000001";
/** Id of another thread. */
export const OTHER_ID = "0199f0a0-0000-7000-8000-000000000002";

const encode = (text: string) => new TextEncoder().encode(text);
const time = (n: number) => new Date(Date.UTC(2026, 10, 21, 10, 0, n)).toISOString();

/** Keys of a `session_meta` that differ from the usual; undefined leaves a key out. */
export type Payload = Readonly<Record<string, unknown>>;

/** What a first line is to say. */
export interface Head {
  readonly mode?: HistoryMode;
  readonly provider?: string | null;
  readonly ordinal?: number;
  readonly payload?: Payload;
}

/** A `session_meta` line as Codex 0.169 writes it, without line end. */
export function metaLine(
  { mode = "paginated", provider = "old", ordinal = 0, payload = {} }: Head = {},
): string {
  const fields = {
    account_scoped: true,
    session_id: ID,
    id: ID,
    timestamp: time(0),
    cwd: "/work",
    runtime_workspace_roots: ["/work"],
    originator: "codex_vscode",
    cli_version: "0.169.0",
    source: "vscode",
    ...(provider === null ? {} : { model_provider: provider }),
    base_instructions: { text: 'say "model_provider":"old" and \\ nothing "session_meta" more' },
    history_mode: mode,
    ...payload,
  };
  return record("session_meta", fields, mode, ordinal);
}

/** A `thread_settings_applied` line. */
export function settingsLine(
  provider: string,
  ordinal: number,
  mode: HistoryMode = "paginated",
  settings: Readonly<Record<string, unknown>> = {},
): string {
  const payload = {
    type: "thread_settings_applied",
    thread_id: ID,
    thread_settings: {
      model: "gpt-5",
      model_provider_id: provider,
      approval_policy: "never",
      approvals_reviewer: "user",
      permission_profile: { type: "disabled" },
      cwd: "/work",
      collaboration_mode: { mode: "default" },
      ...settings,
    },
  };
  return record("event_msg", payload, mode, ordinal);
}

/** A message whose words are the caller's. */
export function messageLine(text: string, ordinal: number, mode: HistoryMode = "paginated"): string {
  return record(
    "response_item",
    { type: "message", role: "user", content: [{ type: "input_text", text }] },
    mode,
    ordinal,
  );
}

function record(type: string, payload: object, mode: HistoryMode, ordinal: number): string {
  const head = { timestamp: time(ordinal % 50) };
  return JSON.stringify(
    mode === "paginated" ? { ...head, ordinal, type, payload } : { ...head, type, payload },
  );
}

/** The lines as a file; `end` is what stands behind each. */
export function rollout(lines: readonly string[], end = "\n"): Uint8Array {
  return encode(lines.map((line) => line + end).join(""));
}

/** What the first line says; fails when it is damaged. */
export function metaOf(bytes: Uint8Array): SessionMeta {
  const first = readFirstLine(memorySource(bytes));
  return "reason" in first ? fail(`${first.reason}: ${first.detail}`) : first.parsed.meta;
}

/** The edits that relabel a rollout; fails when it is refused. */
export function splicesTo(bytes: Uint8Array, provider: string): readonly Splice[] {
  const splices = relabel(memorySource(bytes), provider);
  return "refused" in splices ? fail(splices.refused) : splices;
}

/** The rollout after it was relabelled. */
export function relabelled(bytes: Uint8Array, provider: string): Uint8Array {
  return applySplices(bytes, splicesTo(bytes, provider));
}

/** The lines of a file without their ends. */
export function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split(/\r?\n/).slice(0, -1);
}
