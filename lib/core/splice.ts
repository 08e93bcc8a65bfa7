/**
 * Edits as data: "at this offset, these bytes become those". A list of splices is sorted by offset and does not
 * overlap; every offset is one in the content before the edit, so a list can be checked, applied and turned around
 * without looking at the whole file.
 */
import { type ByteString, fromByteString, NO_BYTES, toByteString } from "./bytes.ts";
import { AppError } from "./error.ts";

/** One edit. */
export interface Splice {
  /** Byte offset in the content before the edit. */
  readonly at: number;
  /** What stands there now, and must. */
  readonly before: ByteString;
  /** What stands there afterwards; may differ in length. */
  readonly after: ByteString;
}

/** Content that can be read anywhere, such as a file: `read` returns fewer bytes only at the end. */
export interface SpliceSource {
  /** Size in bytes. */
  readonly size: number;
  /** Up to `length` bytes from `at`; the result may be a buffer that the next call overwrites. */
  read(at: number, length: number): Uint8Array;
}

/** Bytes per piece of {@link spliceChunks}. */
export const SPLICE_CHUNK = 1024 * 1024;

/**
 * `bytes` with the splices carried out. Throws `plan-invalid` for splices that are out of order or overlap, and
 * `state-changed` when a `before` is not what stands there.
 *
 * @param result where to put them, of exactly the right size and not part of `bytes`; new memory unless given
 */
export function applySplices(
  bytes: Uint8Array,
  splices: readonly Splice[],
  result: Uint8Array<ArrayBuffer> = new Uint8Array(splicedSize(bytes.length, splices)),
): Uint8Array<ArrayBuffer> {
  let from = 0;
  let to = 0;
  for (const { at, before, after } of splices) {
    requireBytes(bytes.subarray(at, at + before.length), before, at);
    result.set(bytes.subarray(from, at), to);
    to += at - from;
    result.set(fromByteString(after), to);
    to += after.length;
    from = at + before.length;
  }
  result.set(bytes.subarray(from), to);
  return result;
}

/** The splices that lead from the content after the edit back to the content before it. */
export function invertSplices(splices: readonly Splice[]): Splice[] {
  let shift = 0;
  return splices.map(({ at, before, after }) => {
    const back = { at: at + shift, before: after, after: before };
    shift += after.length - before.length;
    return back;
  });
}

/**
 * Size in bytes of content of `size` bytes once the splices are carried out. Throws `plan-invalid` for splices that
 * are out of order or overlap, and `state-changed` when one lies beyond the end.
 */
export function splicedSize(size: number, splices: readonly Splice[]): number {
  let free = 0;
  let total = size;
  for (const { at, before, after } of splices) {
    if (!Number.isSafeInteger(at) || at < free) {
      throw new AppError("plan-invalid", `edit at offset "${at}" is out of order or overlaps the one before`);
    }
    free = at + before.length;
    if (free > size) throw changed(at);
    total += after.length - before.length;
  }
  return total;
}

/**
 * The content after the edit in pieces of `chunkSize` bytes (the last one shorter), for files of any size. A piece is
 * valid until the next one is asked for. Each `before` is compared on the way, so an error (as in
 * {@link applySplices}) can come after some pieces: what was written from them must be thrown away then.
 */
