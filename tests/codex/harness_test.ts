/** Proves the harness: the real Codex runs, makes every kind of thread, and its readers answer as recorded. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { signIn, signOut } from "./account.ts";
import { RpcError } from "./app_server.ts";
import { type Cast, makeCast, type Role, ROLES } from "./cast.ts";
import { filesOf, linesOf, rolloutFiles, threadRows } from "./disk.ts";
import { withCopy, withHome, withServer } from "./home.ts";
import { fieldOf } from "./json.ts";
import { differences, observe } from "./oracle.ts";
import { idsIn, type ListName, LISTS, resume, turn, turns } from "./readers.ts";
import { openTerminal, TERMINAL_AVAILABLE } from "./terminal.ts";
import { compressRollouts, newExecThread, newThread } from "./threads.ts";

/** The roles of the `index` list: interactive, not archived, with a first message. */
const INTERACTIVE = ROLES.filter((role) => !["archived", "unused", "exec"].includes(role));
/** The rollouts show a reverted thread once per file. */
const BY_FILE: readonly Role[] = [...INTERACTIVE, "reverted", "twiceReverted", "twiceReverted"];

const SHOWN: Readonly<Record<ListName, readonly Role[]>> = {
  scan: BY_FILE,
  scanAll: BY_FILE,
  index: INTERACTIVE,
  indexAll: INTERACTIVE,
  execScan: [...BY_FILE, "exec"],
  execIndex: [...INTERACTIVE, "exec"],
  recent: [...INTERACTIVE, "exec"],
  archivedScan: ["archived"],
  archivedIndex: ["archived"],
  accountScan: BY_FILE,
  accountIndex: INTERACTIVE,
  accountCurrent: INTERACTIVE,
  accountExec: [...INTERACTIVE, "exec"],
};

Deno.test("makeCast() makes every kind of thread and Codex shows each as recorded", async (test) => {
  const cast = await makeCast();
  try {
    await test.step("turns() gives the messages that were said", () => checkMessages(cast));
    await test.step("idsIn() gives the recorded threads for every list", () => checkLists(cast));
    await test.step("the rollouts have the recorded shape", () => checkShapes(cast));
    await test.step("rows point to the newest file of each thread", () => checkRows(cast));
    await test.step("observe() gives the same value twice and leaves the home alone", () =>
      checkOracle(cast));
    await test.step("differences() names a thread whose provider differs", () => checkDifferences(cast));
    await test.step("compressRollouts() leaves a home that lists and opens as before", () =>
      checkCompressed(cast));
  } finally {
    await cast.home.dispose();
  }
});

async function checkMessages(cast: Cast): Promise<void> {
  await withServer(cast.home, async (server) => {
    for (const role of ROLES) {
      const expected = cast.messages[role].map((text) => `completed: ${text} > reply to: ${text}`);
      assertEquals(await turns(server, cast.ids[role]), expected, role);
    }
  });
}

async function checkLists(cast: Cast): Promise<void> {
  await withServer(cast.home, async (server) => {
    for (const name of Object.keys(LISTS) as ListName[]) {
      const expected = SHOWN[name].map((role) => cast.ids[role]).toSorted();
      assertEquals(await idsIn(server, name), expected, name);
    }
  });
}

function checkShapes(cast: Cast): void {
  const fileCounts = ROLES.map((role) => [role, filesOf(cast.home.path, cast.ids[role]).length] as const)
    .filter(([, count]) => count !== 1);
  assertEquals(fileCounts, [["reverted", 2], ["twiceReverted", 3]]);
  for (const role of ROLES) {
    for (const path of filesOf(cast.home.path, cast.ids[role])) {
      const first = linesOf(path)[0];
      const meta = fieldOf(first, "payload");
      assertEquals(fieldOf(first, "type"), "session_meta", path);
      assertEquals(fieldOf(meta, "id"), cast.ids[role], path);
      assertEquals(fieldOf(meta, "session_id"), cast.ids[role], path);
      assertEquals(fieldOf(meta, "model_provider"), "custom", path);
      assertEquals(fieldOf(meta, "history_mode"), role.startsWith("legacy") ? "legacy" : "paginated", path);
      assertEquals(fieldOf(meta, "source"), role === "exec" ? "exec" : "vscode", path);
    }
  }
  const metaLines = (role: Role) =>
    linesOfRole(cast, role).filter((line) => line["type"] === "session_meta").length;
  assertEquals([metaLines("legacy"), metaLines("legacyChild"), metaLines("legacyMeta")], [1, 2, 3]);
}

function checkRows(cast: Cast): void {
  const rows = new Map(threadRows(cast.home.path).map((row) => [row.id, row]));
  assertEquals(rows.size, ROLES.length);
  for (const role of ROLES) {
    const row = rows.get(cast.ids[role]);
    assertEquals(row?.path, filesOf(cast.home.path, cast.ids[role]).at(-1), role);
    assertEquals(row?.archived, role === "archived", role);
  }
  assertEquals(rows.get(cast.ids.root)?.name, "the root");
}

