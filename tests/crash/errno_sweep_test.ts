/** Lets every call to the disk fail, one after the other and for good, and looks at what is left and what is said. */
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { awayFrom, checkRecords, checkTorn } from "./checker.ts";
import { type Effect, failWith, faultDisk, strikeAt } from "./fault_disk.ts";
import { type Ran, runOn } from "./home.ts";
import { afterFailure, afterSuccess, documentOf } from "./judge.ts";
import { naiveSync } from "./naive.ts";
import { NAIVE, openStage, type Scenario, scenarioOf, SCENARIOS, type Stage } from "./scenarios.ts";
import { emptyTally, FULL, points, summarize, type Tally } from "./sweep.ts";

const ERRNO = "an error at a call to the disk";

/** Failures of the system, and the words that must reach the user. */
const CODES: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the device",
  EIO: "the disk reports an error",
  EACCES: "permission denied",
  EROFS: "the file system is read-only",
  EMFILE: "too many open files",
};

/** Points per command in a sample. */
const FEW = 15;

/** How a run is made to fail. */
interface Injury {
  readonly at: number;
  readonly code: string;
  readonly lasting: boolean;
  /** Half of the bytes are written before writing them fails. */
  readonly half: boolean;
}

/** A run that failed somewhere. */
interface Attempt extends Ran {
  /** Paths at which it was made to fail; empty when the run never came so far. */
  readonly struck: readonly string[];
}

interface ErrnoTally extends Tally {
  /** Runs that ended well although something failed: it did not matter for the change. */
  absorbed: number;
}

async function attempt(stage: Stage, injury: Injury): Promise<Attempt> {
  for (let round = 1;; round++) {
    stage.reset();
    const struck = new Set<string>();
    const strike = (effect: Effect) => {
      struck.add(effect.path);
      failWith(effect, injury.code, injury.half);
    };
    const { disk } = faultDisk(realDisk, {
      count: "all",
      strike: strikeAt(injury.at, injury.lasting, strike),
      links: stage.scenario.links ?? true,
    });
    const ran = stage.argv[0] === "naive"
      ? naiveSync(disk, stage.home)
      : await runOn(stage.home, disk, [...stage.argv, "--json"]);
    // Code 3: a Codex that is starting elsewhere on the machine.
    if (ran.code !== 3 || round === 10) return { ...ran, struck: [...struck] };
  }
}

/** How many calls to the disk an undisturbed run makes. */
async function countEffects({ home, argv, reset, scenario: { links = true } }: Stage): Promise<number> {
  reset();
  const { disk, effects } = faultDisk(realDisk, { count: "all", strike: () => {}, links });
  const ran = argv[0] === "naive" ? naiveSync(disk, home) : await runOn(home, disk, argv);
  return ran.code === 3 ? countEffects({ home, argv, reset, scenario: { links } } as Stage) : effects();
}

function injuries(total: number): Injury[] {
  const codes = Object.keys(CODES);
  if (FULL) {
    return points(total, total).flatMap((at) => [
      ...codes.flatMap((code) => [true, false].map((lasting) => ({ at, code, lasting, half: false }))),
      { at, code: "ENOSPC", lasting: false, half: true },
      { at, code: "ENOSPC", lasting: true, half: true },
    ]);
  }
  return points(total, FEW).map((at, k) => ({
    at,
    code: codes[k % codes.length] ?? "EIO",
    lasting: k % 2 === 0,
    half: k % 3 === 0,
  }));
}

async function sweep(scenario: Scenario): Promise<ErrnoTally> {
  const tally: ErrnoTally = { ...emptyTally(), absorbed: 0 };
  const stage = await openStage(scenario);
  try {
    const total = await countEffects(stage);
    for (const injury of injuries(total)) await injure(stage, injury, tally);
  } finally {
    stage.dispose();
  }
  return tally;
}

async function injure(stage: Stage, injury: Injury, tally: ErrnoTally): Promise<void> {
  const ran = await attempt(stage, injury);
  if (ran.struck.length === 0) return; // the call was one that this time was not needed
  tally.points++;
  const { at, code, lasting, half } = injury;
  const what = `${stage.scenario.name}, ${code} at ${at}${lasting ? " and on" : ""}${
    half ? ", short" : ""
  }, exit ${ran.code}`;
  const torn = checkTorn(stage.home, stage.ends);
  const wrong = ran.code === 0
    ? afterSuccess(stage)
    : [...silence(ran, code), ...await afterFailure(stage, ran)];
  if (ran.code === 0) tally.absorbed++;
  if (torn.length > 0) tally.torn++;
  if (wrong.length > 0) tally.unrecovered++;
  tally.faults.push(...[...torn, ...wrong].map((text) => `${what}: ${text}`));
}

