/**
 * After files have arrived: brings the database of this machine in step with them and with what other machines know.
 * What is to be done follows from the state of the home and the folder alone, so that a run that was cut off is finished
 * by the next one, and a run after a finished one does nothing.
 */
import type { Extract } from "../codex/extract.ts";
import { makeExtract, readOwnRows } from "../codex/extract_make.ts";
import { SESSION_INDEX } from "../codex/session_index.ts";
import { isFolderWithin } from "../core/folder.ts";
import type { Plan } from "../core/plan.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { mergeChanges } from "../core/merge.ts";
import { factsAfter } from "../engine/facts_after.ts";
import { assemble, planRepairs } from "../engine/plans.ts";
import { parseRolloutName } from "../codex/rollout_name.ts";
import type { Draft, Facts, RepairOptions } from "../repairs/repair.ts";
import { readSmallFile } from "../repairs/small_file.ts";
import { groupsByMaps, toldMaps } from "./arrive_folders.ts";
import { planHistories, type ReadHistories } from "./arrive_history.ts";
import { planRows } from "./arrive_rows.ts";
import { planThings } from "./arrive_things.ts";
import { namesSince } from "./arrive_names.ts";
import { type Remark, remarksOn } from "./arrive_remarks.ts";
import { lineageOf } from "./continued.ts";
import type { Tombstone } from "./model.ts";
import type { PathMapping } from "./settings.ts";

/** What an arrival goes by. */
export interface ArrivalSource {
  readonly facts: Facts;
  /** This machine, as the settings call it. */
  readonly machine: string;
  /** The last extract of this machine. */
  readonly previous: Extract | undefined;
  readonly others: readonly Extract[];
  readonly mappings: readonly PathMapping[];
  /** By the key of the file: files that some machine removed on purpose. */
  readonly tombstones: ReadonlyMap<string, Tombstone>;
  /** Keys of files that this run has changed in the home; what a run before this one changed is found out. */
  readonly changedKeys: ReadonlySet<string>;
  readonly histories: ReadHistories;
}

/** What is to be done, and what the user should know. */
export interface ArrivalPlan {
  readonly plan: Plan;
  readonly remarks: readonly Remark[];
}

/** The extract of this machine as things are now. Undefined while there is no usable database. */
export function currentExtract(
  { facts, machine, previous, others, mappings }: ArrivalSource,
): Extract | undefined {
  const { live, home } = facts.snapshot;
  if (live === undefined || live.problem !== undefined) return undefined;
  const rows = facts.tables(live.path, readOwnRows);
  if (rows === undefined) return undefined;
  const index = readSmallFile(facts, SESSION_INDEX);
  const namedAt = namesSince(index === undefined || "refused" in index ? new Uint8Array() : index.bytes);
  const { platform, nowMs } = facts;
  return makeExtract({
    machine,
    home,
    platform,
    maps: toldMaps(mappings),
    rows,
    previous,
    others,
    namedAt,
    nowMs,
  });
}

/** The plan that brings the database in step; empty when it is. */
export function planArrival(given: ArrivalSource): ArrivalPlan {
  const { facts } = given;
  const own = currentExtract(given);
  const source = own === undefined ? given : withLost(given, own);
  const { live } = facts.snapshot;
  if (own === undefined || live === undefined) {
    return { plan: assemble("handoff", facts.snapshot, [], []), remarks: [] };
  }
  const first = facts.tables(live.path, (tables) => {
    const rowed = { ...source, own, database: live.path };
    const hasFiles = (id: string) => (facts.snapshot.threads.get(id)?.rollouts.length ?? 0) > 0;
    const things = planThings(rowed, tables, hasFiles);
    const { sections, projects } = things;
    const rows = planRows({ ...rowed, sections, projects }, tables);
    return { changes: [...things.made, ...rows.changes, ...things.gone], skipped: rows.skipped };
  }) ?? { changes: [], skipped: [] };
  const drafts: Draft[] = [first];
  const unsettled = unsettledThreads(source, own);
  const shared = [...facts.snapshot.threads.keys()].filter((id) =>
    unsettled.has(id) || source.others.some(({ threads }) => threads.has(id))
  );
  addRepairs(drafts, facts, ["archive", "paths"], shared, {});
  if (unsettled.size > 0) {
    const lineage = lineageOf(facts.snapshot, unsettled);
    addRepairs(
      drafts,
      { ...facts, snapshot: onlyThreads(facts.snapshot, lineage) },
      ["history"],
      unsettled,
      {},
    );
    for (const { maps, ids } of groupsByMaps(source, unsettled)) {
      const named = [...ids].filter((id) => namesFolder(facts.snapshot.threads.get(id), source, id, maps));
      addRepairs(drafts, facts, ["cwd"], named, { maps });
    }
  }
  drafts.push(planHistories(facts, source.histories));
  addRepairs(drafts, facts, ["backfill"], facts.snapshot.threads.keys(), {});
  return { plan: assemble("handoff", facts.snapshot, drafts, []), remarks: remarksOn(source, own) };
}

