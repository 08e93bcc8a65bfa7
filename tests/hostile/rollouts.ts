/** Things that lie where a rollout should, each with what must be said of it and what becomes of it. */
import { compressZstd } from "../../lib/system/zstd.ts";
import { system } from "./rig.ts";

/** Where a shape is made: the path, the rollout that was there, the thread, and a path outside of the home. */
export interface Site {
  readonly path: string;
  readonly text: string;
  readonly id: string;
  readonly outside: string;
}

/** A hostile rollout. */
export interface Shape {
  readonly name: string;
  readonly make: (site: Site) => void;
  /** Words of the finding `rollout-damaged` that concern it; undefined: Codex reads such a file, and so do we. */
  readonly says: string | undefined;
  /** The thread has a compressed file to begin with. */
  readonly compressed?: boolean;
  /** Takes seconds; full runs only. */
  readonly heavy?: boolean;
}

const MEGABYTE = 1024 * 1024;
const NOT_READABLE = "the first line is not readable";
const NO_META = "the first line is not of type session_meta";
const NO_ID = "the first line names no thread";

/** Writes `content` instead of the rollout. */
function plain(name: string, says: string | undefined, content: (site: Site) => string | Uint8Array): Shape {
  return {
    name,
    says,
    make: (site) => {
      const made = content(site);
      Deno.writeFileSync(site.path, typeof made === "string" ? new TextEncoder().encode(made) : made);
    },
  };
}

/** Changes the first line of the rollout, keeping the others. */
function first(name: string, says: string | undefined, change: (line: string, site: Site) => string): Shape {
  return plain(name, says, (site) => {
    const cut = site.text.indexOf("\n");
    return change(site.text.slice(0, cut), site) + site.text.slice(cut);
  });
}

/** Appends a line to the rollout. */
function later(name: string, line: string | Uint8Array): Shape {
  return {
    name,
    says: undefined,
    make: ({ path }) => {
      const bytes = typeof line === "string" ? new TextEncoder().encode(line) : line;
      Deno.writeFileSync(path, bytes, { append: true });
      Deno.writeTextFileSync(path, "\n", { append: true });
    },
  };
}

/** Something else than a file. */
function thing(name: string, says: string, make: (site: Site) => void): Shape {
  return {
    name,
    says,
    make: (site) => {
      Deno.removeSync(site.path);
      make(site);
    },
  };
}

function zstd(name: string, says: string | undefined, content: (bytes: Uint8Array) => Uint8Array): Shape {
  return {
    name,
    says,
    compressed: true,
    make: ({ path }) => Deno.writeFileSync(path, content(Deno.readFileSync(path))),
  };
}

/** Appends a line of so many megabytes, written piece by piece. */
function appendLong(path: string, megabytes: number): void {
  const file = Deno.openSync(path, { append: true });
  const piece = new Uint8Array(MEGABYTE).fill(0x78);
  try {
    file.writeSync(new TextEncoder().encode('{"ordinal":7,"long":"'));
    for (let n = 0; n < megabytes; n++) file.writeSync(piece);
    file.writeSync(new TextEncoder().encode('"}\n'));
  } finally {
    file.close();
  }
}

/** A zstd frame that says nothing of its size and holds `blocks` times 128 KiB of one letter. */
function zstdBomb(blocks: number): Uint8Array {
  const head = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
  const bytes = new Uint8Array(head.length + 4 * blocks);
  bytes.set(head);
  for (let n = 0; n < blocks; n++) {
    // The last block is marked as such; type 1 repeats its one byte.
    const header = (n === blocks - 1 ? 1 : 0) | (1 << 1) | ((128 * 1024) << 3);
    bytes.set([header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff, 0x78], head.length + 4 * n);
  }
  return bytes;
}

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const latin = (text: string) => Uint8Array.from(text, (one) => one.charCodeAt(0));

