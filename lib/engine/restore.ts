/** Plans that take a record back. Restoring is a plan like any other: shown, applied, recorded, and undone the same way. */
import { AppError, messageOf } from "../core/error.ts";
import { type AbsPath, inHome } from "../core/path.ts";
import {
  type Change,
  type EditChange,
  invert,
  invertMeaning,
  isPointer,
  meaningOf,
  order,
  type Plan,
  type PutChange,
  type RecodeChange,
  type RowChange,
  type Skip,
  withoutThreads,
} from "../core/plan.ts";
import type { StagedFile } from "../core/record.ts";
import type { Rollout, Snapshot } from "../core/snapshot.ts";
import { AS_BEFORE, gentleUndo, giveBack, type Present, segmentsSince } from "./gentle_undo.ts";
import { readChanges, readJournal, readManifest, recordDir } from "./records.ts";
import { type FileChange, isFileChange } from "./stage.ts";
import { hashContent } from "./hash.ts";
import { heldFault, stagedFiles } from "./verify.ts";

/** What to leave as it is, and whether to go on where things changed since. */
export interface RestoreOptions {
  readonly config: boolean;
  readonly database: boolean;
  readonly sessions: boolean;
  readonly force: boolean;
}

/** A plan, and what changed since the record was made. */
export interface RestorePlan {
  readonly plan: Plan;
  /** Things that are no longer as the record left them; with `force` they are part of the plan as far as possible. */
  readonly conflicts: readonly Skip[];
}

/**
 * The plan that takes record `id` back. Throws `record-unknown`, `record-damaged`, `recovery-pending` for a run that
 * was cut off, `conflict` for one that was undone already.
 */
export function planRestore(present: Present, id: string, options: RestoreOptions): RestorePlan {
  const { disk, snapshot: { home } } = present;
  const manifest = readManifest(disk, home, id);
  const changes = readChanges(disk, home, manifest);
  const journal = readJournal(disk, home, id);
  const last = journal.at(-1)?.event;
  if (last === "undone") throw new AppError("conflict", `record "${id}" was taken back already`);
  if (last !== "committed") {
    throw new AppError("recovery-pending", `run "${id}" was interrupted`, { hint: "codexkeep recover" });
  }
  const skipped = new Set(journal.flatMap((entry) => entry.event === "skipped" ? [entry.n] : []));
  const staged = new Map(stagedFiles(journal).map((file) => [file.n, file]));
  const rows = new Map([...snapshotRows(present.snapshot)]);
  const back: Change[] = [];
  const conflicts: Skip[] = [];
  const unsolved: Skip[] = [];
  const lost = new Map<string, string>();
  const take = (thread: string | undefined, { conflict, change, solved }: Undone) => {
    if (conflict !== undefined) conflicts.push(conflict);
    if (change !== undefined) back.push(change);
    else if (conflict !== undefined && !solved) {
      if (thread === undefined) unsolved.push(conflict);
      else lost.set(thread, `${conflict.subject}: ${conflict.reason}`);
    }
  };
  changes.forEach((change, n) => {
    if (skipped.has(n) || change.kind === "drop" || !isWanted(change, options)) return;
    take(
      change.thread,
      change.kind === "row"
        ? restoreRow(change, rows, options.force)
        : isFileChange(change)
        ? restoreFile(present, id, change, staged.get(n), options.force)
        : { conflict: { subject: change.kind, reason: "it is not known to this version" } },
    );
  });
  const wanted = changes.filter((change, n) => !skipped.has(n) && isWanted(change, options));
  for (const [thread, provider] of providersOf(wanted)) {
    for (const file of segmentsSince(present.snapshot, thread, Date.parse(manifest.createdAt))) {
      take(thread, options.sessions ? restoreSegment(present, file, thread, provider, options.force) : {});
    }
  }
  const plan: Plan = { purpose: "restore", home, changes: order(back), skipped: unsolved, reverts: id };
  // With one of its parts out of reach a thread stays as it is: half restored it could not be opened.
  return { plan: withoutThreads(plan, lost), conflicts };
}

/** Each thread and the provider it goes back to: that of its row, else that of its newest file. */
function providersOf(changes: readonly Change[]): ReadonlyMap<string, string> {
  const providers = new Map<string, string>();
  for (const change of changes) {
    if (change.kind === "drop" || change.thread === undefined) continue;
    const cell = meaningOf(change).model_provider;
    if (typeof cell?.before === "string") providers.set(change.thread, cell.before);
  }
  return providers;
}

function subjectOf(change: FileChange | RowChange): string {
  return change.kind === "row" ? `row of ${change.thread}` : change.path;
}

function isWanted(change: Change, { config, database, sessions }: RestoreOptions): boolean {
  if (change.kind === "row") return database;
  return isPointer(change) ? config : sessions;
}

