/**
 * What a plan may reach. Plans and records are files, so somebody may have made or altered them, checksums and all;
 * whatever they say, only what codexkeep itself changes is changed. A repair that changes something new adds it here.
 */
import { AppError } from "../core/error.ts";
import { type AbsPath, baseName, joinPath, parentOf, type RelPath } from "../core/path.ts";
import { type Change, type EntryChange, isInDatabase, type MoveChange } from "../core/plan.ts";
import { namePartsOf } from "../codex/places.ts";
import { parseRolloutName } from "../codex/rollout_name.ts";
import { ADDED_COLUMNS, ARRIVED_COLUMNS, CHANGED_COLUMNS } from "../codex/threads.ts";
import { ROLLOUT_ROOTS } from "./rollouts.ts";

/** Files besides rollouts, by their whole path in the home. */
const SMALL_FILES: readonly RegExp[] = [
  /^config\.toml$/,
  /^[^/]+\.config\.toml$/,
  /^session_index\.jsonl$/,
  /^\.codex-global-state\.json$/,
];

const STATE = /^state_\d+\.sqlite$/;
const HISTORY = /^thread_history_1\.sqlite$/;
/** A database of Codex, or a file that SQLite keeps beside it. */
const DATABASE_FILE = /^(state_\d+|thread_history_\d+)\.sqlite(-wal|-shm|-journal)?$/;

/** A table other than that of threads. */
interface Table {
  /** Name of the database it is in. */
  readonly database: RegExp;
  /** Columns that name a row. */
  readonly key: readonly string[];
  readonly columns: ReadonlySet<string> | "all";
}

/** Tables, and what may be changed in them; of single cells of `threads` see {@link CHANGED_COLUMNS}. */
const TABLES: ReadonlyMap<string, Table> = new Map<string, Table>([
  // Whole rows, which are added and removed; single cells are changed by changes of kind "row".
  ["threads", { database: STATE, key: ["id"], columns: ADDED_COLUMNS }],
  ["backfill_state", {
    database: STATE,
    key: ["id"],
    columns: new Set(["status", "last_watermark", "updated_at"]),
  }],
  ["thread_sections", { database: STATE, key: ["id"], columns: "all" }],
  ["projects", { database: STATE, key: ["id"], columns: "all" }],
  ["project_roots", { database: STATE, key: ["project_id", "position"], columns: "all" }],
  ["thread_spawn_edges", { database: STATE, key: ["child_thread_id"], columns: "all" }],
  ["thread_attachments", { database: STATE, key: ["id"], columns: "all" }],
  ["thread_read_receipts", { database: STATE, key: ["thread_id"], columns: "all" }],
  ["thread_turns", { database: HISTORY, key: ["thread_id", "turn_id"], columns: "all" }],
  ["thread_items", { database: HISTORY, key: ["thread_id", "turn_id", "item_id"], columns: "all" }],
  ["thread_history_projection_state", { database: HISTORY, key: ["thread_id"], columns: "all" }],
  ["thread_realtime_items", { database: HISTORY, key: ["thread_id", "item_id"], columns: "all" }],
]);

/** Databases that lie beside the state database and that plans may change as well. */
const BESIDE_STATE: ReadonlySet<string> = new Set(["thread_history_1.sqlite"]);

/** Columns of `threads` of which plans change single cells. */
const CELL_COLUMNS: ReadonlySet<string> = new Set([...CHANGED_COLUMNS, ...ARRIVED_COLUMNS]);

/** Throws `refused` for a change of a file, table or column that no command of codexkeep ever changes. */
export function requireKnownTargets(changes: readonly Change[]): void {
  const filed = new Set(
    changes.flatMap((change) =>
      change.kind === "move" && isFiled(change.path, change.to) ? [change.path] : []
    ),
  );
  for (const change of changes) {
    if (change.kind === "drop") continue;
    if (change.kind === "move") requireKnownMove(change);
    else if (change.kind === "entry") requireKnownEntry(change);
    else if (isInDatabase(change)) {
      requireDatabase(change.database, STATE);
      requireColumns("threads", Object.keys(change.cells), CELL_COLUMNS);
    } else if (change.kind === "make" || change.kind === "unmake") requireFile(change.path, isSmallFile);
    else requireFile(change.path, (path) => isRollout(path) || isSmallFile(path) || filed.has(path));
  }
  requireOneMoveEach(changes);
  requireWholeDatabases(changes);
}

/** A file goes to one place, one that no other goes to, and stays as it is when its thread is left out. */
function requireOneMoveEach(changes: readonly Change[]): void {
  const moves = new Map<RelPath, MoveChange>();
  const taken = new Set<RelPath>();
  for (const change of changes) {
    if (change.kind !== "move" && change.kind !== "make") continue;
    const to = change.kind === "move" ? change.to : change.path;
    const twice = change.kind === "move" && moves.has(change.path)
      ? change.path
      : taken.has(to)
      ? to
      : undefined;
    if (twice !== undefined) {
      throw new AppError("refused", `a plan gives "${twice}" two names or two contents`);
    }
    taken.add(to);
    if (change.kind === "move") moves.set(change.path, change);
  }
  for (const change of changes) {
    if (change.kind !== "edit" && change.kind !== "recode" && change.kind !== "put") continue;
    const move = moves.get(change.path);
    if (move === undefined || move.thread === change.thread) continue;
    throw new AppError("refused", `a plan changes "${change.path}" for one thread and moves it for another`);
  }
}

/**
 * What SQLite keeps beside a database is moved with it or not at all. The main file leaves first and comes back last:
 * Codex, should it start in between, must never find one without its log, which it would write on. A log without a
 * main file it takes away, and by then the log has its second name.
 */
