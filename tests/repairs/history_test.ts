/** The `history` repair on homes whose rollouts other programs have changed. */
import { providerRepair } from "../../lib/repairs/provider.ts";
import { assert, assertEquals, fail } from "../assert.ts";
import { talk, withHome } from "../home.ts";
import {
  carryOut,
  factsOf,
  FAMILY,
  found,
  pathOf,
  plan,
  rename,
  repair,
  rewrite,
  runSql,
  samplesOf,
  summaryOf,
  threadOf,
} from "./history_home.ts";

Deno.test("history gives a shortened first line its length back, which heals the forks too", async () => {
  await withHome(FAMILY, async (home) => {
    const before = Deno.readFileSync(pathOf(home, "root"));
    rename(pathOf(home, "root"), "x");
    const changes = await repair(home);
    assertEquals(summaryOf(changes), ["edit first_line_bytes"]);
    const after = Deno.readFileSync(pathOf(home, "root"));
    assertEquals(after.length, before.length);
    const text = new TextDecoder().decode(after);
    assert(
      text.includes('"model_provider":"x"     ,'),
      "the room is behind the provider, where a longer one needs it",
    );
  });
});

Deno.test("history takes what can be left out from a lengthened first line", async () => {
  await withHome(FAMILY, async (home) => {
    const before = Deno.statSync(pathOf(home, "root")).size;
    rename(pathOf(home, "root"), "a-much-longer-provider");
    assertEquals(samplesOf(await factsOf(home), "history-offsets-shifted"), [
      `${threadOf(home, "root").id}: 9 of 9 offsets, all by +16 bytes: the first line was lengthened`,
    ]);
    assertEquals(summaryOf(await repair(home)), ["edit first_line_bytes"]);
    assertEquals(Deno.statSync(pathOf(home, "root")).size, before);
  });
});

Deno.test("history takes the white space away that a program has written into a first line", async () => {
  await withHome(FAMILY, async (home) => {
    rewrite(
      pathOf(home, "root"),
      (line, index) => index > 0 ? line : JSON.stringify(JSON.parse(line), null, 1).replaceAll("\n", ""),
    );
    const [change] = await repair(home);
    assertEquals(summaryOf(change ? [change] : []), ["edit first_line_bytes"]);
    const first = Deno.readTextFileSync(pathOf(home, "root")).split("\n")[0] ?? "";
    assert("session_id" in JSON.parse(first).payload, "nothing else had to go");
  });
});

Deno.test("history corrects the offsets where a first line has no room, in the forks too", async () => {
  await withHome(FAMILY, async (home) => {
    rename(pathOf(home, "root"), "x".repeat(400));
    const size = Deno.statSync(pathOf(home, "root")).size;
    const changes = await repair(home);
    assertEquals(summaryOf(changes), [
      "change thread_history_projection_state next_rollout_byte_offset",
      "change thread_turns rollout_byte_offset+rollout_end_byte_offset",
      "change thread_turns rollout_byte_offset+rollout_end_byte_offset",
      "change thread_turns rollout_byte_offset+rollout_end_byte_offset",
      "edit history_base_end_byte_offset",
      "edit history_base_end_byte_offset",
    ]);
    assertEquals(Deno.statSync(pathOf(home, "root")).size, size);
    assertEquals(
      changes.map(({ kind, ...change }) => kind === "edit" && "thread" in change ? change.thread : undefined)
        .filter((id) => id !== undefined).sort(),
      [threadOf(home, "child").id, threadOf(home, "middle").id].sort(),
    );
  });
});

Deno.test("history corrects the offsets where more lines than the first were changed", async () => {
  await withHome(FAMILY, async (home) => {
    for (const label of ["root", "child", "reverted"]) {
      rewrite(
        pathOf(home, label),
        (line) => line.replace(/"(model_provider|model_provider_id)":"custom"/, '"$1":"x"'),
      );
    }
    const changes = await repair(home);
    assert(changes.some(({ kind }) => kind === "entry"));
    assert(!summaryOf(changes).includes("edit first_line_bytes"));
  });
});

Deno.test("history gives first lines their length back in a whole family at once", async () => {
  await withHome(FAMILY, async (home) => {
    const sizes = () =>
      home.threads.flatMap(({ files }) =>
        files.map(({ path }) => Deno.statSync(`${home.path}/${path}`).size)
      );
    const before = sizes();
    for (const { label, files } of home.threads) {
      files.forEach((_, segment) => rename(pathOf(home, label ?? "", segment), "x"));
    }
    assertEquals(new Set(summaryOf(await repair(home))), new Set(["edit first_line_bytes"]));
    assertEquals(sizes(), before);
  });
});

Deno.test("history corrects only the places that were stored before the lines moved", async () => {
  await withHome(FAMILY, async (home) => {
    rename(pathOf(home, "root"), "x");
    // Codex went on: the last turn and how far it has read are right in the file as it is now.
    const { id } = threadOf(home, "root");
    runSql(
      home,
      "update thread_turns set rollout_byte_offset = rollout_byte_offset - 5, rollout_end_byte_offset = " +
        "rollout_end_byte_offset - 5 where thread_id = ? and rollout_ordinal = (select max(rollout_ordinal) from " +
        "thread_turns where thread_id = ?)",
      id,
      id,
    );
    runSql(
      home,
      "update thread_history_projection_state set next_rollout_byte_offset = next_rollout_byte_offset - 5 " +
        "where thread_id = ?",
      id,
    );
    assertEquals(samplesOf(await factsOf(home), "history-offsets-shifted"), [
      `${id}: 6 of 9 offsets by −5 bytes; Codex has gone on with it since`,
    ]);
    assertEquals(summaryOf(await repair(home)), [
      "change thread_turns rollout_byte_offset+rollout_end_byte_offset",
      "change thread_turns rollout_byte_offset+rollout_end_byte_offset",
      "edit history_base_end_byte_offset",
      "edit history_base_end_byte_offset",
    ]);
  });
});

