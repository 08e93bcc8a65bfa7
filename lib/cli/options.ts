/** The shared flags as values, for the commands that have them. */
import type { Selection } from "../engine/selection.ts";
import type { FlagValues } from "./command.ts";
import { DEFAULT_KEEP } from "./flags.ts";
import type { FolderMap, RepairOptions } from "../repairs/repair.ts";
import { splitMap } from "./values.ts";

/** What a writing command may do with its plan: carry it out, ask first, or only show it. */
export type WriteMode = "apply" | "ask" | "show";

/** The flags of writing commands. Those that a command does not have are at their defaults. */
export interface WriteOptions {
  readonly mode: WriteMode;
  /** `--check`: exit 10 when the plan is not empty. */
  readonly check: boolean;
  /** File to save the plan to. */
  readonly planOut: string | undefined;
  /** Records kept after the run. */
  readonly keep: number;
  readonly allowRunning: boolean;
  /** Milliseconds to wait for locks. */
  readonly waitMs: number;
}

/** The flags that name the providers of a move. */
export interface TargetOptions {
  readonly from: string | undefined;
  /** `--provider` or `--to`; may be `auto`. */
  readonly to: string | undefined;
}

/** Reads {@link WRITE_FLAGS}, or those of them the command has. */
export function writeOptions(flags: FlagValues): WriteOptions {
  const has = (name: string) => flags.knows(name) && flags.has(name);
  const planOut = flags.knows("plan-out") ? flags.text("plan-out") : undefined;
  // A plan that is saved is meant for later, so saving it does not ask.
  const onlyShow = has("dry-run") || has("check") || planOut !== undefined;
  return {
    mode: has("apply") ? "apply" : onlyShow ? "show" : "ask",
    check: has("check"),
    planOut,
    keep: flags.knows("keep") ? flags.integer("keep") ?? DEFAULT_KEEP : DEFAULT_KEEP,
    allowRunning: has("allow-running"),
    waitMs: waitMs(flags),
  };
}

/** `--wait` in milliseconds; 0 when it is not given or the command does not have it. */
export function waitMs(flags: FlagValues): number {
  return flags.knows("wait") ? (flags.integer("wait") ?? 0) * 1000 : 0;
}

/** Reads {@link SELECT_FLAGS}. */
export function selectOptions(flags: FlagValues): Selection {
  return {
    threads: flags.texts("thread"),
    sources: flags.texts("source"),
    cwd: flags.text("cwd"),
    sinceMs: flags.date("since")?.fromMs,
    untilMs: flags.date("until")?.toMs,
    includeArchived: flags.has("include-archived"),
    includeEmpty: flags.has("include-empty"),
  };
}

/** Reads {@link TARGET_FLAGS}. */
export function targetOptions(flags: FlagValues): TargetOptions {
  return { from: flags.text("from"), to: flags.text("provider") ?? flags.text("to") };
}

/** What the command line says about how threads are repaired. */
export interface HowOptions {
  readonly maps: readonly FolderMap[];
  readonly only: RepairOptions["only"];
}

/** Reads `--map` and `--only`, or those of them the command has. */
export function howOptions(flags: FlagValues): HowOptions {
  const only = flags.knows("only") ? flags.text("only") : undefined;
  return {
    maps: (flags.knows("map") ? flags.texts("map") : []).map(splitMap),
    only: only === "db" ? "database" : only === "rollouts" ? "rollouts" : undefined,
  };
}
