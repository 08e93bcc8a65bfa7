import type { AbsPath } from "../../lib/core/path.ts";
import { look } from "../../lib/demo/seen.ts";
import { buildStory, storySpec } from "../../lib/demo/story.ts";
import { scan } from "../../lib/engine/scan.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../home.ts";

const NOW = Date.UTC(2026, 10, 21, 9, 30);

Deno.test("buildStory() leaves 4 of 60 threads in view, and two in no list at all", async () => {
  await withFolder(async (folder) => {
    const built = buildStory(realDisk, `${folder}/home` as AbsPath, NOW);
    const machine = { ...realMachine(), env: () => undefined };
    const snapshot = await scan(machine, { home: built.path, sqliteHome: undefined });
    const seen = look(snapshot);
    assertEquals([seen.listed.length, seen.listable], [4, 60]);
    assertEquals(seen.listed, built.threads.slice(-4).map(({ id }) => id).reverse());
    assertEquals(seen.others.map(({ because }) => because).sort(), [
      "it is archived",
      "its rollout file cannot be read",
    ]);
    assertEquals(snapshot.damaged.map(({ damage }) => damage?.reason), ["empty"]);
    assertEquals(snapshot.threads.size, 62);
  });
});

Deno.test("storySpec() lies in the past, oldest first, with every kind of thread in it", () => {
  const { threads } = storySpec(NOW);
  const times = threads.map(({ atMs }) => atMs ?? 0);
  assertEquals(times, times.toSorted((a, b) => a - b));
  assert((times.at(-1) ?? NOW) < NOW);
  const kinds = {
    legacy: threads.some(({ mode }) => mode === "legacy"),
    fork: threads.some(({ fork }) => fork !== undefined),
    revert: threads.some(({ reverts }) => reverts !== undefined),
    compressed: threads.some(({ compressed }) => compressed),
    archived: threads.some(({ archived }) => archived),
    encrypted: threads.some(({ turns }) => turns?.some(({ encrypted }) => encrypted)),
    torn: threads.some(({ provider }) => typeof provider !== "string"),
  };
  assertEquals(Object.entries(kinds).filter(([, there]) => !there), []);
  assertEquals(new Set(threads.map(({ turns }) => turns?.[0]?.user)).size, threads.length);
});
