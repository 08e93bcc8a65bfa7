/** What the tests of this folder share: temporary folders, other processes, and what is on the disk byte by byte. */
import { createHash } from "node:crypto";
import type { AbsPath } from "../../lib/core/path.ts";

/** True on systems with POSIX modes, pipes and signals. */
export const IS_UNIX = Deno.build.os !== "windows";
/** True on Linux, where `/proc` is. */
export const IS_LINUX = Deno.build.os === "linux";
/** True when this process may do everything, such as mounting. */
export const IS_ROOT = IS_LINUX && Deno.uid() === 0;
/** Another process for the tests: Python is on every machine that runs them, with SQLite and flock. */
export const HAS_PYTHON = IS_UNIX && works("python3", ["-c", "import sqlite3, fcntl"]);

function works(command: string, args: readonly string[]): boolean {
  try {
    return new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/** Runs `use` in a new folder (its real path), which is removed afterwards. */
export async function inTempFolder(use: (folder: AbsPath) => void | Promise<void>): Promise<void> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-system-" })) as AbsPath;
  try {
    await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Joins names to a folder. */
export function at(folder: AbsPath, name: string): AbsPath {
  return `${folder}/${name}` as AbsPath;
}

/** Every name below a folder, with mode, size and a hash of the content, but for `-shm` files, whose marks move. */
export function snapshot(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    const { mode, size, mtime } = Deno.lstatSync(path);
    if (entry.isDirectory) return [`${path}/ ${mode}`, ...snapshot(path)];
    if (!entry.isFile || path.endsWith("-shm")) return [`${path} ${mode}`];
    const hash = createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
    return [`${path} ${mode} ${size} ${mtime?.getTime()} ${hash}`];
  }).sort();
}

/** Another process that has said `ready`. */
export interface Child {
  readonly pid: number;
  /** Sends a line to it and resolves with the line it answers. */
  readonly ask: (line: string) => Promise<string>;
  /** Ends it as a crash would, and resolves when it is gone. */
  readonly crash: () => Promise<void>;
}

/** Starts a program and waits for its first line, `ready`; `use` gets the child, which is ended afterwards. */
export async function withChild(
  command: string,
  args: readonly string[],
  use: (child: Child) => void | Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const process = new Deno.Command(command, { args: [...args], env, stdin: "piped", stdout: "piped" })
    .spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const input = process.stdin.getWriter();
  let unread = "";
  const nextLine = async () => {
    while (!unread.includes("\n")) {
      const { value, done } = await lines.read();
      if (done) throw new Error(`${command} ended`);
      unread += value;
    }
    const cut = unread.indexOf("\n");
    const line = unread.slice(0, cut);
    unread = unread.slice(cut + 1);
    return line;
  };
  let ended = false;
  const crash = async () => {
    if (!ended) process.kill("SIGKILL");
    ended = true;
    await process.status;
  };
  try {
    if (await nextLine() !== "ready") throw new Error(`${command} did not start`);
    await use({
      pid: process.pid,
      ask: async (line) => {
        await input.write(new TextEncoder().encode(`${line}\n`));
        return await nextLine();
      },
      crash,
    });
  } finally {
    await crash();
    await lines.cancel();
    await input.close().catch(() => {});
  }
}

/** Starts a Python program; it gets `args` and says `ready` when it is. */
export async function withPython(
  source: string,
  args: readonly string[],
  use: (child: Child) => void | Promise<void>,
): Promise<void> {
  await withChild("python3", ["-u", "-c", source, ...args], use);
}

/** Runs a program to its end and gives its standard output. Throws when it fails. */
export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const result = new Deno.Command(command, { args: [...args], env, stdin: "null" }).outputSync();
  const text = new TextDecoder();
  if (!result.success) throw new Error(`${command} failed: ${text.decode(result.stderr)}`);
  return text.decode(result.stdout);
}

/** Runs `use` under a umask. */
export function underUmask(mask: number, use: () => void): void {
  const before = Deno.umask(mask);
  try {
    use();
  } finally {
    Deno.umask(before);
  }
}

/** A file of a folder as a text of `length` bytes. */
export function writeText(path: string, text: string, mode?: number): void {
  Deno.writeTextFileSync(path, text);
  if (mode !== undefined && IS_UNIX) Deno.chmodSync(path, mode);
}

/**
 * A Python program that opens the database `argv[1]` in journal mode `argv[2]`, makes a small `threads` table when there
 * is none, and then runs the SQL of every line it gets, answering with the first value. It never checkpoints.
 */
export const SQL_SHELL = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma journal_mode=" + sys.argv[2])
db.execute("pragma wal_autocheckpoint=0")
db.execute("create table if not exists threads(id text primary key, model_provider text, n integer)")
db.execute("insert or ignore into threads values('a', 'mock', 1), ('b', 'mock', 2)")
print("ready")
for line in sys.stdin:
    try:
        row = db.execute(line).fetchone()
        print(row[0] if row else "ok")
    except Exception as error:
        print("error", error)
`;

/** Makes a small database as {@link SQL_SHELL} does, closed, without side files. */
export function makeDatabase(path: string, journal: "wal" | "delete", more = ""): void {
  const source = `${SQL_SHELL}\nfor sql in sys.argv[3:]: db.executescript(sql)\ndb.close()`;
  run("python3", ["-c", source, path, journal, ...(more === "" ? [] : [more])]);
}
