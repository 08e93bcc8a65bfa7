/** Rollouts whose lines another program has moved, judged by the real Codex: what it loses, and that it is all back. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { type Cast, makeCast, ROLES, withCast } from "./cast.ts";
import { dropIndex, rolloutFiles } from "./disk.ts";
import { withServer } from "./home.ts";
import { changeLength, contextOf, editFirstLines } from "./moved_lines.ts";
import { differences, observe } from "./oracle.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { resume } from "./readers.ts";
import { completed } from "./threads.ts";

/** Threads that cover every kind of lineage. */
const SCOPE = { roles: ["middleChild", "grandChild", "revertedChild"] } as const;

Deno.test("repair history", async (test) => {
  const cast = await makeCast("custom");
  try {
    await test.step("finds nothing in a home that Codex made, used and that was synced", () =>
      withCast(cast, checkHealthy));
    await test.step("gives back what was lost when the first lines were shortened, in one plan with the provider", () =>
      withCast(cast, checkShortened));
    await test.step("gives back what was lost when the first lines were lengthened", () =>
      withCast(cast, checkLengthened));
  } finally {
    await cast.home.dispose();
  }
});

async function checkHealthy(cast: Cast): Promise<void> {
  const { home } = cast;
  for (const provider of ["a", "a-very-long-provider-id-for-the-tests"]) {
    home.configure(provider);
    await keep(home, ["sync", "--apply"]);
    assertEquals(await complaints(home), []);
  }
  await withServer(home, async (server) => {
    for (const role of ROLES.filter((role) => role !== "archived")) {
      assert((await resume(server, cast.ids[role])).ok, role);
      await completed(server, cast.ids[role], "more");
    }
  });
  assertEquals(await complaints(home), []);
}

async function checkShortened(cast: Cast): Promise<void> {
  const { home, ids } = cast;
  const before = await observe(cast, "custom", SCOPE);
  editFirstLines(
    rolloutFiles(home.path),
    (line) => line.replace('"model_provider":"custom"', '"model_provider":"a"'),
  );
  await withCast(cast, (copy) =>
    withServer(copy.home, async (server) => {
      const opened = await resume(server, ids.grandChild);
      assert(!opened.ok);
      assertStringIncludes(opened.error, "cutoff");
    }));
  home.configure("relay");
  const damaged = printHome(home.path);
  assertEquals((await complaints(home)).filter((one) => one.includes(" history-")), [
    "error history-offsets-shifted 11",
    "error history-base-broken 7",
  ]);
  const repaired = await keep(home, ["repair", "history", "provider", "--apply"]);
  assertEquals([pick(repaired, "verified"), pick(repaired, "plan.skipped")], [true, []]);
  assertEquals(await complaints(home), []);
  assertEquals(differences(before, await observe(cast, "relay", SCOPE)), []);
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(damaged, printHome(home.path)), []);
}

async function checkLengthened(cast: Cast): Promise<void> {
  const { home, ids, messages } = cast;
  changeLength(rolloutFiles(home.path), 6000);
  await withCast(cast, async (copy) => {
    assertEquals((await contextOf(copy, "middleChild")).user, ["one", "middle"]);
  });
  const damaged = printHome(home.path);
  const repaired = await keep(home, ["repair", "history", "--apply"]);
  assertEquals([pick(repaired, "verified"), pick(repaired, "plan.skipped")], [true, []]);
  assertEquals(await complaints(home), []);
  for (const prepare of [() => {}, dropIndex]) {
    await withCast(cast, async (copy) => {
      prepare(copy.home.path);
      for (const role of ["root", "middleChild", "grandChild", "reverted", "revertedChild"] as const) {
        const { user, shown } = await contextOf(copy, role);
        assertEquals([user, shown], [messages[role], messages[role].length], `${role} ${ids[role]}`);
      }
    });
  }
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(damaged, printHome(home.path)), []);
}
