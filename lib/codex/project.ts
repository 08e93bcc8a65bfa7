/** The home as it will be: a snapshot with changes applied that are planned and not made yet. */
import { baseName, type RelPath } from "../core/path.ts";
import type {
  Cell,
  Change,
  EditChange,
  EntryChange,
  MoveChange,
  RecodeChange,
  RowChange,
} from "../core/plan.ts";
import type { Rollout, Snapshot, Thread, ThreadRow } from "../core/snapshot.ts";
import { splicedSize } from "../core/splice.ts";
import { parseRolloutName } from "./rollout_name.ts";
import { toThreadRow } from "./threads.ts";

/** A change of a file that a snapshot shows. */
type SeenChange = EditChange | RecodeChange | MoveChange;

/**
 * The snapshot after `changes`, as far as a scan would see them: rows, and of rollouts their place, size, provider
 * (`sets.model_provider`) and folder (`sets.cwd`). The configuration, and the size of a compressed file, stay as they are.
 */
export function project(snapshot: Snapshot, changes: readonly Change[]): Snapshot {
  const files = new Map<RelPath, SeenChange[]>();
  const rows = new Map<string, (RowChange | EntryChange)[]>();
  for (const change of changes) {
    if (change.kind === "edit" || change.kind === "recode" || change.kind === "move") {
      listAt(files, change.path).push(change);
    } else if (isThreadRow(change) && change.database === snapshot.live?.path) {
      listAt(rows, change.kind === "row" ? change.thread : String(change.key.id)).push(change);
    }
  }
  if (files.size === 0 && rows.size === 0) return snapshot;
  const threads = new Map<string, Thread>();
  for (const thread of snapshot.threads.values()) {
    const after = projectThread(thread, files, rows.get(thread.id) ?? []);
    if (after.row !== undefined || after.rollouts.length > 0) threads.set(after.id, after);
    rows.delete(thread.id);
  }
  for (const [id, own] of rows) {
    const row = projectRow(undefined, own);
    if (row !== undefined) threads.set(id, { id, rollouts: [], row });
  }
  const damaged = snapshot.damaged.flatMap((rollout) => projectRollout(rollout, files) ?? []);
  return { ...snapshot, threads, damaged };
}

/** The snapshot with files as part of their threads that it shows as damaged, or not at all. */
export function withRollouts(snapshot: Snapshot, found: readonly Rollout[]): Snapshot {
  if (found.length === 0) return snapshot;
  const paths = new Set(found.map(({ path }) => path));
  const isOther = ({ path }: Rollout) => !paths.has(path);
  const threads = new Map<string, Thread>();
  for (const thread of snapshot.threads.values()) {
    const rollouts = thread.rollouts.filter(isOther);
    const isSame = rollouts.length === thread.rollouts.length;
    if (isSame || rollouts.length > 0 || thread.row !== undefined) {
      threads.set(thread.id, isSame ? thread : { ...thread, rollouts });
    }
  }
  for (const rollout of found) {
    const id = rollout.meta?.id ?? rollout.nameId ?? "";
    const thread = threads.get(id) ?? { id, rollouts: [], row: undefined };
    const rollouts = [...thread.rollouts, rollout].sort((a, b) => compareInScan(a.path, b.path));
    threads.set(id, { ...thread, rollouts });
  }
  return { ...snapshot, threads, damaged: snapshot.damaged.filter(isOther) };
}

function isThreadRow(change: Change): change is RowChange | EntryChange {
  return change.kind === "row" || change.kind === "entry" && change.table === "threads";
}

function listAt<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const made: V[] = [];
  lists.set(key, made);
  return made;
}

type Files = ReadonlyMap<RelPath, readonly SeenChange[]>;

/** The thread itself when nothing of it changes. */
function projectThread(thread: Thread, files: Files, rows: readonly (RowChange | EntryChange)[]): Thread {
  const touched = thread.rollouts.some(({ path }) => files.has(path));
  if (!touched && rows.length === 0) return thread;
  const rollouts = thread.rollouts.flatMap((rollout) => projectRollout(rollout, files) ?? []);
  return {
    id: thread.id,
    rollouts: touched ? rollouts.sort((a, b) => compareInScan(a.path, b.path)) : rollouts,
    row: projectRow(thread.row, rows),
  };
}

