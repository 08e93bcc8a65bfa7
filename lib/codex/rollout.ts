/** Reads what a rollout says about its thread: the first line, and the events that speak of the provider later on. */
import { toSearchText } from "../core/bytes.ts";
import type { Damage, HistoryMode, SessionMeta } from "../core/snapshot.ts";
import {
  JsonSpanError,
  type Member,
  member,
  objectMembers,
  spaces,
  type Span,
  stringValue,
} from "../text/json_span.ts";
import { firstLine, type Line, lineAround, linesWithBackward } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";

const ENCODER = new TextEncoder();
/** Found in every line that states a thread's settings. */
export const SETTINGS_MARKER: Uint8Array = ENCODER.encode("thread_settings_applied");
/** Found in every line that describes a session. */
export const META_MARKER: Uint8Array = ENCODER.encode("session_meta");
/** Found wherever the model's reasoning is stored in a form only its own provider can read. */
export const ENCRYPTED_MARKER: Uint8Array = ENCODER.encode('"encrypted_content":"');

/** Keys without which Codex 0.169 passes over a settings event in silence (seen there). */
const SETTINGS_KEYS = [
  "model",
  "model_provider_id",
  "approval_policy",
  "approvals_reviewer",
  "permission_profile",
  "cwd",
  "collaboration_mode",
] as const;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** How many blank lines at the top are passed over. */
const MAX_BLANK_LINES = 16;

/** A `session_meta` line taken apart; all spans are byte offsets in the line. */
export interface MetaLine {
  readonly meta: SessionMeta;
  readonly top: readonly Member[];
  readonly payload: readonly Member[];
  /** The value of `payload.model_provider`, a string or null; undefined when the key is missing. */
  readonly provider: Span | undefined;
}

/** A `thread_settings_applied` line taken apart; all spans are byte offsets in the line. */
export interface SettingsLine {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly top: readonly Member[];
  readonly provider: string;
  readonly providerSpan: Span;
}

/** The first line of a rollout, or why it cannot be used. Reads no more than the line, and never over its bound. */
export function readFirstLine(source: ByteSource): { line: Line; parsed: MetaLine } | Damage {
  if (source.size === 0) return { reason: "empty", detail: "the file is empty" };
  let line = firstLine(source);
  // Codex passes over blank lines at the top.
  for (
    let blank = 0;
    blank < MAX_BLANK_LINES && isLine(line) && spaces(line.bytes, 0) === line.bytes.length;
    blank++
  ) {
    line = lineAround(source, line.at + line.bytes.length + line.ending.length);
  }
  if (line === "too-long") {
    return { reason: "first-line-too-long", detail: "the first line is longer than 8 MiB" };
  }
  if (line === undefined) return { reason: "empty", detail: "the file has no line" };
  const [first, second, third] = line.bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) {
    return {
      reason: "byte-order-mark",
      detail: "the file begins with a byte order mark, which Codex cannot read",
    };
  }
  const parsed = parseMetaLine(line.bytes);
  return "reason" in parsed ? parsed : { line, parsed };
}

function isLine(line: Line | "too-long" | undefined): line is Line {
  return line !== undefined && line !== "too-long";
}

/** Takes a `session_meta` line apart, or says why it is none. */
export function parseMetaLine(bytes: Uint8Array): MetaLine | Damage {
  try {
    const text = toSearchText(bytes);
    const top = objectMembers(bytes, 0, text).members;
    if (textOf(bytes, top, "type") !== "session_meta") {
      return { reason: "not-session-meta", detail: "the first line is not of type session_meta" };
    }
    const payload = nested(bytes, top, "payload", text);
    const id = payload && textOf(bytes, payload, "id");
    if (!payload || !id) return { reason: "no-id", detail: "the first line names no thread" };
    const provider = member(payload, "model_provider");
    if (provider !== undefined && provider.kind !== "string" && provider.kind !== "null") {
      return { reason: "not-session-meta", detail: "the first line names a provider that is no text" };
    }
    requireJson(bytes);
    // Codex refuses a line with one of its keys twice (`member` throws), whether or not anything is to be read there.
    for (const key of EDITED_KEYS) member(payload, key);
    const base = nested(bytes, payload, "history_base", text);
    const meta: SessionMeta = {
      id: id.toLowerCase(),
      provider: textOf(bytes, payload, "model_provider"),
      cwd: textOf(bytes, payload, "cwd"),
      source: sourceOf(bytes, payload),
      mode: textOf(bytes, payload, "history_mode") === "paginated" ? "paginated" : "legacy",
      base: base && textOf(bytes, base, "thread_id"),
      owned: textOf(bytes, payload, "creator_user_id") !== undefined,
    };
    return { meta, top, payload, provider: provider?.value };
  } catch (error) {
    if (!(error instanceof JsonSpanError)) throw error;
    return { reason: "first-line-not-json", detail: `the first line is not readable: ${error.message}` };
  }
}

