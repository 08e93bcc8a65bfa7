/** Names of log files, how long they stay, and what becomes of those of other days. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Machine } from "./machine.ts";

/** Makes an archive with one file of this name and content, and proves that it can be read back. */
export type Archive = (name: string, content: Uint8Array) => Uint8Array;

/** What a log's name says. */
export interface LogFile {
  /** Stem and machine, joined by a dash. */
  readonly prefix: string;
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** Which one of that day, from 0. */
  readonly n: number;
  readonly packed: boolean;
}

const NAME = /^(.+)-(\d{4}-\d{2}-\d{2})(?:\.([1-9]\d{0,5}))?\.log(\.zip)?$/;

/** Largest log that is packed, in bytes: it is held in memory for that. */
const MAX_PACKED = 64 * 1024 * 1024;

const DAY_MS = 86_400_000;

/** `<stem>-<machine>-YYYY-MM-DD[.N].log` */
export function logFileName(stem: string, machineId: string, day: string, n: number): string {
  return `${stem}-${machineId}-${day}${n === 0 ? "" : `.${n}`}.log`;
}

/** Reads a name; undefined for a file that is no log. */
export function parseLogName(name: string): LogFile | undefined {
  const [, prefix, day, n, zip] = NAME.exec(name) ?? [];
  if (prefix === undefined || day === undefined) return undefined;
  return { prefix, day, n: Number(n ?? 0), packed: zip !== undefined };
}

/** Whether a log is of this machine. */
export function isLogOf({ prefix }: LogFile, stem: string, machineId: string): boolean {
  return prefix === `${stem}-${machineId}`;
}

/** Logs that are to be looked after. */
export interface Logs {
  readonly folder: AbsPath;
  readonly stem: string;
  readonly machineId: string;
  /** Today. */
  readonly day: string;
  /** Days that logs are kept; 0: for good. */
  readonly days: number;
  /** Undefined: logs stay as they are. */
  readonly pack: Archive | undefined;
}

/** Removes the logs of this machine that are too old, and packs those of other days. Other files are left alone. */
export function archiveLogs(machine: Machine, { folder, stem, machineId, day, days, pack }: Logs): void {
  const today = Date.parse(day);
  for (const { name, kind } of machine.disk.list(folder) ?? []) {
    const log = parseLogName(name);
    if (kind !== "file" || log === undefined || !isLogOf(log, stem, machineId)) continue;
    const path = joinPath(folder, name);
    const age = (today - Date.parse(log.day)) / DAY_MS;
    if (days > 0 && age > days) machine.disk.remove(path);
    else if (pack !== undefined && !log.packed && age > 0) packLog(machine, path, name, pack);
  }
}

/** The archive is there under its name, whole and on the disk, before the log goes. */
function packLog({ disk }: Machine, path: AbsPath, name: string, pack: Archive): void {
  const target = `${path}.zip`;
  if (disk.lstat(target) !== undefined) return;
  const content = contentOf(disk, path);
  if (content === undefined) return;
  const temp = `${path}.tmp`;
  disk.remove(temp);
  const file = disk.createFile(temp, 0o600);
  try {
    file.write(pack(name, content));
    file.sync();
  } catch (error) {
    file.close();
    disk.remove(temp);
    throw error;
  }
  file.close();
  disk.rename(temp, target);
  disk.syncDir(joinPath(path, ".."));
  // Another run may still be writing to it, around midnight.
  if (disk.lstat(path)?.size === content.length) disk.remove(path);
  else disk.remove(target);
}

function contentOf(disk: Machine["disk"], path: AbsPath): Uint8Array | undefined {
  try {
    const file = disk.openRead(path);
    try {
      return file.size > MAX_PACKED ? undefined : file.read(0, file.size).slice();
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
