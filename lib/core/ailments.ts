/** Every finding in one sentence, with what helps: the words of `explain` and of the README's table. */
import type { Finding, FindingCode } from "./finding.ts";

/** What is to be known of a finding whatever the home. */
export interface Ailment {
  /** How bad it is; some findings are worse in some homes. */
  readonly severity: readonly Finding["severity"][];
  /** What it means, for one thread or the home. */
  readonly means: string;
  /** The repair that cures it. */
  readonly repair?: string;
  /** What helps where no repair does. */
  readonly hint?: string;
}

/** The ailments, in the order in which the README tells them. */
export const AILMENTS: Readonly<Record<FindingCode, Ailment>> = {
  "provider-mismatch": {
    severity: ["warning"],
    means: "It belongs to another provider than the one in use; lists of one provider leave it out.",
    repair: "provider",
  },
  "provider-copies-disagree": {
    severity: ["error"],
    means: "Its file and its row name different providers; Codex may refuse to open it.",
    repair: "provider",
  },
  "provider-not-configured": {
    severity: ["error"],
    means: "Its provider is not declared in `config.toml`; Codex lists it and cannot open it.",
    repair: "provider",
    hint: "or put the `[model_providers]` table back",
  },
  "encrypted-content-foreign": {
    severity: ["info"],
    means: "Its reasoning is encrypted by another provider; continuing or compacting it may be refused.",
    hint: "reading and forking work; go on under the provider it came from",
  },
  "account-hidden": {
    severity: ["info", "warning"],
    means: "It is stamped with a ChatGPT account; the terminal shows it to that account alone.",
    repair: "account",
    hint: "or sign in with that account",
  },
  "cwd-missing": {
    severity: ["info"],
    means: "Its project folder is not there any more: moved, renamed or removed.",
    repair: "cwd",
  },
  "cwd-form": {
    severity: ["warning"],
    means:
      "Its folder is written in a form of another system (`\\\\?\\`, drive letter, WSL), so no list matches it.",
    repair: "cwd",
  },
  "cwd-copies-disagree": {
    severity: ["info"],
    means: "It was begun in one folder and belongs to another now; lists of a folder differ.",
    hint: "nothing to do",
  },
  "rollout-path-stale": {
    severity: ["error", "warning"],
    means: "Its row names a place where the file is not, as after a move or restore of the home.",
    repair: "paths",
  },
  "rollout-misplaced": {
    severity: ["warning", "info"],
    means: "Its file lies outside the dated folders, or under a wrong name; lists made from files miss it.",
    repair: "paths",
  },
  "rollout-copy": {
    severity: ["warning"],
    means: "A copy of a rollout lies where Codex takes it for a thread of its own, such as a backup folder.",
    repair: "paths",
  },
  "duplicate-thread": {
    severity: ["warning"],
    means: "Two files claim to be the same part of one thread, and hold different things.",
    hint: "look at both, and add `.bak` to the name of the one that is not to be read",
  },
  "rollout-missing": {
    severity: ["warning", "info"],
    means: "The database knows it, but its file is gone.",
    hint: "only a backup of the folder `sessions` brings it back",
  },
  "rollout-damaged": {
    severity: ["error", "warning"],
    means:
      "Its file cannot be read as a rollout, or a folder of rollouts is a link; codexkeep leaves it alone.",
    hint: "put the file back from a backup, or look at the line that the sample names",
  },
  "rollout-not-indexed": {
    severity: ["warning", "info"],
    means: "Its file is on the disk, but the database has no row for it; lists from the database miss it.",
    repair: "backfill",
  },
  "rollout-active-orphan": {
    severity: ["info"],
    means: "Its file has no row because Codex is writing to it at this moment.",
    hint: "nothing to do; look again when it is closed",
  },
  "archived-thread": {
    severity: ["info"],
    means: "It is archived, which lists leave out and Codex does not open.",
    repair: "unarchive",
  },
  "archive-mismatch": {
    severity: ["warning"],
    means:
      "Its row and the place of its file disagree on whether it is archived; lists of either kind miss it.",
    repair: "archive",
  },
  "preview-empty": {
    severity: ["warning"],
    means: "Its row has no preview, and lists from the database leave such rows out.",
    repair: "preview",
  },
  "user-event-drift": {
    severity: ["info"],
    means:
      "Its row says that the user wrote nothing, its file says otherwise; only older versions of Codex mind.",
    repair: "user-events",
  },
  "history-offsets-shifted": {
    severity: ["error"],
    means: "Another tool made its file longer or shorter; stored byte offsets point beside the turns.",
    repair: "history",
  },
  "history-base-broken": {
    severity: ["error"],
    means: "It goes on where another file ends, and that place is not there any more.",
    repair: "history",
    hint: "where the file itself is gone: put it back, from a backup",
  },
  "history-frozen": {
    severity: ["error"],
    means: "The stored picture of its turns is behind the file, so the latest ones are not shown.",
    repair: "history",
  },
  "backfill-stuck": {
    severity: ["error", "warning"],
    means: "The database says that it is being filled, and nobody is filling it; Codex waits and gives up.",
    repair: "backfill",
  },
  "backfill-incomplete": {
    severity: ["info"],
    means: "The database is not filled to the end; Codex goes on with that when it starts.",
    hint: "start Codex once",
  },
  "index-stale": {
    severity: ["warning", "info"],
    means: "`session_index.jsonl`, which holds names of threads, lacks entries or holds old ones.",
    repair: "index",
  },
  "ui-state-filter": {
    severity: ["warning", "info"],
    means: "The sidebar of the app is set to show some workspaces only, or has groups collapsed.",
    repair: "ui-state",
  },
  "ui-state-stale": {
    severity: ["warning", "info"],
    means: "The app remembers workspaces or hints that lead nowhere.",
    repair: "ui-state",
  },
  "ui-state-invalid": {
    severity: ["warning"],
    means: "`.codex-global-state.json` has entries that the app drops without a word.",
    repair: "ui-state",
  },
  "database-missing": {
    severity: ["error", "info"],
    means: "There is no state database; Codex makes one from the rollouts when it starts.",
    hint: "start Codex once, close it, look again",
  },
  "database-unreadable": {
    severity: ["error"],
    means: "The state database cannot be opened.",
    hint: "look at its permissions and at the disk",
  },
  "database-malformed": {
    severity: ["error"],
    means: "The state database is damaged; Codex puts it aside and loses names, pins and projects.",
    repair: "database",
  },
  "database-salvage": {
    severity: ["info", "warning"],
    means: "A database that Codex put aside still holds names, pins or projects that the present one lacks.",
    repair: "database",
  },
  "database-migration": {
    severity: ["error", "info"],
    means: "Another build of Codex made parts of the database, and this one may refuse to start with it.",
    repair: "database",
    hint: "or let one build alone use the home",
  },
  "database-schema": {
    severity: ["error"],
    means: "The state database has a form that codexkeep does not know, so it does not write to it.",
    hint: "look for a newer codexkeep",
  },
  "database-split": {
    severity: ["warning"],
    means: "There is more than one state database with threads, and programs may use different ones.",
    hint: "name the one in use with `--sqlite-home`",
  },
  "config-invalid": {
    severity: ["error"],
    means:
      "Codex does not accept `config.toml` and runs with defaults, so your own provider's threads vanish.",
    hint: "correct the line that is named",
  },
  "config-layer-invalid": {
    severity: ["warning"],
    means: "A profile file `<name>.config.toml` is not accepted.",
    hint: "correct the line that is named",
  },
  "config-legacy-profile": {
    severity: ["info"],
    means: "`[profiles.*]` tables are of an older Codex; this one refuses to use them.",
    repair: "config",
  },
  "record-pending": {
    severity: ["error"],
    means: "A run of codexkeep was cut off.",
    hint: "codexkeep recover",
  },
};

/** Findings about the home that concern every thread in it. */
export const HOME_WIDE: ReadonlySet<FindingCode> = new Set([
  "config-invalid",
  "database-missing",
  "database-unreadable",
  "database-malformed",
  "database-schema",
  "database-migration",
  "database-split",
  "backfill-stuck",
  "backfill-incomplete",
  "ui-state-filter",
  "ui-state-invalid",
  "record-pending",
]);
