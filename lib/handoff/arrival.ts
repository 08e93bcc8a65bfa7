/** Carries an arrival out: looks at the home and the folder, changes the database, tells the others what is known here. */
import type { AbsPath } from "../core/path.ts";
import type { Skip } from "../core/plan.ts";
import { chooseTarget } from "../codex/target.ts";
import { apply, type ApplyOptions } from "../engine/apply.ts";
import { factsAbout } from "../engine/facts.ts";
import { requireRepairable } from "../engine/plans.ts";
import { scan } from "../engine/scan.ts";
import type { Machine } from "../system/machine.ts";
import { type ArrivalPlan, type ArrivalSource, currentExtract, planArrival } from "./arrive.ts";
import { type Extracts, readExtracts, writeExtract } from "./extract.ts";
import type { ReadHistories } from "./arrive_history.ts";
import { readHistories, writeHistories } from "./histories.ts";
import type { Tombstone } from "./model.ts";
import type { PathMapping, Settings } from "./settings.ts";

/** What an arrival needs to know. */
export interface ArrivalRequest {
  readonly home: AbsPath;
  readonly sqliteHome: string | undefined;
  readonly cloudRoot: AbsPath;
  /** This machine, as the settings call it. */
  readonly machineId: string;
  readonly mappings: readonly PathMapping[];
  readonly tombstones: ReadonlyMap<string, Tombstone>;
  /** Keys of the files that were carried to this machine, moved or removed there in this run. */
  readonly changedKeys: ReadonlySet<string>;
}

/** What came of it. */
export interface Arrival extends ArrivalPlan {
  /** Id of the record; undefined when there was nothing to do. */
  readonly record: string | undefined;
  readonly skipped: readonly Skip[];
  /** What was odd in the extracts. */
  readonly odd: Extracts["remarks"];
  /** Whether the extract of this machine says something new. */
  readonly told: boolean;
}

/** The request that follows from the settings. */
export function arrivalRequest(
  { identity, paths, pathMappings }: Settings,
  more: Pick<ArrivalRequest, "sqliteHome" | "tombstones" | "changedKeys">,
): ArrivalRequest {
  return {
    ...more,
    home: paths.localStateDir,
    cloudRoot: paths.cloudRootDir,
    machineId: identity.machineId,
    mappings: pathMappings,
  };
}

/** What an arrival would do as things are. Reads only. Throws like `scan`; `database-…`, `recovery-pending`. */
export async function lookAtArrival(
  machine: Machine,
  request: ArrivalRequest,
): Promise<ArrivalPlan & { readonly source: ArrivalSource; readonly odd: Extracts["remarks"] }> {
  const { home, sqliteHome, cloudRoot, machineId, mappings, tombstones, changedKeys } = request;
  const snapshot = await scan(machine, { home, sqliteHome });
  const { own: previous, others, remarks: odd } = readExtracts(machine.disk, cloudRoot, machineId);
  const facts = factsAbout(machine, snapshot, chooseTarget(snapshot, undefined));
  const histories: ReadHistories = (wanted) => readHistories(machine.disk, cloudRoot, machineId, wanted);
  const source = {
    histories,
    facts,
    machine: machineId,
    previous,
    others,
    mappings,
    tombstones,
    changedKeys,
  };
  return { ...planArrival(source), source, odd };
}

/**
 * Brings the database in step with the files and with what other machines know, and writes the extract of this machine.
 * A home without a usable database is left as it is: Codex makes one from the files. Takes the lock of the home itself.
 * Throws like {@link apply}.
 */
export async function arrive(
  machine: Machine,
  request: ArrivalRequest,
  options: ApplyOptions,
): Promise<Arrival> {
  const { plan, remarks, source, odd } = await lookAtArrival(machine, request);
  const { snapshot } = source.facts;
  if (plan.changes.length === 0) {
    return {
      plan,
      remarks,
      odd,
      record: undefined,
      skipped: plan.skipped,
      told: tell(machine, request, source),
    };
  }
  requireRepairable(snapshot);
  const since = snapshot.lastRun === undefined ? {} : { since: snapshot.lastRun };
  const applied = await apply(machine, plan, snapshot.databases.map(({ path }) => path), {
    ...options,
    ...since,
  });
  const after = await lookAtArrival(machine, request);
  const told = tell(machine, request, after.source);
  return { plan, remarks, odd, record: applied.record, skipped: [...plan.skipped, ...applied.skipped], told };
}

/** Writes the extract of this machine as things are now; false when the folder has it already. */
export function tell({ disk }: Machine, { cloudRoot }: ArrivalRequest, source: ArrivalSource): boolean {
  const extract = currentExtract(source);
  if (extract === undefined) return false;
  // The extract comes last: with it this machine says that everything is in step.
  const shown = writeHistories(disk, cloudRoot, source.facts, source.machine);
  return writeExtract(disk, cloudRoot, extract) || shown;
}
