/** The home that `codexkeep demo` builds, judged by the real Codex before and after it is repaired. */
import type { AbsPath } from "../../lib/core/path.ts";
import { buildHome, type BuiltThread } from "../../lib/demo/home.ts";
import { storySpec } from "../../lib/demo/story.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { threadRows } from "./disk.ts";
import { type TestHome, withCopy, withHome, withServer } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep } from "./program.ts";
import { fork, idsIn, type ListName, resume, turn, turns } from "./readers.ts";
import { newThread } from "./threads.ts";

/** What the story's configuration declares: `lab`, where three threads were made, is not in it any more. */
const DECLARED = ["relay", "work-proxy"];

Deno.test("the home of the demo is one that the real Codex takes for its own", async (test) => {
  await withHome("relay", async (home) => {
    home.configure("relay", "", DECLARED);
    // Codex makes its databases by a thread of its own.
    const own = await withServer(home, (server) => newThread(server, { messages: ["its own"] }));
    const threads = fill(home);
    const active = threads.filter(({ files }) => !files[0]?.path.startsWith("archived"));
    const all = [own, ...active.map(({ id }) => id)].toSorted();

    await test.step("four threads of sixty are in view", async () => {
      assertEquals(active.length, 60);
      const newest = [own, ...active.slice(-4).map(({ id }) => id)].toSorted();
      for (const name of ["scan", "index"] as const) assertEquals(await shownIn(home, name), newest);
      for (const name of ["scanAll", "indexAll"] as const) assertEquals(await shownIn(home, name), all);
    });
    await test.step("each thread opens with its own provider, unless that is gone", () =>
      checkThreads(home, active));
    await test.step("each thread is in view and opens after sync", async () => {
      const before = printHome(home.path);
      await keep(home, ["sync", "--apply"]);
      assertEquals(await complaints(home), []);
      for (const name of ["scan", "index"] as const) assertEquals(await shownIn(home, name), all);
      await checkThreads(home, active);
      await keep(home, ["restore", "latest", "--apply"]);
      assertEquals(printDifferences(before, printHome(home.path)), []);
    });
  });
});

function fill(home: TestHome): readonly BuiltThread[] {
  const spec = storySpec(Date.now());
  const built = { ...spec, config: false, database: { tables: "present" } } as const;
  return buildHome(realDisk, home.path as AbsPath, built).threads;
}

/** A reverted thread is in the lists made from files once for each of its files. */
async function shownIn(home: TestHome, name: ListName): Promise<readonly string[]> {
  return await withCopy(
    home,
    async (copy) => [...new Set(await withServer(copy, (server) => idsIn(server, name)))],
  );
}

/** Requires of every thread that it shows its turns and goes on, the model being sent all of its past. */
async function checkThreads(home: TestHome, threads: readonly BuiltThread[]): Promise<void> {
  const providers = new Map(threadRows(home.path).map((row) => [row.id, row.provider]));
  await withCopy(home, (copy) =>
    withServer(copy, async (server) => {
      for (const thread of threads) {
        const provider = providers.get(thread.id);
        const opened = await resume(server, thread.id);
        if (provider === "lab") {
          assert(!opened.ok);
          assertStringIncludes(opened.error, "no longer configured");
          continue;
        }
        assert(opened.ok, thread.id);
        assertEquals(
          await turns(server, thread.id),
          thread.turns.map(({ user, agent }) => `completed: ${user} > ${agent}`),
        );
        assertEquals(await turn(server, thread.id, "more"), "completed");
        const request = copy.model.requests.at(-1);
        assertEquals(
          [request?.provider, request?.userTexts],
          [provider, [...thread.turns.map(({ user }) => user), "more"]],
        );
        assert((await fork(server, thread.id)).ok, thread.id);
      }
    }));
}
