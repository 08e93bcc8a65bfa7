import { flagsOf } from "../../lib/cli/flags.ts";
import { commandHelp, commandTable, familyHelp, flagTerm, overview } from "../../lib/cli/help.ts";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { CATALOGUE } from "../../lib/repairs/catalogue.ts";
import { REPAIRS } from "../../lib/repairs/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { runLine, VIEW } from "./fixture.ts";

/** Help as one line, so that wrapping does not matter. */
function flat(lines: readonly string[]): string {
  return lines.join(" ").replaceAll(/\s+/g, " ");
}

Deno.test("commandHelp() describes every flag, argument, example and exit status", () => {
  for (const command of COMMANDS) {
    const help = flat(commandHelp(command, VIEW));
    assertStringIncludes(help, `codexkeep ${command.name}: ${command.summary}`);
    for (const flag of flagsOf(command)) {
      assertStringIncludes(help, `${flagTerm(flag)} ${flag.summary}`, command.name);
      for (const alias of flag.aliases ?? []) assertStringIncludes(help, `--${alias}`);
      if (flag.fallback !== undefined) assertStringIncludes(help, `(default ${flag.fallback})`);
    }
    for (const { name, summary } of command.args) {
      assertStringIncludes(help, name);
      assertStringIncludes(help, summary);
    }
    for (const { line, does } of command.examples) assertStringIncludes(help, `${line} ${does}`);
    for (const code of [0, 1, 4, ...command.exitCodes]) assertStringIncludes(help, ` ${code} `);
  }
});

Deno.test("commandHelp() keeps to the width of the terminal", () => {
  for (const command of COMMANDS) {
    for (const width of [60, 80, 100]) {
      for (const line of commandHelp(command, { ...VIEW, width }).slice(1)) {
        assert(
          line.length <= width || line.startsWith("  codexkeep "),
          `${command.name} at ${width}: ${line}`,
        );
      }
    }
  }
});

Deno.test("overview() names every command and every global flag", () => {
  const text = flat(overview(COMMANDS, VIEW));
  for (const { name, summary } of COMMANDS) {
    assertStringIncludes(text, name);
    assertStringIncludes(text, summary);
  }
  for (const flag of flagsOf({ flags: [] })) assertStringIncludes(text, flagTerm(flag));
});

Deno.test("familyHelp() names the members of a family and no others", () => {
  const text = flat(familyHelp("backups", COMMANDS, VIEW));
  for (const word of ["list|show|verify|prune", "backups prune --keep N", "backups verify [ID]"]) {
    assertStringIncludes(text, word);
  }
  assert(!text.includes("restore"));
});

Deno.test("commandTable() is a Markdown table with a row for every command", () => {
  const rows = commandTable(COMMANDS).trimEnd().split("\n");
  assertEquals(rows.length, COMMANDS.length + 2);
  for (const row of rows) assertEquals(row.split(/(?<!\\)\|/).length, 5, row);
  assertStringIncludes(rows.join("\n"), "| `switch PROVIDER` |");
});

Deno.test("the table of commands is in order with itself", () => {
  const names = COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]);
  assertEquals(new Set(names).size, names.length);
  for (const command of COMMANDS) {
    const flags = flagsOf(command);
    const words = flags.flatMap((
      { name, aliases = [], short },
    ) => [name, ...aliases, ...(short ? [short] : [])]);
    assertEquals(new Set(words).size, words.length, command.name);
    for (const flag of flags) {
      // Run-together letters are booleans; the one letter with a value stands alone. A dot would mean nesting to @std/cli.
      assert(flag.short === undefined || flag.kind === "boolean" || flag.short === "c", flag.name);
      assert(/^[a-z]+(-[a-z]+)*$/.test(flag.name), flag.name);
      assertEquals(flag.kind === "boolean", flag.placeholder === undefined, flag.name);
      for (const other of flag.excludes ?? []) assert(flags.some(({ name }) => name === other), flag.name);
    }
    const firstOptional = command.args.findIndex(({ required }) => !required);
    assert(
      firstOptional < 0 || command.args.slice(firstOptional).every(({ required }) => !required),
      command.name,
    );
    assert(command.args.slice(0, -1).every(({ variadic }) => !variadic), command.name);
    const lines = command.examples.every(({ line }) => line.startsWith(`codexkeep`));
    assert(lines && !command.summary.endsWith("."), command.name);
  }
});

