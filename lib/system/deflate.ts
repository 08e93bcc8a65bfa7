/** Deflate, the packing of zip archives: whole files at a time, with a bound on what comes out. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { AppError } from "../core/error.ts";

/** Larger files are not packed, so that none has to be unpacked in memory. */
export const MAX_PACKED_BYTES: number = 64 * 1024 * 1024;

/** `bytes` packed. */
export function deflate(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes);
}

/** The content, which has to have exactly `size` bytes. Throws `failed` when it is damaged or has another size. */
export function inflate(bytes: Uint8Array, size: number): Uint8Array {
  try {
    const content = inflateRawSync(bytes, { maxOutputLength: Math.max(1, size) });
    if (content.length === size) return content;
  } catch (cause) {
    throw new AppError("failed", "the packed content is damaged", { cause });
  }
  throw new AppError("failed", "the packed content has another size than it claims");
}