/** Members of the first line, besides those that are read here, that an edit may put something else in place of. */
const EDITED_KEYS = [
  "session_id",
  "runtime_workspace_roots",
  "forked_from_ordinal_exclusive",
  "creator_account_id",
  "account_scoped",
] as const;

/** Takes a settings event apart; undefined for every other line, and for one that Codex would not accept. */
export function parseSettingsLine(line: Line, mode: HistoryMode): SettingsLine | undefined {
  const { bytes, at } = line;
  try {
    const text = toSearchText(bytes);
    const top = objectMembers(bytes, 0, text).members;
    if (textOf(bytes, top, "type") !== "event_msg") return undefined;
    if (mode === "paginated" && member(top, "ordinal")?.kind !== "number") return undefined;
    const payload = nested(bytes, top, "payload", text);
    if (!payload || textOf(bytes, payload, "type") !== "thread_settings_applied") return undefined;
    const settings = nested(bytes, payload, "thread_settings", text);
    if (!settings || SETTINGS_KEYS.some((key) => member(settings, key) === undefined)) return undefined;
    const value = member(settings, "model_provider_id");
    const provider = value && stringValue(bytes, value.value);
    if (value === undefined || provider === undefined) return undefined;
    // What a copy of the event replaces must be there once, whatever it says (`member` throws).
    for (const key of ["timestamp", "ordinal"]) member(top, key);
    member(settings, "runtime_workspace_roots");
    requireJson(bytes);
    return { at, bytes, top, provider, providerSpan: value.value };
  } catch (error) {
    if (error instanceof JsonSpanError) return undefined;
    throw error;
  }
}

/** The last settings event of a rollout that Codex would accept. Reads backwards from the end. */
export function lastSettings(source: ByteSource, mode: HistoryMode): SettingsLine | undefined {
  for (const line of linesWithBackward(source, [SETTINGS_MARKER])) {
    const settings = line.tooLong ? undefined : parseSettingsLine(line, mode);
    if (settings !== undefined) return settings;
  }
  return undefined;
}

/** Where a rollout states the provider of its thread. */
export interface Statement {
  /** Byte offset of the line. */
  readonly at: number;
  readonly provider: string;
}

/**
 * The line that a rebuild of the state database takes the provider from (seen in Codex 0.169): the last one that is an
 * accepted settings event, or a `session_meta` of the same thread that names a provider. That may be the first line;
 * undefined when no line names one.
 */
export function lastStatement(source: ByteSource, { id, mode }: SessionMeta): Statement | undefined {
  for (const line of linesWithBackward(source, [SETTINGS_MARKER, META_MARKER])) {
    if (line.tooLong) continue;
    const settings = parseSettingsLine(line, mode);
    if (settings !== undefined) return settings;
    const parsed = parseMetaLine(line.bytes);
    if ("reason" in parsed || parsed.meta.id !== id || parsed.meta.provider === undefined) continue;
    return { at: line.at, provider: parsed.meta.provider };
  }
  return undefined;
}

/** The provider a rebuild of the state database takes from this file; undefined when none is written in it. */
export function recordedProvider(source: ByteSource, meta: SessionMeta): string | undefined {
  return lastStatement(source, meta)?.provider;
}

/**
 * Requires that a line is one JSON value in UTF-8 and nothing more. Codex 0.169 reads nothing from a line with any
 * fault in it (seen there), be it far from what is looked at here.
 */
function requireJson(bytes: Uint8Array): void {
  try {
    JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new JsonSpanError("text that is not JSON in UTF-8", 0);
  }
}

function nested(
  bytes: Uint8Array,
  members: readonly Member[],
  key: string,
  text: string,
): readonly Member[] | undefined {
  const found = member(members, key);
  return found?.kind === "object" ? objectMembers(bytes, found.value.start, text).members : undefined;
}

function textOf(bytes: Uint8Array, members: readonly Member[], key: string): string | undefined {
  const found = member(members, key);
  return found && stringValue(bytes, found.value);
}

/** `source` is a word, or an object whose only key says the kind (`{"subagent": …}`). */
function sourceOf(bytes: Uint8Array, payload: readonly Member[]): string | undefined {
  const found = member(payload, "source");
  if (found === undefined) return undefined;
  if (found.kind === "object") return objectMembers(bytes, found.value.start).members[0]?.key;
  return stringValue(bytes, found.value);
}
