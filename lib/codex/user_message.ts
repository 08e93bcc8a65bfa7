/** What the user said first in a rollout: the text that Codex's lists show, and whether there is any at all. */
import { linesWith } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";

const ENCODER = new TextEncoder();
/** In a legacy file the event, in a paginated one the finished item (seen in Codex 0.169). */
const MESSAGE_MARKERS = ['"user_message"', '"UserMessage"'].map((text) => ENCODER.encode(text));
const ROLE_MARKER = ENCODER.encode('"role":"user"');

/** What an editor puts before the request goes before this heading, and Codex shows only what follows it. */
const REQUEST = "## My request for Codex:";
/** What Codex shows for a message of nothing but pictures. */
const IMAGE_ONLY = "[Image]";
/** How far into a file is looked, in bytes. The first message usually stands within the first 100 KB. */
const LOOK_BYTES = 16 * 1024 * 1024;

/**
 * The preview that Codex 0.169 makes for a file: its first message of the user that is not empty, without what stands
 * before the request and without white space around it, however long; undefined when there is none near its beginning.
 *
 * @param end how much of the file counts, in bytes
 */
export function firstPreview(source: ByteSource, end: number = source.size): string | undefined {
  for (const line of linesWith(headOf(source, end), MESSAGE_MARKERS)) {
    if (line.tooLong) return undefined;
    const message = messageIn(parse(line.bytes));
    if (message === undefined) continue;
    const text = stripped(message.text);
    if (text !== "") return text;
    if (message.hasImage) return IMAGE_ONLY;
  }
  return undefined;
}

/** The title that goes with a preview: pictures give none. */
export function titleFor(preview: string): string {
  return preview === IMAGE_ONLY ? "" : preview;
}

/**
 * Whether the beginning of a file holds a message that a person wrote. What Codex itself says in the user's name, such
 * as the environment or the instructions of a project, is none.
 */
export function hasUserMessage(source: ByteSource): boolean {
  for (const line of linesWith(headOf(source), [...MESSAGE_MARKERS, ROLE_MARKER])) {
    if (line.tooLong) continue;
    const value = parse(line.bytes);
    const messages = [messageIn(value), ...spokenIn(value)];
    if (messages.some((message) => message !== undefined && isAuthored(message))) return true;
  }
  return false;
}

/** Whether a text is one that a person wrote, and not one that Codex puts in the user's name. */
export function isAuthoredText(text: string): boolean {
  const trimmed = trim(text);
  if (trimmed === "" || trimmed.startsWith("# AGENTS.md instructions")) return false;
  const tag = /^<([a-z_-]+)[\s>]/i.exec(trimmed)?.[1];
  if (tag === undefined) return true;
  return !SPOKEN_BY_CODEX.has(tag.toLowerCase());
}

/** Tags around what Codex says in the user's name. */
const SPOKEN_BY_CODEX: ReadonlySet<string> = new Set([
  "environment_context",
  "user_instructions",
  "instructions",
  "permissions",
  "collaboration_mode",
  "skill",
  "skills_instructions",
  "apps_instructions",
  "plugins_instructions",
  "turn_aborted",
  "subagent_notification",
  "subagent_context",
  "model_switch",
  "personality_spec",
]);

interface Message {
  readonly text: string;
  readonly hasImage: boolean;
}

function isAuthored({ text, hasImage }: Message): boolean {
  return isAuthoredText(text) || (hasImage && trim(text) === "");
}

/** The user's message that an event tells of. */
function messageIn(line: unknown): Message | undefined {
  const payload = field(line, "payload");
  if (field(line, "type") !== "event_msg") return undefined;
  if (field(payload, "type") === "user_message") {
    const text = textOf(field(payload, "message"));
    const hasImage = ["images", "local_images"].some((key) => listOf(field(payload, key)).length > 0);
    return { text, hasImage };
  }
  const item = field(payload, "item");
  if (field(payload, "type") !== "item_completed" || field(item, "type") !== "UserMessage") return undefined;
  const parts = listOf(field(item, "content"));
  return {
    // Without anything between them (seen in Codex 0.169).
    text: parts.map((part) => field(part, "type") === "text" ? textOf(field(part, "text")) : "").join(""),
    hasImage: parts.some((part) => /^(local_)?image$/.test(textOf(field(part, "type")))),
  };
}

/** What the model was sent in the user's name, each part for itself, because Codex adds parts of its own. */
function spokenIn(line: unknown): Message[] {
  const payload = field(line, "payload");
  const isMessage = field(line, "type") === "response_item" && field(payload, "type") === "message";
  if (!isMessage || field(payload, "role") !== "user") return [];
  return listOf(field(payload, "content")).map((part) => ({
    text: textOf(field(part, "text")),
    hasImage: field(part, "type") === "input_image",
  }));
}

function stripped(message: string): string {
  const at = message.indexOf(REQUEST);
  return trim(at < 0 ? message : message.slice(at + REQUEST.length));
}

/** As Rust does, which Codex is written in: what Unicode calls white space, which is not what JavaScript does. */
function trim(text: string): string {
  return text.replace(/^\p{White_Space}+/u, "").replace(/\p{White_Space}+$/u, "");
}

function headOf(source: ByteSource, end: number = source.size): ByteSource {
  const size = Math.min(source.size, LOOK_BYTES, end);
  return { size, read: (at, length) => source.read(at, Math.max(0, Math.min(length, size - at))) };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
