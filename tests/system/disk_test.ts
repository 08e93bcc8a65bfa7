import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { at, inTempFolder, IS_UNIX, run, writeText } from "./fixture.ts";

const text = new TextDecoder();

function unixTest(name: string, use: (folder: AbsPath) => void): void {
  Deno.test({ name, ignore: !IS_UNIX, fn: () => inTempFolder(use) });
}

function diskTest(name: string, use: (folder: AbsPath) => void): void {
  Deno.test(name, () => inTempFolder(use));
}

diskTest("lstat() gives nothing when the path or a folder on the way is missing", (folder) => {
  writeText(at(folder, "file"), "x");
  assertEquals(realDisk.lstat(at(folder, "missing")), undefined);
  assertEquals(realDisk.lstat(at(folder, "file/below")), undefined);
});

diskTest("lstat() gives size and whole milliseconds", (folder) => {
  writeText(at(folder, "file"), "12345");
  Deno.utimeSync(at(folder, "file"), new Date(1_700_000_000_123), new Date(1_700_000_001_456));
  const stat = realDisk.lstat(at(folder, "file"));
  assertEquals([stat?.kind, stat?.size, stat?.atimeMs, stat?.mtimeMs, stat?.nlink], [
    "file",
    5,
    1_700_000_000_123,
    1_700_000_001_456,
    1,
  ]);
});

diskTest("lstat() says what failed when the name is impossible", (folder) => {
  const path = at(folder, "x".repeat(400));
  const error = assertThrows(() => realDisk.lstat(path), AppError, `cannot read "${path}"`);
  assertEquals(error.code, "failed");
  assertEquals(assertThrows(() => realDisk.lstat(at(folder, "a\0b")), AppError).code, "failed");
});

unixTest("stat() follows links, lstat() does not", (folder) => {
  writeText(at(folder, "file"), "x");
  Deno.symlinkSync("file", at(folder, "link"));
  Deno.symlinkSync("nowhere", at(folder, "dangling"));
  Deno.symlinkSync("loop", at(folder, "loop"));
  assertEquals([realDisk.lstat(at(folder, "link"))?.kind, realDisk.stat(at(folder, "link"))?.kind], [
    "symlink",
    "file",
  ]);
  assertEquals([realDisk.lstat(at(folder, "dangling"))?.kind, realDisk.stat(at(folder, "dangling"))], [
    "symlink",
    undefined,
  ]);
  assertThrows(() => realDisk.stat(at(folder, "loop")), AppError, "in a circle");
});

unixTest("list() sorts the names and tells their kinds", (folder) => {
  for (const name of ["b", "a", "Z"]) writeText(at(folder, name), "");
  Deno.mkdirSync(at(folder, "dir"));
  Deno.symlinkSync("a", at(folder, "link"));
  run("mkfifo", [at(folder, "pipe")]);
  assertEquals(realDisk.list(folder)?.map(({ name, kind }) => `${name} ${kind}`), [
    "Z file",
    "a file",
    "b file",
    "dir directory",
    "link symlink",
    "pipe other",
  ]);
});

diskTest("list() gives nothing when there is no such folder", (folder) => {
  writeText(at(folder, "file"), "");
  assertEquals([realDisk.list(at(folder, "missing")), realDisk.list(at(folder, "file"))], [
    undefined,
    undefined,
  ]);
});

diskTest("openRead() reads any range up to the end of the file", (folder) => {
  const content = Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join("");
  writeText(at(folder, "file"), content);
  const file = realDisk.openRead(at(folder, "file"));
  try {
    assertEquals(file.size, content.length);
    assertEquals(text.decode(file.read(5, 9)), content.slice(5, 14));
    assertEquals(text.decode(file.read(1000, 300_000)), content.slice(1000, 301_000));
    assertEquals(text.decode(file.read(0, 10 ** 12)), content);
    assertEquals(text.decode(file.read(content.length - 3, 10)), content.slice(-3));
    assertEquals(file.read(content.length + 5, 10).length, 0);
    Deno.writeTextFileSync(at(folder, "file"), "more", { append: true });
    assertEquals([text.decode(file.read(content.length, 10)), file.stat().size], [
      "more",
      content.length + 4,
    ]);
  } finally {
    file.close();
    file.close();
  }
});

diskTest("openRead() keeps files apart that are open at the same time", (folder) => {
  writeText(at(folder, "a"), "aaaa");
  writeText(at(folder, "b"), "bbbb");
  realDisk.openRead(at(folder, "a")).close();
  const [a, b] = [realDisk.openRead(at(folder, "a")), realDisk.openRead(at(folder, "b"))];
  const [first, second] = [a.read(0, 4), b.read(0, 4)];
  assertEquals([text.decode(first), text.decode(second)], ["aaaa", "bbbb"]);
  a.close();
  b.close();
});

unixTest("openRead() refuses what is not a regular file, without waiting", (folder) => {
  run("mkfifo", [at(folder, "pipe")]);
  writeText(at(folder, "file"), "x");
  Deno.symlinkSync("file", at(folder, "link"));
  Deno.symlinkSync("pipe", at(folder, "to-pipe"));
  Deno.symlinkSync("loop", at(folder, "loop"));
  const refused: readonly (readonly [string, string])[] = [
    [at(folder, "pipe"), "a pipe, socket or device"],
    [folder, "a directory"],
    [at(folder, "link"), "a symbolic link"],
    [at(folder, "loop"), "a symbolic link"],
    ["/dev/zero", "a pipe, socket or device"],
  ];
  for (const [path, reason] of refused) {
    const error = assertThrows(
      () => realDisk.openRead(path),
      AppError,
      `cannot read "${path}": it is ${reason}`,
    );
    assertEquals(error.code, "refused");
  }
  assertThrows(() => realDisk.openRead(at(folder, "to-pipe"), { follow: true }), AppError, "a pipe");
  assertThrows(() => realDisk.openRead(at(folder, "loop"), { follow: true }), AppError, "in a circle");
  const file = realDisk.openRead(at(folder, "link"), { follow: true });
  assertEquals(text.decode(file.read(0, 9)), "x");
  file.close();
});

diskTest("openRead() names a file that is missing", (folder) => {
  const path = at(folder, "missing");
  const error = assertThrows(
    () => realDisk.openRead(path),
    AppError,
    `cannot read "${path}": it does not exist`,
  );
  assertEquals(error.code, "failed");
  assert(error.cause instanceof Error);
});
