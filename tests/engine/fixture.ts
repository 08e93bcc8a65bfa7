/** Homes, machines and the usual steps for the tests of the engine: scan, plan, apply, restore. */
import { DatabaseSync } from "node:sqlite";
import type { AbsPath } from "../../lib/core/path.ts";
import { type Change, isInDatabase, type Plan, type RowChange } from "../../lib/core/plan.ts";
import { type JournalEntry, recordId } from "../../lib/core/record.ts";
import type { Snapshot } from "../../lib/core/snapshot.ts";
import { type Applied, apply, type ApplyOptions } from "../../lib/engine/apply.ts";
import { contentsOf } from "../../lib/engine/contents.ts";
import { factsAbout } from "../../lib/engine/facts.ts";
import { planRepairs } from "../../lib/engine/plans.ts";
import { planRestore, type RestoreOptions, type RestorePlan } from "../../lib/engine/restore.ts";
import { beginRecord, recordsDir } from "../../lib/engine/records.ts";
import { scan } from "../../lib/engine/scan.ts";
import type { Facts } from "../../lib/repairs/repair.ts";
import { realDisk } from "../../lib/system/disk.ts";
import type { Machine } from "../../lib/system/machine.ts";
import type { ConfigSpec } from "../../lib/demo/spec.ts";
import { type BuiltHome, dumpRows, talk, type ThreadSpec, treeHash } from "../home.ts";

/** When the clock of a test machine starts: long after the files of the homes were made. */
export const NOW_MS: number = Date.UTC(2026, 10, 21, 10, 11, 12);

let randoms = 0;

/** A machine with the real disk, a clock that goes one second per look, and an empty environment. */
export function machineOf(more: Partial<Machine> = {}): Machine {
  let looks = 0;
  return {
    disk: realDisk,
    env: () => undefined,
    now: () => new Date(NOW_MS + 1000 * looks++),
    random: () => (randoms++).toString(16).padStart(8, "0"),
    os: "linux",
    userHome: undefined,
    pid: Deno.pid,
    cwd: () => "/" as AbsPath,
    ...more,
  };
}

/** `config.toml` of most homes: `new` in use, `old` and `other` known. */
export const CONFIG: ConfigSpec = {
  provider: "new",
  providers: ["new", "old", "other", "a-longer-one"],
};

/** Scans a home. */
export async function scanOf(home: AbsPath, more: Partial<Machine> = {}): Promise<Snapshot> {
  return await scan(machineOf(more), { home, sqliteHome: undefined });
}

/** Facts about a scanned home, with the provider to bring its threads to. */
export function factsOf(snapshot: Snapshot, target = "new"): Facts {
  return factsAbout(machineOf(), snapshot, { id: target, source: "named by the test" });
}

/** The plan that brings all threads of a home to a provider. */
export async function planSync(home: AbsPath, target = "new"): Promise<Plan> {
  const snapshot = await scanOf(home);
  const threads = [...snapshot.threads.values()];
  return planRepairs("sync", factsOf(snapshot, target), ["provider"], { threads, from: undefined });
}

/** How plans are carried out here unless a test says otherwise. */
export function applyOptions(more: Partial<ApplyOptions> = {}): ApplyOptions {
  return {
    keep: 10,
    version: "0.0.0-test",
    signal: new AbortController().signal,
    onProgress: () => {},
    allowRunning: false,
    waitMs: 0,
    ...more,
  };
}

/** Carries a plan out on the databases that the plan names. */
export async function carryOut(
  plan: Plan,
  options: Partial<ApplyOptions> = {},
  more: Partial<Machine> = {},
): Promise<Applied> {
  const databases = plan.changes.flatMap((change) => isInDatabase(change) ? [change.database] : []);
  return await apply(machineOf(more), plan, [...new Set(databases)], applyOptions(options));
}

/** Syncs a home and gives the id of the record. */
export async function sync(home: AbsPath, target = "new"): Promise<string> {
  const { record } = await carryOut(await planSync(home, target));
  if (record === undefined) throw new Error("there was nothing to do");
  return record;
}

/** The plan that takes a record back. */
export async function planBack(
  home: AbsPath,
  record: string,
  options: Partial<RestoreOptions> = {},
): Promise<RestorePlan> {
  const snapshot = await scanOf(home);
  const present = { disk: realDisk, snapshot, contents: contentsOf(realDisk, home) };
  return planRestore(present, record, {
    config: true,
    database: true,
    sessions: true,
    force: false,
    ...options,
  });
}

/** Everything of a home that a run may change and restoring has to give back. */
export function stateOf({ path, state }: Pick<BuiltHome, "path" | "state">) {
  return { files: treeHash(path), rows: state === undefined ? [] : dumpRows(state) };
}

/** Path of a file of thread `n`, by their places in the specification. */
export function fileOf(home: BuiltHome, n = 0, segment = 0): string {
  return `${home.path}/${home.threads[n]!.files[segment]!.path}`;
}

/** Runs SQL on the state database of a home, as another program would. */
export function runSql(home: BuiltHome, sql: string): void {
  const database = new DatabaseSync(home.state!);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

/** Threads of a home that are wholly at a provider, by their places in the specification. */
export async function threadsAt(home: BuiltHome, provider: string): Promise<number[]> {
  const { threads } = await scanOf(home.path);
  return home.threads.flatMap(({ id }, n) => {
    const { rollouts, row } = threads.get(id)!;
    const copies = [...rollouts.flatMap(({ meta, recorded }) => [meta?.provider, recorded]), row?.provider];
    return copies.every((copy) => copy === provider) ? [n] : [];
  });
}

/** One thread that most tests disturb, one with two files, a compressed one and a legacy one; all at `old`. */
export const MIXED: readonly ThreadSpec[] = [
  { provider: "old", mode: "paginated" },
  { provider: "old", turns: talk("a", "b"), reverts: [{ keep: 1, turns: talk("c") }] },
  { provider: "old", compressed: true },
  { provider: "old", mode: "legacy", archived: true },
];

/** A change for records whose content does not matter. */
export const ROW: RowChange = {
  kind: "row",
  database: "/h/日本/state_5.sqlite" as AbsPath,
  thread: "t1",
  cells: { model_provider: { before: null, after: "new" } },
};

/** Makes record number `seq` of two changes in `home`, logs these entries and gives its id. */
export function makeRecord(
  home: AbsPath,
  seq: number,
  entries: readonly JournalEntry["event"][],
  at: Date = new Date(0),
  changes: readonly Change[] = [ROW, ROW],
): string {
  Deno.mkdirSync(recordsDir(home), { recursive: true });
  const id = recordId(seq, at, "sync", seq.toString(16).padStart(8, "0"));
  const head = {
    id,
    seq,
    createdAt: at.toISOString(),
    purpose: "sync" as const,
    home,
    version: "0",
    planDigest: "0".repeat(64),
    changes: changes.length,
    byKind: { row: changes.length },
    threads: 1,
    moves: [],
    reverts: undefined,
  };
  const record = beginRecord(realDisk, home, head, changes);
  for (const event of entries) record.log({ event } as JournalEntry);
  record.close();
  return id;
}
