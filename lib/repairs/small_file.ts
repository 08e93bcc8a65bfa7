/** Small files of the home and single cells of rows, as repairs look at them and change them. */
import { AppError } from "../core/error.ts";
import type { RelPath } from "../core/path.ts";
import type { Cell, EditChange, RowChange } from "../core/plan.ts";
import type { Splice } from "../core/splice.ts";
import type { Draft, Facts, TableRow } from "./repair.ts";

/** A draft that changes nothing. */
export const NOTHING_TO_DO: Draft = { changes: [], skipped: [] };

/** Largest small file that is looked at, in bytes. */
const LIMIT = 32 * 1024 * 1024;

/** A file as it was seen. */
export interface SmallFile {
  readonly path: RelPath;
  readonly bytes: Uint8Array;
  /** Milliseconds; undefined where a link stands in its place. */
  readonly mtimeMs: number | undefined;
}

/** A file of the home, undefined when there is none, or why it cannot be looked at. */
export function readSmallFile(
  { files }: Facts,
  path: RelPath,
): SmallFile | undefined | { readonly refused: string } {
  try {
    const seen = files.stat(path);
    const bytes = files.read(path, LIMIT);
    return bytes && { path, bytes, mtimeMs: seen?.kind === "file" ? seen.mtimeMs : undefined };
  } catch (error) {
    if (error instanceof AppError) return { refused: error.message };
    throw error;
  }
}

/** The change of a small file. */
export function editSmallFile(
  { path, bytes, mtimeMs }: SmallFile,
  splices: readonly Splice[],
  sets: EditChange["sets"] = {},
): EditChange {
  const size = bytes.length;
  return { kind: "edit", path, thread: undefined, sets, size, mtimeMs, leaveMtimeMs: undefined, splices };
}

/** The change of cells of a row in the live database; undefined when there is none. */
export function changeCells(
  { snapshot: { live } }: Facts,
  thread: string,
  cells: Readonly<Record<string, Cell>>,
): RowChange | undefined {
  return live && { kind: "row", database: live.path, thread, cells };
}

/** The changes but those of threads that Codex has open, which are skipped: it writes its own rows back. */
export function withoutBusy({ snapshot }: Facts, changes: readonly RowChange[]): Draft {
  const busy = new Set(snapshot.codex.busyThreads);
  const left = changes.filter(({ thread }) => busy.has(thread));
  return {
    changes: changes.filter(({ thread }) => !busy.has(thread)),
    skipped: left.map(({ thread }) => ({ subject: thread, reason: "Codex has it open" })),
  };
}

/**
 * Rows of the `threads` table of the live database; none when it cannot be read.
 *
 * @param columns what to read besides the id: names, each with an expression to take where there is no such column
 * @param where the condition, for the columns that there are
 */
export function threadCells(
  { snapshot: { live }, tables }: Facts,
  columns: Readonly<Record<string, string>>,
  where: (has: (column: string) => boolean) => string,
): readonly TableRow[] {
  if (live === undefined || live.problem !== undefined) return [];
  return tables(live.path, (open) => {
    const known = open.columns("threads");
    const has = (column: string) => known.includes(column);
    const wanted = Object.entries(columns).map(([name, instead]) =>
      has(name) ? name : `${instead} as ${name}`
    );
    return open.all(`select ${["id", ...wanted].join(", ")} from threads where ${where(has)}`);
  }) ?? [];
}
