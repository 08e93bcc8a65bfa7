/** A disk with less and less room: until a run fits, it ends with a failure and leaves the old state (G4). */
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { IS_ROOT } from "../system/fixture.ts";
import { awayFrom, checkRecords, checkTorn } from "./checker.ts";
import { runOn } from "./home.ts";
import { naiveSync } from "./naive.ts";
import { NAIVE, openStage, type Scenario, scenarioOf } from "./scenarios.ts";
import { emptyTally, points, summarize, type Tally } from "./sweep.ts";

const GROUP = "a disk that is full (tmpfs of every size)";
const STEP = 4096;
const FEW = 8;

function command(...words: readonly string[]): string {
  const [program = "", ...args] = words;
  const { success, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
  if (!success) throw new Error(`${words.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}

/** Bytes that are in use on a file system. */
function usedBytes(folder: string): number {
  const [blocks = 0, free = 0, size = 0] = command("stat", "-f", "-c", "%b %f %S", folder).split(" ").map(
    Number,
  );
  return (blocks - free) * size;
}

function canMount(): boolean {
  if (!IS_ROOT) return false;
  const folder = Deno.makeTempDirSync();
  try {
    command("mount", "-t", "tmpfs", "tmpfs", folder);
    command("umount", folder);
    return true;
  } catch {
    return false;
  } finally {
    Deno.removeSync(folder);
  }
}

/** What came of a command on disks of many sizes. */
interface Sizes extends Tally {
  /** Bytes of room with which it went through for the first time. */
  fits: number;
}

async function sweep(scenario: Scenario, mostBytes: number, few: number): Promise<Sizes> {
  const tally: Sizes = { ...emptyTally(), fits: 0 };
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-full-" }));
  command("mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "tmpfs", folder);
  try {
    const stage = await openStage(scenario, folder);
    // From too little to enough; in between every step counts, at the ends a few do.
    for (const step of points(Math.ceil(mostBytes / STEP), few)) {
      command("mount", "-o", "remount,size=64m", folder);
      stage.reset();
      const room = step * STEP;
      command("mount", "-o", `remount,size=${Math.ceil((usedBytes(folder) + room) / STEP) * STEP}`, folder);
      const ran = scenario.argv[0] === "naive"
        ? naiveSync(realDisk, stage.home)
        : await runOn(stage.home, realDisk, stage.argv);
      command("mount", "-o", "remount,size=64m", folder);
      tally.points++;
      const what = `${scenario.name}, ${room} bytes of room, exit ${ran.code}`;
      const torn = checkTorn(stage.home, stage.ends);
      const end = ran.code === 0 ? "after" : "before";
      const lost = [
        ...awayFrom(stage.home, stage.ends, end).slice(0, 2),
        ...ran.code === 0 ? checkRecords(stage.home) : [],
      ];
      if (ran.code === 0 && tally.fits === 0) tally.fits = room;
      if (ran.code !== 0 && !/space|room/.test(ran.err + ran.out)) {
        lost.push(`it does not say why: ${ran.err}`);
      }
      if (torn.length > 0) tally.torn++;
      if (lost.length > 0) tally.unrecovered++;
      tally.faults.push(...[...torn, ...lost].map((text) => `${what}: ${text}`));
    }
  } finally {
    command("umount", folder);
    Deno.removeSync(folder);
  }
  return tally;
}

const MOST = 10 * 1024 * 1024;

for (const name of ["sync", "switch", "apply PLAN of all kinds", "restore"]) {
  Deno.test({
    name: `full disk: ${name} says so and leaves the old state, until there is room`,
    ignore: !canMount(),
    fn: async () => {
      const started = performance.now();
      const tally = await sweep(scenarioOf(name), MOST, FEW);
      summarize(GROUP, name, tally, started);
      assert(tally.fits > 0, "it never went through");
      assertEquals(tally.faults, []);
    },
  });
}

Deno.test({
  name: "full disk: the naive writer is found guilty",
  ignore: !canMount(),
  fn: async () => {
    const started = performance.now();
    const tally = await sweep(NAIVE, 64 * 1024, 16);
    summarize(GROUP, "naive writer", tally, started, { control: true });
    assert(
      tally.torn + tally.unrecovered > 0,
      "a writer that looks for no room passed: the sweep sees nothing",
    );
  },
});
