/** What a full, read-only or foreign disk does: the errors of the system itself, not imitations. */
import { AppError, type ErrorCode } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { attempt, fileError, isLinkUnsupported, systemCode } from "../../lib/system/file_error.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { at, inTempFolder, IS_ROOT, run, writeText } from "./fixture.ts";

function mounted(options: string, use: (folder: AbsPath, outside: AbsPath) => void): () => Promise<void> {
  return () =>
    inTempFolder((outside) => {
      const folder = at(outside, "mount");
      Deno.mkdirSync(folder);
      run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
      try {
        use(folder, outside);
      } finally {
        run("umount", [folder]);
      }
    });
}

Deno.test("fileError() classes errors by the system's code", () => {
  const classes: readonly (readonly [string, ErrorCode])[] = [
    ["ENOSPC", "no-space"],
    ["EDQUOT", "no-space"],
    ["EACCES", "refused"],
    ["EPERM", "refused"],
    ["EROFS", "refused"],
    ["EIO", "failed"],
    ["EMFILE", "failed"],
    ["EWEIRD", "failed"],
  ];
  for (const [code, expected] of classes) {
    const cause = Object.assign(new Error(`${code}: as the system says`), { code });
    const error = fileError("write", "/home/a b", cause);
    assertEquals([error.code, error.cause, systemCode(error)], [expected, cause, code]);
    assertStringIncludes(error.message, `cannot write "/home/a b": `);
  }
  const plain = fileError("link", "/a", new Error("something else"), "/b");
  assertEquals(plain.message, `cannot link "/a" to "/b": something else`);
  assertEquals(fileError("read", "/other", plain), plain);
});

Deno.test("attempt() repeats what a signal interrupted, and nothing else", () => {
  const failing = (codes: readonly string[]) => {
    let calls = 0;
    return () => {
      const code = codes[calls++];
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      return calls;
    };
  };
  assertEquals(attempt("read", "/a", failing(["EINTR", "EINTR"])), 3);
  assertThrows(
    () => attempt("read", "/a", failing(["EINTR", "EIO"])),
    AppError,
    'cannot read "/a": the disk',
  );
});

Deno.test({
  name: "write() fails with no-space on a full disk (needs root on Linux)",
  ignore: !IS_ROOT,
  fn: mounted("size=64k", (folder) => {
    const path = at(folder, "file");
    const file = realDisk.createFile(path, 0o600);
    const error = assertThrows(() => file.write(new Uint8Array(200_000)), AppError, `cannot write "${path}"`);
    assertEquals([error.code, systemCode(error)], ["no-space", "ENOSPC"]);
    assertStringIncludes(error.message, "no space left on the device");
    assert(error.hint !== undefined);
    file.close();
    assertEquals(realDisk.lstat(path)?.size, 64 * 1024);
    assertEquals(realDisk.freeBytes(folder), 0);
  }),
});

Deno.test({
  name: "copy() leaves nothing behind on a full disk (needs root on Linux)",
  ignore: !IS_ROOT,
  fn: mounted("size=64k", (folder, outside) => {
    writeText(at(outside, "big"), "x".repeat(200_000));
    const error = assertThrows(() => realDisk.copy(at(outside, "big"), at(folder, "copy")), AppError);
    assertEquals([error.code, realDisk.list(folder)], ["no-space", []]);
  }),
});

Deno.test({
  name: "createFile() and makeDir() fail with no-space when there are no more files (needs root on Linux)",
  ignore: !IS_ROOT,
  fn: mounted("nr_inodes=2", (folder) => {
    writeText(at(folder, "last"), "");
    assertEquals(assertThrows(() => realDisk.createFile(at(folder, "a"), 0o600), AppError).code, "no-space");
    assertEquals(assertThrows(() => realDisk.makeDir(at(folder, "b"), 0o700), AppError).code, "no-space");
  }),
});

