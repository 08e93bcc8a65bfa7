/** Damage is a finding, never a crash, and never mended silently (G16). */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { sha256 } from "../../lib/core/bytes.ts";
import { report } from "../proof/figure.ts";
import { FULL } from "../proof/size.ts";
import { pick } from "../scripts/contract.ts";
import { IS_BINARY } from "../scripts/program.ts";
import { onStage, type Stage } from "../scripts/stage.ts";
import { differences, type Tree, treeOf } from "../scripts/tree.ts";
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

/** Every command that looks. */
const LOOKS: readonly (readonly string[])[] = [
  ["status", "--json"],
  ["status", "--verbose"],
  ["explain", "019b0001", "--json"],
  ["sync", "--json"],
  ["repair", "all", "--json"],
  ["sync", "--check", "--verbose"],
];

/** A home with a thread for each shape and two sound ones. */
interface Trial {
  readonly stage: Stage;
  readonly shapes: readonly Shape[];
  /** Where the shapes are, in the home. */
  readonly places: readonly string[];
  readonly faults: string[];
  runs: number;
}

async function withTrial(shapes: readonly Shape[], use: (trial: Trial) => Promise<void>): Promise<Trial> {
  let trial: Trial | undefined;
  await onStage(
    [...shapes.map(({ compressed = false }) => ({ ...SOUND, compressed })), SOUND, SOUND],
    async (stage) => {
      const places = shapes.map((shape, n) => {
        const { id, files: [file = ""] } = stage.threads[n]!;
        const path = stage.path(file);
        const text = shape.compressed ? "" : Deno.readTextFileSync(path);
        shape.make({ path, text, id, outside: `${stage.folder}/outside-${n}.jsonl` });
        return file;
      });
      trial = { stage, shapes, places, faults: [], runs: 0 };
      await use(trial);
    },
  );
  return trial!;
}

async function run(trial: Trial, ...args: readonly string[]): Promise<Watched> {
  trial.runs++;
  const seen = await watch(args, { home: trial.stage.home });
  trial.faults.push(...seen.faults);
  return seen;
}

async function judge(trial: Trial): Promise<void> {
  const { stage, shapes, faults } = trial;
  const before = treeOf(stage.home);
  const hold = (what: string, then: Tree) =>
    faults.push(...differences(then, treeOf(stage.home)).map((line) => `${what}: ${line}`));
  for (const args of LOOKS) await run(trial, ...args);
  const found = await run(trial, "diagnose", "--json", "--max-samples", "1000");
  hold("looking", before);
  faults.push(...shapes.flatMap((shape, n) => findingFault(found, shape, trial.places[n]!)));
  const done = await run(trial, "sync", "--apply", "--json");
  const after = treeOf(stage.home);
  faults.push(...outcomeFaults(trial, done, before, after));
  await run(trial, "sync", "--apply", "--json");
  hold("the second sync", after);
  await run(trial, "restore", "--apply", "--json");
  const back = treeOf(stage.home);
  faults.push(
    ...[...before].filter(([path, line]) => contentIn(line) !== contentIn(back.get(path))).map(([path]) =>
      `restore: "${path}" is not as it was`
    ).filter((line) => !line.includes("state_5.sqlite")),
  );
}

/** Kind and content in a line of a tree, without its times. */
function contentIn(line = ""): string {
  const words = line.split(" ");
  return words[0] === "file" ? `file ${words.at(-1)}` : words[0] ?? "";
}

function findingFault(found: Watched, { name, says }: Shape, file: string): string[] {
  const findings = (pick(found.document ?? { result: null }, "findings") ?? []) as {
    code: string;
    samples: string[];
  }[];
  const about = findings.filter(({ code }) => code === "rollout-damaged").flatMap((one) => one.samples)
    .filter((sample) => sample.includes(file));
  if (says === undefined) return about.length === 0 ? [] : [`${name}: is called damaged: ${about[0]}`];
  return about.some((sample) => sample.includes(says)) ? [] : [`${name}: said "${about[0]}", not "${says}"`];
}

/** What a shape must come to: left as it is and named, or relabelled like every other rollout. */
function outcomeFaults({ stage, shapes, places }: Trial, done: Watched, before: Tree, after: Tree): string[] {
  const skipped = (pick(done.document ?? { result: null }, "plan.skipped") ?? []) as { subject: string }[];
  const faults = shapes.flatMap(({ name, says }, n) => {
    const file = places[n]!;
    const same = before.get(file) === after.get(file) && before.get(`${file}/`) === after.get(`${file}/`);
    const named = skipped.some(({ subject }) => subject === stage.threads[n]!.id);
    const left = says !== undefined;
    return same === left && named === left
      ? []
      : [`${name}: left is ${same}, named is ${named}, not ${left}`];
  });
  const code = shapes.some(({ says }) => says !== undefined) ? 8 : 0;
  if (done.code !== code) faults.push(`sync ended with ${done.code}: ${done.stdout.slice(0, 300)}`);
  for (const n of [shapes.length + 1, shapes.length + 2]) {
    if (stage.copies(n) !== "relay") faults.push(`${shapes[0]?.name}: a sound thread was left out`);
  }
  return faults;
}

