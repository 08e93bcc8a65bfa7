/** `explain`. */
import type { ExplainReport } from "../../core/report.ts";
import type { Snapshot, Thread } from "../../core/snapshot.ts";
import { viewsOf } from "../../codex/readers.ts";
import { isArchived } from "../../engine/reports.ts";
import { findThread } from "../../engine/selection.ts";
import type { Invocation, Outcome } from "../command.ts";
import { makeOutcome } from "../outcome.ts";
import { explainText, explainVerdict } from "../render_explain.ts";
import { lookStatus, lookWarnings, scanHome } from "./session.ts";

/** Says for one thread what each reader of Codex shows, and which condition hides it. */
export async function runExplain(input: Invocation): Promise<Outcome> {
  const snapshot = await scanHome(input);
  const thread = findThread(snapshot.threads, (input.args[0] ?? "").toLowerCase());
  const report = explain(thread, snapshot);
  return makeOutcome({
    command: input.command.name,
    result: report,
    exitCode: lookStatus(snapshot),
    warnings: lookWarnings(snapshot),
    text: (view) => explainText(report, view),
    verdict: explainVerdict(report),
  });
}

function explain(thread: Thread, snapshot: Snapshot): ExplainReport {
  const rollout = thread.rollouts.findLast(({ meta }) => meta !== undefined);
  const { row } = thread;
  return {
    thread: {
      id: thread.id,
      provider: {
        first_line: rollout?.meta?.provider ?? null,
        recorded: rollout?.recorded ?? null,
        database: row?.provider ?? null,
      },
      current_provider: snapshot.config.provider.id,
      source: row?.source ?? rollout?.meta?.source ?? null,
      cwd: row?.cwd ?? rollout?.meta?.cwd ?? null,
      archived: isArchived(thread),
      history_mode: rollout?.meta?.mode ?? null,
      rollouts: thread.rollouts.map(({ path }) => path),
      busy: snapshot.codex.busyThreads.includes(thread.id),
    },
    readers: viewsOf(thread, snapshot).map(({ reader, visible, because }) => ({ reader, visible, because })),
  };
}
