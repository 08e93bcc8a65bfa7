import fc from "fast-check";
import {
  contains,
  endsWithNewline,
  firstLine,
  type Line,
  lineAround,
  type LineOrTooLong,
  linesBackward,
  linesWith,
  linesWithBackward,
  type LongLine,
} from "../../lib/text/jsonl.ts";
import { type ByteSource, memorySource } from "../../lib/text/source.ts";
import { assert, assertEquals } from "../assert.ts";

const encode = (value: string) => new TextEncoder().encode(value);
const MARKER = encode("<<marker>>");
const OTHER = encode("<other>");

/** A source that uses one buffer again and again, as a file would, and remembers how far reads went. */
function file(bytes: Uint8Array): ByteSource & { readonly most: () => number; readonly total: () => number } {
  let last = new Uint8Array();
  let most = 0;
  let total = 0;
  return {
    size: bytes.length,
    most: () => most,
    total: () => total,
    read(at, length) {
      last.fill(0x0a);
      last = bytes.slice(at, at + length);
      most = Math.max(most, length);
      total += last.length;
      return last;
    },
  };
}

/** Splits the slow and obvious way. */
function split(bytes: Uint8Array): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length;) {
    const feed = bytes.indexOf(10, at);
    const end = feed < 0 ? bytes.length : feed + 1;
    const ending = feed < 0 ? "" : bytes[feed - 1] === 13 && feed > at ? "\r\n" : "\n";
    lines.push({ at, bytes: bytes.slice(at, end - ending.length), ending });
    at = end;
  }
  return lines;
}

function sizeOf(line: Line): number {
  return line.bytes.length + line.ending.length;
}

function has(line: Line, marker: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(line.bytes).includes(new TextDecoder("latin1").decode(marker));
}

/** What a reader should give for a line under a cap; only a part of the bytes, so that failures stay readable. */
function seen(line: Line | LongLine, source: Uint8Array, cap: number): unknown {
  if (line.tooLong) {
    assertEquals(line.head, source.slice(line.at, line.at + 4096));
    return [line.at, "too long"];
  }
  if (sizeOf(line) > cap) return [line.at, "too long"];
  assertEquals(line.bytes, source.slice(line.at, line.at + line.bytes.length));
  return [line.at, line.bytes.length, line.ending];
}

function seenOne(line: LineOrTooLong, source: Uint8Array, cap: number): unknown {
  return typeof line === "object" ? seen(line, source, cap) : line;
}

/** Lines of all sizes, also around the sizes in which the readers read. */
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(60) },
  ...[4096, 16384, 65536].map((near) => fc.integer({ min: near - 20, max: near + 20 })),
);
const content = fc.array(
  fc.record({
    size,
    marker: fc.constantFrom(
      "",
      "",
      "<<marker>>",
      "<<marker>><<marker>>",
      "<other>",
      "<other><<marker>><other>",
    ),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    ending: fc.constantFrom("\n", "\n", "\r\n"),
  }),
  { maxLength: 12 },
).chain((lines) => fc.tuple(fc.constant(lines), fc.boolean())).map(([lines, open]) => {
  const parts = lines.map(({ size, marker, place, ending }, index) => {
    const line = "r".repeat(Math.floor(size * place)) + marker +
      "s".repeat(size - Math.floor(size * place));
    return line + (open && index === lines.length - 1 ? "" : ending);
  });
  return encode(parts.join(""));
});
const caps = fc.constantFrom(1, 30, 5000, 16384, 65540, 8 * 1024 * 1024);

Deno.test("linesWith() and linesWithBackward() find the same lines as a plain search", () => {
  fc.assert(
    fc.property(content, caps, (bytes, cap) => {
      const lines = split(bytes);
      const one = lines.filter((line) => has(line, MARKER)).map((line) => seen(line, bytes, cap));
      const two = lines.filter((line) => has(line, MARKER) || has(line, OTHER)).map((line) =>
        seen(line, bytes, cap)
      );
      const found = (all: Iterable<Line | LongLine>) => [...all].map((line) => seen(line, bytes, cap));
      assertEquals(found(linesWith(file(bytes), [MARKER], cap)), one);
      assertEquals(found(linesWith(file(bytes), [OTHER, MARKER], cap)), two);
      assertEquals(found(linesWith(file(bytes), [], cap)), []);
      assertEquals(found(linesWithBackward(file(bytes), [MARKER], cap)), one.toReversed());
      assertEquals(found(linesWithBackward(file(bytes), [OTHER, MARKER], cap)), two.toReversed());
      assertEquals(found(linesWithBackward(file(bytes), [], cap)), []);
      assertEquals(contains(file(bytes), MARKER), one.length > 0);
    }),
    { numRuns: 200 },
  );
});

Deno.test("linesBackward() gives every line from the last to the first", () => {
  fc.assert(
    fc.property(content, caps, (bytes, cap) => {
      const wanted = split(bytes).toReversed().map((line) => seen(line, bytes, cap));
      assertEquals([...linesBackward(file(bytes), cap)].map((line) => seen(line, bytes, cap)), wanted);
    }),
    { numRuns: 200 },
  );
});

