/** Compressed rollouts: whole files at a time, as the runtime has no synchronous stream for them. */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { AppError } from "../core/error.ts";

/** Largest content that is expanded; a compressed file can claim any size. */
export const MAX_EXPANDED_BYTES: number = 512 * 1024 * 1024;
/** What Codex 0.169 uses for cold rollouts is near the library's default. */
const LEVEL = 3;

/** The content of a compressed file. Throws `failed` when it is damaged or too large. */
export function expandZstd(bytes: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_EXPANDED_BYTES });
  } catch (cause) {
    throw new AppError("failed", "the compressed content is damaged or larger than 512 MiB", { cause });
  }
}

/** `bytes` compressed, with a checksum of the content in the frame. */
export function compressZstd(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}
