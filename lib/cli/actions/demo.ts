/** `demo`: the whole way, by the same commands as ever, on a home that is made for it. */
import { AppError, EXIT_STATUS } from "../../core/error.ts";
import type { AbsPath } from "../../core/path.ts";
import type { ErrorReport } from "../../core/report.ts";
import { differences, dumpRows, treeHash } from "../../demo/prints.ts";
import type { BuiltHome } from "../../demo/home.ts";
import type { DemoReport, DemoStep, Proof } from "../../demo/report.ts";
import { look, type Seen } from "../../demo/seen.ts";
import { buildStory } from "../../demo/story.ts";
import { scan } from "../../engine/scan.ts";
import type { Machine } from "../../system/machine.ts";
import type { Invocation, Outcome } from "../command.ts";
import { makeOutcome } from "../outcome.ts";
import { parse } from "../parse.ts";
import { COMMANDS } from "../registry.ts";
import {
  ageText,
  bodyText,
  bodyView,
  closingText,
  demoVerdict,
  headingText,
  openingText,
  proofText,
  seenText,
} from "../render_demo.ts";
import { quote } from "../../text/terminal.ts";
import { openStage, type Stage } from "./demo_stage.ts";

/** Builds a home, repairs it and takes the repair back, in front of the user. */
export async function runDemo(input: Invocation): Promise<Outcome> {
  const stage = openStage(input.machine, input.flags.text("dir"));
  try {
    const report = await play(input, stage);
    return ending(input, report);
  } finally {
    if (!input.flags.has("keep")) stage.clear();
  }
}

/** The invocation of the demo with all that its commands share. */
interface Play {
  readonly input: Invocation;
  readonly machine: Machine;
  readonly built: BuiltHome;
  /** Flags that every command gets. */
  readonly flags: readonly string[];
  readonly steps: DemoStep[];
}

async function play(input: Invocation, { home }: Stage): Promise<DemoReport> {
  const machine = sealed(input.machine);
  // Where Codex cannot be tied to a home, one at work elsewhere would be in the way.
  const more = machine.os === "linux" ? [] : ["--allow-running"];
  const flags = ["--codex-home", home];
  input.say(openingText(home, more, input.flags.has("keep"), input.view));
  const built = buildStory(machine.disk, home, machine.now().getTime());
  const play: Play = { input, machine, built, flags, steps: [] };
  const before = printHome(machine, built);

  const seenBefore = await lookAt(play, "What you would see");
  await runStep(play, "What is wrong", ["diagnose", "--max-samples", "1"]);
  await runStep(play, "What would be done about it", ["sync", "--dry-run"]);
  await runStep(play, "Do it, and check it", ["sync", "--apply", ...more], { planShown: true });
  const seenAfter = await lookAt(play, "What you would see now");
  await runStep(play, "Take it back", ["restore", "latest", "--apply", ...more]);
  const restored = compare(before, printHome(machine, built));
  input.say(proofText(restored, input.view));
  return {
    home,
    kept: input.flags.has("keep"),
    steps: play.steps,
    shown: { before: countOf(seenBefore), after: countOf(seenAfter) },
    restored,
  };
}

/** The machine without any way to the user's own home: whatever the environment says of it is not there. */
function sealed(machine: Machine): Machine {
  return {
    ...machine,
    env: (name) => name.startsWith("CODEX_") ? undefined : machine.env(name),
    userHome: undefined,
  };
}

