/** Appends to a paginated rollout, whose other bytes must stay where they are, a copy of its last settings event. */
import { type ByteString, encodeText, NO_BYTES, toByteString } from "../core/bytes.ts";
import { applySplices, type Splice } from "../core/splice.ts";
import { member, type Span, stringLiteral } from "../text/json_span.ts";
import { endsWithNewline, linesBackward } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";
import type { SettingsLine } from "./rollout.ts";

/** A value of a line, and the JSON literal to put in its place. */
export interface Put {
  readonly span: Span;
  readonly literal: Uint8Array;
}

/**
 * The edit that appends a copy of `last` with other values, the next ordinal and the time of the last line; undefined
 * when none of the last lines can be read.
 */
export function appendSettingsCopy(
  source: ByteSource,
  last: SettingsLine,
  puts: readonly Put[],
): Splice | undefined {
  const end = lastOrdinal(source);
  if (end === undefined) return undefined;
  const glue = endsWithNewline(source) ? NO_BYTES : encodeText("\n");
  const copy = copyOf(last, puts, end);
  return { at: source.size, before: NO_BYTES, after: (glue + copy + "\n") as ByteString };
}

interface LastLine {
  readonly ordinal: number;
  /** The time of the line as it stands there, quotes included. */
  readonly timestamp: Uint8Array;
}

/** Ordinal and time of the last line that can be read; a torn one at the end is passed over, as Codex does. */
function lastOrdinal(source: ByteSource): LastLine | undefined {
  for (const line of linesBackward(source)) {
    const found = line.tooLong ? headOrdinal(line.head) : readOrdinal(line.bytes);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The head of a line as Codex 0.169 writes it: the time, then the ordinal. */
const HEAD = /^\{"timestamp":("[^"\\]*"),"ordinal":(\d{1,15}),/;

/** Ordinal and time of a line that is too long to be read whole. */
function headOrdinal(bytes: Uint8Array): LastLine | undefined {
  const head = new TextDecoder("latin1").decode(bytes);
  const [, timestamp, ordinal] = HEAD.exec(head) ?? [];
  if (timestamp === undefined) return undefined;
  return { ordinal: Number(ordinal), timestamp: stringLiteral(JSON.parse(timestamp)) };
}

function readOrdinal(bytes: Uint8Array): LastLine | undefined {
  try {
    const { ordinal, timestamp } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (!Number.isSafeInteger(ordinal) || typeof timestamp !== "string") return undefined;
    return { ordinal: ordinal as number, timestamp: stringLiteral(timestamp) };
  } catch {
    return undefined;
  }
}

function copyOf({ bytes, top }: SettingsLine, puts: readonly Put[], end: LastLine): ByteString {
  const all = [...puts];
  const timestamp = member(top, "timestamp");
  const ordinal = member(top, "ordinal");
  if (timestamp) all.push({ span: timestamp.value, literal: end.timestamp });
  if (ordinal) {
    all.push({ span: ordinal.value, literal: new TextEncoder().encode(String(end.ordinal + 1)) });
  }
  return toByteString(applySplices(bytes, splicesOf(bytes, all)));
}

/** The splices that put values in place, in order. */
export function splicesOf(bytes: Uint8Array, puts: readonly Put[]): Splice[] {
  return puts.map(({ span, literal }) => ({
    at: span.start,
    before: toByteString(bytes.subarray(span.start, span.end)),
    after: toByteString(literal),
  })).sort((a, b) => a.at - b.at);
}
