/** Records that were forged, damaged or put behind links: nothing outside of the home is written, nothing else inside (G24). */
import { report } from "../proof/figure.ts";
import { IS_BINARY } from "../scripts/program.ts";
import { onStage } from "../scripts/stage.ts";
import { IS_UNIX } from "../system/fixture.ts";
import {
  type Bench,
  folderOf,
  FORGERIES,
  type Forgery,
  setTripwires,
  tripped,
  tripwires,
  writeRecord,
} from "./forge.ts";
import { expectNone, inLanes, some, system, watch } from "./rig.ts";

const GROUP = "forged records";

/** What is done with a record that says it is finished. */
const WITH_FINISHED: readonly (readonly string[])[] = [
  ["backups", "verify", "--deep", "--json"],
  ["restore", "--apply", "--json"],
  ["restore", "ID", "--force", "--apply", "--json"],
  ["backups", "prune", "--keep", "0", "--apply", "--json"],
  ["sync", "--apply", "--json"],
];

/** What is done with one that was left open. */
const WITH_OPEN: readonly (readonly string[])[] = [
  ["status", "--json"],
  ["recover", "--json"],
  ["sync", "--apply", "--json"],
];

/** A program that works on a home and its records: the one under test, or a naive one. */
type Work = (bench: Bench, args: readonly string[]) => Promise<readonly string[]>;

const program: Work = async ({ home, id }, args) => {
  const { faults } = await watch(args.map((word) => word === "ID" ? id : word), { home });
  return faults;
};

interface Judged {
  readonly runs: number;
  readonly escapes: readonly string[];
  readonly faults: readonly string[];
}

/** Makes homes with a record each, and a place to forge it in; `use` gets a fresh one every time it asks. */
async function withBench(use: (fresh: () => Bench) => Promise<void>): Promise<void> {
  await onStage([{ provider: "openai" }, { provider: "custom", compressed: true }], async (stage) => {
    setTripwires(stage.folder);
    await stage.run(["sync", "--apply"]);
    const [id = ""] = stage.records();
    const known = { root: stage.folder, home: stage.home, id, threads: stage.threads };
    const manifest = JSON.parse(Deno.readTextFileSync(`${folderOf(known)}/manifest.json`)) as Record<
      string,
      unknown
    >;
    const changes = Deno.readTextFileSync(`${folderOf(known)}/changes.jsonl`).trimEnd().split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const pristine = `${stage.folder}/pristine`;
    system("cp", "-a", stage.home, pristine);
    await use(() => {
      for (const name of ["home", "away", "second"]) system("rm", "-rf", `${stage.folder}/${name}`);
      system("cp", "-a", pristine, stage.home);
      return { ...known, manifest, changes };
    });
  });
}

async function judge(forgeries: readonly Forgery[], work: Work): Promise<Judged> {
  const escapes: string[] = [];
  const faults: string[] = [];
  let runs = 0;
  await withBench(async (fresh) => {
    for (const { name, parts, plant } of forgeries) {
      for (const end of ["committed", undefined] as const) {
        const bench = fresh();
        if (parts !== undefined || end === undefined) writeRecord(bench, parts?.(bench) ?? {}, end);
        plant?.(bench);
        const before = tripwires(bench);
        for (const args of end === undefined ? WITH_OPEN : WITH_FINISHED) {
          runs++;
          faults.push(...(await work(bench, args)).map((fault) => `${name}: ${fault}`));
          const found = tripped(before, tripwires(bench));
          escapes.push(...found.slice(0, 2).map((line) => `${name}, ${args.join(" ")}: ${line}`));
          if (found.length > 0) break;
        }
      }
    }
  });
  return { runs, escapes, faults };
}

Deno.test({
  name: "a forged record makes no command write outside of the home, or to what no command changes",
  ignore: !(IS_UNIX && IS_BINARY),
  fn: async () => {
    const started = performance.now();
    const chosen = some(FORGERIES, 14);
    const halves = [chosen.filter((_, n) => n % 2 === 0), chosen.filter((_, n) => n % 2 === 1)];
    const all: Judged[] = [];
    await inLanes(halves, async (half) => void all.push(await judge(half, program)));
    const escapes = all.flatMap((one) => one.escapes);
    const faults = all.flatMap((one) => one.faults);
    const runs = all.reduce((sum, one) => sum + one.runs, 0);
    report(GROUP, "restore, recover, verify, prune", {
      records: chosen.length,
      runs,
      "files touched outside": escapes.length,
      "other faults": faults.length,
    }, started);
    expectNone(escapes);
    expectNone(faults);
  },
});

/** What a short script would do: puts every file of a record back under the name that the record gives it. */
const naive: Work = (bench) => {
  const text = Deno.readTextFileSync(`${folderOf(bench)}/changes.jsonl`);
  for (const line of text.split("\n").filter((one) => one.startsWith("{"))) {
    try {
      const { path } = JSON.parse(line) as { path?: string };
      if (path !== undefined) Deno.writeTextFileSync(`${bench.home}/${path}`, "put back");
    } catch {
      // Not a name that this system has.
    }
  }
  return Promise.resolve([]);
};

Deno.test({
  name: "a program that joins the names of a record to the home is found guilty",
  ignore: !IS_UNIX,
  fn: async () => {
    const started = performance.now();
    // Names that lead elsewhere here and now; none that would reach what is not the test's own.
    const own = FORGERIES.filter(({ name }) => /^an edit of "[^/"]*(outside|auth|skills|beside)/.test(name));
    const { runs, escapes } = await judge(own, naive);
    report(
      GROUP,
      "a program that joins names",
      { records: own.length, runs, "files touched outside": escapes.length },
      started,
      {
        control: true,
      },
    );
    if (escapes.length < 4) {
      throw new Error(`only ${escapes.length} of ${own.length} forgeries were seen to work`);
    }
  },
});
