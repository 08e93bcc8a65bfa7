/** Rollouts without a row, and a filling of the database that nobody is at; judged by the real Codex. */
import { assert, assertEquals } from "../assert.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { dumpRows } from "../home.ts";
import { codexEnvironment } from "./app_server.ts";
import { changeIndex, threadRows } from "./disk.ts";
import { type TestHome, withCopy, withHome, withServer } from "./home.ts";
import { codexBinary } from "./install.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, type Document, keep, pick } from "./program.ts";
import { idsIn, resume } from "./readers.ts";
import { archive, completed, newExecThread, newFork, newThread, pin, rename, revert } from "./threads.ts";

Deno.test("repair backfill makes Codex index what it does not know, and nothing else", () =>
  withHome("mock", async (home) => {
    const known = await withServer(home, async (server) => {
      const named = await newThread(server, { messages: ["named"] });
      await rename(server, named, "my name");
      await pin(server, named);
      const reverted = await newThread(server, { messages: ["one", "two"] });
      await revert(server, reverted, 1);
      await completed(server, reverted, "again");
      return [named, reverted, await newFork(server, named, ["of the fork"])];
    });
    await newSecond(); // Codex goes by the times in the names, which are whole seconds.
    const lost = [await newExecThread(home, "exec"), ...await makeTwo(home)];
    for (const id of lost) changeIndex(home.path, "DELETE FROM threads WHERE id = ?", id);
    const ill = printHome(home.path);
    const before = cellsOf(home, known);

    assertEquals(await complaints(home), ["warning rollout-not-indexed 3"]);
    await withCopy(home, (copy) => assertListed(copy, known));
    const applied = await keep(home, ["repair", "backfill", "--apply"]);
    assertEquals([pick(applied, "applied"), pick(applied, "verified")], [true, true]);
    assertEquals(await complaints(home), []);
    assertEquals(pick(await keep(home, ["repair", "backfill", "--apply"]), "plan.changes"), 0);
    await withCopy(home, async (copy) => {
      const unchanged = cellsOf(copy, known);
      await assertListed(copy, [...known, ...lost]);
      assertEquals(cellsOf(copy, known), unchanged);
      assertEquals(threadRows(copy.path).length, 6);
      assertEquals(await complaints(copy), []);
    });
    assertEquals(cellsOf(home, known), before);
    await keep(home, ["restore", "latest", "--apply"]);
    assertEquals(printDifferences(ill, printHome(home.path)), []);
  }));

/** One that has to be looked for from the very first file on: archived ones come first. */
Deno.test("repair backfill goes back to the beginning for an archived thread, and keeps names and pins", () =>
  withHome("mock", async (home) => {
    const [named = "", archived = ""] = await withServer(home, async (server) => {
      const first = await newThread(server, { messages: ["first"] });
      await rename(server, first, "my name");
      await pin(server, first);
      const second = await newThread(server, { messages: ["second"] });
      await archive(server, second);
      return [first, second];
    });
    changeIndex(home.path, "DELETE FROM threads WHERE id = ?", archived);
    assertEquals(await complaints(home), ["warning rollout-not-indexed 1"]);
    await keep(home, ["repair", "backfill", "--apply"]);
    await withServer(home, async (server) => {
      assertEquals(await idsIn(server, "archivedIndex"), [archived]);
    });
    assertEquals(
      threadRows(home.path).map(({ id, name, archived }) => [id, name, archived]),
      [[named, "my name", false], [archived, null, true]],
    );
    const [row = ""] = cellsOf(home, [named]);
    assert(/"thread_section_id":"[0-9a-f-]+"/.test(row), row);
  }));

Deno.test("repair backfill leaves threads alone in which nothing was said", () =>
  withHome("mock", async (home) => {
    const id = await withServer(home, async (server) => {
      const unused = await newThread(server, { messages: [] });
      await rename(server, unused, "never used");
      return unused;
    });
    changeIndex(home.path, "DELETE FROM threads WHERE id = ?", id);
    assertEquals(codesOf(await keep(home, ["diagnose"])), ["info rollout-active-orphan"]);
    assertEquals(pick(await keep(home, ["repair", "backfill", "--apply"]), "plan.changes"), 0);
  }));

Deno.test("repair backfill ends a filling that nobody is at", () =>
  withHome("mock", async (home) => {
    const id = await withServer(home, (server) => newThread(server, { messages: ["one"] }));
    const now = Math.floor(Date.now() / 1000);
    changeIndex(home.path, "UPDATE backfill_state SET status = 'running', updated_at = ?", now);
    const ill = printHome(home.path);
    assertEquals(await complaints(home), ["error backfill-stuck 1"]);
    assertEquals(await answers(home), false, "Codex waits for it, for half a minute");

    await keep(home, ["repair", "backfill", "--apply"]);
    assertEquals(await complaints(home), []);
    assertEquals(pick(await keep(home, ["repair", "backfill", "--apply"]), "plan.changes"), 0);
    await withCopy(home, async (copy) => {
      assertEquals(await answers(copy), true);
      await assertListed(copy, [id]);
    });
    await keep(home, ["restore", "latest", "--apply"]);
    assertEquals(printDifferences(ill, printHome(home.path)), []);
  }));

async function makeTwo(home: TestHome): Promise<readonly string[]> {
  return await withServer(home, async (server) => [
    await newThread(server, { messages: ["plain"] }),
    await newThread(server, { messages: ["legacy"], historyMode: "legacy" }),
  ]);
}

async function newSecond(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1050 - Date.now() % 1000));
}

/** The threads that the list made from the database shows, all of which open. */
async function assertListed(home: TestHome, ids: readonly string[]): Promise<void> {
  await withServer(home, async (server) => {
    assertEquals(await idsIn(server, "execIndex"), [...ids].sort());
    for (const id of ids) assert((await resume(server, id)).ok, id);
  });
}

/** Every cell of the rows of some threads. */
function cellsOf(home: TestHome, ids: readonly string[]): readonly string[] {
  return dumpRows(`${home.path}/state_5.sqlite` as AbsPath).filter((row) =>
    row.startsWith("threads ") && ids.some((id) => row.includes(`"id":"${id}"`))
  );
}

function codesOf(document: Document): readonly string[] {
  const findings = pick(document, "findings") as readonly {
    readonly severity: string;
    readonly code: string;
  }[];
  return findings.map(({ severity, code }) => `${severity} ${code}`);
}

/** Whether an app-server is ready within a few seconds. */
async function answers(home: TestHome): Promise<boolean> {
  const child = new Deno.Command(await codexBinary(), {
    args: ["app-server"],
    cwd: home.work,
    env: codexEnvironment(home.path),
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.getReader();
  const params = { clientInfo: { name: "codexkeep_tests", title: null, version: "0.0.0" } };
  await input.write(new TextEncoder().encode(`${JSON.stringify({ id: 1, method: "initialize", params })}\n`));
  const timer = setTimeout(() => child.kill("SIGKILL"), 4000);
  const { done } = await output.read();
  clearTimeout(timer);
  await input.close().catch(() => {}); // it may have been ended
  await output.cancel();
  await child.status;
  return !done;
}