/** Files with a wrong content. */
const CONTENTS: readonly Shape[] = [
  plain("an empty file", "the file is empty", () => ""),
  plain("only a newline", "the file has no line", () => "\n"),
  plain("only spaces and newlines", "the file has no line", () => "  \n\n \n"),
  plain("a thousand newlines", NOT_READABLE, () => "\n".repeat(1000)),
  plain("text", NOT_READABLE, () => "hello\n"),
  plain("NUL bytes", NOT_READABLE, () => new Uint8Array(5000)),
  plain("random bytes", NOT_READABLE, () => crypto.getRandomValues(new Uint8Array(5000))),
  plain("a list", NOT_READABLE, () => "[1,2,3]\n"),
  plain("a number", NOT_READABLE, () => "1e999\n"),
  plain("null", NOT_READABLE, () => "null\n"),
  plain("an empty object", NO_META, () => "{}\n"),
  plain("a database", NOT_READABLE, () => "SQLite format 3\0" + "\0".repeat(4000)),
  first("half a first line", NOT_READABLE, (line) => line.slice(0, line.length / 2)),
  plain("half a first line and nothing else", NOT_READABLE, ({ text }) => text.slice(0, 300)),
  first("two objects in the first line", NOT_READABLE, (line) => line + line),
  first("a comma behind the object", NOT_READABLE, (line) => `${line},`),
  first("a comment before the object", NOT_READABLE, (line) => `/* x */${line}`),
  first("single quotes", NOT_READABLE, (line) => line.replaceAll('"', "'")),
  first("another type", NO_META, (line) => line.replace('"session_meta"', '"response_item"')),
  first("a type that is a number", NO_META, (line) => line.replace('"session_meta"', "7")),
  first("a type that is a list", NO_META, (line) => line.replace('"session_meta"', '["session_meta"]')),
  plain("no payload", NO_ID, () => '{"timestamp":"x","type":"session_meta"}\n'),
  plain("a payload that is a list", NO_ID, () => '{"type":"session_meta","payload":[]}\n'),
  plain("a payload that is text", NO_ID, () => '{"type":"session_meta","payload":"id"}\n'),
  plain("a payload that is null", NO_ID, () => '{"type":"session_meta","payload":null}\n'),
  plain("a payload without an id", NO_ID, () => '{"type":"session_meta","payload":{"cwd":"/"}}\n'),
  first("an id that is empty", NO_ID, (line, { id }) => line.replaceAll(`"${id}"`, '""')),
  first("an id that is a number", NO_ID, (line, { id }) => line.replaceAll(`"${id}"`, "7")),
  first("an id that is null", NO_ID, (line, { id }) => line.replaceAll(`"${id}"`, "null")),
  first("the id of nobody", "its name says", (line, { id }) => line.replaceAll(id, id.replace(/^./, "f"))),
  first("an id that is a path", "its name says", (line, { id }) => line.replaceAll(id, "../../../auth.json")),
  first(
    "an id with an escape sequence",
    "its name says",
    (line, { id }) => line.replaceAll(id, "\\u001b]0;x\\u0007"),
  ),
  first(
    "a provider that is a number",
    "a provider that is no text",
    (line) => line.replace('"openai"', "42"),
  ),
  first("a provider that is a list", "a provider that is no text", (line) => line.replace('"openai"', "[]")),
  plain(
    "invalid UTF-8 in the first line",
    NOT_READABLE,
    ({ text }) => latin(text.replace('"openai"', '"open\xff\xfeai"')),
  ),
  first("a NUL in the first line", NOT_READABLE, (line) => line.replace('"openai"', '"open\0ai"')),
  first("a byte order mark", "byte order mark", (line) => `\ufeff${line}`),
  first(
    "nesting of 100,000",
    NOT_READABLE,
    (line) => line.replace('"payload":{', `"payload":{"deep":${nested(100_000)},`),
  ),
  first(
    "a list that is never closed",
    NOT_READABLE,
    (line) => line.replace('"payload":{', `"payload":{"deep":${"[".repeat(50_000)},`),
  ),
  {
    name: "a first line of 8 MiB and one byte",
    says: "the first line is longer than 8 MiB",
    make: ({ path, text }) =>
      Deno.writeTextFileSync(path, text.replace("\n", " ".repeat(8 * MEGABYTE) + "\n")),
  },
  {
    name: "a first line of 100 MB",
    heavy: true,
    says: "the first line is longer than 8 MiB",
    make: ({ path }) => {
      Deno.writeTextFileSync(path, "");
      appendLong(path, 100);
    },
  },
  {
    name: "a hole of 600 MB without a line",
    heavy: true,
    says: "the first line is longer than 8 MiB",
    make: ({ path }) => {
      Deno.writeTextFileSync(path, "");
      Deno.truncateSync(path, 600 * MEGABYTE);
    },
  },
];

