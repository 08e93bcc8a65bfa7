/** Archives that somebody made to be read as something else, each with what is said of it. */
import { deflateRawSync } from "node:zlib";
import { sha256 } from "../../lib/core/bytes.ts";
import { crc32 } from "../../lib/text/zip.ts";

/** One archive. */
export interface HostileZip {
  readonly name: string;
  readonly bytes: () => Uint8Array;
  /** Part of what is said when it is refused; undefined: it is good. */
  readonly refused: string | undefined;
}

/** A file of an archive, and whatever its headers are to say instead of the truth. */
export interface Raw {
  readonly name: string | Uint8Array;
  readonly content: string;
  readonly packed?: boolean;
  /** Fields of both headers. */
  readonly both?: Fields;
  readonly local?: Fields;
  readonly central?: Fields;
  readonly localName?: string;
  /** In place of the packed content. */
  readonly data?: Uint8Array;
  /** Bytes before its header. */
  readonly gap?: number;
  /** Behind its content, as some programs write it. */
  readonly descriptor?: boolean;
}

/** Fields of a header; the sizes are those in 64 bits. */
export interface Fields {
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly packed?: number;
  readonly attributes?: number;
  readonly at?: number;
  readonly extra?: Uint8Array;
  readonly comment?: string;
  readonly disk?: number;
}

/** What the end of an archive is to say instead of the truth. */
export interface EndFields {
  readonly count?: number;
  readonly bytes?: number;
  readonly at?: number;
  readonly count16?: number;
  readonly comment?: string;
  readonly disk?: number;
  readonly without64?: boolean;
  readonly before?: Uint8Array;
}

const TEXT = new TextEncoder();

/** Bytes of an archive as it is described, right or wrong. */
export function build(files: readonly Raw[], end: EndFields = {}): Uint8Array {
  const out: Uint8Array[] = end.before === undefined ? [] : [end.before];
  const list: Uint8Array[] = [];
  let at = end.before?.length ?? 0;
  for (const file of files) {
    const content = TEXT.encode(file.content);
    const data = file.data ?? (file.packed ? new Uint8Array(deflateRawSync(content)) : content);
    const fields = {
      flags: 0x800,
      method: file.packed ? 8 : 0,
      crc: crc32(content),
      size: content.length,
      packed: data.length,
      attributes: 0o100600 * 0x10000,
      at: at + (file.gap ?? 0),
      ...file.both,
    };
    const name = typeof file.name === "string" ? TEXT.encode(file.name) : file.name;
    const localName = file.localName === undefined ? name : TEXT.encode(file.localName);
    const pieces = [
      new Uint8Array(file.gap ?? 0),
      header("local", localName, { ...fields, ...file.local }),
      data,
      new Uint8Array(file.descriptor ? 24 : 0),
    ];
    out.push(...pieces);
    at += pieces.reduce((sum, { length }) => sum + length, 0);
    list.push(header("central", name, { ...fields, ...file.central }));
  }
  const bytes = list.reduce((sum, { length }) => sum + length, 0);
  return concat([...out, ...list, endOf(files.length, at, bytes, end)]);
}

function header(
  kind: "local" | "central",
  name: Uint8Array,
  fields: Required<Omit<Fields, "extra" | "comment" | "disk">> & Fields,
): Uint8Array {
  const isCentral = kind === "central";
  const numbers = [fields.size, fields.packed, ...isCentral ? [fields.at] : []];
  const extra = fields.extra ?? extra64(numbers);
  const comment = TEXT.encode(isCentral ? fields.comment ?? "" : "");
  const length = isCentral ? 46 : 30;
  const out = new Uint8Array(length + name.length + extra.length + comment.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, isCentral ? 0x02014b50 : 0x04034b50, true);
  if (isCentral) view.setUint16(4, 45 | 3 << 8, true);
  const at = isCentral ? 6 : 4;
  view.setUint16(at, 45, true);
  view.setUint16(at + 2, fields.flags, true);
  view.setUint16(at + 4, fields.method, true);
  view.setUint16(at + 8, 0x21, true);
  view.setUint32(at + 10, fields.crc, true);
  view.setUint32(at + 14, 0xffff_ffff, true);
  view.setUint32(at + 18, 0xffff_ffff, true);
  view.setUint16(at + 22, name.length, true);
  view.setUint16(at + 24, extra.length, true);
  if (isCentral) {
    view.setUint16(32, comment.length, true);
    view.setUint16(34, fields.disk ?? 0, true);
    view.setUint32(38, fields.attributes, true);
    view.setUint32(42, 0xffff_ffff, true);
  }
  out.set(name, length);
  out.set(extra, length + name.length);
  out.set(comment, length + name.length + extra.length);
  return out;
}

