/**
 * ChatGPT accounts on threads. Signed in with one, Codex 0.169 writes `creator_user_id` and `creator_account_id` into the
 * first line of every new rollout, forks and segments included; its command line then shows the thread to nobody but
 * that user in that workspace, to a sign-in by API key, and to nobody signed out. It goes by the first line alone, also
 * where it lists from the database (seen there): without the two keys a thread is everybody's.
 */
import { toByteString } from "../core/bytes.ts";
import type { ByteString } from "../core/bytes.ts";
import type { Splice } from "../core/splice.ts";
import { type Member, member, spaces, type Span, stringValue } from "../text/json_span.ts";
import { linesWith } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";
import type { Refusal } from "./relabel.ts";
import { META_MARKER, type MetaLine, parseMetaLine, readFirstLine } from "./rollout.ts";

const CREATOR_KEYS: readonly string[] = ["creator_user_id", "creator_account_id"];

/** The user and the workspace a thread was made by. */
export interface Creator {
  readonly user: string;
  readonly account: string | undefined;
}

/** Whom the first line of a rollout names; undefined when it names nobody or cannot be read. */
export function creatorOf(source: ByteSource): Creator | undefined {
  const first = readFirstLine(source);
  if ("reason" in first) return undefined;
  const { line, parsed } = first;
  const text = (key: string) => {
    const found = member(parsed.payload, key);
    return found && stringValue(line.bytes, found.value);
  };
  const user = text("creator_user_id");
  return user === undefined ? undefined : { user, account: text("creator_account_id") };
}

/** A name for an account that tells it from others and gives little of it away. */
export function shortName({ user, account }: Creator): string {
  return account === undefined ? shorten(user) : `${shorten(user)} in ${shorten(account)}`;
}

function shorten(id: string): string {
  return id.length > 8 ? `${id.slice(0, 8)}…` : id;
}

/**
 * The edits that put spaces in place of the creator keys, so that no byte of the file moves: in the first line, and in
 * a legacy file in every further `session_meta` of the same thread. Empty when there are none.
 */
export function disown(source: ByteSource): readonly Splice[] | Refusal {
  const first = readFirstLine(source);
  if ("reason" in first) return { refused: first.detail };
  const { line, parsed: { meta, payload } } = first;
  if (meta.mode === "paginated") return blankLine(line.bytes, line.at, payload);
  const splices: Splice[] = [];
  for (const each of linesWith(source, [META_MARKER])) {
    if (each.tooLong) return { refused: "one of its lines is longer than 8 MiB" };
    const parsed: MetaLine | { readonly reason: string } = parseMetaLine(each.bytes);
    if ("reason" in parsed || parsed.meta.id !== meta.id) continue;
    splices.push(...blankLine(each.bytes, each.at, parsed.payload));
  }
  return splices;
}

function blankLine(bytes: Uint8Array, at: number, members: readonly Member[]): Splice[] {
  return runsOf(members).map((run) => {
    const { start, end } = spanOf(bytes, members, run);
    const before = toByteString(bytes.subarray(start, end));
    return { at: at + start, before, after: " ".repeat(before.length) as ByteString };
  });
}

/** The first and the last of members that stand side by side. */
interface Run {
  readonly first: number;
  readonly last: number;
}

function runsOf(members: readonly Member[]): Run[] {
  const runs: Run[] = [];
  members.forEach(({ key }, i) => {
    if (!CREATOR_KEYS.includes(key)) return;
    const open = runs.at(-1);
    if (open?.last === i - 1) runs[runs.length - 1] = { first: open.first, last: i };
    else runs.push({ first: i, last: i });
  });
  return runs;
}

/** The members of a run with one comma: the one behind them, or the one before them at the end of the object. */
function spanOf(bytes: Uint8Array, members: readonly Member[], { first, last }: Run): Span {
  const start = members[first]?.keySpan.start ?? 0;
  const end = members[last]?.value.end ?? start;
  if (last < members.length - 1) return { start, end: spaces(bytes, end) + 1 };
  return { start: first === 0 ? start : members[first - 1]?.value.end ?? start, end };
}
