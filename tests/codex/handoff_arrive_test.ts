/** Threads handed over between two homes of the real Codex, judged by Codex on each side. Names S1.3, S1.17, S1.24, S1.32. */
import { assert, assertEquals } from "../assert.ts";
import { type Cast, type Role, ROLES } from "./cast.ts";
import { dropIndex, filesOf, threadRows } from "./disk.ts";
import { arriveOn, makeMachines, mapping, plainCopy, seedHistory, type Side } from "./handoff_machines.ts";
import { withServer } from "./home.ts";
import { makeKeepsakes, tellKeepsakes } from "./keepsakes.ts";
import { differences, type Observation, observe } from "./oracle.ts";
import { complaints, keep } from "./program.ts";
import { idsIn, list, LISTS, resume, turns } from "./readers.ts";
import { archive, completed, newFork, newThread, rename } from "./threads.ts";

/** The carrying: a plain copy by the rules of the hand-over. */
const carry = plainCopy;

/** What Codex shows of a file before it has opened that thread here is as after a rebuild of its history: nothing. */
const OPENED_ONLY = "read before";

Deno.test("S1.3: threads of every kind are on the second machine what they are on the first", async (test) => {
  const { cast, a, b, cloud, dispose } = await makeMachines();
  try {
    await seedHistory(b);
    assertEquals((await arriveOn(a, cloud)).plan.changes.length, 0);
    const there = { ...cast, home: b.home };
    const arrived = await arriveOn(b, cloud, await carry(a, b, cloud));
    await test.step("everything arrives in one record, and a second run has nothing to do", async () => {
      assertEquals([arrived.skipped, arrived.odd, arrived.remarks], [[], [], []]);
      assert(arrived.record !== undefined);
      const extract = Deno.readTextFileSync(`${cloud}/.codexkeep/extracts/laptop.jsonl`);
      const again = await arriveOn(b, cloud);
      assertEquals([again.plan.changes.length, again.record, again.told], [0, undefined, false]);
      assertEquals(Deno.readTextFileSync(`${cloud}/.codexkeep/extracts/laptop.jsonl`), extract);
      assertEquals(await complaints(b.home), []);
    });
    await test.step("Codex shows, resumes, forks and reverts the same threads there", async () => {
      const wanted = withoutCold(await observe(cast, "custom"));
      assertEquals(differences(wanted, withoutCold(await observe(there, "custom"))), []);
    });
    await test.step("the record takes all of it back", async () => {
      await keep(b.home, ["restore", "latest", "--apply"]);
      const left = threadRows(b.home.path).filter(({ id }) => Object.values(cast.ids).includes(id));
      assertEquals(left, []);
    });
  } finally {
    await dispose();
  }
});

function withoutCold(observation: Observation): Observation {
  return Object.fromEntries(Object.entries(observation).filter(([key]) => !key.includes(OPENED_ONLY)));
}

/** What each side shows of a thread once it is opened: name, folder, and what was said. */
async function shownOn({ home }: Side, ids: readonly string[]): Promise<Record<string, unknown>> {
  return await withServer(home, async (server) => {
    const listed = new Map((await list(server, LISTS.scanAll)).map((one) => [one.id, one]));
    const archived = await idsIn(server, "archivedScan");
    assertEquals(archived, await idsIn(server, "archivedIndex"));
    const shown: Record<string, unknown> = {};
    for (const id of ids) {
      const opened = archived.includes(id) ? undefined : await resume(server, id);
      shown[id] = {
        name: listed.get(id)?.name ?? null,
        cwd: opened?.ok === true ? opened.cwd.replace(home.work, "<work>") : opened?.error ?? "archived",
        turns: archived.includes(id) ? [] : await turns(server, id),
      };
    }
    return shown;
  });
}