function extra64(numbers: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 + 8 * numbers.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, 8 * numbers.length, true);
  numbers.forEach((number, n) => view.setBigUint64(4 + 8 * n, BigInt(number), true));
  return out;
}

function endOf(files: number, start: number, length: number, end: EndFields): Uint8Array {
  const { count = files, bytes = length, at = start } = end;
  const comment = TEXT.encode(end.comment ?? "");
  const out = new Uint8Array(98 + comment.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x06064b50, true);
  view.setBigUint64(4, 44n, true);
  view.setUint16(12, 45 | 3 << 8, true);
  view.setUint16(14, 45, true);
  view.setUint32(16, end.disk ?? 0, true);
  for (const [field, value] of [[24, count], [32, count], [40, bytes], [48, at]] as const) {
    view.setBigUint64(field, BigInt(value), true);
  }
  view.setUint32(56, 0x07064b50, true);
  view.setBigUint64(64, BigInt(start + length), true);
  view.setUint32(72, 1, true);
  view.setUint32(76, 0x06054b50, true);
  view.setUint16(80, end.disk ?? 0, true);
  view.setUint16(84, end.count16 ?? Math.min(count, 0xffff), true);
  view.setUint16(86, end.count16 ?? Math.min(count, 0xffff), true);
  view.setUint32(88, Math.min(bytes, 0xffff_ffff), true);
  view.setUint32(92, Math.min(at, 0xffff_ffff), true);
  view.setUint16(96, comment.length, true);
  out.set(comment, 98);
  return end.without64 ? out.slice(76) : out;
}

/** Arrays one behind the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A list that fits `files`, whose names begin with the side. */
export function manifestOf(files: readonly { readonly name: string; readonly content: string }[]): Raw {
  const lines = files.map(({ name, content }) => {
    const [side = ""] = name.split("/");
    const path = name.slice(side.length + 1);
    const size = TEXT.encode(content).length;
    return JSON.stringify({
      side,
      path,
      size,
      mtime_ms: 1_700_000_000_000,
      sha256: sha256(TEXT.encode(content)),
    });
  });
  const head = JSON.stringify({
    schema: "codexkeep-snapshot/1",
    created_at: "2026-01-01T00:00:00Z",
    machine: "m",
  });
  return { name: "manifest.jsonl", content: [head, ...lines].join("\n") + "\n" };
}

const GOOD = { name: "local/sessions/2026/01/05/rollout-a.jsonl", content: "a line\n".repeat(20) } as const;
const OTHER = { name: "local/session_index.jsonl", content: '{"id":"x"}\n' } as const;

/** An archive whose list fits, with one file made wrong. */
function spoilt(name: string, refused: string | undefined, spoil: Partial<Raw>, end?: EndFields): HostileZip {
  return {
    name,
    refused,
    bytes: () => build([manifestOf([GOOD, OTHER]), { ...GOOD, ...spoil }, OTHER], end),
  };
}

/** An archive with a file of this name, in its list as well. */
function named(path: string, refused: string): HostileZip {
  const file = { name: path, content: "owned" };
  return {
    name: `a file named ${JSON.stringify(path)}`,
    refused,
    bytes: () => build([manifestOf([file]), file]),
  };
}

/** The same, but a link or folder by its attributes, or named so in the archive alone. */
function raw(name: string, refused: string, files: readonly Raw[], end?: EndFields): HostileZip {
  return { name, refused, bytes: () => build(files, end) };
}

const NAMES: readonly string[] = [
  ..."local/../outside local/../../outside ../outside /outside local//x local/./x local/.. .. local/".split(
    " ",
  ),
  ..."local\\..\\outside C:/outside C:outside local/C:/outside local/a:b local/sessions/CON local/NUL.txt"
    .split(" "),
  ..."local/sessions/COM1 local/sessions/a. local/LPT9.jsonl".split(" "),
  "local/sessions/a ",
  "local/sessions/a\u0000b",
  "local/sessions/a\nb",
  "local/sessions/\u001b[2J",
  "local/sessions/" + "a".repeat(300),
];

