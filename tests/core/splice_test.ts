import fc from "fast-check";
import { type ByteString, encodeText, toByteString } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import {
  applySplices,
  composeSplices,
  invertSplices,
  type Splice,
  spliceBetween,
  spliceChunks,
  splicedSize,
  type SpliceSource,
} from "../../lib/core/splice.ts";
import { assertEquals, assertThrows } from "../assert.ts";

const text = (value: string) => new TextEncoder().encode(value);
const splice = (at: number, before: string, after: string): Splice => ({
  at,
  before: before as ByteString,
  after: after as ByteString,
});

/** Every read overwrites the result of the one before, as a file's shared buffer would. */
function reusingSource(bytes: Uint8Array): SpliceSource {
  let last = new Uint8Array();
  return {
    size: bytes.length,
    read(at, length) {
      last.fill(0xee);
      last = bytes.slice(at, at + length);
      return last;
    },
  };
}

function joined(pieces: Iterable<Uint8Array>): Uint8Array {
  const bytes: number[] = [];
  for (const piece of pieces) bytes.push(...piece);
  return Uint8Array.from(bytes);
}

/** Bytes and splices that fit them: alternating lengths to keep and to replace. */
const edits = fc.record({
  parts: fc.array(
    fc.record({
      keep: fc.uint8Array({ maxLength: 9 }),
      before: fc.uint8Array({ maxLength: 9 }),
      after: fc.uint8Array({ maxLength: 9 }),
    }),
    { maxLength: 6 },
  ),
  tail: fc.uint8Array({ maxLength: 9 }),
}).map(({ parts, tail }) => {
  const bytes: number[] = [];
  const result: number[] = [];
  const splices: Splice[] = [];
  for (const { keep, before, after } of parts) {
    bytes.push(...keep);
    result.push(...keep);
    splices.push({ at: bytes.length, before: toByteString(before), after: toByteString(after) });
    bytes.push(...before);
    result.push(...after);
  }
  return {
    bytes: Uint8Array.from([...bytes, ...tail]),
    splices,
    result: Uint8Array.from([...result, ...tail]),
  };
});

Deno.test("applySplices() changes exactly the spans, invertSplices() brings every byte back", () => {
  fc.assert(
    fc.property(edits, ({ bytes, splices, result }) => {
      assertEquals(applySplices(bytes, splices), result);
      assertEquals(applySplices(result, invertSplices(splices)), bytes);
      assertEquals(invertSplices(invertSplices(splices)), splices);
      assertEquals(splicedSize(bytes.length, splices), result.length);
    }),
    { numRuns: 300 },
  );
});

Deno.test("spliceChunks() yields the same content in pieces of the asked size", () => {
  fc.assert(
    fc.property(edits, fc.integer({ min: 1, max: 20 }), ({ bytes, splices, result }, size) => {
      const sizes: number[] = [];
      const pieces = function* () {
        for (const piece of spliceChunks(reusingSource(bytes), splices, size)) {
          sizes.push(piece.length);
          yield piece;
        }
      };
      assertEquals(joined(pieces()), result);
      const full = sizes.slice(0, -1);
      assertEquals(full, full.map(() => size));
    }),
    { numRuns: 300 },
  );
});

Deno.test("applySplices() refuses a before that is not there", () => {
  const error = assertThrows(() => applySplices(text("abc"), [splice(1, "X", "Y")]), AppError, '"1"');
  assertEquals(error.code, "state-changed");
  assertThrows(() => [...spliceChunks(reusingSource(text("abc")), [splice(1, "X", "Y")])], AppError, '"1"');
});

Deno.test("applySplices() refuses splices beyond the end, out of order, overlapping or not at a whole offset", () => {
  const codes = [
    [splice(3, "d", "")],
    [splice(4, "", "x")],
    [splice(2, "c", ""), splice(0, "a", "")],
    [splice(0, "ab", ""), splice(1, "b", "")],
    [splice(-1, "", "x")],
    [splice(0.5, "", "x")],
  ].map((splices) => assertThrows(() => applySplices(text("abc"), splices), AppError).code);
  assertEquals(codes, ["state-changed", "state-changed", ...Array(4).fill("plan-invalid")]);
});

Deno.test("spliceChunks() fails when the file became shorter after its size was taken", () => {
  const source: SpliceSource = { size: 10, read: (at, length) => text("abc").subarray(at, at + length) };
  assertThrows(() => [...spliceChunks(source, [])], AppError, "shorter");
});

