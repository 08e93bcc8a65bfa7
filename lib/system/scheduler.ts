/** Runs the programs that know jobs: the crontab, systemctl, launchctl, schtasks. What is run comes in as values. */
import { AppError } from "../core/error.ts";

/** What became of a program. */
export interface Ran {
  /** Undefined: it is not installed, or may not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with `input` on its standard input. */
export function runProgram(command: string, args: readonly string[], input?: string): Promise<Ran> {
  return input === undefined ? withoutInput(command, args) : withInput(command, args, input);
}

async function withoutInput(command: string, args: readonly string[]): Promise<Ran> {
  try {
    return toRan(await commandOf(command, args, "null").output());
  } catch (error) {
    return notStarted(error);
  }
}

async function withInput(command: string, args: readonly string[], input: string): Promise<Ran> {
  try {
    const child = commandOf(command, args, "piped").spawn();
    const writer = child.stdin.getWriter();
    // A program that ends before it has read everything says why by its exit status.
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
    return toRan(await child.output());
  } catch (error) {
    return notStarted(error);
  }
}

function commandOf(command: string, args: readonly string[], stdin: "null" | "piped"): Deno.Command {
  return new Deno.Command(command, { args: [...args], stdin, stdout: "piped", stderr: "piped" });
}

function toRan({ code, stdout, stderr }: Deno.CommandOutput): Ran {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).slice(0, 1_000_000);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function notStarted(error: unknown): Ran {
  return { code: undefined, stdout: "", stderr: error instanceof Error ? error.message : String(error) };
}

/** The user's crontab; empty when there is none. Throws `refused` when it cannot be read. */
export async function readCrontab(): Promise<string> {
  const { code, stdout, stderr } = await runProgram("crontab", ["-l"]);
  if (code === 0) return stdout;
  if (code !== undefined && /no crontab for/i.test(stderr)) return "";
  throw new AppError("refused", `cannot read the crontab: ${stderr.trim() || `crontab ended with ${code}`}`, {
    hint: code === undefined ? "install cron, or take another scheduler with --kind" : "crontab -l",
  });
}

/** Makes `text` the user's crontab. Throws `refused`. */
export async function writeCrontab(text: string): Promise<void> {
  const { code, stderr } = await runProgram("crontab", ["-"], text);
  if (code === 0) return;
  throw new AppError(
    "refused",
    `cannot write the crontab: ${stderr.trim() || `crontab ended with ${code}`}`,
    {
      hint: "crontab -l",
    },
  );
}

/** Whether systemd looks after the user's own services here. */
export async function hasUserSystemd(): Promise<boolean> {
  return (await runProgram("systemctl", ["--user", "show-environment"])).code === 0;
}