/** Things that are no files. */
const THINGS: readonly Shape[] = [
  thing("a folder", "it is no regular file", ({ path }) => {
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/inside.txt`, "x");
  }),
  thing("a pipe", "it is no regular file", ({ path }) => system("mkfifo", path)),
  thing(
    "a socket",
    "it is no regular file",
    ({ path }) =>
      system(
        "python3",
        "-c",
        "import os,socket,sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind('s'); os.rename('s', sys.argv[2])",
        path.slice(0, path.lastIndexOf("/")),
        path,
      ),
  ),
  thing(
    "a device that never ends",
    "it is no regular file",
    ({ path }) => system("mknod", path, "c", "1", "5"),
  ),
  thing("a dangling link", "it is a symbolic link", ({ path }) => Deno.symlinkSync("/nowhere/at/all", path)),
  thing("a link to itself", "it is a symbolic link", ({ path }) => Deno.symlinkSync(path, path)),
  thing("a link to a device", "it is a symbolic link", ({ path }) => Deno.symlinkSync("/dev/zero", path)),
  thing("a link to a folder", "it is a symbolic link", ({ path }) => Deno.symlinkSync("/", path)),
  thing("a link to a rollout outside", "it is a symbolic link", ({ path, text, outside }) => {
    Deno.writeTextFileSync(outside, text);
    Deno.symlinkSync(outside, path);
  }),
];

/** Compressed files. */
const COMPRESSED: readonly Shape[] = [
  zstd("text named .zst", "the compressed file is not readable", () => latin("hello")),
  zstd("an empty .zst", "the compressed file is not readable", () => new Uint8Array()),
  zstd("a torn .zst", "the compressed file is not readable", (bytes) => bytes.subarray(0, bytes.length / 2)),
  zstd(
    "a .zst without its last byte",
    "the compressed file is not readable",
    (bytes) => bytes.subarray(0, -1),
  ),
  zstd(
    "a .zst with a flipped bit",
    "the compressed file is not readable",
    (bytes) => bytes.with(bytes.length - 9, bytes[bytes.length - 9]! ^ 4),
  ),
  {
    ...zstd("a .zst that grows to 4 GB", "the compressed file is not readable", () => zstdBomb(32_768)),
    heavy: true,
  },
  zstd("a .zst of an empty file", "the file is empty", () => compressZstd(new Uint8Array())),
  zstd("a .zst of a list", NOT_READABLE, () => compressZstd(latin("[]\n"))),
  zstd("a .zst of itself", NOT_READABLE, (bytes) => compressZstd(bytes)),
];

/** Rollouts that are odd, and that Codex reads nevertheless: they are relabelled like every other one. */
const ODD: readonly Shape[] = [
  {
    name: "line ends with CR",
    says: undefined,
    make: ({ path, text }) => Deno.writeTextFileSync(path, text.replaceAll("\n", "\r\n")),
  },
  first("spaces around everything", undefined, (line) => `  ${line}  `),
  first("a lone surrogate in the folder", undefined, (line) => line.replace('"cwd":"', '"cwd":"\\ud800')),
  first(
    "keys of the prototype",
    undefined,
    (line) => line.replace('"payload":{', '"payload":{"__proto__":{"model_provider":"x"},"constructor":7,'),
  ),
  first(
    "numbers out of all bounds",
    undefined,
    (line) =>
      line.replace('"payload":{', '"payload":{"count":1e999,"size":18446744073709551616,"neg":-1e-999,'),
  ),
  first(
    "the provider twice",
    undefined,
    (line) => line.replace('"payload":{', '"payload":{"nested":{"model_provider":"openai","id":"other"},'),
  ),
  first(
    "nesting of 50",
    undefined,
    (line) => line.replace('"payload":{', `"payload":{"deep":${nested(50)},`),
  ),
  later("nesting of 100,000 in a later line", `{"deep":${nested(100_000)}}`),
  later("NUL bytes in a later line", "\0".repeat(3000)),
  later("invalid UTF-8 in a later line", latin('{"x":"\xff\xfe\x80"}')),
  later("a later line that is half", '{"type":"event_msg","payload":{"type":"thread_settings_applied"'),
  later(
    "a second session_meta of another thread",
    JSON.stringify({
      type: "session_meta",
      payload: { id: "019b0fff-0000-7000-8000-00000000000b", model_provider: "openai", cwd: "/elsewhere" },
    }),
  ),
  later("ordinals out of all bounds", '{"ordinal":1e308,"type":"event_msg","payload":{"type":"x"}}'),
  {
    name: "a later line of 100 MB",
    heavy: true,
    says: undefined,
    make: ({ path }) => appendLong(path, 100),
  },
  {
    name: "a .zst with another frame behind it",
    says: undefined,
    compressed: true,
    make: ({ path }) =>
      Deno.writeFileSync(path, compressZstd(latin('{"ordinal":99,"x":1}\n')), { append: true }),
  },
];

/** All shapes. */
export const SHAPES: readonly Shape[] = [...CONTENTS, ...THINGS, ...COMPRESSED, ...ODD];
