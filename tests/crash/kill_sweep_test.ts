/** Kills a run at every change it makes to the disk, one after the other, and looks at what is left. */
import { assert, assertEquals } from "../assert.ts";
import { checkRecovery, checkTorn, type Ends } from "./checker.ts";
import { messageLine, runUndisturbed } from "./home.ts";
import { NAIVE, openStage, type Scenario, scenarioOf, SCENARIOS, type Stage } from "./scenarios.ts";
import { copyTree, readHome } from "./state.ts";
import { emptyTally, FULL, points, runChild, summarize, type Tally } from "./sweep.ts";

const KILL = "`kill -9` at a change to the disk";
const TWICE = "`kill -9` while recovering";

/** Points per command in a sample, and runs that are cut off twice. */
const FEW = 8;
const FEW_PAIRS = 4;

/** How many changes to the disk an undisturbed run makes. */
async function countEffects(
  { home, scenario: { links = true } }: Stage,
  argv: readonly string[],
  reset: () => void,
): Promise<number> {
  for (let attempt = 1;; attempt++) {
    reset();
    const report = await runChild({ home, argv, at: 0, half: false, links });
    if (report?.code === 3 && attempt < 10) continue;
    assert(report !== undefined && report.code === 0, `${argv.join(" ")}: ${report?.err}${report?.out}`);
    return report.effects;
  }
}

async function sweep(scenario: Scenario, few: number): Promise<Tally> {
  const tally = emptyTally();
  const stage = await openStage(scenario);
  try {
    const total = await countEffects(stage, stage.argv, stage.reset);
    assert(total > 0, "nothing went through the disk under test");
    for (const at of points(total, few)) {
      for (const half of FULL ? [false, true] : [at % 2 === 0]) {
        await killAt(stage, at, half, tally);
      }
    }
    // The number of points is the same every time, or some were left out.
    assertEquals(await countEffects(stage, stage.argv, stage.reset), total);
  } finally {
    stage.dispose();
  }
  return tally;
}

async function killAt(stage: Stage, at: number, half: boolean, tally: Tally): Promise<void> {
  await mustKill(stage, stage.argv, at, half, stage.reset);
  tally.points++;
  const torn = checkTorn(stage.home, stage.ends);
  const lost = await checkRecovery(stage.home, stage.ends);
  judge(tally, `${stage.scenario.name}, killed at ${at}${half ? " midway" : ""}`, torn, lost);
}

/** Kills a run at a point, after `reset`. A Codex that is starting elsewhere on the machine can be in its way. */
async function mustKill(
  { home, scenario: { links = true } }: Stage,
  argv: readonly string[],
  at: number,
  half: boolean,
  reset: () => void,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    reset();
    const report = await runChild({ home, argv, at, half, links });
    if (report === undefined) return;
    assert(report.code === 3 && attempt < 10, `the kill at ${at} did not land: ${report.err}${report.out}`);
  }
}

function judge(tally: Tally, what: string, torn: readonly string[], lost: readonly string[]): void {
  if (torn.length > 0) tally.torn++;
  if (lost.length > 0) tally.unrecovered++;
  tally.faults.push(...[...torn, ...lost].map((text) => `${what}: ${text}`));
}

/** What a sample leaves out: the same paths are gone by another scenario. */
const RARE: ReadonlySet<string> = new Set([
  "sync of a large file",
  "all kinds without links",
  "database set aside without links",
  "restore of a repair",
]);

for (const one of SCENARIOS.filter(({ name }) => FULL || !RARE.has(name))) {
  Deno.test(`kill sweep: ${one.name} leaves old or new files wherever it is killed`, async () => {
    const started = performance.now();
    const tally = await sweep(one, FEW);
    summarize(KILL, one.name, tally, started);
    assert(tally.points > 0);
    assertEquals(tally.faults, []);
  });
}

/** What happens between a crash and recovering, and where that leads. */
interface Interlude {
  readonly happen: () => void;
  readonly ends: Ends;
}

/** Runs that are cut off, and recovering cut off after that. */
async function sweepTwice(
  names: readonly string[],
  interlude: (stage: Stage) => Promise<Interlude>,
): Promise<Tally> {
  const tally = emptyTally();
  for (const name of names) {
    const stage = await openStage(scenarioOf(name));
    try {
      const total = await countEffects(stage, stage.argv, stage.reset);
      const between = await interlude(stage);
      for (const at of points(total, FEW_PAIRS + 2)) await killTwice(stage, between, at, tally);
    } finally {
      stage.dispose();
    }
  }
  return tally;
}

/** Cuts a run off, then cuts off what is to take it back. */
async function killTwice(stage: Stage, { happen, ends }: Interlude, at: number, tally: Tally): Promise<void> {
  const { home, root, argv, scenario: { name } } = stage;
  const killed = `${root}/killed`;
  await mustKill(stage, argv, at, false, stage.reset);
  happen();
  copyTree(home, killed);
  const total = await countEffects(stage, ["recover"], () => copyTree(killed, home));
  for (const second of points(total, FEW_PAIRS)) {
    await mustKill(stage, ["recover"], second, second % 2 === 0, () => copyTree(killed, home));
    tally.points++;
    const torn = checkTorn(home, ends);
    judge(tally, `${name}, killed at ${at}, recover at ${second}`, torn, await checkRecovery(home, ends));
  }
}

Deno.test("kill sweep: recover can be killed anywhere, too", async () => {
  const started = performance.now();
  const names = FULL
    ? [
      "sync",
      "switch",
      "restore",
      "restore without links",
      "apply PLAN of all kinds",
      "all kinds without links",
    ]
    : ["switch", "apply PLAN of all kinds"];
  const tally = await sweepTwice(names, ({ ends }) => Promise.resolve({ happen: () => {}, ends }));
  summarize(TWICE, "recover", tally, started);
  assert(tally.points > 0);
  assertEquals(tally.faults, []);
});

Deno.test("kill sweep: what is appended after a crash is carried over once, wherever recover is killed", async () => {
  const started = performance.now();
  const names = FULL ? ["sync", "restore", "restore without links"] : ["restore without links"];
  const tally = await sweepTwice(names, withLines);
  summarize(TWICE, "recover of continued sessions", tally, started);
  assert(tally.points > 0);
  assertEquals(tally.faults, []);
});

/** Every plain rollout gets one line more after the crash. */
async function withLines({ ends, home, argv, reset }: Stage): Promise<Interlude> {
  const paths = [...ends.before.files.keys()].filter((path) => path.endsWith(".jsonl"));
  const line = JSON.stringify(messageLine(9, "paginated", "after the crash ".repeat(50))) + "\n";
  const happen = () => {
    for (const path of paths) Deno.writeTextFileSync(`${home}/${path}`, line, { append: true });
  };
  reset();
  happen();
  const before = readHome(home);
  reset();
  await runUndisturbed(home, argv);
  happen();
  const after = readHome(home);
  const continued = new Set(paths);
  return {
    happen,
    ends: { ...ends, before, after, continued, timeless: new Set([...ends.timeless, ...paths]) },
  };
}

Deno.test("kill sweep: the naive writer is found guilty", async () => {
  const started = performance.now();
  const tally = await sweep(NAIVE, FEW);
  summarize(KILL, "naive writer", tally, started, { control: true });
  assert(tally.torn > 0, "a writer without a record passed: the sweep sees nothing");
});
