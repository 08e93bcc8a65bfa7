/** Edits of JSON bytes that leave everything else as it stands, its layout included. */
import { type ByteString, encodeText, NO_BYTES, toByteString } from "../core/bytes.ts";
import type { Splice } from "../core/splice.ts";
import type { Member, Span } from "./json_span.ts";

/** The edit that puts a literal in the place of a value or a key. */
export function replaceSpan(bytes: Uint8Array, { start, end }: Span, literal: Uint8Array): Splice {
  return { at: start, before: toByteString(bytes.subarray(start, end)), after: toByteString(literal) };
}

/**
 * The edits that take out some of the values of an array, or members of an object, with their commas.
 *
 * @param spans where all of them stand, in order; of members from the key on
 * @param gone the indexes of those to take out, in order
 */
export function removeSpans(bytes: Uint8Array, spans: readonly Span[], gone: readonly number[]): Splice[] {
  const splices: Splice[] = [];
  for (let n = 0; n < gone.length;) {
    const first = gone[n] ?? 0;
    let last = first;
    while (gone[++n] === last + 1) last++;
    const next = spans[last + 1];
    const from = next === undefined && first > 0 ? spans[first - 1]?.end : spans[first]?.start;
    const to = next === undefined ? spans[last]?.end : next.start;
    if (from === undefined || to === undefined) continue;
    splices.push({ at: from, before: toByteString(bytes.subarray(from, to)), after: NO_BYTES });
  }
  return splices;
}

/**
 * The edit that adds members behind the last one of an object that has some, laid out like the last one.
 *
 * @param members all members of the object
 * @param added keys and JSON literals
 */
export function addMembers(
  bytes: Uint8Array,
  members: readonly Member[],
  added: readonly (readonly [key: string, literal: string])[],
): Splice | undefined {
  const last = members.at(-1);
  if (last === undefined || added.length === 0) return undefined;
  const colon = toByteString(bytes.subarray(last.keySpan.end, last.value.start));
  let start = last.keySpan.start;
  while (start > 0 && isLayout(bytes[start - 1])) start--;
  const layout = toByteString(bytes.subarray(start, last.keySpan.start));
  const text = added.map(([key, literal]) =>
    `,${layout}${encodeText(JSON.stringify(key))}${colon}${encodeText(literal)}`
  );
  return { at: last.value.end, before: NO_BYTES, after: text.join("") as ByteString };
}

function isLayout(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
