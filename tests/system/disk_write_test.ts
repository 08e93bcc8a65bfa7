import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { realDisk, whileHeld } from "../../lib/system/disk.ts";
import { fileError } from "../../lib/system/file_error.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { at, inTempFolder, IS_UNIX, run, underUmask, writeText } from "./fixture.ts";

const bytes = (value: string) => new TextEncoder().encode(value);

function unixTest(name: string, use: (folder: AbsPath) => void): void {
  Deno.test({ name, ignore: !IS_UNIX, fn: () => inTempFolder(use) });
}

function diskTest(name: string, use: (folder: AbsPath) => void): void {
  Deno.test(name, () => inTempFolder(use));
}

function mode(path: string): string {
  return (Deno.lstatSync(path).mode! & 0o7777).toString(8);
}

unixTest("createFile() gives exactly the mode under any umask", (folder) => {
  for (const mask of [0o000, 0o022, 0o077, 0o777]) {
    for (const wanted of [0o600, 0o640, 0o644, 0o444]) {
      const path = at(folder, `${mask}-${wanted}`);
      underUmask(mask, () => realDisk.createFile(path, wanted).close());
      assertEquals(mode(path), wanted.toString(8));
    }
  }
});

unixTest("createFile() refuses a name that is taken, be it a dangling link", (folder) => {
  writeText(at(folder, "file"), "keep");
  Deno.symlinkSync("file", at(folder, "link"));
  Deno.symlinkSync("elsewhere", at(folder, "dangling"));
  for (const name of ["file", "link", "dangling"]) {
    assertThrows(() => realDisk.createFile(at(folder, name), 0o600), AppError, "it exists already");
  }
  assertEquals([Deno.readTextFileSync(at(folder, "file")), realDisk.lstat(at(folder, "elsewhere"))], [
    "keep",
    undefined,
  ]);
});

diskTest("createFile() writes pieces in order and sets times and mode", (folder) => {
  const path = at(folder, "file");
  const file = realDisk.createFile(path, 0o600);
  file.write(bytes("one "));
  file.write(new Uint8Array());
  file.write(bytes("two").subarray(0, 3));
  file.setMode(0o640);
  file.setTimes(1_600_000_000_001, 1_600_000_000_999);
  file.sync();
  file.close();
  file.close();
  const stat = realDisk.lstat(path);
  assertEquals([Deno.readTextFileSync(path), stat?.atimeMs, stat?.mtimeMs], [
    "one two",
    1_600_000_000_001,
    1_600_000_000_999,
  ]);
  if (IS_UNIX) assertEquals(mode(path), "640");
});

unixTest("openAppend() creates with exactly the mode and keeps that of a file that is there", (folder) => {
  underUmask(0o777, () => {
    const file = realDisk.openAppend(at(folder, "new"), 0o600);
    file.write(bytes("a"));
    file.close();
  });
  writeText(at(folder, "old"), "a", 0o644);
  for (const name of ["new", "old"]) {
    const file = realDisk.openAppend(at(folder, name), 0o600);
    Deno.writeTextFileSync(at(folder, name), "b", { append: true });
    file.write(bytes("c"));
    file.close();
    assertEquals(Deno.readTextFileSync(at(folder, name)), "abc");
  }
  assertEquals([mode(at(folder, "new")), mode(at(folder, "old"))], ["600", "644"]);
});

unixTest("openAppend() refuses links, pipes and folders", (folder) => {
  run("mkfifo", [at(folder, "pipe")]);
  Deno.symlinkSync("elsewhere", at(folder, "dangling"));
  for (const path of [at(folder, "pipe"), at(folder, "dangling"), folder]) {
    assertEquals(assertThrows(() => realDisk.openAppend(path, 0o600), AppError).code, "refused");
  }
  assertEquals(realDisk.lstat(at(folder, "elsewhere")), undefined);
});

unixTest(
  "makeDir() gives exactly the mode under any umask and keeps that of a directory that is there",
  (folder) => {
    for (const mask of [0o000, 0o022, 0o077, 0o777]) {
      const path = at(folder, `dir${mask}`);
      underUmask(mask, () => realDisk.makeDir(path, 0o750));
      realDisk.makeDir(path, 0o700);
      assertEquals(mode(path), "750");
    }
  },
);

