/** `restore`. */
import { AppError } from "../../core/error.ts";
import type { Warning } from "../../core/report.ts";
import { readLedger } from "../../engine/ledger.ts";
import { notNeededFor, planOriginals, requireRepairable } from "../../engine/plans.ts";
import { listRecords } from "../../engine/records.ts";
import { latestRecord, planRestore } from "../../engine/restore.ts";
import { withPlacesRead } from "../../engine/restore_history.ts";
import { requireNonePending } from "../../engine/run_lock.ts";
import { requireRecordId } from "../../core/record.ts";
import type { Invocation, Outcome } from "../command.ts";
import { offerLine } from "../offer.ts";
import { factsOf, scanHome } from "./session.ts";
import { proposal, propose } from "./write.ts";

/** How many conflicts are named in the error. */
const NAMED = 3;

/** Takes a record back, or gives every thread to the provider it was first seen with. */
export function runRestore(input: Invocation): Promise<Outcome> {
  return input.flags.has("originals") ? restoreOriginals(input) : restoreRecord(input);
}

async function restoreRecord(input: Invocation): Promise<Outcome> {
  const { flags, machine } = input;
  const snapshot = await scanHome(input);
  const { home } = snapshot;
  requireNonePending(machine.disk, home);
  const wanted = input.args[0] ?? "latest";
  const id = wanted === "latest"
    ? latestRecord(listRecords(machine.disk, home), home)
    : requireRecordId(wanted);
  const options = {
    config: !flags.has("no-config"),
    database: !flags.has("no-db"),
    sessions: !flags.has("no-sessions"),
    force: flags.has("force"),
  };
  const facts = factsOf(input, snapshot, undefined);
  const { plan: back, conflicts } = planRestore(
    { disk: machine.disk, snapshot, contents: facts.contents },
    id,
    options,
  );
  const plan = options.database ? withPlacesRead(facts, back) : back;
  if (options.database) {
    // A database that was set aside is brought back where there is none.
    const notNeeded = conflicts.length > 0 ? [] : notNeededFor(plan);
    requireRepairable({ ...snapshot, config: { ...snapshot.config, problems: [] } }, notNeeded);
  }
  if (conflicts.length > 0 && !options.force) {
    const named = conflicts.slice(0, NAMED).map(({ subject, reason }) => `${subject}: ${reason}`).join("; ");
    const more = conflicts.length > NAMED ? ` and ${conflicts.length - NAMED} more` : "";
    throw new AppError("conflict", `things changed since record "${id}": ${named}${more}`, {
      hint: `codexkeep restore ${id} --force takes back what it can and keeps what came later`,
    });
  }
  const more = { warnings: partWarnings(options) };
  return propose(input, proposal(snapshot, plan, offerLine(input, [id]), more));
}

/** Codex needs the parts to agree. */
function partWarnings(options: { config: boolean; database: boolean; sessions: boolean }): Warning[] {
  if (options.database === options.sessions) return [];
  return [{
    code: "copies-disagree",
    message:
      "restoring files without the database, or the other way round, leaves threads with two providers; " +
      "Codex may refuse to open them",
    hint: "codexkeep diagnose",
  }];
}

async function restoreOriginals(input: Invocation): Promise<Outcome> {
  const snapshot = await scanHome(input);
  requireRepairable(snapshot);
  const facts = factsOf(input, snapshot, undefined);
  const plan = planOriginals(facts, readLedger(input.machine.disk, snapshot.home));
  return propose(input, proposal(snapshot, plan, offerLine(input)));
}
