/** Threads that Codex has gone on with after another program moved their lines, repaired and judged by the real Codex. */
import { assert, assertEquals } from "../assert.ts";
import { type Cast, makeCast, withCast } from "./cast.ts";
import { dropIndex, filesOf } from "./disk.ts";
import { withServer } from "./home.ts";
import { changeLength, contextOf } from "./moved_lines.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep } from "./program.ts";
import { fork, type Opened, resume, revertBefore, turns, turnsWithIds } from "./readers.ts";
import { completed } from "./threads.ts";

Deno.test("repair history after Codex has gone on", async (test) => {
  const cast = await makeCast("custom");
  try {
    await test.step("makes old and new turns the right places to fork and to go back to", () =>
      withCast(cast, checkGoneOn));
    await test.step("brings back turns that Codex has passed over", () => withCast(cast, checkPassedOver));
  } finally {
    await cast.home.dispose();
  }
});

/** Codex has gone on with the root: some stored places are right, some are not. */
async function checkGoneOn(cast: Cast): Promise<void> {
  const { ids } = cast;
  const right: Boundaries = { forked: ["one", "on"], reverted: ["one", "two", "three", "other"] };
  const cases = [
    // The line by which turn "four" begins is lost to Codex.
    {
      bytes: -8,
      wrong: { ...right, reverted: `turn <four> does not have a persisted start boundary` },
      more: 1,
    },
    // All ends of the earlier turns lie too early.
    { bytes: 6000, wrong: { ...right, forked: ["on"] }, more: 0 },
  ];
  for (const { bytes, wrong, more } of cases) {
    await withCast(cast, async (copy) => {
      changeLength(filesOf(copy.home.path, ids.root), bytes);
      await say(copy, ["four", "five"]);
      assertEquals(await withCast(copy, boundariesOf), wrong);
      const damaged = printHome(copy.home.path);
      assertEquals(await complaints(copy.home), [
        "error history-offsets-shifted 1",
        "error history-base-broken 3",
        ...more === 1 ? ["error history-frozen 1"] : [],
      ]);
      await keep(copy.home, ["repair", "history", "--apply"]);
      assertEquals(await complaints(copy.home), []);
      assertEquals(await withCast(copy, boundariesOf), right);
      const { user } = await withCast(copy, (one) => contextOf(one, "middleChild"));
      assertEquals(user, cast.messages.middleChild);
      await keep(copy.home, ["restore", "latest", "--apply"]);
      assertEquals(printDifferences(damaged, printHome(copy.home.path)), []);
    });
  }
  await withCast(cast, async (copy) => {
    changeLength(filesOf(copy.home.path, ids.root), -8);
    await say(copy, ["four", "five"]);
    await keep(copy.home, ["repair", "history", "--apply"]);
    dropIndex(copy.home.path);
    assertEquals(await boundariesOf(copy), right);
  });
}

async function say({ home, ids }: Cast, messages: readonly string[]): Promise<void> {
  for (const message of messages) {
    await withServer(home, async (server) => {
      assert((await resume(server, ids.root)).ok);
      await completed(server, ids.root, message);
    });
  }
}

/** What the model is sent by a fork, and by the thread itself once turns were taken back; or why that is refused. */
interface Boundaries {
  readonly forked: readonly string[] | string;
  readonly reverted: readonly string[] | string;
}

/** Forks the root after its first turn, then takes it back to before its fourth. */
async function boundariesOf({ home, ids }: Cast): Promise<Boundaries> {
  return await withServer(home, async (server) => {
    assert((await resume(server, ids.root)).ok);
    const before = await turnsWithIds(server, ids.root);
    const [first, , , fourth] = before;
    assertEquals(before.length, 5);
    const sent = async (opened: Opened, text: string) => {
      if (!opened.ok) return opened.error.replaceAll(fourth?.id ?? "?", "<four>");
      await completed(server, opened.id, text);
      return home.model.requests.at(-1)?.userTexts ?? [];
    };
    const forked = await sent(await fork(server, ids.root, { lastTurnId: first?.id ?? "" }), "on");
    return { forked, reverted: await sent(await revertBefore(server, ids.root, fourth?.id ?? ""), "other") };
  });
}

/** A turn that Codex passes over whole comes back when the thread is opened after the repair. */
async function checkPassedOver(cast: Cast): Promise<void> {
  const { home, ids } = cast;
  const said = () =>
    withServer(
      home,
      async (server) => (await turns(server, ids.root)).map((one) => /: (.*) >/.exec(one)?.[1] ?? one),
    );
  changeLength(filesOf(home.path, ids.root), -9800);
  await say(cast, ["four", "five"]);
  assertEquals(await said(), ["one", "two", "three", "five"]);
  const damaged = printHome(home.path);
  await keep(home, ["repair", "history", "--apply"]);
  assertEquals(await complaints(home), []);
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(damaged, printHome(home.path)), []);
  await keep(home, ["repair", "history", "--apply"]);
  await withServer(home, (server) => resume(server, ids.root));
  assertEquals(await said(), ["one", "two", "three", "four", "five"]);
  assertEquals(await complaints(home), []);
  const { reverted } = await boundariesOf(cast);
  assertEquals(reverted, ["one", "two", "three", "other"]);
}
