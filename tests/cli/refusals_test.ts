import { AppError } from "../../lib/core/error.ts";
import { parse } from "../../lib/cli/parse.ts";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";

function refused(argv: readonly string[]): AppError {
  const error = assertThrows(() => parse(argv, COMMANDS), AppError, undefined, JSON.stringify(argv));
  assertEquals(error.code, "usage", JSON.stringify(argv));
  return error;
}

/** What each line is refused for: part of the message, part of the hint. */
const REFUSALS: readonly (readonly [argv: readonly string[], message: string, hint?: string])[] = [
  [["stats"], 'unknown command "stats"', 'did you mean "status"?'],
  [["SYNC"], 'unknown command "SYNC"', '"sync"'],
  [["frobnicate"], 'unknown command "frobnicate"', "codexkeep help"],
  [[""], 'unknown command ""'],
  [["backups"], "backups needs a second word", "backups list"],
  [["backups", "lst"], 'unknown command "backups lst"', '"backups list"'],
  [["backups list"], 'unknown command "backups list"'],
  [["--json"], "no command given"],
  [["--", "status"], "no command given"],
  [["--codex-home", "status"], "no command given"],
  [["--apply", "sync"], 'unknown flag "--apply"', "after its name"],
  [["-y", "sync"], 'unknown flag "-y"', "after its name"],
  [["repair", "--all"], 'unknown flag "--all"', "-h shows"],
  [["sync", "--dry-rum"], 'unknown flag "--dry-rum"', '"--dry-run"'],
  [["sync", "--dry-rum=1"], 'unknown flag "--dry-rum"', '"--dry-run"'],
  [["sync", "-x"], 'unknown flag "-x"'],
  [["sync", "-qx"], 'unknown flag "-x" in "-qx"'],
  [["sync", "-apply"], 'unknown flag "-a"', '"--apply"'],
  [["sync", "-5"], 'unknown flag "-5"'],
  [["sync", "-q=1"], '"-q=1" takes no value'],
  [["status", "--apply"], 'unknown flag "--apply"'],
  [["sync", "--no-apply"], 'unknown flag "--no-apply"'],
  [["sync", "--color"], 'unknown flag "--color"', '"--no-color"'],
  [["sync", "--keep.x=1"], 'unknown flag "--keep.x"'],
  [["sync", "--__proto__=1"], 'unknown flag "--__proto__"'],
  [["sync", "--constructor"], 'unknown flag "--constructor"'],
  [["sync", "--_=1"], 'unknown flag "--_"'],
  [["sync", "--=1"], 'unknown flag "--"'],
  [["sync", "---apply"], 'unknown flag "---apply"', '"--apply"'],
  [["sync", "--keep\n=3"], 'unknown flag "--keep\\u{a}"'],
  [["sync", "--apply=true"], '--apply takes no value, but has "true"'],
  [["sync", "--apply="], "--apply takes no value"],
  [["sync", "--yes=no"], "--apply takes no value"],
  [["sync", "--no-color=false"], "--no-color takes no value"],
  [["sync", "--provider"], "--provider needs a value", "--provider ID"],
  [["sync", "--provider", "--apply"], "--provider needs a value", "--provider ID"],
  [["sync", "--provider", "-y"], "--provider needs a value", "--provider=ID"],
  [["sync", "--cwd", "-x"], "--cwd needs a value", "--cwd=PATH"],
  [["sync", "--provider", "--", "x"], "--provider needs a value"],
  [["sync", "--provider", ""], "--provider must not be empty"],
  [["sync", "--provider="], "--provider must not be empty"],
  [["sync", "--cwd="], "--cwd must not be empty"],
  [["status", "--codex-home="], "--codex-home must not be empty"],
  [["sync", "--wait="], "--wait must not be empty"],
  [["sync", "--keep", "0"], '--keep must be a whole number of at least 1, not "0"'],
  [["sync", "--keep", "-1"], 'not "-1"'],
  [["sync", "--keep=-1"], 'not "-1"'],
  [["sync", "--keep", "many"], 'not "many"'],
  [["sync", "--keep", "1.5"], 'not "1.5"'],
  [["sync", "--keep", "1e3"], 'not "1e3"'],
  [["sync", "--keep", "0x10"], 'not "0x10"'],
  [["sync", "--keep", "+5"], 'not "+5"'],
  [["sync", "--keep", " 5"], 'not " 5"'],
  [["sync", "--keep", "٣"], 'not "٣"'],
  [["sync", "--keep", "99999999999999999999"], "--keep must be"],
  [["sync", "--wait", "86401"], "from 0 to 86400"],
  [["backups", "prune"], "--keep N is missing"],
  [["backups", "prune", "--keep", "-1"], "--keep must be"],
  [["diagnose", "--max-samples", "0"], "--max-samples must be"],
  [["sync", "--keep", "3", "--keep=4"], "--keep is given 2 times"],
  [["sync", "--from=a", "--from=a"], "--from is given 2 times"],
  [["sync", "extra"], 'unexpected argument "extra" for sync'],
  [["sync", "--", "--apply"], 'unexpected argument "--apply"'],
  [["explain"], "explain needs THREAD"],
  [["explain", "0199a1b2", "0199a1b3"], "unexpected argument"],
  [["explain", ""], "THREAD must not be empty"],
  [["explain", "0199a1b"], 'THREAD "0199a1b" is no thread id'],
  [["explain", "../../../etc/passwd"], "is no thread id"],
  [["switch"], "switch needs PROVIDER"],
  [["switch", ""], "PROVIDER must not be empty"],
  [["repair"], "repair needs NAME"],
  [["repair", "provder"], 'NAME cannot be "provder"', '"provider"'],
  [["repair", "provider", "xyz"], 'NAME cannot be "xyz"', "one of: config"],
  [["repair", "user-event"], 'NAME cannot be "user-event"', '"user-events"'],
  [["repair", "cwd", "--map", "/old"], '--map "/old" does not name two folders', "/old/folder=/new/folder"],
  [["repair", "cwd", "--map", "=/new"], "does not name two folders"],
  [["repair", "cwd", "--map", "/old="], "does not name two folders"],
  [["repair", "cwd", "--map", "="], "does not name two folders"],
  [["repair", "cwd", "--map", "/a=/a"], "names the same folder twice"],
  [["repair", "cwd", "--map="], "--map must not be empty"],
  [["sync", "--map", "/a=/b"], 'unknown flag "--map"'],
  [["sync", "--only", "database"], '--only cannot be "database"', "one of: db, rollouts"],
  [["repair", "provider", "--only", "row"], '--only cannot be "row"'],
  [["restore", "../x"], 'ID "../x" is no record id', "backups list"],
  [["restore", "a/b"], "is no record id"],
  [["restore", ".."], "is no record id"],
  [["restore", "a..b"], "is no record id"],
  [["sync", "--apply", "--dry-run"], "--apply and --dry-run contradict"],
  [["sync", "-y", "--check"], "--apply and --check contradict"],
  [["sync", "--to", "a", "--provider", "b"], "--provider and --to contradict"],
  [["switch", "a", "--model", "m", "--keep-model"], "--model and --keep-model contradict"],
  [["status", "-qv"], "--quiet and --verbose contradict"],
  [["sync", "--since", "yesterday"], '--since "yesterday" is no date', "2026-01-31"],
  [["sync", "--since", "2026-02-30"], "is no date"],
  [["sync", "--until", "2026-1-1"], "is no date"],
  [["sync", "--until", "2026-01-01T00:00"], "is no date"],
  [["sync", "--since=2026-02-01", "--until=2026-01-01"], "--since is later than --until"],
  [["sync", "--provider", "my relay"], "white space, quotes or control characters", "one word"],
  [["sync", "--provider", "a'b"], "white space, quotes"],
  [["sync", "--provider", 'a"b'], "white space, quotes"],
  [["sync", "--provider", "a\u00a0b"], "white space, quotes"],
  [["sync", "--to", "a\u200bb"], "\\u{200b}"],
  [["sync", "--from", "a\u202eb"], "\\u{202e}"],
  [["switch", "a\nb"], "\\u{a}"],
  [["switch", "a\u001b[31mb"], "\\u{1b}"],
  [["switch", "x", "--model", "gpt 5"], "--model"],
  [["sync", "--provider", "x".repeat(129)], "longer than 128 characters"],
];

for (const [argv, message, hint] of REFUSALS) {
  Deno.test(`parse() refuses ${JSON.stringify(argv).slice(0, 80)}`, () => {
    const error = refused(argv);
    assertStringIncludes(error.message, message);
    if (hint !== undefined) assertStringIncludes(error.hint ?? "", hint);
  });
}

Deno.test("parse() cuts long values in its messages", () => {
  for (
    const argv of [["switch", "x".repeat(10_000)], ["y".repeat(10_000)], ["sync", "--" + "z".repeat(10_000)]]
  ) {
    assert(refused(argv).message.length < 200);
  }
});

Deno.test("parse() suggests nothing when nothing is near", () => {
  assertEquals(refused(["sync", "--frobnicate"]).hint, "-h shows the flags of the command");
});
