/** What the `history` repair finds in homes, and what it leaves alone. */
import { providerRepair } from "../../lib/repairs/provider.ts";
import { assert, assertEquals, fail } from "../assert.ts";
import { EVERY } from "../demo/fixture.ts";
import { talk, withHome } from "../home.ts";
import {
  carryOut,
  factsOf,
  FAMILY,
  found,
  pathOf,
  plan,
  rename,
  rewrite,
  runIndex,
  runSql,
  samplesOf,
  threadOf,
} from "./history_home.ts";

Deno.test("history finds nothing in a home as Codex makes it", async () => {
  await withHome(EVERY, async (home) => {
    const facts = await factsOf(home);
    assertEquals(found(facts), []);
    assertEquals(plan(facts), { changes: [], skipped: [] });
  });
});

Deno.test("history finds nothing after the threads were given to another provider by this program", async () => {
  for (const target of ["a", "a-provider-with-a-long-name"]) {
    await withHome(EVERY, async (home) => {
      const facts = await factsOf(home, target);
      const threads = [...facts.snapshot.threads.values()];
      const draft = providerRepair.plan?.(facts, { threads, from: undefined }) ?? fail("no plan");
      assert(draft.changes.length > 10);
      carryOut(home, draft.changes);
      assertEquals(found(await factsOf(home)), []);
    });
  }
});

Deno.test("history tells which places a shortened first line has moved, and by how much", async () => {
  await withHome(FAMILY, async (home) => {
    rename(pathOf(home, "root"), "x");
    const facts = await factsOf(home);
    assertEquals(found(facts), [
      "error history-offsets-shifted 1 history",
      "error history-base-broken 2 history",
    ]);
    assertEquals(samplesOf(facts, "history-offsets-shifted"), [
      `${threadOf(home, "root").id}: 9 of 9 offsets, all by −5 bytes: the first line was shortened`,
    ]);
    const broken = samplesOf(facts, "history-base-broken");
    for (const label of ["child", "middle"]) {
      const start = `${threadOf(home, label).id}: continues "${threadOf(home, "root").id}" from byte `;
      assert(broken.some((sample) => sample.startsWith(start)), label);
    }
  });
});

Deno.test("history reports a file that was cut, and changes nothing", async () => {
  await withHome(FAMILY, async (home) => {
    rewrite(pathOf(home, "other"), (line, index) => index < 8 ? line : undefined);
    const facts = await factsOf(home);
    assertEquals(found(facts), ["error history-frozen 1 -"]);
    const { changes, skipped } = plan(facts);
    assertEquals(changes, []);
    assertEquals(skipped, [{
      subject: threadOf(home, "other").id,
      reason: "its file no longer holds what its history was made from",
    }]);
  });
});

Deno.test("history offers no cure for forks of a file that was cut before the place they continue from", async () => {
  await withHome(FAMILY, async (home) => {
    rewrite(pathOf(home, "root"), (line, index) => index < 3 ? line : undefined);
    const facts = await factsOf(home);
    assertEquals(found(facts), ["error history-base-broken 2 -", "error history-frozen 1 -"]);
    assertEquals(plan(facts).changes, []);
  });
});

Deno.test("history does not hold a file against what Codex has read in one of another home", async () => {
  await withHome(FAMILY, async (home) => {
    const path = pathOf(home, "other");
    const before = `${home.path}-before`;
    Deno.mkdirSync(before);
    try {
      // Codex went on in the home that this one was copied from.
      Deno.copyFileSync(path, `${before}/rollout.jsonl`);
      rewrite(path, (line, index) => index < 8 ? line : undefined);
      runIndex(
        home,
        "update threads set rollout_path = ? where id = ?",
        `${before}/rollout.jsonl`,
        threadOf(home, "other").id,
      );
      const facts = await factsOf(home);
      assertEquals(found(facts), []);
      assertEquals(plan(facts), { changes: [], skipped: [] });
    } finally {
      Deno.removeSync(before, { recursive: true });
    }
  });
});

Deno.test("history reports turns that repeat the numbers of others, and changes nothing", async () => {
  await withHome(FAMILY, async (home) => {
    const path = pathOf(home, "other");
    const { id, files } = threadOf(home, "other");
    const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
    const begin = lines.findLastIndex((line) => line.includes('"task_started"'));
    const again = lines.slice(begin).map((line) =>
      line.replaceAll(files[0]?.marks[1]?.id ?? "?", "another-turn")
    );
    Deno.writeTextFileSync(path, again.join("\n") + "\n", { append: true });
    runSql(
      home,
      "update thread_history_projection_state set next_rollout_byte_offset = ? where thread_id = ?",
      Deno.statSync(path).size,
      id,
    );
    const facts = await factsOf(home);
    assertEquals(found(facts), ["error history-frozen 1 -"]);
    assertEquals(plan(facts).changes, []);
  });
});

Deno.test("history reports forks and segments whose parent is gone", async () => {
  await withHome(FAMILY, async (home) => {
    Deno.removeSync(pathOf(home, "root"));
    Deno.removeSync(pathOf(home, "reverted"));
    const facts = await factsOf(home);
    assertEquals(found(facts), ["error history-base-broken 3 -"]);
    const { changes, skipped } = plan(facts);
    assertEquals(changes, []);
    assertEquals(skipped.length, 3);
  });
});

Deno.test("history leaves legacy threads alone, whose lines may be of any length", async () => {
  await withHome({ threads: [{ label: "old", provider: "custom", mode: "legacy" }] }, async (home) => {
    rename(pathOf(home, "old"), "a-much-longer-provider");
    assertEquals(found(await factsOf(home)), []);
  });
});

Deno.test("history takes the lines that a subagent has from its parent for no turns of its own", async () => {
  const meta = { forked_from_id: "parent", parent_thread_id: "parent", subagent_history_start_ordinal: 20 };
  const turns = talk("said to the parent", "said to it again", "said to the subagent");
  for (const copied of [meta, {}]) {
    await withHome(
      { threads: [{ label: "agent", provider: "custom", turns, meta: copied }] },
      async (home) => {
        // Codex has rows of the subagent's own turns only.
        const [first, second] = threadOf(home, "agent").files[0]?.marks ?? [];
        for (const { id } of [first, second].filter((mark) => mark !== undefined)) {
          runSql(home, "delete from thread_turns where turn_id = ?", id);
          runSql(home, "delete from thread_items where turn_id = ?", id);
        }
        assertEquals(found(await factsOf(home)), copied === meta ? [] : ["error history-frozen 1 history"]);
      },
    );
  }
});
