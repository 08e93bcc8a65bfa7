/** What must hold before the first byte is written: Codex closed, databases sound, room on the disk. */
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome } from "../core/path.ts";
import { type Change, isInDatabase, type Plan, writtenBytes } from "../core/plan.ts";
import { mayReact, TRIGGERS_QUERY } from "../codex/statements.ts";
import type { Disk } from "../system/disk.ts";
import { type CodexProcess, codexProcesses, WHY } from "../system/processes.ts";
import { busyThreads } from "../system/lock.ts";
import { isInUse, isWalSafe, openForWriting, sqliteVersion, type WriteDatabase } from "../system/sqlite.ts";
import { type DatabaseChange, databasesOf, missingIn, type RowSpot, spotOf } from "./rows.ts";
import { isDatabaseFile } from "./targets.ts";

/** What the user allowed. */
export interface Allowance {
  /** Go on although Codex runs; threads it has open are left out. */
  readonly allowRunning: boolean;
  /** How long to wait for a busy database or another run, milliseconds. */
  readonly waitMs: number;
}

/** How long a program that reads a database gets to finish. */
const READER_MS = 1000;
const POLL_MS = 50;
/** How long another program gets to finish a transaction, which takes Codex milliseconds. */
const TRANSACTION_MS = 5000;

/** How long to wait for the right to write to a database before anything is changed, milliseconds. */
function firstWaitMs({ allowRunning, waitMs }: Allowance): number {
  return allowRunning ? Math.max(waitMs, TRANSACTION_MS) : waitMs;
}

/**
 * The same once something is changed: a program that takes the database just then is waited for in any case, rather
 * than take everything back, for which the database may be needed as well.
 */
export function writeWaitMs({ waitMs }: Pick<Allowance, "waitMs">): number {
  return Math.max(waitMs, TRANSACTION_MS);
}

/** Bytes left free for Codex itself and for the journal. */
const SPARE_BYTES = 8 * 1024 * 1024;

/**
 * Refuses where a program named like Codex is at work, which no run of codexkeep can be taken for: before the lock is
 * taken, so that not even that is made. Throws `codex-running`.
 */
export function requireNoCodex(home: AbsPath, databases: readonly AbsPath[], allow: Allowance): void {
  if (allow.allowRunning) return;
  const named = codexProcesses(home, databases).filter(({ why }) => why !== WHY.database);
  if (named.length > 0) throw codexRunning(named, 0);
}

/**
 * Refuses while Codex is at work on this home, unless that is allowed. Throws `codex-running` with the processes,
 * `database-busy` when an unknown program holds a database, `refused` where writing beside Codex is not safe.
 */
export async function requireIdle(
  home: AbsPath,
  databases: readonly AbsPath[],
  allow: Allowance,
): Promise<void> {
  const processes = await processesThatStay(home, databases, allow);
  const busy = await busyThreads(home);
  if (!allow.allowRunning && (processes.length > 0 || busy.length > 0)) {
    throw codexRunning(processes, busy.length);
  }
  for (const path of databases) {
    // A Codex that is allowed to run keeps its databases open: waiting would be in vain.
    if (!isInUse(path, allow.allowRunning ? 0 : Math.max(allow.waitMs, READER_MS))) continue;
    if (!allow.allowRunning) {
      throw new AppError("database-busy", `another program is using the state database "${path}"`, {
        hint: "close it and run this again, or give it time with --wait SECONDS",
      });
    }
    if (!isWalSafe()) {
      throw new AppError(
        "refused",
        `SQLite ${sqliteVersion()} in this build must not write to a database that another program has open`,
        { hint: "close Codex and run this again without --allow-running" },
      );
    }
  }
}

function codexRunning(processes: readonly CodexProcess[], busy: number): AppError {
  const who = processes.map(({ pid, name, why }) => `${name} (pid ${pid}, ${why})`).join(", ");
  const what = who || `${busy} thread(s) are open`;
  return new AppError("codex-running", `Codex is running: ${what}`, {
    hint: "close Codex, its app and `codex app-server`, then run this again (or go on with --allow-running)",
  });
}

