import fc from "fast-check";
import { AppError } from "../../lib/core/error.ts";
import type { Command, FlagValues } from "../../lib/cli/command.ts";
import { globalBooleans, parse } from "../../lib/cli/parse.ts";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

interface Run {
  readonly command: Command;
  readonly flags: FlagValues;
  readonly args: readonly string[];
}

function run(...argv: string[]): Run {
  const line = parse(argv, COMMANDS);
  if (line.kind !== "run") throw new Error(`expected a run, got ${line.kind}`);
  return line;
}

Deno.test("parse() takes a value behind a space or an equals sign", () => {
  assertEquals(run("sync", "--provider", "relay").flags.text("provider"), "relay");
  assertEquals(run("sync", "--provider=relay").flags.text("provider"), "relay");
  assertEquals(run("sync", "--cwd=a=b=c").flags.text("cwd"), "a=b=c");
  assertEquals(run("sync", "--cwd=-x").flags.text("cwd"), "-x");
  assertEquals(run("sync", "--cwd=two\nlines").flags.text("cwd"), "two\nlines");
  assertEquals(run("sync", "--cwd", "-").flags.text("cwd"), "-");
});

Deno.test("parse() keeps text that looks like a number or a boolean", () => {
  assertEquals(run("explain", "00000000").args, ["00000000"]);
  assertEquals(run("sync", "--thread", "1e100000").flags.texts("thread"), ["1e100000"]);
  assertEquals(run("sync", "--thread=12345678").flags.texts("thread"), ["12345678"]);
  assertEquals(run("sync", "--provider", "007").flags.text("provider"), "007");
  assertEquals(run("sync", "--provider", "true").flags.text("provider"), "true");
  assertEquals(run("switch", "1.0").args, ["1.0"]);
});

Deno.test("parse() does not take the word behind a boolean flag for its value", () => {
  for (const word of ["true", "false", "relay"]) {
    const { flags, args } = run("switch", "--apply", word);
    assertEquals([flags.has("apply"), args], [true, [word]]);
    assertEquals(run("switch", "-y", word).args, [word]);
  }
});

Deno.test("parse() collects flags that may be repeated, in order", () => {
  const { flags } = run(
    "sync",
    "--thread",
    "AAAAAAAA",
    "--source=cli",
    "--thread=bbbbbbbb",
    "--source",
    "any",
  );
  assertEquals(flags.texts("thread"), ["aaaaaaaa", "bbbbbbbb"]);
  assertEquals(flags.texts("source"), ["cli", "any"]);
  assertEquals(run("sync").flags.texts("thread"), []);
});

Deno.test("parse() knows aliases, letters, and letters run together", () => {
  for (const flag of ["--apply", "--yes", "-y"]) assert(run("sync", flag).flags.has("apply"));
  const { flags } = run("sync", "-yv");
  assertEquals([flags.has("apply"), flags.has("verbose"), flags.has("quiet")], [true, true, false]);
  assert(run("sync", "--apply", "--yes", "-y").flags.has("apply"));
});

Deno.test("parse() knows flags whose names begin with no", () => {
  const { flags } = run("restore", "--no-config", "--no-sessions");
  assertEquals([flags.has("no-config"), flags.has("no-db"), flags.has("no-sessions")], [true, false, true]);
  assert(run("status", "--no-color").flags.has("no-color"));
});

Deno.test("parse() takes global flags before, between and behind the words of a command", () => {
  for (
    const argv of [["--json", "backups", "list"], ["backups", "--json", "list"], [
      "backups",
      "list",
      "--json",
    ]]
  ) {
    const { command, flags } = run(...argv);
    assertEquals([command.name, flags.has("json")], ["backups list", true]);
  }
  const { command, flags } = run("--codex-home", "sync", "--sqlite-home=x", "status");
  assertEquals([command.name, flags.text("codex-home"), flags.text("sqlite-home")], ["status", "sync", "x"]);
});

