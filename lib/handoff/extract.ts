/** Extracts in the folder that travels: reads those of other machines, writes the one of this machine. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import { type Extract, isMachineName, parseExtract, printExtract } from "../codex/extract.ts";
import type { Disk } from "../system/disk.ts";
import { linesOf, replaceFile } from "./small_files.ts";

/** Where extracts lie in the folder. */
export const EXTRACTS = ".codexkeep/extracts";
/** Larger ones are not read: ten times what 100,000 threads need, in bytes. */
const MAX_BYTES = 1 << 30;
/** More machines than this do not share a folder. */
const MAX_EXTRACTS = 1000;
/** Lines longer than this are cut, so that they are odd and passed over; in characters. */
const LONGEST = 4 << 20;
const ENDING = ".jsonl";

/** The extracts of a folder. */
export interface Extracts {
  readonly own: Extract | undefined;
  readonly others: readonly Extract[];
  /** Files that could not be read, or lines of them that were passed over. */
  readonly remarks: readonly { readonly file: string; readonly reason: string }[];
}

/** Reads all extracts, in order of their names. What is odd in them is told, never thrown. */
export function readExtracts(disk: Disk, cloudRoot: AbsPath, machine: string): Extracts {
  const folder = joinPath(cloudRoot, EXTRACTS);
  let own: Extract | undefined;
  const others: Extract[] = [];
  const remarks: { file: string; reason: string }[] = [];
  const names = (disk.list(folder) ?? []).map(({ name }) => name)
    .filter((name) => name.endsWith(ENDING) && !name.startsWith("."));
  for (const name of names.slice(0, MAX_EXTRACTS)) {
    const read = readExtract(disk, joinPath(folder, name));
    if ("reason" in read) {
      remarks.push({ file: name, reason: read.reason });
      continue;
    }
    // A cloud client's copy of an extract is not the extract of another machine.
    if (`${read.machine}${ENDING}` !== name) {
      remarks.push({ file: name, reason: "its name is not that of the machine in it" });
      continue;
    }
    if (read.ignored > 0) remarks.push({ file: name, reason: `${read.ignored} line(s) cannot be used` });
    if (read.machine === machine) own = read;
    else others.push(read);
  }
  return { own, others, remarks };
}

function readExtract(disk: Disk, path: AbsPath): Extract | { readonly reason: string } {
  try {
    const file = disk.openRead(path);
    try {
      if (file.size > MAX_BYTES) return { reason: `it is larger than ${MAX_BYTES} bytes` };
      return parseExtract(linesOf(file, LONGEST)) ?? { reason: "it is no extract" };
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof AppError) return { reason: error.message };
    throw error;
  }
}

/** Where the extract of a machine lies. Throws `usage` for a name that is none. */
export function extractPath(cloudRoot: AbsPath, machine: string): AbsPath {
  if (isMachineName(machine)) return joinPath(cloudRoot, EXTRACTS, `${machine}${ENDING}`);
  throw new AppError("usage", `"${machine}" cannot be the name of a machine`, {
    hint: "use up to 64 letters, digits, dots, dashes and underscores in identity.machine_id",
  });
}

/**
 * Writes the extract of this machine; false when the one that is there says the same, which then stays untouched with
 * its time. Never leaves half a file under the name.
 */
export function writeExtract(disk: Disk, cloudRoot: AbsPath, extract: Extract): boolean {
  const path = extractPath(cloudRoot, extract.machine);
  const there = disk.lstat(path) === undefined ? undefined : readExtract(disk, path);
  if (there !== undefined && !("reason" in there)) {
    if (there.ignored === 0 && printExtract({ ...extract, at: there.at }) === printExtract(there)) {
      return false;
    }
  }
  return replaceFile(disk, cloudRoot, EXTRACTS, `${extract.machine}${ENDING}`, printExtract(extract));
}
