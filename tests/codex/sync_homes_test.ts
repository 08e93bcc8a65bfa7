/** `codexkeep sync` on homes in an unusual state, judged by the real Codex. */
import { assert, assertEquals } from "../assert.ts";
import { type Cast, makeCast, type Role, ROLES, withCast } from "./cast.ts";
import { dropIndex, filesOf, rolloutFiles } from "./disk.ts";
import { withServer } from "./home.ts";
import { differences, FULL, type Observation, observe } from "./oracle.ts";
import { complaints, keep, pick } from "./program.ts";
import { resume, turn } from "./readers.ts";
import { relabel, type Relabelling } from "./relabel.ts";
import { compressRollouts } from "./threads.ts";

/** Threads to open; all of them are in the lists. */
const SOME: readonly Role[] = FULL
  ? ROLES.filter((role) => role !== "archived")
  : ["quietChild", "twiceReverted", "legacyChild"];
const ALL = ROLES.length;

/** What other programs change of a home, and what Codex and `diagnose` make of it. */
const PARTIAL: Readonly<Record<string, Relabelling>> = {
  "the rows": { firstLines: false, settings: false },
  "the first lines": { settings: false, rows: false },
  "the first lines and the rows": { settings: false },
  ...(FULL
    ? {
      "the settings and the rows": { firstLines: false },
      "the settings": { firstLines: false, rows: false },
    }
    : {}),
};

Deno.test("sync --apply on homes in an unusual state", async (test) => {
  const cast = await makeCast("custom");
  try {
    const before = await observe(cast, "custom", { roles: SOME });
    for (const [what, changed] of Object.entries(PARTIAL)) {
      await test.step(`completes what another program has done to ${what} alone`, () =>
        withCast(cast, (copy) => checkPartial(copy, before, changed)));
    }
    await test.step("reaches compressed rollouts and leaves them compressed", () =>
      withCast(cast, checkCompressed));
    await test.step("makes threads open again whose provider is not declared any more", () =>
      withCast(cast, checkUndeclared));
    await test.step("reaches archived threads", () => withCast(cast, checkArchived));
    await test.step("moves a thread that is not in the index", () => withCast(cast, checkWithoutRow));
  } finally {
    await cast.home.dispose();
  }
});

async function checkPartial(copy: Cast, before: Observation, changed: Relabelling): Promise<void> {
  const { home } = copy;
  // As long as the old id, so that other programs get by without moving any byte.
  relabel(home.path, "custom", "openai", changed);
  home.configure("openai");
  assertEquals((await complaints(home)).filter((line) => line.includes("disagree")), [
    `error provider-copies-disagree ${disagreeing(changed)}`,
  ]);
  const sync = await keep(home, ["sync", "--apply"]);
  assertEquals(pick(sync, "plan.skipped"), []);
  assertEquals(await complaints(home), []);
  assertEquals(differences(before, await observe(copy, "openai", { roles: SOME })), []);
}

/** Two threads have no settings of their own, so they agree when nothing else differs. */
function disagreeing({ firstLines = true, rows = true }: Relabelling): number {
  return firstLines && rows ? ALL - 2 : ALL;
}

async function checkCompressed(copy: Cast): Promise<void> {
  const { home } = copy;
  home.configure("custom");
  await compressRollouts(home);
  const before = await observe(copy, "custom", { roles: SOME });
  home.configure("relay");
  await keep(home, ["sync", "--apply"]);
  assert(rolloutFiles(home.path).every((path) => path.endsWith(".zst")));
  assertEquals(await complaints(home), []);
  assertEquals(differences(before, await observe(copy, "relay", { roles: SOME })), []);
}

async function checkUndeclared({ home, ids }: Cast): Promise<void> {
  home.configure("relay", "", ["relay"]);
  assertEquals(await complaints(home), [
    `warning provider-mismatch ${ALL}`,
    `error provider-not-configured ${ALL}`,
  ]);
  const open = async (id: string) =>
    await withServer(home, async (server) => {
      const opened = await resume(server, id);
      return opened.ok ? await turn(server, id, "more") : opened.error;
    });
  assert((await open(ids.root)).includes("no longer configured"));
  await keep(home, ["sync", "--apply"]);
  assertEquals(await complaints(home), []);
  assertEquals(await open(ids.root), "completed");
  assertEquals(await open(ids.legacyChild), "completed");
  assertEquals(home.model.requests.at(-1)?.provider, "relay");
}

async function checkArchived({ home, ids }: Cast): Promise<void> {
  home.configure("relay");
  await keep(home, ["sync", "--apply"]);
  await withServer(home, async (server) => {
    await server.call("thread/unarchive", { threadId: ids.archived });
    assertEquals(await resume(server, ids.archived), {
      ok: true,
      id: ids.archived,
      provider: "relay",
      cwd: home.work,
    });
    assertEquals(await turn(server, ids.archived, "more"), "completed");
  });
  const request = home.model.requests.at(-1);
  assertEquals([request?.provider, request?.userTexts], ["relay", ["a1", "a2", "more"]]);
}

/** A file that came into the home later, as from a backup, is not in the index until Codex meets it. */
async function checkWithoutRow(copy: Cast): Promise<void> {
  const { home, ids } = copy;
  const path = filesOf(home.path, ids.legacyMeta).at(-1) ?? "";
  dropIndex(home.path);
  Deno.renameSync(path, `${home.path}/away`);
  await withServer(home, () => Promise.resolve());
  Deno.renameSync(`${home.path}/away`, path);
  home.configure("relay");
  const sync = await keep(home, ["sync", "--apply"]);
  assertEquals(pick(sync, "plan.by_kind"), { edit: rolloutFiles(home.path).length, row: ALL - 1 });
  // Its provider is right; that Codex has no row of it is another matter.
  assertEquals(await complaints(home), ["warning rollout-not-indexed 1"]);
  await withServer(home, async (server) => {
    const opened = await resume(server, ids.legacyMeta);
    assertEquals(opened, { ok: true, id: ids.legacyMeta, provider: "relay", cwd: home.work });
  });
}