Deno.test("parse() takes everything behind -- for arguments", () => {
  assertEquals(run("apply", "--apply", "--", "--plan.json").args, ["--plan.json"]);
  assertEquals(run("apply", "--", "-h").args, ["-h"]);
  assertEquals(run("apply", "-").args, ["-"]);
});

Deno.test("parse() gives integers their fallback", () => {
  assertEquals(run("sync").flags.integer("keep"), 5);
  assertEquals(run("sync", "--keep", "1").flags.integer("keep"), 1);
  assertEquals(run("sync").flags.integer("wait"), undefined);
  assertEquals(run("sync", "--wait", "0").flags.integer("wait"), 0);
  assertEquals(run("backups", "prune", "--keep", "0").flags.integer("keep"), 0);
});

Deno.test("parse() has the same flag mean different things to different commands", () => {
  const { flags, args } = run("demo", "--keep", "--dir", "x");
  assertEquals([flags.has("keep"), flags.text("dir"), args], [true, "x", []]);
});

Deno.test("parse() accepts ids of every usual form", () => {
  for (
    const id of ["openai", "amazon-bedrock", "my_relay.v2", "a:b/c", "日本", "x".repeat(128), "constructor"]
  ) {
    assertEquals(run("switch", id).args, [id]);
  }
  for (const id of ["latest", "20261121T034500Z-0001-sync", "1"]) assertEquals(run("restore", id).args, [id]);
});

Deno.test("parse() gives help wherever it is asked for, whatever else is wrong", () => {
  const cases: [string[], string][] = [
    [[], ""],
    [["-h"], ""],
    [["--help"], ""],
    [["--apply", "--help"], ""],
    [["sync", "-h"], "sync"],
    [["sync", "--dry-rum", "--keep", "0", "--help"], "sync"],
    [["sync", "--provider", "-h"], "sync"],
    [["sync", "-yh"], "sync"],
    [["-h", "sync"], "sync"],
    [["explain", "--help"], "explain"],
    [["backups", "-h"], "backups"],
    [["backups", "prune", "-h"], "backups prune"],
    [["sync", "-h", "-V"], "sync"],
  ];
  for (const [argv, about] of cases) {
    const line = parse(argv, COMMANDS);
    assertEquals([line.kind, line.kind === "help" && line.about], ["help", about], JSON.stringify(argv));
  }
});

Deno.test("parse() gives the version wherever it is asked for", () => {
  for (const argv of [["-V"], ["--version"], ["sync", "--version"], ["--json", "-V"]]) {
    assertEquals(parse(argv, COMMANDS).kind, "version");
  }
});

Deno.test("FlagValues throws TypeError for flags the command does not have", () => {
  const { flags } = run("status");
  assertThrows(() => flags.has("apply"), TypeError);
  assertThrows(() => flags.text("json"), TypeError);
  assertThrows(() => flags.integer("codex-home"), TypeError);
  assertEquals([flags.knows("apply"), flags.knows("json")], [false, true]);
});

Deno.test("globalBooleans() reads what it can from a line that is wrong", () => {
  const flags = globalBooleans(["frobnicate", "--json", "-qx", "--nonsense", "--", "--verbose"]);
  assertEquals(["json", "quiet", "verbose", "no-color"].map((name) => flags.has(name)), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("parse() either reads a line or throws a usage error, for any words", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "sync",
      "switch",
      "backups",
      "list",
      "--",
      "-",
      "--keep",
      "--keep=",
      "--apply",
      "-y",
      "--to",
      "-h=",
    ),
    fc.string({ maxLength: 6 }).map((text) => "--" + text),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
      try {
        parse(argv, COMMANDS);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== "usage") throw error;
        // deno-lint-ignore no-control-regex -- nothing raw may be left of what was typed
        assert(!/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/.test(error.message + error.hint));
      }
    }),
    { numRuns: 2000 },
  );
});
