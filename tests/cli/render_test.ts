import { explainText, explainVerdict } from "../../lib/cli/render_explain.ts";
import { cutSamples, diagnoseText, diagnoseVerdict, findingText } from "../../lib/cli/render_findings.ts";
import { moveLines } from "../../lib/cli/render_parts.ts";
import {
  exportText,
  exportVerdict,
  recordsText,
  recordsVerdict,
  recordText,
  recoverText,
  recoverVerdict,
  verifyText,
  verifyVerdict,
} from "../../lib/cli/render_records.ts";
import { statusText } from "../../lib/cli/render_status.ts";
import { writeText, writeVerdict } from "../../lib/cli/render_write.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import {
  counts,
  diagnosis,
  explanation,
  exported,
  recordDetail,
  records,
  status,
  VIEW,
  written,
} from "./fixture.ts";

const CONTEXT = { planShown: false, applyWith: "codexkeep sync --apply", restorable: true };

Deno.test("statusText() puts files and database side by side and marks where they differ", () => {
  const text = statusText(status("relay"), VIEW).join("\n");
  assertMatch(text, /relay \* +1,391 +1,390 +≠ -1/);
  assertMatch(text, /openai +2 +2\n/);
  assertStringIncludes(text, "1,393 (1,391 active, 2 archived)");
  assertStringIncludes(text, "1,391 active, 2 archived, 3 compressed, 1 damaged");
  assertStringIncludes(text, "pid 4711, relay: relay");
  assertStringIncludes(text, "1 thread in use");
  assertStringIncludes(text, "was interrupted");
  assertStringIncludes(text, "database-malformed: relay");
  assertStringIncludes(text, "next: relay");
});

Deno.test("statusText() says so when there is nothing", () => {
  const nothing = {
    ...status("openai"),
    providers: { rollouts: {}, database: {} },
    databases: [],
    encrypted: {},
    codex: { running: false, processes: [], busy_threads: [] },
    pending_record: null,
    records: [],
    next: null,
    verdict: "All is well.",
  };
  const text = statusText(nothing, VIEW).join("\n");
  assertMatch(text, /Database +none\n/);
  assertMatch(text, /Codex +not running\n/);
  assertMatch(text, /Records +none\n/);
  assertMatch(text, /openai \* +0 +0\n/);
  assert(!text.includes("next:") && !text.includes("Encrypted") && !text.includes("interrupted"));
});

Deno.test("statusText() counts providers with the names of object members", () => {
  const odd = { ...status("openai"), providers: { rollouts: { constructor: 3 }, database: {} } };
  assertMatch(statusText(odd, VIEW).join("\n"), /constructor +3 +0 +≠ -3/);
});

Deno.test("diagnoseText() groups by severity, cuts samples, names the cure, and tells numbers last", () => {
  const text = diagnoseText(diagnosis("relay"), 3, VIEW).join("\n");
  const order = [
    "Home",
    "Errors",
    "provider-mismatch (1,391)",
    "Warnings",
    "database-split (2)",
    "Good to know",
    "Numbers",
    "Threads by provider",
    "Threads by folder",
    "Files and rows",
    "The app is using relay, going by relay.",
    "next: relay",
  ];
  const places = order.map((word) => text.indexOf(word));
  assert(places.every((place, index) => place > (places[index - 1] ?? -1)), JSON.stringify(places));
  assertEquals(text.split("\n    - relay").length - 1, 3 + 1);
  assertStringIncludes(text, "\n    … and 22 more");
  assertStringIncludes(text, "cure: codexkeep repair relay");
  const all = diagnoseText(diagnosis("relay"), 3, { ...VIEW, verbose: true }).join("\n");
  assertEquals(all.split("\n    - relay").length - 1, 25 + 1);
});

Deno.test("diagnoseText() tells the numbers, the first twelve folders and what does not fit together", () => {
  const text = diagnoseText(diagnosis("relay"), 10, VIEW).join("\n");
  assertStringIncludes(text, "1,393: 1,391 in sessions, 2 in archived_sessions");
  assertStringIncludes(text, "1,392: 1,390 active, 2 archived");
  assertStringIncludes(text, "relay 1,390, cli 2");
  assertStringIncludes(text, "12 entries for 10 threads");
  assertStringIncludes(text, "2 keys of 9 about the sidebar");
  assertStringIncludes(text, "3 rows say that the user wrote nothing");
  assertStringIncludes(text, "  1,170  relay\n     20  relay/0\n");
  assertStringIncludes(text, "relay/10\n  … and 9 more folders");
  assert(!text.includes("relay/11"));
  assertStringIncludes(
    text,
    "  4  threads on disk, not in the database\n     relay\n     relay\n     relay\n",
  );
  assertStringIncludes(text, "  0  rows that name a file that is not there\n");
  assert(!text.includes("<empty>"));
  const all = diagnoseText(diagnosis("relay"), 10, { ...VIEW, verbose: true }).join("\n");
  assertStringIncludes(all, "relay/19");
  assertMatch(all, /2 +cli +<empty> +archived/);
});

