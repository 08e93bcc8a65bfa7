import { AppError } from "../../lib/core/error.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import { runLine, sampleOutcome, type Setting, testCommand } from "./fixture.ts";

const SAMPLE = [testCommand(() => Promise.resolve(sampleOutcome()))];
const ON_TERMINAL = { outIsTerminal: true, errIsTerminal: true, inIsTerminal: true };

function failing(error: unknown): Setting {
  return { commands: [testCommand(() => Promise.reject(error))] };
}

Deno.test("runIn() prints text to one stream and remarks to the other", async () => {
  const { code, out, err } = await runLine({ commands: SAMPLE }, "probe");
  assertEquals([code, out, err], [
    0,
    "first line\nsecond line\n",
    "warning: that is odd\nhint: look closer\n",
  ]);
});

Deno.test("runIn() prints exactly one JSON document with --json", async () => {
  const { code, out, err } = await runLine({ ...ON_TERMINAL, commands: SAMPLE }, "--json", "probe");
  assertEquals([code, err], [0, ""]);
  assertEquals(out.split("\n").length, 2);
  assertEquals(JSON.parse(out), {
    schema: "codexkeep/1",
    command: "probe",
    ok: true,
    exit_code: 0,
    result: { answer: 42 },
    warnings: [{ code: "odd", message: "that is odd", hint: "look closer" }],
    errors: [],
  });
});

Deno.test("runIn() prints one JSON document on failure, too", async () => {
  const failure = failing(new AppError("locked", "another run holds the lock", { hint: "wait" }));
  const { code, out, err } = await runLine(failure, "probe", "--json", "--verbose");
  assertEquals([code, err], [6, ""]);
  assertEquals(JSON.parse(out), {
    schema: "codexkeep/1",
    command: "probe",
    ok: false,
    exit_code: 6,
    result: null,
    warnings: [],
    errors: [{ code: "locked", message: "another run holds the lock", hint: "wait" }],
  });
  const usage = await runLine({ commands: SAMPLE }, "probe", "--nonsense", "--json");
  const { command, exit_code: exitCode, errors } = JSON.parse(usage.out);
  assertEquals([usage.code, command, exitCode, errors[0].code], [4, "probe", 4, "usage"]);
  const unknown = await runLine({ commands: SAMPLE }, "frobnicate", "--json");
  assertEquals(JSON.parse(unknown.out).command, null);
});

Deno.test("runIn() says ok only for exit status 0", async () => {
  for (const exitCode of [0, 8, 10]) {
    const commands = [testCommand(() => Promise.resolve(sampleOutcome({ exitCode })))];
    const { code, out } = await runLine({ commands }, "probe", "--json");
    assertEquals([code, JSON.parse(out).ok, JSON.parse(out).exit_code], [exitCode, exitCode === 0, exitCode]);
  }
});

Deno.test("runIn() prints data that was asked for as it is, and nothing else on that stream", async () => {
  const commands = [testCommand(() => Promise.resolve(sampleOutcome({ data: "a,b\r\n" })))];
  for (const flags of [[], ["--quiet"], ["--verbose"]]) {
    const { out, err } = await runLine({ commands }, "probe", ...flags);
    assertEquals([out, err.includes("first line")], ["a,b\r\n", false]);
  }
  const { out } = await runLine({ commands }, "probe", "--json");
  assertEquals(JSON.parse(out).result, { answer: 42 });
});

Deno.test("runIn() prints only the verdict and errors with --quiet", async () => {
  const quiet = await runLine({ commands: SAMPLE }, "probe", "-q");
  assertEquals([quiet.out, quiet.err], ["all is well\n", ""]);
  const commands = [
    testCommand(() =>
      Promise.resolve(
        sampleOutcome({ exitCode: 8, verdict: null, errors: [{ code: "partial", message: "two left" }] }),
      )
    ),
  ];
  const partial = await runLine({ commands }, "probe", "--quiet");
  assertEquals([partial.code, partial.out, partial.err], [8, "", "error: two left\n"]);
});

Deno.test("runIn() prints what is foreseen as error and hint", async () => {
  const failure = failing(
    new AppError("home-missing", 'no folder "/x"', { hint: "name one with --codex-home" }),
  );
  assertEquals(await runLine(failure, "probe"), {
    code: 4,
    out: "",
    err: 'error: no folder "/x"\nhint: name one with --codex-home\n',
  });
});

Deno.test("runIn() calls anything else a fault, with the trace only when asked", async () => {
  const failure = failing(new TypeError("x is not a function", { cause: new Error("deeper") }));
  const short = await runLine(failure, "probe");
  assertEquals([short.code, short.out], [1, ""]);
  assertMatch(short.err, /^error: this is a fault in codexkeep: x is not a function\nhint: [^\n]+\n$/);
  const long = await runLine(failure, "probe", "--verbose");
  assertMatch(long.err, /\n +at .*run_test\.ts/);
  assertStringIncludes(long.err, "caused by: Error: deeper");
  const json = JSON.parse((await runLine(failure, "probe", "--json")).out);
  assertEquals([json.exit_code, json.errors[0].code], [1, "internal"]);
  assertEquals((await runLine(failing("just text"), "probe", "-v")).code, 1);
  const ring = new Error("ring");
  ring.cause = ring;
  assertEquals((await runLine(failing(ring), "probe", "-v")).code, 1);
});

