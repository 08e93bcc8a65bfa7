/**
 * Runs the whole program the way a user does: another process, its own environment, nothing shared but files. With
 * `CODEXKEEP_BIN` that is a compiled binary, run with an empty PATH; without it, the source under Deno.
 *
 * Whatever a test looks at, every run is also held to what the contract says of all of them: a known exit status, output
 * that cannot drive a terminal, no fault of the program's own, and with `--json` one document of the promised shape.
 */
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "../assert.ts";
import { checkDocument, checkExitCode, type Document } from "./contract.ts";

/** What may differ from a run without any environment, in an empty folder. */
export interface Setting {
  /** Goes in as CODEX_HOME, unless undefined. */
  readonly home?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** HOME of the process. */
  readonly userHome?: string;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly umask?: number;
  /** Words put before the program, such as `setpriv …` or `strace …`. */
  readonly under?: readonly string[];
}

/** What a run printed and how it ended. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run with `--json`. */
export interface JsonRun extends Run {
  readonly document: Document;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/[/\\]$/, "");
const BINARY = Deno.env.get("CODEXKEEP_BIN") || undefined;

/** The command line that stands for `codexkeep`. */
export const PROGRAM: readonly string[] = BINARY === undefined
  ? [Deno.execPath(), "run", "-A", "--no-lock", `--config=${ROOT}/deno.json`, `${ROOT}/main.ts`]
  : [BINARY];

/** Whether a compiled binary is tested. */
export const IS_BINARY: boolean = BINARY !== undefined;

const EMPTY = Deno.makeTempDirSync({ prefix: "codexkeep-empty-" });
addEventListener("unload", () => Deno.removeSync(EMPTY, { recursive: true }));

/** Everything the process gets from its environment. */
export function environment(setting: Setting = {}): Record<string, string> {
  return {
    HOME: setting.userHome ?? `${EMPTY}/nobody`,
    NO_COLOR: "1",
    PATH: "",
    TZ: "UTC",
    ...(BINARY === undefined ? { DENO_DIR: denoDir(), DENO_NO_UPDATE_CHECK: "1" } : {}),
    ...(setting.home === undefined ? {} : { CODEX_HOME: setting.home }),
    ...setting.env,
  };
}

let knownDenoDir: string | undefined;

/** Where Deno keeps what it has fetched; a run with another HOME would look elsewhere and fetch again. */
function denoDir(): string {
  if (knownDenoDir === undefined) {
    const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" })
      .outputSync();
    knownDenoDir = String((JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: unknown }).denoDir);
  }
  return knownDenoDir;
}

/** Runs `codexkeep` to its end. Throws when it breaks a promise that holds for every run. */
export async function run(args: readonly string[], setting: Setting = {}): Promise<Run> {
  const result = await start(args, setting);
  checkExitCode(args, result.code);
  checkInert(result.stdout, `standard output of ${args.join(" ")}`);
  checkInert(result.stderr, `standard error of ${args.join(" ")}`);
  assert(!/this is a fault in codexkeep/.test(result.stdout + result.stderr), result.stdout + result.stderr);
  if (args.includes("--json") && !args.includes("--")) parseDocument(args, result);
  return result;
}

/** Runs `codexkeep … --json` and gives its document, checked against the contract. */
export async function runJson(args: readonly string[], setting: Setting = {}): Promise<JsonRun> {
  const result = await run([...args, "--json"], setting);
  return { ...result, document: parseDocument(args, result) };
}

function parseDocument(args: readonly string[], { code, stdout }: Run): Document {
  assert(stdout.endsWith("}\n"), `"${args.join(" ")}" printed no document: ${stdout.slice(0, 500)}`);
  assertEquals(stdout.trimEnd().split("\n").length, 1, "one document on one line");
  const document = checkDocument(JSON.parse(stdout));
  assertEquals(document.exit_code, code, "the document knows how the run ends");
  return document;
}

/** Runs the program without any check, for tests that expect it to be killed. */
export async function start(args: readonly string[], setting: Setting = {}): Promise<Run> {
  const [command = "", ...rest] = [...commandLine(setting), ...args];
  const process = new Deno.Command(command, {
    args: rest,
    cwd: setting.cwd ?? EMPTY,
    clearEnv: true,
    env: environment(setting),
    stdin: setting.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (setting.stdin !== undefined) {
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(setting.stdin)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The words before the arguments; a umask needs a shell to set it. */
export function commandLine({ umask, under = [] }: Setting): readonly string[] {
  const mask = umask === undefined
    ? []
    : ["/bin/sh", "-c", `umask ${umask.toString(8).padStart(3, "0")}; exec "$@"`, "sh"];
  return [...under, ...mask, ...PROGRAM];
}

/** What must not reach an output raw, but for the line feeds that end its lines; those of a CSV table have CR LF. */
const ACTIVE = /(?!\r?\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{E0000}-\u{E007F}]/u;

/** Requires that nothing in a text can drive a terminal. */
export function checkInert(text: string, what: string): void {
  const found = ACTIVE.exec(text);
  if (found === null) return;
  const around = JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 40));
  throw new Error(`${what} holds U+${found[0].codePointAt(0)?.toString(16)} raw: ${around}`);
}