Deno.test("S1.3: A to B and back to A, with work on both sides in between", async (test) => {
  const { cast, a, b, cloud, dispose } = await makeMachines();
  try {
    await seedHistory(b);
    const kept = await makeKeepsakes(cast.home);
    const keepsakes = Object.values(kept);
    await arriveOn(a, cloud);
    await arriveOn(b, cloud, await carry(a, b, cloud));
    await test.step("names, pins, sections, projects, git facts and attachments are there", async () => {
      assertEquals(await tellKeepsakes(b.home, keepsakes), await tellKeepsakes(a.home, keepsakes));
    });
    const made = await workOnSecond(b, cast);
    await arriveOn(b, cloud);
    await checkBack({ cast, a, b, cloud }, made, test);
    await test.step("work on the first machine goes to the second in turn", async () => {
      await withServer(a.home, async (server) => {
        await resume(server, cast.ids.root);
        await completed(server, cast.ids.root, "five at the desk");
        await resume(server, made.fork);
        await completed(server, made.fork, "fork at the desk");
        await newFork(server, made.fork, ["fork of the fork"]);
        await rename(server, cast.ids.root, "root again");
      });
      await arriveOn(a, cloud);
      await arriveOn(b, cloud, await carry(a, b, cloud));
      const ids = threadRows(a.home.path).map(({ id }) => id);
      assertEquals(await shownOn(b, ids), await shownOn(a, ids));
      assertEquals((await arriveOn(b, cloud)).plan.changes.length, 0);
      assertEquals([await complaints(a.home), await complaints(b.home)], [[], []]);
    });
    await test.step("what a rebuild of the database loses comes back at the next run", async () => {
      const right = await tellKeepsakes(b.home, keepsakes);
      dropIndex(b.home.path);
      await withServer(b.home, async () => {});
      assert(JSON.stringify(right) !== JSON.stringify(await tellKeepsakes(b.home, keepsakes)));
      await arriveOn(b, cloud);
      assertEquals(await tellKeepsakes(b.home, keepsakes), right);
      await arriveOn(a, cloud);
      assertEquals(await tellKeepsakes(a.home, keepsakes), right);
    });
    await test.step("turns that a lost history database showed of continued files come back", async () => {
      for (const end of ["", "-wal", "-shm"]) {
        await Deno.remove(`${b.home.path}/thread_history_1.sqlite${end}`).catch(() => {});
      }
      await seedHistory(b);
      await arriveOn(b, cloud);
      const ids = threadRows(a.home.path).map(({ id }) => id);
      assertEquals(await shownOn(b, ids), await shownOn(a, ids));
    });
  } finally {
    await dispose();
  }
});

type Made = { readonly fork: string; readonly fresh: string; readonly deleted: string };

/** Turns, forks, a new thread, a rename, archive, unarchive and a deletion on the second machine. */
async function workOnSecond(b: Side, { ids }: Cast): Promise<Made> {
  return await withServer(b.home, async (server) => {
    for (const role of ["root", "grandChild", "twiceReverted", "legacy"] as const) {
      await resume(server, ids[role]);
      await completed(server, ids[role], `${role} on the laptop`);
    }
    const fork = await newFork(server, ids.root, ["fork on the laptop"]);
    const fresh = await newThread(server, { messages: ["made on the laptop"] });
    await rename(server, fresh, "fresh");
    await rename(server, ids.root, "renamed on the laptop");
    await rename(server, ids.legacyMeta, "old style name");
    await server.call("thread/unarchive", { threadId: ids.archived });
    await archive(server, ids.legacyChild);
    await server.call("thread/delete", { threadId: ids.exec });
    return { fork, fresh, deleted: ids.exec };
  });
}

type Pair = {
  readonly cast: Cast;
  readonly a: Side;
  readonly b: Side;
  readonly cloud: Parameters<typeof arriveOn>[1];
};

