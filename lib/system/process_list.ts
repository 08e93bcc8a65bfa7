/** What processes are: names that belong to Codex, commands fit to show, and the output of the systems' own listers. */

/** A running process, as far as the system tells. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** Path or name of the program. */
  readonly program: string;
  /** The command line; a single item where the system does not keep the arguments apart. */
  readonly args: readonly string[];
}

/** `codex`, `codex-code-mode-host`, `codex-command-runner` …, but not `codexkeep`. Seen in Codex 0.169. */
const CODEX_NAME = /^codex(?:-[a-z0-9_.-]+)?$/i;
/** The Desktop app; newer ones are called ChatGPT and share that name with another product on macOS. */
const DESKTOP_APP = /[\\/]Codex\.app[\\/]|[\\/]OpenAI\.Codex_[^\\/]*[\\/]/i;
const LAUNCHER = /^(?:node|bun|deno)$/i;
const SCRIPT = /^codex(?:\.[cm]?js)?$/i;
const LONGEST = 200;

/** The last name of a program's path, without `.exe` and the mark of a program replaced while it runs. */
export function programName(path: string): string {
  const plain = path.replace(/ \(deleted\)$/, "");
  return plain.slice(Math.max(plain.lastIndexOf("/"), plain.lastIndexOf("\\")) + 1).replace(/\.exe$/i, "");
}

/** True when the program is Codex, one of its helpers, its Desktop app, or a script runner that runs `codex`. */
export function isCodexProgram(process: ProcessInfo): boolean {
  const [first = "", second = ""] = process.args;
  if ([process.program, first].some((path) => CODEX_NAME.test(programName(path)) || DESKTOP_APP.test(path))) {
    return true;
  }
  return LAUNCHER.test(programName(process.program)) && SCRIPT.test(programName(second));
}

const SECRET_FLAG = /^--?[\w-]*(?:key|token|secret|passw|bearer|credential|auth)[\w-]*$/i;
const SECRET_SETTING =
  /([\w.-]*(?:key|token|secret|passw|bearer|credential|authorization)[\w.-]*["']?\s*[=:]\s*).+/i;
const SECRET_WORDS: readonly RegExp[] = [
  /\b(?:sk|pk|rk|sess)-[\w-]{6,}/g,
  /\b(?:gh[pousr]|github_pat|glpat|xox[a-z])[_-][\w-]{8,}/g,
  /\beyJ[\w-]{8,}(?:\.[\w-]*)*/g,
  /\b(?:AKIA|ASIA)[0-9A-Z]{12,}/g,
  /(?<=\bauthorization["']?\s*[=:]\s*["']?)(?:(?:bearer|basic)\s+)?\S+/gi,
  /(?<=\bbearer\s+)\S+/gi,
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
  /\b(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{40,}\b/gi,
];

/** A command line fit to show: secrets replaced by `***`, one line, at most 200 characters. */
export function showCommand(args: readonly string[]): string {
  const words = args.length === 1 ? (args[0] ?? "").split(/\s+/) : args;
  const shown: string[] = [];
  let secretNext = false;
  for (const word of words) {
    shown.push(secretNext ? "***" : maskSecrets(word));
    secretNext = SECRET_FLAG.test(word);
  }
  const line = maskWords(shown.join(" ").replace(/\s+/g, " ").trim());
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}

function maskSecrets(word: string): string {
  return maskWords(word.replace(SECRET_SETTING, "$1***"));
}

function maskWords(text: string): string {
  return SECRET_WORDS.reduce((masked, pattern) => masked.replace(pattern, "***"), text);
}

/**
 * Reads `ps -axww -o pid=,ppid=,comm=` and `ps -axww -o pid=,command=` (macOS and other Unix systems). Two listings,
 * because programs have spaces in their paths there and only the last column can hold them.
 */
export function parsePs(programs: string, commands: string): ProcessInfo[] {
  const byPid = new Map<number, string>();
  for (const line of commands.split("\n")) {
    const [, pid, command] = /^\s*(\d+)\s+(.*\S)\s*$/.exec(line) ?? [];
    if (pid !== undefined && command !== undefined) byPid.set(Number(pid), command);
  }
  return programs.split("\n").flatMap((line) => {
    const [, pid, parent, program] = /^\s*(\d+)\s+(\d+)\s+(.*\S)\s*$/.exec(line) ?? [];
    if (pid === undefined || program === undefined) return [];
    const command = byPid.get(Number(pid)) ?? program;
    return [{ pid: Number(pid), parent: Number(parent), program, args: splitCommand(command, program) }];
  });
}

function splitCommand(command: string, program: string): string[] {
  const rest = command.startsWith(program) ? command.slice(program.length).trim() : undefined;
  if (rest === undefined) return command.split(/\s+/);
  return rest === "" ? [program] : [program, ...rest.split(/\s+/)];
}

/** Reads the JSON of PowerShell's `Get-CimInstance Win32_Process`; one process alone comes without an array. */
export function parseCim(text: string): ProcessInfo[] {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return [];
  }
  return (Array.isArray(value) ? value : [value]).flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null) return [];
    const { ProcessId, ParentProcessId, Name, ExecutablePath, CommandLine } = item as Record<string, unknown>;
    if (typeof ProcessId !== "number" || typeof Name !== "string") return [];
    const program = typeof ExecutablePath === "string" ? ExecutablePath : Name;
    const args = typeof CommandLine === "string" && CommandLine !== ""
      ? splitWindows(CommandLine)
      : [program];
    return [{
      pid: ProcessId,
      parent: typeof ParentProcessId === "number" ? ParentProcessId : 0,
      program,
      args,
    }];
  });
}

function splitWindows(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** Reads `tasklist /FO CSV /NH`, the lister that needs no PowerShell; it knows no parents and no arguments. */
export function parseTasklist(text: string): ProcessInfo[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, program, pid] = /^"([^"]+)","(\d+)"/.exec(line) ?? [];
    if (program === undefined) return [];
    return [{ pid: Number(pid), parent: 0, program, args: [program] }];
  });
}
