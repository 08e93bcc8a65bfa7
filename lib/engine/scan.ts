/** Turns a Codex home into a {@link Snapshot}. Reads only: no file is made, not even beside a database. */
import { AppError } from "../core/error.ts";
import type { AbsPath } from "../core/path.ts";
import type { Rollout, Snapshot, Thread, ThreadRow } from "../core/snapshot.ts";
import type { Machine } from "../system/machine.ts";
import { busyThreads } from "../system/lock.ts";
import { codexProcesses } from "../system/processes.ts";
import { scanDatabases } from "./databases.ts";
import { readConfigOf } from "./home.ts";
import { lastRun, pendingRecord } from "./records.ts";
import { isLocked } from "./run_lock.ts";
import { type OnFile, scanRollouts } from "./rollouts.ts";

/** What to scan. */
export interface ScanRequest {
  readonly home: AbsPath;
  readonly sqliteHome: string | undefined;
  readonly onFile?: OnFile;
}

/** Scans a home. Damage in it becomes part of the snapshot; nothing in it makes this throw. */
export async function scan(machine: Machine, request: ScanRequest): Promise<Snapshot> {
  const { home } = request;
  const config = readConfigOf(machine.disk, home);
  // Before anything else: a run that ends while we look is found out by it.
  const newest = lastRun(machine.disk, home);
  const databases = scanDatabases(machine, home, config, request.sqliteHome);
  const rollouts = scanRollouts(machine.disk, home, request.onFile ?? (() => {}));
  const realHome = withoutLinks(machine, home);
  return {
    home,
    ...realHome === home ? {} : { realHome },
    config,
    databases: databases.views,
    live: databases.live,
    threads: joinThreads(rollouts, databases.rows),
    damaged: rollouts.filter((rollout) => rollout.damage !== undefined),
    codex: {
      processes: codexProcesses(home, databases.views.map((view) => view.path)),
      busyThreads: await busyThreads(home),
    },
    pending: await interruptedRun(machine, home),
    lastRun: newest,
  };
}

/** Puts files and rows of one thread together; a damaged file still belongs to the thread its name says. */
export function joinThreads(rollouts: readonly Rollout[], rows: readonly ThreadRow[]): Map<string, Thread> {
  const files = new Map<string, Rollout[]>();
  for (const rollout of rollouts) {
    const id = rollout.meta?.id ?? rollout.nameId;
    if (id === undefined) continue;
    const known = files.get(id);
    if (known === undefined) files.set(id, [rollout]);
    else known.push(rollout);
  }
  const byId = new Map(rows.map((row) => [row.id, row]));
  const threads = new Map<string, Thread>();
  for (const [id, own] of files) threads.set(id, { id, rollouts: own, row: byId.get(id) });
  for (const row of rows) {
    if (!threads.has(row.id)) threads.set(row.id, { id: row.id, rollouts: [], row });
  }
  return threads;
}

/** The way to the home without links; the home itself where the disk does not say. */
function withoutLinks({ disk }: Machine, home: AbsPath): AbsPath {
  try {
    return disk.realPath(home);
  } catch (error) {
    if (error instanceof AppError) return home;
    throw error;
  }
}

/** The record of a run that was cut off, which one that is still at work is not. */
async function interruptedRun(machine: Machine, home: AbsPath): Promise<string | undefined> {
  const pending = pendingRecord(machine.disk, home);
  return pending !== undefined && await isLocked(machine.disk, home) ? undefined : pending;
}
