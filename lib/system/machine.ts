/** Everything a command needs from the outside world, as one value that tests can replace piece by piece. */
import { homedir, hostname } from "node:os";
import { isAbsolute, normalize } from "node:path";
import type { AbsPath } from "../core/path.ts";
import { type Disk, realDisk } from "./disk.ts";

/** The outside world. */
export interface Machine {
  readonly disk: Disk;
  /** An environment variable; undefined when it is not set. */
  readonly env: (name: string) => string | undefined;
  readonly now: () => Date;
  /** Eight hexadecimal digits, different at each call. */
  readonly random: () => string;
  readonly os: "linux" | "darwin" | "windows";
  /** The user's own folder, where `.codex` is by default; undefined when the system names none. */
  readonly userHome: AbsPath | undefined;
  readonly pid: number;
  /** The folder that relative paths on the command line start from. */
  readonly cwd: () => AbsPath;
}

/** The machine this process runs on. */
export function realMachine(): Machine {
  const { os } = Deno.build;
  return {
    disk: realDisk,
    env: (name) => Deno.env.get(name),
    now: () => new Date(),
    random: () => crypto.randomUUID().slice(0, 8),
    os: os === "darwin" || os === "windows" ? os : "linux",
    userHome: userHome(),
    pid: Deno.pid,
    cwd: () => Deno.cwd() as AbsPath,
  };
}

function userHome(): AbsPath | undefined {
  const path = homedir() as string | null;
  return path !== null && isAbsolute(path) ? normalize(path) as AbsPath : undefined;
}

/** The name of this machine as the system has it; undefined where it has none. */
export function hostName(): string | undefined {
  return hostname() || undefined;
}
