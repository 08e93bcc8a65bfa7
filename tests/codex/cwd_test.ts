/** `codexkeep repair cwd --map OLD=NEW` judged by the real Codex: a project that moved takes its threads along. */
import { assert, assertEquals } from "../assert.ts";
import { type Cast, makeCast, ROLES, withCast } from "./cast.ts";
import { dropIndex, filesOf, linesOf, threadRows } from "./disk.ts";
import { asList, asObject, asText, fieldOf } from "./json.ts";
import { withHome, withServer } from "./home.ts";
import { differences, type Observation, observe, type Scope } from "./oracle.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { list, LISTS, resume } from "./readers.ts";
import { completed, compressRollouts, newThread } from "./threads.ts";

type Finding = { readonly code: string; readonly severity: string };

/** Everything that the cast holds. */
const ALL = ["--include-archived", "--include-empty", "--source", "any"] as const;

/** One thread of each form of file; what the others add has nothing to do with folders. */
const SCOPE: Scope = { roles: ["root", "child", "twiceReverted", "legacyChild", "legacyMeta", "exec"] };

Deno.test("repair cwd --apply on threads of every kind", async (test) => {
  const cast = await makeCast("custom");
  try {
    const before = await observe(cast, "custom", SCOPE);
    for (const name of ["w", "a-much-longer-name-for-the-folder-of-the-project-than-it-had-before"]) {
      await test.step(`takes them to "${name}", and Codex shows and does the same there`, () =>
        withCast(cast, (copy) => checkMoved(copy, before, name)));
    }
    await test.step("restores every byte", () => withCast(cast, checkRestored));
    await test.step("moves compressed rollouts, and restores them", () => withCast(cast, checkCompressed));
  } finally {
    await cast.home.dispose();
  }
});

