/** Programs that write numbered lines to sessions, and what has become of the lines. */
import { fileURLToPath } from "node:url";
import { assert } from "../assert.ts";
import type { Writing } from "./appender.ts";

const APPENDER = fileURLToPath(new URL("./appender.ts", import.meta.url));

/** A program at work on sessions. */
export interface Writer {
  /** Ends it and gives how many lines it wrote to each file. Throws when it failed. */
  readonly stop: () => Promise<readonly number[]>;
}

/** Starts a program that writes lines, and resolves when it has begun. */
export async function startWriter(writing: Writing): Promise<Writer> {
  const { stop } = await startBeside(APPENDER, JSON.stringify(writing));
  return { stop: async () => JSON.parse(await stop()) as number[] };
}

/**
 * Starts a program of the tests that says `ready`, works until its input ends and then prints one line; `stop` ends it
 * and gives that line.
 */
export async function startBeside(
  program: string,
  argument: string,
): Promise<{ readonly pid: number; readonly stop: () => Promise<string> }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-check", program, argument],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.startsWith("ready\n")) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`"${program}" ended before it had begun`);
    text += value;
  }
  const rest = (async () => {
    for (let part = await lines.read(); !part.done; part = await lines.read()) text += part.value;
  })();
  return {
    pid: child.pid,
    stop: async () => {
      await child.stdin.close();
      const { success } = await child.status;
      await rest;
      assert(success, `"${program}" failed`);
      return text.split("\n")[1] ?? "";
    },
  };
}

/** What has become of lines. */
export interface Found {
  readonly written: number;
  /** In no file any more. */
  readonly lost: number;
  /** In the sessions more than once. */
  readonly twice: number;
  /** In no session, but in a record, which keeps what it could not put back. */
  readonly rescued: number;
  /** Lines of any session that are no JSON. */
  readonly torn: number;
}

const LINE = /"message":"line (\d+) (\d+)"/;

/** Looks for every line that was written: `counts` lines of each file, in any file of the home. */
export function countLines(home: string, counts: readonly number[]): Found {
  const inPlace = counts.map((count) => new Uint8Array(count));
  const inRecords = counts.map((count) => new Uint8Array(count));
  let torn = 0;
  for (const path of filesBelow(home)) {
    if (!/\.jsonl|\/held\//.test(path) || path.endsWith(".zst")) continue;
    const isRecord = path.startsWith(`${home}/backups_state/`);
    for (const line of Deno.readTextFileSync(path).split("\n")) {
      if (line === "") continue;
      if (!isRecord && !isJson(line)) torn++;
      const [, index, number] = LINE.exec(line) ?? [];
      const seen = (isRecord ? inRecords : inPlace)[Number(index ?? -1)];
      if (seen !== undefined) seen[Number(number)]!++;
    }
  }
  let [lost, twice, rescued] = [0, 0, 0];
  inPlace.forEach((seen, index) =>
    seen.forEach((times, number) => {
      if (times > 1) twice++;
      if (times === 0) inRecords[index]?.[number] === 0 ? lost++ : rescued++;
    })
  );
  return { written: counts.reduce((sum, n) => sum + n, 0), lost, twice, rescued, torn };
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Every file below a folder. */
export function filesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory ? filesBelow(path) : entry.isFile ? [path] : [];
  });
}
