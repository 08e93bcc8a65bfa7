/**
 * Bounded readers of line files. A line is the bytes up to and including "\n", or up to the end of the file; blank
 * lines count. No reader holds more than one line of at most `cap` bytes and one chunk of 1 MB, whatever the file.
 */
import { toSearchText } from "../core/bytes.ts";
import type { ByteSource } from "./source.ts";

/** Longest line that is read into memory, in bytes with its ending. */
export const MAX_LINE = 8 * 1024 * 1024;

/** Bytes read at once where a whole file is gone through. */
const CHUNK = 1024 * 1024;
/** First bytes read where the answer is often near: a first line of Codex 0.169 has about 22 KB. */
const FIRST_CHUNK = 64 * 1024;
/** First bytes read from the end of a file. */
const TAIL_CHUNK = 16 * 1024;
/** Bytes of a too long line that are handed out. */
const HEAD = 4 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** One line. */
export interface Line {
  /** Byte offset of its start. */
  readonly at: number;
  /** Its own copy of the bytes, without the line ending. */
  readonly bytes: Uint8Array;
  /** How it ends; "" only at the end of the file. */
  readonly ending: "" | "\n" | "\r\n";
  readonly tooLong?: never;
}

/** A line longer than the cap. */
export interface LongLine {
  /** Byte offset of its start. */
  readonly at: number;
  readonly tooLong: true;
  /** Its own copy of the first 4 KB. */
  readonly head: Uint8Array;
}

/** A line, or why there is none: it is longer than the cap, or there is nothing. */
export type LineOrTooLong = Line | "too-long" | undefined;

/** Lines one after the other. */
export type Lines = Generator<Line | LongLine, void, void>;

/** The first line as it is, blank or not. Reads 64 KB, then doubles, never more than `cap` bytes. */
export function firstLine(source: ByteSource, cap: number = MAX_LINE): LineOrTooLong {
  if (source.size === 0) return undefined;
  const line = lineFrom(source, 0, cap);
  return line?.tooLong ? "too-long" : line;
}

/** The whole line that contains the byte at `offset`; a line feed belongs to the line it ends. */
export function lineAround(source: ByteSource, offset: number, cap: number = MAX_LINE): LineOrTooLong {
  if (offset < 0 || offset >= source.size) return undefined;
  const start = lineStart(source, offset, Math.max(0, offset - cap));
  if (start === undefined) return "too-long";
  const line = lineFrom(source, start, cap);
  return line?.tooLong ? "too-long" : line;
}

/** Whether the last byte is a line feed; true for an empty source, where a line can begin too. */
export function endsWithNewline(source: ByteSource): boolean {
  return source.size === 0 || source.read(source.size - 1, 1)[0] === LINE_FEED;
}

/** Whether `needle` (not empty) stands anywhere; stops at the first place. */
export function contains(source: ByteSource, needle: Uint8Array): boolean {
  const wanted = toSearchText(needle);
  let want = FIRST_CHUNK;
  for (let at = 0; at < source.size;) {
    const text = toSearchText(source.read(at, want + wanted.length));
    if (text.includes(wanted)) return true;
    if (text.length <= want) return false;
    at += text.length - wanted.length + 1;
    want = Math.min(want * 2, CHUNK);
  }
  return false;
}

/**
 * Every line whose bytes contain any of `markers`, in order; a line longer than `cap` comes as a {@link LongLine}. A
 * marker is not empty and has no line feed in it.
 */
export function* linesWith(
  source: ByteSource,
  markers: readonly Uint8Array[],
  cap: number = MAX_LINE,
): Lines {
  const wanted = markers.map(toSearchText);
  const longest = Math.max(0, ...wanted.map((marker) => marker.length));
  let want = FIRST_CHUNK;
  for (let at = 0; at < source.size;) {
    const chunk = readChunk(source, at, want + longest);
    const { text } = chunk;
    const next = hitFinder(text, wanted);
    let done = 0;
    for (let hit = next(0); hit >= 0; hit = next(done)) {
      const line = lineIn(source, chunk, hit, cap);
      yield line;
      done = lineEnd(source, line, at + hit) - at;
      if (done >= text.length) break;
    }
    if (text.length <= want) return;
    // a marker may begin in the last bytes of this chunk
    at += Math.max(done, text.length - longest + 1);
    want = Math.min(want * 2, CHUNK);
  }
}

/**
 * Gives, for offsets that only grow, where the first of the markers stands at or after it; -1 for nowhere. A marker
 * is looked for again only once its last place is passed, so a rare one does not cost a search for every hit of another.
 */
function hitFinder(text: string, markers: readonly string[]): (from: number) => number {
  let ahead = markers.map((marker) => ({ marker, hit: -1 }));
  return (from) => {
    for (const one of ahead) if (one.hit < from) one.hit = text.indexOf(one.marker, from);
    ahead = ahead.filter((one) => one.hit >= 0);
    return ahead.length === 0 ? -1 : Math.min(...ahead.map((one) => one.hit));
  };
}

