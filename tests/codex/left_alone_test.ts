/** What codexkeep leaves to the user and to a Codex at work, and what the doctor of Codex says of the rest. */
import { assert, assertEquals } from "../assert.ts";
import { changeIndex, threadRows } from "./disk.ts";
import { type TestHome, withHome, withServer } from "./home.ts";
import { asList, asText, fieldOf, type Json } from "./json.ts";
import { copyTo, fileOf, setPath } from "./places.ts";
import { complaints, keep, pick } from "./program.ts";
import { list, LISTS, resume } from "./readers.ts";
import { newThread } from "./threads.ts";

Deno.test("repair paths turns a row away from a file of another home only when the thread is named", () =>
  withHome("mock", async (home) => {
    const id = await withServer(home, (server) => newThread(server, { messages: ["one"] }));
    const path = fileOf(home.path, id);
    const other = copyTo(path, path.replace(home.path, `${home.path}-before`));
    setPath(home.path, id, other);
    await withServer(home, async (server) => {
      assertEquals((await list(server, LISTS.indexAll)).map((entry) => entry.path), [other]);
      assert((await resume(server, id)).ok);
    });

    assertEquals(await found(home), ["warning rollout-path-stale"]);
    assertEquals(pick(await keep(home, ["repair", "all", "--apply"]), "plan.changes"), 0);
    await keep(home, ["repair", "paths", "--thread", id, "--apply"]);
    assertEquals(threadRows(home.path).map((row) => row.path), [path]);
  }));

Deno.test("repair backfill does not import a thread that a Codex is at work on", () =>
  withHome("mock", (home) =>
    withServer(home, async (server) => {
      const id = await newThread(server, { messages: ["one"] });
      changeIndex(home.path, "DELETE FROM threads WHERE id = ?", id);
      assertEquals(await found(home), ["info rollout-active-orphan"]);
      const plan = await keep(home, ["repair", "backfill", "--dry-run"]);
      assertEquals(pick(plan, "plan.changes"), 0);
    })));

Deno.test("codex doctor is content with a home after repair all", () =>
  withHome("mock", async (home) => {
    const [stale = "", archived = "", lost = "", copied = ""] = await withServer(home, async (server) => {
      const ids: string[] = [];
      for (const message of ["stale", "archived", "lost", "copied"]) {
        ids.push(await newThread(server, { messages: [message] }));
      }
      return ids;
    });
    assertEquals(await parity(home), "ok");
    setPath(home.path, stale, "/nowhere/x.jsonl");
    changeIndex(home.path, "UPDATE threads SET archived = 1 WHERE id = ?", archived);
    changeIndex(home.path, "DELETE FROM threads WHERE id = ?", lost);
    const path = fileOf(home.path, copied);
    copyTo(path, path.replace(/sessions\/.*\//, "sessions/backup/"));
    assertEquals(await parity(home), "warning");
    await keep(home, ["repair", "all", "--apply"]);
    await withServer(home, () => Promise.resolve());
    assertEquals(await parity(home), "ok");
    assertEquals(await complaints(home), []);
  }));

async function found(home: TestHome): Promise<readonly string[]> {
  const findings = pick(await keep(home, ["diagnose"]), "findings") as readonly Record<string, string>[];
  return findings.map(({ severity, code }) => `${severity} ${code}`).filter((text) =>
    text.includes(" rollout-")
  );
}

/** What `codex doctor` says of rollouts and rows. */
async function parity(home: TestHome): Promise<string> {
  const { stdout } = await home.run(["doctor", "--json"]);
  const checks: Json = fieldOf(JSON.parse(stdout), "checks");
  const list = Array.isArray(checks) ? asList(checks) : Object.values(checks as Record<string, Json>);
  return asText(fieldOf(list.find((one) => fieldOf(one, "id") === "state.rollout_db_parity"), "status"));
}