unixTest("makeDir() refuses a link or a file in its place", (folder) => {
  Deno.mkdirSync(at(folder, "real"));
  Deno.symlinkSync("real", at(folder, "link"));
  writeText(at(folder, "file"), "");
  assertEquals(
    assertThrows(() => realDisk.makeDir(at(folder, "link"), 0o700), AppError, "a symbolic link").code,
    "refused",
  );
  assertEquals(
    assertThrows(() => realDisk.makeDir(at(folder, "file"), 0o700), AppError, "a file").code,
    "refused",
  );
  assertThrows(() => realDisk.makeDir(at(folder, "missing/below"), 0o700), AppError, "it does not exist");
});

diskTest("rename() replaces a file and names both paths when it fails", (folder) => {
  writeText(at(folder, "a"), "new");
  writeText(at(folder, "b"), "old");
  realDisk.rename(at(folder, "a"), at(folder, "b"));
  assertEquals([Deno.readTextFileSync(at(folder, "b")), realDisk.lstat(at(folder, "a"))], ["new", undefined]);
  const error = assertThrows(() => realDisk.rename(at(folder, "a"), at(folder, "c")), AppError);
  assertEquals(
    error.message,
    `cannot rename "${at(folder, "a")}" to "${at(folder, "c")}": it does not exist`,
  );
});

Deno.test("whileHeld() repeats only what fails because somebody holds the file", () => {
  const fails = (codes: readonly string[]) => {
    let calls = 0;
    const action = () => {
      const code = codes[calls++];
      if (code !== undefined) throw fileError("rename", "a", Object.assign(new Error(code), { code }));
    };
    return { action, calls: () => calls };
  };
  const passing = fails(["EBUSY", "EACCES", "EPERM"]);
  whileHeld([0, 0, 0], passing.action);
  assertEquals(passing.calls(), 4);
  const stubborn = fails(["EBUSY", "EBUSY", "EBUSY"]);
  assertThrows(() => whileHeld([0, 0], stubborn.action), AppError, "in use by another program");
  assertEquals(stubborn.calls(), 3);
  const other = fails(["ENOSPC", "EBUSY"]);
  assertEquals(assertThrows(() => whileHeld([0, 0], other.action), AppError).code, "no-space");
  assertEquals(other.calls(), 1);
});

unixTest("link() gives the same file a second name and does not follow a link", (folder) => {
  writeText(at(folder, "a"), "x");
  Deno.symlinkSync("a", at(folder, "s"));
  realDisk.link(at(folder, "a"), at(folder, "b"));
  realDisk.link(at(folder, "s"), at(folder, "t"));
  assertEquals([realDisk.lstat(at(folder, "b"))?.ino, realDisk.lstat(at(folder, "b"))?.nlink], [
    realDisk.lstat(at(folder, "a"))?.ino,
    2,
  ]);
  assertEquals(realDisk.lstat(at(folder, "t"))?.kind, "symlink");
  assertThrows(() => realDisk.link(at(folder, "a"), at(folder, "b")), AppError, "it exists already");
});

diskTest("copy() keeps content, mode and times and refuses a name that is taken", (folder) => {
  const content = "0123456789".repeat(300_000);
  writeText(at(folder, "a"), content, 0o640);
  Deno.utimeSync(at(folder, "a"), new Date(1_500_000_000_111), new Date(1_500_000_000_222));
  realDisk.copy(at(folder, "a"), at(folder, "b"));
  const stat = realDisk.lstat(at(folder, "b"));
  assert(Deno.readTextFileSync(at(folder, "b")) === content);
  assertEquals([stat?.mtimeMs, stat?.nlink], [1_500_000_000_222, 1]);
  if (IS_UNIX) assertEquals(mode(at(folder, "b")), "640");
  assertThrows(() => realDisk.copy(at(folder, "a"), at(folder, "b")), AppError, "it exists already");
  assertThrows(() => realDisk.copy(at(folder, "missing"), at(folder, "c")), AppError, "it does not exist");
  assertEquals(realDisk.lstat(at(folder, "c")), undefined);
});

unixTest("remove() removes a file or the link itself, and is content with nothing", (folder) => {
  writeText(at(folder, "a"), "x");
  Deno.symlinkSync("a", at(folder, "s"));
  realDisk.remove(at(folder, "s"));
  assertEquals([realDisk.lstat(at(folder, "s")), realDisk.lstat(at(folder, "a"))?.size], [undefined, 1]);
  realDisk.remove(at(folder, "a"));
  realDisk.remove(at(folder, "a"));
  assertEquals(realDisk.list(folder), []);
  Deno.mkdirSync(at(folder, "dir"));
  assertThrows(() => realDisk.remove(at(folder, "dir")), AppError, `cannot remove "${at(folder, "dir")}"`);
  assertEquals(realDisk.lstat(at(folder, "dir"))?.kind, "directory");
});

