/** All commands, in the order help shows them. */
import type { Command } from "./command.ts";
import { APPLY_PLAN } from "./commands/apply.ts";
import { BACKUPS } from "./commands/backups.ts";
import { COMPLETIONS } from "./commands/completions.ts";
import { DEMO } from "./commands/demo.ts";
import { DIAGNOSE } from "./commands/diagnose.ts";
import { EXPLAIN } from "./commands/explain.ts";
import { HANDOFF } from "./commands/handoff.ts";
import { HELP } from "./commands/help.ts";
import { RECOVER } from "./commands/recover.ts";
import { repairCommand } from "./commands/repair.ts";
import { RESTORE } from "./commands/restore.ts";
import { SCHEDULE } from "./commands/schedule.ts";
import { STATUS } from "./commands/status.ts";
import { SWITCH } from "./commands/switch.ts";
import { SYNC } from "./commands/sync.ts";
import { VERSION } from "./commands/version.ts";
import { CATALOGUE } from "../repairs/catalogue.ts";

/** The command table. */
export const COMMANDS: readonly Command[] = [
  STATUS,
  DIAGNOSE,
  EXPLAIN,
  SYNC,
  SWITCH,
  repairCommand(CATALOGUE),
  APPLY_PLAN,
  ...BACKUPS,
  RESTORE,
  RECOVER,
  ...HANDOFF,
  ...SCHEDULE,
  DEMO,
  COMPLETIONS,
  VERSION,
  HELP,
];