/** Undefined for a file that leaves the folders of rollouts. */
function projectRollout(rollout: Rollout, files: Files): Rollout | undefined {
  let after: Rollout | undefined = rollout;
  for (const change of files.get(rollout.path) ?? []) {
    if (after !== undefined) after = change.kind === "move" ? moved(after, change) : edited(after, change);
  }
  return after;
}

function edited(rollout: Rollout, change: EditChange | RecodeChange): Rollout {
  const { meta, recorded, stamp } = rollout;
  const { model_provider, cwd } = change.sets;
  return {
    ...rollout,
    stamp: change.kind === "recode" ? stamp : {
      size: splicedSize(change.size, change.splices),
      mtimeMs: change.leaveMtimeMs ?? stamp.mtimeMs,
    },
    meta: meta && {
      ...meta,
      provider: textAfter(model_provider, meta.provider),
      cwd: textAfter(cwd, meta.cwd),
    },
    recorded: meta && textAfter(model_provider, recorded),
  };
}

function textAfter(cell: Cell | undefined, otherwise: string | undefined): string | undefined {
  if (cell === undefined) return otherwise;
  return cell.after === null ? undefined : String(cell.after);
}

function moved(rollout: Rollout, { to }: MoveChange): Rollout | undefined {
  const name = parseRolloutName(baseName(to));
  if (name === undefined || !/^(archived_)?sessions\//.test(to)) return undefined;
  return {
    ...rollout,
    path: to,
    archived: to.startsWith("archived_"),
    encoding: name.encoding,
    nameId: rollout.meta?.id ?? name.id,
    segment: name.segment,
  };
}

/** The order in which a scan meets files: by name within a folder, archived ones last. */
function compareInScan(a: RelPath, b: RelPath): number {
  const [left, right] = [a.split("/"), b.split("/")];
  if (left[0] !== right[0]) return left[0] === "sessions" ? -1 : 1;
  const n = left.findIndex((name, index) => name !== right[index]);
  return n < 0 ? 0 : (left[n] ?? "") < (right[n] ?? "") ? -1 : 1;
}

function projectRow(
  before: ThreadRow | undefined,
  changes: readonly (RowChange | EntryChange)[],
): ThreadRow | undefined {
  let columns = before && columnsOf(before);
  for (const change of changes) {
    const after = Object.fromEntries(Object.entries(change.cells).map(([name, cell]) => [name, cell.after]));
    if (change.kind === "entry" && change.op === "remove") columns = undefined;
    else if (change.kind === "entry" && change.op === "add") columns = seen({ ...change.key, ...after });
    else if (columns !== undefined) columns = { ...columns, ...seen(after) };
  }
  if (changes.length === 0) return before;
  return columns && toThreadRow(columns);
}

type Columns = Readonly<Record<string, string | number | null>>;

/** A row the way it was read. */
function columnsOf(row: ThreadRow): Columns {
  return {
    id: row.id,
    rollout_path: row.rolloutPath,
    model_provider: row.provider ?? null,
    cwd: row.cwd,
    source: row.source,
    archived: row.archived ? 1 : 0,
    has_preview: row.hasPreview ? 1 : 0,
    created_ms: row.createdAtMs,
    updated_ms: row.updatedAtMs,
  };
}

/** Columns of the table by the names under which rows are read. */
function seen(columns: Columns): Columns {
  const { preview, created_at_ms, updated_at_ms } = columns;
  return {
    ...columns,
    ...(preview === undefined ? {} : { has_preview: preview === null || preview === "" ? 0 : 1 }),
    ...(created_at_ms === undefined ? {} : { created_ms: created_at_ms }),
    ...(updated_at_ms === undefined ? {} : { updated_ms: updated_at_ms }),
  };
}
