/** The registry: every ailment, in the order in which findings are told and repairs are made. */
import { accountRepair } from "./account.ts";
import { archiveRepair } from "./archive.ts";
import { backfillRepair } from "./backfill.ts";
import { configReport } from "./config.ts";
import { cwdRepair } from "./cwd.ts";
import { damageReport } from "./damage.ts";
import { databaseReport } from "./database.ts";
import { encryptedReport } from "./encrypted.ts";
import { historyRepair } from "./history.ts";
import { indexRepair } from "./index.ts";
import { pathsRepair } from "./paths.ts";
import { previewRepair } from "./preview.ts";
import { providerRepair } from "./provider.ts";
import { recordReport } from "./record.ts";
import type { Repair } from "./repair.ts";
import { uiStateRepair } from "./ui_state.ts";
import { unarchiveRepair } from "./unarchive.ts";
import { userEventsRepair } from "./user_events.ts";

/**
 * What stops everything else comes first (an interrupted run, the configuration, the database), then the places
 * of files, so that all of a thread is known, then their content, then what is derived from both: rows, the index, the
 * app's own state.
 */
export const REPAIRS: readonly Repair[] = [
  recordReport,
  configReport,
  databaseReport,
  damageReport,
  archiveRepair,
  pathsRepair,
  historyRepair,
  providerRepair,
  cwdRepair,
  accountRepair,
  unarchiveRepair,
  previewRepair,
  userEventsRepair,
  backfillRepair,
  indexRepair,
  uiStateRepair,
  encryptedReport,
];
