/** Snapshots as values, for tests that need no files: everything ordinary unless a test says otherwise. */
import { readConfig } from "../../lib/codex/config.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type {
  DatabaseView,
  Rollout,
  SessionMeta,
  Snapshot,
  Thread,
  ThreadRow,
} from "../../lib/core/snapshot.ts";

/** Home of every snapshot here. */
export const HOME = "/home/u/.codex" as AbsPath;
/** Its live database. */
export const DATABASE = `${HOME}/state_5.sqlite` as AbsPath;

/** Id of thread `n`. */
export function threadId(n: number): string {
  return `0199f0a0-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

/** Path of the rollout of thread `n`. */
export function rolloutPath(n: number, folder = "sessions/2026/11/21"): RelPath {
  return `${folder}/rollout-2026-11-21T10-00-00-${threadId(n)}.jsonl` as RelPath;
}

/** A sound rollout of thread `n`; `meta` and the rest override. */
export function rolloutOf(
  n: number,
  meta: Partial<SessionMeta> = {},
  more: Partial<Rollout> = {},
): Rollout {
  const whole: SessionMeta = {
    id: threadId(n),
    provider: "old",
    cwd: "/work",
    source: "vscode",
    mode: "paginated",
    base: undefined,
    owned: false,
    ...meta,
  };
  return {
    path: rolloutPath(n),
    archived: false,
    encoding: "plain",
    nameId: threadId(n),
    segment: undefined,
    stamp: { size: 1000, mtimeMs: 5000 },
    meta: whole,
    recorded: whole.provider,
    damage: undefined,
    ...more,
  };
}

/** A rollout of thread `n` that cannot be read. */
export function damagedOf(n: number, detail = "the file is empty"): Rollout {
  return rolloutOf(n, {}, { meta: undefined, recorded: undefined, damage: { reason: "empty", detail } });
}

/** The row of thread `n`. */
export function rowOf(n: number, more: Partial<ThreadRow> = {}): ThreadRow {
  return {
    id: threadId(n),
    rolloutPath: `${HOME}/${rolloutPath(n)}`,
    provider: "old",
    cwd: "/work",
    source: "vscode",
    archived: false,
    hasPreview: true,
    createdAtMs: 1000,
    updatedAtMs: 1000 + n,
    ...more,
  };
}

/** Thread `n` with its usual file and row. */
export function threadOf(n: number, more: Partial<Thread> = {}): Thread {
  return { id: threadId(n), rollouts: [rolloutOf(n)], row: rowOf(n), ...more };
}

/** A view of the live database. */
export function databaseOf(more: Partial<DatabaseView> = {}): DatabaseView {
  return {
    path: DATABASE,
    origin: "home",
    live: true,
    because: "Codex's default place, written last",
    threads: 1,
    changedMs: 9000,
    problem: undefined,
    ...more,
  };
}

/** A snapshot of these threads; `config` is the text of `config.toml`. */
export function snapshotOf(
  threads: readonly Thread[],
  config: string | undefined,
  more: Partial<Snapshot> = {},
): Snapshot {
  const live = databaseOf({ threads: threads.length });
  return {
    home: HOME,
    config: readConfig(config === undefined ? undefined : new TextEncoder().encode(config), []),
    databases: [live],
    live,
    threads: new Map(threads.map((thread) => [thread.id, thread])),
    damaged: threads.flatMap(({ rollouts }) => rollouts.filter(({ damage }) => damage !== undefined)),
    codex: { processes: [], busyThreads: [] },
    pending: undefined,
    ...more,
  };
}
