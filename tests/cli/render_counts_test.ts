import { changeTable, findingsTable, totalsTable } from "../../lib/cli/render_counts.ts";
import { writeText } from "../../lib/cli/render_write.ts";
import { PLAIN } from "../../lib/cli/style.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { counts, VIEW, written } from "./fixture.ts";

const tidy = (lines: readonly string[]) => lines.map((line) => line.trim().replaceAll(/ +/g, " "));
const before = counts("old");

Deno.test("changeTable() compares providers in files and database", () => {
  const after = { ...before, providers: { rollouts: { openai: 1393 }, database: { openai: 1392 } } };
  assertEquals(tidy(changeTable(before, after, PLAIN)), [
    "provider rollouts database",
    "openai 2 → 1,393 2 → 1,392",
    "old 1,391 → 0 1,390 → 0",
  ]);
});

Deno.test("totalsTable() names only what differs", () => {
  assertEquals(totalsTable(before, before, PLAIN), []);
  const after = {
    ...before,
    threads: { total: 1393, active: 1389, archived: 4 },
    rollouts: { ...before.rollouts, damaged: 0 },
  };
  assertEquals(tidy(totalsTable(before, after, PLAIN)), [
    "before after",
    "threads not archived 1,391 → 1,389",
    "threads archived 2 → 4",
    "rollouts damaged 1 → 0",
  ]);
});

Deno.test("findingsTable() names every code that there was or is", () => {
  assertEquals(findingsTable({}, {}, PLAIN), []);
  assertEquals(tidy(findingsTable({ "index-stale": 3 }, { "cwd-missing": 1 }, PLAIN)), [
    "before after",
    "index-stale 3 → 0",
    "cwd-missing 0 → 1",
  ]);
});

Deno.test("writeText() shows what a run changed in numbers, as far as it was counted", () => {
  const context = { planShown: true, applyWith: null, restorable: true };
  const text = (more: object) => tidy(writeText({ ...written("old"), ...more }, context, VIEW)).join("\n");
  const found = { findings_before: { "preview-empty": 2 }, findings_after: {} };
  assertStringIncludes(text(found), "preview-empty 2 → 0");
  assertStringIncludes(text({ ...found, before: null, after: null }), "preview-empty 2 → 0");
  assertEquals(
    text({ findings_before: { "preview-empty": 2 }, findings_after: null }).includes("preview"),
    false,
  );
  assertEquals(text({}).includes("Findings"), false);
});
