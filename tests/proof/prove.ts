/**
 * Runs a proving suite and writes what it counted to `.github/figures.json`, `.github/FIGURES.md` and the README.
 *
 *     deno task sweep|hostile|fuzz [--size full|N] [--keep-pages] [TEST FILES AND FLAGS OF deno test]
 *
 * The standalone executable is $CODEXKEEP_BIN, else dist/codexkeep where it exists, else the program from source.
 */
import type { Figure } from "./figure.ts";
import { replacePart, type Runs, shortTable, suiteSection } from "./page.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Folders of every suite. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  sweep: ["tests/crash"],
  hostile: ["tests/hostile"],
  fuzz: ["tests/fuzz"],
};

/** The command line of this program. */
interface Wishes {
  readonly suite: string;
  readonly size: string;
  readonly keepPages: boolean;
  readonly rest: readonly string[];
}

function wishesOf(args: readonly string[]): Wishes {
  const [suite = "", ...more] = args;
  if (SUITES[suite] === undefined) throw new Error(`there is no suite "${suite}"`);
  const rest: string[] = [];
  let size = "1";
  let keepPages = false;
  for (let i = 0; i < more.length; i++) {
    const word = more[i] ?? "";
    if (word === "--size") size = more[++i] ?? "";
    else if (word === "--keep-pages") keepPages = true;
    else rest.push(word);
  }
  if (size !== "full" && !(Number(size) >= 1)) throw new Error(`--size is "full" or a number, not "${size}"`);
  return { suite, size, keepPages, rest };
}

async function main(): Promise<number> {
  const { suite, size, keepPages, rest } = wishesOf(Deno.args);
  const file = Deno.makeTempFileSync({ prefix: "codexkeep-figures-" });
  const started = performance.now();
  const files = rest.some((word) => !word.startsWith("-")) ? [] : (SUITES[suite] ?? []).flatMap(testFiles);
  const env = { CODEXKEEP_SIZE: size, CODEXKEEP_FIGURES: file, ...binary() };
  const code = files.length === 0 ? await runTests(rest, env) : await runFiles(files, rest, env);
  const lines = Deno.readTextFileSync(file).split("\n").filter((line) => line !== "");
  Deno.removeSync(file);
  // Part of a suite, or one that failed, is no figure of the suite.
  if (code !== 0 || keepPages || rest.length > 0) return code;
  const run = {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    size,
    seconds: Math.round((performance.now() - started) / 1000),
    figures: lines.map((line) => JSON.parse(line) as Figure),
  };
  writePages(suite, { ...readRuns(), [suite]: run });
  return 0;
}

function testFiles(folder: string): string[] {
  return [...Deno.readDirSync(ROOT + folder)].map(({ name }) => `${folder}/${name}`)
    .filter((path) => path.endsWith("_test.ts")).sort();
}

/** Runs every file in a process of its own, as many at a time as there are processors; 0 when all went well. */
async function runFiles(
  files: readonly string[],
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const waiting = [...files];
  let worst = 0;
  const lane = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const code = await runTests([...flags, file], env);
      worst = Math.max(worst, code);
    }
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, lane));
  return worst;
}

async function runTests(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const options = {
    args: ["test", "-A", "--frozen", ...args],
    cwd: ROOT,
    env: { ...env },
    stdin: "null",
  } as const;
  const { code } = await new Deno.Command(Deno.execPath(), { ...options, args: [...options.args] }).spawn()
    .status;
  return code;
}

function binary(): Record<string, string> {
  if (Deno.env.get("CODEXKEEP_BIN") !== undefined) return {};
  const path = `${ROOT}dist/codexkeep${Deno.build.os === "windows" ? ".exe" : ""}`;
  try {
    return Deno.statSync(path).isFile ? { CODEXKEEP_BIN: path } : {};
  } catch {
    return {};
  }
}

function commit(): string {
  const args = ["rev-parse", "--short", "HEAD"];
  return new TextDecoder().decode(new Deno.Command("git", { args, cwd: ROOT }).outputSync().stdout).trim();
}

function readRuns(): Runs {
  try {
    return JSON.parse(Deno.readTextFileSync(`${ROOT}.github/figures.json`)) as Runs;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

function writePages(suite: string, runs: Runs): void {
  const ordered = Object.fromEntries(
    Object.keys(SUITES).flatMap((name) => runs[name] === undefined ? [] : [[name, runs[name]]]),
  ) as Runs;
  Deno.writeTextFileSync(`${ROOT}.github/figures.json`, JSON.stringify(ordered, null, 1) + "\n");
  edit(".github/FIGURES.md", suite, suiteSection(suite, ordered[suite]!));
  edit("README.md", "proof", shortTable(ordered));
  const pages = [".github/FIGURES.md", ".github/figures.json", "README.md"];
  new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", ...pages], cwd: ROOT }).outputSync();
}

function edit(path: string, part: string, text: string): void {
  const page = Deno.readTextFileSync(ROOT + path);
  Deno.writeTextFileSync(ROOT + path, replacePart(page, part, text));
}

Deno.exit(await main());
