/** `explain`. */
import type { ExplainReport } from "../../core/report.ts";
import type { Snapshot, Thread } from "../../core/snapshot.ts";
import { fileOf } from "../../codex/hiding.ts";
import { viewsOf } from "../../codex/readers.ts";
import { isoTime } from "../../engine/app_state.ts";
import { isArchived } from "../../engine/reports.ts";
import { findThread } from "../../engine/selection.ts";
import { causesOf } from "../causes.ts";
import type { Invocation, Outcome } from "../command.ts";
import { makeOutcome } from "../outcome.ts";
import { remarksOn } from "../remarks.ts";
import { explainText, explainVerdict } from "../render_explain.ts";
import { findAll } from "./diagnose.ts";
import { factsOf, lookStatus, lookWarnings, scanHome } from "./session.ts";

/** Says for one thread what each reader of Codex shows, which condition hides it, and what helps. */
export async function runExplain(input: Invocation): Promise<Outcome> {
  const snapshot = await scanHome(input);
  const thread = findThread(snapshot.threads, (input.args[0] ?? "").toLowerCase());
  const views = viewsOf(thread, snapshot);
  const findings = findAll(factsOf(input, snapshot, undefined));
  const report: ExplainReport = {
    thread: aboutThread(thread, snapshot),
    readers: views.map(({ reader, visible, because }) => ({ reader, visible, because })),
    causes: causesOf(thread, views, findings),
    remarks: remarksOn(thread, snapshot),
  };
  return makeOutcome({
    command: input.command.name,
    result: report,
    exitCode: lookStatus(snapshot),
    warnings: lookWarnings(snapshot),
    text: (view) => explainText(report, view),
    verdict: explainVerdict(report),
  });
}

function aboutThread(thread: Thread, snapshot: Snapshot): ExplainReport["thread"] {
  const rollout = thread.rollouts.findLast(({ meta }) => meta !== undefined);
  const { row } = thread;
  return {
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
    account_bound: thread.rollouts.some(({ meta }) => meta?.owned),
    files: thread.rollouts.map(({ path, archived, encoding, segment, damage }) => ({
      path,
      archived,
      compressed: encoding === "zstd",
      segment: segment ?? null,
      damage: damage?.detail ?? null,
    })),
    row: row === undefined ? null : {
      rollout_path: row.rolloutPath,
      file: fileOf(row, thread, snapshot)?.path ?? null,
      cwd: row.cwd,
      source: row.source,
      archived: row.archived,
      has_preview: row.hasPreview,
      updated_at: isoTime(row.updatedAtMs),
    },
  };
}
