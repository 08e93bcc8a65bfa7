/** What Codex has read of the files that a restore makes shorter. */
import { type Change, order, type Plan, threadsOf } from "../core/plan.ts";
import { auditHistory } from "../repairs/history_audit.ts";
import { readNoFurther } from "../repairs/history_rows.ts";
import type { Facts } from "../repairs/repair.ts";
import { factsAfter } from "./facts_after.ts";

/**
 * The plan with the place up to which Codex has read each file set back where the file will end before it. Codex reads
 * the settings that a sync appends as soon as the thread is opened; when they are taken back and its place is not, it
 * passes over the beginning of the next turn (seen in Codex 0.169).
 */
export function withPlacesRead(facts: Facts, plan: Plan): Plan {
  const touched = threadsOf(plan.changes.filter(({ kind }) => kind === "edit"));
  if (touched.size === 0) return plan;
  const threads = new Map([...facts.snapshot.threads].filter(([id]) => touched.has(id)));
  const after = factsAfter({ ...facts, snapshot: { ...facts.snapshot, threads } }, plan.changes);
  const { database, files } = auditHistory(after);
  if (database === undefined) return plan;
  const planned = new Set(plan.changes.flatMap(keyOf));
  const more = files.flatMap((audit) => audit.rewritten ? [] : readNoFurther(audit, database))
    .filter((change) => keyOf(change).every((key) => !planned.has(key)));
  return more.length === 0 ? plan : { ...plan, changes: order([...plan.changes, ...more]) };
}

function keyOf(change: Change): string[] {
  return change.kind === "entry" ? [JSON.stringify([change.database, change.table, change.key])] : [];
}
