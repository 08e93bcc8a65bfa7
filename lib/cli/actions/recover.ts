/** `recover`. */
import { EXIT_STATUS } from "../../core/error.ts";
import type { RecoverReport } from "../../core/report.ts";
import { scanDatabases } from "../../engine/databases.ts";
import { readConfigOf } from "../../engine/home.ts";
import { recordsDir } from "../../engine/records.ts";
import { recover } from "../../engine/recover.ts";
import type { Invocation, Outcome } from "../command.ts";
import { waitMs } from "../options.ts";
import { makeOutcome } from "../outcome.ts";
import { recoverText, recoverVerdict } from "../render_records.ts";
import { homeOf } from "./session.ts";

/** Finishes taking back an interrupted run; without one it changes nothing. */
export async function runRecover(input: Invocation): Promise<Outcome> {
  const { flags, machine } = input;
  const home = homeOf(input);
  const report: RecoverReport = machine.disk.lstat(recordsDir(home)) === undefined
    ? { recovered: [], swept: 0, left: [] }
    : await recover(machine, home, existing(input), { allowRunning: false, waitMs: waitMs(flags) });
  return makeOutcome({
    command: input.command.name,
    result: report,
    exitCode: report.left.length > 0 ? EXIT_STATUS.partial : 0,
    text: (view) => recoverText(report, view),
    verdict: recoverVerdict(report),
  });
}

function existing(input: Invocation) {
  const { flags, machine } = input;
  const home = homeOf(input);
  const { views } = scanDatabases(machine, home, readConfigOf(machine.disk, home), flags.text("sqlite-home"));
  return views.filter((view) => view.problem?.code !== "database-missing").map((view) => view.path);
}
