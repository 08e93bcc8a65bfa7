/**
 * How wrong places are put right, least invasive first. When all lines of a file moved by the same distance, the first
 * line gets its old length back: that heals the history database and every fork at once. Otherwise each stored place
 * is corrected where it is stored. Only what Codex has missed for good is taken away, so that it reads it again.
 */
import type { AbsPath } from "../core/path.ts";
import type { Change, EditChange, RecodeChange, Skip } from "../core/plan.ts";
import type { Refusal } from "../codex/relabel.ts";
import { type Audit, auditHistory, commonShift } from "./history_audit.ts";
import { editFirstLine, type LineWish } from "./history_lines.ts";
import { type HistoryFile, unlessUnreadable } from "./history_marks.ts";
import { hasLateItems, readAgain, readNoFurther, rightOffsets } from "./history_rows.ts";
import { providerOf } from "./provider_checks.ts";
import type { Draft, Facts, RepairOptions } from "./repair.ts";

/** What is being put together. */
interface Work {
  readonly facts: Facts;
  readonly database: AbsPath | undefined;
  /** Why a thread is not to be changed; undefined when it is. */
  readonly refusal: (thread: string) => string | undefined;
  /** First lines to change, by the id of the file. */
  readonly lines: Map<string, LineWish>;
  readonly changes: Change[];
  readonly skipped: Map<string, string>;
}

const NOT_CHOSEN = "it was not chosen";

/** The changes that make the stored places of the selected threads right. */
export function planHistory(facts: Facts, options: RepairOptions): Draft {
  const { database, files, orphans } = auditHistory(facts);
  const work: Work = {
    facts,
    database,
    refusal: refusals(facts, options),
    lines: new Map(),
    changes: [],
    skipped: new Map(),
  };
  for (const { file, base } of orphans) {
    skip(work, file, `the file it continues is not there: ${JSON.stringify(base)}`);
  }
  for (const audit of files) cure(work, audit);
  for (const wish of work.lines.values()) {
    const edit = editOf(facts, wish);
    if ("refused" in edit) skip(work, wish.file, `${wish.file.rollout.path}: ${edit.refused}`);
    else work.changes.push(edit);
  }
  const skipped: Skip[] = [...work.skipped].map(([subject, reason]) => ({ subject, reason }));
  return { changes: work.changes, skipped };
}

function refusals({ snapshot }: Facts, { threads, from }: RepairOptions): Work["refusal"] {
  const chosen = new Set(
    threads.filter((thread) => from === undefined || from === providerOf(thread)).map(({ id }) => id),
  );
  const busy = new Set(snapshot.codex.busyThreads);
  return (id) => chosen.has(id) ? busy.has(id) ? "Codex has it open" : undefined : NOT_CHOSEN;
}

/** Whether a thread may be changed; says why not, unless nobody asked for it. */
function mayChange(work: Work, file: HistoryFile): boolean {
  const refused = work.refusal(file.thread.id);
  if (refused !== undefined) skip(work, file, refused);
  return refused === undefined;
}

function skip({ refusal, skipped }: Work, { thread: { id } }: HistoryFile, reason: string): void {
  if (refusal(id) !== NOT_CHOSEN) skipped.set(id, reason);
}

function cure(work: Work, audit: Audit): void {
  if (audit.rewritten) {
    skip(work, audit, "its file no longer holds what its history was made from");
    return bases(work, audit);
  }
  const own = mayChange(work, audit);
  const shift = audit.lost !== undefined || audit.end !== undefined ? undefined : commonShift(audit);
  if (shift !== undefined && canGrow(work, audit, -shift)) {
    if (own) wish(work, audit, { growth: -shift });
    else for (const file of forksOf(audit)) skip(work, file, `goes with thread ${audit.thread.id}`);
    return;
  }
  if (own && work.database !== undefined) rows(work, audit, work.database);
  bases(work, audit);
}

function rows(work: Work, audit: Audit, database: AbsPath): void {
  const { facts, changes } = work;
  const { lost } = audit;
  if (lost === undefined || !lost.readable) {
    changes.push(...rightOffsets(audit, database), ...readNoFurther(audit, database));
    if (lost !== undefined) skip(work, audit, "Codex cannot read the turns that it has passed over");
    return;
  }
  const { starts } = lost;
  if (hasLateItems(facts, audit, lost, database)) {
    changes.push(...rightOffsets(audit, database, { starts }));
    return;
  }
  const removed = readAgain(facts, audit, starts, database);
  if ("refused" in removed) return skip(work, audit, removed.refused);
  changes.push(...rightOffsets(audit, database, { before: starts[0]?.ordinal ?? 0 }), ...removed);
}

/** Corrects the place in each fork or segment that continues the file. */
function bases(work: Work, { wrong, places }: Audit): void {
  for (const mark of wrong) {
    if (mark.by.kind !== "base") continue;
    const { file } = mark.by;
    const end = places.get(mark);
    if (end === undefined) skip(work, file, "the line it continues from is gone");
    else if (mayChange(work, file)) wish(work, file, { end });
  }
}

function forksOf({ wrong }: Audit): HistoryFile[] {
  return wrong.flatMap(({ by }) => by.kind === "base" ? [by.file] : []);
}

function wish({ lines }: Work, file: HistoryFile, more: Partial<LineWish>): void {
  const { id, thread, rollout } = file;
  const known = lines.get(id) ?? { file: { id, thread, rollout }, growth: 0, end: undefined };
  lines.set(id, { ...known, ...more });
}

function canGrow({ facts }: Work, file: HistoryFile, growth: number): boolean {
  return !("refused" in editOf(facts, { file, growth, end: undefined }));
}

function editOf(facts: Facts, wish: LineWish): EditChange | RecodeChange | Refusal {
  return unlessUnreadable(() => editFirstLine(facts.contents, wish)) ?? { refused: "it cannot be read" };
}