Deno.test({
  name: "every shape of rollout is told by name, left as it is or read as Codex reads it, and stops no other",
  ignore: !(IS_ROOT && IS_BINARY),
  fn: async () => {
    const started = performance.now();
    const light = SHAPES.filter(({ heavy }) => !heavy);
    const groups = FULL ? [SHAPES, ...SHAPES.map((shape) => [shape])] : [light];
    const faults: string[] = [];
    let runs = 0;
    await inLanes(groups, async (shapes) => {
      const trial = await withTrial(shapes, judge);
      runs += trial.runs;
      faults.push(...trial.faults);
    });
    const shapes = (FULL ? SHAPES : light).length;
    report(GROUP, "contents, links and devices", { shapes, runs, "wrong outcomes": faults.length }, started);
    expectNone(faults);
  },
});

Deno.test({
  name: "a checker that looks for the wrong outcome finds it: a program that mends in silence would be seen",
  ignore: !(IS_ROOT && IS_BINARY),
  fn: async () => {
    const started = performance.now();
    // The same files, judged as if the damaged ones were to be relabelled and the odd ones to be called damaged.
    const wrong = [
      ...SHAPES.filter(({ says }) => says !== undefined).slice(0, 5).map((shape) => ({
        ...shape,
        says: undefined,
      })),
      ...SHAPES.filter(({ says, heavy }) => says === undefined && !heavy).slice(0, 5).map((shape) => ({
        ...shape,
        says: "x",
      })),
    ];
    const { faults } = await withTrial(wrong, judge);
    report(
      GROUP,
      "expectations the wrong way round",
      { shapes: wrong.length, "wrong outcomes": faults.length },
      started,
      {
        control: true,
      },
    );
    assert(faults.length >= wrong.length, faults.join("\n"));
  },
});

Deno.test({
  name: "rollouts that may not be read are named, and so is a folder of them",
  ignore: !CAN_BE_NOBODY,
  fn: async () => {
    const started = performance.now();
    await onStage([SOUND, SOUND, SOUND], async (stage) => {
      Deno.chmodSync(stage.folder, 0o755);
      giveAway(stage.home);
      const [shut = "", within = ""] = stage.threads.map(({ files }) => stage.path(files[0]!));
      Deno.chmodSync(shut, 0o000);
      const folder = within.slice(0, within.lastIndexOf("/"));
      Deno.chmodSync(folder, 0o000);
      const setting = { home: stage.home, under: AS_NOBODY };
      const found = await watch(["diagnose", "--json"], setting);
      const done = await watch(["sync", "--apply", "--json"], setting);
      Deno.chmodSync(folder, 0o700);
      const faults = [...found.faults, ...done.faults];
      report(GROUP, "no permission", { shapes: 2, runs: 2, "wrong outcomes": faults.length }, started);
      expectNone(faults);
      assertStringIncludes(found.stdout, "permission denied");
      assertEquals(done.code, 8, done.stdout);
      assertEquals([1, 2, 3].map((n) => stage.copies(n)), ["openai", "openai", "relay"]);
    });
  },
});

/** Names beside a sound rollout, made of bytes; those that are no text or not safe everywhere are left alone. */
const MAKE_NAMES = `
import os, sys
folder, source, id = os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2]), os.fsencode(sys.argv[3])
text = open(source, "rb").read()
names = [b"\\xff\\xfe", b"a\\nb", b"\\x1b]0;x\\x07", b"tail.", b"tail ", b"con", b"a:b", b"back\\\\slash", b"x" * 255,
         "\\u202egnp".encode(), "\\u200b".encode(), "e\\u0301".encode(), "\\u00e9".encode(), b"-rf", b"$(x)", b"'", b"%s"]
for name in names:
    try:
        os.mkdir(os.path.join(folder, name))
        open(os.path.join(folder, name, b"rollout-2026-01-06T10-00-00-" + id + b".jsonl"), "wb").write(text)
    except OSError: pass
for name in [b"rollout-\\xff-" + id + b".jsonl", b"rollout-" + b"x" * (255 - 51) + b"-" + id + b".jsonl", b"rollout-" + id + b".jsonl.zst"]:
    open(os.path.join(folder, name), "wb").write(text)
`;

Deno.test({
  name: "names that are no text, too long or not safe everywhere stop nothing",
  ignore: !(IS_ROOT && IS_BINARY),
  fn: async () => {
    const started = performance.now();
    await onStage([SOUND, SOUND], async (stage) => {
      const { id, files: [file = ""] } = stage.threads[0]!;
      system("python3", "-c", MAKE_NAMES, stage.path("sessions"), stage.path(file), id);
      const faults: string[] = [];
      const before = listing(stage.home);
      const lines = [["status"], ["diagnose", "--json"], ["diagnose", "--verbose"], ["sync"], [
        "explain",
        id,
      ]];
      for (const args of lines) faults.push(...(await watch(args, { home: stage.home })).faults);
      if (listing(stage.home) !== before) faults.push("looking changed something");
      const done = await watch(["sync", "--apply", "--json"], { home: stage.home });
      faults.push(...done.faults);
      report(
        GROUP,
        "names",
        { shapes: 20, runs: lines.length + 1, "wrong outcomes": faults.length },
        started,
      );
      expectNone(faults);
      assertEquals(done.code, 8, done.stdout);
      assertEquals(stage.copies(2), "relay");
    });
  },
});

/** All names with kind, mode, size, time and number; the runtime has no words for names that are no text. */
function listing(folder: string): string {
  const { stdout } = new Deno.Command("find", { args: [folder, "-printf", "%p %y %m %s %T@ %i\\n"] })
    .outputSync();
  return sha256(stdout);
}
