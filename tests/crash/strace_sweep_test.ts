/**
 * Kills the compiled program at its system calls, and lets them fail: SQLite's own included, and whatever would go past
 * the disk under test. The program is the one that `CODEXKEEP_BIN` names.
 */
import { assert, assertEquals } from "../assert.ts";
import { checkRecovery, checkTorn } from "./checker.ts";
import type { Ran } from "./home.ts";
import { afterFailure, afterSuccess } from "./judge.ts";
import { NAIVE, openStage, type Scenario, scenarioOf, type Stage } from "./scenarios.ts";
import { emptyTally, FULL, points, summarize, type Tally } from "./sweep.ts";

const KILL = "`kill -9` at a system call of the executable";
const FAIL = "an error at a system call of the executable";

const BIN = Deno.env.get("CODEXKEEP_BIN") ?? "";
const NAIVE_WRITER = new URL("./naive.ts", import.meta.url).pathname;
const MISSING = Deno.build.os !== "linux"
  ? "this is not Linux"
  : BIN === ""
  ? "CODEXKEEP_BIN names no program"
  : !hasStrace()
  ? "there is no strace, or it may not trace"
  : undefined;

const CALLS = [
  ..."openat mkdir write pwrite64 fsync fdatasync ftruncate rename link linkat unlink unlinkat rmdir".split(
    " ",
  ),
  ..."chmod fchmod utimensat".split(" "),
];
/** Calls that fail, and how. */
const ERRORS = [
  "write:ENOSPC",
  "pwrite64:ENOSPC",
  "pwrite64:EIO",
  "fsync:EIO",
  "fdatasync:EIO",
  "ftruncate:EIO",
  "rename:EACCES",
  "linkat:EMLINK",
  "unlink:EIO",
  "openat:EMFILE",
  "openat:EACCES",
  "openat:EROFS",
  "mkdir:EROFS",
  "write:EIO",
  "write:EROFS",
  "rename:EROFS",
  "fsync:ENOSPC",
  "fchmod:EPERM",
  "utimensat:EPERM",
];
/** Points per command in a sample. */
const FEW_KILLS = 16;
const FEW_ERRORS = 20;

/** One call of the program: the `n`th of its kind on its thread. */
interface Call {
  readonly name: string;
  readonly n: number;
}

