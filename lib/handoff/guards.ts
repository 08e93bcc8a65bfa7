/** Signs that something is wrong with a side as a whole: then nothing is written at all. */
import type { Context, KeyPlan, Pair } from "./draft.ts";
import type { Conflict, Halt, Side } from "./model.ts";
import { kindOf } from "./selection.ts";

/** Shares say little of a handful of files: they count once more than so many are known. */
const HANDFUL = 10;

/** The first reason not to write, or undefined. */
export function haltOf(
  context: Context,
  pairs: ReadonlyMap<string, Pair>,
  plans: readonly KeyPlan[],
): Halt | undefined {
  return wrongFolder(context) ?? emptySide(context, pairs) ?? tooMuch(context, pairs, plans) ??
    openConflicts(plans.flatMap(({ conflicts }) => conflicts));
}

function wrongFolder({ situation: { marker } }: Context): Halt | undefined {
  if (marker.base === undefined || marker.base === marker.folder) return undefined;
  if (marker.folder === undefined) {
    return {
      code: "marker-missing",
      message: "the folder has lost its marker, so it may be another one, or not be there at all",
      hint:
        "look whether the folder is mounted and has been carried over whole; .codexkeep/marker.json must be in it",
    };
  }
  return {
    code: "base-of-another-folder",
    message:
      `the last hand-over of this machine was with another folder: its marker was "${marker.base}", here it is "${marker.folder}"`,
    hint:
      "correct paths.cloud_root_dir; for a new folder move the file of state.manifest_file away, then all is compared anew",
  };
}

/** A side without a single file of the kind that counts, where there were some. */
function emptySide({ settings, situation }: Context, pairs: ReadonlyMap<string, Pair>): Halt | undefined {
  const counts = (pair: Pair) => settings.sync.scope === "settings" || kindOf(pair) === "rollout";
  const known = [...pairs.values()].filter((pair) => pair.base !== undefined && counts(pair));
  if (known.length === 0) return undefined;
  const side = (["local", "cloud"] as const).find((one: Side) => {
    return ![...situation[one].items.values()].some((item) => {
      return settings.sync.scope === "settings" || item.kind === "rollout";
    });
  });
  if (side === undefined) return undefined;
  const place = side === "local" ? "the Codex home" : "the folder";
  return {
    code: "empty-side",
    message: `${place} is empty, and ${known.length} files were in it at the last hand-over`,
    hint: side === "local"
      ? "look whether paths.local_state_dir is right; to fetch everything anew, move the file of state.manifest_file away"
      : "wait until the folder has been carried over whole; for a new folder, move the file of state.manifest_file away",
  };
}

function tooMuch(
  { settings: { safety } }: Context,
  pairs: ReadonlyMap<string, Pair>,
  plans: readonly KeyPlan[],
): Halt | undefined {
  const known = [...pairs.values()].filter(({ base }) => base !== undefined).length;
  if (known <= HANDFUL) return undefined;
  const removed = plans.filter(({ steps }) => steps.some((step) => step.do === "remove")).length;
  if (removed * 100 > known * safety.maxDeletePercent) {
    return {
      code: "too-many-deletions",
      message: `${removed} of ${known} known files would be removed, more than ${safety.maxDeletePercent} %`,
      hint: 'look at them with "codexkeep handoff plan"; if they are to go, raise safety.max_delete_percent',
    };
  }
  const rewritten = plans.filter(isRewritten).length;
  if (rewritten * 100 > known * safety.maxChangedPercent) {
    return {
      code: "too-many-changes",
      message: `${rewritten} of ${known} known files were rewritten, more than ${safety.maxChangedPercent} %`,
      hint: 'look at them with "codexkeep handoff plan"; if they are right, raise safety.max_changed_percent',
    };
  }
  return undefined;
}

/** A known file that was replaced by another one: logs that only went on are the daily life of a home. */
function isRewritten({ pair, steps, conflicts }: KeyPlan): boolean {
  if (pair.base === undefined) return false;
  return steps.some((step) =>
    step.do === "copy" && step.over !== undefined && !isWholeAnew(step.kind, conflicts)
  ) ||
    conflicts.some(({ resolved }) => resolved === undefined);
}

/** A rollout that is carried whole only because nothing can be appended: it was not rewritten. */
function isWholeAnew(kind: string, conflicts: readonly Conflict[]): boolean {
  return kind === "rollout" && conflicts.length === 0;
}

function openConflicts(conflicts: readonly Conflict[]): Halt | undefined {
  const open = conflicts.filter(({ resolved }) => resolved === undefined);
  if (open.length === 0) return undefined;
  return {
    code: "conflicts",
    message: open.length === 1
      ? "1 file has changed on both sides"
      : `${open.length} files have changed on both sides`,
    hint: 'settle each with "codexkeep handoff resolve KEY --keep local|cloud|both", or set conflict.policy',
  };
}