/** A new place for the folder that the threads of a home are in. */
function newPlace({ home }: Cast, name: string): string {
  const folder = `${home.path}/../${name}`.replace(/\/[^/]+\/\.\.\//, "/");
  Deno.mkdirSync(folder);
  return folder;
}

async function checkMoved(copy: Cast, before: Observation, name: string): Promise<void> {
  const { home, ids } = copy;
  const folder = newPlace(copy, name);
  assertEquals(await shownIn(copy, folder), { files: 0, database: 0 });
  const moved = await keep(home, ["repair", "cwd", "--map", `${home.work}=${folder}`, ...ALL, "--apply"]);
  assertEquals(
    [pick(moved, "applied"), pick(moved, "verified"), pick(moved, "plan.skipped")],
    [true, true, []],
  );
  assertEquals(threadRows(home.path).map(({ cwd }) => cwd), ROLES.map(() => folder));
  assertEquals(await complaints(home), []);
  const there = printHome(home.path);
  const again = await keep(home, ["repair", "cwd", "--map", `${home.work}=${folder}`, ...ALL, "--apply"]);
  assertEquals([pick(again, "plan.changes"), pick(again, "record")], [0, null]);
  assertEquals(printDifferences(there, printHome(home.path)), []);
  const after = await observe(copy, "custom", SCOPE);
  const back = JSON.parse(JSON.stringify(after).replaceAll(folder, "<work>")) as Observation;
  assertEquals(differences(before, back), []);
  assertEquals((await shownIn(copy, folder)).database > 0, true);
  // The folders a sandbox may write to went along.
  await withServer(home, async (server) => {
    for (const id of [ids.root, ids.legacy]) {
      const opened = await server.call("thread/resume", { threadId: id, excludeTurns: true });
      assertEquals([opened["cwd"], opened["runtimeWorkspaceRoots"]], [folder, [folder]]);
    }
  });
  const args = ["exec", "--json", "--skip-git-repo-check", "resume", "--last", "hello"];
  const { code, stdout } = await home.run(args, { cwd: folder });
  const started = JSON.parse(stdout.split("\n").find((line) => line.includes("thread.started")) ?? "{}");
  assertEquals([code, Object.values(ids).includes(started["thread_id"])], [0, true]);
}

/** How many threads Codex lists for a folder, by its files and by its database. */
async function shownIn({ home }: Cast, cwd: string): Promise<{ files: number; database: number }> {
  return await withServer(home, async (server) => ({
    files: (await list(server, { ...LISTS.scan, cwd })).length,
    database: (await list(server, { ...LISTS.index, cwd })).length,
  }));
}

async function checkRestored(copy: Cast): Promise<void> {
  const { home } = copy;
  const before = printHome(home.path);
  await keep(home, ["repair", "cwd", "--map", `${home.work}=/elsewhere`, ...ALL, "--apply"]);
  assert(printDifferences(before, printHome(home.path)).length > ROLES.length);
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
}

async function checkCompressed(copy: Cast): Promise<void> {
  const { home } = copy;
  await compressRollouts(home);
  const folder = newPlace(copy, "compressed");
  const before = printHome(home.path);
  await keep(home, ["repair", "cwd", "--map", `${home.work}=${folder}`, ...ALL, "--apply"]);
  await withCast(copy, async (again) => {
    dropIndex(again.home.path);
    const { files, database } = await shownIn(again, folder);
    assertEquals([files > 5, database > 5], [true, true]);
  });
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
}

Deno.test("a thread that Codex opened in another folder is no complaint", async () => {
  await withHome("mock", async (home) => {
    const folder = `${home.work}/other`;
    Deno.mkdirSync(folder);
    await withServer(home, async (server) => {
      const id = await newThread(server, { messages: ["one"] });
      await server.call("thread/unsubscribe", { threadId: id });
      await server.call("thread/resume", { threadId: id, cwd: folder, excludeTurns: true });
      await completed(server, id, "two");
    });
    const found = pick(await keep(home, ["diagnose"]), "findings") as readonly Finding[];
    const told = found.filter(({ code }) => code.startsWith("cwd-"));
    assertEquals(told.map(({ code, severity }) => `${severity} ${code}`), ["info cwd-copies-disagree"]);
  });
});

Deno.test("repair cwd takes only the threads of the folder that moved", async () => {
  await withHome("mock", async (home) => {
    const folders = ["app", "app/sub", "app2"].map((name) => `${home.work}/${name}`);
    for (const folder of folders) Deno.mkdirSync(folder);
    const ids = await withServer(home, async (server) => {
      const made: string[] = [];
      for (const cwd of folders) made.push(await newThread(server, { messages: ["one"], cwd }));
      return made;
    });
    const [app = "", sub = "", other = ""] = ids;
    const project = { name: "app", roots: folders.map((path) => ({ path })), idempotencyKey: "app" };
    await withServer(home, (server) => server.call("project/create", project));
    Deno.renameSync(`${home.work}/app`, `${home.work}/moved`);
    const found = pick(await keep(home, ["diagnose"]), "findings") as readonly Finding[];
    assertEquals(found.filter(({ code }) => code === "cwd-missing").length, 1);
    await keep(home, ["repair", "cwd", "--map", `${home.work}/app=${home.work}/moved`, "--apply"]);
    const rows = new Map(threadRows(home.path).map(({ id, cwd }) => [id, cwd]));
    assertEquals(
      ids.map((id) => rows.get(id)?.slice(home.work.length)),
      ["/moved", "/moved/sub", "/app2"],
    );
    const left = linesOf(filesOf(home.path, other)[0] ?? "");
    assertEquals(left.some((line) => JSON.stringify(line).includes("/moved")), false);
    await withServer(home, async (server) => {
      const shown = await list(server, { ...LISTS.scan, cwd: `${home.work}/moved/sub` });
      assertEquals(shown.map(({ id }) => id), [sub]);
      const [known] = asList((await server.call("project/list", {}))["data"]);
      assertEquals(
        asList(fieldOf(known, "roots")).map((root) => asText(fieldOf(root, "path")).slice(home.work.length)),
        ["/moved", "/moved/sub", "/app2"],
      );
      const opened = await resume(server, app);
      assertEquals(opened.ok && opened.cwd, `${home.work}/moved`);
    });
    const first = asObject(fieldOf(linesOf(filesOf(home.path, app)[0] ?? "")[0], "payload"));
    assertEquals(asText(first["cwd"]), `${home.work}/moved`);
  });
});
