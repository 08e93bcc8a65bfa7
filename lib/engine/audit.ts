/** The numbers of `diagnose`: files against rows. Judges nothing. */
import type { AuditReport, IntegrityReport } from "../core/audit_report.ts";
import type { Rollout, Snapshot } from "../core/snapshot.ts";
import { fileOf } from "../codex/hiding.ts";
import { parseRolloutName } from "../codex/rollout_name.ts";

/** Stands for a provider or folder that is not named. */
export const EMPTY_LABEL = "<empty>";

/** Files against rows. */
export function auditOf(snapshot: Snapshot): AuditReport {
  const { threads, damaged } = snapshot;
  const byProvider = new Map<string, number>();
  const byCwd = new Map<string, number>();
  const groups = new Map<string, { source: string; provider: string; archived: boolean; threads: number }>();
  const rows = { active: 0, archived: 0 };
  const files = {
    active: 0,
    archived: damaged.filter((rollout) => rollout.archived && isNamed(rollout)).length,
  };
  files.active = damaged.filter(isNamed).length - files.archived;
  for (const { rollouts, row } of threads.values()) {
    for (const rollout of rollouts) {
      if (rollout.damage === undefined) files[rollout.archived ? "archived" : "active"]++;
    }
    if (row === undefined) continue;
    const { source, archived } = row;
    const provider = row.provider || EMPTY_LABEL;
    rows[archived ? "archived" : "active"]++;
    count(byProvider, provider);
    count(byCwd, row.cwd || EMPTY_LABEL);
    const key = JSON.stringify([source, provider, archived]);
    const group = groups.get(key) ?? { source: source || EMPTY_LABEL, provider, archived, threads: 0 };
    groups.set(key, { ...group, threads: group.threads + 1 });
  }
  return {
    sessions_rollouts: files.active,
    archived_rollouts: files.archived,
    rollouts_total: files.active + files.archived,
    threads_total: rows.active + rows.archived,
    threads_active: rows.active,
    threads_archived: rows.archived,
    by_provider: sorted(byProvider),
    by_cwd: sorted(byCwd),
    groups: [...groups.values()].sort((a, b) => b.threads - a.threads),
    integrity: integrityOf(snapshot),
  };
}

function integrityOf(snapshot: Snapshot): AuditReport["integrity"] {
  const unindexed: string[] = [];
  const fileless: string[] = [];
  const stale: string[] = [];
  const doubled: string[] = [];
  for (const thread of snapshot.threads.values()) {
    const { id, rollouts, row } = thread;
    if (row === undefined) unindexed.push(`${id}: ${rollouts.map(({ path }) => path).join(", ")}`);
    else {
      if (rollouts.length === 0) fileless.push(`${id}: ${row.rolloutPath}`);
      if (fileOf(row, thread, snapshot) === undefined) stale.push(`${id}: ${row.rolloutPath}`);
    }
    const twice = doublesOf(rollouts);
    if (twice.length > 0) doubled.push(`${id}: ${twice.join(", ")}`);
  }
  return {
    disk_not_in_db: of(unindexed),
    db_not_on_disk: of(fileless),
    missing_rollout_path: of(stale),
    duplicate_rollout_ids: of(doubled),
  };
}

/** The files that another one of the thread stands for as well. */
function doublesOf(rollouts: readonly Rollout[]): readonly string[] {
  if (rollouts.length < 2) return [];
  const parts = new Map<string, string[]>();
  for (const { path, segment = "" } of rollouts) parts.set(segment, [...parts.get(segment) ?? [], path]);
  return [...parts.values()].filter((paths) => paths.length > 1).flat();
}

/** A damaged entry may be a folder or link that only stands where a rollout could. */
function isNamed({ path }: Rollout): boolean {
  return parseRolloutName(path.slice(path.lastIndexOf("/") + 1)) !== undefined;
}

function of(samples: readonly string[]): IntegrityReport {
  return { count: samples.length, samples };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** From a map, because a folder may be called "constructor" or "__proto__". */
function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)));
}