Deno.test("firstLine() and lineAround() give the line a plain split gives", () => {
  fc.assert(
    fc.property(content, caps, fc.double({ min: 0, max: 1, noNaN: true }), (bytes, cap, place) => {
      const lines = split(bytes);
      const wanted = (line: Line | undefined) =>
        line === undefined ? undefined : sizeOf(line) > cap ? "too-long" : seen(line, bytes, cap);
      const source = file(bytes);
      const first = firstLine(source, cap);
      const offset = Math.floor(bytes.length * place);
      const around = lines.find((line) => offset >= line.at && offset < line.at + sizeOf(line));
      assertEquals(seenOne(lineAround(source, offset, cap), bytes, cap), wanted(around));
      assertEquals(seenOne(first, bytes, cap), wanted(lines[0]));
    }),
    { numRuns: 200 },
  );
});

Deno.test("contains(), linesWith(), linesWithBackward() see a marker at every place across a chunk border", () => {
  for (const border of [16384, 65536, 65536 + MARKER.length]) {
    for (let shift = -MARKER.length - 1; shift <= 1; shift++) {
      const bytes = new Uint8Array(200_000).fill(0x78);
      bytes[1000] = bytes[199_000] = 10;
      bytes.set(MARKER, border + shift);
      assert(contains(file(bytes), MARKER), `contains ${border + shift}`);
      assertEquals(Array.from(linesWith(file(bytes), [MARKER]), (line) => line.at), [1001]);
      bytes.copyWithin(0, border + shift, border + shift + MARKER.length);
      const mirrored = new Uint8Array(200_000).fill(0x78);
      mirrored.set(MARKER, mirrored.length - border + shift);
      assertEquals(Array.from(linesWithBackward(file(mirrored), [MARKER]), (line) => line.at), [0]);
    }
  }
});

Deno.test("lineAround() at every offset of a small file gives the line that holds it", () => {
  const bytes = encode("\n\r\nab\r\n\ncd");
  for (let offset = 0; offset < bytes.length; offset++) {
    const line = lineAround(file(bytes), offset);
    assert(
      typeof line === "object" && offset >= line.at && offset < line.at + sizeOf(line),
      `offset ${offset}`,
    );
  }
  assertEquals(lineAround(file(bytes), -1), undefined);
  assertEquals(lineAround(file(bytes), bytes.length), undefined);
});

Deno.test("firstLine() takes 64 KB for a short line and never reads beyond the cap", () => {
  const long = new Uint8Array(3_000_000).fill(0x78);
  long.set(encode("{}\r\n"));
  const source = file(long);
  assertEquals(firstLine(source), { at: 0, bytes: encode("{}"), ending: "\r\n" });
  assertEquals(source.total(), 65536);
  const capped = file(long.subarray(4));
  assertEquals(firstLine(capped, 1_000_000), "too-long");
  assertEquals(capped.most(), 1_000_000);
  assertEquals(firstLine(file(new Uint8Array())), undefined);
});

Deno.test("a line of exactly the cap is read, one byte more is too long", () => {
  for (const size of [40, 20_000, 100_000]) {
    for (const ending of ["", "\n", "\r\n"]) {
      const bytes = encode("x".repeat(size) + "<<marker>>" + ending);
      const source = file(Uint8Array.from([...encode("y\n"), ...bytes]));
      for (const [cap, long] of [[bytes.length, false], [bytes.length - 1, true]] as const) {
        assertEquals(firstLine(file(bytes), cap) === "too-long", long);
        for (const offset of [2, 30, source.size - 1]) {
          assertEquals(lineAround(source, offset, cap) === "too-long", long, `offset ${offset} of ${size}`);
        }
        for (const reader of [linesWith(source, [MARKER], cap), linesWithBackward(source, [MARKER], cap)]) {
          assertEquals(Array.from(reader, (line) => [line.at, line.tooLong ?? false]), [[2, long]]);
        }
        assertEquals(Array.from(linesBackward(source, cap), (line) => line.tooLong ?? false), [long, false]);
      }
    }
  }
});

Deno.test("a huge line is passed over with bounded reads, and lines on both sides are found", () => {
  const huge = new Uint8Array(20_000_000).fill(0x78);
  const side = encode("a <<marker>>\n");
  const bytes = new Uint8Array(side.length + huge.length + 1 + side.length);
  bytes.set(side);
  bytes.set(huge, side.length);
  bytes.set(MARKER, 15_000_000);
  bytes[side.length + huge.length] = 10;
  bytes.set(side, side.length + huge.length + 1);
  const last = bytes.length - side.length;
  const cap = 2_000_000;
  const source = file(bytes);
  const found = (all: Iterable<Line | LongLine>) =>
    Array.from(all, (line) => [line.at, line.tooLong ?? false]);
  const wanted = [[0, false], [side.length, true], [last, false]];
  assertEquals(found(linesWith(source, [MARKER], cap)), wanted);
  assertEquals(found(linesWithBackward(source, [MARKER], cap)), wanted.toReversed());
  assertEquals(found(linesBackward(source, cap)), wanted.toReversed());
  assert(source.most() <= cap + 1, `read ${source.most()} bytes at once`);
});

Deno.test("linesWithBackward() reads only the tail when the newest line is there", () => {
  const bytes = new Uint8Array(5_000_000).fill(0x78);
  bytes.set(encode("\nx <<marker>>\n"), bytes.length - 14);
  const source = file(bytes);
  for (const line of linesWithBackward(source, [MARKER])) {
    assertEquals(line.at, bytes.length - 13);
    break;
  }
  assertEquals(source.total(), 16384);
});

Deno.test("endsWithNewline() looks at the last byte", () => {
  assertEquals(["", "\n", "a", "a\n", "a\r"].map((text) => endsWithNewline(memorySource(encode(text)))), [
    true,
    true,
    false,
    true,
    false,
  ]);
});