/** Who uses the home; programs that only look into a database, as `codexkeep status` does, get time to end. */
async function processesThatStay(
  home: AbsPath,
  databases: readonly AbsPath[],
  { allowRunning }: Allowance,
): Promise<readonly CodexProcess[]> {
  const end = performance.now() + READER_MS;
  for (;;) {
    const processes = codexProcesses(home, databases);
    const readers = processes.length > 0 && processes.every(({ why }) => why === WHY.database);
    if (allowRunning || !readers || performance.now() >= end) return processes;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Refuses damaged databases, and those that would answer to a change with one of their own; waits for the right to write. Throws `database-…`. */
export function requireSoundDatabases(plan: Plan, allow: Allowance): void {
  const changes = plan.changes.filter(isInDatabase);
  for (const path of databasesOf(changes)) {
    const database = openForWriting(path, firstWaitMs(allow));
    try {
      database.begin();
      database.rollback();
      const fault = database.quickCheck();
      if (fault !== undefined) {
        throw new AppError("database-malformed", `state database "${path}" is damaged: ${fault}`, {
          hint: "codexkeep diagnose",
        });
      }
      requireQuietTables(database, path, changes.filter((change) => change.database === path));
    } finally {
      database.close();
    }
  }
}

/**
 * Triggers of Codex 0.169 on what plans change. Rows are removed before the first would remove them; the others fill in
 * times that a row lacks, and plans always name both forms of a time (a row without one would not verify).
 */
const KNOWN_TRIGGERS: ReadonlySet<unknown> = new Set([
  "thread_realtime_items_projection_cleanup",
  "threads_created_at_ms_after_insert",
  "threads_updated_at_ms_after_insert",
  "threads_updated_at_ms_after_update",
  "threads_recency_at_after_insert",
]);

function requireQuietTables(
  database: WriteDatabase,
  path: AbsPath,
  changes: readonly DatabaseChange[],
): void {
  const done = new Map<string, { table: string; op: RowSpot["op"]; columns: Set<string> }>();
  const missingOf = missingIn(() => database);
  for (const change of changes) {
    const { table, op, cells } = spotOf(change);
    const known = done.get(`${table} ${op}`) ?? { table, op, columns: new Set() };
    for (const name of Object.keys(cells)) known.columns.add(name);
    done.set(`${table} ${op}`, known);
    const missing = missingOf(change);
    if (missing === undefined) continue;
    throw new AppError("database-schema", `state database "${path}" has no ${missing}`);
  }
  for (const { table, op, columns } of done.values()) {
    const trigger = database.all(TRIGGERS_QUERY, table).find(({ name, sql }) =>
      !KNOWN_TRIGGERS.has(name) && mayReact(String(sql), op, columns)
    );
    if (trigger === undefined) continue;
    throw new AppError(
      "database-schema",
      `state database "${path}" is of an unknown form: trigger "${trigger.name}" would react to a change`,
    );
  }
}

/**
 * A database is set aside only when nobody has it open, whatever the user allows, and not by a run that changes its
 * rows as well. Throws `database-busy` or `refused`.
 */
export function requireUnused({ home, changes }: Plan): void {
  const changed = new Set(databasesOf(changes.filter(isInDatabase)));
  for (const change of changes) {
    if (change.kind !== "move" || !isDatabaseFile(change.path)) continue;
    if ([change.path, change.to].some((path) => changed.has(inHome(home, path)))) {
      throw new AppError("refused", `a plan moves the database "${change.path}" and changes its rows`);
    }
    if (!isInUse(inHome(home, change.path), READER_MS)) continue;
    throw new AppError("database-busy", `another program is using the database "${change.path}"`, {
      hint: "close Codex and run this again; a database is moved only when nobody has it open",
    });
  }
}

/** Refuses a plan for which the disk has no room: staged and old files stand side by side for a while. */
export function requireSpace(disk: Disk, home: AbsPath, changes: readonly Change[]): void {
  const need = changes.reduce((sum, change) => sum + writtenBytes(change), 0) + SPARE_BYTES;
  const free = disk.freeBytes(home);
  if (free >= need) return;
  throw new AppError(
    "no-space",
    `this needs ${need} bytes of free space for a while, and there are ${free}`,
    {
      hint: "make room, or take fewer threads at a time with --since or --cwd",
    },
  );
}
