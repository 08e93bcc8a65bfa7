/**
 * A hand-over is cold: Codex is closed while it runs. Here it is found out whether it is, the user is asked whether it
 * may be ended, and it is ended, gently, or the run ends: 3 when Codex runs on, 5 when it was to end and did not.
 */
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import { askInWindow } from "../system/dialog.ts";
import type { Machine } from "../system/machine.ts";
import { childrenOf, type CodexProcess, codexProcesses, processesNamed } from "../system/processes.ts";
import { endProcesses, type Identity, realProcessSystem } from "../system/terminate.ts";
import type { Settings } from "./settings.ts";
import { type ConsentOverride, decideStop } from "./stop_decision.ts";

/** What runs, as far as it matters. */
export interface RunningCodex {
  readonly codex: readonly CodexProcess[];
  /** Of the names that stand for work in the background. */
  readonly background: readonly CodexProcess[];
}

/** What stopping needs from the outside; tests put something else in its place. */
export interface StopTools {
  readonly look: () => RunningCodex;
  readonly identify: (pid: number) => Identity | undefined;
  readonly end: typeof endProcesses;
  /** Asks on the terminal; undefined: there is nobody to ask. */
  readonly askOnConsole: (question: string, above: readonly string[]) => Promise<boolean | undefined>;
  /** Asks in a window; undefined: none can be shown. */
  readonly askInWindow: (title: string, text: string) => boolean | undefined;
  readonly wait: (ms: number) => Promise<void>;
}

/** The tools of this machine. */
export function realStopTools(
  machine: Machine,
  settings: Settings,
  databases: readonly AbsPath[],
  askOnConsole: StopTools["askOnConsole"],
): StopTools {
  return {
    look: () => runningCodex(machine, settings, databases),
    identify: realProcessSystem.identify,
    end: endProcesses,
    askOnConsole,
    askInWindow: (title, text) => askInWindow(machine.os, title, text),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** Looks for Codex and for the names of the settings. */
export function runningCodex(
  { os }: Machine,
  { paths, processDetection }: Settings,
  databases: readonly AbsPath[],
): RunningCodex {
  const { processNames, backgroundProcessNames } = processDetection;
  const background = processesNamed(backgroundProcessNames[os === "darwin" ? "macos" : os]);
  const isBackground = new Set(background.map(({ pid }) => pid));
  const known = codexProcesses(paths.localStateDir, databases);
  const seen = new Set(known.map(({ pid }) => pid));
  const named = processesNamed(processNames).filter(({ pid }) => !seen.has(pid));
  return { codex: [...known, ...named].filter(({ pid }) => !isBackground.has(pid)), background };
}

/**
 * Returns when Codex does not run (any more); the processes that were ended come back. Throws `codex-running` when it
 * does and is not to be ended, `refused` when it was to end and did not in time.
 */
export async function requireStopped(
  os: Machine["os"],
  settings: Settings,
  override: ConsentOverride,
  tools: StopTools,
): Promise<readonly CodexProcess[]> {
  const seen = tools.look();
  // Who is meant is fixed before anybody is asked: an id may belong to another process when the answer comes.
  const targets = seen.codex.flatMap(({ pid }) => tools.identify(pid) ?? []);
  const decision = decideStop(
    { os, codex: seen.codex.length, background: seen.background.length },
    settings,
    override,
  );
  switch (decision.then) {
    case "go":
      return [];
    case "refuse":
      throw decision.why === "background" ? busyInBackground(seen.background) : running(seen.codex);
    case "ask":
      await requireConsent(seen.codex, decision.where, tools);
  }
  await endAll(settings, targets, tools);
  return seen.codex;
}

async function requireConsent(
  codex: readonly CodexProcess[],
  where: "gui" | "console",
  tools: StopTools,
): Promise<void> {
  const lines = ["Codex is running:", ...codex.map((one) => `  ${describe(one)}`)];
  const question = "Close it now, so that the hand-over can go on?";
  const answer = where === "gui"
    ? tools.askInWindow("codexkeep", [...lines, "", question].join("\n")) ??
      await tools.askOnConsole(question, lines)
    : await tools.askOnConsole(question, lines);
  if (answer !== true) throw running(codex);
}

async function endAll(settings: Settings, targets: readonly Identity[], tools: StopTools): Promise<void> {
  const { terminateTimeoutSeconds, gracePeriodSeconds } = settings.processDetection;
  const { left, spared } = await tools.end(targets, terminateTimeoutSeconds * 1000);
  if (left.length > 0) {
    throw new AppError(
      "refused",
      `Codex was asked to end and did not within ${terminateTimeoutSeconds} s: process ${left.join(", ")}`,
      { hint: "close it yourself and run this again; it is never ended by force" },
    );
  }
  await tools.wait(gracePeriodSeconds * 1000);
  const { codex, background } = tools.look();
  if (background.length > 0) throw busyInBackground(background);
  if (codex.length === 0) return;
  const reasons = spared.map(({ pid, reason }) => `${pid}: ${reason}`).join("; ");
  throw running(codex, reasons === "" ? "" : ` (${reasons})`);
}

function describe({ pid, name, why }: CodexProcess): string {
  return `${name} (pid ${pid}, ${why})`;
}

function running(codex: readonly CodexProcess[], more = ""): AppError {
  return new AppError("codex-running", `Codex is running: ${codex.map(describe).join(", ")}${more}`, {
    hint: "close Codex, its app and `codex app-server`, then run this again",
  });
}

function busyInBackground(background: readonly CodexProcess[]): AppError {
  return new AppError(
    "codex-running",
    `Codex is at work in the background: ${background.map(describe).join(", ")}`,
    { hint: "wait until it has finished, close Codex, then run this again" },
  );
}

/** What `--verbose` tells of processes: whether Codex runs, whether it works in the background, and what they started. */
export function processSnapshot({ codex, background }: RunningCodex): readonly string[] {
  const children = childrenOf([...codex, ...background].map(({ pid }) => pid));
  return [
    `Codex is running: ${codex.length > 0 ? "yes" : "no"}`,
    ...codex.map((one) => `  ${describe(one)}: ${one.command}`),
    `background work (sandbox): ${background.length > 0 ? "yes" : "no"}`,
    ...background.map((one) => `  ${describe(one)}: ${one.command}`),
    `child processes: ${children.length}`,
    ...children.map((one) => `  ${one.pid} ${one.name}: ${one.command}`),
  ];
}
