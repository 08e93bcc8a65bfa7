/** What Codex has read of a file is taken back with the file: looking at a thread is enough to make it read further. */
import { assertEquals } from "../assert.ts";
import { changeHistory } from "./disk.ts";
import { type TestHome, withHome, withServer } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep } from "./program.ts";
import { resume, revertBefore, turn, turnsWithIds } from "./readers.ts";
import { newThread } from "./threads.ts";

Deno.test("restore of a thread that was looked at since", async (test) => {
  await withHome("custom", async (home) => {
    const id = await withServer(home, (server) => newThread(server, { messages: ["one", "two"] }));
    const made = printHome(home.path);
    home.configure("relay");
    await keep(home, ["sync", "--apply"]);
    await look(home, id);
    await keep(home, ["restore", "latest", "--apply"]);
    home.configure("custom");
    await test.step("leaves the history as it was before the thread was changed", () => {
      assertEquals(historyOf(made), historyOf(printHome(home.path)));
    });
    await test.step("and it can be continued, and taken back to before what was said then", () =>
      checkContinued(home, id));
  });
});

Deno.test("repair history after a file was put back by hand", async () => {
  await withHome("custom", async (home) => {
    const id = await withServer(home, (server) => newThread(server, { messages: ["one"] }));
    const further = "UPDATE thread_history_projection_state SET " +
      "next_rollout_byte_offset = next_rollout_byte_offset + 640, next_rollout_ordinal = next_rollout_ordinal + 1";
    const before = printHome(home.path);
    changeHistory(home.path, further);
    assertEquals(await complaints(home), ["error history-frozen 1"]);
    await keep(home, ["repair", "history", "--apply"]);
    assertEquals(printDifferences(before, printHome(home.path)), []);
    await checkContinued(home, id);
  });
});

async function look(home: TestHome, id: string): Promise<void> {
  await withServer(home, async (server) => void await resume(server, id));
}

/** A turn that Codex found the beginning of can be taken back; one that it has passed over cannot. */
async function checkContinued(home: TestHome, id: string): Promise<void> {
  await withServer(home, async (server) => {
    await resume(server, id);
    assertEquals(await turn(server, id, "later"), "completed");
  });
  assertEquals(await complaints(home), []);
  await withServer(home, async (server) => {
    await resume(server, id);
    const all = await turnsWithIds(server, id);
    const last = all.at(-1);
    assertEquals((await revertBefore(server, id, last?.id ?? "")).ok, true, JSON.stringify(all));
  });
}

function historyOf({ rows }: { readonly rows: readonly string[] }): readonly string[] {
  return rows.filter((row) => row.startsWith("thread_history_1.sqlite"));
}
