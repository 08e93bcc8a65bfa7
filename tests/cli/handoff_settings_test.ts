import {
  DOCTOR,
  type Entry,
  HANDOFF_PLAN,
  HANDOFF_RESTORE,
  HANDOFF_STATUS,
  HANDOFF_SYNC,
  INIT_CONFIG,
  RESOLVE,
  VALIDATE,
} from "../../lib/cli/commands/handoff.ts";
import { flagsOf } from "../../lib/cli/flags.ts";
import { commandHelp } from "../../lib/cli/help.ts";
import { parse } from "../../lib/cli/parse.ts";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { validateText } from "../../lib/cli/render_settings.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../assert.ts";
import { at, inTempFolder, IS_UNIX } from "../system/fixture.ts";
import { runLine, VIEW } from "./fixture.ts";

const ENTRIES: readonly Entry[] = [
  INIT_CONFIG,
  VALIDATE,
  DOCTOR,
  HANDOFF_STATUS,
  HANDOFF_PLAN,
  HANDOFF_SYNC,
  RESOLVE,
  HANDOFF_RESTORE,
];

const TABLE = [
  ...COMMANDS.filter(({ name }) => !ENTRIES.some((entry) => entry.name === name)),
  ...ENTRIES.map((entry) => ({ ...entry, run: () => Promise.reject(new Error("not here")) })),
];

/** What a line of the table would run: its command and the flags that are given. */
function read(...argv: string[]): [string, string[]] {
  const line = parse(argv, TABLE);
  if (line.kind !== "run") throw new Error(line.kind);
  const given = flagsOf(line.command).filter(({ name, kind }) =>
    kind === "boolean" ? line.flags.has(name) : kind !== "integer" && line.flags.text(name) !== undefined
  );
  return [line.command.name, given.map(({ name }) => name)];
}

Deno.test("S1.4 to S1.11: every hand-over command takes the flags that the catalogue has for it", () => {
  assertEquals(read("handoff", "init-config", "--output", "x", "--force"), ["handoff init-config", [
    "output",
    "force",
  ]]);
  assertEquals(read("handoff", "validate", "-c", "x"), ["handoff validate", ["config"]]);
  assertEquals(read("handoff", "doctor"), ["handoff doctor", []]);
  assertEquals(read("handoff", "preflight", "-c=x"), ["handoff doctor", ["config"]]);
  assertEquals(read("handoff", "plan", "-v"), ["handoff plan", ["verbose"]]);
  assertEquals(read("handoff", "sync", "--dry-run"), ["handoff sync", ["dry-run"]]);
  assertEquals(read("handoff", "sync", "--apply", "--verbose", "--config", "x"), [
    "handoff sync",
    ["apply", "config", "verbose"],
  ]);
  assertEquals(read("handoff", "restore", "--apply", "--from", "n.zip", "--target", "cloud", "-v"), [
    "handoff restore",
    ["from", "target", "apply", "verbose"],
  ]);
  assertEquals(read("handoff", "resolve", "KEY", "--keep", "both"), ["handoff resolve", ["keep"]]);
  for (const command of ["sync", "restore"]) {
    for (const flag of ["manual-terminate-confirmation", "auto-terminate-without-confirmation"]) {
      assertEquals(read("handoff", command, `--${flag}`), [`handoff ${command}`, [flag]]);
    }
    const both = ["--manual-terminate-confirmation", "--auto-terminate-without-confirmation"];
    assertThrows(() => read("handoff", command, ...both), Error, "contradict");
  }
  assertThrows(() => read("handoff", "restore", "--target", "both"), Error, "--target cannot be");
});

Deno.test("S1.10: -h works after every hand-over command, and every example is a line that can be given", () => {
  for (const entry of ENTRIES) {
    assertEquals(parse([...entry.name.split(" "), "-h"], TABLE).kind, "help");
    for (const { line } of entry.examples) {
      assertEquals(parse(line.split(" ").slice(1), TABLE).kind, "run", line);
    }
    const command = { ...entry, run: () => Promise.reject(new Error()) };
    const help = commandHelp(command, VIEW).join(" ").replaceAll(/\s+/g, " ");
    for (const { name } of entry.flags) assertStringIncludes(help, `--${name}`);
  }
});