interface Undone {
  readonly change?: Change;
  readonly conflict?: Skip;
  /** There is a conflict, but nothing is left to be done about it. */
  readonly solved?: boolean;
}

function snapshotRows({ threads }: Snapshot): Iterable<[string, string | null]> {
  return [...threads.values()].flatMap((thread): [string, string | null][] =>
    thread.row ? [[thread.id, thread.row.provider ?? null]] : []
  );
}

/** Only the provider of a row is ever changed so far; other cells need a reader of their own here. */
function restoreRow(change: RowChange, rows: ReadonlyMap<string, string | null>, force: boolean): Undone {
  const cell = change.cells.model_provider;
  const now = rows.get(change.thread);
  const subject = subjectOf(change);
  if (cell === undefined) return { conflict: { subject, reason: "its cells are not known to this version" } };
  if (now === undefined) return { conflict: { subject, reason: "the row is gone" } };
  if (now === cell.after) return { change: invert(change) };
  if (now === cell.before) return {};
  const conflict = { subject, reason: `it says ${JSON.stringify(now)} now` };
  if (!force) return { conflict };
  return { conflict, change: { ...change, cells: { model_provider: { before: now, after: cell.before } } } };
}

function restoreFile(
  present: Present,
  record: string,
  change: FileChange,
  staged: StagedFile | undefined,
  force: boolean,
): Undone {
  const subject = change.path;
  if (staged === undefined) {
    return { conflict: { subject, reason: "the record does not say what became of it" } };
  }
  const state = stateOfFile(present, change, staged);
  if (state === "before") return {};
  if (state === "after") return { change: exactUndo(record, change, staged, present) };
  const conflict = { subject, reason: state };
  if (!force) return { conflict };
  const gentle = gentleUndo(present, change);
  if (gentle === AS_BEFORE) return { conflict, solved: true };
  if ("refused" in gentle) return { conflict: { subject, reason: `${conflict.reason}; ${gentle.refused}` } };
  return { conflict, change: gentle };
}

/** A file that came later goes the way of the thread, or the thread would name two providers. */
function restoreSegment(
  present: Present,
  file: Rollout,
  thread: string,
  provider: string,
  force: boolean,
): Undone {
  const change = giveBack(present, file, thread, provider);
  if (change === AS_BEFORE) return {};
  const conflict = { subject: file.path, reason: "Codex has begun it since" };
  return force && !("refused" in change) ? { conflict, change } : { conflict };
}

/** Whether a file is as the record left it, as it was before, or why it is neither. */
function stateOfFile({ disk, snapshot: { home } }: Present, change: FileChange, staged: StagedFile): string {
  const path = inHome(home, change.path);
  try {
    if (disk.stat(path) === undefined) return "it is gone or was moved";
    const file = disk.openRead(path, { follow: isPointer(change) });
    try {
      if (file.size === staged.size && hashContent(file, file.size) === staged.after) return "after";
      if (hashContent(file, file.size) === staged.before) return "before";
      const grown = file.size > staged.size && hashContent(file, staged.size) === staged.after;
      return grown ? "it was continued since" : "it was changed since";
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof AppError) return messageOf(error);
    throw error;
  }
}

function exactUndo(record: string, change: FileChange, staged: StagedFile, present: Present): Change {
  if (change.kind !== "edit") return putBack(record, change, staged, present);
  const back = invert(change) as EditChange;
  // Its time now is what it is; the hash has just shown that its content is the one the record left.
  return { ...back, mtimeMs: present.disk.stat(inHome(present.snapshot.home, change.path))?.mtimeMs };
}

/** Looks at the kept file before anything is planned with it. Throws `record-damaged`. */
function putBack(
  record: string,
  change: RecodeChange | PutChange,
  staged: StagedFile,
  { disk, snapshot: { home } }: Present,
): PutChange {
  const fault = heldFault(disk, recordDir(home, record), staged);
  if (fault !== undefined) {
    throw new AppError("record-damaged", `record "${record}": ${fault}`, {
      hint: "codexkeep backups verify --deep",
    });
  }
  return {
    kind: "put",
    path: change.path,
    thread: change.thread,
    sets: invertMeaning(change.sets),
    beforeSha256: staged.after,
    from: { record, name: String(staged.n) },
    sha256: staged.before,
    mtimeMs: change.mtimeMs,
  };
}

/**
 * The record that `latest` means: the newest finished one that is whole. Throws `record-unknown` when there is none, and
 * what the disk said of a newer one that it would not read: an older one in its place is not what was asked for.
 */
export function latestRecord(
  records: readonly { readonly id: string; readonly state: string; readonly unread?: AppError | undefined }[],
  home: AbsPath,
): string {
  for (const { id, state, unread } of records) {
    if (unread !== undefined) throw unread;
    if (state === "complete") return id;
  }
  throw new AppError("record-unknown", `there is no record to restore in "${home}"`, {
    hint: "codexkeep backups list",
  });
}
