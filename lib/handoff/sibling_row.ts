/** The row of a thread that was made from a version of another one. */
import { newestThread } from "../codex/extract_merge.ts";
import type { Value } from "../codex/salvage.ts";
import { readSessionIndex, SESSION_INDEX } from "../codex/session_index.ts";
import type { EntryChange } from "../core/plan.ts";
import { readSmallFile } from "../repairs/small_file.ts";
import { type FolderSource, mapsFrom } from "./arrive_folders.ts";
import { newRow, threadColumns } from "./new_row.ts";
import { siblingName } from "./sibling_name.ts";

/** Where a user has put a thread; the new one is in no section and no project. */
const PLACED = [
  "thread_section_id",
  "section_position",
  "section_entered_at_ms",
  "project_id",
  "is_pinned",
  "attached_thread_parent_id",
] as const;

/** A row to add, and what the thread is called in it. */
export interface SiblingRow {
  readonly change: EntryChange;
  readonly name: string;
}

/**
 * The row of thread `to`, made from what the machine of the version says of thread `from`. Undefined when nobody says
 * anything of it or the database cannot take the row.
 */
export function siblingRow(
  source: FolderSource,
  from: string,
  to: string,
  machine: string,
): SiblingRow | undefined {
  const { facts, previous, others } = source;
  const { live, threads } = facts.snapshot;
  const rollout = threads.get(to)?.rollouts.at(-1);
  if (live === undefined || rollout === undefined) return undefined;
  const theirs = others.filter((other) => other.machine === machine);
  const known = (theirs[0] ?? previous)?.threads.get(from) ?? newestThread(others, from)?.thread;
  if (known === undefined) return undefined;
  const index = readSmallFile(facts, SESSION_INDEX);
  const names = index === undefined || "refused" in index ? undefined : readSessionIndex(index.bytes).names;
  const name = siblingName(known.row, names?.get(from), machine);
  const isLegacy = rollout.meta?.mode !== "paginated";
  const row: Record<string, Value> = { ...known.row, ...isLegacy ? { name: null, title: name } : { name } };
  for (const column of PLACED) delete row[column];
  const maps = mapsFrom(source, theirs);
  const change = facts.tables(live.path, (tables) => {
    const columns = threadColumns(tables);
    return newRow({ facts, database: live.path, columns, id: to, rollout, row, maps });
  });
  return change && { change, name };
}
