import { deflateRawSync } from "node:zlib";
import type { RelPath } from "../../lib/core/path.ts";
import { memorySource } from "../../lib/text/source.ts";
import {
  contentAt,
  crc32,
  endOfZip,
  localHeader,
  readZip,
  type ZipEntry,
  ZipError,
} from "../../lib/text/zip.ts";
import { assertEquals, assertThrows } from "../assert.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** An archive of `files`, every second one packed. */
export function zipOf(files: readonly (readonly [name: string, content: string])[]): Uint8Array {
  const entries: ZipEntry[] = [];
  const parts: Uint8Array[] = [];
  let at = 0;
  files.forEach(([name, text], n) => {
    const content = bytesOf(text);
    const packed = n % 2 === 0 ? content : deflateRawSync(content);
    const method = n % 2 === 0 ? "store" : "deflate";
    const entry = {
      name: name as RelPath,
      method,
      crc: crc32(content),
      packed: packed.length,
      size: content.length,
      at,
    } as const;
    entries.push(entry);
    parts.push(localHeader(entry), packed);
    at = contentAt(entry) + packed.length;
  });
  return concat([...parts, endOfZip(entries, at)]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const FILES = [["manifest.jsonl", "{}\n"], ["local/sessions/é.jsonl", "x".repeat(2000)], [
  "cloud/a",
  "",
]] as const;

Deno.test("readZip() reads what was written", () => {
  const bytes = zipOf(FILES);
  const entries = readZip(memorySource(bytes));
  assertEquals(entries.map(({ name, method, size }) => [name, method, size]), [
    ["manifest.jsonl", "store", 3],
    ["local/sessions/é.jsonl", "deflate", 2000],
    ["cloud/a", "store", 0],
  ]);
  assertEquals(readZip(memorySource(zipOf([]))), []);
});

Deno.test("no byte of an archive but those of the content can be another one", () => {
  const bytes = zipOf(FILES);
  const content = new Set<number>();
  for (const entry of readZip(memorySource(bytes))) {
    for (let n = 0; n < entry.packed; n++) content.add(contentAt(entry) + n);
  }
  const passed: number[] = [];
  for (let n = 0; n < bytes.length; n++) {
    if (content.has(n)) continue;
    for (const flip of [1, 0x80, 0xff]) {
      const other = bytes.slice();
      other[n] = (other[n] ?? 0) ^ flip;
      try {
        readZip(memorySource(other));
        passed.push(n);
      } catch (error) {
        if (!(error instanceof ZipError)) throw error;
      }
    }
  }
  // Names and checksums stand twice, so one change alone is found; what is read wrong by nobody has no byte.
  assertEquals(passed, []);
});

Deno.test("an archive that is cut off or goes on is none", () => {
  const bytes = zipOf(FILES);
  for (let n = 0; n < bytes.length; n++) {
    assertThrows(() => readZip(memorySource(bytes.subarray(0, n))), ZipError);
    if (n > 0) assertThrows(() => readZip(memorySource(bytes.subarray(n))), ZipError);
  }
  assertThrows(() => readZip(memorySource(concat([bytes, new Uint8Array(1)]))), ZipError);
  assertThrows(() => readZip(memorySource(concat([new Uint8Array(1), bytes]))), ZipError);
});

Deno.test("names that one system or another takes for the same file, or for a folder, are there once", () => {
  for (
    const twins of [["a", "a"], ["a", "A"], ["é", "e\u0301"], ["a", "a/b"], ["A/b", "a"], ["x/a/b", "x/A"]]
  ) {
    const zip = zipOf(twins.map((name) => [name, "1"] as const));
    assertThrows(() => readZip(memorySource(zip)), ZipError, "is there twice");
  }
  assertEquals(readZip(memorySource(zipOf([["a/b", ""], ["a/c", ""], ["ab", ""]]))).length, 3);
});

Deno.test("crc32() is that of the world, in pieces too", () => {
  assertEquals(crc32(bytesOf("123456789")), 0xcbf43926);
  assertEquals(crc32(bytesOf("6789"), crc32(bytesOf("12345"))), 0xcbf43926);
  assertEquals(crc32(new Uint8Array()), 0);
});
