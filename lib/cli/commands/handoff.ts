/** `codexkeep handoff …`: from one machine to another, through a folder that some other program keeps in step. */
import type { Command, Flag } from "../command.ts";
import { APPLY, CHECK, DRY_RUN, WAIT } from "../flags.ts";

/** What the command line contract has for all of them. */
const EXIT_CODES: readonly number[] = [2, 3, 5, 6, 8, 9, 10];

/** Which settings. */
export const CONFIG: Flag = {
  name: "config",
  short: "c",
  kind: "string",
  placeholder: "FILE",
  summary: "the settings file (default: handoff.toml beside the records of the home)",
};

/** How a running Codex is ended in this run, whatever the settings say. */
const CONSENT_FLAGS: readonly Flag[] = [
  {
    name: "manual-terminate-confirmation",
    kind: "boolean",
    summary: "for this run: ask before a running Codex is ended",
    excludes: ["auto-terminate-without-confirmation"],
  },
  {
    name: "auto-terminate-without-confirmation",
    kind: "boolean",
    summary: "for this run: end a running Codex without asking",
  },
];

const IGNORE_LEASE: Flag = {
  name: "ignore-lease",
  kind: "boolean",
  summary: "go on although another machine says that it is at work in the folder",
};

/** A command without what carries it out; with `run` beside it, it can stand in the table. */
export type Entry = Omit<Command, "run">;

const ENTRY = { aliases: [], args: [], exitCodes: EXIT_CODES } as const;

/** `codexkeep handoff init-config` */
export const INIT_CONFIG: Entry = {
  ...ENTRY,
  name: "handoff init-config",
  summary: "writes a settings file with every key, its default and its meaning",
  description: [
    "The file is for this machine: its name and the folder that travels are to be looked at, all else can stay. It is " +
    "written as TOML; the same keys can be given as JSON with comments, in a file that ends in .json or .jsonc.",
    "A file that is there already is left alone; with --force it is replaced, and stays beside it as FILE.bak.",
  ],
  flags: [
    {
      name: "output",
      kind: "string",
      placeholder: "FILE",
      summary: "where to write it (default: where the other commands look for it); - for standard output",
    },
    { name: "force", kind: "boolean", summary: "replace a file that is there" },
  ],
  effects: "writes",
  examples: [
    { line: "codexkeep handoff init-config", does: "the settings of this home" },
    { line: "codexkeep handoff init-config --output -", does: "prints them, to look at" },
  ],
};

/** `codexkeep handoff validate` */
export const VALIDATE: Entry = {
  ...ENTRY,
  name: "handoff validate",
  summary: "names every fault of the settings file, with its line and what to do",
  description: [
    "Reads the file and nothing else: whether folders are there and can be used is for `codexkeep handoff doctor`. " +
    "Exit 4 when there is a fault.",
  ],
  flags: [CONFIG],
  effects: "reads",
  examples: [{ line: "codexkeep handoff validate -c laptop.toml", does: "looks at one file" }],
};

/** `codexkeep handoff doctor` */
export const DOCTOR: Entry = {
  ...ENTRY,
  name: "handoff doctor",
  aliases: ["handoff preflight"],
  summary: "looks whether a hand-over can be made here: folders, space, clocks, locks, Codex, database",
  description: ["Nothing is written. Exit 5 when a check has failed; warnings alone are exit 0."],
  flags: [CONFIG],
  effects: "reads",
  examples: [{ line: "codexkeep handoff doctor", does: "all checks" }],
};

/** `codexkeep handoff status` */
export const HANDOFF_STATUS: Entry = {
  ...ENTRY,
  name: "handoff status",
  summary: "shows what a hand-over would move, which machine wrote last, and how long ago",
  description: ["Nothing is written."],
  flags: [CONFIG],
  effects: "reads",
  examples: [{ line: "codexkeep handoff status", does: "both sides at a glance" }],
};

