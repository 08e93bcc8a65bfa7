/** Which parts of a record are to be taken back. */
import type { RelPath } from "../core/path.ts";
import { type Change, type DropChange, isInDatabase, isPointer } from "../core/plan.ts";
import { databaseOfSide, isDatabaseFile } from "./targets.ts";

/** The parts that the user wants back. */
export interface Wanted {
  readonly config: boolean;
  readonly database: boolean;
  readonly sessions: boolean;
}

/** What is to be taken back of a record, and where its files were moved. */
export interface Parts {
  readonly wanted: readonly { readonly change: Exclude<Change, DropChange>; readonly n: number }[];
  readonly moved: ReadonlyMap<RelPath, RelPath>;
}

/** Cells of a thread's row that say where its file is. */
const PLACE_CELLS: ReadonlySet<string> = new Set(["rollout_path", "archived", "archived_at"]);

/**
 * The changes that the user wants back. A move and the cells that say where the file is go together: with one of the
 * two parts left out both stay, for a row that names no file is a thread that cannot be opened.
 */
export function wantedParts(
  changes: readonly Change[],
  skipped: ReadonlySet<number>,
  options: Wanted,
): Parts {
  const made = changes.flatMap((change, n) =>
    skipped.has(n) || change.kind === "drop" ? [] : [{ change, n }]
  );
  const moves = made.flatMap(({ change }) => change.kind === "move" ? [change] : []);
  const threads = new Set(moves.flatMap(({ thread }) => thread ?? []));
  const placed = new Set(made.flatMap(({ change }) => {
    const isPlaced = change.kind === "row" && threads.has(change.thread) &&
      Object.keys(change.cells).some((name) => PLACE_CELLS.has(name));
    return isPlaced ? [change.thread] : [];
  }));
  const whole = options.database && options.sessions;
  const wanted = made.filter(({ change }) => isWanted(change, options)).flatMap(({ change, n }) => {
    if (whole || change.thread === undefined || !placed.has(change.thread)) return [{ change, n }];
    if (change.kind === "move") return [];
    if (change.kind !== "row") return [{ change, n }];
    const cells = Object.fromEntries(Object.entries(change.cells).filter(([name]) => !PLACE_CELLS.has(name)));
    return Object.keys(cells).length === 0 ? [] : [{ change: { ...change, cells }, n }];
  });
  return { wanted, moved: new Map(moves.map(({ path, to }) => [path, to])) };
}

function isWanted(change: Change, { config, database, sessions }: Wanted): boolean {
  if (isInDatabase(change)) return database;
  if (isPointer(change)) return config;
  const isDatabase = change.kind === "move" &&
    (isDatabaseFile(change.path) || databaseOfSide(change.path) !== undefined);
  return isDatabase ? database : sessions;
}
