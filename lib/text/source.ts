/** Random access to bytes, wherever they are, so that the readers of this folder need no file calls. */

/** A file, or bytes in memory. */
export interface ByteSource {
  /** Size in bytes when the source was made; nothing beyond it is read. */
  readonly size: number;
  /**
   * Up to `length` bytes from offset `at`, fewer only at the end. The result may be a view of a buffer that is used
   * again: it is valid until the next `read`.
   */
  read(at: number, length: number): Uint8Array;
}

/** `bytes` as a source. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}
