/** Homes, machines and the usual steps for the tests of the engine: scan, plan, apply, restore. */
import type { AbsPath } from "../../lib/core/path.ts";
import type { Plan } from "../../lib/core/plan.ts";
import type { Snapshot } from "../../lib/core/snapshot.ts";
import { type Applied, apply, type ApplyOptions } from "../../lib/engine/apply.ts";
import { contentsOf } from "../../lib/engine/contents.ts";
import { planRepairs } from "../../lib/engine/plans.ts";
import { planRestore, type RestoreOptions, type RestorePlan } from "../../lib/engine/restore.ts";
import { scan } from "../../lib/engine/scan.ts";
import { countEncrypted } from "../../lib/repairs/provider.ts";
import type { Facts } from "../../lib/repairs/repair.ts";
import { realDisk } from "../../lib/system/disk.ts";
import type { Machine } from "../../lib/system/machine.ts";
import type { ConfigSpec } from "../../lib/demo/spec.ts";
import { type BuiltHome, dumpRows, treeHash } from "../home.ts";

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
  const contents = contentsOf(realDisk, snapshot.home);
  return {
    snapshot,
    contents,
    target: { id: target, source: "named by the test" },
    encrypted: () => countEncrypted(snapshot.threads.values(), target, contents),
  };
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
  const databases = plan.changes.flatMap((change) => change.kind === "row" ? [change.database] : []);
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
