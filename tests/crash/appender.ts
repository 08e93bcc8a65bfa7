/**
 * A program that goes on with sessions while somebody else is at work on their files: numbered lines, in bursts with
 * silence between them. Its argument is JSON, see {@link Writing}; it says `ready`, writes until its standard input
 * ends, and prints how many lines each file got. It holds none of Codex's locks: nothing but the files tells of it.
 */
/**
 * Keeps the files open from the first line to the last; opens them for every burst, or for every line; or puts a new
 * file, written aside, in the place of the old one now and then and goes on in that.
 */
export type Mode = "keep-open" | "burst" | "reopen" | "rotate";

/** What the program is to do. */
export interface Writing {
  readonly mode: Mode;
  /** Files in the home, each of a thread of its own; they may be moved meanwhile. */
  readonly files: readonly string[];
  /** Folders where a file that was moved is looked for. */
  readonly folders: readonly string[];
  /** Lines a second and file, within a burst. */
  readonly linesPerSecond: number;
  /** The longest silence between two bursts of a file, milliseconds. */
  readonly silenceMs: number;
  readonly seed: number;
}

/** Lines until a file is put aside. */
const ROTATE_AFTER = 150;
const TICK_MS = 5;
const MAX_BURST_MS = 120;

/** A file being written to. */
interface Target {
  readonly index: number;
  readonly name: string;
  readonly mode: "legacy" | "paginated";
  path: string;
  open: Deno.FsFile | undefined;
  ordinal: number;
  lines: number;
  rotated: number;
}

if (import.meta.main) {
  const writing = JSON.parse(Deno.args[0] ?? "") as Writing;
  const targets = writing.files.map(targetOf);
  if (writing.mode === "keep-open") { for (const one of targets) one.open = openEnd(writing, one); }
  say("ready");
  let stopped = false;
  Deno.stdin.read(new Uint8Array(1)).then(() => stopped = true);
  const goOn = async (target: Target) => {
    const random = randomFrom(writing.seed + target.index);
    while (!stopped) {
      await sleep(random() * writing.silenceMs);
      await burst(writing, target, random() * MAX_BURST_MS);
    }
  };
  await Promise.all(targets.map(goOn));
  say(JSON.stringify(targets.map(({ lines }) => lines)));
}

function targetOf(path: string, index: number): Target {
  const [last = "{}"] = Deno.readTextFileSync(path).trimEnd().split("\n").slice(-1);
  const { ordinal } = JSON.parse(last) as { readonly ordinal?: number };
  const mode = ordinal === undefined ? "legacy" : "paginated";
  const name = path.slice(path.lastIndexOf("/") + 1);
  return { index, name, mode, path, open: undefined, ordinal: ordinal ?? 0, lines: 0, rotated: 0 };
}

async function burst(writing: Writing, target: Target, lengthMs: number): Promise<void> {
  const { mode, linesPerSecond } = writing;
  if (mode === "burst" || mode === "rotate") target.open = openEnd(writing, target);
  const start = performance.now();
  // At a slow pace a burst is one line; at a fast one as many lines a tick as make up for the sleep.
  for (let done = 0; performance.now() - start < lengthMs;) {
    const due = 1 + (performance.now() - start) / 1000 * linesPerSecond;
    for (; done < due; done++) writeLine(writing, target);
    await sleep(TICK_MS);
  }
  if (mode === "keep-open") return;
  target.open?.close();
  target.open = undefined;
}

function writeLine(writing: Writing, target: Target): void {
  const text = `line ${target.index} ${target.lines}`;
  const line = JSON.stringify(messageLine(++target.ordinal, target.mode, text)) + "\n";
  const file = target.open ?? openEnd(writing, target);
  file.writeSync(new TextEncoder().encode(line));
  target.lines++;
  if (writing.mode === "reopen") file.close();
  if (writing.mode === "rotate" && target.lines % ROTATE_AFTER === 0) rotate(writing, target, file);
}

function messageLine(ordinal: number, mode: Target["mode"], message: string): object {
  const place = mode === "paginated" ? { ordinal } : {};
  const payload = { type: "user_message", message };
  return { timestamp: "2026-02-05T10:00:00.000Z", ...place, type: "event_msg", payload };
}

/** The new file begins as the old one does, so that it stays a rollout; the name is never without a file. */
function rotate(writing: Writing, target: Target, file: Deno.FsFile): void {
  file.close();
  follow(writing, target, (path) => {
    const [first = ""] = Deno.readTextFileSync(path).split("\n", 1);
    const aside = `${path}.next`;
    Deno.writeTextFileSync(aside, first + "\n", { createNew: true });
    Deno.linkSync(path, `${path}.old-${++target.rotated}`);
    Deno.renameSync(aside, path);
  });
  target.open = openEnd(writing, target);
}

function openEnd(writing: Writing, target: Target): Deno.FsFile {
  return follow(writing, target, (path) => Deno.openSync(path, { append: true }));
}

/** Does something to a file; where it was moved meanwhile, to wherever it is now. */
function follow<T>(writing: Writing, target: Target, act: (path: string) => T): T {
  for (let tries = 1;; tries++) {
    try {
      return act(target.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) || tries === 20) throw error;
      target.path = writing.folders.map((folder) =>
        findBelow(folder, target.name)
      ).find((path) => path !== undefined) ?? target.path;
    }
  }
}

/** The file of a name below a folder; undefined when there is none. */
export function findBelow(folder: string, name: string): string | undefined {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile && entry.name === name) return path;
    const found = entry.isDirectory ? findBelow(path, name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
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
