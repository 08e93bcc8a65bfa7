/** `repair database` judged by the real Codex: what a rebuild of its database loses comes back. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { changeIndex, threadRows } from "./disk.ts";
import { type TestHome, withCopy, withHome, withServer } from "./home.ts";
import { harmPage, makeKeepsakes, pagesOf, tellKeepsakes } from "./keepsakes.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { newThread, rename } from "./threads.ts";

/** What SQLite reads first of a database. */
const HEADER_BYTES = 100;
/** How many threads the partly damaged database has; several pages full. */
const MANY = 24;

Deno.test("repair database", async (test) => {
  await withHome("mock", async (home) => {
    const ids = Object.values(await makeKeepsakes(home));
    const right = await tellKeepsakes(home, ids);
    assertEquals(await complaints(home), []);
    const scene = { home, ids, right };
    await test.step("puts back what Codex loses when it rebuilds a damaged database", () =>
      withCopy(home, (copy) => checkSalvage({ ...scene, home: copy })));
    await test.step("puts it back from a database whose header is gone", () =>
      withCopy(home, (copy) => checkHeader({ ...scene, home: copy })));
    await test.step("sets aside a database that Codex refuses to start with", () =>
      withCopy(home, (copy) => checkRefused({ ...scene, home: copy })));
  });
  await test.step("puts back what can be read around a bad page", () => withHome("mock", checkPartly));
});

type Scene = { readonly home: TestHome; readonly ids: readonly string[]; readonly right: unknown };

async function checkSalvage({ home, ids, right }: Scene): Promise<void> {
  harmPage(home, pagesOf(home, "idx_threads_provider")[0] ?? 0);
  assertEquals(await complaints(home), ["error database-malformed 1"]);
  const lost = JSON.stringify(await tellKeepsakes(home, ids));
  for (const gone of ["the pinned one", "Later", "Work", "0123abc"]) assert(!lost.includes(gone), gone);
  assertStringIncludes((await complaints(home)).join(), "warning database-salvage");
  const before = printHome(home.path);
  await keep(home, ["repair", "database", "--apply"]);
  assertEquals(await complaints(home), []);
  assertEquals(await againEmpty(home), 0);
  await withCopy(home, async (copy) => assertEquals(await tellKeepsakes(copy, ids), right));
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
}

async function checkHeader({ home, ids, right }: Scene): Promise<void> {
  pagesOf(home, "threads"); // brings everything from the log into the file
  harmPage(home, 1, HEADER_BYTES);
  await keep(home, ["diagnose"], 7);
  await withServer(home, async () => {});
  await keep(home, ["repair", "database", "--apply"]);
  assertEquals(await tellKeepsakes(home, ids), right);
}

async function againEmpty(home: TestHome): Promise<number> {
  return Number(pick(await keep(home, ["repair", "database"]), "plan.changes"));
}

async function checkRefused({ home, ids, right }: Scene): Promise<void> {
  changeIndex(home.path, "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = ?", 12);
  const refused = await home.serve().catch((error: Error) => error.message);
  assertStringIncludes(String(refused), "migration 12 was previously applied but has been modified");
  assertEquals(await complaints(home), ["error database-migration 1"]);
  const before = printHome(home.path);
  await keep(home, ["repair", "database", "--apply"]);
  await keep(home, ["diagnose"], 7); // there is no database now
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
  await keep(home, ["repair", "database", "--apply"]);
  await withServer(home, async () => {});
  await keep(home, ["repair", "database", "--apply"]);
  assertEquals(await complaints(home), []);
  assertEquals(await tellKeepsakes(home, ids), right);
}

async function checkPartly(home: TestHome): Promise<void> {
  const ids = await withServer(home, async (server) => {
    const made: string[] = [];
    for (let n = 0; n < MANY; n++) {
      const id = await newThread(server, { messages: n === 0 ? ["first"] : [] });
      await rename(server, id, `name ${n}`);
      made.push(id);
    }
    return made;
  });
  const leaf = pagesOf(home, "threads").slice(1)[1];
  assert(leaf !== undefined, "the table of threads is too short to be damaged in part");
  harmPage(home, leaf);
  await withServer(home, async () => {});
  assertEquals(namesIn(home, ids), 0);
  assertStringIncludes((await complaints(home)).join(), "warning database-salvage");
  await keep(home, ["repair", "database", "--apply"]);
  const back = namesIn(home, ids);
  assert(back > MANY / 2 && back < MANY, `${back} of ${MANY} names came back`);
  assertEquals(await againEmpty(home), 0);
}

function namesIn(home: TestHome, ids: readonly string[]): number {
  return threadRows(home.path).filter(({ id, name }) => name === `name ${ids.indexOf(id)}`).length;
}
