/**
 * A plan: the exact changes a command would make, each with what must be there before and what will be there after.
 * Undo, verification and "somebody else changed it" follow from that and are written nowhere else.
 */
import { sha256Stream } from "./bytes.ts";
import type {
  Cell,
  Change,
  EditChange,
  EntryChange,
  MakeChange,
  Meaning,
  MoveChange,
  RowChange,
  UnmakeChange,
} from "./change.ts";
import { AppError } from "./error.ts";
import type { AbsPath, RelPath } from "./path.ts";
import { parseChange } from "./plan_json.ts";
import { invertSplices, splicedSize } from "./splice.ts";

export type {
  Cell,
  Change,
  DropChange,
  EditChange,
  EntryChange,
  MakeChange,
  Meaning,
  MoveChange,
  PutChange,
  RecodeChange,
  RowChange,
  UnmakeChange,
} from "./change.ts";

/** What a run is for. */
export type Purpose = "sync" | "switch" | "repair" | "restore" | "handoff";

/** A thread or file the command would have changed but will not. */
export interface Skip {
  readonly subject: string;
  readonly reason: string;
}

/** How many threads go from which provider to which. */
export interface Move {
  readonly from: string;
  readonly to: string;
  readonly threads: number;
}

/** What a command is going to do. */
export interface Plan {
  readonly purpose: Purpose | "prune";
  readonly home: AbsPath;
  /** In the order they are carried out. */
  readonly changes: readonly Change[];
  readonly skipped: readonly Skip[];
  /** Record that this plan takes back. */
  readonly reverts: string | undefined;
}

const RANK = {
  edit: 0,
  recode: 0,
  put: 0,
  move: 1,
  make: 2,
  unmake: 2,
  row: 3,
  entry: 3,
  drop: 5,
} as const;
const POINTER_RANK = 4;
/** Codex's settings, its profiles and its account. */
const POINTERS = /^(config\.toml|[^/]+\.config\.toml|auth\.json)$/;

/** Files that make a new state current come last: a crash before them leaves the old one in force. */
function rank(change: Change): number {
  const small = change.kind === "edit" || change.kind === "make" || change.kind === "unmake";
  if (small && POINTERS.test(change.path)) return POINTER_RANK;
  const other = change.kind === "edit" && change.thread === undefined;
  return other ? RANK.make : RANK[change.kind];
}

/**
 * Changes in the order that is safe to be cut off anywhere: rollouts (the source) in their old places, their moves,
 * index and interface files, rows (derived from the rollouts), then the configuration that makes the result current. Stable within each group.
 */
export function order(changes: readonly Change[]): readonly Change[] {
  return [...changes].sort((a, b) => rank(a) - rank(b));
}

/** Whether a change belongs to the pointer files that are written after the database. */
export function isPointer(change: Change): boolean {
  return rank(change) === POINTER_RANK;
}

/** What undoes `change` once it has been made. Throws for kinds that need the record itself (`recode`, `put`, `drop`). */
export function invert(
  change: Change,
): EditChange | RowChange | EntryChange | MoveChange | MakeChange | UnmakeChange {
  switch (change.kind) {
    case "edit":
      return {
        ...change,
        size: splicedSize(change.size, change.splices),
        mtimeMs: change.leaveMtimeMs,
        leaveMtimeMs: change.mtimeMs,
        sets: invertMeaning(change.sets),
        splices: invertSplices(change.splices),
      };
    case "row":
      return { ...change, cells: invertMeaning(change.cells) };
    case "entry":
      return { ...change, op: INVERSE[change.op], cells: invertMeaning(change.cells) };
    case "move":
      return { ...change, path: change.to, to: change.path, sets: invertMeaning(change.sets) };
    case "make":
      return { ...change, kind: "unmake", sets: invertMeaning(change.sets) };
    case "unmake":
      return { ...change, kind: "make", sets: invertMeaning(change.sets) };
    default:
      throw new AppError("failed", `a change of kind "${change.kind}" is undone from its record`);
  }
}

const INVERSE = { change: "change", add: "remove", remove: "add" } as const;

