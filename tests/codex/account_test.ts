/** `repair account` judged by the real Codex: threads of one ChatGPT account show up under another, and go again. */
import { assert, assertEquals } from "../assert.ts";
import { type Account, signIn } from "./account.ts";
import { dropIndex } from "./disk.ts";
import { type TestHome, withCopy, withHome, withServer } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { idsIn, resume } from "./readers.ts";
import * as threads from "./threads.ts";

const FIRST: Account = { user: "user-of-the-first", workspace: "workspace-of-the-first" };
const SECOND: Account = { user: "user-of-the-second", workspace: "workspace-of-the-second" };

Deno.test("repair account shows the threads of another account, in every list, and restore hides them again", async () => {
  await withHome("mock", async (home) => {
    const made = await makeThreads(home);
    const all = [...made.hidden, made.own].toSorted();
    assertEquals(await shown(home), [made.own]);
    assertEquals(await complaints(home), [`warning account-hidden ${made.hidden.length + 1}`]);
    const before = printHome(home.path);
    await keep(home, ["repair", "account", "--source", "any", "--include-archived", "--apply"]);
    assertEquals(await complaints(home), []);
    const again = await keep(home, ["repair", "account", "--source", "any", "--include-archived"]);
    assertEquals(pick(again, "plan.changes"), 0);
    await withCopy(home, async (copy) => assertEquals(await shown(copy), all));
    await withCopy(home, async (copy) => {
      dropIndex(copy.path);
      assertEquals(await shown(copy), all);
      await goOn(copy, made.hidden.slice(1, 2));
      assertEquals(await shown(copy), all);
    });
    await keep(home, ["restore", "latest", "--apply"]);
    assertEquals(printDifferences(before, printHome(home.path)), []);
    await withCopy(home, async (copy) => assertEquals(await shown(copy), [made.own]));
  });
});

type Made = { readonly hidden: readonly string[]; readonly own: string };

/** Threads of every kind of the first account, one of them archived and not told of, and one of the second. */
async function makeThreads(home: TestHome): Promise<Made> {
  signIn(home.path, FIRST);
  const hidden = await withServer(home, async (server) => {
    const plain = await threads.newThread(server, { messages: ["plain"] });
    const reverted = await threads.newThread(server, { messages: ["r1", "r2"] });
    await threads.revert(server, reverted, 1);
    await threads.completed(server, reverted, "r2 again");
    const legacy = await threads.newThread(server, { historyMode: "legacy", messages: ["legacy"] });
    await threads.addMetaLines(server, legacy);
    const archived = await threads.newThread(server, { messages: ["archived"] });
    await threads.archive(server, archived);
    return [plain, reverted, legacy, await threads.newFork(server, plain, ["fork"])];
  });
  signIn(home.path, SECOND);
  const own = await withServer(home, (server) => threads.newThread(server, { messages: ["own"] }));
  return { hidden, own };
}

/** What the picker of the terminal shows; the same in all three of its ways of asking. */
async function shown(home: TestHome): Promise<readonly string[]> {
  return await withServer(home, async (server) => {
    const scan = [...new Set(await idsIn(server, "accountScan"))];
    assertEquals(await idsIn(server, "accountIndex"), scan);
    assertEquals(await idsIn(server, "accountCurrent"), scan);
    return scan;
  });
}

async function goOn(home: TestHome, ids: readonly string[]): Promise<void> {
  await withServer(home, async (server) => {
    for (const id of ids) {
      const opened = await resume(server, id);
      assert(opened.ok, opened.ok ? "" : opened.error);
      await threads.completed(server, id, "more");
    }
  });
}
