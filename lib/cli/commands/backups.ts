import type { Argument, Command } from "../command.ts";
import { APPLY, CHECK, DRY_RUN, WAIT } from "../flags.ts";

const ID: Omit<Argument, "required"> = {
  name: "ID",
  variadic: false,
  format: "record",
  summary: "id of a record, or `latest`",
};

/** `codexkeep backups list` */
const LIST: Command = {
  name: "backups list",
  aliases: [],
  summary: "lists the records: what each run changed, and whether it can be taken back",
  description: [
    "A record is what a run leaves behind: backup, journal and undo in one. Backups of other programs are listed, too, " +
    "but never touched.",
  ],
  flags: [],
  args: [],
  effects: "reads",
  examples: [{ line: "codexkeep backups list", does: "all records, the newest first" }],
  exitCodes: [5, 6, 9, 10],
  run: async (input) => (await import("../actions/backups.ts")).runBackupsList(input),
};

/** `codexkeep backups show` */
const SHOW: Command = {
  name: "backups show",
  aliases: [],
  summary: "shows one record in detail",
  description: ["What the run changed, how much, and whether it took back another run."],
  flags: [],
  args: [{ ...ID, required: true }],
  effects: "reads",
  examples: [{ line: "codexkeep backups show latest", does: "the last run" }],
  exitCodes: [5, 6, 9, 10],
  run: async (input) => (await import("../actions/backups.ts")).runBackupsShow(input),
};

/** `codexkeep backups verify` */
const VERIFY: Command = {
  name: "backups verify",
  aliases: [],
  summary: "checks that records are whole and can be used",
  description: [
    "Reads what a record says of its run, its changes and its journal, and compares checksums; all records when no id is " +
    "given. With --deep also the old files that it keeps whole.",
  ],
  flags: [
    {
      name: "deep",
      kind: "boolean",
      summary: "also read the old files that a record keeps whole, every byte",
    },
  ],
  args: [{ ...ID, required: false }],
  effects: "reads",
  examples: [{ line: "codexkeep backups verify --deep", does: "all records, with every byte they keep" }],
  exitCodes: [5, 6, 9, 10],
  run: async (input) => (await import("../actions/backups.ts")).runBackupsVerify(input),
};

/** `codexkeep backups prune` */
const PRUNE: Command = {
  name: "backups prune",
  aliases: [],
  summary: "removes old records",
  description: [
    "Keeps the newest N. Never removes the record of an interrupted run, backups of other programs, or the ledger of " +
    "the first providers. What is removed cannot be taken back.",
  ],
  flags: [
    {
      name: "keep",
      kind: "integer",
      placeholder: "N",
      min: 0,
      required: true,
      summary: "records to keep",
    },
    APPLY,
    DRY_RUN,
    CHECK,
    WAIT,
  ],
  args: [],
  effects: "writes",
  examples: [{ line: "codexkeep backups prune --keep 3 --apply", does: "removes all but the newest three" }],
  exitCodes: [5, 6, 9, 10],
  run: async (input) => (await import("../actions/backups.ts")).runBackupsPrune(input),
};

/** `codexkeep backups export` */
const EXPORT: Command = {
  name: "backups export",
  aliases: [],
  summary: "writes the providers that a run changed to a CSV file, thread by thread",
  description: [
    "The columns are id, old_provider, new_provider and ts, the time of the run: enough to put every thread back by " +
    "other means, or to look at in a spreadsheet. A run that moved no thread gives a file with the heading alone.",
    "FILE is made, never overwritten, and readable by you alone; `-` is standard output. The home is only read. " +
    "`codexkeep restore` needs no such file.",
  ],
  flags: [{
    name: "csv",
    kind: "string",
    placeholder: "FILE",
    required: true,
    summary: "the file to make, outside the folders of rollouts and records; - for standard output",
  }],
  args: [{ ...ID, required: true }],
  effects: "reads",
  examples: [{ line: "codexkeep backups export latest --csv moved.csv", does: "what the last run moved" }],
  exitCodes: [5, 6, 9, 10],
  run: async (input) => (await import("../actions/export.ts")).runBackupsExport(input),
};

/** `codexkeep backups …` */
export const BACKUPS: readonly Command[] = [LIST, SHOW, VERIFY, PRUNE, EXPORT];