/** What this machine told others before Codex made the database anew is as good as what others tell. */
function withLost(source: ArrivalSource, { database }: Extract): ArrivalSource {
  const { previous, others } = source;
  if (previous === undefined || previous.database === database) return source;
  return { ...source, others: [...others, previous] };
}

/** Adds what these repairs would change in the home as it will be. */
function addRepairs(
  drafts: Draft[],
  facts: Facts,
  names: readonly string[],
  ids: Iterable<string>,
  more: Partial<RepairOptions>,
): void {
  const changes = mergeChanges(drafts.map(({ changes }) => changes));
  const ahead = factsAfter(facts, changes);
  const threads = [...ids].flatMap((id) => ahead.snapshot.threads.get(id) ?? []);
  if (threads.length === 0) return;
  drafts.push(planRepairs("handoff", ahead, names, { threads, from: undefined, ...more }));
}

function onlyThreads(snapshot: Snapshot, ids: ReadonlySet<string>): Snapshot {
  if (ids.size === snapshot.threads.size) return snapshot;
  return { ...snapshot, threads: new Map([...snapshot.threads].filter(([id]) => ids.has(id))) };
}

/**
 * Threads whose files may have changed since this machine last brought everything in step: those this run has changed,
 * those that its last extract does not have, and those on which another machine has been at work since.
 */
function unsettledThreads(source: ArrivalSource, own: Extract): ReadonlySet<string> {
  const { facts, previous, others, changedKeys } = source;
  const ids = new Set<string>();
  for (const key of changedKeys) {
    const id = parseRolloutName(key)?.id;
    if (id !== undefined) ids.add(id);
  }
  for (const { id, rollouts } of facts.snapshot.threads.values()) {
    if (rollouts.length === 0) continue;
    const known = previous?.threads.get(id);
    const theirs = others.flatMap(({ threads }) => threads.get(id) ?? []);
    if (theirs.length === 0) continue;
    const last = Number(known?.row["updated_at_ms"] ?? 0);
    const isNew = known === undefined || !own.threads.has(id) ||
      own.threads.get(id)?.row["cwd"] !== known.row["cwd"];
    if (isNew || theirs.some(({ row }) => Number(row["updated_at_ms"] ?? 0) > last)) ids.add(id);
  }
  return ids;
}

/** Whether a thread names a folder that is called otherwise here, as far as can be told without reading its files. */
function namesFolder(
  thread: Thread | undefined,
  { others }: ArrivalSource,
  id: string,
  maps: NonNullable<RepairOptions["maps"]>,
): boolean {
  if (thread === undefined) return false;
  const named = [
    thread.row?.cwd,
    ...thread.rollouts.map(({ meta }) => meta?.cwd),
    ...others.map(({ threads }) => threads.get(id)?.row["cwd"]),
  ];
  return named.some((folder) =>
    typeof folder === "string" &&
    maps.some(({ from, to }) => isFolderWithin(folder, from) || isFolderWithin(folder, to))
  );
}
