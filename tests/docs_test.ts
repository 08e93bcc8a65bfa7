/** The README says what the program does: tables, flags and links are compared with the code. */
import { AILMENTS } from "../lib/core/ailments.ts";
import { EXIT_STATUS } from "../lib/core/error.ts";
import type { FindingCode } from "../lib/core/finding.ts";
import { commandTable } from "../lib/cli/help.ts";
import { COMMANDS } from "../lib/cli/registry.ts";
import { cureOf, hintOf } from "../lib/cli/cures.ts";
import { GLOBAL_FLAGS } from "../lib/cli/flags.ts";
import { settingsTable } from "../lib/handoff/template.ts";
import { assert, assertEquals, assertStringIncludes } from "./assert.ts";
import { type Runs, shortTable } from "./proof/page.ts";

const ROOT = new URL("../", import.meta.url);
const README = read("README.md");

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT)).replaceAll("\r\n", "\n");
}

function section(name: string, page = README): string {
  const match = new RegExp(`<!-- ${name} -->\n([\\s\\S]*?)<!-- /${name} -->`).exec(page);
  assert(match !== null, `the page has no section ${name}`);
  return (match[1] ?? "").trim();
}

/** Words of prose wrap differently after formatting; tables are compared cell by cell. */
function cells(table: string): string[][] {
  return table.trim().split("\n").filter((line) => !/^\|[\s:|-]+\|$/.test(line)).map((line) =>
    line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim())
  );
}

Deno.test("the README's command table is the one of the program", () => {
  assertEquals(cells(section("commands")), cells(commandTable(COMMANDS)));
});

Deno.test("the README's table of settings is the one of the program (S1.12 to S1.24)", () => {
  assertEquals(cells(section("settings")), cells(settingsTable()));
});

/** The table of findings, as it has to stand in the README. */
function findingTable(): string {
  const rows = Object.entries(AILMENTS).map(([code, ailment]) => {
    const cure = cureOf(code, ailment);
    const help = [cure === null ? null : `\`${cure}\``, hintOf(ailment)].filter((one) => one !== null);
    return `| \`${code}\` | ${ailment.severity.join(", ")} | ${ailment.means} | ${help.join("; ")} |`;
  });
  return ["| code | severity | what it means | what helps |", "| --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}

Deno.test("the README's table of findings is the one of the program", () => {
  const expected = findingTable();
  assertEquals(cells(section("findings")), cells(expected), `the table has to be:\n${expected}`);
});

Deno.test("findings are as severe as the table says, and cured by the repair it names", () => {
  const severities = new Map<string, Set<string>>();
  const wrong: string[] = [];
  for (const { name } of Deno.readDirSync(new URL("lib/repairs", ROOT))) {
    for (const found of read(`lib/repairs/${name}`).matchAll(/\bcode: "([a-z-]+)",([\s\S]*?)samples\b/g)) {
      const [, code = "", body = ""] = found;
      const severity = /severity: ([^\n]*),\n/.exec(body)?.[1] ?? "";
      const words = [...severity.matchAll(/"(error|warning|info)"/g)].map(([, word = ""]) => word);
      severities.set(code, new Set([...severities.get(code) ?? [], ...words]));
      const repair = /repair: "([a-z-]+)"/.exec(body)?.[1];
      const expected = AILMENTS[code as FindingCode].repair;
      if (repair !== undefined && repair !== expected) wrong.push(`${name}: ${code} is for ${repair}`);
    }
  }
  for (const [code, told] of severities) {
    const listed = AILMENTS[code as FindingCode].severity.toSorted().join();
    const found = [...told].sort().join();
    if (found !== "" && found !== listed) wrong.push(`${code} is ${found}, the table says ${listed}`);
  }
  assertEquals(wrong, []);
  assert(severities.size > 25, `only ${severities.size} findings were found in the source`);
});

Deno.test("the README's figures are those that were measured", () => {
  const bench = section("bench", read(".github/FIGURES.md"));
  const measured = /\n(\|[\s\S]*\|)$/.exec(bench)?.[1] ?? "";
  assert(measured.length > 0, "FIGURES.md has no table");
  assertEquals(cells(section("figures")), cells(measured));
});

Deno.test("the README's table of proofs is what the suites counted", () => {
  const file = new URL(".github/figures.json", ROOT);
  const runs = JSON.parse(Deno.readTextFileSync(file)) as Runs;
  assertEquals(cells(section("proof")), cells(shortTable(runs)));
  for (const [suite, run] of Object.entries(runs)) {
    const text = section(suite, read(".github/FIGURES.md")).replaceAll(/\s+/g, " ");
    assertStringIncludes(text, `commit ${run.commit}`);
  }
});

Deno.test("every command line in the README can be given", () => {
  const lines = [...README.matchAll(/(?:^|`|\$ )codexkeep ([a-z][^`\n#]*)/gm)].map((match) =>
    (match[1] ?? "").trim()
  );
  const wrong = lines.flatMap((line) => {
    const words = line.split(/\s+/);
    const command = COMMANDS.find(({ name }) => name === words.slice(0, 2).join(" ")) ??
      COMMANDS.find(({ name }) => name === words[0]);
    if (command === undefined) return [line];
    const choices = command.args[0]?.choices ?? [];
    if (choices.length > 0 && !words.slice(1).some((word) => choices.includes(word))) return [line];
    const known = [...GLOBAL_FLAGS, ...command.flags].flatMap((flag) => [flag.name, ...(flag.aliases ?? [])]);
    const flags = words.filter((word) => word.startsWith("--")).map((word) =>
      word.slice(2).replace(/=.*/, "")
    );
    return flags.every((flag) => known.includes(flag)) ? [] : [line];
  });
  assert(lines.length > 10, "the README shows no command lines");
  assertEquals(wrong, []);
});

Deno.test("every flag the README names exists", () => {
  const known = new Set(
    [...GLOBAL_FLAGS, ...COMMANDS.flatMap(({ flags }) => flags)].flatMap((
      flag,
    ) => [flag.name, ...(flag.aliases ?? [])]),
  );
  const others = new Set(["yes", "profile", "size"]); // of npx, of Codex, of tasks
  const named = [...README.matchAll(/`?--([a-z][a-z-]+)/g)].map((match) => match[1] ?? "");
  assertEquals(named.filter((flag) => !known.has(flag) && !others.has(flag)), []);
});

Deno.test("the README lists every exit status", () => {
  const listed = new Set([...README.matchAll(/^\| (\d+) +\|/gm)].map((match) => Number(match[1])));
  const used = new Set([0, ...Object.values(EXIT_STATUS)]);
  assertEquals([...used].filter((status) => !listed.has(status)), []);
});

Deno.test("every link in the documents leads somewhere", () => {
  for (const page of ["README.md", ".github/FIGURES.md", ".github/SECURITY.md"]) {
    for (const [, target = ""] of read(page).matchAll(/\]\(([^)#]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const found = Deno.statSync(new URL(target, new URL(page, ROOT)));
      assert(found.isFile || found.isDirectory, target);
    }
  }
});

Deno.test("the tasks the README names exist, and its packages are the ones that are pinned", () => {
  const { tasks, imports } = JSON.parse(read("deno.json")) as Record<string, Record<string, unknown>>;
  for (const [, task = ""] of README.matchAll(/(?:deno|deno@[\d.]+) task ([a-z:]+)/g)) {
    assert(tasks?.[task] !== undefined, `there is no task ${task}`);
  }
  for (const name of Object.keys(imports ?? {})) {
    assertStringIncludes(README, name.startsWith("@std/") ? name.split("/").slice(0, 2).join("/") : name);
  }
});