Deno.test("diagnoseText() says when there are no findings, and what is not there", () => {
  const report = diagnosis("relay");
  const app = {
    latest_thread: null,
    user_event_drift: 0,
    session_index: { exists: false, entries: 0, threads: 0 },
    ui_state: { exists: false, readable: false, keys: [], keys_total: 0 },
  };
  const text = diagnoseText({ ...report, findings: [], app }, 3, VIEW).join("\n");
  assertStringIncludes(text, "No findings.");
  assertStringIncludes(text, "no session_index.jsonl");
  assertStringIncludes(text, "no .codex-global-state.json");
  assertMatch(text, /Newest in app +none/);
  assert(!text.includes("User events"));
  const unread = { ...app, ui_state: { ...app.ui_state, exists: true } };
  assertStringIncludes(diagnoseText({ ...report, app: unread }, 3, VIEW).join("\n"), "cannot be read");
});

Deno.test("diagnoseText() keeps to the columns of the terminal, but for paths with double spaces", () => {
  const words = "openai and relay ".repeat(20).trim();
  for (const width of [80, 120]) {
    for (const line of diagnoseText({ ...diagnosis("x"), safety: words }, 3, { ...VIEW, width })) {
      assert(line.length <= width, line);
    }
    const finding = { ...diagnosis("x").findings[1]!, message: words, hint: words, samples: [words] };
    for (const line of findingText(finding, 3, { ...VIEW, width })) assert(line.length <= width, line);
  }
  const path = { ...diagnosis("x").findings[1]!, samples: [`a  ${words}`] };
  assertStringIncludes(findingText(path, 3, VIEW).join("\n"), `- a  ${words}\n`);
});

Deno.test("cutSamples() cuts samples and leaves counts", () => {
  const { findings, audit } = cutSamples(diagnosis("relay"), 3);
  assertEquals(findings.map(({ count, samples }) => [count, samples.length]), [[1, 0], [1391, 3], [2, 1]]);
  assertEquals(
    Object.values(audit.integrity).map(({ count, samples }) => [count, samples.length]),
    [[4, 3], [4, 3], [0, 0], [4, 3]],
  );
});

Deno.test("diagnoseVerdict() counts errors and warnings", () => {
  assertEquals(diagnoseVerdict(diagnosis("relay")), "1 error, 1 warning: relay");
  assertEquals(diagnoseVerdict({ ...diagnosis("fine"), findings: [] }), "fine");
});

Deno.test("explainText() shows what every reader does and why, what hides it, and what helps", () => {
  const text = explainText(explanation("relay"), VIEW).join("\n");
  assertMatch(text, /relay +yes +relay\n +relay +no +relay/);
  assertStringIncludes(text, "first line relay, recorded (none), database relay");
  assertMatch(text, /Rollouts +relay: relay\n +relay\n/);
  assertMatch(text, /archived, without preview, changed relay\n +names relay, which is not there/);
  const order = [
    "What hides it",
    "provider-mismatch",
    "hides it from: every reader",
    "cure: relay",
    "What else",
  ];
  const places = order.map((word) => text.indexOf(word));
  assert(places.every((place, index) => place > (places[index - 1] ?? -1)), JSON.stringify(places));
  assertStringIncludes(text, "… and 2 more");
  assertStringIncludes(text, "Good to know\n  - relay");
  assertStringIncludes(text, "Shown by 1 of 2 readers");
  assertEquals(explainVerdict({ readers: [] }), "Shown by every reader of Codex.");
  const { thread } = explanation("relay");
  const bare = {
    ...explanation("relay"),
    causes: [],
    remarks: [],
    thread: { ...thread, row: null, files: [] },
  };
  const less = explainText(bare, VIEW).join("\n");
  assert(!less.includes("What hides") && !less.includes("Good to know"));
  assertMatch(less, /Rollouts +none\nRow +none/);
});

Deno.test("moveLines() says why a thread of the right provider is moved", () => {
  const [one, other] = moveLines([
    { from: "a", to: "b", threads: 2 },
    { from: "b", to: "b", threads: 1 },
  ]);
  assertEquals([one, other], ["2 threads: a → b", "1 thread: b → b (copies that disagree)"]);
});

Deno.test("exportText() says what went where", () => {
  const text = exportText(exported("R1"), VIEW).join("\n");
  assertStringIncludes(text, "3 threads of record R1 written to R1");
  assertStringIncludes(text, "3 threads: R1 → R1");
  assertEquals(exportVerdict({ ...exported("R1"), rows: 1 }), "1 thread of record R1 written to R1");
  assertStringIncludes(exportText({ ...exported("R1"), rows: 0 }, VIEW).join(), "heading alone");
});

