import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { busyThreads, lockThreads, tryLock } from "../../lib/system/lock.ts";
import { fileKey, parseProcLocks } from "../../lib/system/proc_locks.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import {
  at,
  type Child,
  HAS_PYTHON,
  inTempFolder,
  IS_UNIX,
  run,
  snapshot,
  underUmask,
  withPython,
  writeText,
} from "./fixture.ts";

/** Locks the files it is told to, as Codex does: created when missing, exclusive, without waiting. */
const HOLDER = `
import fcntl, os, sys
held = {}
print("ready")
for line in sys.stdin:
    verb, path = line.strip().split(" ", 1)
    if verb == "lock" or verb == "share":
        f = open(path, "a+")
        try:
            fcntl.flock(f, (fcntl.LOCK_EX if verb == "lock" else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            held[path] = f
            print("held")
        except BlockingIOError:
            f.close()
            print("refused")
    elif verb == "free":
        held.pop(path).close()
        print("freed")
`;

function lockTest(name: string, use: (folder: AbsPath, other: Child) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !HAS_PYTHON,
    fn: () => inTempFolder((folder) => withPython(HOLDER, [], (other) => use(folder, other))),
  });
}

function id(n: number): string {
  return `01a1fc3a-036c-73b3-964b-${n.toString(16).padStart(12, "0")}`;
}

function locksFolder(home: AbsPath): AbsPath {
  const folder = at(home, "thread-writer-locks");
  Deno.mkdirSync(folder);
  writeText(at(folder, ".coordination.lock"), "");
  return folder;
}

function names(folder: AbsPath): string[] {
  return (realDisk.list(folder) ?? []).map((entry) => entry.name);
}

Deno.test("parseProcLocks() reads held locks and leaves out those that wait", () => {
  const text = [
    "1: POSIX  ADVISORY  READ 16137 fe:00:2156601 128 128",
    "2: FLOCK  ADVISORY  WRITE 16137 fe:00:2156592 0 EOF",
    "2: -> FLOCK  ADVISORY  WRITE 99 fe:00:2156592 0 EOF",
    "3: OFDLCK ADVISORY  WRITE -1 00:2d:7 0 EOF",
    "4: LEASE  ACTIVE    READ 5 fe:00:1 0 EOF",
    "",
  ].join("\n");
  assertEquals(parseProcLocks(text), [
    { kind: "POSIX", exclusive: false, pid: 16137, file: "fe:00:2156601" },
    { kind: "FLOCK", exclusive: true, pid: 16137, file: "fe:00:2156592" },
    { kind: "OFDLCK", exclusive: true, pid: -1, file: "00:2d:7" },
  ]);
});

Deno.test("fileKey() splits device numbers as the kernel does", () => {
  assertEquals(fileKey({ dev: 65024, ino: 7 }), "fe:00:7");
  assertEquals(fileKey({ dev: 0x2d, ino: 2156592 }), "00:2d:2156592");
  assertEquals(fileKey({ dev: 0x10305, ino: 1 }), "103:05:1");
  assertEquals(fileKey({ dev: 0x1000_0801, ino: 1 }), "08:10001:1");
});

lockTest("tryLock() excludes other processes and our own second try", async (folder, other) => {
  const path = at(folder, "lock");
  const lock = await tryLock(path, { create: true });
  assert(lock !== undefined);
  assertEquals(await other.ask(`lock ${path}`), "refused");
  assertEquals(await tryLock(path, { create: true }), undefined);
  lock.release();
  lock.release();
  assertEquals(await other.ask(`lock ${path}`), "held");
  const started = performance.now();
  assertEquals(await tryLock(path, { create: true, waitMs: 200 }), undefined);
  assert(performance.now() - started >= 190);
});

lockTest(
  "tryLock() gets the lock of a killed process, and one that is freed in time",
  async (folder, other) => {
    const path = at(folder, "lock");
    assertEquals(await other.ask(`lock ${path}`), "held");
    const waiting = tryLock(path, { create: false, waitMs: 10_000 });
    assertEquals(await other.ask(`free ${path}`), "freed");
    (await waiting)?.release();
    assertEquals(await other.ask(`lock ${path}`), "held");
    await other.crash();
    const lock = await tryLock(path, { create: false, waitMs: 1000 });
    assert(lock !== undefined);
    lock.release();
  },
);

lockTest("tryLock() takes no lock that the name no longer stands for", async (folder, other) => {
  const path = at(folder, "lock");
  assertEquals(await other.ask(`lock ${path}`), "held");
  const waiting = tryLock(path, { create: true, waitMs: 10_000 });
  await new Promise((resolve) => setTimeout(resolve, 30));
  Deno.removeSync(path);
  await other.ask(`free ${path}`);
  const lock = await waiting;
  assertEquals([lock !== undefined, await other.ask(`lock ${path}`)], [true, "refused"]);
  lock?.release();
});

Deno.test({
  name: "tryLock() creates with exactly the mode and refuses links, pipes and folders",
  ignore: !IS_UNIX,
  fn: () =>
    inTempFolder(async (folder) => {
      underUmask(0o777, () => writeText(at(folder, "target"), ""));
      Deno.symlinkSync("target", at(folder, "link"));
      Deno.symlinkSync("nowhere", at(folder, "dangling"));
      run("mkfifo", [at(folder, "pipe")]);
      for (const name of ["link", "dangling", "pipe", ""]) {
        const error = await assertRejects(
          () => tryLock(at(folder, name), { create: true }),
          AppError,
          "cannot lock",
        );
        assertEquals(error.code, "refused");
      }
      const missing = await assertRejects(() => tryLock(at(folder, "nowhere"), { create: false }), AppError);
      assertEquals([missing.code, realDisk.lstat(at(folder, "nowhere"))], ["failed", undefined]);
      const before = Deno.umask(0);
      const locks = [
        await tryLock(at(folder, "a"), { create: true }),
        await tryLock(at(folder, "b"), { create: true, mode: 0o640 }),
      ];
      Deno.umask(before);
      assertEquals(["a", "b"].map((name) => realDisk.lstat(at(folder, name))?.mode), [0o600, 0o640]);
      for (const lock of locks) lock?.release();
    }),
});

