import fc from "fast-check";
import { toByteString } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import { applySplices, type Splice } from "../../lib/core/splice.ts";
import { type ByteSource, memorySource } from "../../lib/text/source.ts";
import { splicedSource } from "../../lib/text/spliced.ts";
import { assertEquals, assertThrows } from "../assert.ts";

/** A source that uses one buffer for all reads, as files do. */
function reusing(bytes: Uint8Array): ByteSource {
  const buffer = new Uint8Array(bytes.length);
  return {
    size: bytes.length,
    read: (at, length) => {
      const part = bytes.subarray(at, at + length);
      buffer.fill(0xee);
      buffer.set(part);
      return buffer.subarray(0, part.length);
    },
  };
}

const edited = fc.record({
  parts: fc.array(
    fc.record({
      keep: fc.uint8Array({ maxLength: 6 }),
      before: fc.uint8Array({ maxLength: 4 }),
      after: fc.uint8Array({ maxLength: 6 }),
    }),
    { maxLength: 6 },
  ),
  tail: fc.uint8Array({ maxLength: 6 }),
  reads: fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 60 })), { minLength: 1 }),
});

Deno.test("splicedSource() reads what the edited content would give, anywhere", () => {
  fc.assert(
    fc.property(edited, ({ parts, tail, reads }) => {
      const bytes: number[] = [];
      const splices = parts.map(({ keep, before, after }): Splice => {
        const at = bytes.push(...keep);
        bytes.push(...before);
        return { at, before: toByteString(before), after: toByteString(after) };
      });
      const whole = Uint8Array.from([...bytes, ...tail]);
      const wanted = applySplices(whole, splices);
      const source = splicedSource(reusing(whole), splices);
      assertEquals(source.size, wanted.length);
      for (const [at, length] of reads) {
        assertEquals(source.read(at, length).slice(), wanted.slice(at, at + length));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("splicedSource() reads no more of the content than is asked for", () => {
  const reads: [number, number][] = [];
  const big: ByteSource = {
    size: 1e12,
    read: (at, length) => {
      reads.push([at, length]);
      return new Uint8Array(length);
    },
  };
  const put = { at: 10, before: toByteString(Uint8Array.of(1)), after: toByteString(Uint8Array.of(7, 8)) };
  const source = splicedSource(big, [put]);
  assertEquals(source.read(9, 4), Uint8Array.of(0, 7, 8, 0));
  assertEquals(source.read(1e12 - 5, 100).length, 6);
  assertEquals(reads, [[9, 1], [11, 1], [1e12 - 6, 6]]);
});

Deno.test("splicedSource() refuses splices that lie beyond the end", () => {
  const put = { at: 3, before: toByteString(Uint8Array.of(1)), after: toByteString(Uint8Array.of()) };
  const error = assertThrows(() => splicedSource(memorySource(new Uint8Array(3)), [put]), AppError);
  assertEquals(error.code, "state-changed");
});
