/** Compressed rollouts: whole files at a time, as the runtime has no synchronous stream for them. */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { AppError, messageOf } from "../core/error.ts";
import { zstdFrames } from "../text/zstd_frames.ts";

/** Largest content that is expanded; a compressed file can claim any size. */
export const MAX_EXPANDED_BYTES: number = 512 * 1024 * 1024;
/** What Codex 0.169 uses for cold rollouts is near the library's default. */
const LEVEL = 3;

/**
 * The content of a compressed file, of all its frames. Throws `failed` when it is damaged, cut off or too large, or the
 * runtime has no zstd.
 */
export function expandZstd(bytes: Uint8Array): Uint8Array {
  // The runtime gives what it has when the data end early, and passes over all that stands behind the first frame.
  const frames = zstdFrames(bytes);
  if (frames === undefined || frames.length === 0) throw unusable();
  const parts: Uint8Array[] = [];
  let room = MAX_EXPANDED_BYTES;
  for (const { from, to, size } of frames) {
    if (size !== undefined && size > room) throw unusable();
    const part = expandFrame(bytes.subarray(from, to), room);
    if (size !== undefined && part.length !== size) throw unusable();
    parts.push(part);
    room -= part.length;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : joined(parts);
}

function expandFrame(frame: Uint8Array, room: number): Uint8Array {
  try {
    // No content at all still takes a byte of room here.
    return zstdDecompressSync(frame, { maxOutputLength: Math.max(1, room) });
  } catch (cause) {
    // Some runtimes name the functions and have nothing behind them (Deno 2.6.8).
    if (cause instanceof TypeError && /constructor|not a function/.test(cause.message)) {
      throw new AppError("failed", "this build cannot read compressed rollouts", { cause });
    }
    throw unusable(cause);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function unusable(cause?: unknown): AppError {
  return new AppError("failed", "the compressed content is damaged or larger than 512 MiB", { cause });
}

/** `bytes` compressed, with a checksum of the content in the frame. Throws `failed` where the runtime has no zstd. */
export function compressZstd(bytes: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 };
  try {
    return zstdCompressSync(bytes, { params });
  } catch (cause) {
    throw new AppError("failed", `compressed rollouts cannot be written by this build: ${messageOf(cause)}`, {
      cause,
    });
  }
}
