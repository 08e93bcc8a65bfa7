/** `codexkeep restore` judged by the real Codex: every byte comes back, and what was said since stays. */
import { assert, assertEquals } from "../assert.ts";
import { type Cast, makeCast, type Role, ROLES, withCast } from "./cast.ts";
import { withServer } from "./home.ts";
import { differences, observe } from "./oracle.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";
import { resume, turn, turns } from "./readers.ts";
import { archive, completed, compressRollouts, newFork, newThread, rename, revert } from "./threads.ts";

/** Enough of what Codex does where the bytes are shown to be equal. */
const BRIEFLY = { roles: ["middleChild", "twiceReverted", "legacyChild"], rebuilt: false } as const;

Deno.test("restore --apply after sync", async (test) => {
  const cast = await makeCast("custom");
  try {
    await test.step("gives back every byte, mode, time and row, and Codex shows what it did", () =>
      withCast(cast, checkExact));
    await test.step("takes back one run after the other", () => withCast(cast, checkChain));
    await test.step("gives back compressed rollouts", () => withCast(cast, checkCompressed));
    await test.step("--originals gives every thread to its first provider", () =>
      withCast(cast, checkOriginals));
    await test.step("refuses when a thread was only reverted since", () => withCast(cast, checkReverted));
    await test.step("--force keeps what was said since, and Codex opens every thread", () =>
      withCast(cast, checkContinued));
  } finally {
    await cast.home.dispose();
  }
});

/** Begins as a crash of Codex leaves the home: with all recent rows in the log of the database. */
async function checkExact(cast: Cast): Promise<void> {
  const { home } = cast;
  await crash(cast);
  assert(Deno.statSync(`${home.path}/state_5.sqlite-wal`).size > 0);
  const shown = await observe(cast, "custom", BRIEFLY);
  home.configure("relay");
  const before = printHome(home.path);
  await keep(home, ["sync", "--apply"]);
  const synced = printHome(home.path);
  const restore = await keep(home, ["restore", "latest", "--apply"]);
  assertEquals([pick(restore, "applied"), pick(restore, "verified")], [true, true]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
  assertEquals(differences(shown, await observe(cast, "custom", BRIEFLY)), []);
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(synced, printHome(home.path)), []);
}

/** A turn and then no clean exit. */
async function crash({ home, ids }: Cast): Promise<void> {
  const server = await home.serve();
  assert((await resume(server, ids.root)).ok);
  await completed(server, ids.root, "before the crash");
  await server.crash();
}

async function checkChain({ home }: Cast): Promise<void> {
  home.configure("a");
  const first = printHome(home.path);
  const record = pick(await keep(home, ["sync", "--apply"]), "record");
  const second = printHome(home.path);
  await keep(home, ["sync", "--to", "a-very-long-provider-id-for-the-tests", "--apply"]);
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(second, printHome(home.path)), []);
  await keep(home, ["restore", String(record), "--apply"]);
  assertEquals(printDifferences(first, printHome(home.path)), []);
}

async function checkCompressed({ home }: Cast): Promise<void> {
  home.configure("custom");
  await compressRollouts(home);
  home.configure("relay");
  const before = printHome(home.path);
  await keep(home, ["sync", "--apply"]);
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
}

async function checkOriginals(copy: Cast): Promise<void> {
  const { home } = copy;
  const shown = await observe(copy, "custom", BRIEFLY);
  for (const provider of ["a", "relay"]) await keep(home, ["sync", "--to", provider, "--apply"]);
  await keep(home, ["restore", "--originals", "--apply"]);
  home.configure("custom");
  assertEquals(await complaints(home), []);
  assertEquals(differences(shown, await observe(copy, "custom", BRIEFLY)), []);
}

async function checkReverted({ home, ids }: Cast): Promise<void> {
  home.configure("relay");
  await keep(home, ["sync", "--apply"]);
  await withServer(home, async (server) => {
    await resume(server, ids.root);
    await revert(server, ids.root, 1);
  });
  const before = printHome(home.path);
  const { errors } = await keep(home, ["restore", "latest", "--apply"], 2);
  assertEquals(errors.map(({ code }) => code), ["conflict"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
}

/** The messages each thread shows at the end. */
const SAID: Partial<Readonly<Record<Role, readonly string[]>>> = {
  root: ["one", "two", "three", "later"],
  child: ["one", "two", "three", "child", "later"],
  quietChild: ["one", "two", "three", "later"],
  middleChild: ["one", "two", "middle"],
  grandChild: ["one", "two", "three", "child", "grandchild"],
  reverted: ["r1"],
  revertedChild: ["r1", "r2 again", "rc"],
  twiceReverted: ["t1", "later still"],
  legacy: ["l1", "l2", "later"],
  legacyChild: ["l1", "l2", "lc", "later"],
  legacyMeta: ["m1", "m2"],
  unused: [],
};

async function checkContinued(cast: Cast): Promise<void> {
  const { home, ids } = cast;
  home.configure("relay");
  await keep(home, ["sync", "--apply"]);
  const fresh = await goOn(cast);
  const before = printHome(home.path);
  await keep(home, ["restore", "latest", "--apply"], 2);
  assertEquals(printDifferences(before, printHome(home.path)), []);

  const restore = await keep(home, ["restore", "latest", "--apply", "--force"]);
  assertEquals(pick(restore, "plan.skipped"), []);
  home.configure("custom");
  assertEquals(await complaints(home), [`warning provider-mismatch ${fresh.length}`]);
  await withServer(home, async (server) => {
    await server.call("thread/unarchive", { threadId: ids.exec });
    await server.call("thread/unarchive", { threadId: ids.archived });
    const said = { ...SAID, exec: ["exec"], archived: ["a1", "a2"] };
    for (const role of ROLES) {
      const expected = said[role] ?? [];
      const opened = await resume(server, ids[role]);
      assertEquals(opened, { ok: true, id: ids[role], provider: "custom", cwd: home.work }, role);
      assertEquals(await turn(server, ids[role], "more"), "completed", role);
      const request = home.model.requests.at(-1);
      assertEquals([request?.provider, request?.userTexts], ["custom", [...expected, "more"]], role);
      assertEquals((await turns(server, ids[role])).length, expected.length + 1, role);
    }
  });
}

/** Uses the threads in every way, and makes two that no record knows. */
async function goOn({ home, ids }: Cast): Promise<readonly string[]> {
  return await withServer(home, async (server) => {
    for (const role of ["root", "child", "quietChild", "legacy", "legacyChild", "twiceReverted"] as const) {
      assert((await resume(server, ids[role])).ok, role);
      await completed(server, ids[role], "later");
    }
    await revert(server, ids.twiceReverted, 1);
    await completed(server, ids.twiceReverted, "later still");
    assert((await resume(server, ids.reverted)).ok);
    await revert(server, ids.reverted, 1);
    await rename(server, ids.grandChild, "named later");
    await archive(server, ids.exec);
    return [
      await newThread(server, { messages: ["fresh"] }),
      await newFork(server, ids.root, ["fresh fork"]),
    ];
  });
}
