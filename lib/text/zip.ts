/**
 * Zip archives in the one form that is written here: entries one behind the other from the first byte on, sizes and
 * checksums before the content, nothing but plain files. Everything else is refused, for an archive that can be read in
 * two ways is how files get where nobody wanted them: the list at the end and the headers before the content must say
 * the same, and every byte belongs to something.
 */
import { parseRelPath, type RelPath } from "../core/path.ts";
import type { ByteSource } from "./source.ts";

/** One file of an archive. */
export interface ZipEntry {
  readonly name: RelPath;
  readonly method: "store" | "deflate";
  /** CRC-32 of the content. */
  readonly crc: number;
  /** Bytes in the archive, and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Where its header begins. */
  readonly at: number;
}

/** An archive that is not of this form. The message says what is wrong, in a few words. */
export class ZipError extends Error {
  override readonly name = "ZipError";
}

/** More than any snapshot has; a list can claim any number. */
const MAX_ENTRIES = 1_000_000;
const MAX_LIST_BYTES = 256 * 1024 * 1024;
/** What deflate can make of a byte at most. */
const MAX_RATIO = 1032;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END_64_BYTES = 56;
const LOCATOR_64_BYTES = 20;
/** Names are UTF-8. */
const UTF8_FLAG = 0x0800;
/** 1 January 1980: the times of files are told elsewhere. */
const DATE = 0x21;
const ALL_32 = 0xffff_ffff;
const ALL_16 = 0xffff;
const REGULAR = 0o100600;

/** Where the content of an entry begins. */
export function contentAt({ name, at }: ZipEntry): number {
  return at + LOCAL_BYTES + nameBytes(name).length + extraOf64(0, 0, undefined).length;
}

/** The header before the content of an entry. Sizes always stand in 64 bits too, so its length never varies. */
export function localHeader(entry: ZipEntry): Uint8Array {
  const name = nameBytes(entry.name);
  const extra = extraOf64(entry.size, entry.packed, undefined);
  const out = new Uint8Array(LOCAL_BYTES + name.length + extra.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, LOCAL, true);
  writeCommon(view, 4, entry);
  view.setUint16(26, name.length, true);
  view.setUint16(28, extra.length, true);
  out.set(name, LOCAL_BYTES);
  out.set(extra, LOCAL_BYTES + name.length);
  return out;
}

/** The list at the end of an archive, whose entries end at `at`. */
export function endOfZip(entries: readonly ZipEntry[], at: number): Uint8Array {
  const list = entries.map(centralHeader);
  const bytes = list.reduce((sum, part) => sum + part.length, 0);
  const end = new Uint8Array(END_64_BYTES + LOCATOR_64_BYTES + END_BYTES);
  const view = new DataView(end.buffer);
  const count = entries.length;
  view.setUint32(0, END_64, true);
  view.setBigUint64(4, BigInt(END_64_BYTES - 12), true);
  view.setUint16(12, 45 | 3 << 8, true);
  view.setUint16(14, 45, true);
  view.setBigUint64(24, BigInt(count), true);
  view.setBigUint64(32, BigInt(count), true);
  view.setBigUint64(40, BigInt(bytes), true);
  view.setBigUint64(48, BigInt(at), true);
  view.setUint32(56, LOCATOR_64, true);
  view.setBigUint64(64, BigInt(at + bytes), true);
  view.setUint32(72, 1, true);
  view.setUint32(76, END, true);
  view.setUint16(84, Math.min(count, ALL_16), true);
  view.setUint16(86, Math.min(count, ALL_16), true);
  view.setUint32(88, Math.min(bytes, ALL_32), true);
  view.setUint32(92, Math.min(at, ALL_32), true);
  return joined([...list, end]);
}