Deno.test("-c takes a value behind a space or an equals sign, and stands alone", () => {
  for (const argv of [["-c", "my file"], ["-c=my file"], ["--config", "my file"], ["--config=my file"]]) {
    const line = parse(["handoff", "validate", ...argv], TABLE);
    assertEquals(line.kind === "run" ? line.flags.text("config") : undefined, "my file");
  }
  assertThrows(() => read("handoff", "validate", "-vc", "x"), Error, "-c takes a value, so it stands alone");
  assertThrows(() => read("handoff", "validate", "-cx"), Error, "stands alone");
  assertThrows(() => read("handoff", "validate", "-c"), Error, "--config needs a value");
  assertThrows(() => read("handoff", "validate", "-c", "-v"), Error, "--config needs a value");
  assertThrows(() => read("handoff", "validate", "-c", "a", "-c", "b"), Error, "takes one value");
  assertThrows(() => read("status", "-c", "x"), Error, "unknown flag");
});

Deno.test("an unknown hand-over command is told with what was probably meant, also by its other name", () => {
  assertThrows(() => read("handoff", "prefligt"), Error, "unknown command");
  assertThrows(() => read("hand-off", "plan"), Error, "unknown command");
  assertThrows(() => read("handoff"), Error, "needs a second word");
});

/** A home with commands to run on it. */
async function withHome(
  use: (folder: string, line: (...argv: string[]) => ReturnType<typeof runLine>) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    const home = at(folder, "home");
    Deno.mkdirSync(home);
    await use(folder, (...argv) => runLine({ commands: COMMANDS, env: { CODEX_HOME: home } }, ...argv));
  });
}

