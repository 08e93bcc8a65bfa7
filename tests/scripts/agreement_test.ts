/** What is reported is what happened: text, document, record and disk say the same, also when something was left out. */
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { IS_UNIX } from "../system/fixture.ts";
import { pick } from "./contract.ts";
import { onStage, type Stage } from "./stage.ts";
import { changedFiles, RECORDS, treeOf } from "./tree.ts";

/** Carries out `line` and compares every place where counts of it appear. */
async function expectAgreement(stage: Stage, line: readonly string[], code: number): Promise<void> {
  const before = await stage.json(["status"]);
  const then = stage.remember();
  const tree = treeOf(stage.home);
  const done = await stage.json([...line, "--apply"]);
  assertEquals(done.code, code, done.stdout);
  const after = await stage.json(["status"]);
  const files = changedFiles(tree, treeOf(stage.home)).filter((path) =>
    !path.startsWith(RECORDS) && !path.includes(".sqlite")
  );
  const rows = stage.remember().rows.filter((row) => !then.rows.includes(row)).length;

  const report = (path: string) => pick(done.document, path);
  const kinds = report("plan.by_kind") as Record<string, number>;
  const { row = 0, ...ofFiles } = kinds;
  assertEquals(row, rows, "rows");
  assertEquals(Object.values(ofFiles).reduce((sum, n) => sum + n, 0), files.length, "files");
  assertEquals([...report("plan.files") as string[]].sort(), files, "names of files");
  assertEquals(report("plan.changes"), rows + files.length, "changes");
  const moved = (report("plan.moves") as { threads: number }[]).reduce(
    (sum, { threads }) => sum + threads,
    0,
  );
  assertEquals(moved, rows, "threads moved");
  assertEquals(report("verified"), true);
  for (const field of ["rollouts", "threads", "providers"]) {
    assertEquals(report(`before.${field}`), pick(before.document, field), `before: ${field}`);
    assertEquals(report(`after.${field}`), pick(after.document, field), `after: ${field}`);
  }

  const id = String(report("record"));
  assertEquals(stage.records().at(-1), id);
  assertEquals(pick(after.document, "records.0.id"), id);
  assertEquals(pick(after.document, "records.0.changes"), rows + files.length, "changes of the record");
  const shown = await stage.json(["backups", "show", id]);
  assertEquals(pick(shown.document, "by_kind"), kinds, "kinds in the record");
  assertEquals([...pick(shown.document, "files") as string[]].sort(), files, "files in the record");
  assertEquals(pick(shown.document, "moves"), report("plan.moves"), "moves in the record");
  assertEquals(pick(shown.document, "changes"), rows + files.length);
}

Deno.test("counts agree after sync, switch, repair and restore", async () => {
  await onStage("vanished", async (stage) => {
    await expectAgreement(stage, ["sync", "--thread", stage.threads[1]!.id], 0);
    await expectAgreement(stage, ["sync"], 0);
    await expectAgreement(stage, ["repair", "provider", "--provider", "custom", "--since", "2026-01-08"], 0);
    await expectAgreement(stage, ["restore"], 0);
    await expectAgreement(stage, ["switch", "custom"], 0);
    await expectAgreement(stage, ["restore"], 0);
  });
});

Deno.test({
  name: "counts agree when threads are left out on the way",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("vanished", async (stage) => {
      Deno.chmodSync(stage.path(stage.threads[0]!.files[0]!), 0o444);
      Deno.chmodSync(stage.path(stage.threads[8]!.files[1]!), 0o444);
      await expectAgreement(stage, ["sync"], 8);
      assertEquals(stage.copies(1), "openai");
      assertEquals(stage.copies(9), "openai");
      const text = (await stage.run(["backups", "show", "latest"])).stdout;
      assertStringIncludes(text, "5 threads");
      await expectAgreement(stage, ["restore"], 0);
    });
  },
});
