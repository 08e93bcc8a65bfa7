/**
 * Many runs started at the same moment on one home, as processes of their own: one works at a time, the others say that
 * somebody is at work; a holder that is killed holds nothing any more.
 */
import type { AbsPath } from "../../lib/core/path.ts";
import { listRecords } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";
import { HOMES, makeHome } from "../scripts/homes.ts";
import { commandLine, run, runJson, start } from "../scripts/program.ts";
import { IS_LINUX } from "../system/fixture.ts";
import { randomFrom } from "./appender.ts";
import { checkRecords } from "./checker.ts";
import { readHome, RECORDS, removeTree } from "./state.ts";

const TOGETHER = scaled(10, 50);
const ROUNDS = scaled(2, 100);
/** Every so many rounds whoever holds the lock is killed. */
const KILL_EVERY = 4;

const ALL = ["--include-archived", "--include-empty", "--source", "any", "--keep", "1000"];
const TARGETS = ["relay", "custom"];

interface Tally {
  runs: number;
  worked: number;
  waited: number;
  killed: number;
  leaked: number;
  readonly faults: string[];
}

/** One round on a fresh home; every second one is of runs that all want the same. */
async function round(number: number, random: () => number, tally: Tally): Promise<void> {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-crowd-" }));
  const home = `${root}/home`;
  try {
    makeHome(home, HOMES["vanished"] ?? []);
    const isKilling = number % KILL_EVERY === KILL_EVERY - 1;
    const hunter = isKilling ? killHolder(home, random() * 80) : Promise.resolve(0);
    const same = number % 2 === 0;
    const runs = await Promise.all(Array.from({ length: TOGETHER }, (_, k) => {
      const target = TARGETS[same ? 0 : k % TARGETS.length] ?? "";
      return start(["sync", "--provider", target, ...ALL, "--apply", "--json"], { home });
    }));
    const killed = await hunter;
    tally.killed += killed;
    const records = listRecords(realDisk, home as AbsPath);
    judge(runs, same, killed, records.length, tally);
    await finish(home, records.map(({ id }) => Number.parseInt(id)), killed, tally);
  } finally {
    removeTree(root);
  }
}

function judge(
  runs: readonly { readonly code: number; readonly stdout: string; readonly stderr: string }[],
  same: boolean,
  killed: number,
  records: number,
  tally: Tally,
): void {
  let [worked, silent] = [0, 0];
  for (const { code, stdout, stderr } of runs) {
    tally.runs++;
    if (stdout === "") {
      silent++;
      continue;
    }
    const { result, errors } = JSON.parse(stdout) as {
      readonly result: { readonly applied?: boolean } | null;
      readonly errors: readonly { readonly code: string; readonly message: string }[];
    };
    if (result?.applied === true) worked++;
    if (code === 6) tally.waited++;
    const isElsewhere = errors.every((error) => error.code === "codex-running");
    // What a run made is looked at before the next one begins.
    const isLate = errors.some(({ message }) => message.startsWith("not right afterwards"));
    // 8: a file was at work by another run when this one looked; 9: one was killed.
    if ((!isLate && [0, 6, 8].includes(code)) || (code === 3 && isElsewhere) || (code === 9 && killed > 0)) {
      continue;
    }
    tally.faults.push(`exit ${code}: ${errors.map(({ message }) => message).join("; ")} ${stderr}`);
  }
  tally.worked += worked;
  if (silent !== killed) tally.faults.push(`${silent} runs said nothing, ${killed} were killed`);
  if (killed > 0) return;
  if (records !== worked) tally.faults.push(`${worked} say that they worked, there are ${records} records`);
  if (worked === 0 || (same && worked !== 1)) tally.faults.push(`${worked} worked`);
}

/** The lock is free, what was cut off can be taken back, and the home is whole. */
async function finish(home: string, seqs: readonly number[], killed: number, tally: Tally): Promise<void> {
  const isNumbered = [...seqs].sort((a, b) => a - b).every((seq, n) => seq === n + 1);
  if (!isNumbered) tally.faults.push(`records are numbered ${seqs.join(", ")}`);
  if (killed > 0) {
    const { code, stderr } = await run(["recover"], { home });
    if (code !== 0) tally.faults.push(`recover ended with ${code}: ${stderr}`);
  }
  const after = await runJson(["sync", "--provider", "relay", ...ALL, "--apply"], { home });
  if (after.code === 6) tally.leaked++;
  if (after.code !== 0) tally.faults.push(`the next run ended with ${after.code}: ${after.stderr}`);
  const again = await runJson(["sync", "--provider", "relay", ...ALL, "--check"], { home });
  if (again.code !== 0) tally.faults.push("the next run left something to do");
  tally.faults.push(...checkRecords(home));
  const { integrity } = readHome(home);
  if (integrity !== "ok") tally.faults.push(integrity);
}

/** Kills the first process that is seen to hold the lock, some milliseconds later; 1 where there was one. */
async function killHolder(home: string, delayMs: number): Promise<number> {
  for (const end = performance.now() + 20_000; performance.now() < end;) {
    const pid = holderOf(`${home}/${RECORDS}/lock`);
    if (pid !== undefined && isOurs(pid)) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      // By then another one may hold it, or the same number belong to nobody.
      if (holderOf(`${home}/${RECORDS}/lock`) !== pid || !isOurs(pid)) continue;
      Deno.kill(pid, "SIGKILL");
      return 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return 0;
}

/** From the kernel's table of locks: no lock is taken to find out. */
function holderOf(path: string): number | undefined {
  try {
    const { ino } = Deno.lstatSync(path);
    const line = Deno.readTextFileSync("/proc/locks").split("\n").find((text) =>
      /FLOCK .* WRITE/.test(text) && text.includes(`:${ino} `) && !text.includes("->")
    );
    const pid = Number(line?.split(/\s+/)[4]);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const PROGRAM_NAME = commandLine({})[0] ?? "";

function isOurs(pid: number): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).startsWith(PROGRAM_NAME);
  } catch {
    return false;
  }
}

Deno.test({
  name: `${TOGETHER} runs started together: one works at a time, and a killed holder holds nothing`,
  ignore: !IS_LINUX,
  fn: async () => {
    const started = performance.now();
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    const random = randomFrom(seed);
    const tally: Tally = { runs: 0, worked: 0, waited: 0, killed: 0, leaked: 0, faults: [] };
    // A small sample has a round with a kill, too.
    for (let number = KILL_EVERY - 2; number < KILL_EVERY - 2 + ROUNDS; number++) {
      await round(number, random, tally);
    }
    const { runs, worked, waited, killed, leaked, faults } = tally;
    const counts = { runs, rounds: ROUNDS, worked, "told to wait": waited, killed, "locks leaked": leaked };
    report("runs started together", `${TOGETHER} at a time, seed ${seed}`, counts, started);
    assertEquals(faults, [], `seed ${seed}`);
    assert(killed > 0 && worked > 0, "nobody was killed, or nobody worked");
  },
});
