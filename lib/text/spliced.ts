/** Content as it will be after edits that are not made yet, read anywhere without making it. */
import { fromByteString } from "../core/bytes.ts";
import { type Splice, splicedSize } from "../core/splice.ts";
import type { ByteSource } from "./source.ts";

/** A range of the content after the edits: put in, or kept from `from` on in the content before them. */
interface Part {
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array | undefined;
  readonly from: number;
}

/**
 * `source` with the splices carried out. Reads only what is asked for; does not look whether every `before` is what
 * stands there. Throws `plan-invalid` or `state-changed` for splices that are out of order or beyond the end.
 */
export function splicedSource(source: ByteSource, splices: readonly Splice[]): ByteSource {
  if (splices.length === 0) return source;
  const size = splicedSize(source.size, splices);
  const parts = partsOf(source.size, splices);
  return {
    size,
    read: (at, length) => {
      const end = Math.min(at + length, size);
      let n = partAt(parts, at);
      const first = parts[n];
      if (first === undefined || at >= end) return new Uint8Array();
      if (end <= first.at + first.length) return readPart(source, first, at, end);
      const result = new Uint8Array(end - at);
      for (let from = at; from < end; n++) {
        const part = parts[n];
        if (part === undefined) break;
        const bytes = readPart(source, part, from, Math.min(end, part.at + part.length));
        result.set(bytes, from - at);
        from = part.at + part.length;
      }
      return result;
    },
  };
}

function partsOf(size: number, splices: readonly Splice[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  let from = 0;
  const add = (length: number, bytes?: Uint8Array) => {
    if (length > 0) parts.push({ at, length, bytes, from });
    at += length;
  };
  for (const splice of splices) {
    add(splice.at - from);
    add(splice.after.length, fromByteString(splice.after));
    from = splice.at + splice.before.length;
  }
  add(size - from);
  return parts;
}

/** Index of the part that holds offset `at`. */
function partAt(parts: readonly Part[], at: number): number {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((parts[middle]?.at ?? Infinity) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

function readPart(source: ByteSource, part: Part, start: number, end: number): Uint8Array {
  if (part.bytes !== undefined) return part.bytes.subarray(start - part.at, end - part.at);
  return source.read(part.from + start - part.at, end - start);
}
