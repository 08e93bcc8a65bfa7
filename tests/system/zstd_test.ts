import { zstdCompressSync } from "node:zlib";
import { sha256 } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import { compressZstd, expandZstd } from "../../lib/system/zstd.ts";
import { zstdFrames } from "../../lib/text/zstd_frames.ts";
import { assertEquals, assertThrows } from "../assert.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const join = (...parts: readonly Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
/** Content of one block, of several, of none, with what does not shrink. */
const CONTENTS: readonly Uint8Array[] = [
  new Uint8Array(),
  bytesOf("a"),
  bytesOf("hello\n".repeat(50)),
  new Uint8Array(300_000).fill(7),
  new Uint8Array(400_000).map((_, n) => (n * n * 31 + (n >> 3)) % 251),
  crypto.getRandomValues(new Uint8Array(65_536)),
];
const NOTE = bytesOf("a note in a frame that is skipped");
const SKIPPED = join(new Uint8Array([0x5a, 0x2a, 0x4d, 0x18, NOTE.length, 0, 0, 0]), NOTE);

Deno.test("expandZstd() gives what compressZstd() was given, with a checksum and without", () => {
  for (const content of CONTENTS) {
    for (const packed of [compressZstd(content), new Uint8Array(zstdCompressSync(content))]) {
      const back = expandZstd(packed);
      assertEquals([back.length, sha256(back)], [content.length, sha256(content)]);
    }
  }
});

Deno.test("expandZstd() reads every frame of a file, and passes over those that are to be skipped", () => {
  const two = join(
    compressZstd(bytesOf("one\n")),
    SKIPPED,
    new Uint8Array(zstdCompressSync(bytesOf("two\n"))),
  );
  assertEquals(expandZstd(two), bytesOf("one\ntwo\n"));
  assertEquals(expandZstd(join(SKIPPED, two, SKIPPED)), bytesOf("one\ntwo\n"));
});

Deno.test("expandZstd() takes no file that is cut off anywhere, and none with something behind it", () => {
  for (const content of CONTENTS) {
    for (const packed of [compressZstd(content), new Uint8Array(zstdCompressSync(content))]) {
      const step = Math.max(1, Math.floor(packed.length / 50));
      for (let length = 0; length < packed.length; length += step) {
        assertThrows(() => expandZstd(packed.subarray(0, length)), AppError, "damaged", `cut to ${length}`);
      }
      assertThrows(() => expandZstd(packed.subarray(0, -1)), AppError, "damaged");
      for (const tail of ["\0", "x", "garbage behind the end", "(\xb5/\xfd"]) {
        assertThrows(() => expandZstd(join(packed, bytesOf(tail))), AppError, "damaged", tail);
      }
      assertThrows(() => expandZstd(join(packed, SKIPPED.subarray(0, -1))), AppError, "damaged");
    }
  }
  assertThrows(() => expandZstd(new Uint8Array()), AppError, "damaged");
});

Deno.test("expandZstd() does not believe a size that is another than that of the content", () => {
  // A frame of one segment that says its size, and one raw block, the last.
  const frame = (size: number) =>
    new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x20, size, 3 << 3 | 1, 0, 0, ...bytesOf("abc")]);
  assertEquals(zstdFrames(frame(3)), [{ from: 0, to: 12, size: 3 }]);
  assertEquals([...expandZstd(frame(3))], [...bytesOf("abc")]);
  for (const size of [0, 1, 2, 4, 255]) assertThrows(() => expandZstd(frame(size)), AppError, "damaged");
});

Deno.test("expandZstd() stops where the frames together grow too large", () => {
  const bomb = compressZstd(new Uint8Array(200 * 1024 * 1024));
  assertThrows(() => expandZstd(join(bomb, bomb, bomb)), AppError, "larger than 512 MiB");
});
