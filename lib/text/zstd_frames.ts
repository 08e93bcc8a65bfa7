/** The frames of zstd data (RFC 8878, section 3.1), found without expanding them: which are there, and are they whole. */

/** A frame that holds content. */
export interface ZstdFrame {
  readonly from: number;
  /** Offset behind its last byte. */
  readonly to: number;
  /** Bytes of the content, where the frame says so. */
  readonly size: number | undefined;
}

const MAGIC = 0xfd2fb528;
/** Sixteen numbers that begin with these digits stand before bytes that are to be passed over. */
const SKIPPED_MAGIC = 0x184d2a5;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const SIZE_BYTES = [0, 2, 4, 8] as const;
const CHECKSUM_BYTES = 4;

/** The frames in their order; undefined when one is cut off, or something else than a frame is among them. */
export function zstdFrames(bytes: Uint8Array): ZstdFrame[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: ZstdFrame[] = [];
  try {
    for (let at = 0; at < bytes.length;) {
      const magic = view.getUint32(at, true);
      if (magic >>> 4 === SKIPPED_MAGIC) {
        at += 8 + view.getUint32(at + 4, true);
      } else if (magic === MAGIC) {
        const frame = frameAt(view, at);
        if (frame === undefined) return undefined;
        frames.push(frame);
        at = frame.to;
      } else return undefined;
      if (at > bytes.length) return undefined;
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined; // read over the end
    throw error;
  }
  return frames;
}

function frameAt(view: DataView, from: number): ZstdFrame | undefined {
  const descriptor = view.getUint8(from + 4);
  const isOneSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeAt = from + 5 + (isOneSegment ? 0 : 1) + DICTIONARY_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  const sizeBytes = sizeFlag === 0 && isOneSegment ? 1 : SIZE_BYTES[sizeFlag as 0 | 1 | 2 | 3];
  let at = sizeAt + sizeBytes;
  for (let isLast = false; !isLast;) {
    const header = view.getUint16(at, true) | view.getUint8(at + 2) << 16;
    isLast = (header & 1) === 1;
    const kind = header >> 1 & 3;
    if (kind === 3) return undefined;
    // A block of the second kind is one byte, repeated.
    at += 3 + (kind === 1 ? 1 : header >> 3);
  }
  if ((descriptor & 4) !== 0) at += CHECKSUM_BYTES;
  return { from, to: at, size: sizeOf(view, sizeAt, sizeBytes) };
}

function sizeOf(view: DataView, at: number, bytes: number): number | undefined {
  switch (bytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    case 8:
      return Number(view.getBigUint64(at, true));
    default:
      return undefined;
  }
}
