/**
 * What of a rollout's lines travels. To a machine belong the folder, the provider and the account in the lines that
 * describe a session or its settings, and the room that tools make or leave there to keep their length.
 */
import { sha256Stream, toSearchText } from "../core/bytes.ts";
import { META_MARKER, parseMetaLine, parseSettingsLine, SETTINGS_MARKER } from "../codex/rollout.ts";
import { JsonSpanError, type Member, member, objectMembers, spaceRuns } from "../text/json_span.ts";
import { type Line, linesBackward, linesWith, type LongLine } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";

const META_TEXT = toSearchText(META_MARKER);
const SETTINGS_TEXT = toSearchText(SETTINGS_MARKER);
const CARRIAGE_RETURN = 0x0d;

/** Members of a session's description that each machine has its own of, or that only repeat others. */
const OWN_IN_META: ReadonlySet<string> = new Set([
  "cwd",
  "runtime_workspace_roots",
  "model_provider",
  "creator_user_id",
  "creator_account_id",
  "account_scoped",
]);
/** The same of a settings event. */
const OWN_IN_SETTINGS: ReadonlySet<string> = new Set([
  "cwd",
  "runtime_workspace_roots",
  "model_provider_id",
  "creator_user_id",
  "creator_account_id",
]);

/**
 * What travels of a line that describes a session or its settings, as text in which two such lines are equal when
 * nothing else differs; undefined for every other line. Its own line ending is left out of account.
 */
export function travellingText(line: Uint8Array): string | undefined {
  const bytes = withoutReturn(line);
  const text = toSearchText(bytes);
  if (text.includes(META_TEXT)) {
    const meta = metaText(bytes, text);
    if (meta !== undefined) return meta;
  }
  return text.includes(SETTINGS_TEXT) ? settingsText(bytes, text) : undefined;
}

/** Whether a line is a settings event, which travels only before a turn; blank lines carry nothing either. */
export function isSettingsOrBlank(line: Line | LongLine): boolean {
  if (line.tooLong) return false;
  const bytes = withoutReturn(line.bytes);
  if (bytes.length === 0) return true;
  if (!toSearchText(bytes).includes(SETTINGS_TEXT)) return false;
  return parseSettingsLine({ at: line.at, bytes, ending: line.ending }, "legacy") !== undefined;
}

/**
 * SHA-256, hexadecimal, of a rollout's content without what does not travel. Reads the file once, and its end twice.
 */
export function contentSha256(source: ByteSource): string {
  const end = endOfContent(source);
  const hash = sha256Stream();
  const bounded: ByteSource = {
    size: end,
    read: (at, length) => source.read(at, Math.min(length, end - at)),
  };
  let done = 0;
  for (const line of linesWith(bounded, [META_MARKER, SETTINGS_MARKER])) {
    if (line.tooLong) continue;
    const text = travellingText(line.bytes);
    if (text === undefined) continue;
    hashBytes(hash, bounded, done, line.at);
    hash.update(`${text}\n`);
    done = line.at + line.bytes.length + line.ending.length;
  }
  hashBytes(hash, bounded, done, end);
  return hash.digest("hex");
}

/** The offset behind the last line that is no settings event. */
function endOfContent(source: ByteSource): number {
  let end = source.size;
  for (const line of linesBackward(source)) {
    if (!isSettingsOrBlank(line)) return end;
    end = line.at;
  }
  return end;
}

function hashBytes(
  hash: ReturnType<typeof sha256Stream>,
  source: ByteSource,
  from: number,
  to: number,
): void {
  for (let at = from; at < to;) {
    const bytes = source.read(at, Math.min(1024 * 1024, to - at));
    if (bytes.length === 0) return;
    hash.update(bytes);
    at += bytes.length;
  }
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}

function metaText(bytes: Uint8Array, text: string): string | undefined {
  const parsed = parseMetaLine(bytes);
  if ("reason" in parsed) return undefined;
  const { meta, top, payload } = parsed;
  const isOwn = ({ key, value, kind }: Member) => {
    if (OWN_IN_META.has(key)) return true;
    if (key === "session_id") return text.slice(value.start + 1, value.end - 1).toLowerCase() === meta.id;
    return key === "forked_from_ordinal_exclusive" && kind === "number" && meta.base !== undefined;
  };
  return [
    ...membersText(text, top.filter(({ key }) => key !== "payload")),
    "payload:",
    ...membersText(text, payload.filter((one) => !isOwn(one))),
  ].join("\n");
}

function settingsText(bytes: Uint8Array, text: string): string | undefined {
  const parsed = parseSettingsLine({ at: 0, bytes, ending: "" }, "legacy");
  if (parsed === undefined) return undefined;
  try {
    const payload = nested(bytes, parsed.top, "payload", text);
    const settings = nested(bytes, payload, "thread_settings", text);
    return [
      ...membersText(text, parsed.top.filter(({ key }) => key !== "payload")),
      "payload:",
      ...membersText(text, payload.filter(({ key }) => key !== "thread_settings")),
      "settings:",
      ...membersText(text, settings.filter(({ key }) => !OWN_IN_SETTINGS.has(key))),
    ].join("\n");
  } catch (error) {
    if (error instanceof JsonSpanError) return undefined;
    throw error;
  }
}

function nested(bytes: Uint8Array, members: readonly Member[], key: string, text: string): readonly Member[] {
  const found = member(members, key);
  if (found?.kind !== "object") throw new JsonSpanError("an object is missing", 0);
  return objectMembers(bytes, found.value.start, text).members;
}

function membersText(text: string, members: readonly Member[]): string[] {
  return members.map(({ key, value }) =>
    `${JSON.stringify(key)}:${compact(text.slice(value.start, value.end))}`
  );
}

/** JSON without the white space between its tokens. */
function compact(text: string): string {
  let out = "";
  let from = 0;
  for (const { start, end } of spaceRuns(text)) {
    out += text.slice(from, start);
    from = end;
  }
  return out + text.slice(from);
}