function hasStrace(): boolean {
  try {
    return new Deno.Command("strace", { args: ["-o", "/dev/null", "true"], stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

interface Traced extends Ran {
  readonly killed: boolean;
}

async function trace({ root, home, argv }: Stage, options: readonly string[]): Promise<Traced> {
  const { code, signal, stdout, stderr } = await new Deno.Command("strace", {
    args: ["-f", "-y", "-qq", ...options, ...programOf(home, argv)],
    clearEnv: true,
    env: { HOME: root, PATH: Deno.env.get("PATH") ?? "", DENO_DIR: Deno.env.get("DENO_DIR") ?? denoDir() },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  // strace ends the way the program did.
  return {
    code,
    killed: signal === "SIGKILL" || code === 137,
    out: text.decode(stdout),
    err: text.decode(stderr),
  };
}

/** Where the runtime keeps what it has compiled, for the naive writer has another home. */
function denoDir(): string {
  return `${Deno.env.get("HOME") ?? ""}/.cache/deno`;
}

function programOf(home: string, argv: readonly string[]): string[] {
  return argv[0] === "naive"
    ? [Deno.execPath(), "run", "--quiet", "--allow-all", NAIVE_WRITER, home]
    : [BIN, ...argv, "--json", "--codex-home", home];
}

/** The calls of an undisturbed run that concern the home, in their order. */
async function callsOf(stage: Stage): Promise<Call[]> {
  const log = `${stage.root}/trace`;
  for (let attempt = 1;; attempt++) {
    stage.reset();
    const ran = await trace(stage, ["-o", log, "-e", `trace=${CALLS.join(",")}`]);
    if (ran.code === 3 && attempt < 10) continue; // a Codex that is starting elsewhere
    assertEquals(ran.code, stage.scenario.code ?? 0, `${ran.out}${ran.err}`);
    break;
  }
  const counts = new Map<string, number>();
  return Deno.readTextFileSync(log).split("\n").flatMap((line) => {
    const [, thread, name = ""] = /^(\d+) +([a-z0-9_]+)\(/.exec(line) ?? [];
    if (thread === undefined) return [];
    const n = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, n);
    return line.includes(stage.home) ? [{ name, n }] : [];
  });
}

function some(calls: readonly Call[], few: number): Call[] {
  return points(calls.length, few).flatMap((at) => calls[at - 1] ?? []);
}

async function killSweep(scenario: Scenario): Promise<Tally & { missed: number }> {
  const tally = { ...emptyTally(), missed: 0 };
  const stage = await openStage(scenario);
  try {
    for (const call of some(await callsOf(stage), FEW_KILLS)) {
      stage.reset();
      const inject = `inject=${call.name}:signal=KILL:when=${call.n}`;
      const { killed } = await trace(stage, ["-o", "/dev/null", "-e", `trace=${call.name}`, "-e", inject]);
      // The number of calls varies with what else is running on the machine.
      if (!killed) tally.missed++;
      else await judge(stage, `killed at ${call.name} ${call.n}`, tally, await checkAfterKill(stage));
    }
  } finally {
    stage.dispose();
  }
  return tally;
}

interface Verdict {
  readonly torn: readonly string[];
  readonly wrong: readonly string[];
}

async function checkAfterKill({ home, ends }: Stage): Promise<Verdict> {
  const torn = checkTorn(home, ends);
  return { torn, wrong: await checkRecovery(home, ends) };
}

function judge({ scenario }: Stage, what: string, tally: Tally, { torn, wrong }: Verdict): void {
  tally.points++;
  if (torn.length > 0) tally.torn++;
  if (wrong.length > 0) tally.unrecovered++;
  tally.faults.push(...[...torn, ...wrong].map((text) => `${scenario.name}, ${what}: ${text}`));
}

async function errorSweep(name: string): Promise<Tally> {
  const tally = emptyTally();
  const stage = await openStage(scenarioOf(name));
  try {
    const calls = await callsOf(stage);
    const injections = ERRORS.flatMap((error) => {
      const [name = "", code = ""] = error.split(":");
      return calls.filter((call) => call.name === name).map((call) => ({ ...call, code }));
    });
    for (const at of points(injections.length, FEW_ERRORS)) {
      const injection = injections[at - 1];
      if (injection === undefined) continue;
      stage.reset();
      const { name, n, code } = injection;
      const inject = `inject=${name}:error=${code}:when=${n}`;
      // Many times faster; kills do not land that way.
      const log = `${stage.root}/trace`;
      const quick = ["--seccomp-bpf", "-o", log];
      const ran = await trace(stage, [...quick, "-e", `trace=${name}`, "-e", inject]);
      if (!Deno.readTextFileSync(log).includes("(INJECTED)")) continue;
      const torn = checkTorn(stage.home, stage.ends);
      const wrong = ran.code === 0 ? afterSuccess(stage) : await afterFailure(stage, ran);
      judge(stage, `${code} at ${name} ${n}, exit ${ran.code}`, tally, { torn, wrong });
    }
  } finally {
    stage.dispose();
  }
  return tally;
}

function straceTest(name: string, run: () => Promise<void>): void {
  const reason = MISSING === undefined ? "" : ` (left out: ${MISSING})`;
  Deno.test({ name: `strace sweep: ${name}${reason}`, ignore: MISSING !== undefined, fn: run });
}

for (
  const name of FULL ? ["sync", "switch", "restore", "backups prune", "recover", "repair all"] : ["switch"]
) {
  straceTest(`${name} of the compiled program can be killed at any system call`, async () => {
    const started = performance.now();
    const { missed, ...tally } = await killSweep(scenarioOf(name));
    summarize(KILL, name, tally, started, { counts: { missed } });
    assert(tally.points > missed, "most of the kills did not land");
    assertEquals(tally.faults, []);
  });
}

for (const name of FULL ? ["sync", "switch", "restore", "recover", "repair all"] : ["switch"]) {
  straceTest(`${name} of the compiled program bears a system call that fails`, async () => {
    const started = performance.now();
    const tally = await errorSweep(name);
    summarize(FAIL, name, tally, started);
    assert(tally.points > 0, "nothing was made to fail");
    assertEquals(tally.faults, []);
  });
}

straceTest("the naive writer is found guilty", async () => {
  const started = performance.now();
  const { missed, ...tally } = await killSweep(NAIVE);
  summarize(KILL, "naive writer", tally, started, { counts: { missed }, control: true });
  assert(tally.torn > 0, "a writer without a record passed: the sweep sees nothing");
});
