/** `schedule install`, `remove` and `show`. */
import { AppError } from "../../core/error.ts";
import { type AbsPath, toAbsPath } from "../../core/path.ts";
import { expandTilde } from "../../engine/home.ts";
import { loadSettings } from "../../handoff/read_settings.ts";
import { installJob, type JobPart, jobParts, jobState, removeJob } from "../../handoff/schedule.ts";
import { type JobPlan, planJob, type SchedulerKind, schedulerOf } from "../../handoff/schedule_files.ts";
import {
  EVERY_MINUTES,
  JOB_NAME,
  jobOf,
  jobPlaces,
  KINDS_OF,
  namedJob,
  requireKind,
} from "../../handoff/schedule_job.ts";
import { ownProgram, userId } from "../../system/program.ts";
import { hasUserSystemd } from "../../system/scheduler.ts";
import type { Invocation, Outcome } from "../command.ts";
import { shellWord } from "../offer.ts";
import { writeOptions } from "../options.ts";
import { makeOutcome } from "../outcome.ts";
import {
  type InstallReport,
  installText,
  installVerdict,
  type RemoveReport,
  removeText,
  removeVerdict,
  type ShowReport,
  showText,
  showVerdict,
} from "../render_schedule.ts";
import { usageError } from "../usage.ts";
import { settingsFileOf } from "./handoff_settings.ts";
import { homeOf } from "./session.ts";

/** Shows the job, then installs it where that is wanted. */
export async function runScheduleInstall(input: Invocation): Promise<Outcome> {
  const { machine: { disk, random }, command } = input;
  const kind = await kindOf(input);
  const { plan, about } = plannedJob(input, kind);
  const state = await jobState(disk, about.name, plan);
  const states = new Map(state.files.map(({ path, state }) => [path, state]));
  const shown: InstallReport = {
    ...about,
    files: [
      ...plan.files.map(({ path, content }) => ({ path: String(path), content })),
      ...plan.crontab === undefined ? [] : [{ path: "crontab", content: plan.crontab.join("\n") }],
    ].map((file) => ({ ...file, state: states.get(file.path) ?? "missing" })),
    commands: plan.install.map(commandLine),
    applied: false,
    installed: state.installed,
  };
  const { yes, asked } = await wanted(input, "Install it?", () => installText(shown, false, input.view));
  if (yes) await installJob(disk, about.name, plan, random);
  const report: InstallReport = yes ? { ...shown, applied: true, installed: true } : shown;
  return makeOutcome({
    command: command.name,
    result: report,
    text: (view) => installText(report, asked, view),
    verdict: installVerdict(report),
  });
}

/** The job as the flags describe it. Throws `config-invalid` for settings that no job could use. */
function plannedJob(
  input: Invocation,
  kind: SchedulerKind,
): { plan: JobPlan; about: Omit<InstallReport, "files" | "commands" | "applied" | "installed"> } {
  const { flags, machine } = input;
  const home = homeOf(input);
  const settings = settingsFileOf(input);
  loadSettings(machine, settings, home);
  const { path: program, args: before } = ownProgram();
  const at = flags.text("at");
  const everyMinutes = flags.integer("every") ?? EVERY_MINUTES;
  const sqlite = flags.text("sqlite-home");
  const mode: "apply" | "dry-run" = flags.text("mode") === "apply" ? "apply" : "dry-run";
  const job = jobOf({
    name: flags.text("name") ?? JOB_NAME,
    program,
    before,
    mode,
    home,
    sqliteHome: sqlite === undefined ? undefined : userPath(input, sqlite),
    settings,
    when: at === undefined ? { everyMinutes } : { at },
    logDir: logDirOf(input, kind),
  });
  const about = {
    name: job.name,
    kind,
    mode,
    program,
    args: job.args,
    every_minutes: at === undefined ? everyMinutes : null,
    at: at ?? null,
  };
  return { plan: planJob(kind, job, placesOf(input)), about };
}

