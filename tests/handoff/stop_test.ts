import { AppError } from "../../lib/core/error.ts";
import type { Settings } from "../../lib/handoff/settings.ts";
import { type ConsentOverride, decideStop } from "../../lib/handoff/stop_decision.ts";
import { requireStopped, type RunningCodex, type StopTools } from "../../lib/handoff/stop.ts";
import type { CodexProcess } from "../../lib/system/processes.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";

type Detection = Settings["processDetection"];

function settingsWith(detection: Partial<Detection> = {}, closeCodex = false): Settings {
  const processDetection: Detection = {
    processNames: [],
    backgroundProcessNames: { windows: ["codex-windows-sandbox"], macos: [], linux: [] },
    manualTerminateConfirmation: true,
    terminateConfirmationMode: "console",
    allowTerminateIfRunning: true,
    gracePeriodSeconds: 2,
    terminateTimeoutSeconds: 20,
    ...detection,
  };
  return { processDetection, sync: { closeCodex } } as Settings;
}

const codex = (pid: number, name = "codex"): CodexProcess => ({
  pid,
  name,
  command: name,
  why: "named codex",
});

/** What happened to a run, and how it ended. */
interface Story {
  readonly ended: readonly number[];
  readonly asked: readonly string[];
  readonly outcome: string;
}

/** Runs the whole flow on an imaginary machine. */
async function play(
  os: "linux" | "darwin" | "windows",
  seen: RunningCodex,
  more: {
    readonly settings?: Settings;
    readonly override?: ConsentOverride;
    readonly answer?: boolean | undefined;
    readonly window?: boolean | undefined;
    readonly stubborn?: boolean;
    readonly comesBack?: boolean;
    readonly foreign?: boolean;
  } = {},
): Promise<Story> {
  const ended: number[] = [];
  const asked: string[] = [];
  const left = () => seen.codex.filter(({ pid }) => !ended.includes(pid) || more.comesBack);
  const tools: StopTools = {
    look: () => ({ ...seen, codex: left() }),
    identify: (pid) => ({ pid, started: "then", own: more.foreign !== true }),
    end: (targets) => {
      if (more.stubborn) {
        return Promise.resolve({
          gone: [],
          left: targets.map(({ pid }) => pid),
          spared: [],
        });
      }
      if (more.foreign) {
        const spared = targets.map(({ pid }) => ({ pid, reason: "it is not known to be your own" }));
        return Promise.resolve({ gone: [], left: [], spared });
      }
      ended.push(...targets.map(({ pid }) => pid));
      return Promise.resolve({ gone: ended, left: [], spared: [] });
    },
    askOnConsole: (question, above) => {
      asked.push(`console: ${above.length} lines, ${question}`);
      return Promise.resolve(more.answer);
    },
    askInWindow: (title) => {
      asked.push(`window: ${title}`);
      return more.window;
    },
    wait: () => Promise.resolve(),
  };
  try {
    await requireStopped(os, more.settings ?? settingsWith(), more.override, tools);
    return { ended, asked, outcome: "go" };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ended, asked, outcome: `${error.code}: ${error.message}` };
  }
}

const NOBODY: RunningCodex = { codex: [], background: [] };
const ONE: RunningCodex = { codex: [codex(7)], background: [] };
const SANDBOX: RunningCodex = { codex: [codex(7)], background: [codex(8, "codex-windows-sandbox")] };

Deno.test("S1.25: without a running Codex the hand-over goes on, nobody is asked", async () => {
  assertEquals(await play("windows", NOBODY), { ended: [], asked: [], outcome: "go" });
});

Deno.test("S1.27: a sandbox at work on Windows is refused, and nothing is ended even without asking", async () => {
  const story = await play("windows", SANDBOX, { override: "without-asking", answer: true });
  assertEquals([story.ended, story.asked], [[], []]);
  assertStringIncludes(story.outcome, "codex-running: Codex is at work in the background");
});

