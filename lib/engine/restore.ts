/** Plans that take a record back. Restoring is a plan like any other: shown, applied, recorded, and undone the same way. */
import { AppError, messageOf } from "../core/error.ts";
import { type AbsPath, inHome, type RelPath } from "../core/path.ts";
import {
  type Change,
  type EditChange,
  invert,
  invertMeaning,
  isInDatabase,
  isPointer,
  meaningOf,
  order,
  type Plan,
  type PutChange,
  type RecodeChange,
  type Skip,
  withoutThreads,
} from "../core/plan.ts";
import type { JournalEntry, StagedFile } from "../core/record.ts";
import type { Rollout } from "../core/snapshot.ts";
import { readRows, type RowReader } from "./cells.ts";
import { AS_BEFORE, gentleUndo, giveBack, type Present, segmentsSince } from "./gentle_undo.ts";
import { readChanges, readJournal, readManifest, recordDir, skippedIn } from "./records.ts";
import { restoreName } from "./restore_names.ts";
import { type Parts, type Wanted, wantedParts } from "./restore_parts.ts";
import { restoreRow } from "./restore_rows.ts";
import { isNameChange } from "./spots.ts";
import type { FileChange } from "./stage.ts";
import { hashContent } from "./hash.ts";
import { heldFault, stagedFiles } from "./verify.ts";

/** What to leave as it is, and whether to go on where things changed since. */
export interface RestoreOptions extends Wanted {
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
  const parts = wantedParts(changes, skippedIn(journal), options);
  const rows = readRows(disk);
  try {
    return gather({ present, id, options, rows, journal, createdMs: Date.parse(manifest.createdAt) }, parts);
  } finally {
    rows.close();
  }
}

interface Task {
  readonly present: Present;
  readonly id: string;
  readonly options: RestoreOptions;
  readonly rows: RowReader;
  readonly journal: readonly JournalEntry[];
  readonly createdMs: number;
}

function gather(task: Task, { wanted, moved }: Parts): RestorePlan {
  const { present, id, options, journal } = task;
  const staged = new Map(stagedFiles(journal).map((file) => [file.n, file]));
  const source = { id, places: new Set(moved.values()) };
  const first: Change[] = [];
  const back: Change[] = [];
  const conflicts: Skip[] = [];
  const unsolved: Skip[] = [];
  const lost = new Map<string, string>();
  const take = (thread: string | undefined, { conflict, change, solved, first: before = [] }: Undone) => {
    if (conflict !== undefined) conflicts.push(conflict);
    first.push(...before);
    if (change !== undefined) back.push(change);
    else if (conflict !== undefined && !solved) {
      if (thread === undefined) unsolved.push(conflict);
      else lost.set(thread, `${conflict.subject}: ${conflict.reason}`);
    }
  };
  for (const { change, n } of wanted) {
    take(
      change.thread,
      isInDatabase(change)
        ? restoreRow(task.rows, change, options.force)
        : isNameChange(change)
        ? restoreName(present, source, change, options.force)
        : restoreFile(
          present,
          id,
          change,
          placeNow(present, change.path, moved),
          staged.get(n),
          options.force,
        ),
    );
  }
  for (const [thread, provider] of providersOf(wanted.map(({ change }) => change))) {
    for (const file of segmentsSince(present.snapshot, thread, task.createdMs)) {
      take(thread, options.sessions ? restoreSegment(present, file, thread, provider, options.force) : {});
    }
  }
  const changes = withoutProfiles(order([...first, ...backwards(back)]), unsolved);
  const { home } = present.snapshot;
  const plan: Plan = { purpose: "restore", home, changes, skipped: unsolved, reverts: id };
  // With one of its parts out of reach a thread stays as it is: half restored it could not be opened.
  return { plan: withoutThreads(plan, lost), conflicts };
}

/** A profile that was moved out of config.toml keeps its file when config.toml cannot take it back. */
function withoutProfiles(changes: readonly Change[], unsolved: Skip[]): readonly Change[] {
  if (!unsolved.some(({ subject }) => subject === "config.toml")) return changes;
  const isProfile = (change: Change) => change.kind === "unmake" && change.path.endsWith(".config.toml");
  for (const change of changes.filter(isProfile)) {
    if ("path" in change) unsolved.push({ subject: change.path, reason: "config.toml cannot take it back" });
  }
  return changes.filter((change) => !isProfile(change));
}

/** Rows and names that were changed last are given back first: what was put in their place has to go before. */
function backwards(changes: readonly Change[]): readonly Change[] {
  const isOrdered = (change: Change) => isInDatabase(change) || isNameChange(change);
  return [...changes.filter((change) => !isOrdered(change)), ...changes.filter(isOrdered).reverse()];
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

/** Under which name a file is now that a record changed and may have moved. */
function placeNow({ disk, snapshot: { home } }: Present, path: RelPath, moved: Parts["moved"]): RelPath {
  const to = moved.get(path);
  return to !== undefined && disk.lstat(inHome(home, to)) !== undefined ? to : path;
}

/** What came of taking one change back. */
export interface Undone {
  readonly change?: Change;
  readonly conflict?: Skip;
  /** There is a conflict, but nothing is left to be done about it. */
  readonly solved?: boolean;
  /** What must be done before anything else is taken back. */
  readonly first?: readonly Change[];
}

function restoreFile(
  present: Present,
  record: string,
  change: FileChange,
  path: RelPath,
  staged: StagedFile | undefined,
  force: boolean,
): Undone {
  const subject = change.path;
  if (staged === undefined) {
    return { conflict: { subject, reason: "the record does not say what became of it" } };
  }
  const state = stateOfFile(present, change, path, staged);
  if (state === "before") return {};
  if (state === "after") return { change: exactUndo(record, { ...change, path }, staged, present) };
  if (typeof state !== "string") return { conflict: { subject, reason: state.unread } };
  const conflict = { subject, reason: state };
  if (!force) return { conflict };
  const gentle = gentleUndo(present, { ...change, path }, state === GROWN);
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

/** What is said of a file that begins as the record left it. */
const GROWN = "it was continued since";

/** Whether a file is as the record left it, as it was before, or why it is neither; or why nobody can tell. */
function stateOfFile(
  { disk, snapshot: { home } }: Present,
  change: FileChange,
  now: RelPath,
  staged: StagedFile,
): string | { readonly unread: string } {
  const path = inHome(home, now);
  try {
    if (disk.stat(path) === undefined) return "it is gone or was moved";
    const file = disk.openRead(path, { follow: isPointer(change) });
    try {
      if (file.size === staged.size && hashContent(file, file.size) === staged.after) return "after";
      if (hashContent(file, file.size) === staged.before) return "before";
      const grown = file.size > staged.size && hashContent(file, staged.size) === staged.after;
      return grown ? GROWN : "it was changed since";
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof AppError) return { unread: messageOf(error) };
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
