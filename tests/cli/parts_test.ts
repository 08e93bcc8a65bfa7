import { AppError } from "../../lib/core/error.ts";
import { answer, askOn, promptText, question } from "../../lib/cli/ask.ts";
import { parseDate } from "../../lib/cli/dates.ts";
import { entry, formatBytes, groupDigits, plural, table, wrap } from "../../lib/cli/layout.ts";
import { selectOptions, targetOptions, writeOptions } from "../../lib/cli/options.ts";
import { parse } from "../../lib/cli/parse.ts";
import { makeProgress } from "../../lib/cli/progress.ts";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { closest } from "../../lib/text/suggest.ts";
import { writeAll } from "../../lib/cli/terminal.ts";
import type { FlagValues } from "../../lib/cli/command.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assert.ts";

function flagsFor(...argv: string[]): FlagValues {
  return parse(argv, COMMANDS).flags;
}

Deno.test("parseDate() covers a whole local day", () => {
  const range = parseDate("2026-01-31");
  const from = new Date(2026, 0, 31).getTime();
  assertEquals(range, { fromMs: from, toMs: new Date(2026, 1, 1).getTime() - 1 });
  assert(parseDate("2024-02-29") !== undefined && parseDate("0001-01-01") !== undefined);
});

Deno.test("parseDate() covers the second or the millisecond of an instant", () => {
  const at = Date.UTC(2026, 0, 31, 12, 0, 0);
  assertEquals(parseDate("2026-01-31T12:00:00Z"), { fromMs: at, toMs: at + 999 });
  assertEquals(parseDate("2026-01-31t13:00:00+01:00"), { fromMs: at, toMs: at + 999 });
  assertEquals(parseDate("2026-01-31 12:00:00.250Z"), { fromMs: at + 250, toMs: at + 250 });
});

Deno.test("parseDate() refuses what is no date", () => {
  for (
    const text of [
      "",
      "today",
      "2026-02-29",
      "2026-13-01",
      "2026-00-10",
      "2026-01-32",
      "26-01-01",
      "2026-1-1",
      "2026-01-01T12:00:00",
      "2026-01-01T25:00:00Z",
      "2026-02-30T12:00:00Z",
      "2026-01-01T12:00Z",
      " 2026-01-01",
      "2026-01-01\n",
      "+002026-01-01",
    ]
  ) assertEquals(parseDate(text), undefined, text);
});

Deno.test("closest() finds near words and only those", () => {
  const words = ["status", "sync", "switch", "restore"];
  assertEquals(closest("stauts", words), "status");
  assertEquals(closest("swich", words), "switch");
  assertEquals(closest("Sync", words), "sync");
  assertEquals(closest("frobnicate", words), undefined);
  assertEquals(closest("xyz", words), undefined);
  assertEquals(closest("sync", []), undefined);
  assertEquals(closest("s".repeat(10_000), words), undefined);
});

Deno.test("groupDigits() plural() and formatBytes() are for people", () => {
  assertEquals([0, 999, 1000, 1391, 1234567].map(groupDigits), ["0", "999", "1,000", "1,391", "1,234,567"]);
  assertEquals([plural(1, "row"), plural(1391, "row"), plural(0, "copy", "copies")], [
    "1 row",
    "1,391 rows",
    "0 copies",
  ]);
  const sizes = [0, 1, 999, 1000, 1400, 9949, 9950, 87_000_000, 999_499, 999_500, 2e15];
  assertEquals(sizes.map(formatBytes), [
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1.0 KB",
    "1.4 KB",
    "9.9 KB",
    "10 KB",
    "87 MB",
    "999 KB",
    "1.0 MB",
    "2000 TB",
  ]);
});

Deno.test("wrap() breaks at spaces and keeps every word", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("averylongword x", 5), ["averylongword", "x"]);
  assertEquals(wrap("", 5), [""]);
  assertEquals(wrap("日本 日本", 5), ["日本", "日本"]);
});

Deno.test("table() lines up columns by what is shown, whatever the marks", () => {
  const mark = (text: string) => `<${text}>`;
  const rows = [
    [{ text: "日本", mark }, { text: "1", right: true, mark }, { text: "end" }],
    [{ text: "abc" }, { text: "1,391", right: true }],
  ];
  assertEquals(table(rows), ["<日本>      <1>  end", "abc   1,391"]);
});

Deno.test("entry() puts a long term on a line of its own", () => {
  assertEquals(entry("--a", "one two three four five", 6, 26), ["--a   one two three four", "      five"]);
  assertEquals(entry("--long-flag", "text", 6, 40), ["--long-flag", "      text"]);
});

