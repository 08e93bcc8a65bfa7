import { complete, type Completion, homeIn } from "../../lib/cli/completions/complete.ts";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { flagsOf, GLOBAL_FLAGS } from "../../lib/cli/flags.ts";
import { parse } from "../../lib/cli/parse.ts";
import { assert, assertEquals } from "../assert.ts";

const KNOWN = (format: string) =>
  format === "provider" ? [{ value: "openai", means: "" }, { value: "other", means: "" }] : [];

function offer(line: string): Completion {
  return complete(line.split(" "), COMMANDS, KNOWN);
}

function values(line: string): readonly string[] {
  return offer(line).candidates.map(({ value }) => value);
}

Deno.test("complete() offers commands, families once, and their members", () => {
  const first = COMMANDS.map(({ name }) => name.split(" ")[0] ?? "");
  assertEquals(values(""), [...new Set(first)]);
  assertEquals(values("re"), ["repair", "restore", "recover"]);
  assertEquals(values("backups "), ["list", "show", "verify", "prune", "export"]);
  assertEquals(values("--json backups pr"), ["prune"]);
  assertEquals(values("help ba"), ["backups"]);
  assertEquals(values("help backups v"), ["verify"]);
  assertEquals(values("nonsense "), []);
});

Deno.test("complete() offers the flags of the command that are not given and contradict none", () => {
  const sync = COMMANDS.find(({ name }) => name === "sync");
  assert(sync !== undefined);
  assertEquals(values("sync -"), flagsOf(sync).map(({ name }) => `--${name}`));
  assertEquals(values("--"), GLOBAL_FLAGS.map(({ name }) => `--${name}`));
  assertEquals(values("sync --app"), ["--apply"]);
  assertEquals(values("sync -y --app"), []);
  assertEquals(values("sync --yes --dry"), []);
  assertEquals(values("sync --dry-run --app"), []);
  assertEquals(values("sync --thread x --thr"), ["--thread"]);
  assertEquals(values("sync -- --"), []);
});

Deno.test("complete() offers the values of flags and arguments", () => {
  assertEquals(values("sync --provider o"), ["openai", "other"]);
  assertEquals(values("sync --provider=ot"), ["--provider=other"]);
  assertEquals(values("sync --only "), ["db", "rollouts"]);
  assertEquals(values("sync --only=r"), ["--only=rollouts"]);
  assertEquals(values("switch --keep 3 op"), ["openai"]);
  assertEquals(values("repair provider paths pa"), []);
  assertEquals(values("repair provider pa"), ["paths"]);
  assertEquals(values("switch openai "), []);
  assertEquals([offer("apply ").names, offer("--codex-home ").names, offer("status ").names], [
    "files",
    "folders",
    "none",
  ]);
  assertEquals([offer("demo --dir=x").names, offer("sync --json=").names], ["folders", "none"]);
});

Deno.test("what complete() offers can be given", () => {
  for (const command of COMMANDS) {
    for (const value of values(`${command.name} --`)) {
      const flag = flagsOf(command).find(({ name }) => `--${name}` === value);
      assert(flag !== undefined, `${command.name} ${value}`);
      if (flag.kind !== "boolean" || command.args.some(({ required }) => required)) continue;
      if (flagsOf(command).some(({ required }) => required)) continue;
      parse([...command.name.split(" "), value], COMMANDS);
    }
  }
});

Deno.test("homeIn() finds the home that a line names", () => {
  assertEquals(homeIn(["--codex-home", "/x", "status"]), "/x");
  assertEquals(homeIn(["status", "--codex-home=/y", ""]), "/y");
  assertEquals(homeIn(["status", "--codex-home"]), undefined);
  assertEquals(homeIn(["status"]), undefined);
});
