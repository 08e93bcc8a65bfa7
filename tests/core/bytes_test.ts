import fc from "fast-check";
import {
  encodeText,
  fromByteString,
  NO_BYTES,
  parseByteString,
  sha256,
  sha256Stream,
  toByteString,
  toSearchText,
} from "../../lib/core/bytes.ts";
import { assert, assertEquals } from "../assert.ts";

const every = Uint8Array.from({ length: 256 }, (_, i) => i);

Deno.test("toByteString() and fromByteString() are exact for any bytes", () => {
  assertEquals(fromByteString(toByteString(every)), every);
  assertEquals([...toByteString(every)].map((char) => char.charCodeAt(0)), [...every]);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assertEquals(fromByteString(toByteString(bytes)), new Uint8Array(bytes));
  }));
});

Deno.test("toByteString() copies the part a view shows, and keeps nothing of the buffer under it", () => {
  const buffer = every.slice();
  const piece = toByteString(buffer.subarray(10, 13));
  buffer.fill(0);
  assertEquals(piece, "\u000a\u000b\u000c");
});

Deno.test("a ByteString survives JSON", () => {
  const piece = toByteString(every);
  assertEquals(parseByteString(JSON.parse(JSON.stringify(piece))), piece);
});

Deno.test("parseByteString() takes characters up to U+00FF only", () => {
  assertEquals<string | undefined>(parseByteString("a\u00ff\n\u0000"), "a\u00ff\n\u0000");
  assertEquals(parseByteString(""), NO_BYTES);
  for (const other of ["\u0100", "ok\ud800", "€", 1, null, undefined, ["a"]]) {
    assertEquals(parseByteString(other), undefined);
  }
});

Deno.test("encodeText() gives UTF-8", () => {
  assertEquals<string>(encodeText("é€"), "\u00c3\u00a9\u00e2\u0082\u00ac");
});

Deno.test("toSearchText() keeps offsets and ASCII, and makes no other byte look like ASCII", () => {
  const text = toSearchText(every);
  assertEquals(text.length, every.length);
  every.forEach((byte, at) => {
    if (byte < 0x80) assertEquals(text.charCodeAt(at), byte);
    else assert(text.charCodeAt(at) >= 0x80, `byte ${byte}`);
  });
});

Deno.test("sha256() and sha256Stream() agree, with text as UTF-8", () => {
  const known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(sha256("abc"), known);
  assertEquals(sha256Stream().update("a").update(new TextEncoder().encode("bc")).digest("hex"), known);
  assertEquals(sha256("é"), sha256(new TextEncoder().encode("é")));
});
