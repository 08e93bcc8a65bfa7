/** The providers that a run changed, as a table for people and other programs. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath, relPathBelow } from "../core/path.ts";
import { type Change, providerCells } from "../core/plan.ts";
import type { Disk } from "../system/disk.ts";
import { csvText } from "../text/csv.ts";
import { recordsDir } from "./records.ts";
import { ROLLOUT_ROOTS } from "./rollouts.ts";

/** Columns of the table; a thread without a provider has an empty cell. */
const HEADING = ["id", "old_provider", "new_provider", "ts"] as const;

/** The table of a run made at `at`: one row for each thread that changed hands, in the order of the plan. */
export function rollbackCsv(changes: readonly Change[], at: string): { rows: number; text: string } {
  const rows = [...providerCells(changes)].map(([id, { before, after }]) => [
    id,
    String(before ?? ""),
    String(after ?? ""),
    at,
  ]);
  return { rows: rows.length, text: csvText([HEADING, ...rows]) };
}

/**
 * Writes a new file that only its owner can read. Throws `refused` when the name exists, or lies in a folder where Codex
 * or a record would take it for their own.
 */
export function saveTable(disk: Disk, home: AbsPath, path: AbsPath, text: string): void {
  requireElsewhere(disk, home, path);
  if (disk.lstat(path) !== undefined) {
    throw new AppError("refused", `"${path}" exists already`, {
      hint: "name a file that does not exist yet; - prints the table",
    });
  }
  const file = disk.createFile(path, 0o600);
  let whole = false;
  try {
    file.write(new TextEncoder().encode(text));
    file.sync();
    whole = true;
  } finally {
    file.close();
    if (!whole) disk.remove(path);
  }
}

/**
 * Requires that a file of the user's lies in a folder that is there, and where Codex or a record would not take it for their
 * own. Throws `refused`.
 */
export function requireElsewhere(disk: Disk, home: AbsPath | undefined, path: AbsPath): void {
  const parent = joinPath(path, "..");
  if (disk.stat(parent)?.kind !== "directory") {
    throw new AppError("refused", `"${parent}" is no folder`, { hint: "make it, or name another file" });
  }
  if (home === undefined) return;
  const real = disk.realPath(parent);
  for (const folder of [...ROLLOUT_ROOTS.map((root) => joinPath(home, root)), recordsDir(home)]) {
    if (disk.stat(folder) === undefined) continue;
    const taken = disk.realPath(folder);
    if (real !== taken && relPathBelow(taken, real) === undefined) continue;
    throw new AppError("refused", `"${path}" lies in "${folder}", where nothing else belongs`, {
      hint: "name a file somewhere else",
    });
  }
}
