/** `codexkeep repair preview` and `user-events` judged by the real Codex. */
import { assertEquals } from "../assert.ts";
import { type Cast, makeCast, type Role, ROLES, withCast } from "./cast.ts";
import { changeIndex, dropIndex } from "./disk.ts";
import { type TestHome, withCopy, withHome, withServer } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { list, LISTS } from "./readers.ts";
import { newThread } from "./threads.ts";
import { dumpCells } from "./cells.ts";

const EMPTY = "UPDATE threads SET preview = '', first_user_message = '', title = ''";
const CELLS = ["preview", "first_user_message", "title"] as const;
/** Forks and reverted threads keep another preview while Codex runs than it makes of their files. */
const SAME: readonly Role[] = [
  "root",
  "quietChild",
  "legacy",
  "legacyChild",
  "legacyMeta",
  "archived",
  "exec",
];
const ALL = ["--include-archived", "--include-empty", "--source", "any"] as const;

Deno.test("repair preview --apply on threads of every kind", async (test) => {
  const cast = await makeCast("custom");
  try {
    await test.step("has nothing to do on a healthy home", async () => {
      assertEquals(await complaints(cast.home), []);
      assertEquals(
        pick(await keep(cast.home, ["repair", "preview", ...ALL, "--dry-run"]), "plan.changes"),
        0,
      );
    });
    await test.step("gives rows what Codex had made of them, and restores every byte", () =>
      withCast(cast, checkCells));
    await test.step("writes what Codex makes of the files when it makes the database anew", () =>
      withCast(cast, checkRebuilt));
  } finally {
    await cast.home.dispose();
  }
});

async function checkCells({ home, ids }: Cast): Promise<void> {
  const sound = dumpCells(home.path, CELLS);
  const shown = await indexed(home);
  changeIndex(home.path, EMPTY);
  assertEquals(await indexed(home), []);
  // The one never used is rightly without; of the fork in which nothing was said Codex itself would make none.
  assertEquals(await complaints(home), [`warning preview-empty ${ROLES.length - 2}`]);
  const before = printHome(home.path);
  await keep(home, ["repair", "preview", ...ALL, "--apply"]);
  assertEquals(await complaints(home), []);
  const repaired = dumpCells(home.path, CELLS);
  for (const role of SAME) assertEquals(repaired.get(ids[role]), sound.get(ids[role]), role);
  assertEquals(pick(await keep(home, ["repair", "preview", ...ALL, "--apply"]), "plan.changes"), 0);
  await withCopy(home, async (copy) => {
    assertEquals(await indexed(copy), shown);
  });
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
}

async function checkRebuilt({ home, ids }: Cast): Promise<void> {
  await withCopy(home, async (copy) => {
    dropIndex(copy.path);
    await indexed(copy);
    const made = dumpCells(copy.path, CELLS);
    changeIndex(home.path, EMPTY);
    await keep(home, ["repair", "preview", ...ALL, "--apply"]);
    const repaired = dumpCells(home.path, CELLS);
    for (const [id, cells] of made) if (id !== ids.quietChild) assertEquals(repaired.get(id), cells);
    assertEquals(repaired.get(ids.quietChild), '["one","",""]', "what its parent began with");
  });
}

/** What the list made from the database alone shows. */
async function indexed(home: TestHome): Promise<readonly string[]> {
  return await withServer(
    home,
    async (server) =>
      (await list(server, { ...LISTS.indexAll, sourceKinds: ["cli", "vscode", "exec"] })).map(({ id }) => id)
        .sort(),
  );
}

/** Messages of which Codex shows something else than they are. */
const MESSAGES: Readonly<Record<string, string>> = {
  "white space": "\n\n a\tb \u0085\u00a0\n",
  "a byte order mark": "\ufeffx\u2003",
  "what the editor adds": "# Context from my IDE setup:\n- x\n\n## My request for Codex:\n do it  \nnow ",
  "the heading twice": "## My request for Codex:\nA ## My request for Codex:\nB",
  "a request that is empty": "context\n## My request for Codex:\n  ",
  "a tag of the user's own": "<environment_context>\nx</environment_context>",
  "a long one": "x".repeat(30_000) + " end",
};

Deno.test("repair preview makes of every message what Codex makes of it", async () => {
  await withHome("mock", async (home) => {
    await withServer(home, async (server) => {
      for (const historyMode of ["paginated", "legacy"] as const) {
        for (const text of Object.values(MESSAGES)) {
          await newThread(server, { messages: [text, "second"], historyMode });
        }
        const answer = await server.call("thread/start", { historyMode });
        const { id } = answer["thread"] as { readonly id: string };
        const url = "data:image/png;base64,iVBORw0KGgo=";
        await server.call("turn/start", { threadId: id, input: [{ type: "image", url }] });
        await server.waitFor((seen) => seen.method === "turn/completed" && seen.params["threadId"] === id);
      }
    });
    const made = dumpCells(home.path, CELLS);
    assertEquals(made.size, 2 * Object.keys(MESSAGES).length + 2);
    changeIndex(home.path, EMPTY);
    await keep(home, ["repair", "preview", "--apply"]);
    assertEquals([...dumpCells(home.path, CELLS)], [...made]);
  });
});

Deno.test("repair user-events marks threads in which somebody said something", async () => {
  const cast = await makeCast("custom");
  try {
    const { home, ids } = cast;
    changeIndex(home.path, "UPDATE threads SET first_user_message = '' WHERE id = ?", ids.legacy);
    const before = printHome(home.path);
    await keep(home, ["repair", "user-events", ...ALL, "--apply"]);
    const marks = dumpCells(home.path, ["has_user_event"]);
    const unmarked = ROLES.filter((role) => !marks.get(ids[role])?.includes("1"));
    // Nothing was said in these: the fork shows only what was said in its parent.
    assertEquals(unmarked, ["quietChild", "unused"]);
    assertEquals(pick(await keep(home, ["repair", "user-events", ...ALL, "--apply"]), "plan.changes"), 0);
    await keep(home, ["restore", "latest", "--apply"]);
    assertEquals(printDifferences(before, printHome(home.path)), []);
  } finally {
    await cast.home.dispose();
  }
});
