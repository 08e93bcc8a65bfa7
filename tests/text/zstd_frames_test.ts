import { Buffer } from "node:buffer";
import fc from "fast-check";
import { AppError } from "../../lib/core/error.ts";
import { compressZstd, expandZstd } from "../../lib/system/zstd.ts";
import { zstdFrames } from "../../lib/text/zstd_frames.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

const isWholeZstd = (bytes: Uint8Array) => (zstdFrames(bytes)?.length ?? 0) > 0;

const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.string({ maxLength: 500 }).map((text) => new TextEncoder().encode(text.repeat(400))),
  fc.integer({ min: 0, max: 400_000 }).map((length) => new Uint8Array(length)),
);

Deno.test("compressed bytes are whole, every part of them is not, and neither is anything behind them", () => {
  fc.assert(
    fc.property(content, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (bytes, share) => {
      const compressed = compressZstd(bytes);
      assert(isWholeZstd(compressed));
      assert(!isWholeZstd(compressed.subarray(0, Math.floor(compressed.length * share))));
      assert(!isWholeZstd(compressed.subarray(0, -1)));
      assert(!isWholeZstd(Buffer.concat([compressed, new Uint8Array([0])])));
      assert(isWholeZstd(Buffer.concat([compressed, compressed])));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a compressed file that was cut off is not taken for a shorter one", () => {
  const compressed = compressZstd(new TextEncoder().encode("one line\nand another\n".repeat(500)));
  for (let cut = 0; cut < compressed.length; cut++) {
    assertThrows(() => expandZstd(compressed.subarray(0, cut)), AppError, "damaged");
  }
  assertEquals(expandZstd(compressed).length, 10_500);
});

Deno.test("any bytes are whole or not, without a fault and without an end beyond them", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    isWholeZstd(bytes);
    isWholeZstd(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...bytes));
    isWholeZstd(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, ...bytes));
  }));
});
