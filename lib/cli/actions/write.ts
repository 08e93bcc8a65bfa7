/** What every writing command does with its plan: show it, save it, ask, carry it out, and say what came of it. */
import { AppError, EXIT_STATUS } from "../../core/error.ts";
import { type AbsPath, toAbsPath } from "../../core/path.ts";
import {
  byKind,
  digest,
  movesOf,
  pathsOf,
  type Plan,
  type Skip,
  threadsOf,
  withoutThreads,
} from "../../core/plan.ts";
import type { Counts, ErrorReport, PlanReport, Warning, WriteReport } from "../../core/report.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { type Applied, apply } from "../../engine/apply.ts";
import { savePlan } from "../../engine/plan_file.ts";
import { countsOf } from "../../engine/reports.ts";
import type { Invocation, Outcome } from "../command.ts";
import { restoreLine } from "../offer.ts";
import { type WriteOptions, writeOptions } from "../options.ts";
import { errorReport, makeOutcome } from "../outcome.ts";
import { planText, type WriteContext, writeText, writeVerdict } from "../render_write.ts";
import type { Afterwards, FindingCounts } from "./afterwards.ts";
import { databasePaths, scanHome } from "./session.ts";

/**
 * A plan ready to be shown or carried out. It holds no snapshot, and its makers return `propose(…)` without waiting for
 * it, so that the picture of the home before is out of memory when the one after is taken.
 */
export interface Proposal {
  readonly plan: Plan;
  readonly before: Counts;
  readonly databases: readonly AbsPath[];
  readonly since: string | undefined;
  readonly warnings: readonly Warning[];
  /** The command line that carries the plan out. */
  readonly applyWith: string;
  /** What is judged after applying; nothing where a plan stands for itself. */
  readonly judged: Afterwards | undefined;
}

/** A proposal for the home in `snapshot`. */
export function proposal(
  snapshot: Snapshot,
  plan: Plan,
  applyWith: string,
  more: Partial<Pick<Proposal, "warnings" | "judged">> = {},
): Proposal {
  return {
    plan,
    before: countsOf(snapshot),
    databases: databasePaths(snapshot),
    since: snapshot.lastRun,
    warnings: more.warnings ?? [],
    applyWith,
    judged: more.judged,
  };
}

/** Does with a plan what the flags say. */
export async function propose(input: Invocation, proposal: Proposal): Promise<Outcome> {
  const options = writeOptions(input.flags);
  const { plan } = proposal;
  if (options.planOut !== undefined) {
    savePlan(input.machine.disk, toAbsPath(options.planOut, input.machine.cwd()), plan);
  }
  const { yes, shown } = await confirmed(input, proposal, options);
  const { judged } = proposal;
  let look = NOT_LOOKED;
  const applied = yes
    ? await apply(input.machine, plan, proposal.databases, {
      keep: options.keep,
      version: input.versions.codexkeep,
      allowRunning: options.allowRunning,
      waitMs: options.waitMs,
      signal: input.signal,
      onProgress: input.progress,
      ...proposal.since === undefined ? {} : { since: proposal.since },
      onApplied: async () => {
        look = await lookAgain(input, judged);
      },
    })
    : undefined;
  const { before, warnings, applyWith } = proposal;
  const report = planReport(plan, applied?.skipped);
  return conclude(input, {
    plan: report,
    before,
    warnings,
    applyWith,
    judged,
    options,
    applied,
    look,
    shown,
  });
}

async function confirmed(
  input: Invocation,
  { plan, warnings }: Proposal,
  { mode }: WriteOptions,
): Promise<{ yes: boolean; shown: boolean }> {
  if (mode === "show" || plan.changes.length === 0) return { yes: false, shown: false };
  const remarks = warnings.map(({ message }) => `note: ${message}`);
  const lines = [...planText(planReport(plan), true, input.view), ...remarks];
  if (mode === "apply") {
    input.say(lines);
    // With --json nothing is said before the end, so what is to be remarked goes into the document.
    return { yes: true, shown: !input.flags.has("json") };
  }
  const answer = await input.ask("Carry it out?", lines);
  // Without a terminal nobody was asked and nothing was shown.
  return { yes: answer === true, shown: answer !== undefined };
}