Deno.test("runIn() colours only terminals, and not against the user's will", async () => {
  const colored = async (setting: Partial<Setting>, ...flags: string[]) => {
    const { out, err } = await runLine({ commands: SAMPLE, ...setting }, "probe", ...flags);
    return [out.includes("\u001b["), err.includes("\u001b[")];
  };
  assertEquals(await colored({}), [false, false]);
  assertEquals(await colored(ON_TERMINAL), [true, true]);
  assertEquals(await colored({ outIsTerminal: true }), [true, false]);
  assertEquals(await colored({ errIsTerminal: true }), [false, true]);
  assertEquals(await colored(ON_TERMINAL, "--no-color"), [false, false]);
  assertEquals(await colored({ ...ON_TERMINAL, env: { NO_COLOR: "1" } }), [false, false]);
  assertEquals(await colored({ ...ON_TERMINAL, env: { NO_COLOR: "" } }), [true, true]);
  assertEquals(await colored({ ...ON_TERMINAL, env: { TERM: "dumb" } }), [false, false]);
  assertEquals(await colored(ON_TERMINAL, "--json"), [false, false]);
});

Deno.test("runIn() asks only when both ends are terminals and text is wanted", async () => {
  const asked = async (setting: Partial<Setting>, ...flags: string[]) => {
    let said: boolean | undefined;
    const commands = [testCommand(async ({ ask }) => {
      said = await ask("Go on?", ["the plan"]);
      return sampleOutcome({ warnings: [] });
    })];
    const { out } = await runLine(
      { commands, typed: ["what", "y"], ...setting },
      "probe",
      "--no-color",
      ...flags,
    );
    return [said, out.split("\n")[0]];
  };
  assertEquals(await asked(ON_TERMINAL), [true, "the plan"]);
  assertEquals(await asked({ ...ON_TERMINAL, typed: [] }), [false, "the plan"]);
  assertEquals(await asked({ ...ON_TERMINAL, inIsTerminal: false }), [undefined, "first line"]);
  assertEquals(await asked({ ...ON_TERMINAL, outIsTerminal: false }), [undefined, "first line"]);
  assertEquals(await asked(ON_TERMINAL, "--quiet"), [undefined, "all is well"]);
  const [said, document] = await asked(ON_TERMINAL, "--json");
  assertEquals([said, JSON.parse(String(document)).ok], [undefined, true]);
});

Deno.test("runIn() asks again until the answer is clear", async () => {
  const commands = [testCommand(async ({ ask }) => {
    return sampleOutcome({
      text: () => [],
      verdict: null,
      warnings: [],
      exitCode: await ask("Go on?") ? 0 : 1,
    });
  })];
  const { out, code } = await runLine({ ...ON_TERMINAL, commands, typed: ["what", "yes"] }, "probe");
  assertEquals([code, out], [0, 'Go on? [y/N] Please answer "y" or "n". Go on? [y/N] ']);
});

Deno.test("runIn() lets a command speak before it ends, but not over JSON", async () => {
  const commands = [testCommand(({ say }) => {
    say(["step one", "step two"]);
    say([]);
    return Promise.resolve(sampleOutcome({ warnings: [] }));
  })];
  assertEquals((await runLine({ commands }, "probe")).out, "step one\nstep two\nfirst line\nsecond line\n");
  assertEquals((await runLine({ commands }, "probe", "-q")).out, "all is well\n");
  assertEquals(JSON.parse((await runLine({ commands }, "probe", "--json")).out).ok, true);
});

Deno.test("runIn() shows progress only on a terminal, and leaves nothing of it behind", async () => {
  const commands = [testCommand(async ({ progress }) => {
    await new Promise((done) => setTimeout(done, 120));
    progress("reading", 10, 100);
    return sampleOutcome({ warnings: [] });
  })];
  const { err, out } = await runLine({ ...ON_TERMINAL, commands }, "probe", "--no-color");
  assertEquals(err, "\r\u001b[Kreading … 10 of 100 (10%)\r\u001b[K");
  assert(!out.includes("reading"));
  for (const [setting, flag] of [[ON_TERMINAL, "-q"], [ON_TERMINAL, "--json"], [{}, "-v"]] as const) {
    assertEquals((await runLine({ ...setting, commands }, "probe", flag)).err, "");
  }
});

Deno.test("runIn() hands over flags, arguments and the signal", async () => {
  const controller = new AbortController();
  controller.abort();
  const commands = [testCommand(({ flags, args, signal, view, command }) => {
    if (signal.aborted) throw new AppError("interrupted", "interrupted");
    return Promise.resolve(
      sampleOutcome({ result: { args, home: flags.text("codex-home"), view, command } }),
    );
  }, { args: [{ name: "WORD", required: true, variadic: true, summary: "" }] })];
  assertEquals((await runLine({ commands, signal: controller.signal }, "probe", "a")).code, 130);
  const { out } = await runLine({ commands }, "probe", "a", "b", "--codex-home=/x", "--json", "-v");
  const { args, home, view } = JSON.parse(out).result;
  assertEquals([args, home, view.verbose, view.width], [["a", "b"], "/x", true, 80]);
});

Deno.test("runIn() begins a command anew that another run has overtaken, but not for ever", async () => {
  let calls = 0;
  const overtaken = (times: number) => {
    calls = 0;
    return [
      testCommand(() =>
        ++calls <= times
          ? Promise.reject(new AppError("overtaken", "another run was faster", { hint: "run this again" }))
          : Promise.resolve(sampleOutcome())
      ),
    ];
  };
  const good = await runLine({ commands: overtaken(4) }, "probe");
  assertEquals([good.code, good.err.includes("faster"), calls], [0, false, 5]);
  const bad = await runLine({ commands: overtaken(100) }, "probe");
  assertEquals([bad.code, calls], [6, 5]);
  assertStringIncludes(bad.err, "another run was faster");
});
