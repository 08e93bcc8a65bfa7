/** Processes and their open files on Linux, by `/proc`. Processes that end meanwhile are left out. */
import { attempt } from "./file_error.ts";
import type { ProcessInfo } from "./process_list.ts";

/** A process with what only Linux tells. */
export interface ProcProcess extends ProcessInfo {
  readonly uid: number;
}

/** Every process but those that have ended and wait for their parent. Throws `AppError` where they cannot be listed. */
export function readProcesses(): ProcProcess[] {
  return processIds().flatMap((pid) => readProcess(pid) ?? []);
}

function processIds(): number[] {
  const entries = attempt("list", "/proc", () => [...Deno.readDirSync("/proc")]);
  return entries.map(({ name }) => name).filter((name) => /^\d+$/.test(name)).map(Number);
}

function readProcess(pid: number): ProcProcess | undefined {
  // The name is in parentheses and may hold any character, so fields count from the last one.
  const [, name = "", state, parent] = /^\d+ \((.*)\) (\S) (\d+) /s.exec(readText(`/proc/${pid}/stat`)) ?? [];
  if (state === undefined || state === "Z" || state === "X") return undefined;
  const args = readText(`/proc/${pid}/cmdline`).replace(/\0+$/, "").split("\0").filter((arg) => arg !== "");
  return {
    pid,
    parent: Number(parent),
    program: readLink(`/proc/${pid}/exe`) ?? name,
    args: args.length === 0 ? [name] : args,
    uid: ownerOf(pid),
  };
}

/** The environment a process was started with; undefined when it is not ours to read. */
export function readEnvironment(pid: number): ReadonlyMap<string, string> | undefined {
  const text = readText(`/proc/${pid}/environ`);
  if (text === "") return undefined;
  return new Map(
    text.split("\0").filter((pair) => pair.includes("=")).map((pair) => {
      const cut = pair.indexOf("=");
      return [pair.slice(0, cut), pair.slice(cut + 1)];
    }),
  );
}

/** Whether a process is still at work. */
export function isAlive(pid: number): boolean {
  return readProcess(pid) !== undefined;
}

/** The folder a process is in; undefined when it is not ours to read. */
export function workingFolder(pid: number): string | undefined {
  return readLink(`/proc/${pid}/cwd`);
}

/** What the system writes behind the path of an open file that has lost that name. */
const UNLINKED = / \(deleted\)$/;

/** A file that a process has open. */
export interface OpenFile {
  readonly pid: number;
  /** The path it was opened by. */
  readonly path: string;
  /** It has lost that name. */
  readonly unlinked: boolean;
  /** Whether the process can write to it; a question to the system each time. */
  readonly isWritable: () => boolean;
  /** Which file it is, whatever has become of its names; undefined when it was closed just now. */
  readonly which: () => { readonly dev: number; readonly ino: number | null } | undefined;
}

/** Calls `visit` for every open file of every process that is ours to read. */
export function visitOpenFiles(visit: (file: OpenFile) => void): void {
  for (const pid of processIds()) {
    if (pid === Deno.pid) continue;
    try {
      for (const entry of Deno.readDirSync(`/proc/${pid}/fd`)) {
        const link = `/proc/${pid}/fd/${entry.name}`;
        const path = readLink(link);
        if (!path?.startsWith("/")) continue;
        const unlinked = UNLINKED.test(path);
        visit({
          pid,
          path: path.replace(UNLINKED, ""),
          unlinked,
          isWritable: () => isWritable(link),
          which: () => statOf(link),
        });
      }
    } catch {
      // Another user's process, or one that has just ended.
    }
  }
}

/** The rights of the link are those the file was opened with. */
function isWritable(link: string): boolean {
  try {
    return ((Deno.lstatSync(link).mode ?? 0o200) & 0o200) !== 0;
  } catch {
    return true; // closed just now
  }
}

function statOf(link: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(link);
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function readLink(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}

function ownerOf(pid: number): number {
  try {
    return Deno.lstatSync(`/proc/${pid}`).uid ?? -1;
  } catch {
    return -1;
  }
}

/** How many files this process may have open; undefined where the system does not say (not Linux). */
export function openFileLimit(): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"))?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
