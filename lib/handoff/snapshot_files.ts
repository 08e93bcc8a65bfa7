/**
 * What a snapshot is: copies of files as they were before they were replaced or removed, in a folder or a zip archive,
 * with a list that says of each where it was, how large, how old, and its checksum. Only what is in the list counts.
 */
import { type AbsPath, joinPath, parseRelPath, type RelPath } from "../core/path.ts";
import { AppError } from "../core/error.ts";
import type { Side } from "./model.ts";
import type { Settings } from "./settings.ts";

/** Name of the list. */
export const MANIFEST = "manifest.jsonl";
/** First line of the list. */
export const SCHEMA = "codexkeep-snapshot/1";
/** Longest line that is read, in characters. */
export const LONGEST_LINE = 64 * 1024;

/** One file in a snapshot. */
export interface Kept {
  readonly side: Side;
  /** Below the root of its side. */
  readonly path: RelPath;
  readonly size: number;
  /** Whole milliseconds since 1970. */
  readonly mtimeMs: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
}

const NAME = /^\d{8}T\d{6}Z-[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Name of a snapshot: time and machine; names sort by age. */
export function snapshotName(at: Date, machine: string, number: number): string {
  const time = at.toISOString().replace(/\.\d+Z$/, "Z").replaceAll(/[-:]/g, "");
  const safe = machine.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 48) || "_";
  return `${time}-${safe}${number === 0 ? "" : `-${number}`}`;
}

/** Whether this is the name of a snapshot, without `.zip`. */
export function isSnapshotName(name: string): boolean {
  return NAME.test(name) && parseRelPath(name) !== undefined;
}

/** When a snapshot was made, by its name. */
export function snapshotTime(name: string): Date {
  const [, date = "", time = ""] = /^(\d{8})T(\d{6})Z/.exec(name) ?? [];
  const iso = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.slice(0, 2)}:${
    time.slice(2, 4)
  }:${time.slice(4)}Z`;
  return new Date(iso);
}

/** Where a kept file is, below the snapshot. */
export function keptPath({ side, path }: Pick<Kept, "side" | "path">): RelPath {
  return `${side}/${path}` as RelPath;
}

/** The folder that a side's paths begin in. */
export function rootOf({ paths }: Settings, side: Side): AbsPath {
  return side === "local" ? paths.localStateDir : paths.cloudRootDir;
}

/** Where snapshots of these settings are. */
export function snapshotPath({ paths }: Settings, name: string): AbsPath {
  return joinPath(paths.backupDir, name);
}

/** The first line of a list. */
export function headLine(at: Date, machine: string): string {
  return JSON.stringify({ schema: SCHEMA, created_at: at.toISOString(), machine }) + "\n";
}

/** A line of a list. */
export function keptLine({ side, path, size, mtimeMs, sha256 }: Kept): string {
  return JSON.stringify({ side, path, size, mtime_ms: mtimeMs, sha256 }) + "\n";
}

/**
 * Reads a list. A last line without its end was cut off, and belongs to a file that was not kept whole. Throws
 * `record-damaged`.
 *
 * @param isWhole whether the list ends with the end of a line
 */
export function parseManifest(lines: Iterable<string>, name: string, isWhole: boolean): readonly Kept[] {
  const kept: Kept[] = [];
  const seen = new Set<string>();
  let hasHead = false;
  let fault: string | undefined;
  for (const line of lines) {
    if (fault !== undefined) throw damaged(name, fault);
    const value = parseLine(line);
    if (!hasHead) {
      if (value?.["schema"] !== SCHEMA) throw damaged(name, "its list is of another form");
      hasHead = true;
      continue;
    }
    const one = value === undefined ? undefined : keptOf(value);
    // Told when another line follows.
    if (one === undefined) {
      fault = `a line of its list is damaged or could lead elsewhere: ${line.slice(0, 200)}`;
    } else {
      const folded = keptPath(one).normalize("NFC").toLowerCase();
      if (seen.has(folded)) throw damaged(name, `its list names "${keptPath(one)}" twice`);
      seen.add(folded);
      kept.push(one);
    }
  }
  if (!hasHead) throw damaged(name, "its list is empty");
  if (fault !== undefined && isWhole) throw damaged(name, fault);
  return kept;
}

function parseLine(line: string): Record<string, unknown> | undefined {
  if (line.length > LONGEST_LINE) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

function keptOf(value: Record<string, unknown>): Kept | undefined {
  const { side, size, mtime_ms: mtimeMs, sha256 } = value;
  const path = parseRelPath(value["path"]);
  if (path === undefined || (side !== "local" && side !== "cloud")) return undefined;
  if (!Number.isSafeInteger(size) || (size as number) < 0) return undefined;
  if (!Number.isSafeInteger(mtimeMs) || Math.abs(mtimeMs as number) > 8.64e15) return undefined;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  return { side, path, size: size as number, mtimeMs: mtimeMs as number, sha256 };
}

/** The refusal of a snapshot that is not whole. */
export function damaged(name: string, what: string): AppError {
  return new AppError("record-damaged", `snapshot "${name}" cannot be used: ${what}`, {
    hint: "codexkeep handoff restore --from NAME with another snapshot",
  });
}
