/**
 * Changing a value in a one-line JSON object without changing the length of the line. Room comes from insignificant
 * white space, then from members that may be given up ("donors"); what is left over becomes spaces right behind the
 * value, where the next edit finds it first.
 */
import { NO_BYTES, toByteString, toSearchText } from "../core/bytes.ts";
import { type Splice, spliceBetween } from "../core/splice.ts";
import { isSpace, type Member, spaceRuns, spaces, type Span } from "./json_span.ts";

const SPACE = 0x20;
const LINE_FEED = 0x0a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The edits that put `literal` (a JSON literal, without line breaks) in place of `value` in `line`, whose length stays:
 * one at the value, and one for each piece that gave up its room. Small, however far apart they are. Undefined when
 * there is no room; none for an equal value.
 *
 * @param line one JSON object without its line ending, already walked by `objectMembers`
 * @param donors members that may be removed, taken in this order and only as many as needed; a span may include the
 *   comma ({@link memberWithComma}) or not: commas come out right either way. Throws `RangeError` for a donor that
 *   touches the value or lies outside the line.
 * @param growth by how many bytes the line is to be longer afterwards all the same; negative: shorter
 */
export function replaceSameLength(
  line: Uint8Array,
  value: Span,
  literal: Uint8Array,
  donors: readonly Span[] = [],
  growth = 0,
): readonly Splice[] | undefined {
  if (literal.includes(LINE_FEED)) throw new RangeError("a literal with a line break would end the line");
  const need = literal.length - (value.end - value.start) - growth;
  const removed = need <= 0 ? [] : findRoom(line, value, need, donors);
  if (removed === undefined) return undefined;
  const padded = new Uint8Array(literal.length + sizeOf(removed) - need).fill(SPACE);
  padded.set(literal);
  const change = spliceBetween(line.subarray(value.start, value.end), padded);
  const changes = change.before === change.after ? [] : [{ ...change, at: value.start + change.at }];
  return [
    ...changes,
    ...removed.map(({ start, end }) => ({
      at: start,
      before: toByteString(line.subarray(start, end)),
      after: NO_BYTES,
    })),
  ].sort((a, b) => a.at - b.at);
}

/**
 * The bytes of one member and one comma: the one after it, the one before it when it is the last, none when it is the
 * only one. `members` are all members of one object of `bytes`, as `objectMembers` gives them.
 */
export function memberWithComma(bytes: Uint8Array, members: readonly Member[], index: number): Span {
  const own = members[index];
  if (own === undefined) throw new RangeError(`there is no member ${index}`);
  const start = own.keySpan.start;
  if (index < members.length - 1) return { start, end: spaces(bytes, own.value.end) + 1 };
  return { start: index === 0 ? start : tokenBefore(bytes, start), end: own.value.end };
}

/** What to remove so that at least `need` bytes become free: white space near the value first, then donors. */
function findRoom(line: Uint8Array, value: Span, need: number, donors: readonly Span[]): Span[] | undefined {
  for (const donor of donors) {
    const apart = donor.end <= value.start || donor.start >= value.end;
    if (!apart || donor.start < 0 || donor.end > line.length || donor.start >= donor.end) {
      throw new RangeError(`the donor at byte ${donor.start} is not beside the value`);
    }
  }
  let removed: Span[] = [];
  for (const run of spacesNear(line, value)) {
    if (sizeOf(removed) >= need) return removed;
    removed = merge([...removed, run]);
  }
  for (const donor of donors) {
    if (sizeOf(removed) >= need) return removed;
    removed = withCommas(line, [...removed, donor]);
  }
  return sizeOf(removed) >= need ? removed : undefined;
}

/** The removable runs of white space, nearest to the value first; of two equally near ones, the one behind it. */
function spacesNear(line: Uint8Array, value: Span): Span[] {
  const rank = ({ start, end }: Span) =>
    start >= value.end ? 2 * (start - value.end) : 2 * (value.start - end) + 1;
  const removable = ({ start, end }: Span) =>
    (end <= value.start || start >= value.end) && (isBorder(line[start - 1]) || isBorder(line[end]));
  return spaceRuns(toSearchText(line)).filter(removable).sort((a, b) => rank(a) - rank(b));
}

/** Whether white space beside this byte separates nothing: brackets, comma, colon, quote, an end of the line. */
function isBorder(byte: number | undefined): boolean {
  return byte === undefined || '{}[],:"'.includes(String.fromCharCode(byte));
}

/** The spans, merged, each with the comma that must go with it so that the object stays well formed. */
function withCommas(line: Uint8Array, spans: readonly Span[]): Span[] {
  let current = merge(spans);
  for (;;) {
    const grown = merge(current.map((span) => withComma(line, span)));
    if (sizeOf(grown) === sizeOf(current)) return grown;
    current = grown;
  }
}

function withComma(line: Uint8Array, { start, end }: Span): Span {
  const before = tokenBefore(line, start);
  const after = spaces(line, end);
  const next = line[after];
  if (next === COMMA && (line[before] === COMMA || line[before] === OPEN_OBJECT)) {
    return { start, end: after + 1 };
  }
  if (next === CLOSE_OBJECT && line[before] === COMMA) return { start: before, end };
  return { start, end };
}

/** The same bytes as sorted spans that do not touch. */
function merge(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && last.end >= span.start) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    } else merged.push(span);
  }
  return merged;
}

function sizeOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The offset of the last byte before `at` that is not white space; -1 when there is none. */
function tokenBefore(line: Uint8Array, at: number): number {
  let i = at - 1;
  while (isSpace(line[i])) i--;
  return i;
}