/** The `plan` part of a report; what was left out on the way counts as skipped, not as changed. */
export function planReport(plan: Plan, late: readonly Skip[] = []): PlanReport {
  const { changes, skipped } = withoutThreads(
    plan,
    new Map(late.map(({ subject, reason }) => [subject, reason])),
  );
  return {
    digest: digest(plan),
    changes: changes.length,
    by_kind: byKind(changes),
    threads: threadsOf(changes).size,
    moves: movesOf(changes),
    files: pathsOf(changes),
    skipped,
  };
}

/** What is left of a proposal when its plan has been dealt with. */
interface Conclusion extends Omit<Proposal, "plan" | "databases" | "since"> {
  readonly plan: PlanReport;
  readonly options: WriteOptions;
  readonly applied: Applied | undefined;
  readonly look: SecondLook;
  /** The plan was printed already. */
  readonly shown: boolean;
}

function conclude(input: Invocation, conclusion: Conclusion): Outcome {
  const { plan, before, warnings, applyWith, judged, options, applied, look, shown } = conclusion;
  const { after, leftover, findings, fault } = look;
  const leftOut = new Set(applied?.skipped.map(({ subject }) => subject));
  const late = leftover.filter((subject) => !leftOut.has(subject));
  const report: WriteReport = {
    plan,
    applied: applied?.record !== undefined,
    record: applied?.record ?? null,
    verified: applied?.record === undefined || fault !== undefined ? null : late.length === 0,
    before,
    after: after ?? null,
    findings_before: judged?.findings ?? null,
    findings_after: findings ?? null,
    pruned: applied?.pruned ?? [],
  };
  const context: WriteContext = {
    planShown: shown,
    applyWith,
    restorable: true,
    ...applied?.record === undefined ? {} : { restoreWith: restoreLine(input, applied.record) },
    leftOut: applied?.skipped ?? [],
  };
  return makeOutcome({
    command: input.command.name,
    result: report,
    exitCode: fault === undefined ? exitCode(report, options, applied !== undefined) : EXIT_STATUS.partial,
    warnings: shown ? [] : warnings,
    errors: [
      ...fault === undefined ? [] : [fault],
      ...late.length === 0
        ? []
        : [{ code: "partial" as const, message: `not right afterwards: ${namedOf(late)}`, hint: LATE_HINT }],
    ],
    text: (view) => writeText(report, context, view),
    verdict: writeVerdict(report),
  });
}

/** How many subjects an error names. */
const NAMED = 10;
const LATE_HINT = "codexkeep diagnose";

function namedOf(subjects: readonly string[]): string {
  const more = subjects.length > NAMED ? ` and ${subjects.length - NAMED} more` : "";
  return subjects.slice(0, NAMED).join(", ") + more;
}

/** The home after a run. */
interface SecondLook {
  readonly after: Counts | undefined;
  readonly leftover: readonly string[];
  readonly findings: FindingCounts | undefined;
  readonly fault: ErrorReport | undefined;
}

const NOT_LOOKED: SecondLook = { after: undefined, leftover: [], findings: undefined, fault: undefined };

/** Scans the home after a run. Whatever keeps it from being read does not undo what was made and verified. */
async function lookAgain(input: Invocation, judged: Afterwards | undefined): Promise<SecondLook> {
  try {
    const after = await scanHome(input);
    return {
      after: countsOf(after),
      leftover: judged?.leftover(after) ?? [],
      findings: judged?.findingsIn(after),
      fault: undefined,
    };
  } catch (error) {
    const message = `the changes were made, but the home cannot be read again: ${errorReport(error).message}`;
    return { ...NOT_LOOKED, fault: { code: "partial", message, hint: "codexkeep status" } };
  }
}

/** `ran`: the plan was carried out, even if every thread of it had to be left alone in the end. */
function exitCode({ plan, verified }: WriteReport, { mode, check }: WriteOptions, ran: boolean): number {
  if (check && plan.changes > 0) return EXIT_STATUS.todo;
  // What was made stays, and 1 would say that all is as before.
  if (verified === false) return EXIT_STATUS.partial;
  // A plan that was only shown left nothing out yet.
  const carriedOut = ran || (mode === "apply" && plan.changes === 0);
  return carriedOut && plan.skipped.length > 0 ? EXIT_STATUS.partial : 0;
}

/** Refuses a plan for another home than the one at hand. Throws `plan-invalid`. */
export function requireHome({ home }: Plan, snapshot: Snapshot): void {
  if (home === snapshot.home) return;
  throw new AppError("plan-invalid", `the plan was made for "${home}", and this is "${snapshot.home}"`, {
    hint: "name its home with --codex-home",
  });
}
