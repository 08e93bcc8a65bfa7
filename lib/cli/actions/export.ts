/** `backups export`. */
import { toAbsPath } from "../../core/path.ts";
import { movesOf } from "../../core/plan.ts";
import type { ExportReport } from "../../core/report.ts";
import { readChanges, readJournal, readManifest, skippedIn } from "../../engine/records.ts";
import { rollbackCsv, saveTable } from "../../engine/rollback_csv.ts";
import type { Invocation, Outcome } from "../command.ts";
import { makeOutcome } from "../outcome.ts";
import { exportText, exportVerdict } from "../render_records.ts";
import { usageError } from "../usage.ts";
import { resolveId } from "./backups.ts";
import { homeOf } from "./session.ts";

/** Writes the providers that a run changed to a CSV file, or to standard output. */
export async function runBackupsExport(input: Invocation): Promise<Outcome> {
  const { command, flags, args, machine: { disk, cwd } } = input;
  const csv = flags.text("csv") ?? "";
  const toOutput = csv === "-";
  if (toOutput && flags.has("json")) {
    throw usageError("--csv - and --json both want standard output", "name a file for --csv");
  }
  const home = homeOf(input);
  const manifest = readManifest(disk, home, resolveId(input, args[0] ?? ""));
  const skipped = skippedIn(readJournal(disk, home, manifest.id));
  const changes = readChanges(disk, home, manifest).filter((_, n) => !skipped.has(n));
  const { rows, text } = rollbackCsv(changes, manifest.createdAt);
  const file = toOutput ? null : toAbsPath(csv, cwd());
  if (file !== null) saveTable(disk, home, file, text);
  const report: ExportReport = { record: manifest.id, file, rows, moves: movesOf(changes) };
  return await Promise.resolve(makeOutcome({
    command: command.name,
    result: report,
    text: (view) => exportText(report, view),
    verdict: exportVerdict(report),
    ...toOutput ? { data: text } : {},
  }));
}