function centralHeader(entry: ZipEntry): Uint8Array {
  const name = nameBytes(entry.name);
  const extra = extraOf64(entry.size, entry.packed, entry.at);
  const out = new Uint8Array(CENTRAL_BYTES + name.length + extra.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, CENTRAL, true);
  view.setUint16(4, 45 | 3 << 8, true);
  writeCommon(view, 6, entry);
  view.setUint16(28, name.length, true);
  view.setUint16(30, extra.length, true);
  view.setUint32(38, REGULAR * 0x10000, true);
  view.setUint32(42, ALL_32, true);
  out.set(name, CENTRAL_BYTES);
  out.set(extra, CENTRAL_BYTES + name.length);
  return out;
}

/** Version, flags, method, time, checksum; the sizes stand in the extra field. */
function writeCommon(view: DataView, at: number, { method, crc }: ZipEntry): void {
  view.setUint16(at, 45, true);
  view.setUint16(at + 2, UTF8_FLAG, true);
  view.setUint16(at + 4, method === "deflate" ? 8 : 0, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, ALL_32, true);
  view.setUint32(at + 18, ALL_32, true);
}

function extraOf64(size: number, packed: number, at: number | undefined): Uint8Array {
  const numbers = [size, packed, ...at === undefined ? [] : [at]];
  const out = new Uint8Array(4 + 8 * numbers.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, 8 * numbers.length, true);
  numbers.forEach((number, index) => view.setBigUint64(4 + 8 * index, BigInt(number), true));
  return out;
}

function nameBytes(name: string): Uint8Array {
  return new TextEncoder().encode(name);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The entries of an archive, in their order. Throws {@link ZipError}, and what the source throws. */
export function readZip(source: ByteSource): readonly ZipEntry[] {
  const { at, bytes, count } = readEnd(source);
  const list = copyOf(source, at, bytes);
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let from = 0;
  let next = 0;
  for (let n = 0; n < count; n++) {
    const { entry, length } = readCentral(list, from);
    from += length;
    requireNew(names, entry.name);
    if (entry.at !== next) throw new ZipError(`entry ${n + 1} does not begin where the one before ends`);
    requireSameHeader(source, entry, at);
    next = contentAt(entry) + entry.packed;
    if (next > at) throw new ZipError(`entry ${n + 1} reaches into the list of entries`);
    entries.push(entry);
  }
  if (from !== bytes) throw new ZipError("the list of entries is longer than its entries");
  if (next !== at) throw new ZipError("there are bytes between the last entry and the list of entries");
  return entries;
}

interface End {
  /** Where the list begins, its length, and how many entries it has. */
  readonly at: number;
  readonly bytes: number;
  readonly count: number;
}

function readEnd(source: ByteSource): End {
  const length = END_64_BYTES + LOCATOR_64_BYTES + END_BYTES;
  if (source.size < length) throw new ZipError("it is too short, or not of this form");
  const start = source.size - length;
  const view = viewOf(copyOf(source, start, length));
  const found = [view.getUint32(0, true), view.getUint32(56, true), view.getUint32(76, true)];
  if (found[2] !== END) throw new ZipError("its end is not there: it is cut off, or something follows it");
  if (found[0] !== END_64 || found[1] !== LOCATOR_64) throw new ZipError("it was made by another program");
  const at = whole(view, 48);
  const bytes = whole(view, 40);
  const count = whole(view, 32);
  if (at + bytes !== start) throw new ZipError("the list of entries is not where it is said to be");
  if (bytes > MAX_LIST_BYTES || count > MAX_ENTRIES) throw new ZipError("it has too many entries");
  const expected = viewOf(endOfZip([], 0));
  for (const [field, value] of [[24, count], [32, count], [40, bytes], [48, at], [64, at + bytes]] as const) {
    expected.setBigUint64(field, BigInt(value), true);
  }
  expected.setUint16(84, Math.min(count, ALL_16), true);
  expected.setUint16(86, Math.min(count, ALL_16), true);
  expected.setUint32(88, Math.min(bytes, ALL_32), true);
  expected.setUint32(92, Math.min(at, ALL_32), true);
  for (let n = 0; n < length; n++) {
    if (view.getUint8(n) !== expected.getUint8(n)) throw new ZipError("its end contradicts itself");
  }
  return { at, bytes, count };
}

function readCentral(list: Uint8Array, from: number): { entry: ZipEntry; length: number } {
  if (from + CENTRAL_BYTES > list.length) throw new ZipError("the list of entries is cut off");
  const view = viewOf(list.subarray(from));
  if (view.getUint32(0, true) !== CENTRAL) throw new ZipError("the list of entries is damaged");
  const flags = view.getUint16(8, true);
  if ((flags & 1) !== 0) throw new ZipError("an entry is encrypted");
  const kind = view.getUint32(38, true) >>> 28;
  if (kind !== REGULAR >> 12) throw new ZipError("an entry is no plain file");
  const code = view.getUint16(10, true);
  if (code !== 0 && code !== 8) throw new ZipError(`an entry is packed by method ${code}`);
  const nameLength = view.getUint16(28, true);
  const extraLength = view.getUint16(30, true);
  const length = CENTRAL_BYTES + nameLength + extraLength;
  if (from + length > list.length) throw new ZipError("the list of entries is cut off");
  if (extraLength !== extraOf64(0, 0, 0).length) throw new ZipError("an entry was made by another program");
  const extra = CENTRAL_BYTES + nameLength;
  const method = code === 8 ? "deflate" : "store";
  const entry: ZipEntry = {
    name: nameOf(list.subarray(from + CENTRAL_BYTES, from + CENTRAL_BYTES + nameLength)),
    method,
    crc: view.getUint32(16, true),
    size: whole(view, extra + 4),
    packed: whole(view, extra + 12),
    at: whole(view, extra + 20),
  };
  if (!isSame(centralHeader(entry), list.subarray(from, from + length))) {
    throw new ZipError(`entry ${JSON.stringify(entry.name)} has odd fields`);
  }
  requirePossible(entry);
  return { entry, length };
}

function requirePossible({ method, name, packed, size }: ZipEntry): void {
  const most = method === "store" ? packed : packed * MAX_RATIO;
  const least = method === "store" ? packed : 0;
  if (size > most || size < least) {
    throw new ZipError(`entry ${JSON.stringify(name)} cannot hold the ${size} bytes it claims`);
  }
}

function nameOf(bytes: Uint8Array): RelPath {
  let text: string | undefined;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ZipError("the name of an entry is not UTF-8");
  }
  const name = parseRelPath(text);
  if (name === undefined) throw new ZipError(`the name ${JSON.stringify(text)} could lead out of its folder`);
  return name;
}