export function* spliceChunks(
  source: SpliceSource,
  splices: readonly Splice[],
  chunkSize: number = SPLICE_CHUNK,
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  splicedSize(source.size, splices);
  const piece = new Uint8Array(chunkSize);
  let filled = 0;
  for (const part of splicedParts(source, splices, chunkSize)) {
    for (let done = 0; done < part.length;) {
      const fitting = part.subarray(done, done + chunkSize - filled);
      piece.set(fitting, filled);
      filled += fitting.length;
      done += fitting.length;
      if (filled === chunkSize) {
        yield piece;
        filled = 0;
      }
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** The content after the edit in parts as they come: kept ranges, and what the splices put in. */
function* splicedParts(source: SpliceSource, splices: readonly Splice[], most: number) {
  let from = 0;
  for (const { at, before, after } of splices) {
    yield* range(source, from, at, most);
    from = at;
    for (const found of range(source, at, at + before.length, most)) {
      requireBytes(found, before.slice(from - at, from - at + found.length), from);
      from += found.length;
    }
    yield fromByteString(after);
  }
  yield* range(source, from, source.size, most);
}

/** The bytes from `start` to `end`, at most `most` at a time. */
function* range(source: SpliceSource, start: number, end: number, most: number) {
  for (let at = start; at < end;) {
    const bytes = source.read(at, Math.min(most, end - at));
    if (bytes.length === 0) throw new AppError("state-changed", `the file became shorter, at offset "${at}"`);
    yield bytes;
    at += bytes.length;
  }
}

function requireBytes(found: Uint8Array, wanted: string, at: number): void {
  if (toByteString(found) !== wanted) throw changed(at);
}

function changed(at: number): AppError {
  return new AppError(
    "state-changed",
    `the bytes at offset "${at}" are no longer the ones the plan was made for`,
  );
}

/** The smallest single splice that leads from `before` to `after`; an empty one (both sides "") when they are equal. */
export function spliceBetween(before: Uint8Array, after: Uint8Array): Splice {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  if (start === before.length && start === after.length) return { at: 0, before: NO_BYTES, after: NO_BYTES };
  let tail = 0;
  while (tail < shorter - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) {
    tail++;
  }
  return {
    at: start,
    before: toByteString(before.subarray(start, before.length - tail)),
    after: toByteString(after.subarray(start, after.length - tail)),
  };
}

/** Where one splice of two lists in a row lies in the content between them: from `start`, `text` stands there. */
interface Placed {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly splice: Splice;
}

/**
 * One list that does what `first` and then `second` do: `second` is about the content after `first`, the result about
 * the content before it. Pieces that end as they began are left out, bytes that neither list touches stay untouched.
 * Throws `plan-invalid` when `second` expects other bytes than `first` leaves.
 */
export function composeSplices(first: readonly Splice[], second: readonly Splice[]): Splice[] {
  let shift = 0;
  const left = first.map((splice): Placed => {
    const start = splice.at + shift;
    shift += splice.after.length - splice.before.length;
    return { start, end: start + splice.after.length, text: splice.after, splice };
  });
  const right = second.map((splice): Placed => {
    const { at, before } = splice;
    return { start: at, end: at + before.length, text: before, splice };
  });
  let moved = 0;
  return togetherIn(left, right).flatMap(({ firsts, seconds }) => {
    const composed = composeGroup(firsts, seconds, moved);
    for (const { splice: { before, after } } of firsts) moved += after.length - before.length;
    return composed.before === composed.after ? [] : [composed];
  });
}

interface Group {
  readonly firsts: Placed[];
  readonly seconds: Placed[];
}

/** Splices of both lists that overlap or touch in the content between them, in order. */
function togetherIn(left: readonly Placed[], right: readonly Placed[]): Group[] {
  const groups: Group[] = [];
  let end = -1;
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const isLeft = r >= right.length || (left[l]?.start ?? Infinity) <= (right[r]?.start ?? Infinity);
    const placed = isLeft ? left[l++] : right[r++];
    if (placed === undefined) break;
    if (placed.start > end) groups.push({ firsts: [], seconds: [] });
    const group = groups.at(-1);
    (isLeft ? group?.firsts : group?.seconds)?.push(placed);
    end = Math.max(end, placed.end);
  }
  return groups;
}

/** One splice for splices without a gap between them; `moved` is how far those before have moved what follows. */
function composeGroup(firsts: readonly Placed[], seconds: readonly Placed[], moved: number): Splice {
  const start = Math.min(firsts[0]?.start ?? Infinity, seconds[0]?.start ?? Infinity);
  const between = textBetween(firsts, seconds, start);
  const fill = (placed: readonly Placed[], side: "before" | "after") => {
    let text = "";
    let from = 0;
    for (const { start: at, end, splice } of placed) {
      text += between.slice(from, at - start) + splice[side];
      from = end - start;
    }
    return text + between.slice(from) as ByteString;
  };
  return { at: start - moved, before: fill(firsts, "before"), after: fill(seconds, "after") };
}

/** The content between two lists from `start` on, as far as a group of splices without a gap tells it. */
function textBetween(firsts: readonly Placed[], seconds: readonly Placed[], start: number): string {
  let text = "";
  for (const placed of [...firsts, ...seconds].sort((a, b) => a.start - b.start)) {
    const from = placed.start - start;
    const known = text.slice(from, placed.end - start);
    if (!placed.text.startsWith(known)) {
      throw new AppError("plan-invalid", `two edits at offset "${placed.start}" do not fit each other`);
    }
    text += placed.text.slice(known.length);
  }
  return text;
}