function logDirOf(input: Invocation, kind: SchedulerKind): AbsPath | undefined {
  const named = input.flags.text("log-dir");
  if (named === undefined) return undefined;
  if (kind === "task-scheduler") {
    throw usageError(
      "the Task Scheduler keeps nothing of what a job prints",
      "set logging.file in the settings",
    );
  }
  const folder = userPath(input, named);
  if (input.machine.disk.stat(folder)?.kind === "directory") return folder;
  throw new AppError("refused", `"${folder}" is no folder`, { hint: "make it, or name another one" });
}

function userPath({ machine }: Invocation, text: string): AbsPath {
  return toAbsPath(expandTilde(machine, text), machine.cwd());
}

/** Shows what is there of the job, then removes it where that is wanted. */
export async function runScheduleRemove(input: Invocation): Promise<Outcome> {
  const { machine: { disk }, command } = input;
  const name = input.flags.text("name") ?? JOB_NAME;
  const known = await knownJobs(input, name);
  const shown: RemoveReport = {
    name,
    jobs: known.map(({ kind, parts, plan }) => ({ kind, parts, commands: plan.remove.map(commandLine) })),
    applied: false,
  };
  const { yes, asked } = known.length === 0
    ? { yes: false, asked: false }
    : await wanted(input, "Remove it?", () => removeText(shown, false, input.view));
  if (yes) { for (const { plan } of known) await removeJob(disk, name, plan); }
  const report = { ...shown, applied: yes };
  return makeOutcome({
    command: command.name,
    result: report,
    text: (view) => removeText(report, asked, view),
    verdict: removeVerdict(report),
  });
}

/** Shows what the schedulers of this system have of the job. */
export async function runScheduleShow(input: Invocation): Promise<Outcome> {
  const name = input.flags.text("name") ?? JOB_NAME;
  const known = await knownJobs(input, name);
  const report: ShowReport = { name, jobs: known.map(({ kind, parts }) => ({ kind, parts })) };
  return makeOutcome({
    command: input.command.name,
    result: report,
    text: (view) => showText(report, view),
    verdict: showVerdict(report),
  });
}

/** The jobs of this name that are there, by scheduler. */
async function knownJobs(
  input: Invocation,
  name: string,
): Promise<{ kind: SchedulerKind; plan: JobPlan; parts: readonly JobPart[] }[]> {
  const { flags, machine: { disk, os } } = input;
  const named = flags.text("kind") as SchedulerKind | undefined;
  if (named !== undefined) requireKind(os, named);
  const found = [];
  for (const kind of named === undefined ? KINDS_OF[os] : [named]) {
    const plan = planJob(kind, namedJob(name), placesOf(input));
    const parts = await partsOf(() => jobParts(disk, name, plan), named !== undefined);
    if (parts.length > 0) found.push({ kind, plan, parts });
  }
  return found;
}

/** A scheduler that is not here has nothing, unless it was asked for by name. */
async function partsOf(
  look: () => Promise<readonly JobPart[]>,
  isNamed: boolean,
): Promise<readonly JobPart[]> {
  try {
    return await look();
  } catch (error) {
    if (!isNamed && error instanceof AppError && error.code === "refused") return [];
    throw error;
  }
}

async function kindOf({ flags, machine: { os } }: Invocation): Promise<SchedulerKind> {
  const named = flags.text("kind") as SchedulerKind | undefined;
  if (named === undefined) return schedulerOf(os, os === "linux" && await hasUserSystemd());
  requireKind(os, named);
  return named;
}

function placesOf({ machine: { userHome, env } }: Invocation) {
  return jobPlaces(userHome, env, userId());
}

function commandLine(
  { command, args }: { readonly command: string; readonly args: readonly string[] },
): string {
  return [command, ...args].map(shellWord).join(" ");
}

async function wanted(input: Invocation, question: string, above: () => readonly string[]) {
  const { mode } = writeOptions(input.flags);
  if (mode !== "ask") return { yes: mode === "apply", asked: false };
  const answer = await input.ask(question, above());
  return { yes: answer === true, asked: answer !== undefined };
}