Deno.test({
  name: "every change of a read-only file system is refused (needs root on Linux)",
  ignore: !IS_ROOT,
  fn: mounted("size=64k", (folder) => {
    const file = at(folder, "file");
    writeText(file, "keep");
    Deno.mkdirSync(at(folder, "dir"));
    run("mount", ["-o", "remount,ro", folder]);
    const changes: readonly (() => unknown)[] = [
      () => realDisk.createFile(at(folder, "new"), 0o600),
      () => realDisk.openAppend(file, 0o600),
      () => realDisk.openAppend(at(folder, "new"), 0o600),
      () => realDisk.makeDir(at(folder, "new"), 0o700),
      () => realDisk.rename(file, at(folder, "new")),
      () => realDisk.link(file, at(folder, "new")),
      () => realDisk.copy(file, at(folder, "new")),
      () => realDisk.remove(file),
      () => realDisk.removeDir(at(folder, "dir")),
      () => realDisk.removeTree(at(folder, "dir")),
      () => realDisk.setTimes(file, 1, 1),
    ];
    for (const change of changes) {
      const error = assertThrows(change, AppError, "the file system is read-only", String(change));
      assertEquals(error.code, "refused");
    }
    assertEquals(Deno.readTextFileSync(file), "keep");
  }),
});

Deno.test({
  name: "rename() and link() to another file system say so, and a copy works (needs root on Linux)",
  ignore: !IS_ROOT,
  fn: mounted("size=64k", (folder, outside) => {
    writeText(at(outside, "file"), "x");
    const [from, to] = [at(outside, "file"), at(folder, "file")];
    assertThrows(() => realDisk.rename(from, to), AppError, "it is on another file system");
    const error = assertThrows(() => realDisk.link(from, to), AppError, "it is on another file system");
    assert(isLinkUnsupported(error));
    realDisk.copy(from, to);
    assertEquals(Deno.readTextFileSync(to), "x");
  }),
});

Deno.test({
  name: "a file that must not be changed is refused (needs root on Linux)",
  ignore: !IS_ROOT,
  fn: () =>
    inTempFolder((folder) => {
      const file = at(folder, "file");
      writeText(file, "keep");
      run("chattr", ["+i", file]);
      try {
        for (const change of [() => realDisk.remove(file), () => realDisk.openAppend(file, 0o600)]) {
          assertEquals(assertThrows(change, AppError, "operation not permitted").code, "refused");
        }
      } finally {
        run("chattr", ["-i", file]);
      }
    }),
});

const CHILD = `
import { realDisk } from "${new URL("../../lib/system/disk.ts", import.meta.url)}";
const [folder] = Deno.args;
const tries = [
  () => realDisk.openRead(folder + "/secret/file"), () => realDisk.lstat(folder + "/secret/file"),
  () => realDisk.list(folder + "/secret"), () => realDisk.createFile(folder + "/new", 0o600),
  () => realDisk.rename(folder + "/plain", folder + "/other"), () => realDisk.realPath(folder + "/secret/file"),
];
console.log(JSON.stringify(tries.map((change) => {
  try { change(); return "done"; } catch (error) { return error.code + ": " + error.message; }
})));
`;
const AS_NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups", "--", Deno.execPath()];

Deno.test({
  name: "what another user keeps private is refused (needs root on Linux and a Deno anybody may run)",
  ignore: !IS_ROOT || !canRunAsNobody(),
  fn: () =>
    inTempFolder((folder) => {
      Deno.chmodSync(folder, 0o755);
      writeText(at(folder, "plain"), "", 0o644);
      Deno.mkdirSync(at(folder, "secret"), { mode: 0o700 });
      writeText(at(folder, "secret/file"), "");
      writeText(at(folder, "child.ts"), CHILD, 0o644);
      const cache = at(folder, "cache");
      Deno.mkdirSync(cache);
      Deno.chmodSync(cache, 0o777);
      const said: unknown = JSON.parse(
        run(
          "setpriv",
          [...AS_NOBODY, "run", "-A", "--no-lock", "--no-config", at(folder, "child.ts"), folder],
          { DENO_DIR: cache, HOME: cache },
        ),
      );
      const path = at(folder, "secret/file");
      assertEquals(said, [
        `refused: cannot read "${path}": permission denied`,
        `refused: cannot read "${path}": permission denied`,
        `refused: cannot list "${at(folder, "secret")}": permission denied`,
        `refused: cannot create "${at(folder, "new")}": permission denied`,
        `refused: cannot rename "${at(folder, "plain")}" to "${at(folder, "other")}": permission denied`,
        `refused: cannot resolve "${path}": permission denied`,
      ]);
    }),
});

function canRunAsNobody(): boolean {
  try {
    run("setpriv", [...AS_NOBODY, "--version"]);
    return true;
  } catch {
    return false;
  }
}