lockTest("busyThreads() names the threads whose lock is held, and changes nothing", async (home, other) => {
  assertEquals(await busyThreads(home), []);
  const folder = locksFolder(home);
  for (const n of [3, 1, 2]) writeText(at(folder, `${id(n)}.lock`), "");
  writeText(at(folder, "notes.lock"), "");
  Deno.mkdirSync(at(folder, `${id(9)}.lock`));
  assertEquals(await busyThreads(home), []);
  for (const name of [`${id(3)}.lock`, `${id(1)}.lock`, "notes.lock"]) {
    assertEquals(await other.ask(`lock ${at(folder, name)}`), "held");
  }
  const before = snapshot(home);
  assertEquals([await busyThreads(home), snapshot(home)], [[id(1), id(3)], before]);
  assertEquals(await other.ask(`lock ${at(folder, ".coordination.lock")}`), "held");
  assertEquals(await busyThreads(home), [id(1), id(3)]);
  await other.crash();
  assertEquals([await busyThreads(home), snapshot(home)], [[], before]);
});

lockTest("lockThreads() keeps others out and removes the files it made", async (home, other) => {
  const folder = locksFolder(home);
  writeText(at(folder, `${id(1)}.lock`), "");
  assertEquals(await other.ask(`lock ${at(folder, `${id(2)}.lock`)}`), "held");
  const before = names(folder);
  const locks = await lockThreads(home, [id(1), id(2), id(3), id(3)]);
  assertEquals([locks.busy, names(folder)], [[id(2)], [...before, `${id(3)}.lock`]]);
  for (const n of [1, 3]) assertEquals(await other.ask(`lock ${at(folder, `${id(n)}.lock`)}`), "refused");
  assertEquals(await busyThreads(home), [id(1), id(2), id(3)]);
  assertEquals(await other.ask(`lock ${at(folder, ".coordination.lock")}`), "held");
  assertEquals(await other.ask(`free ${at(folder, ".coordination.lock")}`), "freed");
  locks.release();
  locks.release();
  assertEquals([names(folder), await busyThreads(home)], [before, [id(2)]]);
  assertEquals(await other.ask(`lock ${at(folder, `${id(1)}.lock`)}`), "held");
});

lockTest("lockThreads() works beside loading threads and waits for a removing one", async (home, other) => {
  const folder = locksFolder(home);
  const gate = at(folder, ".coordination.lock");
  assertEquals(await other.ask(`share ${gate}`), "held");
  const beside = await lockThreads(home, [id(1)]);
  assertEquals(beside.busy, []);
  await other.ask(`free ${gate}`);
  beside.release();
  assertEquals(await other.ask(`lock ${gate}`), "held");
  const waiting = lockThreads(home, [id(1)]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(names(folder), [".coordination.lock"]);
  await other.ask(`free ${gate}`);
  const locks = await waiting;
  assertEquals([locks.busy, names(folder)], [[], [".coordination.lock", `${id(1)}.lock`]]);
  locks.release();
});

lockTest(
  "lockThreads() reports all busy, or leaves its files, when it cannot coordinate",
  async (home, other) => {
    const folder = locksFolder(home);
    const gate = at(folder, ".coordination.lock");
    const locks = await lockThreads(home, [id(1)]);
    assertEquals(await other.ask(`lock ${gate}`), "held");
    locks.release();
    assertEquals([names(folder), await busyThreads(home)], [[".coordination.lock", `${id(1)}.lock`], []]);
    const refused = await lockThreads(home, [id(1), id(2)]);
    assertEquals([refused.busy, names(folder).length], [[id(1), id(2)], 2]);
    refused.release();
  },
);

Deno.test("lockThreads() makes nothing without the folder and refuses what is no thread id", () =>
  inTempFolder(async (home) => {
    const locks = await lockThreads(home, [id(1)]);
    assertEquals([locks.busy, names(home)], [[], []]);
    locks.release();
    locksFolder(home);
    for (const wrong of ["../../x", "", `${id(1)}.lock`, ".coordination"]) {
      const error = await assertRejects(() => lockThreads(home, [id(1), wrong]), AppError, "not a thread id");
      assertEquals(error.code, "unsafe-path");
    }
    assertEquals(names(at(home, "thread-writer-locks")), [".coordination.lock"]);
  }));

Deno.test("lockThreads() gives back what it has when one lock cannot be made", () =>
  inTempFolder(async (home) => {
    const folder = locksFolder(home);
    Deno.mkdirSync(at(folder, `${id(2)}.lock`));
    await assertRejects(() => lockThreads(home, [id(1), id(2), id(3)]), AppError, "a directory");
    assertEquals([names(folder), await busyThreads(home)], [[".coordination.lock", `${id(2)}.lock`], []]);
  }));

Deno.test("lockThreads() takes 64 locks at once", () =>
  inTempFolder(async (home) => {
    const folder = locksFolder(home);
    const ids = Array.from({ length: 64 }, (_, n) => id(n));
    const locks = await lockThreads(home, ids);
    assertEquals([locks.busy, await busyThreads(home)], [[], ids]);
    locks.release();
    assertEquals(names(folder), [".coordination.lock"]);
  }));