/** What is missing from the words of a run that failed. */
function silence(ran: Attempt, code: string): string[] {
  if (ran.out === "") return ["it said nothing"];
  const { errors, warnings, result } = documentOf(ran);
  const said = [
    ...[...errors, ...warnings].map(({ message }) => message),
    ...result?.plan?.skipped.map(({ reason }) => reason) ?? [],
  ];
  const wrong: string[] = [];
  if (errors.some((error) => error.code === "internal")) {
    wrong.push(`it takes it for a fault of its own: ${said.join("; ")}`);
  }
  if (!said.some((text) => text.includes(CODES[code] ?? ""))) {
    wrong.push(`it does not say why: ${said.join("; ")}`);
  }
  const isNamed = ran.struck.some((path) => said.some((text) => text.includes(path)));
  if (!isNamed) wrong.push(`it does not say what failed: ${said.join("; ")}`);
  return wrong;
}

const NAMES = FULL ? SCENARIOS.map(({ name }) => name) : [
  "sync",
  "switch",
  "restore",
  "restore --force",
  "apply PLAN of all kinds",
  "restore of all kinds",
  "sync without links",
  "recover",
];

for (const name of NAMES) {
  Deno.test(`errno sweep: ${name} says what failed and leaves the old state`, async () => {
    const started = performance.now();
    const tally = await sweep(scenarioOf(name));
    summarize(ERRNO, name, tally, started, { counts: { absorbed: tally.absorbed } });
    assert(tally.points > 0, "nothing was made to fail");
    assertEquals(tally.faults, []);
  });
}

Deno.test("errno sweep: a run that was cut off is not overlooked when the disk fails", async () => {
  const started = performance.now();
  const tally = emptyTally();
  const stage = await openStage(scenarioOf("recover"));
  try {
    const sync = { ...stage, argv: ["sync", "--apply"] };
    for (const injury of injuries(await countEffects(sync))) {
      const { code, struck } = await attempt(sync, injury);
      if (struck.length === 0) continue;
      tally.points++;
      const wrong = awayFrom(stage.home, stage.ends, "before").slice(0, 1);
      if (code === 0) wrong.push("it ended well");
      if (wrong.length > 0) tally.torn++;
      tally.faults.push(...wrong.map((text) => `sync, ${injury.code} at ${injury.at}: ${text}`));
    }
  } finally {
    stage.dispose();
  }
  summarize(ERRNO, "sync after a crash", tally, started, { counts: { absorbed: 0 } });
  assert(tally.points > 0, "nothing was made to fail");
  assertEquals(tally.faults, []);
});

Deno.test("errno sweep: the naive writer is found guilty", async () => {
  const started = performance.now();
  const tally = await sweep(NAIVE);
  summarize(ERRNO, "naive writer", tally, started, { counts: { absorbed: tally.absorbed }, control: true });
  assert(tally.torn > 0, "a writer without a record passed: the sweep sees nothing");
});

Deno.test("errno sweep: a stop signal at any call leaves the old state, or all of the new", async () => {
  const started = performance.now();
  const tally = emptyTally();
  for (const name of ["sync", "switch", "apply PLAN of all kinds"]) {
    const stage = await openStage(scenarioOf(name));
    try {
      for (const at of points(await countEffects(stage), FEW)) await interrupt(stage, at, tally);
    } finally {
      stage.dispose();
    }
  }
  summarize("a stop signal at a call to the disk", "sync, switch, all kinds", tally, started);
  assert(tally.points > 0);
  assertEquals(tally.faults, []);
});

async function interrupt(stage: Stage, at: number, tally: Tally): Promise<void> {
  stage.reset();
  const controller = new AbortController();
  const strike = strikeAt(at, false, () => controller.abort());
  const { disk } = faultDisk(realDisk, { count: "all", strike });
  const ran = await runOn(stage.home, disk, stage.argv, controller.signal);
  if (ran.code === 3) return;
  tally.points++;
  const wrong = [...checkTorn(stage.home, stage.ends), ...checkRecords(stage.home)];
  wrong.push(...awayFrom(stage.home, stage.ends, ran.code === 0 ? "after" : "before").slice(0, 2));
  if (ran.code !== 0 && ran.code !== 130) wrong.push(`it ended with ${ran.code}`);
  if (wrong.length > 0) tally.torn++;
  tally.faults.push(...wrong.map((text) => `${stage.scenario.name}, stopped at ${at}: ${text}`));
}