/** Names that some system takes for the same file are the same here; so is a file that another one needs as a folder. */
function requireNew(names: Set<string>, name: string): void {
  const folded = name.normalize("NFC").toLowerCase();
  const parts = folded.split("/");
  const folders = parts.slice(0, -1).map((_, n) => parts.slice(0, n + 1).join("/"));
  if (names.has(folded) || names.has(`${folded}/`) || folders.some((folder) => names.has(folder))) {
    throw new ZipError(`the name ${JSON.stringify(name)} is there twice`);
  }
  names.add(folded);
  for (const folder of folders) names.add(`${folder}/`);
}

function requireSameHeader(source: ByteSource, entry: ZipEntry, end: number): void {
  const expected = localHeader(entry);
  const isThere = entry.at + expected.length <= end;
  if (!isThere || !isSame(expected, copyOf(source, entry.at, expected.length))) {
    throw new ZipError(`the two headers of ${JSON.stringify(entry.name)} do not say the same`);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

function copyOf(source: ByteSource, at: number, length: number): Uint8Array {
  const bytes = source.read(at, length).slice();
  if (bytes.length !== length) throw new ZipError("it is cut off");
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function whole(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipError("a size is beyond all bounds");
  return Number(value);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ 0xedb8_8320 : value >>> 1;
  return value;
});

/** CRC-32 of `bytes`, going on from that of the bytes before them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let value = ~before >>> 0;
  for (const byte of bytes) value = (CRC_TABLE[(value ^ byte) & 0xff] ?? 0) ^ value >>> 8;
  return ~value >>> 0;
}
