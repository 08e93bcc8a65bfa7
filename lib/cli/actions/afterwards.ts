/** What a repair has to show for itself when its plan was carried out. */
import { type Change, type Plan, threadsOf } from "../../core/plan.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { repairsNamed } from "../../engine/plans.ts";
import type { Facts } from "../../repairs/repair.ts";
import type { Invocation } from "../command.ts";
import { planRest, type Request } from "../request.ts";
import { factsOf } from "./session.ts";

/** Findings by their codes, with how many threads, files or rows they concern. */
export type FindingCounts = Readonly<Record<string, number>>;

/** How a run is judged. Keeps nothing of the home before but the counts. */
export interface Afterwards {
  /** Threads, files and rows that the same repairs would still change. */
  readonly leftover: (after: Snapshot) => readonly string[];
  /** What the repairs find wrong; undefined where nothing is going to be changed. */
  readonly findings: FindingCounts | undefined;
  readonly findingsIn: (after: Snapshot) => FindingCounts;
}

/** How the run of a request is judged; `facts` are those before it. */
export function afterwards(input: Invocation, request: Request, plan: Plan, facts: Facts): Afterwards {
  const findings = plan.changes.length === 0 ? undefined : countFindings(facts, request);
  return { findings, ...judge(input, request, plan) };
}

/** Apart from the facts, so that the home before is not kept in memory. */
function judge(input: Invocation, request: Request, plan: Plan): Pick<Afterwards, "leftover" | "findingsIn"> {
  const planned = threadsOf(plan.changes);
  const skipped = new Set(plan.skipped.map(({ subject }) => subject));
  return {
    leftover: (after) => {
      const rest = planRest(factsOf(input, after, request.target), request, planned);
      const subjects = new Set(rest.changes.map(subjectOf).filter((subject) => !skipped.has(subject)));
      // A Codex that is at work makes new threads, which this run is not to blame for.
      const isQuiet = after.codex.processes.length === 0 && after.codex.busyThreads.length === 0;
      return [...subjects].filter((subject) => isQuiet || planned.has(subject));
    },
    findingsIn: (after) => countFindings(factsOf(input, after, request.target), request),
  };
}

function subjectOf(change: Change): string {
  if (change.kind === "drop") return change.record;
  return change.thread ?? (change.kind === "entry" ? `a row of ${change.table}` : change.path);
}

function countFindings(facts: Facts, { names }: Request): FindingCounts {
  const counts = new Map<string, number>();
  for (const { code, count } of repairsNamed(names).flatMap((repair) => repair.find(facts))) {
    counts.set(code, (counts.get(code) ?? 0) + count);
  }
  return Object.fromEntries(counts);
}