async function checkOracle(cast: Cast): Promise<void> {
  const before = rolloutFiles(cast.home.path).map((path) => [path, Deno.statSync(path).mtime?.getTime()]);
  const first = await observe(cast, "custom", { roles: ["root", "child", "exec"] });
  assertEquals(differences(first, await observe(cast, "custom", { roles: ["root", "child", "exec"] })), []);
  assertEquals(
    rolloutFiles(cast.home.path).map((path) => [path, Deno.statSync(path).mtime?.getTime()]),
    before,
  );
}

async function checkDifferences(cast: Cast): Promise<void> {
  const scope = { roles: ["legacy"], rebuilt: false } as const;
  const found = differences(await observe(cast, "custom", scope), await observe(cast, "mock", scope));
  assertStringIncludes(found.join("\n"), "kept: list scan: ");
  assertStringIncludes(found.join("\n"), "kept: resume legacy: ");
}

async function checkCompressed(cast: Cast): Promise<void> {
  await withCopy(cast.home, async (copy) => {
    copy.configure("custom");
    await compressRollouts(copy);
    await withServer(copy, async (server) => {
      assertEquals(await idsIn(server, "scan"), BY_FILE.map((role) => cast.ids[role]).toSorted());
      assertEquals(await idsIn(server, "archivedScan"), [cast.ids.archived]);
      assert((await resume(server, cast.ids.child)).ok);
      assertEquals(await turn(server, cast.ids.child, "more"), "completed");
    });
    assert(filesOf(copy.path, cast.ids.child)[0]?.endsWith(".jsonl"), "resume writes the plain file again");
    assert(filesOf(copy.path, cast.ids.root)[0]?.endsWith(".zst"), "the parent stays compressed");
  });
}

Deno.test("TestHome.run() shows which thread codex exec resume --last takes", async () => {
  await withHome("mock", async (home) => {
    await newExecThread(home, "first");
    home.configure("relay");
    await newExecThread(home, "second, elsewhere");
    home.configure("mock");
    const { code } = await home.run(["exec", "--skip-git-repo-check", "resume", "--last", "more"]);
    assertEquals(code, 0);
    assertEquals(home.model.requests.at(-1)?.userTexts, ["first", "more"]);
  });
});

Deno.test("ModelServer sends and records encrypted reasoning, and fails when told to", async () => {
  await withHome("mock", (home) =>
    withServer(home, async (server) => {
      home.model.behave({ encryptedReasoning: "gAAAA-not-a-real-one" });
      const id = await newThread(server, { messages: ["one", "two"] });
      assertEquals(home.model.requests.at(-1)?.encrypted, ["gAAAA-not-a-real-one"]);
      home.model.behave({ failure: { status: 400, code: "invalid_encrypted_content", message: "no" } });
      assertEquals(await turn(server, id, "three"), "failed");
    }));
});

Deno.test("AppServer.call() rejects with the server's own error, and crash() leaves the writer lock behind", async () => {
  await withHome("mock", async (home) => {
    const server = await home.serve();
    const id = await newThread(server, { messages: ["one"] });
    await assertRejects(() => server.call("thread/resume", { threadId: "nonsense" }), RpcError);
    await server.crash();
    assert(Deno.statSync(`${home.path}/thread-writer-locks/${id}.lock`).isFile);
    await withServer(home, async (next) => assert((await resume(next, id)).ok));
  });
});

Deno.test("signIn() decides which threads the account lists show", async () => {
  await withHome("mock", async (home) => {
    const account = { user: "user-a", workspace: "workspace-a" };
    signIn(home.path, account);
    const id = await withServer(home, (server) => newThread(server, { messages: ["mine"] }));
    const seen = async () => await withServer(home, (server) => idsIn(server, "accountScan"));
    assertEquals(await seen(), [id]);
    signIn(home.path, { ...account, workspace: "workspace-b" });
    assertEquals(await seen(), []);
    signOut(home.path);
    assertEquals(await seen(), []);
    assertEquals(await withServer(home, (server) => idsIn(server, "scan")), [id]);
  });
});

Deno.test({
  name: "openTerminal() makes a thread of source cli and shows it in the resume picker",
  ignore: !TERMINAL_AVAILABLE,
  fn: () =>
    withHome("mock", async (home) => {
      const first = await openTerminal(home, ["said in the terminal"]);
      await first.until((drawn) => drawn.includes("reply to: said in the terminal"));
      await first.close();
      assertEquals(threadRows(home.path).map((row) => [row.source, row.preview]), [[
        "cli",
        "said in the terminal",
      ]]);
      const picker = await openTerminal(home, ["resume"]);
      await picker.until((drawn) => drawn.includes("said in the terminal"));
      await picker.close();
    }),
});

function linesOfRole(cast: Cast, role: Role) {
  return filesOf(cast.home.path, cast.ids[role]).flatMap(linesOf);
}
