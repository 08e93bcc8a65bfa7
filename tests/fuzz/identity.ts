/**
 * What an edit of a rollout may and may not change, said without the code under test: lines are split at line feeds,
 * read by the plain reader beside this file, and compared token by token where they were meant to change.
 */
import type { HistoryMode } from "../../lib/core/snapshot.ts";
import { bytesText, compact, isRepeated, type Node, only, parseNode, textAt } from "./json_oracle.ts";

/** A line with its ending. */
export interface RawLine {
  readonly at: number;
  readonly text: string;
  readonly ending: string;
}

/** The lines of bytes, given as one character each. */
export function linesOf(text: string): RawLine[] {
  const lines: RawLine[] = [];
  for (let at = 0; at < text.length;) {
    const feed = text.indexOf("\n", at);
    const end = feed < 0 ? text.length : feed + 1;
    const ending = feed < 0 ? "" : feed > at && text[feed - 1] === "\r" ? "\r\n" : "\n";
    lines.push({ at, text: text.slice(at, end - ending.length), ending });
    at = end;
  }
  return lines;
}

/** What a line states about the thread. */
export interface Stated {
  readonly kind: "meta" | "settings";
  /** The object that holds the values. */
  readonly holder: Node;
  readonly provider: string | undefined;
  readonly providerNode: Node | undefined;
  readonly id: string | undefined;
  readonly mode: HistoryMode;
}

const SETTINGS_KEYS = [
  "model",
  "model_provider_id",
  "approval_policy",
  "approvals_reviewer",
  "permission_profile",
  "cwd",
  "collaboration_mode",
];
const META_KEYS = [
  "id",
  "model_provider",
  "history_base",
  "cwd",
  "source",
  "history_mode",
  "creator_user_id",
  "creator_account_id",
  "account_scoped",
  "session_id",
  "runtime_workspace_roots",
  "forked_from_ordinal_exclusive",
];

/** What Codex accepts a line as; undefined for every other line. */
export function stated(text: string, mode: HistoryMode): Stated | undefined {
  if (!/session_meta|thread_settings_applied/.test(text)) return undefined;
  const top = parseNode(text);
  if (top?.kind !== "object" || isRepeated(top, "type") || isRepeated(top, "payload")) return undefined;
  const payload = only(top, "payload");
  const type = textOf(text, only(top, "type"));
  if (payload?.kind !== "object") return undefined;
  return type === "session_meta"
    ? metaOf(text, payload)
    : type === "event_msg"
    ? settingsOf(text, top, payload, mode)
    : undefined;
}

function textOf(text: string, node: Node | undefined): string | undefined {
  return node?.kind === "string" ? textAt(text, node.start, node.end) : undefined;
}

function metaOf(text: string, payload: Node): Stated | undefined {
  if (META_KEYS.some((key) => isRepeated(payload, key))) return undefined;
  const id = textOf(text, only(payload, "id"));
  const providerNode = only(payload, "model_provider");
  if (!id || providerNode !== undefined && providerNode.kind !== "string" && providerNode.kind !== "null") {
    return undefined;
  }
  return {
    kind: "meta",
    holder: payload,
    provider: textOf(text, providerNode),
    providerNode,
    id: id.toLowerCase(),
    mode: textOf(text, only(payload, "history_mode")) === "paginated" ? "paginated" : "legacy",
  };
}

function settingsOf(text: string, top: Node, payload: Node, mode: HistoryMode): Stated | undefined {
  const settings = only(payload, "thread_settings");
  const ordinal = only(top, "ordinal")?.kind;
  if (mode === "paginated" && ordinal !== "number" || settings?.kind !== "object") return undefined;
  if (textOf(text, only(payload, "type")) !== "thread_settings_applied") return undefined;
  if (SETTINGS_KEYS.some((key) => only(settings, key) === undefined)) return undefined;
  const repeated = isRepeated(top, "timestamp") || isRepeated(top, "ordinal");
  if (repeated || isRepeated(settings, "runtime_workspace_roots")) return undefined;
  const providerNode = only(settings, "model_provider_id");
  const provider = textOf(text, providerNode);
  if (provider === undefined) return undefined;
  return { kind: "settings", holder: settings, provider, providerNode, id: undefined, mode };
}

