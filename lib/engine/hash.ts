/** Hashes what files hold, piece by piece. */
import { sha256Stream } from "../core/bytes.ts";
import type { ReadFile } from "../system/disk.ts";

/** Bytes read at a time. */
export const PIECE_BYTES: number = 1024 * 1024;

/** SHA-256 of the first `size` bytes of a file; "" when it is shorter. */
export function hashContent(file: ReadFile, size: number): string {
  const hash = sha256Stream();
  for (let at = 0; at < size;) {
    const piece = file.read(at, Math.min(PIECE_BYTES, size - at));
    if (piece.length === 0) return "";
    hash.update(piece);
    at += piece.length;
  }
  return hash.digest("hex");
}
