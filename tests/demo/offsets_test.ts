/** Byte offsets, ordinals and lineage of built homes: what the databases and first lines say is so in the files. */
import { inHome } from "../../lib/core/path.ts";
import { assert, assertEquals } from "../assert.ts";
import { withHome } from "../home.ts";
import {
  type Base,
  contentOf,
  EVERY,
  isLegacy,
  lineAt,
  lineBefore,
  linesOf,
  rowOf,
  rowsOf,
  threadOf,
} from "./fixture.ts";

Deno.test("buildHome() records of every turn where it stands in its file", async () => {
  await withHome(EVERY, (home) => {
    const turns = rowsOf(home, "select * from thread_turns");
    const checked = home.threads.filter((thread) => !isLegacy(thread)).flatMap(({ files }) => files)
      .flatMap((file) => file.marks.map((mark) => ({ file, mark })));
    assertEquals(turns.length, checked.length);
    for (const { file, mark } of checked) {
      const bytes = contentOf(home, file);
      const row = turns.find((one) => one["thread_id"] === file.id && one["turn_id"] === mark.id);
      const first = lineAt(bytes, Number(row?.["rollout_byte_offset"]));
      assertEquals([first.ordinal, first.payload.type], [row?.["rollout_ordinal"], "task_started"]);
      assertEquals(first.payload.turn_id, mark.id);
      const last = lineBefore(bytes, Number(row?.["rollout_end_byte_offset"]));
      assertEquals([last.ordinal, last.payload.type], [row?.["rollout_end_ordinal"], "task_complete"]);
      assertEquals(last.payload.turn_id, mark.id);
    }
  });
});

Deno.test("buildHome() records of every file how far it was read, and of every item its line", async () => {
  await withHome(EVERY, (home) => {
    const state = rowsOf(home, "select * from thread_history_projection_state");
    const items = rowsOf(home, "select * from thread_items");
    let seen = 0;
    for (const file of home.threads.filter((thread) => !isLegacy(thread)).flatMap(({ files }) => files)) {
      const lines = linesOf(contentOf(home, file));
      const row = state.find((one) => one["thread_id"] === file.id);
      assertEquals(row?.["next_rollout_byte_offset"], contentOf(home, file).length);
      assertEquals(row?.["next_rollout_ordinal"], Number(lines.at(-1)?.ordinal) + 1);
      for (const item of items.filter((one) => one["thread_id"] === file.id)) {
        const line = lines.find(({ ordinal }) => ordinal === item["rollout_ordinal"]);
        assertEquals(line?.payload.type, "item_completed");
        assertEquals((line?.payload.item as { id: string }).id, item["item_id"]);
        seen++;
      }
    }
    assertEquals(seen, items.length);
  });
});

Deno.test("buildHome() lets ordinals run on from the file that a fork or segment continues", async () => {
  await withHome(EVERY, (home) => {
    const files = home.threads.flatMap((thread) => isLegacy(thread) ? [] : thread.files);
    let bases = 0;
    for (const file of files) {
      const ordinals = linesOf(contentOf(home, file)).map(({ ordinal }) => ordinal);
      const first = ordinals[0] ?? -1;
      assertEquals(ordinals, ordinals.map((_, index) => first + index));
      const base = lineAt(contentOf(home, file), 0).payload.history_base as Base | undefined;
      if (base === undefined) {
        assertEquals(first, 0);
        continue;
      }
      const parent = files.find(({ id }) => id === base.thread_id);
      assert(parent !== undefined, base.thread_id);
      assertEquals(first, base.end_ordinal_exclusive);
      assertEquals(lineBefore(contentOf(home, parent), base.end_byte_offset).ordinal, first - 1);
      bases++;
    }
    assertEquals(bases, 7);
  });
});

Deno.test("buildHome() continues a reverted thread from the file that holds the last kept turn", async () => {
  await withHome(EVERY, (home) => {
    const { files, turns, id } = threadOf(home, "reverted");
    const bases = files.map((file) =>
      (lineAt(contentOf(home, file), 0).payload.history_base as Base | undefined)?.thread_id
    );
    assertEquals(bases, [undefined, id, files[1]?.id, id]);
    assertEquals(turns.map(({ user }) => user), ["t1", "t2 again"]);
    assertEquals(threadOf(home, "quiet").turns.map(({ user }) => user), ["one", "two", "three", "child"]);
    const row = rowOf(home, id);
    assertEquals(row["rollout_path"], inHome(home.path, files[3]?.path ?? files[0]!.path));
  });
});

Deno.test("buildHome() copies the whole parent into a legacy fork", async () => {
  await withHome(EVERY, (home) => {
    const parent = linesOf(contentOf(home, threadOf(home, "legacy").files[0]!));
    const child = linesOf(contentOf(home, threadOf(home, "legacyChild").files[0]!));
    assertEquals(
      child.slice(1, 1 + parent.length).map(({ payload }) => payload),
      parent.map(({ payload }) => payload),
    );
    assert(child.every((line) => !("ordinal" in line)));
    assertEquals(
      parent.filter(({ type }) => type === "session_meta").map(({ payload }) => payload.model_provider),
      ["openai", "relay", "openai"],
    );
  });
});
