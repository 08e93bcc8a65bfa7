/** Compressed rollouts: whole files at a time, as the runtime has no synchronous stream for them. */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { AppError, messageOf } from "../core/error.ts";
import { isWholeZstd } from "../text/zstd_frames.ts";

/** Largest content that is expanded; a compressed file can claim any size. */
export const MAX_EXPANDED_BYTES: number = 512 * 1024 * 1024;
/** What Codex 0.169 uses for cold rollouts is near the library's default. */
const LEVEL = 3;

/** The content of a compressed file. Throws `failed` when it is damaged or too large, or the runtime has no zstd. */
export function expandZstd(bytes: Uint8Array): Uint8Array {
  // The runtime gives the beginning of a file that was cut off, and no error (seen in Deno 2.9.6).
  if (!isWholeZstd(bytes)) throw new AppError("failed", "the compressed content is damaged: it is not whole");
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_EXPANDED_BYTES });
  } catch (cause) {
    // Some runtimes name the functions and have nothing behind them (Deno 2.6.8).
    if (cause instanceof TypeError && /constructor|not a function/.test(cause.message)) {
      throw new AppError("failed", "this build cannot read compressed rollouts", { cause });
    }
    throw new AppError("failed", "the compressed content is damaged or larger than 512 MiB", { cause });
  }
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