/** Runs a command line, prints it and what it prints, and keeps its result. */
async function runStep(
  play: Play,
  title: string,
  argv: readonly string[],
  options: { readonly planShown?: boolean } = {},
): Promise<void> {
  const { input, machine, flags, steps } = play;
  const { signal, view } = input;
  await breathe(signal);
  input.say(headingText(steps.length + 1, title, `codexkeep ${argv.join(" ")}`, view));
  const line = parse([...argv, ...flags], COMMANDS);
  if (line.kind !== "run") throw new TypeError(`"${argv.join(" ")}" names no command`);
  const outcome = await line.command.run({
    ...input,
    ...line,
    machine,
    view: bodyView(view),
    ask: () => Promise.resolve(undefined),
    say: (lines) => {
      if (!options.planShown) input.say(bodyText([...lines, ""], view));
    },
  });
  const notes = [
    ...outcome.warnings.map(({ message }) => `note: ${quote(message)}`),
    ...outcome.errors.map(({ message }) => view.style.red(`error: ${quote(message)}`)),
  ];
  input.say(bodyText([...outcome.text(bodyView(view)), ...notes.flatMap((note) => ["", note])], view));
  steps.push({
    step: steps.length + 1,
    title,
    command: `codexkeep ${[...argv, ...flags].join(" ")}`,
    exit_code: outcome.exitCode,
    result: outcome.result,
  });
}

/** Looks at the home as Codex's app would, by the visibility model. */
async function lookAt(play: Play, title: string): Promise<Seen> {
  const { input, machine, built, steps } = play;
  await breathe(input.signal);
  const snapshot = await scan(machine, { home: built.path, sqliteHome: undefined });
  const seen = look(snapshot);
  const now = machine.now().getTime();
  const threads = seen.listed.flatMap((id) => {
    const thread = built.threads.find((one) => one.id === id);
    return thread === undefined ? [] : [{
      title: thread.turns[0]?.user ?? "",
      age: ageText(now - (thread.files.at(-1)?.mtimeMs ?? now)),
    }];
  });
  input.say([
    ...headingText(steps.length + 1, title, undefined, input.view),
    ...seenText(seen, threads, input.view),
  ]);
  steps.push({ step: steps.length + 1, title, command: null, exit_code: 0, result: seen });
  return seen;
}

/** Lets a signal in, and stops where one has come. */
async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  if (signal.aborted) throw new AppError("interrupted", "interrupted; your own home was not touched");
}

interface Prints {
  readonly files: readonly string[];
  readonly rows: readonly string[];
}

function printHome({ disk }: Machine, { path, state, history }: BuiltHome): Prints {
  const databases = [state, history].filter((one): one is AbsPath => one !== undefined);
  return {
    files: [...treeHash(disk, path)].map(([file, print]) => `${file}: ${print}`),
    rows: databases.flatMap((database) => dumpRows(disk, database)),
  };
}

function compare(before: Prints, after: Prints): Proof {
  const differing = [...differences(before.files, after.files), ...differences(before.rows, after.rows)];
  return {
    files: before.files.length,
    rows: before.rows.length,
    identical: differing.length === 0,
    differences: differing,
  };
}

function countOf({ listed, listable }: Seen): DemoReport["shown"]["before"] {
  return { listed: listed.length, listable };
}

function ending(input: Invocation, report: DemoReport): Outcome {
  const errors = faults(report);
  const next = report.steps.length + 1;
  return makeOutcome({
    command: input.command.name,
    result: report,
    exitCode: errors.length === 0 ? 0 : EXIT_STATUS.failed,
    errors,
    warnings: input.flags.text("codex-home") === undefined
      ? []
      : [{ code: "flag-ignored", message: "the demo has a home of its own; --codex-home was not looked at" }],
    text: (view) => [
      ...headingText(next, "What to do next", undefined, view),
      ...closingText(report, view),
      "",
      view.style.bold(demoVerdict(report)),
    ],
    verdict: demoVerdict(report),
  });
}

/** A demo that does not come out as told is a failure, and says so. */
function faults({ steps, shown, restored }: DemoReport): ErrorReport[] {
  const failed = steps.filter((step) => step.exit_code !== 0).map(({ command, exit_code }) =>
    `"${command}" ended with ${exit_code}`
  );
  if (shown.after.listed !== shown.after.listable) failed.push("not every thread is in view after sync");
  if (!restored.identical) failed.push("the home is not as it was before the repair");
  return failed.map((message) => ({ code: "failed", message, hint: "please report this" }));
}