/** The first line that counts: up to sixteen blank ones are passed over. Undefined when Codex cannot use it. */
export function firstOf(
  lines: readonly RawLine[],
): { readonly line: RawLine; readonly said: Stated } | undefined {
  const n = lines.findIndex(({ text }) => /[^ \t\r\n]/.test(text));
  const line = lines[n];
  if (line === undefined || n > 16) return undefined;
  const said = stated(line.text, "legacy");
  return said?.kind === "meta" ? { line, said } : undefined;
}

/** What a member of an edited object is to become. */
export interface Wanted {
  /** New literals by key. */
  readonly values: ReadonlyMap<string, string>;
  /** Keys that may be left out. */
  readonly givenUp: ReadonlySet<string>;
}

/** Why `after` is not `before` with the wanted values in the object at `holder`, token by token; undefined when it is. */
export function tokenFault(before: string, holder: Node, after: string, wanted: Wanted): string | undefined {
  const top = parseNode(after);
  if (top === undefined) return "the edited line is not JSON";
  const [head, tail] = [compact(before.slice(0, holder.start)), compact(before.slice(holder.end))];
  const whole = compact(after);
  if (!whole.startsWith(head) || !whole.endsWith(tail)) return "tokens outside the object changed";
  const inner = parseNode(whole.slice(head.length, whole.length - tail.length));
  if (inner?.kind !== "object") return "the edited object is none";
  const now = whole.slice(head.length, whole.length - tail.length);
  let n = 0;
  for (const { key, keyStart, keyEnd, value } of holder.members) {
    const found = inner.members[n];
    const sameKey = found !== undefined &&
      now.slice(found.keyStart, found.keyEnd) === before.slice(keyStart, keyEnd);
    const literal = wanted.values.get(key) ?? compact(before.slice(value.start, value.end));
    if (sameKey && now.slice(found.value.start, found.value.end) === literal) n++;
    else if (!wanted.givenUp.has(key)) return `the member ${JSON.stringify(key)} is not as it should be`;
  }
  return n === inner.members.length ? undefined : "there are members that should not be there";
}

/** Members of a first line that only repeat what is said elsewhere, by rules written down here once more. */
export function spareKeys(text: string, said: Stated): Set<string> {
  const spare = new Set<string>();
  const { holder } = said;
  if (textOf(text, only(holder, "session_id"))?.toLowerCase() === said.id) spare.add("session_id");
  const cwd = textOf(text, only(holder, "cwd"));
  const roots = only(holder, "runtime_workspace_roots");
  if (
    roots?.kind === "array" && roots.items.length === 1 && textOf(text, roots.items[0]) === cwd &&
    cwd !== undefined
  ) {
    spare.add("runtime_workspace_roots");
  }
  const base = only(holder, "history_base");
  if (base?.kind === "object") spare.add("forked_from_ordinal_exclusive");
  return spare;
}

/** The literal of a text, one character per byte. */
export function literalOf(text: string): string {
  return bytesText(new TextEncoder().encode(JSON.stringify(text)));
}

/** One line before and after an edit of a file that keeps its lines, and lines that came behind. */
export interface Compared {
  readonly pairs: readonly (readonly [before: RawLine, after: RawLine])[];
  readonly added: readonly RawLine[];
}

/** Puts lines side by side; a last line without an end may have got one. Undefined when lines are missing. */
export function sideBySide(before: readonly RawLine[], after: readonly RawLine[]): Compared | undefined {
  if (after.length < before.length) return undefined;
  const pairs = before.map((line, n) => [line, after[n] ?? line] as const);
  return { pairs, added: after.slice(before.length) };
}
