/** `codexkeep` beside a running Codex: it refuses, or leaves alone what is in use; no turn is ever lost. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { runJson } from "../scripts/program.ts";
import { threadRows } from "./disk.ts";
import { type TestHome, withHome, withServer } from "./home.ts";
import { FULL } from "./oracle.ts";
import { type HomePrint, printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick, writesBesideCodex } from "./program.ts";
import { resume, turn } from "./readers.ts";
import { checkSaid, visit } from "./said.ts";
import { completed, newThread } from "./threads.ts";

const ROUNDS = FULL ? 60 : 8;
const ALLOWED = await writesBesideCodex();

Deno.test("sync --apply refuses while Codex runs, names the process and changes nothing", async () => {
  await withHome("custom", async (home) => {
    const id = await withServer(home, async (server) => {
      await newThread(server, { messages: ["another"] });
      return await newThread(server, { messages: ["one"] });
    });
    home.configure("relay");
    await withServer(home, async (server) => {
      for (const open of [false, true]) {
        if (open) assert((await resume(server, id)).ok);
        const before = historyOf(home);
        const { errors } = await keep(home, ["sync", "--apply"], 3);
        assertEquals(errors.map(({ code }) => code), ["codex-running"]);
        assertStringIncludes(errors[0]?.message ?? "", `codex (pid ${server.pid}, `);
        assertEquals(printDifferences(before, historyOf(home)), []);
        const status = await keep(home, ["status"]);
        assertEquals(pick(status, "codex.busy_threads"), open ? [id] : []);
      }
      assertEquals(await turn(server, id, "two"), "completed");
    });
    await keep(home, ["sync", "--apply"]);
  });
});

/** Rollouts and rows of threads: what a running Codex writes besides, such as its log, is none of these. */
function historyOf(home: TestHome): HomePrint {
  const { files, rows } = printHome(home.path);
  return {
    files: new Map([...files].filter(([path]) => path.startsWith("sessions/"))),
    rows: rows.filter((row) => row.startsWith("state_5.sqlite threads ")),
  };
}

Deno.test({
  name: "sync --apply --allow-running leaves out the thread in use, and Codex goes on with all of them",
  ignore: !ALLOWED,
  fn: goOnBeside,
});

Deno.test({
  name: "sync --apply --allow-running refuses where SQLite is not safe to write beside Codex",
  ignore: ALLOWED,
  fn: () =>
    withHome("custom", async (home) => {
      await withServer(home, (server) => newThread(server, { messages: ["one"] }));
      home.configure("relay");
      await withServer(home, async () => {
        await keep(home, ["sync", "--apply", "--allow-running"], 5);
        assertEquals(Object.values(providersOf(home)), ["custom"]);
      });
    }),
});

async function goOnBeside(): Promise<void> {
  await withHome("custom", async (home) => {
    const [used = "", free = "", legacy = ""] = await withServer(home, async (server) => [
      await newThread(server, { messages: ["one"] }),
      await newThread(server, { messages: ["one"] }),
      await newThread(server, { messages: ["one"], historyMode: "legacy" }),
    ]);
    home.configure("relay");
    await withServer(home, async (server) => {
      assert((await resume(server, used)).ok);
      const begun = performance.now();
      const sync = await keep(home, ["sync", "--apply", "--allow-running", "--wait", "60"], 8);
      assert(performance.now() - begun < 30_000, "nobody waits for a Codex that may run");
      assertEquals(pick(sync, "plan.skipped"), [{ subject: used, reason: "Codex has it open" }]);
      assertEquals(providersOf(home), { [used]: "custom", [free]: "relay", [legacy]: "relay" });
      await completed(server, used, "two");
      for (const id of [free, legacy]) {
        const opened = await resume(server, id);
        assertEquals(opened, { ok: true, id, provider: "relay", cwd: home.work });
        await completed(server, id, "two");
        assertEquals(home.model.requests.at(-1)?.provider, "relay");
      }
    });
    for (const id of [used, free, legacy]) await checkSaid(home, id, ["one", "two"]);
    await keep(home, ["sync", "--apply"]);
    assertEquals(await complaints(home), []);
    for (const id of [used, free, legacy]) await checkSaid(home, id, ["one", "two"]);
  });
}

function providersOf(home: TestHome): Record<string, string> {
  return Object.fromEntries(threadRows(home.path).map(({ id, provider }) => [id, provider]));
}

Deno.test({
  name: `no turn is lost in ${ROUNDS} rounds of sync --allow-running beside two Codex at work`,
  ignore: !ALLOWED,
  fn: loseNothing,
});

async function loseNothing(): Promise<void> {
  await withHome("custom", async (home) => {
    const said = await withServer(home, async (server) => {
      const messages = new Map<string, string[]>();
      for (const historyMode of ["paginated", "paginated", "legacy"] as const) {
        messages.set(await newThread(server, { messages: ["zero"], historyMode }), ["zero"]);
      }
      return messages;
    });
    const [held = "", ...visited] = said.keys();
    let moved = 0;
    await withServer(home, async (server) => {
      assert((await resume(server, held)).ok);
      for (let round = 1; round <= ROUNDS; round++) {
        let running = true;
        const talk = async () => {
          for (let part = 1; running; part++) {
            const text = `${round}.${part}`;
            const other = visited[part % visited.length] ?? "";
            await Promise.all([completed(server, held, text), visit(home, other, text)]);
            for (const id of [held, other]) said.get(id)?.push(text);
          }
        };
        const sync = syncBeside(home, round % 2 === 1 ? "relay" : "custom").finally(() => running = false);
        const [done, talked] = await Promise.allSettled([sync, talk()]);
        for (const one of [done, talked]) if (one.status === "rejected") throw one.reason;
        moved += done.status === "fulfilled" ? done.value : 0;
      }
    });
    assert(moved > 0, "no thread changed hands");
    for (const [id, messages] of said) await checkSaid(home, id, messages);
    await keep(home, ["sync", "--apply"]);
    assertEquals(await complaints(home), []);
    for (const [id, messages] of said) await checkSaid(home, id, messages);
  });
}

/** How many threads a sync moved. */
async function syncBeside(home: TestHome, provider: string): Promise<number> {
  const args = ["sync", "--to", provider, "--apply", "--allow-running"];
  const { code, document } = await runJson(args, { home: home.path, cwd: home.work });
  assert([0, 8].includes(code), `${code} ${JSON.stringify(document.errors)}`);
  const moves = pick(document, "plan.moves") as readonly { readonly threads: number }[];
  return moves.reduce((sum, { threads }) => sum + threads, 0);
}
