/**
 * Whether compressed bytes are all there. A reader that is given half a file gives half the content, and some say
 * nothing of it, so the frames are counted out first: by their headers alone, nothing is expanded (RFC 8878).
 */

const FRAME = 0xfd2fb528;
/** Frames that hold no content; the last four bits are free. */
const SKIPPABLE = 0x184d2a50;
/** Bytes of the dictionary id and of the content size, by the flags of a frame's descriptor. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const SIZE_BYTES = [0, 2, 4, 8] as const;
/** A block of this type repeats one byte. */
const REPEATED = 1;
const RESERVED = 3;

/** Whether `bytes` are one or more whole zstd frames and nothing else. */
export function isWholeZstd(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let frames = 0;
  while (at < bytes.length) {
    const end = frameEnd(view, at);
    if (end === undefined || end > bytes.length) return false;
    if (view.getUint32(at, true) === FRAME) frames++;
    at = end;
  }
  return frames > 0;
}

/** The offset behind a frame, which may lie beyond the end; undefined for bytes that are no frame. */
function frameEnd(view: DataView, start: number): number | undefined {
  if (start + 5 > view.byteLength) return undefined;
  const magic = view.getUint32(start, true);
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
    return start + 8 > view.byteLength ? undefined : start + 8 + view.getUint32(start + 4, true);
  }
  if (magic !== FRAME) return undefined;
  const descriptor = view.getUint8(start + 4);
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingle ? 1 : SIZE_BYTES[sizeFlag] ?? 0;
  const header = 5 + (isSingle ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + sizeBytes;
  const end = blocksEnd(view, start + header);
  const hasChecksum = (descriptor & 0x04) !== 0;
  return end === undefined ? undefined : end + (hasChecksum ? 4 : 0);
}

function blocksEnd(view: DataView, start: number): number | undefined {
  for (let at = start; at + 3 <= view.byteLength;) {
    const block = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (block >> 1) & 3;
    if (type === RESERVED) return undefined;
    at += 3 + (type === REPEATED ? 1 : block >> 3);
    if ((block & 1) === 1) return at;
  }
  return undefined;
}
