/** The registry: every ailment, in the order in which findings are told and repairs are made. */
import { configReport } from "./config.ts";
import { damageReport } from "./damage.ts";
import { databaseReport } from "./database.ts";
import { encryptedReport } from "./encrypted.ts";
import { providerRepair } from "./provider.ts";
import { recordReport } from "./record.ts";
import type { Repair } from "./repair.ts";

/**
 * What stops everything else comes first (an interrupted run, the configuration, the database), then the files, then
 * what is derived from them.
 */
export const REPAIRS: readonly Repair[] = [
  recordReport,
  configReport,
  databaseReport,
  damageReport,
  providerRepair,
  encryptedReport,
];

/** Names that `codexkeep repair` takes. */
export const REPAIR_NAMES: readonly string[] = REPAIRS.filter((repair) => repair.plan).map((repair) =>
  repair.name
);
