/** Flags that several commands share. */
import type { Flag } from "./command.ts";

/** Records kept after a run, unless `--keep` says otherwise. */
export const DEFAULT_KEEP = 5;

/** The longest time a command waits for a lock: a day, in seconds. */
export const MAX_WAIT = 86_400;

/** Flags that every command takes, also before its name. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  {
    name: "codex-home",
    kind: "string",
    placeholder: "DIR",
    summary: "the Codex home (default: CODEX_HOME, else ~/.codex)",
  },
  {
    name: "sqlite-home",
    kind: "string",
    placeholder: "DIR",
    summary: "the folder of the state database (default: as Codex finds it)",
  },
  { name: "json", kind: "boolean", summary: "print one JSON document and nothing else" },
  {
    name: "quiet",
    short: "q",
    kind: "boolean",
    summary: "print only errors and the one-line verdict",
    excludes: ["verbose"],
  },
  {
    name: "verbose",
    short: "v",
    kind: "boolean",
    summary: "print more: every sample, and the trace of a fault",
  },
  { name: "no-color", kind: "boolean", summary: "no colours (also NO_COLOR=1)" },
  { name: "help", short: "h", kind: "boolean", summary: "print help for the command" },
  { name: "version", short: "V", kind: "boolean", summary: "print the version" },
];

/** Carry the plan out. */
export const APPLY: Flag = {
  name: "apply",
  short: "y",
  aliases: ["yes"],
  kind: "boolean",
  summary: "carry the plan out without asking",
  excludes: ["dry-run", "check"],
};

/** Never carry it out. */
export const DRY_RUN: Flag = {
  name: "dry-run",
  kind: "boolean",
  summary: "print the plan and stop, do not ask",
};

/** Only tell whether there is something to do. */
export const CHECK: Flag = { name: "check", kind: "boolean", summary: "exit 10 if there is something to do" };

/** Wait for locks. */
export const WAIT: Flag = {
  name: "wait",
  kind: "integer",
  placeholder: "SECONDS",
  min: 0,
  max: MAX_WAIT,
  summary: "wait that long for another run and for a busy database",
};

/** Retention after a run. */
export const KEEP: Flag = {
  name: "keep",
  kind: "integer",
  placeholder: "N",
  min: 1,
  fallback: DEFAULT_KEEP,
  summary: "records kept after the run",
};

/** Go on while Codex is running. */
export const ALLOW_RUNNING: Flag = {
  name: "allow-running",
  kind: "boolean",
  summary: "go on although Codex is running; threads in use are skipped",
};

/** Save the plan. */
export const PLAN_OUT: Flag = {
  name: "plan-out",
  kind: "string",
  placeholder: "FILE",
  summary: "save the plan to FILE, for `codexkeep apply FILE`",
};

/** Flags of every command that carries out a plan it makes itself. */
export const WRITE_FLAGS: readonly Flag[] = [APPLY, DRY_RUN, CHECK, PLAN_OUT, KEEP, ALLOW_RUNNING, WAIT];

/** Flags that choose threads. */
export const SELECT_FLAGS: readonly Flag[] = [
  {
    name: "thread",
    kind: "strings",
    placeholder: "ID",
    format: "thread",
    summary: "only this thread; a unique prefix of at least 8 characters will do (repeatable)",
  },
  {
    name: "source",
    kind: "strings",
    placeholder: "SOURCE",
    summary: "only threads started from cli, vscode, exec, …, or any (repeatable)",
  },
  { name: "cwd", kind: "string", placeholder: "PATH", summary: "only threads of this working directory" },
  {
    name: "since",
    kind: "string",
    placeholder: "DATE",
    format: "date",
    summary: "only threads used on or after DATE (2026-01-31, or 2026-01-31T12:00:00Z)",
  },
  {
    name: "until",
    kind: "string",
    placeholder: "DATE",
    format: "date",
    summary: "only threads used on or before DATE",
  },
  { name: "include-archived", kind: "boolean", summary: "also archived threads" },
  { name: "include-empty", kind: "boolean", summary: "also threads without any message" },
];

/** Flags that name the providers of a move. */
export const TARGET_FLAGS: readonly Flag[] = [
  {
    name: "provider",
    kind: "string",
    placeholder: "ID",
    format: "provider",
    summary: "the provider to show the history under (default: the current one)",
    excludes: ["to"],
  },
  {
    name: "from",
    kind: "string",
    placeholder: "ID",
    format: "provider",
    summary: "only threads of this provider",
  },
  {
    name: "to",
    kind: "string",
    placeholder: "ID|auto",
    format: "provider",
    summary: "like --provider; auto takes the provider the app is really using",
  },
];

/** Which copies of the provider are changed. */
export const ONLY: Flag = {
  name: "only",
  kind: "choice",
  choices: ["db", "rollouts"],
  placeholder: "db|rollouts",
  summary: "change the provider only in the database, or only in the files; Codex needs both to agree",
};

/** Folders that have moved. */
export const MAP: Flag = {
  name: "map",
  kind: "strings",
  placeholder: "OLD=NEW",
  format: "map",
  summary: "for cwd: the folder OLD, and all below it, is now NEW (repeatable)",
};

/** Every flag of a command, its own first. */
export function flagsOf(command: { readonly flags: readonly Flag[] }): readonly Flag[] {
  return [...command.flags, ...GLOBAL_FLAGS];
}
