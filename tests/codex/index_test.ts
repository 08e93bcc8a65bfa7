/** `codexkeep repair index` judged by the real Codex: names outlive the database. */
import { assertEquals } from "../assert.ts";
import { dropIndex } from "./disk.ts";
import { type TestHome, withCopy, withHome, withServer } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { list, LISTS } from "./readers.ts";
import { newFork, newThread, rename } from "./threads.ts";

Deno.test("repair index --apply", async (test) => {
  await withHome("mock", async (home) => {
    const { named, others } = await withServer(home, async (server) => {
      const legacy = { historyMode: "legacy" } as const;
      const named = await newThread(server, { messages: ["first"], ...legacy });
      await rename(server, named, "old name");
      await rename(server, named, "its name");
      const plain = await newThread(server, { messages: ["never named"], ...legacy });
      const paginated = await newThread(server, { messages: ["another"] });
      await rename(server, paginated, "another name");
      return { named, others: [plain, paginated, await newFork(server, named, ["of the fork"])] };
    });

    await test.step("has nothing to do on a healthy home, also when Codex has made the database anew", async () => {
      await withCopy(home, async (copy) => {
        assertEquals(await changesOf(copy), 0);
        dropIndex(copy.path);
        assertEquals(await nameOf(copy, named), "its name");
        assertEquals([await complaints(copy), await changesOf(copy)], [[], 0]);
      });
    });
    await test.step("keeps a name whose entry was lost, and restores every byte", async () => {
      await withCopy(home, async (copy) => {
        const index = `${copy.path}/session_index.jsonl`;
        const lines = Deno.readTextFileSync(index).split("\n");
        Deno.writeTextFileSync(index, lines.filter((line) => !line.includes("its name")).join("\n"));
        await withCopy(copy, async (ill) => {
          dropIndex(ill.path);
          assertEquals(await nameOf(ill, named), "old name", "what becomes of it without the repair");
        });
        assertEquals(await complaints(copy), ["warning index-stale 2"]);
        const before = printHome(copy.path);
        await keep(copy, ["repair", "index", "--apply"]);
        const repaired = printHome(copy.path);
        assertEquals([await complaints(copy), await changesOf(copy)], [[], 0]);
        await keep(copy, ["restore", "latest", "--apply"]);
        assertEquals(printDifferences(before, printHome(copy.path)), []);
        await keep(copy, ["restore", "latest", "--apply"]);
        assertEquals(printDifferences(repaired, printHome(copy.path)), []);
        dropIndex(copy.path);
        assertEquals(await nameOf(copy, named), "its name");
        const forked = others.at(-1) ?? "";
        assertEquals(await nameOf(copy, forked), "its name");
      });
    });
    await test.step("makes the file where there is none, and takes it away again", async () => {
      await withCopy(home, async (copy) => {
        Deno.removeSync(`${copy.path}/session_index.jsonl`);
        const before = printHome(copy.path);
        await keep(copy, ["repair", "index", "--apply"]);
        await withCopy(copy, async (again) => {
          dropIndex(again.path);
          assertEquals(await nameOf(again, named), "its name");
        });
        await keep(copy, ["restore", "latest", "--apply"]);
        assertEquals(printDifferences(before, printHome(copy.path)), []);
      });
    });
    await test.step("ends a cut off line, so that Codex's next one is not lost with it", async () => {
      await withCopy(home, async (copy) => {
        const index = `${copy.path}/session_index.jsonl`;
        Deno.writeTextFileSync(index, '{"id":"cut o', { append: true });
        await withCopy(copy, async (ill) => {
          assertEquals(await renamed(ill, named), "its name", "the new name is lost with the line before it");
        });
        assertEquals(await complaints(copy), ["warning index-stale 1"]);
        await keep(copy, ["repair", "index", "--apply"]);
        assertEquals(await complaints(copy), []);
        assertEquals(await renamed(copy, named), "new name");
      });
    });
  });
});

/** How many changes the repair would make. */
async function changesOf(home: TestHome): Promise<unknown> {
  return pick(await keep(home, ["repair", "index", "--dry-run"]), "plan.changes");
}

/** The name under which Codex lists a thread. */
async function nameOf(home: TestHome, id: string): Promise<string | null | undefined> {
  return await withServer(
    home,
    async (server) => (await list(server, LISTS.scan)).find((entry) => entry.id === id)?.name,
  );
}

/** The name that is left of a new one once the database was made anew. */
async function renamed(home: TestHome, id: string): Promise<string | null | undefined> {
  await withServer(home, (server) => rename(server, id, "new name"));
  dropIndex(home.path);
  return await nameOf(home, id);
}
