/** Plans that take a record back. Restoring is a plan like any other: shown, applied, recorded, and undone the same way. */
import { AppError } from "../core/error.ts";
import { type AbsPath, baseName, inHome } from "../core/path.ts";
import {
  type Change,
  type EditChange,
  invert,
  invertMeaning,
  isPointer,
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
import { editRootKeys } from "../codex/config_edit.ts";
import { relabel } from "../codex/relabel.ts";
import type { Contents } from "../repairs/repair.ts";
import type { Disk } from "../system/disk.ts";
import { readConfigBytes } from "./home.ts";
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

/** What planning needs to know of the present. */
export interface Present {
  readonly disk: Disk;
  readonly snapshot: Snapshot;
  readonly contents: Contents;
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
  changes.forEach((change, n) => {
    if (skipped.has(n) || !isWanted(change, options)) return;
    const undone = change.kind === "row"
      ? restoreRow(change, rows, options.force)
      : isFileChange(change)
      ? restoreFile(present, id, change, staged.get(n), options.force)
      : {};
    const { conflict } = undone;
    if (conflict !== undefined) conflicts.push(conflict);
    if (undone.change !== undefined) back.push(undone.change);
    else if (conflict !== undefined && !undone.solved && change.kind !== "drop") {
      if (change.thread === undefined) unsolved.push(conflict);
      else lost.set(change.thread, `${conflict.subject}: ${conflict.reason}`);
    }
  });
  const plan: Plan = { purpose: "restore", home, changes: order(back), skipped: unsolved, reverts: id };
  // With one of its parts out of reach a thread stays as it is: half restored it could not be opened.
  return { plan: withoutThreads(plan, lost), conflicts };
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

/** What is to be restored is so already, though the file is another one. */
const AS_BEFORE = "as before";

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
  if (gentle === undefined) return { conflict };
  return gentle === AS_BEFORE ? { conflict, solved: true } : { conflict, change: gentle };
}

/** Whether a file is as the record left it, as it was before, or why it is neither. */
function stateOfFile({ disk, snapshot: { home } }: Present, change: FileChange, staged: StagedFile): string {
  const path = inHome(home, change.path);
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

/** Gives a file that was changed since its old meaning back, and keeps everything that came later. */
function gentleUndo(present: Present, change: FileChange): Change | typeof AS_BEFORE | undefined {
  if (change.thread === undefined) return gentleConfig(present, change);
  const provider = change.sets.model_provider?.before;
  const thread = present.snapshot.threads.get(change.thread);
  // Archiving moves a file and keeps its name.
  const name = baseName(change.path);
  const rollout = thread?.rollouts.find(({ path }) => baseName(path) === name);
  if (typeof provider !== "string" || rollout === undefined || rollout.damage !== undefined) return undefined;
  return present.contents.with(rollout, (content) => {
    const splices = relabel(content, provider);
    if ("refused" in splices) return undefined;
    return splices.length === 0 ? AS_BEFORE : editOf(rollout, change, splices, content.size);
  });
}

function editOf(
  { path, encoding, stamp: { size, mtimeMs }, meta }: Rollout,
  change: FileChange,
  splices: EditChange["splices"],
  contentSize: number,
): EditChange | RecodeChange {
  const sets = {
    model_provider: { before: meta?.provider ?? null, after: change.sets.model_provider?.before ?? null },
  };
  const common = { path, thread: change.thread, sets, size, splices };
  return encoding === "zstd"
    ? { kind: "recode", ...common, mtimeMs, contentSize }
    : { kind: "edit", ...common, mtimeMs, leaveMtimeMs: mtimeMs };
}

function gentleConfig(
  { disk, snapshot: { home } }: Present,
  change: FileChange,
): EditChange | typeof AS_BEFORE | undefined {
  const bytes = readConfigBytes(disk, home);
  if (bytes === undefined) return undefined;
  const keys = Object.entries(change.sets).map(([key, { before }]): [string, string | undefined] => [
    key,
    typeof before === "string" ? before : undefined,
  ]);
  return configChange(bytes, Object.fromEntries(keys), change);
}

function configChange(
  bytes: Uint8Array,
  keys: Readonly<Record<string, string | undefined>>,
  { path }: FileChange,
): EditChange | typeof AS_BEFORE {
  const { splices, sets } = editRootKeys(bytes, keys);
  if (splices.length === 0) return AS_BEFORE;
  return {
    kind: "edit",
    path,
    thread: undefined,
    sets,
    size: bytes.length,
    mtimeMs: undefined,
    leaveMtimeMs: undefined,
    splices,
  };
}

/** The record that `latest` means: the newest finished one. Throws `record-unknown` when there is none. */
export function latestRecord(
  ids: readonly { readonly id: string; readonly state: string }[],
  home: AbsPath,
): string {
  const found = ids.find(({ state }) => state === "complete");
  if (found !== undefined) return found.id;
  throw new AppError("record-unknown", `there is no record to restore in "${home}"`, {
    hint: "codexkeep backups list",
  });
}
