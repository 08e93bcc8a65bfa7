import type { View } from "../../lib/cli/command.ts";
import { failureOutcome, makeOutcome } from "../../lib/cli/outcome.ts";
import { toJson } from "../../lib/cli/output.ts";
import { explainText } from "../../lib/cli/render_explain.ts";
import { diagnoseText } from "../../lib/cli/render_findings.ts";
import {
  exportText,
  recordsText,
  recordText,
  recoverText,
  verifyText,
} from "../../lib/cli/render_records.ts";
import { statusText } from "../../lib/cli/render_status.ts";
import { planText, writeText } from "../../lib/cli/render_write.ts";
import { AppError } from "../../lib/core/error.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import {
  COLOR_VIEW,
  diagnosis,
  explanation,
  exported,
  recordDetail,
  records,
  runLine,
  status,
  testCommand,
  VIEW,
  written,
} from "./fixture.ts";

const CONTEXT = { planShown: false, applyWith: "codexkeep sync --apply", restorable: true };

/** Texts that try to act on a terminal, look like something else, or break a layout. */
const HOSTILE: readonly string[] = [
  "\u001b[31mred",
  "\u001b]0;title\u0007",
  "\u001b]8;;http://x\u001b\\link",
  "\u001b]52;c;eA==\u0007",
  "\u009b2J",
  "\u0090q\u009c",
  "real\rfake",
  "abc\b\b\b",
  "two\nlines",
  "tab\there",
  "nul\u0000",
  "del\u007f",
  "exe\u202etxt",
  "\u2066isolate\u2069",
  "zero\u200bwidth\u200d",
  "soft\u00adhyphen",
  "\ufeffmark",
  "tag\u{e0041}\u{e007f}",
  "line\u2028para\u2029",
  "lone\ud800",
  "next\u0085line",
  "日本語".repeat(4000),
  "__proto__",
  "constructor",
  "",
];

/** Everything that a command prints about state files, for a given foreign text. */
function everyText(text: string, view: View): Record<string, readonly string[]> {
  const write = written(text);
  const left = [{ subject: text, reason: text }];
  const verified = { records: [{ id: text, ok: false, state: text, problems: [text] }] };
  return {
    status: statusText(status(text), view),
    diagnose: diagnoseText(diagnosis(text), 3, view),
    explain: explainText(explanation(text), view),
    plan: planText(write.plan, true, view),
    write: writeText(write, CONTEXT, view),
    show: writeText({ ...write, applied: false, record: null }, { ...CONTEXT, applyWith: text }, view),
    records: recordsText(records(text), view),
    record: recordText(recordDetail(text), view),
    verify: verifyText(verified, view),
    export: exportText(exported(text), view),
    nothing: exportText({ ...exported(text), rows: 0, moves: [] }, view),
    recover: recoverText({ recovered: [text], swept: 1, left }, view),
  };
}

/** Texts in which nothing stands out. */
const NO_COLOUR: ReadonlySet<string> = new Set(["recover", "nothing"]);

/** Control, format, surrogate and separator characters, by code so that this does not lean on what is tested. */
function activeIn(text: string): string[] {
  return [...text].map((one) => one.codePointAt(0) ?? 0).filter((code) =>
    code < 0x20 || code >= 0x7f && code < 0xa0 || code === 0xad || code >= 0x200b && code <= 0x200f ||
    code >= 0x2028 && code <= 0x202e || code >= 0x2060 && code <= 0x206f ||
    code >= 0xd800 && code <= 0xdfff ||
    code === 0xfeff || code >= 0xe0000 && code <= 0xe007f
  ).map((code) => code.toString(16));
}

Deno.test("every renderer shows hostile text inert", () => {
  for (const text of HOSTILE) {
    for (const verbose of [false, true]) {
      for (const [name, lines] of Object.entries(everyText(text, { ...VIEW, verbose }))) {
        for (const line of lines) {
          assertEquals(activeIn(line), [], `${name} ${JSON.stringify(text.slice(0, 40))}`);
        }
      }
    }
  }
});

Deno.test("every renderer with colour prints no escape sequence but its own", () => {
  for (const text of HOSTILE) {
    for (const [name, lines] of Object.entries(everyText(text, COLOR_VIEW))) {
      for (const line of lines) {
        // deno-lint-ignore no-control-regex -- the marks that the style makes
        const rest = line.replaceAll(/\u001b\[(1|2|22|31|32|33|36|39)m/g, "");
        assertEquals(activeIn(rest), [], `${name} ${JSON.stringify(text.slice(0, 40))}`);
      }
    }
  }
  assertStringIncludes(statusText(status("\u001b[31mred"), COLOR_VIEW).join("\n"), "\\u{1b}[31mred");
});

Deno.test("every renderer shows the same text with and without colour", () => {
  const plain = everyText("relay", VIEW);
  for (const [name, lines] of Object.entries(everyText("relay", COLOR_VIEW))) {
    // deno-lint-ignore no-control-regex -- the marks that the style makes
    assertEquals(lines.map((line) => line.replaceAll(/\u001b\[\d+m/g, "")), [...plain[name] ?? []], name);
    assert(lines.some((line) => line.includes("\u001b[")) || NO_COLOUR.has(name), `${name} has no colour`);
  }
});

Deno.test("every renderer bounds the length of a line", () => {
  for (const [name, lines] of Object.entries(everyText("x".repeat(100_000), VIEW))) {
    // Messages, verdicts and commands come from the program; all else is cut.
    if (["diagnose", "explain", "status", "show"].includes(name)) continue;
    for (const line of lines) assert(line.length < 1000, `${name}: ${line.length}`);
  }
});

Deno.test("toJson() is valid, inert and loses nothing, whatever the text", () => {
  for (const text of HOSTILE) {
    for (const result of [status(text), diagnosis(text), explanation(text), written(text), records(text)]) {
      const outcome = makeOutcome({ command: "probe", result, text: () => [], verdict: null });
      const json = toJson(outcome);
      assertEquals(activeIn(json.trimEnd()), []);
      assertEquals(
        JSON.parse(json).result,
        JSON.parse(JSON.stringify(result, (_, v) => v === undefined ? null : v)),
      );
    }
  }
});

Deno.test("errors and warnings of any layer are printed inert", async () => {
  for (const text of HOSTILE.filter((text) => text !== "")) {
    for (const flags of [[], ["--json"], ["--verbose"], ["--quiet"]]) {
      for (
        const error of [
          new AppError("failed", text, { hint: text, cause: text }),
          new Error(text, { cause: text }),
        ]
      ) {
        const printed = await runLine(
          { commands: [testCommand(() => Promise.reject(error))] },
          "probe",
          ...flags,
        );
        const lines = (printed.out + printed.err).split("\n");
        assertEquals([...new Set(lines.flatMap(activeIn))], [], JSON.stringify([text, flags]));
      }
      const warnings = [{ code: "odd", message: text, hint: text }];
      const outcome = { ...failureOutcome("probe", new Error(text)), warnings, verdict: text };
      const printed = await runLine(
        { commands: [testCommand(() => Promise.resolve(outcome))] },
        "probe",
        ...flags,
      );
      assertEquals((printed.out + printed.err).split("\n").flatMap(activeIn), []);
    }
  }
});