async function checkBack({ cast, a, b, cloud }: Pair, made: Made, test: Deno.TestContext): Promise<void> {
  const gone = filesOf(a.home.path, made.deleted)[0]?.replace(/.*\//, "") ?? "";
  const keys = await carry(b, a, cloud);
  const stone = { key: gone, sha256: undefined, machine: "laptop", at: "2026-01-01T00:00:00Z" };
  const back = await arriveOn(a, cloud, keys, new Map([[gone, stone]]));
  await test.step("everything done on the second machine is on the first", async () => {
    assertEquals([back.skipped, back.odd], [[], []]);
    const ids = [...Object.values(cast.ids).filter((id) => id !== made.deleted), made.fork, made.fresh];
    const [here, there] = [await shownOn(a, ids), await shownOn(b, ids)];
    assertEquals(here, there);
    const root = here[cast.ids.root] as { name: string; cwd: string; turns: string[] };
    assertEquals([root.name, root.cwd, root.turns.length], ["renamed on the laptop", "<work>", 4]);
    assertEquals((here[cast.ids.legacyMeta] as { name: string }).name, "old style name");
    assertEquals(threadRows(a.home.path).some(({ id }) => id === made.deleted), false);
    assertEquals(await complaints(a.home), []);
    assertEquals((await arriveOn(a, cloud)).plan.changes.length, 0);
  });
}

Deno.test("S1.24: folders of a Windows machine are called by their names here, and back", async () => {
  const { cast, a, b, cloud, dispose } = await makeMachines();
  const there = "C:\\Users\\Xäver\\proj";
  try {
    await seedHistory(b);
    const all = ["--include-archived", "--include-empty", "--source", "any"];
    await keep(cast.home, ["repair", "cwd", "--map", `${cast.home.work}=${there}`, ...all, "--apply"]);
    const laptop = { ...b, mappings: [mapping("c:\\users\\xäver\\PROJ", b.home.work, "desk")] };
    await arriveOn(a, cloud);
    await arriveOn(laptop, cloud, await carry(a, laptop, cloud));
    assertEquals(new Set(threadRows(b.home.path).map(({ cwd }) => cwd)), new Set([b.home.work]));
    const ids = ROLES.filter((role) => !NOT_OPENED.includes(role)).map((role) => cast.ids[role]);
    const shown = Object.values(await shownOn(laptop, ids)) as { cwd: string }[];
    assertEquals(new Set(shown.map(({ cwd }) => cwd)), new Set(["<work>"]));
    const fresh = await withServer(b.home, async (server) => {
      await completed(server, (await resume(server, cast.ids.root), cast.ids.root), "here");
      return await newThread(server, { messages: ["new here"] });
    });
    await arriveOn(laptop, cloud);
    await arriveOn(a, cloud, await carry(laptop, a, cloud));
    const rows = threadRows(a.home.path).filter(({ id }) => id === fresh || ids.includes(id));
    assertEquals(new Set(rows.map(({ cwd }) => cwd)), new Set([there]));
    const last = Deno.readTextFileSync(filesOf(a.home.path, cast.ids.root)[0] ?? "").trimEnd().split("\n").at(
      -1,
    );
    assert(JSON.parse(last ?? "").payload.thread_settings.cwd === there, last);
    assertEquals((await arriveOn(a, cloud)).plan.changes.length, 0);
  } finally {
    await dispose();
  }
});

const NOT_OPENED: readonly Role[] = ["archived"];

Deno.test("S1.17: a provider that is not declared here is told with what to do", async () => {
  const { cast, a, b, cloud, dispose } = await makeMachines();
  try {
    await arriveOn(a, cloud);
    b.home.configure("openai", "", []);
    const { remarks } = await arriveOn(b, cloud, await carry(a, b, cloud));
    assertEquals(remarks.map(({ code, threads }) => [code, threads]), [[
      "provider-not-declared",
      ROLES.length,
    ]]);
    assert(remarks[0]?.hint.includes("codexkeep sync"));
    b.home.configure("mock");
    const after = await arriveOn(b, cloud);
    assertEquals(after.remarks.map(({ code }) => code), ["provider-differs"]);
    assertEquals(after.plan.changes, []);
    assertEquals(threadRows(b.home.path).length, Object.keys(cast.ids).length);
  } finally {
    await dispose();
  }
});

Deno.test("S1.32: without an extract Codex itself indexes what arrived", async () => {
  const { cast, a, b, cloud, dispose } = await makeMachines();
  try {
    const { plan } = await arriveOn(b, cloud, await carry(a, b, cloud));
    assertEquals(plan.changes.map((change) => "table" in change && change.table), ["backfill_state"]);
    await withServer(b.home, async (server) => {
      assertEquals((await idsIn(server, "indexAll")).length, (await list(server, LISTS.indexAll)).length);
    });
    const ids = threadRows(b.home.path).map(({ id }) => id).sort();
    assertEquals(ids, Object.values(cast.ids).sort());
    // The extract comes later, and with it what only the other database knows.
    await arriveOn(a, cloud);
    await arriveOn(b, cloud);
    const names = new Map(threadRows(b.home.path).map(({ id, name }) => [id, name]));
    assertEquals(names.get(cast.ids.root), "the root");
  } finally {
    await dispose();
  }
});
