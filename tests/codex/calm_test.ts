/** Homes as Codex leaves them, however it was used or ended: nothing is complained about, nothing would be repaired. */
import { assertEquals } from "../assert.ts";
import type { AppServer } from "./app_server.ts";
import { dropIndex, threadRows } from "./disk.ts";
import { type TestHome, withHome, withServer } from "./home.ts";
import { asText, fieldOf, type Json } from "./json.ts";
import type { ModelRequest } from "./model_server.ts";
import { complaints, keep, pick } from "./program.ts";
import { list, resume, turnsWithIds } from "./readers.ts";
import { archive, completed, newFork, newThread, revert } from "./threads.ts";

const MODES = ["paginated", "legacy"] as const;

Deno.test("nothing is wrong with subagents, calls of tools and compacted threads", () =>
  withHome("mock", async (home) => {
    home.model.behave({ answer: callTools });
    await withServer(home, async (server) => {
      for (const historyMode of MODES) {
        const id = await newThread(server, { messages: ["spawn", "run"], historyMode });
        await server.call("thread/compact/start", { threadId: id });
        await server.waitFor(({ method, params }) =>
          method === "turn/completed" && params["threadId"] === id
        );
        await completed(server, id, "later");
        await newFork(server, id, ["of the fork"]);
      }
    });
    assertEquals(threadRows(home.path).filter(({ source }) => source.includes("subagent")).length, 2);
    await assertCalm(home, "at once");
    await rebuild(home);
    await assertCalm(home, "after the database was made anew");
    await goOn(home, threadRows(home.path).map(({ id }) => id));
    await assertCalm(home, "after all of them were continued");
  }));

Deno.test("nothing is wrong with turns that were interrupted, failed or killed", () =>
  withHome("mock", async (home) => {
    const ids: string[] = [];
    await withServer(home, async (server) => {
      for (const historyMode of MODES) {
        home.model.behave({});
        const id = await newThread(server, { messages: ["one"], historyMode });
        home.model.behave({ failure: { status: 400, code: "bad", message: "no" } });
        await completed(server, id, "fails").catch(() => {});
        home.model.behave({ endless: true });
        const turnId = await begin(home, server, id);
        await assertCalm(home, "in mid-turn");
        await server.call("turn/interrupt", { threadId: id, turnId });
        ids.push(id);
      }
    });
    for (const historyMode of MODES) {
      const server = await home.serve();
      const id = await newThread(server, { messages: [], historyMode });
      await begin(home, server, id);
      await server.crash();
      ids.push(id);
    }
    await assertCalm(home, "after the crash");
    home.model.behave({});
    await goOn(home, ids);
    await assertCalm(home, "after all of them were continued");
  }));

Deno.test("nothing is wrong with threads that Codex has migrated", () =>
  withHome("mock", async (home) => {
    const ids = await withServer(home, async (server) => {
      const id = await newThread(server, { messages: ["one", "two"], historyMode: "legacy" });
      const put = await newThread(server, { messages: ["one"], historyMode: "legacy" });
      await archive(server, put);
      return [id, await newFork(server, id, ["three"]), await newFork(server, id, [])];
    });
    assertEquals((await home.run(["migrate-rollouts", "--apply"])).code, 0);
    await assertCalm(home, "at once");
    await goOn(home, ids);
    await assertCalm(home, "after all of them were continued");
  }));

Deno.test("nothing is wrong with threads that were taken back, archived and brought back", () =>
  withHome("mock", async (home) => {
    const ids = await withServer(home, async (server) => {
      const made: string[] = [];
      for (const from of [1, 0]) {
        const id = await newThread(server, { messages: ["one", "two"] });
        await revert(server, id, from);
        made.push(id);
      }
      const twice = await newThread(server, { messages: ["one", "two", "three"] });
      await revert(server, twice, 2);
      await completed(server, twice, "again");
      await revert(server, twice, 1);
      await completed(server, twice, "and again");
      const [first] = await turnsWithIds(server, twice);
      const child = await newFork(server, twice, ["child"], { lastTurnId: first?.id ?? "" });
      for (const id of [...made, twice]) await archive(server, id);
      await newFork(server, child, ["grandchild"]);
      return [...made, twice];
    });
    await assertCalm(home, "archived");
    await rebuild(home);
    await assertCalm(home, "archived, after the database was made anew");
    await withServer(home, async (server) => {
      for (const id of ids) await server.call("thread/unarchive", { threadId: id });
    });
    await assertCalm(home, "brought back");
    await goOn(home, ids);
    await assertCalm(home, "after all of them were continued");
  }));

Deno.test("nothing is wrong with a home that Codex was not started in yet", () =>
  withHome("mock", async (home) => {
    const found = pick(await keep(home, ["diagnose"], 7), "findings") as readonly Json[];
    assertEquals(found.map((one) => [fieldOf(one, "code"), fieldOf(one, "severity")]), [
      ["database-missing", "info"],
    ]);
  }));

/** The model starts a subagent when it is told to spawn, and two commands when it is told to run. */
function callTools({ body }: ModelRequest): readonly Json[] | undefined {
  const input = fieldOf(body, "input") as readonly Json[];
  const last = JSON.stringify(input.at(-1));
  const call = (name: string, args: Json, more: Record<string, Json> = {}): Json => ({
    type: "function_call",
    "call_id": `call_${input.length}_${name}`,
    name,
    arguments: JSON.stringify(args),
    ...more,
  });
  if (last.includes('"spawn"')) {
    return [call("spawn_agent", { message: "do it" }, { namespace: "multi_agent_v1" })];
  }
  return last.includes('"run"') ? [call("exec_command", { cmd: "seq 1 900" })] : undefined;
}

/** Sends a message and gives the id of its turn once the model was asked. */
async function begin(home: TestHome, server: AppServer, id: string): Promise<string> {
  const before = home.model.requests.length;
  const input = [{ type: "text", text: "never answered", text_elements: [] }];
  const started = await server.call("turn/start", { threadId: id, input });
  for (let tries = 0; home.model.requests.length === before; tries++) {
    if (tries === 400) throw new Error("the model was not asked");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return asText(fieldOf(started["turn"], "id"));
}

async function goOn(home: TestHome, ids: readonly string[]): Promise<void> {
  await withServer(home, async (server) => {
    for (const id of ids) {
      assertEquals((await resume(server, id)).ok, true, id);
      await completed(server, id, "more");
    }
  });
}

async function rebuild(home: TestHome): Promise<void> {
  dropIndex(home.path);
  await withServer(home, (server) => list(server, { archived: true }));
}

async function assertCalm(home: TestHome, when: string): Promise<void> {
  assertEquals(await complaints(home), [], when);
  const plan = await keep(home, ["repair", "all", "--dry-run"]);
  assertEquals([pick(plan, "plan.changes"), pick(plan, "plan.skipped")], [0, []], when);
  await keep(home, ["status"]);
}
