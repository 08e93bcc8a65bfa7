/** `backups list`, `show`, `verify` and `prune`. */
import { EXIT_STATUS } from "../../core/error.ts";
import { byKind, digest, movesOf, pathsOf, type Plan, threadsOf } from "../../core/plan.ts";
import { AppError } from "../../core/error.ts";
import { requireRecordId } from "../../core/record.ts";
import type { RecordDetailReport, VerifyReport, WriteReport } from "../../core/report.ts";
import { dropAll, planPrune } from "../../engine/prune.ts";
import {
  foreignBackups,
  listRecordIds,
  listRecords,
  readChanges,
  readJournal,
  readManifest,
  recordDir,
  recordsDir,
  skippedIn,
  summarize,
} from "../../engine/records.ts";
import { recordReport } from "../../engine/reports.ts";
import { withLock } from "../../engine/run_lock.ts";
import { verifyRecord } from "../../engine/verify.ts";
import type { Invocation, Outcome } from "../command.ts";
import { lineThere, offerLine, restoreLine } from "../offer.ts";
import { type WriteMode, writeOptions } from "../options.ts";
import { makeOutcome } from "../outcome.ts";
import { recordsText, recordsVerdict, recordText, verifyText, verifyVerdict } from "../render_records.ts";
import { planText, writeText, writeVerdict } from "../render_write.ts";
import { homeOf } from "./session.ts";

/** Lists the records, newest first. */
export async function runBackupsList(input: Invocation): Promise<Outcome> {
  const { disk } = input.machine;
  const home = homeOf(input);
  const report = {
    directory: recordsDir(home),
    records: listRecords(disk, home).map(recordReport),
    foreign: foreignBackups(disk, home),
  };
  return await Promise.resolve(makeOutcome({
    command: input.command.name,
    result: report,
    text: (view) => recordsText(report, view, lineThere(input, "codexkeep restore latest")),
    verdict: recordsVerdict(report),
  }));
}

/** Shows one record. */
export async function runBackupsShow(input: Invocation): Promise<Outcome> {
  const { disk } = input.machine;
  const home = homeOf(input);
  const id = resolveId(input, input.args[0] ?? "");
  const manifest = readManifest(disk, home, id);
  const skipped = skippedIn(readJournal(disk, home, id));
  const changes = readChanges(disk, home, manifest).filter((_, n) => !skipped.has(n));
  const report: RecordDetailReport = {
    ...recordReport(summarize(disk, home, id)),
    directory: recordDir(home, id),
    home: manifest.home,
    moves: movesOf(changes),
    by_kind: byKind(changes),
    files: pathsOf(changes),
    threads: threadsOf(changes).size,
    reverts: manifest.reverts ?? null,
  };
  return await Promise.resolve(makeOutcome({
    command: input.command.name,
    result: report,
    text: (view) => recordText(report, view, restoreLine(input, id)),
    verdict: null,
  }));
}

/** `latest`, or the id itself. */
export function resolveId(input: Invocation, text: string): string {
  if (text !== "latest") return requireRecordId(text);
  const home = homeOf(input);
  const [newest] = listRecordIds(input.machine.disk, home);
  if (newest !== undefined) return newest;
  throw new AppError("record-unknown", `there are no records in "${home}"`, {
    hint: "codexkeep backups list",
  });
}

/** Checks one record or all; a damaged one is exit 5. */
export async function runBackupsVerify(input: Invocation): Promise<Outcome> {
  const { disk } = input.machine;
  const home = homeOf(input);
  const [named] = input.args;
  const ids = named === undefined ? listRecordIds(disk, home) : [resolveId(input, named)];
  const report: VerifyReport = {
    records: ids.map((id) => {
      const problems = verifyRecord(disk, home, id, input.flags.has("deep"));
      return { id, ok: problems.length === 0, state: summarize(disk, home, id).state, problems };
    }),
  };
  const damaged = report.records.some(({ ok }) => !ok);
  return await Promise.resolve(makeOutcome({
    command: input.command.name,
    result: report,
    exitCode: damaged ? EXIT_STATUS["record-damaged"] : 0,
    text: (view) => verifyText(report, view),
    verdict: verifyVerdict(report),
  }));
}

/** Removes the oldest finished records. */
export async function runBackupsPrune(input: Invocation): Promise<Outcome> {
  const { disk } = input.machine;
  const home = homeOf(input);
  const options = writeOptions(input.flags);
  const changes = planPrune(listRecords(disk, home), input.flags.integer("keep") ?? 0);
  const plan: Plan = { purpose: "prune", home, changes, skipped: [], reverts: undefined };
  const report = pruneReport(plan);
  const { yes, shown } = await confirmed(input, report, options.mode);
  const pruned = yes
    ? await withLock(disk, home, options.waitMs, () => Promise.resolve(dropAll(disk, home, changes)))
    : [];
  const done: WriteReport = {
    ...report,
    applied: yes,
    verified: yes ? pruned.length === changes.length : null,
    pruned,
  };
  const context = { planShown: shown, applyWith: offerLine(input), restorable: false };
  return makeOutcome({
    command: input.command.name,
    result: done,
    exitCode: options.check && changes.length > 0 ? EXIT_STATUS.todo : 0,
    text: (view) => writeText(done, context, view),
    verdict: writeVerdict(done),
  });
}

async function confirmed(input: Invocation, { plan }: WriteReport, mode: WriteMode) {
  if (plan.changes === 0 || mode === "show") return { yes: false, shown: false };
  if (mode === "apply") return { yes: true, shown: false };
  const answer = await input.ask("Carry it out?", planText(plan, false, input.view));
  return { yes: answer === true, shown: answer !== undefined };
}

function pruneReport(plan: Plan): WriteReport {
  const { changes } = plan;
  return {
    plan: {
      digest: digest(plan),
      changes: changes.length,
      by_kind: byKind(changes),
      threads: 0,
      moves: [],
      files: changes.flatMap((change) => change.kind === "drop" ? [change.record] : []),
      skipped: [],
    },
    applied: false,
    record: null,
    verified: null,
    before: null,
    after: null,
    pruned: [],
  };
}
