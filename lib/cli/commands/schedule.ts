/** `codexkeep schedule …`: a hand-over that the system repeats by itself. */
import { EVERY_MINUTES, JOB_NAME, SCHEDULER_KINDS } from "../../handoff/schedule_job.ts";
import type { Command, Flag } from "../command.ts";
import { APPLY, DRY_RUN } from "../flags.ts";
import { CONFIG } from "./handoff.ts";

const NAME: Flag = {
  name: "name",
  kind: "string",
  placeholder: "NAME",
  summary: `name of the job (default ${JOB_NAME})`,
};

const KIND: Flag = {
  name: "kind",
  kind: "choice",
  choices: SCHEDULER_KINDS,
  placeholder: SCHEDULER_KINDS.join("|"),
  summary: "the scheduler (default: the one this system has)",
};

/** Nothing of a home is changed, so there is no `--check`. */
const YES: Flag = { ...APPLY, summary: "do it without asking", excludes: ["dry-run"] };
const NO: Flag = { ...DRY_RUN, summary: "show it and stop, do not ask" };

const ENTRY = { aliases: [], args: [], exitCodes: [5] } as const;

/** `codexkeep schedule install` */
const INSTALL: Command = {
  ...ENTRY,
  name: "schedule install",
  summary: "makes a repeated hand-over known to the system's scheduler",
  description: [
    "A job of your own user, not a service: Task Scheduler on Windows, launchd on macOS, a systemd user timer or cron on " +
    "Linux. Every file, and every command that makes it known, is shown before anything is written.",
    "The job only shows its plan unless it is installed with --mode apply; do that when you have seen that the plans are " +
    "right. While Codex runs, a job does nothing and the next one tries again.",
  ],
  flags: [
    {
      name: "mode",
      kind: "choice",
      choices: ["dry-run", "apply"],
      placeholder: "dry-run|apply",
      summary: "what the job does with its plan (default dry-run)",
    },
    {
      name: "every",
      kind: "integer",
      placeholder: "MINUTES",
      min: 1,
      max: 44_640,
      fallback: EVERY_MINUTES,
      summary: "minutes between two runs",
    },
    {
      name: "at",
      kind: "string",
      placeholder: "HH:MM",
      summary: "once a day at this time, instead of --every",
      excludes: ["every"],
    },
    {
      name: "log-dir",
      kind: "string",
      placeholder: "DIR",
      summary: "the folder for what the job prints (default: where the system keeps it)",
    },
    NAME,
    KIND,
    CONFIG,
    YES,
    NO,
  ],
  effects: "writes",
  examples: [
    { line: "codexkeep schedule install --dry-run", does: "shows the files of the job" },
    { line: "codexkeep schedule install --mode apply --every 60 --apply", does: "a hand-over every hour" },
  ],
  run: async (input) => (await import("../actions/schedule.ts")).runScheduleInstall(input),
};

/** `codexkeep schedule remove` */
const REMOVE: Command = {
  ...ENTRY,
  name: "schedule remove",
  summary: "makes the system forget the job, and removes its files",
  description: ["What is removed is shown first. A job that is not there is nothing to do."],
  flags: [NAME, KIND, YES, NO],
  effects: "writes",
  examples: [{ line: "codexkeep schedule remove --apply", does: "no hand-over by itself any more" }],
  run: async (input) => (await import("../actions/schedule.ts")).runScheduleRemove(input),
};

/** `codexkeep schedule show` */
const SHOW: Command = {
  ...ENTRY,
  name: "schedule show",
  summary: "shows what the system's scheduler has of the job",
  description: ["Nothing is written."],
  flags: [NAME, KIND],
  effects: "reads",
  examples: [{ line: "codexkeep schedule show", does: "the files of the job, as they are" }],
  run: async (input) => (await import("../actions/schedule.ts")).runScheduleShow(input),
};

/** `codexkeep schedule …` */
export const SCHEDULE: readonly Command[] = [INSTALL, REMOVE, SHOW];