Deno.test("answer() takes nothing but a clear yes for a yes", () => {
  for (const yes of ["y", "Y", "yes", " YES "]) assertEquals(answer(question("?"), yes), { answer: true });
  for (const no of ["", "n", "No", null, "  "]) assertEquals(answer(question("?"), no), { answer: false });
  let state = question("Go?");
  for (const unclear of ["yep", "ja"]) {
    const step = answer(state, unclear);
    if ("answer" in step) throw new Error("asked only once");
    state = step.again;
  }
  assertEquals(promptText(state), 'Please answer "y" or "n". Go? [y/N] ');
  assertEquals(answer(state, "sure"), { answer: false });
});

Deno.test("askOn() stops waiting when a signal comes", async () => {
  const controller = new AbortController();
  const never = new Promise<string | null>(() => {});
  const asked = askOn({ write: () => {}, readLine: () => never, signal: controller.signal }, "Go?");
  controller.abort();
  const error = await assertRejects(() => asked, AppError, "interrupted");
  assertEquals(error.code, "interrupted");
  await assertRejects(
    () => askOn({ write: () => {}, readLine: () => never, signal: controller.signal }, "Go?"),
    AppError,
  );
});

Deno.test("makeProgress() writes at most ten times a second and clears its line", () => {
  let time = 0;
  const written: string[] = [];
  const line = makeProgress({ write: (text) => written.push(text), now: () => time, width: 20 });
  line.clear();
  line.report("reading", 0, 2000);
  assertEquals(written, []);
  for (; time <= 1000; time += 1) line.report("reading rollouts", time, 2000);
  assertEquals(written.length, 10);
  assertEquals(written[0], "\r\u001b[Kreading rollouts … ".slice(0, 4 + 19));
  line.clear();
  line.clear();
  assertEquals(written.slice(10), ["\r\u001b[K"]);
});

Deno.test("writeAll() writes all of it in however many pieces", () => {
  const pieces: Uint8Array[] = [];
  let full = 2;
  writeAll({
    writeSync(bytes) {
      if (pieces.length === 2 && full-- > 0) throw new Deno.errors.WouldBlock();
      const piece = bytes.slice(0, 3);
      pieces.push(piece);
      return piece.length;
    },
  }, "häl\nlo");
  assertEquals(new TextDecoder().decode(Uint8Array.from(pieces.flatMap((piece) => [...piece]))), "häl\nlo");
});

Deno.test("writeAll() drops the rest when the reader has gone, and reports anything else", () => {
  writeAll({ writeSync: () => fails(new Deno.errors.BrokenPipe()) }, "text");
  assertThrows(
    () => writeAll({ writeSync: () => fails(new Error("disk full")) }, "text"),
    Error,
    "disk full",
  );
});

function fails(error: Error): never {
  throw error;
}

Deno.test("writeOptions() tells what may be done with the plan", () => {
  const mode = (...argv: string[]) => writeOptions(flagsFor("sync", ...argv)).mode;
  assertEquals([mode(), mode("-y"), mode("--dry-run"), mode("--check")], ["ask", "apply", "show", "show"]);
  assertEquals([mode("--plan-out", "x"), mode("--plan-out", "x", "--apply")], ["show", "apply"]);
  assertEquals(writeOptions(flagsFor("sync", "--wait", "3", "--keep=9", "--allow-running")), {
    mode: "ask",
    check: false,
    planOut: undefined,
    keep: 9,
    allowRunning: true,
    waitMs: 3000,
  });
  assertEquals(writeOptions(flagsFor("backups", "prune", "--keep", "0", "--check")), {
    mode: "show",
    check: true,
    planOut: undefined,
    keep: 0,
    allowRunning: false,
    waitMs: 0,
  });
});

Deno.test("selectOptions() and targetOptions() give the flags as values", () => {
  const day = ["--since", "2026-01-31", "--until=2026-01-31"];
  const flags = flagsFor(
    "sync",
    "--thread=ABCDEF12",
    "--source",
    "cli",
    "--cwd",
    "/x",
    ...day,
    "--include-empty",
  );
  assertEquals(selectOptions(flags), {
    threads: ["abcdef12"],
    sources: ["cli"],
    cwd: "/x",
    sinceMs: new Date(2026, 0, 31).getTime(),
    untilMs: new Date(2026, 1, 1).getTime() - 1,
    includeArchived: false,
    includeEmpty: true,
  });
  assertEquals(targetOptions(flagsFor("repair", "provider", "--from=a", "--to=auto")), {
    from: "a",
    to: "auto",
  });
  assertEquals(targetOptions(flagsFor("sync", "--provider", "b")), { from: undefined, to: "b" });
});
