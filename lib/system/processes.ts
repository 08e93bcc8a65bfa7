/** Which processes of Codex are at work on a home, and who has files of it open. */
import { isAbsolute, join } from "node:path";
import type { AbsPath } from "../core/path.ts";
import { realDisk } from "./disk.ts";
import {
  isAlive,
  type ProcProcess,
  readEnvironment,
  readProcesses,
  visitOpenFiles,
  workingFolder,
} from "./proc.ts";
import { pause } from "./pause.ts";
import {
  isCodexProgram,
  parseCim,
  parsePs,
  parseTasklist,
  type ProcessInfo,
  programName,
  showCommand,
} from "./process_list.ts";

/** A process that uses a Codex home, or may. */
export interface CodexProcess {
  readonly pid: number;
  readonly name: string;
  /** The command line without secrets, at most 200 characters. */
  readonly command: string;
  /** What speaks for it, certain first: see {@link WHY}. */
  readonly why: string;
}

/** The reasons for which a process is listed. */
export const WHY = {
  files: "has files of this home open",
  database: "has the state database open",
  environment: "CODEX_HOME is this home",
  default: "this home is its default",
  name: "named codex",
  named: "of a name that the settings list",
  child: "started by Codex",
} as const;

const CIM = "[Console]::OutputEncoding=[Text.Encoding]::UTF8;Get-CimInstance Win32_Process|" +
  "Select-Object ProcessId,ParentProcessId,Name,ExecutablePath,CommandLine|ConvertTo-Json -Compress";

/**
 * The processes that use a home, never this one, sorted by id.
 *
 * On Linux: a program named like Codex that has a file below the home or a database open, or whose environment names
 * the home; not one that demonstrably uses another. A program of another name only when it has a state database open:
 * editors, `tail` and shells are nobody's business. Elsewhere: every program named like Codex.
 *
 * @param databases state databases that belong to the home and may lie outside of it
 */
export function codexProcesses(home: AbsPath, databases: readonly AbsPath[]): CodexProcess[] {
  const found = Deno.build.os === "linux" ? onLinux(home, databases) : byName(listProcesses());
  return found.sort((a, b) => a.pid - b.pid);
}

/**
 * Who has files below a folder open for writing: absolute path, in the spelling of `folder`, to process ids. Programs
 * that only read cannot lose a line. Our own process and those of other users that we may not look into are left out.
 * About 20 ms. Empty where the system has no `/proc` (not Linux).
 *
 * @param which `unlinked`: only files that have lost the name they were opened by, as when another was put in its place;
 *   `named`: only those that still have it
 */
export function openFiles(
  folder: AbsPath,
  which: "all" | "named" | "unlinked" = "all",
): Map<string, number[]> {
  const files = new Map<string, number[]>();
  if (Deno.build.os !== "linux") return files;
  const real = realPathOr(folder);
  visitOpenFiles(({ pid, path, unlinked, isWritable }) => {
    if (
      !path.startsWith(`${real}/`) || (which !== "all" && (which === "unlinked") !== unlinked) ||
      !isWritable()
    ) return;
    const key = folder + path.slice(real.length);
    const pids = files.get(key) ?? [];
    if (!pids.includes(pid)) files.set(key, [...pids, pid]);
  });
  return files;
}

/**
 * Files below `folder` that have lost the names they were opened by and that another process can still write to, each
 * as `device:inode`. Empty where there is no Linux to tell.
 */
export function lostFiles(folder: AbsPath): ReadonlySet<string> {
  const files = new Set<string>();
  if (Deno.build.os !== "linux") return files;
  const real = realPathOr(folder);
  visitOpenFiles(({ path, unlinked, isWritable, which }) => {
    if (!unlinked || !path.startsWith(`${real}/`) || !isWritable()) return;
    const found = which();
    if (found !== undefined) files.add(`${found.dev}:${found.ino}`);
  });
  return files;
}

/** Running programs of any of these names (without `.exe`, letters of either size), and never this one. */
export function processesNamed(names: readonly string[]): CodexProcess[] {
  const wanted = new Set(names.map((name) => programName(name).toLowerCase()));
  if (wanted.size === 0) return [];
  const all = Deno.build.os === "linux" ? readProcesses() : listProcesses();
  return all.filter(({ pid, program, args: [first = ""] }) =>
    pid !== Deno.pid && [program, first].some((path) => wanted.has(programName(path).toLowerCase()))
  ).map((process) => toCodexProcess(process, WHY.named)).sort((a, b) => a.pid - b.pid);
}

