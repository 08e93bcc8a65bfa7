/**
 * Where things stand in JSON bytes, without building the value: one level of one object at a time, so that a value
 * can be read or replaced and every other byte stays. Bytes are looked at as a one-byte-per-character string, because
 * the runtime searches those fastest: a 22 KB line takes a few microseconds.
 */
import { toSearchText } from "../core/bytes.ts";

/** Byte offsets; `end` is the first byte after. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The JSON type of a value. */
export type JsonKind = "string" | "number" | "object" | "array" | "true" | "false" | "null";

/** One `"key":value` of an object. */
export interface Member {
  /** The key, decoded. */
  readonly key: string;
  /** The key as it stands there, with its quotes. */
  readonly keySpan: Span;
  readonly value: Span;
  readonly kind: JsonKind;
}

/** Bytes that are not the JSON they should be. The message never repeats the content. */
export class JsonSpanError extends SyntaxError {
  override readonly name = "JsonSpanError";
  /** Byte offset of the fault. */
  readonly offset: number;

  /** @param what the fault, without the place */
  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`);
    this.offset = offset;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Deeper nesting than this is refused; Codex 0.169 itself reads no more than 128 levels (serde_json's limit). */
const MAX_DEPTH = 1024;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORDS = ["true", "false", "null"] as const;

/**
 * The members of the object that starts at the first non-space byte at or after `at`, in order, duplicates included,
 * and the offset after its closing brace. This level is checked strictly; values inside values only for closed
 * strings and matching brackets. Throws {@link JsonSpanError}.
 *
 * @param text `toSearchText(bytes)`, for callers that walk several objects of one line
 */
export function objectMembers(
  bytes: Uint8Array,
  at: number,
  text: string = toSearchText(bytes),
): { members: Member[]; end: number } {
  const members: Member[] = [];
  let i = expect(text, skipSpaces(text, at), OPEN_OBJECT, "an object");
  if (text.charCodeAt(i) === CLOSE_OBJECT) return { members, end: i + 1 };
  for (;;) {
    if (text.charCodeAt(i) !== QUOTE) throw unexpected(text, i, "a key");
    const keySpan = { start: i, end: stringEnd(text, i) };
    const start = expect(text, skipSpaces(text, keySpan.end), COLON, "a colon");
    const kind = kindAt(text, start);
    const value = { start, end: valueEnd(text, start, kind) };
    members.push({ key: decodeKey(bytes, keySpan, text), keySpan, value, kind });
    i = skipSpaces(text, value.end);
    if (text.charCodeAt(i) === CLOSE_OBJECT) return { members, end: i + 1 };
    i = expect(text, i, COMMA, "a comma or the end of the object");
  }
}

/** One value of an array. */
export interface Item {
  readonly value: Span;
  readonly kind: JsonKind;
}

/**
 * The values of the array that starts at the first non-space byte at or after `at`, in order, and the offset after its
 * closing bracket; as strict as {@link objectMembers}. Throws {@link JsonSpanError}.
 *
 * @param text `toSearchText(bytes)`, for callers that walk several arrays of one text
 */
export function arrayItems(
  bytes: Uint8Array,
  at: number,
  text: string = toSearchText(bytes),
): { items: Item[]; end: number } {
  const items: Item[] = [];
  let i = expect(text, skipSpaces(text, at), OPEN_ARRAY, "an array");
  if (text.charCodeAt(i) === CLOSE_ARRAY) return { items, end: i + 1 };
  for (;;) {
    const kind = kindAt(text, i);
    const value = { start: i, end: valueEnd(text, i, kind) };
    items.push({ value, kind });
    i = skipSpaces(text, value.end);
    if (text.charCodeAt(i) === CLOSE_ARRAY) return { items, end: i + 1 };
    i = expect(text, i, COMMA, "a comma or the end of the array");
  }
}

/**
 * The member called `key`; undefined when there is none. Throws {@link JsonSpanError} when there are two: Codex's own
 * reader refuses such an object, so neither may be taken for the value.
 */
export function member(members: readonly Member[], key: string): Member | undefined {
  const found = members.find((one) => one.key === key);
  if (found === undefined) return undefined;
  const again = members.find((one) => one !== found && one.key === key);
  if (again !== undefined) {
    throw new JsonSpanError(`duplicate key ${JSON.stringify(key)}`, again.keySpan.start);
  }
  return found;
}

/**
 * The text of a string value; undefined when the value is not a string. Throws {@link JsonSpanError} for text that is
 * not JSON (bad escape, control character) or not UTF-8: a lossy reading could be written back.
 */
export function stringValue(bytes: Uint8Array, value: Span): string | undefined {
  return bytes[value.start] === QUOTE ? decodeString(bytes, value) : undefined;
}

/** The offset of the first byte at or after `at` that is not JSON white space. */
export function spaces(bytes: Uint8Array, at: number): number {
  let i = at;
  while (isSpace(bytes[i])) i++;
  return i;
}

/** `text` as a JSON string in UTF-8; lone surrogates come out as escapes. */
export function stringLiteral(text: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(text));
}

/**
 * Every run of white space outside strings, at any depth, from the start of `text` to its end. Throws
 * {@link JsonSpanError} for a string that is not closed.
 */
export function spaceRuns(text: string): Span[] {
  const runs: Span[] = [];
  for (let i = 0; i < text.length;) {
    const byte = text.charCodeAt(i);
    if (byte === QUOTE) i = stringEnd(text, i);
    else if (isSpace(byte)) {
      const end = skipSpaces(text, i);
      runs.push({ start: i, end });
      i = end;
    } else i++;
  }
  return runs;
}

/** Whether a byte is JSON white space. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpaces(text: string, at: number): number {
  let i = at;
  while (isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** Steps over `byte` and the white space after it. */
function expect(text: string, at: number, byte: number, what: string): number {
  if (text.charCodeAt(at) !== byte) throw unexpected(text, at, what);
  return skipSpaces(text, at + 1);
}

function unexpected(text: string, at: number, what: string): JsonSpanError {
  return new JsonSpanError(
    at >= text.length ? `${what} is missing, the text ends` : `${what} is missing`,
    at,
  );
}

function kindAt(text: string, at: number): JsonKind {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return "string";
    case OPEN_OBJECT:
      return "object";
    case OPEN_ARRAY:
      return "array";
  }
  return WORDS.find((word) => text.startsWith(word, at)) ?? "number";
}

function valueEnd(text: string, at: number, kind: JsonKind): number {
  if (kind === "string") return stringEnd(text, at);
  if (kind === "object" || kind === "array") return nestedEnd(text, at);
  if (kind !== "number") return at + kind.length;
  NUMBER.lastIndex = at;
  if (!NUMBER.test(text)) throw unexpected(text, at, "a value");
  return NUMBER.lastIndex;
}

/** The offset after the string whose opening quote is at `at`. */
function stringEnd(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1);
  while (quote >= 0) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    // an even number of backslashes escape each other, not the quote
    if ((quote - before) % 2 === 1) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  throw new JsonSpanError("a string is not closed", at);
}

/** The offset after the object or array that opens at `at`. */
function nestedEnd(text: string, at: number): number {
  const closers: number[] = [];
  for (let i = at; i < text.length;) {
    const byte = text.charCodeAt(i);
    if (byte === QUOTE) {
      i = stringEnd(text, i);
      continue;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      // in ASCII each closing bracket is the opening one plus two
      if (closers.push(byte + 2) > MAX_DEPTH) throw new JsonSpanError("too deeply nested", i);
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (closers.pop() !== byte) throw new JsonSpanError("brackets do not match", i);
      if (closers.length === 0) return i + 1;
    }
    i++;
  }
  throw new JsonSpanError("brackets are not closed", at);
}

const PLAIN = /^[ !#-[\]-~]*$/;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Keys are compared and dropped, so they may be cut from the text of the line, which is cheaper by far. */
function decodeKey(bytes: Uint8Array, span: Span, text: string): string {
  const raw = text.slice(span.start + 1, span.end - 1);
  return PLAIN.test(raw) ? raw : decodeString(bytes, span);
}

function decodeString(bytes: Uint8Array, span: Span): string {
  // made from the bytes, not cut from the line's text: a cut would keep the whole line in memory
  const raw = toSearchText(bytes.subarray(span.start + 1, span.end - 1));
  if (PLAIN.test(raw)) return raw;
  try {
    // with the quote first, so that the decoder takes no U+FEFF for a byte order mark
    return JSON.parse(UTF8.decode(bytes.subarray(span.start, span.end))) as string;
  } catch {
    throw new JsonSpanError("a string is not valid JSON text in UTF-8", span.start);
  }
}
