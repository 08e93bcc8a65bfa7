/** Rows of the history database in the folder that travels: of files that others continue. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { isMachineName } from "../codex/extract.ts";
import {
  type FileHistory,
  LONGEST_HISTORY,
  parseHistories,
  printHistories,
  readFileHistory,
  stateOf,
} from "../codex/extract_history.ts";
import type { Facts } from "../repairs/repair.ts";
import type { Disk } from "../system/disk.ts";
import { continuedFiles } from "./continued.ts";
import { linesOf, replaceFile } from "./small_files.ts";

/** Where they lie in the folder. */
const HISTORIES = ".codexkeep/histories";
/** Larger ones are not read, in bytes. */
const MAX_BYTES = 1 << 30;
/** Name of the history database, beside the state database. */
const DATABASE = "thread_history_1.sqlite";
const ENDING = ".jsonl";

/** The history database of a home; there may be none. */
export function historyDatabase({ live }: Snapshot): AbsPath | undefined {
  return live && joinPath(live.path, "..", DATABASE);
}

/** Writes what this machine shows of files that others continue; false when the folder says so already. */
export function writeHistories(disk: Disk, cloudRoot: AbsPath, facts: Facts, machine: string): boolean {
  const database = historyDatabase(facts.snapshot);
  if (database === undefined || !isMachineName(machine)) return false;
  const files = [...continuedFiles(facts.snapshot).keys()];
  const known = files.length === 0 ? [] : facts.tables(
    database,
    (tables) => files.flatMap((id) => readFileHistory(tables, id) ?? []),
  );
  const name = `${machine}${ENDING}`;
  const isThere = disk.lstat(joinPath(cloudRoot, HISTORIES, name)) !== undefined;
  if (known === undefined || (known.length === 0 && !isThere)) return false;
  return replaceFile(disk, cloudRoot, HISTORIES, name, printHistories(machine, known));
}

/** What other machines show of these files: of each what reaches furthest. Never throws for what stands in them. */
export function readHistories(
  disk: Disk,
  cloudRoot: AbsPath,
  machine: string,
  wanted: (file: string) => boolean,
): ReadonlyMap<string, FileHistory> {
  const folder = joinPath(cloudRoot, HISTORIES);
  const furthest = new Map<string, FileHistory>();
  for (const { name } of disk.list(folder) ?? []) {
    const other = name.endsWith(ENDING) ? name.slice(0, -ENDING.length) : "";
    if (!isMachineName(other) || other === machine) continue;
    for (const history of readFile(disk, joinPath(folder, name), wanted)) {
      const known = furthest.get(history.file);
      const reaches = stateOf(history)?.offset ?? 0;
      if (known === undefined || (stateOf(known)?.offset ?? 0) < reaches) furthest.set(history.file, history);
    }
  }
  return furthest;
}

function readFile(
  disk: Disk,
  path: AbsPath,
  wanted: (file: string) => boolean,
): readonly FileHistory[] {
  try {
    const file = disk.openRead(path);
    try {
      return file.size > MAX_BYTES ? [] : parseHistories(linesOf(file, LONGEST_HISTORY), wanted);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}