Deno.test("writeText() shows the plan and how to carry it out when nothing was applied", () => {
  const report = {
    ...written("relay"),
    applied: false,
    record: null,
    verified: null,
    before: null,
    after: null,
  };
  const text = writeText(report, CONTEXT, VIEW).join("\n");
  assertStringIncludes(text, "1,391 threads: relay → relay");
  assertStringIncludes(text, "1,388 files changed in place");
  assertStringIncludes(text, "3 compressed files rewritten");
  assertStringIncludes(text, "1,391 database rows changed");
  assertStringIncludes(text, "Left alone: 12 items");
  assertStringIncludes(text, "… and 2 more");
  assertStringIncludes(text, "Nothing was changed.");
  assertStringIncludes(text, "carry it out: codexkeep sync --apply");
  assert(!text.includes("take it back"));
});

Deno.test("writeText() shows what was done and how to take it back", () => {
  const text = writeText(written("R1"), { ...CONTEXT, planShown: true }, VIEW).join("\n");
  assertStringIncludes(text, "2,782 changes made and verified, 12 items left alone; record R1.");
  assertMatch(text, /R1 +1,391 +→ 1,391 +1,390 +→ 1,390/);
  assertStringIncludes(text, "Removed 1 old record: R1");
  assertStringIncludes(text, "take it back: codexkeep restore R1 --apply");
  assert(!text.includes("Plan"));
});

Deno.test("writeText() does not claim what did not happen", () => {
  const failed = writeText({ ...written("R1"), verified: false }, CONTEXT, VIEW).join("\n");
  assertStringIncludes(failed, "NOT verified");
  assert(!failed.includes("is as planned"));
  const drop = writeText(written("R1"), { ...CONTEXT, restorable: false }, VIEW).join("\n");
  assert(!drop.includes("take it back") && drop.includes("cannot be taken back"));
  const nothing = {
    ...written("R1").plan,
    changes: 0,
    by_kind: {},
    files: [],
    moves: [],
    threads: 0,
    skipped: [],
  };
  const empty = { ...written("R1"), plan: nothing, applied: false, record: null };
  assertEquals(writeText(empty, CONTEXT, VIEW), ["Nothing to do."]);
  assertEquals(writeVerdict(empty), "Nothing to do.");
  assertEquals(
    writeVerdict({ ...written("R1"), applied: false }),
    "2,782 changes planned, 12 items left alone; nothing was changed.",
  );
});

Deno.test("recordsText() lists records and foreign backups", () => {
  const text = recordsText(records("R1"), VIEW).join("\n");
  assertStringIncludes(text, "2 records, 2.8 MB (R1)");
  assertMatch(text, /R1 +R1 +R1 +2,782 changes +1.4 MB +complete/);
  assertStringIncludes(text, "Backups of other programs, left alone");
  assertEquals(recordsVerdict({ directory: "", records: [], foreign: [] }), "No records.");
});

Deno.test("recordText() offers to take back only what can be taken back", () => {
  assertStringIncludes(recordText(recordDetail("R1"), VIEW).join("\n"), "codexkeep restore R1 --apply");
  for (const state of ["pending", "undone", "damaged"] as const) {
    assert(!recordText({ ...recordDetail("R1"), state }, VIEW).join("\n").includes("restore"));
  }
});

Deno.test("verifyText() and recoverText() end in one line that says it all", () => {
  const good = { records: [{ id: "R1", ok: true, state: "complete", problems: [] }] };
  assertEquals(verifyVerdict(good), "1 record is whole.");
  assertEquals(verifyText(good, VIEW), ["whole  R1  complete", "", "1 record is whole."]);
  const bad = { records: [...good.records, { id: "R2", ok: false, state: "damaged", problems: ["torn"] }] };
  assertEquals(verifyVerdict(bad), "1 of 2 records cannot be relied on.");
  assertStringIncludes(verifyText(bad, VIEW).join("\n"), "R2\n  torn");
  assertEquals(recoverVerdict({ recovered: [], swept: 0, left: [] }), "Nothing to recover.");
  const left = [{ subject: "a", reason: "b" }];
  assertEquals(
    recoverVerdict({ recovered: ["R1"], swept: 2, left }),
    "1 interrupted run undone, 1 item left alone.",
  );
  assertStringIncludes(recoverText({ recovered: ["R1"], swept: 2, left }, VIEW).join("\n"), "a: b");
});

Deno.test("renderers cope with counts of nothing", () => {
  const none = { rollouts: {}, database: {} };
  const empty = { ...counts("x"), providers: none };
  assertStringIncludes(
    writeText({ ...written("x"), before: empty, after: empty }, CONTEXT, VIEW).join("\n"),
    "provider",
  );
});