Deno.test("history lets a turn begin where it does in the file", async () => {
  await withHome(FAMILY, async (home) => {
    const { id, files } = threadOf(home, "other");
    const mark = files[0]?.marks[1] ?? fail("no second turn");
    const lines = Deno.readTextFileSync(pathOf(home, "other")).split("\n");
    const end = lines.findIndex((line) => line.includes('"task_complete"') && line.includes(mark.id));
    runSql(
      home,
      "update thread_turns set rollout_ordinal = ?, rollout_byte_offset = ? where turn_id = ?",
      JSON.parse(lines[end] ?? "{}").ordinal,
      new TextEncoder().encode(lines.slice(0, end).join("\n") + "\n").length,
      mark.id,
    );
    const facts = await factsOf(home);
    assertEquals(found(facts), ["error history-frozen 1 history"]);
    assert(samplesOf(facts, "history-frozen")[0]?.startsWith(`${id}: 1 turn(s), the first at byte `));
    assertEquals(summaryOf(await repair(home)), ["change thread_turns rollout_byte_offset+rollout_ordinal"]);
  });
});

Deno.test("history lets Codex read again what it has passed over", async () => {
  await withHome(FAMILY, async (home) => {
    const { id } = threadOf(home, "root");
    runSql(
      home,
      "delete from thread_items where turn_id = (select turn_id from thread_turns where thread_id = ? " +
        "order by rollout_ordinal limit 1 offset 1)",
      id,
    );
    runSql(
      home,
      "delete from thread_turns where turn_id = (select turn_id from thread_turns where thread_id = ? " +
        "order by rollout_ordinal limit 1 offset 1)",
      id,
    );
    assertEquals(found(await factsOf(home)), ["error history-frozen 1 history"]);
    const changes = await repair(home);
    assertEquals(summaryOf(changes), [
      "change thread_history_projection_state next_rollout_byte_offset+next_rollout_ordinal",
      "remove thread_items all",
      "remove thread_items all",
      "remove thread_turns all",
    ]);
  });
});

Deno.test("history leaves alone what was not chosen and what Codex has open", async () => {
  await withHome(FAMILY, async (home) => {
    rename(pathOf(home, "root"), "x");
    const facts = await factsOf(home);
    const { snapshot } = facts;
    const [root, child] = [threadOf(home, "root").id, threadOf(home, "child").id];
    const only = (id: string) => [...snapshot.threads.values()].filter((thread) => thread.id === id);
    assertEquals(plan(facts, { threads: only(child) }), {
      changes: [],
      skipped: [{ subject: child, reason: `goes with thread ${root}` }],
    });
    assertEquals(plan(facts, { from: "relay" }), { changes: [], skipped: [] });
    const busy = { ...facts, snapshot: { ...snapshot, codex: { ...snapshot.codex, busyThreads: [root] } } };
    assertEquals(plan(busy, { threads: only(root) }), {
      changes: [],
      skipped: [{ subject: root, reason: "Codex has it open" }],
    });
  });
});

Deno.test("history repairs compressed rollouts", async () => {
  const shorten = (bytes: Uint8Array) => {
    const text = new TextDecoder().decode(bytes);
    return new TextEncoder().encode(text.replace('"model_provider":"custom"', '"model_provider":"x"'));
  };
  await withHome({
    threads: [{
      label: "cold",
      provider: "custom",
      compressed: true,
      turns: talk("z1", "z2"),
      content: shorten,
    }],
  }, async (home) => {
    assertEquals(found(await factsOf(home)), ["error history-offsets-shifted 1 history"]);
    assertEquals(summaryOf(await repair(home)), ["recode first_line_bytes"]);
  });
});

Deno.test("history checks where forks go on from without a history database", async () => {
  await withHome(FAMILY, async (home) => {
    rename(pathOf(home, "root"), "x");
    Deno.removeSync(home.history ?? "");
    assertEquals(found(await factsOf(home)), ["error history-base-broken 2 history"]);
    assertEquals(summaryOf(await repair(home)), ["edit first_line_bytes"]);
  });
});

Deno.test("history comes before provider: a repaired first line takes another provider at its old length", async () => {
  await withHome(FAMILY, async (home) => {
    const before = Deno.statSync(pathOf(home, "root")).size;
    rename(pathOf(home, "root"), "x");
    carryOut(home, plan(await factsOf(home)).changes);
    const facts = await factsOf(home, "relay");
    const threads = [...facts.snapshot.threads.values()];
    const draft = providerRepair.plan?.(facts, { threads, from: undefined }) ?? fail("no plan");
    assertEquals(draft.skipped, []);
    carryOut(home, draft.changes);
    assertEquals(found(await factsOf(home)), []);
    assert(Deno.statSync(pathOf(home, "root")).size > before, "a settings event was appended");
  });
});
