/**
 * Gives a rollout another provider, the way every reader of Codex 0.169 agrees with afterwards.
 *
 * Paginated files have their byte offsets stored elsewhere (in the history database, and in the forks and segments
 * that continue them), so their first line keeps its length and everything else is appended. Legacy files have no
 * stored offsets; there every line that states the provider is changed where it stands.
 */
import { type ByteString, encodeText, NO_BYTES, toByteString } from "../core/bytes.ts";
import type { SessionMeta } from "../core/snapshot.ts";
import type { Splice } from "../core/splice.ts";
import { type Member, member, type Span, stringLiteral, stringValue } from "../text/json_span.ts";
import { linesWith } from "../text/jsonl.ts";
import { memberWithComma, replaceSameLength } from "../text/same_length.ts";
import type { ByteSource } from "../text/source.ts";
import {
  lastSettings,
  lastStatement,
  META_MARKER,
  type MetaLine,
  parseMetaLine,
  parseSettingsLine,
  readFirstLine,
  SETTINGS_MARKER,
} from "./rollout.ts";
import { appendSettingsCopy, splicesOf } from "./settings_copy.ts";

/** Why a file cannot be changed. */
export interface Refusal {
  readonly refused: string;
}

/** The edits that make `source` state `provider` everywhere it counts; empty when it does already. */
export function relabel(source: ByteSource, provider: string): readonly Splice[] | Refusal {
  const first = readFirstLine(source);
  if ("reason" in first) return { refused: first.detail };
  const { line, parsed } = first;
  if (parsed.meta.mode === "legacy") {
    return editLegacyLines(source, (bytes) => relabelLegacyLine(bytes, parsed.meta.id, provider));
  }
  const head = relabelFirstLine(line.bytes, parsed, provider);
  if ("refused" in head) return head;
  const tail = appendSettings(source, parsed.meta, line.at, provider);
  return "refused" in tail
    ? tail
    : [...head.map((splice) => ({ ...splice, at: line.at + splice.at })), ...tail];
}

/** The first line of a paginated file, at its old length. */
function relabelFirstLine(
  bytes: Uint8Array,
  parsed: MetaLine,
  provider: string,
): readonly Splice[] | Refusal {
  if (parsed.meta.provider === provider) return [];
  if (parsed.provider === undefined) return { refused: "its first line names no provider" };
  return replaceSameLength(bytes, parsed.provider, stringLiteral(provider), donors(bytes, parsed)) ??
    { refused: "its first line has no room for a longer provider name" };
}

/**
 * Members of the first line that no reader of Codex 0.169 misses when they are gone, best first: a session id that
 * only repeats the thread id, workspace roots that only repeat the working folder, and in forks the place where they
 * left their parent, which `history_base` says as well.
 *
 * @param except a member that is to stay
 */
export function donors(bytes: Uint8Array, { payload, meta }: MetaLine, except?: string): Span[] {
  const spans: Span[] = [];
  const give = (key: string, same: (found: Member) => boolean) => {
    const found = key === except ? undefined : member(payload, key);
    if (found && same(found)) spans.push(memberWithComma(bytes, payload, payload.indexOf(found)));
  };
  give("session_id", (found) => stringValue(bytes, found.value)?.toLowerCase() === meta.id);
  give("runtime_workspace_roots", (found) => {
    const roots = toByteString(bytes.subarray(found.value.start, found.value.end));
    return meta.cwd !== undefined && roots === `[${toByteString(stringLiteral(meta.cwd))}]`;
  });
  give("forked_from_ordinal_exclusive", (found) => found.kind === "number" && meta.base !== undefined);
  return spans;
}

/**
 * A copy of the last settings event, with the new provider and the next ordinal, at the end of a paginated file; none
 * when the first line (at `top`) is the last word, as in a fork without a turn of its own.
 */
function appendSettings(
  source: ByteSource,
  meta: SessionMeta,
  top: number,
  provider: string,
): readonly Splice[] | Refusal {
  const word = lastStatement(source, meta);
  if (word === undefined || word.at === top || word.provider === provider) return [];
  const last = lastSettings(source, "paginated");
  if (last === undefined) return { refused: "a later line repeats its first one, with the old provider" };
  const copy = appendSettingsCopy(source, last, [{
    span: last.providerSpan,
    literal: stringLiteral(provider),
  }]);
  return copy === undefined ? { refused: "none of its last lines can be read" } : [copy];
}

/**
 * The edits that `editsOf` wants, with offsets in the line, in the lines of a legacy file that describe a session or
 * its settings: where such files state something, they state it there.
 */
export function editLegacyLines(
  source: ByteSource,
  editsOf: (bytes: Uint8Array) => readonly Splice[],
): readonly Splice[] | Refusal {
  const splices: Splice[] = [];
  for (const line of linesWith(source, [META_MARKER, SETTINGS_MARKER])) {
    if (line.tooLong) return { refused: "one of its lines is longer than 8 MiB" };
    for (const splice of editsOf(line.bytes)) splices.push({ ...splice, at: line.at + splice.at });
  }
  return splices;
}

/** A `session_meta` of the thread itself, or a settings event, of a legacy file. */
function relabelLegacyLine(bytes: Uint8Array, id: string, provider: string): readonly Splice[] {
  const literal = stringLiteral(provider);
  const settings = parseSettingsLine({ at: 0, bytes, ending: "\n" }, "legacy");
  if (settings !== undefined) {
    return settings.provider === provider ? [] : splicesOf(bytes, [{ span: settings.providerSpan, literal }]);
  }
  const parsed = parseMetaLine(bytes);
  if ("reason" in parsed || parsed.meta.id !== id || parsed.meta.provider === provider) return [];
  if (parsed.provider === undefined) return insertProvider(parsed, literal);
  return splicesOf(bytes, [{ span: parsed.provider, literal }]);
}

/** Old files name no provider at all; Codex then takes whichever is in force, so the name is added. */
function insertProvider(parsed: MetaLine, literal: Uint8Array): readonly Splice[] {
  const last = parsed.payload.at(-1);
  if (last === undefined) return [];
  const after = encodeText(',"model_provider":') + toByteString(literal);
  return [{ at: last.value.end, before: NO_BYTES, after: after as ByteString }];
}
