/**
 * Small pieces of files inside plans and records. A {@link ByteString} holds one byte per character (U+0000 to
 * U+00FF), so it is compact in memory, exact for any bytes, and survives JSON unchanged.
 */
import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";

declare const byteString: unique symbol;
/** Bytes as characters U+0000 to U+00FF; not text, and never printed as such. */
export type ByteString = string & { readonly [byteString]: true };

/** The empty piece. */
export const NO_BYTES = "" as ByteString;

const SINGLE_BYTE = new TextDecoder("latin1");
/** What the decoder makes of bytes 0x80 to 0x9f, which it takes for those of Windows. */
const OTHER_THAN_BYTES = /[\u0100-\uffff]/;

/** `bytes` as a {@link ByteString}; a copy, so a shared buffer is not kept alive. */
export function toByteString(bytes: Uint8Array): ByteString {
  // Compact in every runtime; the other way makes a string of a thousand pieces in some.
  const text = SINGLE_BYTE.decode(bytes);
  if (!OTHER_THAN_BYTES.test(text)) return text as ByteString;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1") as ByteString;
}

/** The bytes of a {@link ByteString}. */
export function fromByteString(text: ByteString): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  Buffer.from(bytes.buffer).write(text, "latin1");
  return bytes;
}

/**
 * `bytes` as a string of the same length in which ASCII is itself and every other byte is some other character: for
 * finding things, never for keeping them. Strings are searched several times faster than arrays, and this way of
 * making one is fast in every runtime.
 */
export function toSearchText(bytes: Uint8Array): string {
  return SINGLE_BYTE.decode(bytes);
}

/** UTF-8 bytes of `text` as a {@link ByteString}. */
export function encodeText(text: string): ByteString {
  return toByteString(new TextEncoder().encode(text));
}

/** `value` if it is a string of characters up to U+00FF, otherwise undefined. */
export function parseByteString(value: unknown): ByteString | undefined {
  if (typeof value !== "string") return undefined;
  // deno-lint-ignore no-control-regex -- bytes, not text: every value up to 0xff is meant
  return /^[\u0000-\u00ff]*$/.test(value) ? value as ByteString : undefined;
}

/** Lower-case hex SHA-256 of `data` (text is hashed as UTF-8). */
export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A running SHA-256, for content that is read piece by piece. */
export function sha256Stream(): Hash {
  return createHash("sha256");
}