Deno.test("S1.27: on Windows the user is asked, and a no is exit 3", async () => {
  const yes = await play("windows", ONE, { answer: true });
  assertEquals([yes.ended, yes.outcome, yes.asked.length], [[7], "go", 1]);
  for (const answer of [false, undefined]) {
    const no = await play("windows", ONE, { answer });
    assertEquals(no.ended, []);
    assertStringIncludes(no.outcome, "codex-running: Codex is running: codex (pid 7");
  }
});

Deno.test("S1.27: a yes and a Codex that does not end in time is exit 5", async () => {
  const story = await play("windows", ONE, { answer: true, stubborn: true });
  assertStringIncludes(story.outcome, "refused: Codex was asked to end and did not within 20 s: process 7");
});

Deno.test("S1.27: on macOS and Linux a running Codex is exit 3", async () => {
  for (const os of ["linux", "darwin"] as const) {
    const story = await play(os, ONE, { answer: true });
    assertEquals([story.ended, story.asked], [[], []]);
    assertStringIncludes(story.outcome, "codex-running");
  }
});

Deno.test("S1.21: the question is asked in a window or on the console, and on the console where no window is to be had", async () => {
  const settings = settingsWith({ terminateConfirmationMode: "gui" });
  const window = await play("windows", ONE, { settings, window: true });
  assertEquals([window.outcome, window.asked], ["go", ["window: codexkeep"]]);
  const none = await play("windows", ONE, { settings, window: undefined, answer: true });
  assertEquals([none.outcome, none.asked.length], ["go", 2]);
  const no = await play("windows", ONE, { settings, window: false, answer: true });
  assertEquals([no.ended, no.asked.length], [[], 1]);
});

Deno.test("S1.11: flags of one run ask, or do not, whatever the settings say, on every system", async () => {
  const quiet = settingsWith({ manualTerminateConfirmation: false });
  for (const os of ["linux", "darwin", "windows"] as const) {
    const auto = await play(os, ONE, { override: "without-asking" });
    assertEquals([auto.ended, auto.asked], [[7], []]);
    const manual = await play(os, ONE, { settings: quiet, override: "ask", answer: false });
    assertEquals([manual.ended, manual.asked.length], [[], 1]);
  }
});

Deno.test("S1.21: allow_terminate_if_running = false is never overruled", async () => {
  const settings = settingsWith({ allowTerminateIfRunning: false }, true);
  assertEquals((await play("windows", ONE, { settings, override: "without-asking" })).ended, []);
});

Deno.test("S1.16: close_codex ends a running Codex on every system, after asking unless told not to", async () => {
  const story = await play("linux", ONE, { settings: settingsWith({}, true), answer: true });
  assertEquals([story.ended, story.asked.length, story.outcome], [[7], 1, "go"]);
  const auto = settingsWith({ manualTerminateConfirmation: false }, true);
  assertEquals((await play("linux", ONE, { settings: auto })).asked, []);
});

Deno.test("a Codex that comes back, or belongs to somebody else, is still running", async () => {
  const back = await play("windows", ONE, { answer: true, comesBack: true });
  assertStringIncludes(back.outcome, "codex-running");
  const foreign = await play("windows", ONE, { answer: true, foreign: true });
  assertStringIncludes(foreign.outcome, "(7: it is not known to be your own)");
});

Deno.test("every combination of system, settings and flag leads to exactly one decision, and only a yes ends anything", async () => {
  for (const os of ["linux", "darwin", "windows"] as const) {
    for (const allow of [true, false]) {
      for (const manual of [true, false]) {
        for (const close of [true, false]) {
          for (const override of ["ask", "without-asking", undefined] as const) {
            const settings = settingsWith(
              { allowTerminateIfRunning: allow, manualTerminateConfirmation: manual },
              close,
            );
            const { then } = decideStop({ os, codex: 1, background: 0 }, settings, override);
            const story = await play(os, ONE, { settings, override, answer: false });
            assertEquals(story.ended.length > 0, then === "end");
          }
        }
      }
    }
  }
});
