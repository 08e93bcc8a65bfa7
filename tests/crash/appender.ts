/**
 * A program that goes on with sessions while somebody else is at work on their files: numbered lines, in bursts with
 * silence between them. Its argument is JSON, see {@link Writing}; it says `ready`, writes until its standard input
 * ends, and prints how many lines each file got.
 */
import { messageLine } from "./home.ts";

/** What the program is to do. */
export interface Writing {
  /** Keeps the files open, opens them for every line, or moves them away now and then and begins new ones. */
  readonly mode: "keep-open" | "reopen" | "rotate";
  readonly files: readonly string[];
  readonly linesPerSecond: number;
  readonly seed: number;
}

/** Lines until a file is moved away. */
const ROTATE_AFTER = 150;
const MAX_BURST_MS = 120;
const MAX_SILENCE_MS = 500;

/** A file being written to. */
interface Target {
  readonly path: string;
  open: Deno.FsFile | undefined;
  lines: number;
  moved: number;
}

if (import.meta.main) {
  const writing = JSON.parse(Deno.args[0] ?? "") as Writing;
  const targets = writing.files.map((path): Target => ({ path, open: undefined, lines: 0, moved: 0 }));
  if (writing.mode !== "reopen") { for (const target of targets) target.open = openEnd(target.path); }
  say("ready");
  let stopped = false;
  Deno.stdin.read(new Uint8Array(1)).then(() => stopped = true);
  const random = randomFrom(writing.seed);
  while (!stopped) {
    const end = performance.now() + random() * MAX_BURST_MS;
    while (performance.now() < end) {
      for (let k = 0; k < writing.linesPerSecond / 200; k++) {
        for (const target of targets) writeLine(target, writing.mode);
      }
      await sleep(5);
    }
    await sleep(random() * MAX_SILENCE_MS);
  }
  say(JSON.stringify(targets.map(({ lines }) => lines)));
}

function writeLine(target: Target, mode: Writing["mode"]): void {
  const line = JSON.stringify(messageLine(5 + target.lines, "paginated", `line ${target.lines}`)) + "\n";
  const file = target.open ?? openEnd(target.path);
  file.writeSync(new TextEncoder().encode(line));
  target.lines++;
  if (mode === "reopen") file.close();
  if (mode === "rotate" && target.lines % ROTATE_AFTER === 0) rotate(target, file);
}

/** The new file begins as the old one does, so that it stays a rollout. */
function rotate(target: Target, file: Deno.FsFile): void {
  const [first = ""] = Deno.readTextFileSync(target.path).split("\n", 1);
  Deno.renameSync(target.path, `${target.path}.old-${++target.moved}`);
  file.close();
  Deno.writeTextFileSync(target.path, first + "\n", { createNew: true });
  target.open = openEnd(target.path);
}

function openEnd(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true });
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
