/** Turns a snapshot into the reports that commands return. Adds nothing that is not in the snapshot or the records. */
import type { Counts, RecordReport, StatusReport } from "../core/report.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { DEFAULT_PROVIDER, problemText } from "../codex/config.ts";
import { fileOf } from "../codex/hiding.ts";
import { NO_PROVIDER } from "../core/plan.ts";
import { isForeign } from "../repairs/provider.ts";
import type { RecordSummary } from "./records.ts";

/** The counts of a home. */
export function countsOf({ threads, damaged }: Snapshot): Counts {
  const rollouts = { active: 0, archived: 0, compressed: 0, damaged: damaged.length };
  const inFiles = new Map<string, number>();
  const inDatabase = new Map<string, number>();
  let archived = 0;
  for (const thread of threads.values()) {
    for (const rollout of thread.rollouts) {
      if (rollout.damage !== undefined) continue;
      rollouts[rollout.archived ? "archived" : "active"]++;
      if (rollout.encoding === "zstd") rollouts.compressed++;
    }
    if (isArchived(thread)) archived++;
    const newest = thread.rollouts.findLast((rollout) => rollout.meta !== undefined)?.meta;
    if (newest !== undefined) count(inFiles, newest.provider ?? NO_PROVIDER);
    if (thread.row !== undefined) count(inDatabase, thread.row.provider ?? NO_PROVIDER);
  }
  return {
    rollouts,
    threads: { total: threads.size, active: threads.size - archived, archived },
    // From maps, because a provider may be called "constructor" or "__proto__".
    providers: { rollouts: Object.fromEntries(inFiles), database: Object.fromEntries(inDatabase) },
  };
}

function isDamaged({ rollouts }: Thread): boolean {
  return rollouts.some(({ damage }) => damage !== undefined);
}

/** Archived by its row; by where its files lie when it has none. */
export function isArchived({ row, rollouts }: Thread): boolean {
  return row?.archived ?? (rollouts.length > 0 && rollouts.every((rollout) => rollout.archived));
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** A record as lists show it. */
export function recordReport({ id, manifest, changes, bytes, state }: RecordSummary): RecordReport {
  return {
    id,
    created_at: manifest?.createdAt ?? "",
    purpose: manifest?.purpose ?? "",
    changes,
    bytes,
    state,
  };
}

/** The report of `status`; `encrypted` counts threads of other providers by the provider they belong to. */
export function statusReport(
  snapshot: Snapshot,
  records: readonly RecordSummary[],
  encrypted: ReadonlyMap<string, number>,
): StatusReport {
  const { home, config, databases, codex, pending } = snapshot;
  return {
    home,
    provider: {
      id: config.provider.id,
      source: config.provider.source,
      layers: config.layers.map(({ name, provider }) => ({ name, provider: provider ?? null })),
    },
    databases: databases.map(({ path, live, origin, because, threads, problem }) => ({
      path,
      live,
      origin,
      because,
      threads: threads ?? null,
      problem: problem ?? null,
    })),
    ...countsOf(snapshot),
    encrypted: Object.fromEntries(encrypted),
    codex: {
      running: codex.processes.length > 0 || codex.busyThreads.length > 0,
      processes: codex.processes,
      busy_threads: codex.busyThreads,
    },
    pending_record: pending ?? null,
    records: records.map(recordReport),
    ...conclusion(snapshot),
  };
}

/** One line on the state of the home, and the command to run next: the first thing that stands in the way decides. */
export function conclusion(snapshot: Snapshot): Pick<StatusReport, "verdict" | "next"> {
  const { pending, live, config, threads } = snapshot;
  if (pending !== undefined) {
    return {
      verdict: "a run of codexkeep was interrupted and has to be taken back first",
      next: "codexkeep recover",
    };
  }
  if (live === undefined) {
    const empty = threads.size === 0 && !config.exists;
    return {
      verdict: empty
        ? "this folder holds no Codex history"
        : "there is no state database; Codex makes one from the rollouts when it starts",
      next: null,
    };
  }
  if (live.problem !== undefined) return { verdict: live.problem.message, next: "codexkeep diagnose" };
  const [problem] = config.problems;
  if (problem !== undefined) {
    return {
      verdict: `Codex does not accept config.toml: ${problemText(problem)}`,
      next: "codexkeep diagnose",
    };
  }
  const target = config.provider.id ?? DEFAULT_PROVIDER;
  const foreign = [...threads.values()].filter((thread) =>
    thread.rollouts.length > 0 && isForeign(thread, target)
  );
  const total = threads.size;
  if (foreign.length > 0) {
    return {
      verdict: `${foreign.length} of ${total} threads belong to another provider than ${
        JSON.stringify(target)
      }`,
      // What sync would leave alone, it would leave alone for ever.
      next: foreign.every(isDamaged) ? "codexkeep diagnose" : "codexkeep sync",
    };
  }
  if (total === 0) return { verdict: "there are no threads yet", next: null };
  const doubtful = unfitting(snapshot);
  const verdict = `all ${total} threads belong to ${JSON.stringify(target)}`;
  if (doubtful === 0) return { verdict, next: null };
  return {
    verdict: `${verdict}, but files and rows of ${doubtful} do not fit together`,
    next: "codexkeep diagnose",
  };
}

/** Threads without a row, without a file, with a damaged one, or with a row that names another place. */
function unfitting(snapshot: Snapshot): number {
  const threads = [...snapshot.threads.values()];
  return threads.filter((thread) =>
    thread.row === undefined || isDamaged(thread) || fileOf(thread.row, thread, snapshot) === undefined
  ).length;
}
