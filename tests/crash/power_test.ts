/**
 * A power cut: the home lies on a file system in a file, and at an effect of a run that file is copied as it is, with
 * all that the system holds back in memory missing. The copy is mounted, and what is on it must be recoverable (G5).
 */
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { IS_ROOT } from "../system/fixture.ts";
import { awayFrom, checkRecovery, checkTorn } from "./checker.ts";
import { faultDisk } from "./fault_disk.ts";
import { runOn } from "./home.ts";
import { naiveSync } from "./naive.ts";
import { NAIVE, openStage, type Scenario, scenarioOf, type Stage } from "./scenarios.ts";
import { emptyTally, points, summarize, type Tally } from "./sweep.ts";

const GROUP = "power cut (images of a file system)";
const IMAGE_BYTES = 24 * 1024 * 1024;
/** Images per command and kind of file system in a sample. */
const FEW = 3;

/** A kind of file system. */
interface Kind {
  readonly name: string;
  readonly make: readonly string[];
  readonly options: string;
  /** Repairs it as the system does after such a start; exit statuses up to this one are fine. */
  readonly check?: readonly [command: readonly string[], most: number];
}

const EXT4 = ["mkfs.ext4", "-q", "-F"];
const KINDS: readonly Kind[] = [
  { name: "ext4, data=ordered", make: EXT4, options: "loop,data=ordered,commit=1" },
  { name: "ext4, data=writeback", make: EXT4, options: "loop,data=writeback,commit=60" },
  {
    name: "ext4 without a journal",
    make: [...EXT4, "-O", "^has_journal"],
    options: "loop",
    check: [["e2fsck", "-f", "-y"], 1],
  },
  { name: "xfs", make: ["mkfs.xfs", "-q", "-f"], options: "loop" },
];

function works(command: readonly string[]): boolean {
  try {
    const [program = "", ...args] = command;
    return new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

function must(command: readonly string[], most = 0): void {
  const [program = "", ...args] = command;
  const { code, stderr } = new Deno.Command(program, { args, stdin: "null" }).outputSync();
  if (code > most) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** An image of a file system that is mounted on a folder. */
interface Disk {
  readonly image: string;
  readonly mount: string;
  readonly folder: string;
}

/** Makes an image and mounts it; everything is gone afterwards. */
async function onImage(kind: Kind, use: (disk: Disk) => Promise<void>): Promise<void> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-power-" }));
  const disk = { folder, image: `${folder}/image`, mount: `${folder}/mount` };
  Deno.mkdirSync(disk.mount);
  Deno.writeFileSync(disk.image, new Uint8Array());
  // The smallest that mkfs.xfs makes is larger than what the others need; holes take no space.
  Deno.truncateSync(disk.image, kind.name === "xfs" ? 320 * 1024 * 1024 : IMAGE_BYTES);
  try {
    must([...kind.make, disk.image]);
    must(["mount", "-o", kind.options, disk.image, disk.mount]);
    await use(disk);
  } finally {
    works(["umount", disk.mount]);
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Whether this machine lets us mount such an image at all. */
function canMount(kind: Kind): boolean {
  if (!IS_ROOT || !works([kind.make[0] ?? "", "-V"])) return false;
  const folder = Deno.makeTempDirSync({ prefix: "codexkeep-power-" });
  try {
    Deno.writeFileSync(`${folder}/image`, new Uint8Array());
    Deno.truncateSync(`${folder}/image`, kind.name === "xfs" ? 320 * 1024 * 1024 : IMAGE_BYTES);
    Deno.mkdirSync(`${folder}/mount`);
    return works([...kind.make, `${folder}/image`]) &&
      works(["mount", "-o", kind.options, `${folder}/image`, `${folder}/mount`]) &&
      works(["umount", `${folder}/mount`]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Runs the command, copying the image at the effects `at` (0: when it is over). */
async function runAndCopy(stage: Stage, disk: Disk, at: readonly number[]): Promise<number> {
  stage.reset();
  must(["sync", "-f", disk.mount]);
  const wanted = new Set(at);
  const { disk: watched, effects } = faultDisk(realDisk, {
    count: "writes",
    strike: ({ n }) => {
      if (wanted.has(n)) copyImage(disk, n);
    },
  });
  const ran = stage.argv[0] === "naive"
    ? naiveSync(watched, stage.home)
    : await runOn(stage.home, watched, stage.argv);
  assertEquals(ran.code, 0, ran.err);
  if (wanted.has(0)) copyImage(disk, 0);
  return effects();
}

function copyImage({ image, folder }: Disk, n: number): void {
  must(["cp", "--sparse=always", image, `${folder}/cut-${n}`]);
}

/** Mounts what was left at effect `n` in the place of the image and looks at it. */
async function judge(stage: Stage, disk: Disk, kind: Kind, n: number, tally: Tally): Promise<void> {
  const cut = `${disk.folder}/cut-${n}`;
  must(["umount", disk.mount]);
  if (kind.check !== undefined) must([...kind.check[0], cut], kind.check[1]);
  must(["mount", "-o", kind.options, cut, disk.mount]);
  tally.points++;
  const torn = checkTorn(stage.home, stage.ends);
  // A run that said that it is done must have lasted.
  const lost = n === 0
    ? [...awayFrom(stage.home, stage.ends, "after", "leftovers")]
    : await checkRecovery(stage.home, stage.ends);
  if (torn.length > 0) tally.torn++;
  if (lost.length > 0) tally.unrecovered++;
  tally.faults.push(
    ...[...torn, ...lost].map((text) => `${stage.scenario.name}, ${kind.name}, cut at ${n}: ${text}`),
  );
  must(["umount", disk.mount]);
  Deno.removeSync(cut);
  must(["mount", "-o", kind.options, disk.image, disk.mount]);
}

async function sweep(scenario: Scenario, kind: Kind, few: number): Promise<Tally> {
  const tally = emptyTally();
  await onImage(kind, async (disk) => {
    const stage = await openStage(scenario, disk.mount);
    const total = await runAndCopy(stage, disk, []);
    const at = [...points(total, few), 0];
    // A few at a time: every copy is as large as what is on the disk.
    for (let i = 0; i < at.length; i += 16) {
      const some = at.slice(i, i + 16);
      await runAndCopy(stage, disk, some);
      for (const n of some) await judge(stage, disk, kind, n, tally);
    }
  });
  return tally;
}

const COMMANDS = ["sync", "switch", "restore", "apply PLAN of all kinds"];

for (const kind of KINDS) {
  Deno.test({
    name: `power cut: ${kind.name}`,
    ignore: !canMount(kind),
    fn: async () => {
      for (const name of COMMANDS) {
        const started = performance.now();
        const tally = await sweep(scenarioOf(name), kind, FEW);
        summarize(GROUP, `${name}, ${kind.name}`, tally, started);
        assert(tally.points > 0);
        assertEquals(tally.faults, []);
      }
    },
  });
}

Deno.test({
  name: "power cut: the naive writer is found guilty",
  ignore: !canMount(KINDS[1]!),
  fn: async () => {
    const started = performance.now();
    const tally = await sweep(NAIVE, KINDS[1]!, 12);
    summarize(GROUP, "naive writer", tally, started, { control: true });
    assert(
      tally.torn + tally.unrecovered > 0,
      "a writer that waits for no disk passed: the sweep sees nothing",
    );
  },
});