/** The processes that these started, and those that they started in turn. */
export function childrenOf(pids: readonly number[]): CodexProcess[] {
  const all = Deno.build.os === "linux" ? readProcesses() : listProcesses();
  const family = new Set(pids);
  for (let before = 0; before !== family.size;) {
    before = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => family.has(pid) && !pids.includes(pid))
    .map((process) => toCodexProcess(process, WHY.child)).sort((a, b) => a.pid - b.pid);
}

function onLinux(home: AbsPath, databases: readonly AbsPath[]): CodexProcess[] {
  const real = realPathOr(home);
  const states = new Set(databases.flatMap((path) => {
    const file = realPathOr(path);
    return [file, `${file}-wal`, `${file}-shm`, `${file}-journal`];
  }));
  const inHome = new Set<number>();
  const inState = new Set<number>();
  visitOpenFiles(({ pid, path }) => {
    if (states.has(path)) inState.add(pid);
    else if (path.startsWith(`${real}/`)) inHome.add(pid);
  });
  const processes = readProcesses();
  const users = new Set([Deno.uid(), ownerOf(real)]);
  return processes.flatMap((process) => {
    if (process.pid === Deno.pid) return [];
    const why = isCodexProgram(process)
      ? inHome.has(process.pid) || inState.has(process.pid) ? WHY.files : whyByHome(process, real, users)
      : inState.has(process.pid)
      ? WHY.database
      : undefined;
    return why === undefined ? [] : [toCodexProcess(process, why)];
  });
}

/** For a program named like Codex that has nothing open yet: the home it was started for. */
function whyByHome(
  process: ProcProcess,
  home: string,
  users: ReadonlySet<number | null>,
): string | undefined {
  const environment = settledEnvironment(process);
  if (environment === "gone") return undefined;
  const named = environment?.get("CODEX_HOME");
  const user = environment?.get("HOME");
  if (named) {
    const path = isAbsolute(named) ? named : join(workingFolder(process.pid) ?? "/", named);
    return realPathOr(path) === home ? WHY.environment : undefined;
  }
  if (user) return realPathOr(join(user, ".codex")) === home ? WHY.default : undefined;
  return users.has(process.uid) ? WHY.name : undefined;
}

/** For so long a process that is just starting or ending is looked at again, milliseconds. */
const SETTLE_WAITS_MS = [1, 2, 5, 10, 20, 50];

/** The environment of a process; one of ours has none for a moment while it starts or ends. */
function settledEnvironment(
  { pid, uid }: ProcProcess,
): ReadonlyMap<string, string> | "gone" | undefined {
  for (const waitMs of uid === Deno.uid() ? SETTLE_WAITS_MS : []) {
    const environment = readEnvironment(pid);
    if (environment !== undefined) return environment;
    if (!isAlive(pid)) return "gone";
    pause(waitMs);
  }
  return readEnvironment(pid);
}

function byName(processes: readonly ProcessInfo[]): CodexProcess[] {
  return processes.filter((process) => isCodexProgram(process) && process.pid !== Deno.pid)
    .map((process) => toCodexProcess(process, WHY.name));
}

function toCodexProcess(process: ProcessInfo, why: string): CodexProcess {
  return { pid: process.pid, name: programName(process.program), command: showCommand(process.args), why };
}

function listProcesses(): ProcessInfo[] {
  if (Deno.build.os !== "windows") {
    return parsePs(
      output("ps", ["-axww", "-o", "pid=,ppid=,comm="]),
      output("ps", ["-axww", "-o", "pid=,command="]),
    );
  }
  // By full path: a program of that name in the working folder must not be run instead.
  const system = join(Deno.env.get("SystemRoot") ?? "C:\\Windows", "System32");
  const shell = join(system, "WindowsPowerShell", "v1.0", "powershell.exe");
  const listed = parseCim(output(shell, ["-NoProfile", "-NonInteractive", "-Command", CIM]));
  return listed.length > 0
    ? listed
    : parseTasklist(output(join(system, "tasklist.exe"), ["/FO", "CSV", "/NH"]));
}

function output(command: string, args: readonly string[]): string {
  try {
    const { stdout } = new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}

/** The owner of the home, who may not be the one who repairs it. */
function ownerOf(path: string): number | null {
  try {
    return Deno.statSync(path).uid;
  } catch {
    return null;
  }
}

function realPathOr(path: string): string {
  try {
    return realDisk.realPath(path);
  } catch {
    return path;
  }
}
