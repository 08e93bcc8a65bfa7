/** Every ailment in one home: one run cures what can be cured, and says of the rest why it cannot. */
import { assert, assertEquals } from "../assert.ts";
import type { AilmentName } from "./ailments.ts";
import { changeIndex, dropIndex, filesOf, rolloutFiles, threadRows } from "./disk.ts";
import { withCopy, withServer } from "./home.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { idsIn, resume } from "./readers.ts";
import { makeWard, type Ward } from "./ward.ts";

/** What nobody can cure: content or whole files are gone, or the name and the content disagree. */
const LEFT = [
  "error rollout-damaged 6",
  "warning rollout-missing 3",
  "error history-base-broken 2",
];

/** The threads that those are about. */
const INCURABLE: readonly AilmentName[] = [
  "fork of a missing thread",
  "reverted, first file missing",
  "reverted, first file damaged",
  "rollout missing",
  "archived rollout missing",
  "rollout is a link",
  "first line damaged",
  "first line names another thread",
  "rollout empty",
  "rollout begins with a byte order mark",
];

/** Threads that Codex must open again after the run, whatever was wrong with them. */
const CURED: readonly AilmentName[] = [
  "other provider",
  "row without preview",
  "row of another provider",
  "row of an undeclared provider",
  "row without provider",
  "rollout of another provider",
  "first line of another provider",
  "first line without provider",
  "settings of another provider",
  "provider not declared",
  "legacy, row of another provider",
  "legacy, rollout of another provider",
  "legacy, first line of another provider",
  "legacy, settings of another provider",
  "row missing",
  "row missing, settings of another provider",
  "row missing, rollout of an undeclared provider",
  "row points elsewhere",
  "row says archived",
  "row and path say archived",
  "rollout and path not in a date folder",
  "rollout compressed",
  "rollout begins with an empty line",
];

Deno.test("repair all on a home with every ailment at once", async (test) => {
  const ward = await makeWard();
  try {
    harmMore(ward);
    await test.step("leaves nothing but what cannot be cured, and a second run has nothing to do", () =>
      withCopy(ward.home, async (home) => {
        const before = printHome(home.path);
        assert((await complaints(home)).length > LEFT.length + 5);
        const { record } = await repairAll({ ...ward, home });
        assertEquals((await complaints(home)).toSorted(), LEFT.toSorted());
        const cured = printHome(home.path);
        assertEquals((await repairAll({ ...ward, home })).record, null);
        assertEquals(printDifferences(cured, printHome(home.path)), []);
        await keep(home, ["restore", String(record), "--apply"]);
        assertEquals(printDifferences(before, printHome(home.path)), []);
      }));
    await test.step("leaves nothing at all of what can be cured", () =>
      withCopy(ward.home, async (home) => {
        forget(home.path, INCURABLE.map((name) => ward.ids[name]));
        await keep(home, ["repair", "all", "--apply"]);
        assertEquals(await complaints(home), []);
        assertEquals(pick(await keep(home, ["repair", "all", "--apply"]), "record"), null);
      }));
    await test.step("is needed", () =>
      withCopy(ward.home, async (home) => {
        // What starting Codex does not heal by itself.
        changeIndex(home.path, "UPDATE backfill_state SET status = 'complete'");
        assert((await stillIll({ ...ward, home })).length > 15);
      }));
    await test.step("makes Codex list and open what was ill", () =>
      withCopy(ward.home, async (home) => {
        await repairAll({ ...ward, home });
        await checkCured({ ...ward, home });
      }));
    await test.step("and still after the database was lost", () =>
      withCopy(ward.home, async (home) => {
        await repairAll({ ...ward, home });
        dropIndex(home.path);
        await checkCured({ ...ward, home });
      }));
  } finally {
    await ward.home.dispose();
  }
});

/** What a thread cannot have by itself: ailments of the home. */
function harmMore({ home: { path }, ids }: Ward): void {
  // As a start that was cut off leaves it: Codex would wait for somebody who will never finish.
  changeIndex(path, "UPDATE backfill_state SET status = 'running', updated_at = unixepoch()");
  const [copied = ""] = filesOf(path, ids.healthy);
  Deno.mkdirSync(`${path}/sessions/backup`);
  Deno.copyFileSync(copied, `${path}/sessions/backup/${copied.slice(copied.lastIndexOf("/") + 1)}`);
  Deno.writeTextFileSync(`${path}/session_index.jsonl`, `{"id":"${ids.legacy}","thread_na`, { append: true });
  // From the documented form: no desktop app runs here.
  const state = { "electron-persisted-atom-state": { "sidebar-workspace-filter-v2": "relevant" } };
  Deno.writeTextFileSync(`${path}/.codex-global-state.json`, JSON.stringify(state));
}

/** Takes threads away as if they had never been, and the rows of those that have no file. */
function forget(home: string, ids: readonly string[]): void {
  for (const path of rolloutFiles(home)) {
    if (ids.some((id) => path.includes(`-${id}`))) Deno.removeSync(path);
  }
  const there = rolloutFiles(home).join("\n");
  for (const { id } of threadRows(home)) {
    if (!there.includes(`-${id}`)) changeIndex(home, "DELETE FROM threads WHERE id = ?", id);
  }
}

/** Runs it; the threads that no cure reaches are named, hence the status. */
async function repairAll({ home, ids }: Ward): Promise<{ record: unknown }> {
  const document = await keep(home, ["repair", "all", "--apply"], 8);
  const skipped = pick(document, "plan.skipped") as readonly { readonly subject: string }[];
  assertEquals(
    skipped.map(({ subject }) => subject).toSorted(),
    [ids["fork of a missing thread"], ids["reverted, first file missing"]].toSorted(),
  );
  return { record: pick(document, "record") };
}

async function checkCured(ward: Ward): Promise<void> {
  assertEquals(await stillIll(ward), []);
}

/** What Codex does not list, or does not open. */
async function stillIll({ home, ids }: Ward): Promise<readonly string[]> {
  return await withServer(home, async (server) => {
    const wrong: string[] = [];
    for (const list of ["index", "scan"] as const) {
      const shown = await idsIn(server, list);
      wrong.push(
        ...CURED.filter((name) => !shown.includes(ids[name])).map((name) => `${name}: not in ${list}`),
      );
    }
    for (const name of CURED) {
      const opened = await resume(server, ids[name]);
      if (!opened.ok) wrong.push(`${name}: ${JSON.stringify(opened)}`);
    }
    return wrong;
  });
}