/** Like {@link linesWith} from the end backwards, newest line first: every line that contains any of the markers. */
export function* linesWithBackward(
  source: ByteSource,
  markers: readonly Uint8Array[],
  cap: number = MAX_LINE,
): Lines {
  const wanted = markers.map(toSearchText);
  const longest = Math.max(0, ...wanted.map((marker) => marker.length));
  let want = TAIL_CHUNK;
  for (let end = source.size; end > 0;) {
    const at = Math.max(0, end - want);
    // a marker that begins before `end` may go on behind it
    const chunk = readChunk(source, at, end - at + longest);
    const { text } = chunk;
    const previous = hitFinderBackward(text, wanted);
    while (end > at) {
      const hit = previous(end - at);
      if (hit < 0) break;
      const line = lineIn(source, chunk, hit, cap);
      yield line;
      end = line.at;
    }
    end = Math.min(end, at);
    want = Math.min(want * 2, CHUNK);
  }
}

/** {@link hitFinder} the other way: offsets that only fall, and the last marker that begins before it. */
function hitFinderBackward(text: string, markers: readonly string[]): (before: number) => number {
  // searching forward is several times faster, so find out first which markers are there at all
  let ahead = markers.filter((marker) => text.includes(marker)).map((marker) => ({ marker, hit: Infinity }));
  return (before) => {
    for (const one of ahead) if (one.hit >= before) one.hit = text.lastIndexOf(one.marker, before - 1);
    ahead = ahead.filter((one) => one.hit >= 0);
    return Math.max(-1, ...ahead.map((one) => one.hit));
  };
}

/** Every line from the last to the first; a line longer than `cap` comes as a {@link LongLine}. */
export function* linesBackward(source: ByteSource, cap: number = MAX_LINE): Lines {
  let want = TAIL_CHUNK;
  for (let end = source.size; end > 0;) {
    const at = Math.max(0, end - want);
    const chunk = readChunk(source, at, end - at);
    const { text } = chunk;
    const first = at === 0 ? 0 : text.indexOf("\n") + 1;
    if ((at === 0 || first > 0) && first < text.length) {
      while (end > at + first) {
        const line = lineIn(source, chunk, end - at - 1, cap);
        yield line;
        end = line.at;
      }
      want = Math.min(want * 2, CHUNK);
    } else if (want <= cap) {
      want = Math.min(want * 2, cap + 1);
    } else {
      end = lineStart(source, end - 1, 0) ?? 0;
      yield lineFrom(source, end, cap);
      want = CHUNK;
    }
  }
}

/** A part of a source, read once: own copies, so that neither more reads nor a slow consumer can change them. */
interface Chunk {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** The same bytes as a string, which the runtime searches faster than an array. */
  readonly text: string;
}

function readChunk(source: ByteSource, at: number, length: number): Chunk {
  const bytes = source.read(at, length).slice();
  return { at, bytes, text: toSearchText(bytes) };
}

/** The line around offset `hit` of `chunk`. */
function lineIn(source: ByteSource, { at, bytes, text }: Chunk, hit: number, cap: number): Line | LongLine {
  const feed = hit === 0 ? -1 : text.lastIndexOf("\n", hit - 1);
  const start = feed >= 0 ? feed + 1 : (lineStart(source, at, 0) ?? 0) - at;
  const close = text.indexOf("\n", hit);
  if (start < 0 || close < 0 || close + 1 - start > cap) return lineFrom(source, at + start, cap);
  return toLine(at + start, bytes.slice(start, close + 1));
}

/** The line that starts at `at`, which lies within the source. */
function lineFrom(source: ByteSource, at: number, cap: number): Line | LongLine {
  for (let want = FIRST_CHUNK;; want *= 2) {
    const bytes = source.read(at, Math.min(want, cap));
    const feed = bytes.indexOf(LINE_FEED);
    if (feed >= 0) return toLine(at, bytes.slice(0, feed + 1));
    if (at + bytes.length >= source.size || bytes.length < Math.min(want, cap)) {
      return toLine(at, bytes.slice());
    }
    if (want >= cap) return { at, tooLong: true, head: source.read(at, HEAD).slice() };
  }
}

/** Takes the ending off. */
function toLine(at: number, bytes: Uint8Array): Line {
  if (bytes.at(-1) !== LINE_FEED) return { at, bytes, ending: "" };
  if (bytes.at(-2) !== CARRIAGE_RETURN) return { at, bytes: bytes.subarray(0, -1), ending: "\n" };
  return { at, bytes: bytes.subarray(0, -2), ending: "\r\n" };
}

/** The offset after the line feed before `offset`; undefined when there is none from `floor` on, which is not 0. */
function lineStart(source: ByteSource, offset: number, floor: number): number | undefined {
  let want = HEAD;
  for (let end = offset; end > floor;) {
    const at = Math.max(floor, end - want);
    const feed = source.read(at, end - at).lastIndexOf(LINE_FEED);
    if (feed >= 0) return at + feed + 1;
    end = at;
    want = Math.min(want * 2, CHUNK);
  }
  return floor === 0 ? 0 : undefined;
}

/** The offset after `line`; for a long one its line feed is looked for from `inside` on. */
function lineEnd(source: ByteSource, line: Line | LongLine, inside: number): number {
  if (!line.tooLong) return line.at + line.bytes.length + line.ending.length;
  for (let at = inside; at < source.size;) {
    const chunk = source.read(at, CHUNK);
    if (chunk.length === 0) break;
    const feed = chunk.indexOf(LINE_FEED);
    if (feed >= 0) return at + feed + 1;
    at += chunk.length;
  }
  return source.size;
}