/** What stands in the databases. */
export function isInDatabase(change: Change): change is RowChange | EntryChange {
  return change.kind === "row" || change.kind === "entry";
}

/** The values a change is about, by name. */
export function meaningOf(change: Change): Meaning {
  if (change.kind === "drop") return {};
  return isInDatabase(change) ? change.cells : change.sets;
}

/** The files a change concerns; of a move, the old name. */
export function pathsOf(changes: readonly Change[]): RelPath[] {
  return changes.flatMap((change) => isInDatabase(change) || change.kind === "drop" ? [] : [change.path]);
}

/** Named values the other way round. */
export function invertMeaning(cells: Meaning): Meaning {
  return Object.fromEntries(
    Object.entries(cells).map(([name, { before, after }]) => [name, { before: after, after: before }]),
  );
}

const DIGESTS = new WeakMap<Plan, string>();

/**
 * SHA-256 over everything that decides what the plan does to the disk. Worked out once; a plan never changes. Throws
 * like `parseChange` for a change that could not be read back, as nothing could undo it then.
 */
export function digest(plan: Plan): string {
  const known = DIGESTS.get(plan);
  if (known !== undefined) return known;
  const { purpose, home, changes, reverts } = plan;
  const hash = sha256Stream().update(JSON.stringify({ purpose, home, reverts: reverts ?? null }));
  // One at a time: the whole as one text would take more memory than the plan.
  for (const change of changes) hash.update("\n").update(JSON.stringify(parseChange(change)));
  const sum = hash.digest("hex");
  DIGESTS.set(plan, sum);
  return sum;
}

/** Number of changes by kind. */
export function byKind(changes: readonly Change[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const change of changes) counts[change.kind] = (counts[change.kind] ?? 0) + 1;
  return counts;
}

/** Stands for a provider that is not written down anywhere; Codex then takes the one in use. */
export const NO_PROVIDER = "(none)";

/** The change of provider of every thread: in its row, which Codex resumes with, or in the file of one without. */
export function providerCells(changes: readonly Change[]): ReadonlyMap<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const change of changes) {
    if (change.kind === "drop" || change.thread === undefined) continue;
    const cell = meaningOf(change).model_provider;
    if (cell !== undefined && (change.kind === "row" || !cells.has(change.thread))) {
      cells.set(change.thread, cell);
    }
  }
  return cells;
}

/** Which threads change hands, counted. */
export function movesOf(changes: readonly Change[]): Move[] {
  const moves = new Map<string, Move>();
  for (const cell of providerCells(changes).values()) {
    const [from, to] = [String(cell.before ?? NO_PROVIDER), String(cell.after ?? NO_PROVIDER)];
    const key = JSON.stringify([from, to]);
    moves.set(key, { from, to, threads: (moves.get(key)?.threads ?? 0) + 1 });
  }
  return [...moves.values()];
}

/** The threads that a list of changes touches. */
export function threadsOf(changes: readonly Change[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const change of changes) {
    if (change.kind !== "drop" && change.thread !== undefined) ids.add(change.thread);
  }
  return ids;
}

/** The plan without some threads, which it names as skipped instead. */
export function withoutThreads(plan: Plan, reasons: ReadonlyMap<string, string>): Plan {
  if (reasons.size === 0) return plan;
  const changes = plan.changes.filter((change) =>
    change.kind === "drop" || change.thread === undefined || !reasons.has(change.thread)
  );
  return { ...plan, changes, skipped: [...plan.skipped, ...skipsOf(reasons)] };
}

/** Threads and reasons as entries of a report. */
export function skipsOf(reasons: ReadonlyMap<string, string>): Skip[] {
  return [...reasons].map(([subject, reason]) => ({ subject, reason }));
}

/** Bytes that carrying out `change` writes anew, for the question whether the disk has room. */
export function writtenBytes(change: Change): number {
  switch (change.kind) {
    case "edit":
      return splicedSize(change.size, change.splices);
    case "recode":
      return change.size * 2;
    case "make":
      return change.content.length;
    default:
      return 0;
  }
}
