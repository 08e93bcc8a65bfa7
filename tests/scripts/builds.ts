/** The program in every build there is: from source, and as an executable where one is tested. They have different SQLites. */
import { fileURLToPath } from "node:url";
import { assert } from "../assert.ts";
import { checkDocument, type Document, pick } from "./contract.ts";
import { environment, IS_BINARY, PROGRAM } from "./program.ts";

/** One of them. */
export interface Build {
  readonly name: string;
  /** The words before the arguments. */
  readonly words: readonly string[];
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCE = ["run", "-A", "--frozen", "--no-check", `--config=${ROOT}deno.json`, `${ROOT}main.ts`];

/** All of them. */
export const BUILDS: readonly Build[] = [
  { name: "from source", words: [Deno.execPath(), ...SOURCE] },
  ...IS_BINARY ? [{ name: "the executable", words: PROGRAM }] : [],
];

/** Runs a build with `--json` on a home. Throws unless it prints one document as the contract has it. */
export async function runBuild(
  build: Build,
  home: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly document: Document }> {
  const [command = "", ...words] = build.words;
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...words, ...args, "--json"],
    env: { ...environment({ home }), DENO_DIR: denoDir(), DENO_NO_UPDATE_CHECK: "1" },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const out = new TextDecoder().decode(stdout);
  assert(out.endsWith("}\n"), `"${args.join(" ")}" said: ${out}${new TextDecoder().decode(stderr)}`);
  return { code, document: checkDocument(JSON.parse(out)) };
}

let knownDenoDir: string | undefined;

/** Where Deno keeps what it has fetched. */
function denoDir(): string {
  if (knownDenoDir === undefined) {
    const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
    knownDenoDir = String((JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: unknown }).denoDir);
  }
  return knownDenoDir;
}

/** Whether a build may write to a database that another program has open: its SQLite is 3.51.3 or newer. */
export async function writesBeside(build: Build, home: string): Promise<boolean> {
  const { document } = await runBuild(build, home, ["version"]);
  const [major = 0, minor = 0, patch = 0] = String(pick(document, "sqlite")).split(".").map(Number);
  return major * 1_000_000 + minor * 1000 + patch >= 3_051_003;
}
