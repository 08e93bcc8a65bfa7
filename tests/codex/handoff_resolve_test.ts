/** Both sides of a divergence are kept as threads that the real Codex lists, opens and goes on with (S1.31). */
import { realMachine } from "../../lib/system/machine.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { resolveLoser } from "../../lib/handoff/resolve.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import type { Role } from "./cast.ts";
import { dropIndex, filesOf, threadRows } from "./disk.ts";
import { applyOptions, arriveOn, makeMachines, plainCopy, seedHistory } from "./handoff_machines.ts";
import { withServer } from "./home.ts";
import { complaints } from "./program.ts";
import { fork, list, LISTS, resume, revertBefore, turn, turns, turnsWithIds } from "./readers.ts";
import { completed } from "./threads.ts";

/** Every form of file that can diverge. */
const DIVERGED: readonly Role[] = [
  "root",
  "child",
  "middleChild",
  "twiceReverted",
  "legacy",
  "legacyChild",
  "legacyMeta",
];

Deno.test("S1.31: the loser of a divergence becomes a thread of its own", async (test) => {
  const { cast, a, b, cloud, dispose } = await makeMachines();
  try {
    await seedHistory(b);
    await arriveOn(a, cloud);
    await arriveOn(b, cloud, await plainCopy(a, b, cloud));
    for (const [side, word] of [[a, "desk"], [b, "laptop"]] as const) {
      await withServer(side.home, async (server) => {
        for (const role of DIVERGED) {
          await resume(server, cast.ids[role]);
          await completed(server, cast.ids[role], `${role} at the ${word}`);
        }
      });
      await arriveOn(side, cloud);
    }
    Deno.mkdirSync(`${cloud}/.codexkeep/conflicts`, { recursive: true });
    for (const role of DIVERGED) {
      await test.step(role, async () => {
        const id = cast.ids[role];
        const file = filesOf(a.home.path, id).at(-1) ?? "";
        const key = file.slice(file.lastIndexOf("/") + 1);
        const path = `${cloud}/.codexkeep/conflicts/${key}.desk.1.loser` as AbsPath;
        Deno.copyFileSync(file, path);
        const before = Deno.readFileSync(filesOf(b.home.path, id).at(-1) ?? "");
        const request = {
          home: b.home.path as AbsPath,
          sqliteHome: undefined,
          cloudRoot: cloud,
          machineId: b.id,
          mappings: b.mappings,
          tombstones: new Map(),
          changedKeys: new Set<string>(),
        };
        const loser = { path, key, machine: "desk" };
        const made = await resolveLoser(realMachine(), request, loser, applyOptions());
        const again = await resolveLoser(realMachine(), request, loser, applyOptions());
        assertEquals([made.made, again.made, again.thread, again.record], [
          true,
          false,
          made.thread,
          undefined,
        ]);
        assertEquals(Deno.readFileSync(filesOf(b.home.path, id).at(-1) ?? ""), before);
        const said = await withServer(a.home, async (server) => {
          await resume(server, id);
          return await turns(server, id);
        });
        assertEquals(said.at(-1), `completed: ${role} at the desk > reply to: ${role} at the desk`);
        await checkThread(b, made.thread, made.name ?? "", said);
        await withServer(b.home, async (server) => {
          await resume(server, id);
          const own = await turns(server, id);
          assertEquals(own.at(-1), `completed: ${role} at the laptop > reply to: ${role} at the laptop`);
        });
      });
    }
    await test.step("all of them outlive the database", async () => {
      const names = new Map(threadRows(b.home.path).map(({ id, name }) => [id, name]));
      assertEquals(names.size, Object.keys(cast.ids).length + DIVERGED.length + forks);
      assertEquals(await complaints(b.home), []);
      dropIndex(b.home.path);
      await withServer(b.home, async (server) => {
        const shown = await list(server, LISTS.scanAll);
        for (const id of names.keys()) {
          assertEquals((await resume(server, id)).ok || archivedOrUnused(cast.ids, id), true);
        }
        assert(shown.length > DIVERGED.length * 2);
      });
      await arriveOn(b, cloud);
      const after = new Map(threadRows(b.home.path).map(({ id, name }) => [id, name]));
      assertEquals(after, names);
    });
  } finally {
    await dispose();
  }
});

let forks = 0;

function archivedOrUnused(ids: Readonly<Record<Role, string>>, id: string): boolean {
  return id === ids.archived || id === ids.unused;
}

async function checkThread(
  { home }: { readonly home: Parameters<typeof complaints>[0] },
  id: string,
  name: string,
  said: readonly string[],
): Promise<void> {
  assertStringIncludes(name, "(from desk)");
  await withServer(home, async (server) => {
    for (const params of [LISTS.scanAll, LISTS.indexAll]) {
      const found = (await list(server, params)).find((one) => one.id === id);
      assertEquals([found?.name, found?.cwd], [name, home.work]);
    }
    const opened = await resume(server, id);
    assertEquals([opened.ok && opened.id, await turns(server, id)], [id, said]);
    assertEquals(await turn(server, id, "go on"), "completed");
    const shown = await turnsWithIds(server, id);
    assertEquals(shown.map(({ text }) => text), [...said, "completed: go on > reply to: go on"]);
    const { requests } = home.model;
    assertEquals(requests.at(-1)?.userTexts.filter((text) => text.includes(" at the ")).length, 1);
    const child = await fork(server, id);
    assert(child.ok, "the new thread cannot be forked");
    assertEquals(await turn(server, child.id, "fork"), "completed");
    forks++;
    assertEquals((await turns(server, child.id)).length, shown.length + 1);
    const isPaginated = !Deno.readTextFileSync(filesOf(home.path, id)[0] ?? "").slice(0, 40000).includes(
      '"legacy"',
    );
    if (isPaginated) {
      const reverted = await revertBefore(server, id, shown.at(-1)?.id ?? "");
      assertEquals([reverted.ok, await turns(server, id)], [true, said]);
    }
  });
}