diskTest("removeDir() removes an empty directory only", (folder) => {
  Deno.mkdirSync(at(folder, "dir"));
  writeText(at(folder, "dir/file"), "");
  assertThrows(() => realDisk.removeDir(at(folder, "dir")), AppError, "cannot remove");
  assertThrows(() => realDisk.removeDir(at(folder, "dir/file")), AppError, "not a directory");
  realDisk.remove(at(folder, "dir/file"));
  realDisk.removeDir(at(folder, "dir"));
  realDisk.removeDir(at(folder, "dir"));
  assertEquals(realDisk.list(folder), []);
});

unixTest("removeTree() never follows a link", (folder) => {
  Deno.mkdirSync(at(folder, "outside"));
  writeText(at(folder, "outside/keep"), "");
  Deno.mkdirSync(at(folder, "tree/deep"), { recursive: true });
  writeText(at(folder, "tree/deep/file"), "");
  Deno.symlinkSync("../../outside", at(folder, "tree/deep/link"));
  Deno.symlinkSync("outside", at(folder, "link"));
  realDisk.removeTree(at(folder, "tree"));
  realDisk.removeTree(at(folder, "link"));
  realDisk.removeTree(at(folder, "missing"));
  assertEquals(realDisk.list(folder)?.map((entry) => entry.name), ["outside"]);
  assertEquals(realDisk.list(at(folder, "outside"))?.map((entry) => entry.name), ["keep"]);
});

diskTest("syncDir() syncs a directory", (folder) => {
  realDisk.syncDir(folder);
  if (IS_UNIX) assertThrows(() => realDisk.syncDir(at(folder, "missing")), AppError, "cannot sync");
});

unixTest("realPath() resolves a linked parent", (folder) => {
  Deno.mkdirSync(at(folder, "real"));
  writeText(at(folder, "real/file"), "");
  Deno.symlinkSync("real", at(folder, "link"));
  assertEquals(realDisk.realPath(at(folder, "link/file")), at(folder, "real/file"));
  assertThrows(() => realDisk.realPath(at(folder, "link/missing")), AppError, "it does not exist");
});

diskTest("freeBytes() gives a plausible number", (folder) => {
  assert(realDisk.freeBytes(folder) > 4096);
  assertThrows(() => realDisk.freeBytes(at(folder, "missing")), AppError, at(folder, "missing"));
});

unixTest("tempDir() makes a new private directory each time", () => {
  const made: string[] = [];
  try {
    for (const mask of [0o000, 0o077, 0o777]) underUmask(mask, () => made.push(realDisk.tempDir()));
    assertEquals(made.map(mode), ["700", "700", "700"]);
    assertEquals(new Set(made).size, 3);
  } finally {
    for (const path of made) Deno.removeSync(path, { recursive: true });
  }
});

diskTest("setTimes() is exact to the millisecond, by path and by open file", (folder) => {
  const path = at(folder, "file");
  const file = realDisk.createFile(path, 0o600);
  try {
    for (let i = 0; i < 300; i++) {
      const [a, m] = [1_500_000_000_000 + i * 7_919_999, 1_795_232_968_000 + i];
      if (i % 2 === 0) file.setTimes(a, m);
      else realDisk.setTimes(path, a, m);
      const stat = realDisk.lstat(path);
      assertEquals([stat?.atimeMs, stat?.mtimeMs], [a, m]);
    }
  } finally {
    file.close();
  }
});

unixTest("setTimes() sets the times of a link itself", (folder) => {
  writeText(at(folder, "file"), "");
  Deno.symlinkSync("file", at(folder, "link"));
  realDisk.setTimes(at(folder, "file"), 1_000, 2_003);
  realDisk.setTimes(at(folder, "link"), 5_000, 6_000);
  const [file, link] = [realDisk.lstat(at(folder, "file")), realDisk.lstat(at(folder, "link"))];
  assertEquals([file?.atimeMs, file?.mtimeMs, link?.mtimeMs], [1_000, 2_003, 6_000]);
  const path = at(folder, "missing");
  assertStringIncludes(assertThrows(() => realDisk.setTimes(path, 1, 1), AppError).message, path);
});