Deno.test("S1.4: init-config writes a file that validate finds right, and overwrites none without --force", () =>
  withHome(async (folder, line) => {
    const file = `${folder}/home/backups_state/codexkeep/handoff/handoff.toml`;
    const first = await line("handoff", "init-config");
    assertEquals(first.code, 0);
    assertStringIncludes(first.out, "next: codexkeep handoff validate\n");
    if (IS_UNIX) assertEquals((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
    const text = Deno.readTextFileSync(file);
    assertEquals((await line("handoff", "validate")).code, 0);
    Deno.writeTextFileSync(file, "mine");
    const again = await line("handoff", "init-config");
    assertEquals([again.code, Deno.readTextFileSync(file)], [5, "mine"]);
    assertStringIncludes(again.err, "--force");
    assertEquals((await line("handoff", "init-config", "--force")).code, 0);
    assertEquals([Deno.readTextFileSync(file), Deno.readTextFileSync(`${file}.bak`)], [text, "mine"]);
    assertEquals([...Deno.readDirSync(`${folder}/home/backups_state/codexkeep/handoff`)].length, 2);
  }));

Deno.test("S1.4: init-config --output writes where it is told, or to standard output", () =>
  withHome(async (folder, line) => {
    const file = `${folder}/my settings.toml`;
    const written = await line("handoff", "init-config", "--output", file);
    assertEquals(written.code, 0);
    assertStringIncludes(written.out, `next: codexkeep handoff validate -c '${file}'`);
    const shown = await line("handoff", "init-config", "--output", "-");
    assertEquals([shown.code, shown.out], [0, Deno.readTextFileSync(file)]);
    assertEquals((await line("handoff", "init-config", "--output", "-", "--json")).code, 4);
    assertEquals((await line("handoff", "init-config", "--output", `${folder}/none/x.toml`)).code, 5);
    assertEquals((await line("handoff", "init-config", "--output", folder, "--force")).code, 5);
    Deno.mkdirSync(`${folder}/home/sessions`);
    assertEquals(
      (await line("handoff", "init-config", "--output", `${folder}/home/sessions/x.toml`)).code,
      5,
    );
    assertEquals([...Deno.readDirSync(`${folder}/home`)].map(({ name }) => name), ["sessions"]);
    const json = JSON.parse(
      (await line("handoff", "init-config", "--output", `${folder}/b.toml`, "--json")).out,
    );
    assertEquals(json.result, { file: `${folder}/b.toml`, backup: null });
  }));

Deno.test("S1.4: a settings file can be written before Codex was ever started", () =>
  inTempFolder(async (folder) => {
    const setting = { commands: COMMANDS, env: { CODEX_HOME: `${folder}/none` } };
    assertEquals((await runLine(setting, "handoff", "init-config", "--output", `${folder}/x.toml`)).code, 0);
    assertEquals((await runLine(setting, "handoff", "init-config")).code, 4);
  }));

Deno.test({
  name: "S1.4: init-config goes through no link",
  ignore: !IS_UNIX,
  fn: () =>
    withHome(async (folder, line) => {
      Deno.writeTextFileSync(`${folder}/victim`, "mine");
      Deno.symlinkSync(`${folder}/victim`, `${folder}/x.toml`);
      assertEquals((await line("handoff", "init-config", "--output", `${folder}/x.toml`, "--force")).code, 5);
      assertEquals(Deno.readTextFileSync(`${folder}/victim`), "mine");
    }),
});

Deno.test("S1.5: validate names every fault, for people and as JSON, and is exit 4", () =>
  withHome(async (folder, line) => {
    const file = `${folder}/s.toml`;
    Deno.writeTextFileSync(file, '[identity]\nmachine_id = "a"\n[sync]\ncompare = "hash"\nmode = "hot"\n');
    const text = await line("handoff", "validate", "-c", file);
    assertEquals(text.code, 4);
    assertStringIncludes(text.out, "line 4: sync.compare must be one of");
    assertStringIncludes(text.out, "line 5: sync.mode must be");
    assertStringIncludes(text.out, "3 faults in the settings");
    assertEquals((await line("handoff", "validate", "-c", file, "-q")).out, "3 faults in the settings\n");
    const { ok, result } = JSON.parse((await line("handoff", "validate", "-c", file, "--json")).out);
    assertEquals([ok, result.valid, result.places], [false, false, null]);
    assertEquals(result.faults.map((one: { line: number; key: string }) => [one.line, one.key]), [
      [null, "paths.cloud_root_dir"],
      [4, "sync.compare"],
      [5, "sync.mode"],
    ]);
    const none = await line("handoff", "validate", "-c", `${folder}/none.toml`);
    assertEquals(none.code, 4);
    assertStringIncludes(none.out, "codexkeep handoff init-config");
  }));

Deno.test("S1.24: validate tells what has no effect, and is content", () =>
  withHome(async (folder, line) => {
    const file = `${folder}/s.jsonc`;
    const settings = { identity: { machine_id: "a" }, paths: { cloud_root_dir: "c" }, guardian: {} };
    Deno.writeTextFileSync(file, `// mine\n${JSON.stringify(settings)}`);
    const { code, out } = await line("handoff", "validate", "-c", file);
    assertEquals(code, 0);
    assertStringIncludes(out, "[guardian] has no effect here");
  }));

Deno.test("what a settings file holds cannot act on a terminal", () => {
  const hostile = "\u001b]0;x\u0007\u202e\n\u2028";
  const one = { line: 1, key: hostile, message: hostile, hint: hostile };
  const report = { file: hostile, valid: false, faults: [one], remarks: [one], places: null };
  const places = { machine: hostile, local: hostile, cloud: hostile, backup: hostile };
  for (const line of [...validateText(report, VIEW), ...validateText({ ...report, places }, VIEW)]) {
    assert(!/[\p{Cc}\p{Cf}\p{Zl}]/u.test(line), JSON.stringify(line));
  }
});