function requireWholeDatabases(changes: readonly Change[]): void {
  const moves = new Map(
    changes.flatMap((change) => change.kind === "move" ? [[change.path, change.to]] : []),
  );
  const inOrder = [...moves.keys()];
  for (const [path, to] of moves) {
    const database = databaseOfSide(path);
    if (database === undefined) continue;
    const leaves = parentOf(to)?.includes("db-backups/") === true;
    const mainIsFirst = inOrder.indexOf(database) < inOrder.indexOf(path);
    if (moves.get(database) === databaseOfSide(to) && mainIsFirst === leaves) continue;
    throw new AppError("refused", `codexkeep does not move "${path}" without its database, or before it`);
  }
}

function requireFile(path: RelPath, isKnown: (path: RelPath) => boolean): void {
  if (!isKnown(path)) throw new AppError("refused", `codexkeep does not change "${path}"`);
}

function isSmallFile(path: RelPath): boolean {
  return SMALL_FILES.some((form) => form.test(path));
}

function isRollout(path: RelPath): boolean {
  return ROLLOUT_ROOTS.some((root) => path.startsWith(`${root}/`)) &&
    parseRolloutName(baseName(path)) !== undefined;
}

/** Each of these is allowed the other way round, too: that is how it is taken back. */
function requireKnownMove({ path, to }: MoveChange): void {
  const known = isFiled(path, to) || isFiled(to, path) || isHidden(path, to) || isHidden(to, path) ||
    isSetAside(path, to) || isSetAside(to, path);
  if (!known) throw new AppError("refused", `codexkeep does not move "${path}" to "${to}"`);
}

/** A rollout brought to a place where Codex keeps rollouts, perhaps under another name or from elsewhere in the home. */
function isFiled(from: RelPath, to: RelPath): boolean {
  const parts = namePartsOf(baseName(from));
  const isOfThread = parts !== undefined && parts.id === namePartsOf(baseName(to))?.id;
  return (isRollout(from) || (isOfThread && !from.startsWith("backups_state/"))) && isRollout(to) &&
    /^(sessions\/\d{4}\/\d\d\/\d\d|archived_sessions)\/[^/]+$/.test(to);
}

/** A rollout given a name beside itself that Codex does not take for one. */
function isHidden(from: RelPath, to: RelPath): boolean {
  return isRollout(from) && parentOf(from) === parentOf(to) && baseName(to).startsWith(baseName(from)) &&
    to.endsWith(".bak");
}

/** A database put away, with the same name. */
function isSetAside(from: RelPath, to: RelPath): boolean {
  return /^(sqlite\/)?[^/]+$/.test(from) && DATABASE_FILE.test(baseName(from)) &&
    /^(sqlite\/)?db-backups\/[^/]+\/[^/]+$/.test(to) && baseName(from) === baseName(to);
}

/** Whether a path is that of a database, without what SQLite keeps beside it. */
export function isDatabaseFile(path: RelPath): boolean {
  return DATABASE_FILE.exec(baseName(path))?.[2] === undefined && DATABASE_FILE.test(baseName(path));
}

/** The database that a file such as `state_5.sqlite-wal` belongs to; undefined for every other file. */
export function databaseOfSide(path: RelPath): RelPath | undefined {
  const side = DATABASE_FILE.exec(baseName(path))?.[2];
  return side === undefined ? undefined : path.slice(0, -side.length) as RelPath;
}

/** Whether a file is the index of a database's log, which SQLite writes to whenever somebody looks. */
export function isLogIndex(path: RelPath): boolean {
  return databaseOfSide(path) !== undefined && path.endsWith("-shm");
}

function requireKnownEntry({ database, table, key, op, cells }: EntryChange): void {
  const known = TABLES.get(table);
  if (known === undefined) throw new AppError("refused", `codexkeep does not change table "${table}"`);
  requireDatabase(database, known.database);
  if (Object.keys(key).sort().join() !== [...known.key].sort().join()) {
    throw new AppError("refused", `a row of "${table}" is named by ${known.key.join(", ")}`);
  }
  if (table === "threads" && op === "change") {
    throw new AppError("refused", "cells of threads are changed by row");
  }
  if (known.columns !== "all") requireColumns(table, Object.keys(cells), known.columns);
  const twice = Object.keys(cells).find((name) => known.key.includes(name));
  if (twice !== undefined) {
    throw new AppError("refused", `column "${twice}" names the rows of "${table}" and does not change`);
  }
}

/** By its name alone: where it is, the scan has to say, and for a record that is taken back nobody can. */
function requireDatabase(path: AbsPath, name: RegExp): void {
  if (name.test(path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1))) return;
  throw new AppError("refused", `codexkeep does not change rows of "${path}"`);
}

function requireColumns(table: string, names: readonly string[], known: ReadonlySet<string>): void {
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new AppError("refused", `codexkeep does not change column "${unknown}" of ${table}`);
}

/** Throws `refused` for rows of a database that the scan did not find, or of a table that is not in it. */
export function requireKnownDatabases(changes: readonly Change[], databases: readonly AbsPath[]): void {
  const folders = new Set(databases.map((path) => joinPath(path, "..")));
  for (const change of changes) {
    if (!isInDatabase(change)) continue;
    const { database } = change;
    const folder = joinPath(database, "..");
    const name = database.slice(folder.length + 1);
    const isBeside = folders.has(folder) && BESIDE_STATE.has(name);
    const isThere = change.kind === "row" || TABLES.get(change.table)?.database.test(name);
    if ((databases.includes(database) || isBeside) && isThere) continue;
    throw new AppError("refused", `"${database}" is no state database of this home`, {
      hint: "name its folder with --sqlite-home",
    });
  }
}
