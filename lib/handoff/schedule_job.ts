/** The job that repeats a hand-over, and where the systems keep such jobs. Values only. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Job, JobPlaces, SchedulerKind } from "./schedule_files.ts";

/** Name of the job unless another one is given. */
export const JOB_NAME = "codexkeep-handoff";

/** Minutes between two runs unless told otherwise. */
export const EVERY_MINUTES = 30;

/** All schedulers. */
export const SCHEDULER_KINDS: readonly SchedulerKind[] = ["task-scheduler", "launchd", "systemd", "cron"];

/** The schedulers that a system can have. */
export const KINDS_OF: Readonly<Record<"linux" | "darwin" | "windows", readonly SchedulerKind[]>> = {
  linux: ["systemd", "cron"],
  darwin: ["launchd", "cron"],
  windows: ["task-scheduler"],
};

/** What a repeated hand-over is to be like. */
export interface HandoffJob {
  readonly name: string;
  readonly program: AbsPath;
  /** Words of the program before those of the command. */
  readonly before: readonly string[];
  /** Only show the plan, or carry it out. */
  readonly mode: "dry-run" | "apply";
  /** A job runs without the user's environment, so both are said. */
  readonly home: AbsPath;
  readonly sqliteHome: AbsPath | undefined;
  readonly settings: AbsPath;
  readonly when: Job["when"];
  readonly logDir: AbsPath | undefined;
}

/** The job as a scheduler has to know it. */
export function jobOf(wanted: HandoffJob): Job {
  const { name, program, before, mode, home, sqliteHome, settings, when, logDir } = wanted;
  const sqlite = sqliteHome === undefined ? [] : ["--sqlite-home", sqliteHome];
  return {
    name,
    program,
    args: [
      ...before,
      ...["handoff", "sync", `--${mode}`, "--codex-home", home, ...sqlite, "--config", settings],
    ],
    when,
    logDir,
  };
}

/** A job of which only the name matters, as for removing it. */
export function namedJob(name: string): Job {
  return { name, program: "codexkeep" as AbsPath, args: [], when: { everyMinutes: 30 }, logDir: undefined };
}

/** Requires that this system has such a scheduler. Throws `usage`. */
export function requireKind(os: "linux" | "darwin" | "windows", kind: SchedulerKind): void {
  if (KINDS_OF[os].includes(kind)) return;
  throw new AppError("usage", `this system has no ${kind}`, {
    hint: `leave --kind out, or take ${KINDS_OF[os].join(" or ")}`,
  });
}

/** The folders in which schedulers look, by the environment of the user. Throws `refused` without a home of the user. */
export function jobPlaces(
  userHome: AbsPath | undefined,
  env: (name: string) => string | undefined,
  uid: number | undefined,
): JobPlaces {
  if (userHome === undefined) {
    throw new AppError("refused", "the user's home folder is not known, so no job can be kept there");
  }
  const absolute = (name: string) => {
    const path = env(name);
    return path !== undefined && /^(\/|[a-z]:[\\/])/i.test(path) ? joinPath(path as AbsPath) : undefined;
  };
  return {
    userHome,
    configHome: absolute("XDG_CONFIG_HOME"),
    localAppData: absolute("LOCALAPPDATA"),
    uid,
  };
}