Deno.test("applySplices() keeps the order of two insertions at one place", () => {
  const splices = [splice(1, "", "1"), splice(1, "", "2")];
  assertEquals(applySplices(text("ab"), splices), text("a12b"));
  assertEquals(applySplices(text("a12b"), invertSplices(splices)), text("ab"));
});

Deno.test("spliceBetween() gives the smallest single splice", () => {
  assertEquals(spliceBetween(text("abcd"), text("abXcd")), splice(2, "", "X"));
  assertEquals(spliceBetween(text("aaa"), text("aa")), splice(2, "a", ""));
  assertEquals(spliceBetween(text("same"), text("same")), splice(0, "", ""));
  assertEquals(spliceBetween(text(""), text("new")), splice(0, "", "new"));
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b", "é") }),
      fc.string({ unit: "grapheme" }),
      (a, b) => {
        const one = text(a);
        assertEquals(applySplices(one, [spliceBetween(one, text(b))]), text(b));
      },
    ),
    { numRuns: 300 },
  );
  assertEquals(spliceBetween(text("x"), text("é")).after, encodeText("é"));
});

/** Splices that fit `bytes`, at random places. */
function splicesOf(bytes: Uint8Array): fc.Arbitrary<Splice[]> {
  const part = fc.record({
    keep: fc.nat({ max: 6 }),
    take: fc.nat({ max: 4 }),
    after: fc.uint8Array({ maxLength: 5, max: 3 }),
  });
  return fc.array(part, { maxLength: 6 }).map((parts) => {
    let from = 0;
    return parts.flatMap(({ keep, take, after }) => {
      const at = from + keep;
      if (at > bytes.length) return [];
      const before = toByteString(bytes.subarray(at, at + take));
      from = at + before.length;
      return [{ at, before, after: toByteString(after) }];
    });
  });
}

const twice = edits.chain(({ bytes, splices, result }) =>
  fc.record({
    bytes: fc.constant(bytes),
    first: fc.constant(splices),
    middle: fc.constant(result),
    second: splicesOf(result),
  })
);

Deno.test("composeSplices() does in one step what two lists do one after the other", () => {
  fc.assert(
    fc.property(twice, ({ bytes, first, middle, second }) => {
      const both = composeSplices(first, second);
      assertEquals(applySplices(bytes, both), applySplices(middle, second));
      assertEquals(both.some(({ before, after }) => before === after), false);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("composeSplices() touches only bytes that one of the lists touches", () => {
  fc.assert(
    fc.property(twice, ({ bytes, first, middle, second }) => {
      const touched = new Set<number>();
      const cover = ({ at, before }: Splice) => [...before].forEach((_, n) => touched.add(at + n));
      first.forEach(cover);
      // Each byte of the middle comes from one of the original, or was put in.
      const origin = applySplices(Uint8Array.from(bytes, (_, n) => n), first.map(numbered));
      for (const { at, before } of second) {
        for (const n of origin.subarray(at, at + before.length)) touched.add(n);
      }
      for (const { at, before } of composeSplices(first, second)) {
        for (let n = at; n < at + before.length; n++) assertEquals(touched.has(n), true);
      }
      assertEquals(applySplices(bytes, composeSplices(first, [])), middle);
      assertEquals(composeSplices(first, invertSplices(first)), []);
    }),
    { numRuns: 1000 },
  );
});

/** A splice of content in which every byte is its own offset; what it puts in counts as touched already. */
function numbered({ at, before, after }: Splice): Splice {
  const offsets = Uint8Array.from(before, (_, n) => at + n);
  return { at, before: toByteString(offsets), after: toByteString(new Uint8Array(after.length).fill(at)) };
}

Deno.test("composeSplices() keeps the order of insertions at one place, and lets go of what comes back", () => {
  const both = (first: Splice[], second: Splice[]) => composeSplices(first, second);
  assertEquals(both([splice(1, "", "1")], [splice(1, "", "2")]), [splice(1, "", "21")]);
  assertEquals(both([splice(1, "", "1")], [splice(2, "", "2")]), [splice(1, "", "12")]);
  assertEquals(both([splice(0, "old", "new")], [splice(0, "new", "old")]), []);
  assertEquals(both([splice(0, "a", "bb")], [splice(5, "c", "d")]), [
    splice(0, "a", "bb"),
    splice(4, "c", "d"),
  ]);
});

Deno.test("composeSplices() refuses lists that do not fit each other", () => {
  const error = assertThrows(() => composeSplices([splice(0, "a", "b")], [splice(0, "c", "d")]), AppError);
  assertEquals(error.code, "plan-invalid");
});
