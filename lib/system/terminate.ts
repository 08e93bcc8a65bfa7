/**
 * Ends other programs, gently and no others than were meant: a process is known by its id *and* the moment it started,
 * because ids are used again. Nothing is ever killed by force: a program that does not end in time keeps running.
 */
import { join } from "node:path";

/** A process that cannot be taken for another one of the same id. */
export interface Identity {
  readonly pid: number;
  /** When it started, in a form of the system's own. */
  readonly started: string;
  /** Whether it belongs to the user who runs this program; undefined: the system does not say. */
  readonly own: boolean | undefined;
}

/** What came of asking processes to end. */
export interface Ended {
  readonly gone: readonly number[];
  /** Still there when the time was over. */
  readonly left: readonly number[];
  /** Not asked: another user's, or the id belongs to another process by now. */
  readonly spared: readonly { readonly pid: number; readonly reason: string }[];
}

/** The system as this file needs it; tests put something else in its place. */
export interface ProcessSystem {
  readonly identify: (pid: number) => Identity | undefined;
  /** Asks a process to end. Throws when that is refused. */
  readonly askToEnd: (pid: number) => void;
}

const POLL_MS = 50;

/** The processes of this machine. */
export const realProcessSystem: ProcessSystem = { identify, askToEnd };

/** Who a process is right now; undefined when there is none of that id. */
export function identify(pid: number): Identity | undefined {
  if (Deno.build.os === "linux") return identifyByProc(pid);
  return Deno.build.os === "windows"
    ? parseWindowsIdentity(pid, powershell(windowsQuery(pid)))
    : parsePsIdentity(pid, output("ps", ["-o", "uid=,lstart=", "-p", String(pid)]), Deno.uid());
}

function identifyByProc(pid: number): Identity | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const started = startOf(stat);
    if (started === undefined) return undefined;
    const { uid } = Deno.lstatSync(`/proc/${pid}`);
    return { pid, started, own: uid === Deno.uid() };
  } catch {
    return undefined;
  }
}

/** Field 22 of `/proc/PID/stat`, clock ticks since the system started; undefined for one that has ended. */
export function startOf(stat: string): string | undefined {
  // The name is in parentheses and may hold any character, so fields count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" || state === "X" ? undefined : fields[19];
}

/** Reads `ps -o uid=,lstart= -p PID` of macOS and other Unix systems. */
export function parsePsIdentity(pid: number, text: string, user: number | null): Identity | undefined {
  const [, uid, started] = /^\s*(\d+)\s+(\S.*\S)\s*$/m.exec(text) ?? [];
  if (uid === undefined || started === undefined) return undefined;
  return { pid, started, own: user === null ? undefined : Number(uid) === user };
}

/** Asks PowerShell for the start of a process and whether its owner is the present user. */
function windowsQuery(pid: number): string {
  return `$p=Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}';if($p){$o=Invoke-CimMethod $p -MethodName GetOwner;` +
    `@{s=$p.CreationDate.ToFileTimeUtc().ToString();o="$($o.Domain)\\$($o.User)";` +
    `m=[Security.Principal.WindowsIdentity]::GetCurrent().Name}|ConvertTo-Json -Compress}`;
}

/** Reads the answer to that. */
export function parseWindowsIdentity(pid: number, text: string): Identity | undefined {
  try {
    const { s, o, m } = JSON.parse(text.replace(/^\uFEFF/, "")) as Record<string, unknown>;
    if (typeof s !== "string" || s === "") return undefined;
    const known = typeof o === "string" && typeof m === "string" && o !== "\\";
    return { pid, started: s, own: known ? o.toLowerCase() === m.toLowerCase() : undefined };
  } catch {
    return undefined;
  }
}

function powershell(script: string): string {
  const system = join(Deno.env.get("SystemRoot") ?? "C:\\Windows", "System32");
  return output(join(system, "WindowsPowerShell", "v1.0", "powershell.exe"), [
    "-NoProfile",
    "-NonInteractive",
    "-Command",
    script,
  ]);
}

/** SIGTERM; on Windows what a click on the cross of a window sends. Neither cuts a program off in the middle of a write. */
function askToEnd(pid: number): void {
  if (Deno.build.os !== "windows") {
    Deno.kill(pid, "SIGTERM");
    return;
  }
  const system = join(Deno.env.get("SystemRoot") ?? "C:\\Windows", "System32");
  output(join(system, "taskkill.exe"), ["/PID", String(pid)]);
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

/**
 * Asks processes to end and waits for them, at most `timeoutMs`. One whose start differs from the one that was seen is
 * another process and is left alone, as is one of another user.
 */
export async function endProcesses(
  targets: readonly Identity[],
  timeoutMs: number,
  system: ProcessSystem = realProcessSystem,
): Promise<Ended> {
  const asked: Identity[] = [];
  const spared: { pid: number; reason: string }[] = [];
  const gone: number[] = [];
  for (const target of targets) {
    const now = system.identify(target.pid);
    if (now === undefined) gone.push(target.pid);
    else if (now.started !== target.started) {
      spared.push({ pid: target.pid, reason: "the id belongs to another process by now" });
    } else if (now.own !== true) spared.push({ pid: target.pid, reason: "it is not known to be your own" });
    else {
      const refusal = ask(target.pid, system);
      if (refusal === undefined) asked.push(target);
      else spared.push({ pid: target.pid, reason: refusal });
    }
  }
  const left = await waitFor(asked, timeoutMs, system);
  gone.push(...asked.filter((target) => !left.includes(target)).map(({ pid }) => pid));
  return { gone: gone.sort((a, b) => a - b), left: left.map(({ pid }) => pid), spared };
}

function ask(pid: number, system: ProcessSystem): string | undefined {
  try {
    system.askToEnd(pid);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function waitFor(
  asked: readonly Identity[],
  timeoutMs: number,
  system: ProcessSystem,
): Promise<Identity[]> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const left = asked.filter(({ pid, started }) => system.identify(pid)?.started === started);
    if (left.length === 0 || performance.now() >= end) return left;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