const BOMB = 128 * 1024 * 1024;

function bombList(): Raw {
  const list = manifestOf([GOOD]);
  return { ...list, content: list.content.replace('"size":140', `"size":${BOMB}`) };
}

/** Nothing that a hand-over carries, though the name is a good one. */
const STRANGERS: readonly string[] = [
  ..."auth.json config.toml state_5.sqlite state_5.sqlite-wal installation_id .env AGENTS.md work.config.toml"
    .split(" "),
  ..."backups_state/codexkeep/lock .codexkeep/marker.json thread-writer-locks/x log/codex.log".split(" "),
  ..."sessions/auth.json skills/x/AUTH.JSON skills/tool/.env sessions/x.lock prompts/tmp/x".split(" "),
];

/** All of them. */
export const ZIPS: readonly HostileZip[] = [
  { name: "a good one", refused: undefined, bytes: () => build([manifestOf([GOOD, OTHER]), GOOD, OTHER]) },
  {
    name: "a good one, packed",
    refused: undefined,
    bytes: () => build([manifestOf([GOOD]), { ...GOOD, packed: true }]),
  },
  ...NAMES.map((path) => named(path, "could lead")),
  ...STRANGERS.map((path) => named(`local/${path}`, "nothing that a hand-over carries")),
  named("elsewhere/x", "could lead elsewhere"),
  spoilt("a link by its attributes", "is no plain file", { central: { attributes: 0o120777 * 0x10000 } }),
  spoilt("a folder by its attributes", "is no plain file", { central: { attributes: 0o040755 * 0x10000 } }),
  spoilt("a device by its attributes", "is no plain file", { central: { attributes: 0o020666 * 0x10000 } }),
  spoilt("a set-uid program", "has odd fields", { central: { attributes: 0o104755 * 0x10000 } }),
  spoilt("an encrypted file", "is encrypted", { both: { flags: 0x801 } }),
  spoilt("sizes behind the content", "has odd fields", { both: { flags: 0x808 }, descriptor: true }),
  spoilt("a name that is not said to be UTF-8", "has odd fields", { both: { flags: 0 } }),
  spoilt("method bzip2", "method 12", { both: { method: 12 } }),
  spoilt("method LZMA", "method 14", { both: { method: 14 } }),
  spoilt("method 99", "method 99", { both: { method: 99 } }),
  spoilt("another name in the header", "two headers", {
    localName: "local/sessions/2026/01/05/rollout-b.jsonl",
  }),
  spoilt("a longer name in the header", "two headers", { localName: "local/../../../../../outside" }),
  spoilt("another method in the header", "two headers", { local: { method: 8 } }),
  spoilt("another size in the header", "two headers", { local: { size: 1 } }),
  spoilt("another checksum in the header", "two headers", { local: { crc: 1 } }),
  spoilt("other flags in the header", "two headers", { local: { flags: 0 } }),
  spoilt("a field more in the header", "two headers", { local: { extra: new Uint8Array(24) } }),
  spoilt("a field more in the list", "made by another program", { central: { extra: new Uint8Array(32) } }),
  spoilt("a comment of a file", "has odd fields", { central: { comment: "c" } }),
  spoilt("a file on another disk", "has odd fields", { central: { disk: 1 } }),
  spoilt("a wrong checksum", "checksum", { both: { crc: 7 } }),
  spoilt("a size of 4 EiB", "beyond all bounds", { both: { size: 2 ** 62 } }),
  spoilt("a size that deflate cannot reach", "cannot hold", { packed: true, both: { size: 1_000_000 } }),
  spoilt("a stored file that claims more", "cannot hold", { both: { size: 141 } }),
  spoilt("a stored file that claims less", "cannot hold", { both: { size: 139 } }),
  spoilt("packed content that is none", "is damaged", {
    data: new Uint8Array(60).fill(0xff),
    both: { method: 8 },
  }),
  spoilt("packed content that gives more than it claims", "packed content", {
    data: new Uint8Array(deflateRawSync("a line\n".repeat(50))),
    both: { method: 8 },
  }),
  spoilt("packed content that gives less than it claims", "packed content", {
    data: new Uint8Array(deflateRawSync("a line\n")),
    both: { method: 8 },
  }),
  spoilt("a bomb of a gigabyte", "another size", {
    data: new Uint8Array(deflateRawSync(new Uint8Array(256 * 1024 * 1024), { level: 9 })),
    both: { method: 8, size: 256 * 1024 * 1024 },
  }),
  spoilt("an entry that begins in another one", "does not begin where", { central: { at: 0 } }),
  spoilt("an entry that begins later", "does not begin where", { central: { at: 700 } }),
  spoilt("bytes between the entries", "does not begin where", { gap: 5 }),
  spoilt("an entry that reaches into the list", "reaches into the list", {
    both: { packed: 400, size: 400 },
  }),
  spoilt("a program before the archive", "does not begin where", {}, { before: TEXT.encode("#!/bin/sh\n") }),
  spoilt("a comment at the end", "its end is not there", {}, { comment: "hello" }),
  spoilt("an end without 64 bits", "made by another program", {}, { without64: true }),
  spoilt("more entries than there are", "the list of entries is", {}, { count: 4 }),
  spoilt("fewer entries than there are", "longer than its entries", {}, { count: 2 }),
  spoilt("two numbers of entries", "contradicts itself", {}, { count16: 2 }),
  spoilt("a list that begins elsewhere", "not where it is said", {}, { at: 10 }),
  spoilt("a list that is longer", "not where it is said", {}, { bytes: 10_000 }),
  spoilt("a number of entries beyond all bounds", "too many entries", {}, { count: 10_000_000 }),
  spoilt("one of several disks", "contradicts itself", {}, { disk: 1 }),
  raw("a bomb that its list agrees with", "too large to be packed", [bombList(), {
    name: GOOD.name,
    content: "",
    data: new Uint8Array(deflateRawSync(new Uint8Array(BOMB), { level: 9 })),
    both: { method: 8, size: BOMB },
  }]),
  raw("no list", "has no list", [GOOD]),
  raw("a list that is not the first", "has no list", [GOOD, manifestOf([GOOD])]),
  raw("an empty archive", "has no list", []),
  raw("a file that the list does not name", "not in its list", [manifestOf([GOOD]), GOOD, OTHER]),
  raw("a file that is not there", "not in the archive", [manifestOf([GOOD, OTHER]), GOOD]),
  raw("another content than the list says", "not what its list says", [
    manifestOf([GOOD]),
    { name: GOOD.name, content: GOOD.content.replace("a", "b") },
  ]),
  raw("a file of another size than the list says", "another size", [
    manifestOf([GOOD]),
    { name: GOOD.name, content: GOOD.content + "x" },
  ]),
  raw("the same file twice", "there twice", [manifestOf([GOOD]), GOOD, GOOD]),
  raw("twins but for capitals", "there twice", [
    manifestOf([GOOD]),
    GOOD,
    { ...GOOD, name: GOOD.name.replace("rollout", "ROLLOUT") },
  ]),
  raw("a file that is a folder as well", "there twice", [
    manifestOf([GOOD]),
    { name: "local/sessions/2026", content: "" },
    GOOD,
  ]),
  raw("a name that is not UTF-8", "not UTF-8", [manifestOf([GOOD]), {
    ...GOOD,
    name: new Uint8Array([0x6c, 0xff]),
  }]),
  ...[1, 21, 22, 97, 200].map((cut): HostileZip => ({
    name: `cut off ${cut} bytes before its end`,
    refused: "it",
    bytes: () => build([manifestOf([GOOD, OTHER]), GOOD, OTHER]).slice(0, -cut),
  })),
  {
    name: "a byte behind its end",
    refused: "its end",
    bytes: () => concat([build([manifestOf([GOOD]), GOOD]), new Uint8Array(1)]),
  },
  {
    name: "two archives one behind the other",
    refused: "not where it is said",
    bytes: () => concat([build([manifestOf([OTHER]), OTHER]), build([manifestOf([GOOD]), GOOD])]),
  },
  { name: "no archive at all", refused: "it", bytes: () => TEXT.encode("x".repeat(500)) },
  { name: "an empty file", refused: "too short", bytes: () => new Uint8Array() },
];
