/** Damage is a finding, never a crash, and never mended silently (G16). */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { FULL } from "../proof/size.ts";
import { pick } from "../scripts/contract.ts";
import { IS_BINARY } from "../scripts/program.ts";
import { onStage, type Stage } from "../scripts/stage.ts";
import { differences, treeOf } from "../scripts/tree.ts";
import { IS_ROOT } from "../system/fixture.ts";
import {
  AS_NOBODY,
  CAN_BE_NOBODY,
  expectNone,
  giveAway,
  inLanes,
  system,
  watch,
  type Watched,
} from "./rig.ts";
import { type Shape, SHAPES } from "./rollouts.ts";

const GROUP = "hostile rollouts";
const SOUND = { provider: "openai" } as const;

/** A home with a thread for each shape, and two that are as they should be. */
async function withShapes(
  shapes: readonly Shape[],
  use: (stage: Stage, places: readonly string[]) => Promise<void>,
): Promise<void> {
  const specs = shapes.map(({ compressed = false }) => ({ ...SOUND, compressed }));
  await onStage([...specs, SOUND, SOUND], async (stage) => {
    const places = shapes.map((shape, n) => {
      const { id, files: [file = ""] } = stage.threads[n]!;
      const path = stage.path(file);
      const text = shape.compressed ? "" : Deno.readTextFileSync(path);
      shape.make({ path, text, id, outside: `${stage.folder}/outside-${n}.jsonl` });
      return file;
    });
    await use(stage, places);
  });
}

/** What every looking command says while the shapes are there; nothing may change. */
const LOOKS: readonly (readonly string[])[] = [
  ["status", "--json"],
  ["status", "--verbose"],
  ["explain", "019b0001", "--json"],
  ["sync", "--json"],
  ["repair", "all", "--json"],
  ["sync", "--check", "--verbose"],
];

/** Goes through everything with a home of these shapes and gives what was wrong. */
async function judge(shapes: readonly Shape[]): Promise<{ runs: number; faults: string[] }> {
  const faults: string[] = [];
  let runs = 0;
  await withShapes(shapes, async (stage, places) => {
    const setting = { home: stage.home };
    const before = treeOf(stage.home);
    const outside = treeOf(stage.folder, { without: ["home"], contentOnly: true });
    const look = async (...args: readonly string[]): Promise<Watched> => {
      const seen = await watch(args, setting);
      runs++;
      faults.push(...seen.faults);
      faults.push(...differences(before, treeOf(stage.home)).map((line) => `${args.join(" ")}: ${line}`));
      return seen;
    };
    for (const args of LOOKS) await look(...args);
    const found = await look("diagnose", "--json", "--max-samples", "1000");
    faults.push(...shapes.flatMap((shape, n) => foundFault(found, shape, places[n]!)));
    runs++;
    const done = await watch(["sync", "--apply", "--json"], setting);
    faults.push(...done.faults);
    const left = shapes.some(({ says }) => says !== undefined);
    if (done.code !== (left ? 8 : 0)) {
      faults.push(`sync --apply: exit ${done.code} ${done.stdout.slice(0, 300)}`);
    }
    const after = treeOf(stage.home);
    shapes.forEach((shape, n) => {
      const isSame = before.get(places[n]!) === after.get(places[n]!) &&
        before.get(`${places[n]!}/`) === after.get(`${places[n]!}/`);
      const skipped = (pick(done.document ?? { result: null }, "plan.skipped") ?? []) as {
        subject: string;
      }[];
      const named = skipped.some(({ subject }) => subject === stage.threads[n]!.id);
      const isLeft = shape.says !== undefined;
      if (isSame !== isLeft) faults.push(`${shape.name}: ${isSame ? "was left" : "was written to"}`);
      if (named !== isLeft) faults.push(`${shape.name}: ${named ? "is" : "is not"} among the skipped`);
    });
    for (const n of [shapes.length + 1, shapes.length + 2]) {
      if (stage.copies(n) !== "relay") faults.push(`${shapes[0]?.name}: a sound thread was left out`);
    }
    runs += 2;
    const again = await watch(["sync", "--apply", "--json"], setting);
    faults.push(...again.faults, ...differences(after, treeOf(stage.home)).map((line) => `again: ${line}`));
    const back = await watch(["restore", "--apply", "--json"], setting);
    faults.push(...back.faults);
    const then = treeOf(stage.home, { contentOnly: true, without: ["backups_state", "state_5.sqlite"] });
    const was = new Map([...before].map(([path, text]) => [path, text.replace(/ inode \d+/, "")]));
    for (const [path, text] of then) {
      if (path.endsWith("/") || text.startsWith("special")) continue;
      const hash = (line: string | undefined) => line?.split(" ").at(-1);
      if (hash(was.get(path)) !== hash(text)) faults.push(`restore: ${path} is not as it was`);
    }
    faults.push(
      ...differences(outside, treeOf(stage.folder, { without: ["home"], contentOnly: true }))
        .filter((line) => !line.startsWith("/")).map((line) => `outside: ${line}`),
    );
  });
  return { runs, faults };
}

function foundFault(found: Watched, { name, says }: Shape, file: string): string[] {
  const findings = (pick(found.document ?? { result: null }, "findings") ?? []) as {
    code: string;
    samples: string[];
  }[];
  const samples = findings.filter(({ code }) => code === "rollout-damaged").flatMap((one) => one.samples);
  const about = samples.filter((sample) => sample.includes(file));
  if (says === undefined) return about.length === 0 ? [] : [`${name}: is called damaged: ${about[0]}`];
  return about.some((sample) => sample.includes(says))
    ? []
    : [`${name}: said "${about[0] ?? "nothing"}", not "${says}"`];
}

Deno.test({
  name: "every shape of rollout is told by name, left as it is or read as Codex reads it, and stops no other",
  ignore: !(IS_ROOT && IS_BINARY),
  fn: async () => {
    const started = performance.now();
    const groups = FULL ? [SHAPES, ...SHAPES.map((shape) => [shape])] : [SHAPES];
    const all: string[] = [];
    let runs = 0;
    await inLanes(groups, async (shapes) => {
      const judged = await judge(shapes);
      runs += judged.runs;
      all.push(...judged.faults);
    });
    const counts = { shapes: SHAPES.length, runs, "wrong outcomes": all.length };
    report(GROUP, "files, links and devices", counts, started);
    expectNone(all);
  },
});
