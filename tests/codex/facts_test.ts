/** What Codex 0.169 does with files that another program has changed: the facts that repairs are built on. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type Cast, makeCast, type Role, withCast } from "./cast.ts";
import { changeIndex, dropIndex, editLines, filesOf, threadRows } from "./disk.ts";
import { withHome, withServer } from "./home.ts";
import { differences, observe } from "./oracle.ts";
import { list, type ListName, LISTS, resume } from "./readers.ts";
import { relabel, type Relabelling } from "./relabel.ts";
import { completed, newThread } from "./threads.ts";

Deno.test("Codex after a change of provider", async (test) => {
  const cast = await makeCast("custom");
  try {
    const before = await observe(cast, "custom");
    for (const provider of ["a", "openai", "a-very-long-provider-id-for-the-tests"]) {
      await test.step(`shows and does the same on "${provider}" when all three copies are changed`, async () => {
        await withCast(cast, async (copy) => {
          relabel(copy.home.path, "custom", provider);
          assertEquals(differences(before, await observe(copy, provider)), []);
        });
      });
    }
    await test.step("undoes a change of the row alone at the next list of the new provider", async () => {
      const copy = { firstLines: false, settings: false };
      assertEquals(await providersAfter(cast, copy, "index"), { shown: true, row: "relay" });
      assertEquals(await providersAfter(cast, copy, "scan"), { shown: false, row: "custom" });
    });
    await test.step("hides from the rollout lists a thread whose first line was not changed", async () => {
      const copy = { firstLines: false };
      assertEquals(await providersAfter(cast, copy, "scan"), { shown: false, row: "relay" });
      assertEquals(await providersAfter(cast, copy, "index"), { shown: true, row: "relay" });
    });
    await test.step("goes back when the index is rebuilt and the settings were not changed", async () => {
      const copy = { settings: false };
      assertEquals(await providersAfter(cast, copy, "scan"), { shown: true, row: "relay" });
      assertEquals(await providersAfter(cast, copy, "scan", dropIndex), { shown: true, row: "custom" });
    });
    await test.step("takes the first line at a rebuild when a rollout has no settings", async () => {
      const forget = (home: string) =>
        rewrite(home, cast, "root", '"thread_settings_applied"', '"unknown_to_codex_000000"');
      const copy = { settings: false };
      assertEquals(await providersAfter(cast, copy, "scan", forget, dropIndex), {
        shown: true,
        row: "relay",
      });
    });
    await test.step("takes the last settings at a rebuild even when they name another thread", async () => {
      const misname = (home: string) =>
        editLines(fileOf(home, cast, "root"), (lines) => {
          const last = lines.at(-1) ?? "";
          return [...lines.slice(0, -1), last.replace(cast.ids.root, cast.ids.legacy)];
        });
      assertEquals(await providersAfter(cast, {}, "index", misname, dropIndex), {
        shown: true,
        row: "relay",
      });
    });
  } finally {
    await cast.home.dispose();
  }
});

/** Relabels a copy to "relay", asks one list, and tells whether the root is in it and what its row says then. */
async function providersAfter(
  cast: Cast,
  what: Relabelling,
  name: ListName,
  ...more: readonly ((home: string) => void)[]
): Promise<{ readonly shown: boolean; readonly row: string | undefined }> {
  return await withCast(cast, async ({ home, ids }) => {
    relabel(home.path, "custom", "relay", what);
    for (const change of more) change(home.path);
    home.configure("relay");
    const entries = await withServer(home, (server) => list(server, LISTS[name]));
    const row = threadRows(home.path).find((one) => one.id === ids.root);
    return { shown: entries.some((entry) => entry.id === ids.root), row: row?.provider };
  });
}

Deno.test("Codex and the lock of a thread", async (test) => {
  await withHome("mock", async (home) => {
    const [mine = "", other = ""] = await withServer(home, async (server) => [
      await newThread(server, { messages: ["one"] }),
      await newThread(server, { messages: ["one"] }),
    ]);
    const locks = `${home.path}/thread-writer-locks`;
    const lockFile = `${locks}/${mine}.lock`;

    await test.step("it refuses to open a thread whose lock file another process holds", async () => {
      using file = Deno.openSync(lockFile, { read: true, write: true, create: true });
      file.lockSync(true);
      await withServer(home, async (server) => {
        const refused = await resume(server, mine);
        assert(!refused.ok);
        assertStringIncludes(refused.error, "already has an active writer");
        assert((await resume(server, other)).ok);
      });
    });
    await test.step("it removes lock files nobody holds when it opens its first thread", async () => {
      Deno.writeTextFileSync(lockFile, "");
      await withServer(home, (server) => resume(server, other));
      assertEquals([...Deno.readDirSync(locks)].map((entry) => entry.name), [".coordination.lock"]);
    });
    await test.step("it waits for the coordination lock", async () => {
      using file = Deno.openSync(`${locks}/.coordination.lock`, { read: true, write: true });
      await withServer(home, async (server) => {
        file.lockSync(true);
        const opening = resume(server, mine);
        const early = await Promise.race([
          opening,
          new Promise((resolve) => setTimeout(resolve, 200, "waiting")),
        ]);
        assertEquals(early, "waiting");
        file.unlockSync();
        assert((await opening).ok);
      });
    });
    await test.step("it holds the lock of each open thread, and a closed server holds none", async () => {
      await withServer(home, async (server) => {
        assert((await resume(server, mine)).ok);
        await completed(server, mine, "two");
        assert(Deno.statSync(lockFile).isFile);
      });
      assertEquals([...Deno.readDirSync(locks)].map((entry) => entry.name), [".coordination.lock"]);
    });
  });
});

Deno.test("Codex answers the list of everything from the index, not from the rollouts", async () => {
  await withHome("mock", async (home) => {
    const id = await withServer(home, (server) => newThread(server, { messages: ["one"] }));
    changeIndex(
      home.path,
      "UPDATE threads SET model_provider = 'relay', preview = 'changed' WHERE id = ?",
      id,
    );
    await withServer(home, async (server) => {
      const seen = async (name: ListName) =>
        (await list(server, LISTS[name])).map((entry) => `${entry.provider} ${entry.preview}`);
      assertEquals(await seen("recent"), ["relay changed"]);
      assertEquals(
        await seen("scanAll"),
        ["mock changed"],
        "the provider of the first line, the preview of the row",
      );
    });
  });
});

function rewrite(home: string, cast: Cast, role: Role, from: string, to: string): void {
  editLines(fileOf(home, cast, role), (lines) => lines.map((line) => line.replace(from, to)));
}

function fileOf(home: string, cast: Cast, role: Role): string {
  const path = filesOf(home, cast.ids[role]).at(-1);
  if (path === undefined) throw new Error(`no file of ${role}`);
  return path;
}
