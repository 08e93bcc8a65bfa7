/** The composition root: a command line in, an exit status out. The only place that knows all parts. */
import config from "../../deno.json" with { type: "json" };
import { AppError } from "../core/error.ts";
import { type Machine, realMachine } from "../system/machine.ts";
import { askOn } from "./ask.ts";
import type { Command, FlagValues, Invocation, Outcome, Versions } from "./command.ts";
import { failureOutcome } from "./outcome.ts";
import { type OutputOptions, printOutcome, traceLines } from "./output.ts";
import { type CommandLine, globalBooleans, namedCommand, parse } from "./parse.ts";
import { makeProgress, NO_PROGRESS, type ProgressLine } from "./progress.ts";
import { COMMANDS } from "./registry.ts";
import { interruptible } from "./signals.ts";
import { makeStyle, type Style, wantsColor } from "./style.ts";
import { realTerminal, type Terminal } from "./terminal.ts";

/** What a run stands on; tests put something else in place of each part. */
export interface World {
  readonly commands: readonly Command[];
  readonly machine: Machine;
  readonly terminal: Terminal;
  readonly versions: Versions;
}

/** What is wanted of the output, as far as the command line can be read. */
interface Wishes {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly noColor: boolean;
}

/** Runs the program on this machine. Never throws; resolves to the exit status, at the second signal at once. */
export function run(argv: readonly string[]): Promise<number> {
  const world = {
    commands: COMMANDS,
    machine: realMachine(),
    terminal: realTerminal(),
    versions: realVersions(),
  };
  return interruptible((signal) => runIn(world, argv, signal));
}

/** Runs a command line in a given world. Never throws; resolves to the exit status. */
export async function runIn(world: World, argv: readonly string[], signal: AbortSignal): Promise<number> {
  let wishes = wishesOf(globalBooleans(argv));
  let name: string | null = null;
  try {
    const line = parse(argv, world.commands);
    const { command, flags, args } = resolve(line, world.commands);
    name = command.name;
    // Whoever asks for help wants to see it.
    wishes = { ...wishesOf(flags), ...name === "help" ? { quiet: false } : {} };
    return await runCommand(world, { command, flags, args }, wishes, signal);
  } catch (error) {
    return fail(world, name ?? namedCommand(argv, world.commands), error, wishes);
  }
}

async function runCommand(
  world: World,
  { command, flags, args }: Pick<Invocation, "command" | "flags" | "args">,
  wishes: Wishes,
  signal: AbortSignal,
): Promise<number> {
  const { machine, terminal, versions } = world;
  const options = outputOptions(world, wishes);
  const progress = progressFor(terminal, wishes);
  const silent = wishes.json || wishes.quiet;
  const canAsk = !silent && terminal.inIsTerminal && terminal.out.isTerminal;
  const say = (lines: readonly string[]) => {
    progress.clear();
    if (lines.length > 0) terminal.out.write(lines.join("\n") + "\n");
  };
  try {
    const outcome = await freshly(flags, signal, () =>
      command.run({
        command,
        flags,
        args,
        machine,
        versions,
        view: options.view,
        progress: progress.report,
        ask: async (question, above = []) => {
          if (!canAsk) return undefined;
          say(above);
          return await askOn({ write: terminal.out.write, readLine: terminal.readLine, signal }, question);
        },
        say: silent ? () => {} : say,
        signal,
      }));
    progress.clear();
    printOutcome(outcome, options, terminal);
    return outcome.exitCode;
  } finally {
    progress.clear();
  }
}

/** How often a command begins anew because another run was at work while it planned. */
const ATTEMPTS = 5;

/** A plan that another run has overtaken is made anew; one that was written to a file stands. */
async function freshly(
  flags: FlagValues,
  signal: AbortSignal,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isOvertaken = error instanceof AppError && error.code === "overtaken";
      const isWritten = flags.knows("plan-out") && flags.text("plan-out") !== undefined;
      if (!isOvertaken || isWritten || signal.aborted || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Prints what went wrong; with `--verbose` also where, when the fault is the program's. */
function fail(world: World, command: string | null, error: unknown, wishes: Wishes): number {
  const outcome: Outcome = failureOutcome(command, error);
  try {
    printOutcome(outcome, outputOptions(world, wishes), world.terminal);
    const isFault = outcome.errors[0]?.code === "internal";
    if (isFault && wishes.verbose) world.terminal.err.write(traceLines(error).join("\n") + "\n");
  } catch {
    // Nobody can be told: the stream itself is what fails. The exit status still tells.
    return outcome.exitCode === 0 ? 1 : outcome.exitCode;
  }
  return outcome.exitCode;
}

/** Help and version asked for by flag are the commands of that name. */
function resolve(
  line: CommandLine,
  commands: readonly Command[],
): Pick<Invocation, "command" | "flags" | "args"> {
  if (line.kind === "run") return line;
  const command = commands.find(({ name }) => name === line.kind);
  if (command === undefined) throw new TypeError(`the table has no command "${line.kind}"`);
  const args = line.kind === "help" ? line.about.split(" ").filter((word) => word !== "") : [];
  return { command, flags: line.flags, args };
}

function wishesOf(flags: FlagValues): Wishes {
  return {
    json: flags.has("json"),
    quiet: flags.has("quiet"),
    verbose: flags.has("verbose"),
    noColor: flags.has("no-color"),
  };
}

function outputOptions(
  { machine, terminal }: World,
  { json, quiet, verbose, noColor }: Wishes,
): OutputOptions {
  const styleFor = (isTerminal: boolean): Style =>
    makeStyle(
      wantsColor({
        isTerminal,
        refused: noColor,
        noColor: machine.env("NO_COLOR"),
        term: machine.env("TERM"),
      }),
    );
  const view = { style: styleFor(terminal.out.isTerminal), width: terminal.width, verbose };
  return { json, quiet, view, errorStyle: styleFor(terminal.err.isTerminal) };
}

function progressFor({ err, width }: Terminal, { json, quiet }: Wishes): ProgressLine {
  if (json || quiet || !err.isTerminal) return NO_PROGRESS;
  return makeProgress({ write: err.write, now: () => performance.now(), width });
}

function realVersions(): Versions {
  return {
    codexkeep: config.version,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    platform: `${Deno.build.os} ${Deno.build.arch}`,
    sqlite: async () => (await import("../system/sqlite.ts")).sqliteVersion(),
  };
}
