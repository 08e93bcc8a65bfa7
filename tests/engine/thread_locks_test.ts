import { holdThreads } from "../../lib/engine/thread_locks.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { busyThreads } from "../../lib/system/lock.ts";
import { assertEquals } from "../assert.ts";
import { withFolder, withHome } from "../home.ts";
import { carryOut, CONFIG, planSync } from "./fixture.ts";

const [A, B, C] = ["a", "b", "c"].map((end) => `0199f0a0-0000-7000-8000-00000000000${end}`) as [
  string,
  string,
  string,
];

/** A home whose Codex has made its folder of locks. */
async function withLocks(use: (home: AbsPath, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (home) => {
    const folder = `${home}/thread-writer-locks`;
    Deno.mkdirSync(folder);
    Deno.writeTextFileSync(`${folder}/.coordination.lock`, "");
    await use(home, folder);
  });
}

Deno.test("holdThreads() keeps what it locked until it is released, and leaves no file behind", async () => {
  await withLocks(async (home, folder) => {
    const locks = holdThreads(home);
    assertEquals(await locks.hold([A]), []);
    assertEquals(await locks.hold([A, B, B]), []);
    assertEquals([...Deno.readDirSync(folder)].length, 3);
    const others = holdThreads(home);
    assertEquals(await others.hold([A, B, C]), [A, B]);
    locks.release();
    locks.release();
    assertEquals(await others.hold([A, B]), []);
    others.release();
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [".coordination.lock"]);
    assertEquals(await busyThreads(home), []);
  });
});

Deno.test("holdThreads() names the threads that somebody else has open, every time it is asked", async () => {
  await withLocks(async (home, folder) => {
    using file = Deno.openSync(`${folder}/${B}.lock`, { read: true, write: true, create: true });
    file.lockSync(true);
    const locks = holdThreads(home);
    try {
      assertEquals(await locks.hold([A, B]), [B]);
      assertEquals(await locks.hold([A, B]), [B]);
      file.unlockSync();
      assertEquals(await locks.hold([A, B]), []);
    } finally {
      locks.release();
    }
  });
});

Deno.test("apply() holds the locks of its threads until all is written and verified", async () => {
  const threads = [{ provider: "old" }, { provider: "old" }, {
    // Only its row is to change.
    provider: { firstLine: "new", settings: "new", row: "old" },
  }];
  await withHome({ config: CONFIG, threads }, async (home) => {
    const folder = `${home.path}/thread-writer-locks`;
    Deno.mkdirSync(folder);
    Deno.writeTextFileSync(`${folder}/.coordination.lock`, "");
    const locked = new Map<string, number>();
    const onProgress = (stage: string) => {
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      locked.set(stage, home.threads.filter(({ id }) => names.includes(`${id}.lock`)).length);
    };
    await carryOut(await planSync(home.path), { onProgress });
    assertEquals([...locked], [["changing files", 2], ["verifying", 3]]);
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});
