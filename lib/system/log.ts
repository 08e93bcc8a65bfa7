/**
 * Log files: one line for each event, a file for each day and machine, further ones where a file gets too large. A log
 * that cannot be written never stops what is logged: it is given up, and says so once.
 */
import { AppError, messageOf } from "../core/error.ts";
import { type AbsPath, joinPath } from "../core/path.ts";
import { type LogEvent, logLine, type LogValue } from "../text/log_line.ts";
import type { WriteFile } from "./disk.ts";
import { type Archive, archiveLogs, isLogOf, type LogFile, logFileName, parseLogName } from "./log_files.ts";
import type { Machine } from "./machine.ts";

/** The part of the settings that logs go by. */
export interface LogSettings {
  /** Undefined: no log file. */
  readonly dir: AbsPath | undefined;
  readonly stem: string;
  readonly level: LogEvent["level"];
  readonly format: "text" | "json" | "logfmt";
  readonly maxFileSizeMb: number;
  /** 0: for good. */
  readonly retentionDays: number;
  readonly archiveMode: "zip" | "text";
}

/** What is open for the events of a run. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, LogValue>>): void;
  info(event: string, fields?: Readonly<Record<string, LogValue>>): void;
  warning(event: string, fields?: Readonly<Record<string, LogValue>>): void;
  error(event: string, fields?: Readonly<Record<string, LogValue>>): void;
  /** Why there is no log, or no more of it; undefined: it is whole. */
  problem(): string | undefined;
  close(): void;
}

/** From the one that says most. */
const LEVELS: readonly LogEvent["level"][] = ["DEBUG", "INFO", "WARNING", "ERROR"];

const MEGABYTE = 1024 * 1024;

/** A file that is written to. */
interface Current {
  readonly day: string;
  readonly file: WriteFile;
  size: number;
}

/**
 * A log for one run. Nothing is touched before the first event that is grave enough; then logs that are too old go, and
 * those of other days are packed where `archive` can (and the settings say so). `machineId` is part of the files' names.
 */
export function openLog(
  machine: Machine,
  settings: LogSettings,
  machineId: string,
  archive?: Archive,
): Log {
  const { dir, level, format } = settings;
  let current: Current | undefined;
  let problem: string | undefined;
  let isClosed = false;

  function write(
    own: LogEvent["level"],
    event: string,
    fields: Readonly<Record<string, LogValue>> = {},
  ): void {
    if (dir === undefined || isClosed || problem !== undefined) return;
    if (LEVELS.indexOf(own) < LEVELS.indexOf(level)) return;
    const at = machine.now().toISOString();
    const line = logLine({ at, level: own, machine: machineId, event, fields }, format);
    try {
      append(dir, at.slice(0, 10), new TextEncoder().encode(`${line}\n`));
    } catch (error) {
      // A fault in the program is no reason to stop a run either, as long as somebody is told.
      problem = `the log in "${dir}" cannot be written: ${messageOf(error)}`;
      release();
    }
  }

  function append(folder: AbsPath, day: string, bytes: Uint8Array): void {
    if (current === undefined || current.day !== day) {
      release();
      makeFolder(machine, folder);
      tidy(folder, day);
      current = openFile(folder, day, bytes.length);
    } else if (current.size > 0 && current.size + bytes.length > settings.maxFileSizeMb * MEGABYTE) {
      release();
      current = openFile(folder, day, bytes.length);
    }
    current.file.write(bytes);
    current.size += bytes.length;
  }

  function tidy(folder: AbsPath, day: string): void {
    try {
      const pack = settings.archiveMode === "zip" ? archive : undefined;
      archiveLogs(machine, {
        folder,
        stem: settings.stem,
        machineId,
        day,
        days: settings.retentionDays,
        pack,
      });
    } catch (error) {
      // An old log that cannot be removed is no reason for not writing a new one.
      if (!(error instanceof AppError)) throw error;
    }
  }

  /** The last file of the day, or the next one where it has no room left. */
  function openFile(folder: AbsPath, day: string, room: number): Current {
    const last = lastOf(folder, day);
    const path = (n: number) => joinPath(folder, logFileName(settings.stem, machineId, day, n));
    const size = machine.disk.lstat(path(last))?.size ?? 0;
    const isFull = size > 0 && size + room > settings.maxFileSizeMb * MEGABYTE;
    const chosen = path(isFull ? last + 1 : last);
    const isTorn = !isFull && size > 0 && !endsInLine(machine, chosen, size);
    const file = machine.disk.openAppend(chosen, 0o600);
    const opened = { day, file, size: isFull ? 0 : size };
    try {
      file.setMode(0o600);
      if (isTorn) {
        file.write(new TextEncoder().encode("\n"));
        opened.size++;
      }
    } catch (error) {
      file.close();
      throw error;
    }
    return opened;
  }

  function lastOf(folder: AbsPath, day: string): number {
    const names = (machine.disk.list(folder) ?? []).map(({ name }) => parseLogName(name));
    const own = names.filter((one): one is LogFile =>
      one !== undefined && isLogOf(one, settings.stem, machineId)
    );
    return Math.max(0, ...own.filter((one) => one.day === day && !one.packed).map(({ n }) => n));
  }

  function release(): void {
    const open = current;
    current = undefined;
    try {
      open?.file.close();
    } catch {
      // Closing says what writing has said.
    }
  }

  return {
    debug: (event, fields) => write("DEBUG", event, fields),
    info: (event, fields) => write("INFO", event, fields),
    warning: (event, fields) => write("WARNING", event, fields),
    error: (event, fields) => write("ERROR", event, fields),
    problem: () => problem,
    close: () => {
      isClosed = true;
      release();
    },
  };
}

function makeFolder({ disk }: Machine, folder: AbsPath): void {
  const missing: AbsPath[] = [];
  for (let at = folder; disk.stat(at) === undefined; at = joinPath(at, "..")) missing.unshift(at);
  for (const path of missing) disk.makeDir(path, 0o700);
}

/** A run that was cut off leaves half a line, and the next event is to have a line of its own. */
function endsInLine({ disk }: Machine, path: AbsPath, size: number): boolean {
  const file = disk.openRead(path);
  try {
    return file.read(size - 1, 1)[0] === 0x0a;
  } finally {
    file.close();
  }
}
