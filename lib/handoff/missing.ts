/** What is to be done about a file that is on one side only. */
import {
  across,
  conflictOf,
  type Context,
  emptyPlan,
  isTouched,
  type KeyPlan,
  mayWrite,
  type Pair,
  skipForDirection,
} from "./draft.ts";
import type { BaseEntry, Item, Side } from "./model.ts";

/** Plans a file that only `on` has. */
export function planMissing(context: Context, pair: Pair, on: Side, item: Item): KeyPlan {
  const plan = emptyPlan(pair);
  const { base } = pair;
  if (base === undefined) carry(context, plan, on, item, "new");
  else if (!wasRemovedOnPurpose(context, pair, base, on, item)) {
    carry(context, plan, on, item, "brought-back");
  } else if (hasChanged(context, pair, base, on, item)) {
    plan.conflicts.push(conflictOf(pair, "changed-and-removed", on));
    carry(context, plan, on, item, "brought-back");
  } else if (mayWrite(context, on)) {
    plan.steps.push({ do: "remove", on, key: pair.key, path: item.path, stamp: item.stamp });
  } else skipForDirection(context, plan, "it was removed on the other side");
  return plan;
}

/** Brings a file to the side that lacks it. */
export function carry(
  context: Context,
  plan: KeyPlan,
  from: Side,
  item: Item,
  reason: "new" | "brought-back",
): void {
  const to = across(from);
  if (!mayWrite(context, to)) {
    skipForDirection(context, plan, `only the ${from} side has it`);
    return;
  }
  const { key, path, kind, stamp } = item;
  plan.steps.push({ do: "copy", to, key, kind, from: path, path, over: undefined, source: stamp, reason });
}

/**
 * Whether the other side lacks the file because somebody wanted that, and the settings say to follow. A file that is
 * gone from the folder without a new tombstone may be a fault of the engine that carries the folder. The two logs of
 * the home are never removed: they are of all threads.
 */
function wasRemovedOnPurpose(
  { settings }: Context,
  { tombstone }: Pair,
  base: BaseEntry,
  on: Side,
  { kind }: Item,
): boolean {
  if (settings.sync.deletePolicy === "never" || kind === "index" || kind === "history") return false;
  return on === "cloud" || (tombstone !== undefined && tombstone.at !== base.tombstone);
}

/**
 * Whether the file is another one than what was removed: by its place, or by its content. A tombstone speaks only of
 * the content it names: what this machine left in the folder may have lost a race there, and never been seen by the
 * one that removed the file.
 */
function hasChanged(context: Context, pair: Pair, base: BaseEntry, on: Side, item: Item): boolean {
  if (item.archived !== base[on].archived) return true;
  const { looks } = context.situation;
  if (on === "cloud") return isTouched(pair, on, item) && looks.sha256(on, item) !== base.cloud.sha256;
  const now = item.kind === "rollout" ? looks.content(on, item) : looks.sha256(on, item);
  return now !== pair.tombstone?.sha256;
}