/** `codexkeep handoff plan` */
export const HANDOFF_PLAN: Entry = {
  ...ENTRY,
  name: "handoff plan",
  summary: "shows what a hand-over would do, file by file, and changes nothing",
  description: [
    "Compares the home, the folder that travels, and what both agreed on at the last run of this machine. With " +
    "--verbose also which processes of Codex run. Exit 2 when there are conflicts that the settings do not decide.",
  ],
  flags: [CONFIG, CHECK],
  effects: "reads",
  examples: [
    { line: "codexkeep handoff plan", does: "what would go where, and why" },
    { line: "codexkeep handoff plan --verbose", does: "every file, and the processes of Codex" },
    {
      line: "codexkeep handoff plan --check --quiet",
      does: "for a script: exit 10 if there is something to do",
    },
  ],
};

/** `codexkeep handoff sync` */
export const HANDOFF_SYNC: Entry = {
  ...ENTRY,
  name: "handoff sync",
  summary: "carries threads and settings between the home and the folder that travels, both ways",
  description: [
    "Codex has to be closed. What was only continued is continued on the other side; where both sides have gone on " +
    "with the same thread, conflict.policy decides, and no version is lost. A copy of every file is kept before it is " +
    "overwritten. What has arrived is then entered in the database, so that Codex lists and opens it.",
  ],
  flags: [APPLY, DRY_RUN, CHECK, WAIT, ...CONSENT_FLAGS, IGNORE_LEASE, CONFIG],
  effects: "writes",
  examples: [
    { line: "codexkeep handoff sync --dry-run", does: "the plan" },
    { line: "codexkeep handoff sync --apply", does: "carries it out" },
  ],
};

/** `codexkeep handoff resolve` */
export const RESOLVE: Entry = {
  ...ENTRY,
  name: "handoff resolve",
  summary: "lists the conflicts, or settles one of them",
  description: [
    "Without KEY, lists what has changed on both sides in ways that do not fit together. With KEY and --keep, one of " +
    "them is settled: the version of one side stays and the other is kept beside it, or, with both, becomes a thread " +
    "of its own that Codex opens.",
  ],
  flags: [
    {
      name: "keep",
      kind: "choice",
      choices: ["local", "cloud", "both"],
      placeholder: "local|cloud|both",
      summary: "which version stays",
    },
    APPLY,
    DRY_RUN,
    WAIT,
    ...CONSENT_FLAGS,
    IGNORE_LEASE,
    CONFIG,
  ],
  args: [{
    name: "KEY",
    required: false,
    variadic: false,
    summary: "a conflict, as the list names it",
  }],
  effects: "writes",
  examples: [
    { line: "codexkeep handoff resolve", does: "what is to be decided" },
    {
      line: "codexkeep handoff resolve rollout-2026-01-31T12-00-00-ID.jsonl --keep both --apply",
      does: "both versions stay, as two threads",
    },
  ],
};

/** `codexkeep handoff restore` */
export const HANDOFF_RESTORE: Entry = {
  ...ENTRY,
  name: "handoff restore",
  summary: "puts back the files that a hand-over has overwritten or removed, from a snapshot",
  description: [
    "The newest snapshot unless --from names another one, a folder or a zip file. What the files replace is kept in a " +
    "snapshot of its own first. Changes in the database are taken back with `codexkeep restore`.",
  ],
  flags: [
    {
      name: "from",
      kind: "string",
      placeholder: "NAME",
      summary: "the snapshot, as a folder or NAME.zip (default: the newest)",
    },
    {
      name: "target",
      kind: "choice",
      choices: ["local", "cloud"],
      placeholder: "local|cloud",
      summary: "the side whose files are put back (default local)",
    },
    APPLY,
    DRY_RUN,
    WAIT,
    ...CONSENT_FLAGS,
    IGNORE_LEASE,
    CONFIG,
  ],
  effects: "writes",
  examples: [
    { line: "codexkeep handoff restore --dry-run", does: "what the newest snapshot would put back" },
    { line: "codexkeep handoff restore --target cloud --apply", does: "puts the folder's files back" },
  ],
};

/** `codexkeep handoff …`, as far as there is something that carries it out. */
export const HANDOFF: readonly Command[] = [
  {
    ...INIT_CONFIG,
    run: async (input) => (await import("../actions/handoff_settings.ts")).runInitConfig(input),
  },
  {
    ...VALIDATE,
    run: async (input) => (await import("../actions/handoff_settings.ts")).runValidate(input),
  },
];