Deno.test("every example is a command line that parses", async () => {
  const { parse } = await import("../../lib/cli/parse.ts");
  for (const { examples } of COMMANDS) {
    for (const { line } of examples) {
      assertEquals(parse(line.split(" ").slice(1), COMMANDS).kind, "run", line);
    }
  }
});

Deno.test("the catalogue says of the repairs what they say of themselves, and repair takes all of them", () => {
  const curing = REPAIRS.filter(({ plan }) => plan !== undefined);
  const entries = curing.map(({ name, summary, safe }) => ({ name, summary, safe }));
  const sorted = (list: readonly { readonly name: string }[]) =>
    [...list].sort((a, b) => a.name < b.name ? -1 : 1);
  assertEquals(sorted(CATALOGUE), sorted(entries));
  const repair = COMMANDS.find(({ name }) => name === "repair")!;
  assertEquals(repair.args[0]?.choices, [...CATALOGUE.map(({ name }) => name), "all"]);
  const help = flat(commandHelp(repair, VIEW));
  for (const { name, summary } of CATALOGUE) assertStringIncludes(help, `${name} ${summary}`);
  assertStringIncludes(help, `all those that are right without a choice: `);
});

Deno.test("help is printed for a command, a family and all, also as JSON", async () => {
  const help = (...argv: string[]) => runLine({ commands: COMMANDS }, ...argv);
  assertEquals((await help()).out, (await help("help")).out);
  assertEquals((await help("sync", "-h")).out, (await help("help", "sync")).out);
  assertEquals((await help("backups", "-h")).out, (await help("help", "backups")).out);
  assertEquals((await help("backups", "list", "--help")).out, (await help("help", "backups", "list")).out);
  assertEquals((await help("sync", "-hq")).out, (await help("help", "sync")).out);
  assertStringIncludes((await help("help", "help")).out, "codexkeep help COMMAND".slice(0, 14));
  const overview = JSON.parse((await help("--json", "--help")).out);
  assertEquals(
    overview.result.commands.map(({ name }: { name: string }) => name),
    COMMANDS.map(({ name }) => name),
  );
  const sync = JSON.parse((await help("sync", "-h", "--json")).out);
  assertEquals(sync.result.command.name, "sync");
  assertEquals(
    sync.result.command.flags.length,
    flagsOf(COMMANDS.find(({ name }) => name === "sync")!).length,
  );
});

Deno.test("help refuses what is no command", async () => {
  for (const argv of [["help", "snyc"], ["help", "sync", "more"], ["help", "backups", "lst"]]) {
    const { code, out, err } = await runLine({ commands: COMMANDS }, ...argv);
    assertEquals([code, out], [4, ""]);
    assertStringIncludes(err, "unknown command");
  }
});

Deno.test("version is printed for people and as JSON, and asks SQLite only where it is shown", async () => {
  const version = (...argv: string[]) => runLine({ commands: COMMANDS }, ...argv);
  assertEquals((await version("version")).out, "codexkeep 1.2.3\n");
  assertEquals((await version("-V")).out, "codexkeep 1.2.3\n");
  assertEquals((await version("sync", "--version", "-q")).out, "codexkeep 1.2.3\n");
  assertStringIncludes((await version("version", "-v")).out, "sqlite 3.53.2\n");
  const { result } = JSON.parse((await version("version", "--json")).out);
  assertEquals(result, {
    version: "1.2.3",
    deno: "2.0.0",
    v8: "14",
    sqlite: "3.53.2",
    platform: "linux x86_64",
  });
});
