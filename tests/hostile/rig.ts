/** What the hostile suites share: which cases run, two at a time, and what is wrong with a run whatever it was fed. */
import { assertEquals } from "../assert.ts";
import { FACTOR } from "../proof/size.ts";
import { checkDocument, checkExitCode, type Document } from "../scripts/contract.ts";
import { checkInert, IS_BINARY, type Run, type Setting, start } from "../scripts/program.ts";
import { IS_LINUX, IS_ROOT } from "../system/fixture.ts";

/** What most of this needs: the executable, on a Linux where this process may do everything. */
export const CAN_TRACE: boolean = IS_LINUX && IS_BINARY && isFile("/usr/bin/strace");

/** Whether a program can be run as somebody else, whom modes bind. */
export const CAN_BE_NOBODY: boolean = IS_ROOT && IS_BINARY && isFile("/usr/bin/setpriv");

/** The words that make a program run as a user who owns nothing. */
export const AS_NOBODY: readonly string[] = [
  "/usr/bin/setpriv",
  "--reuid=65534",
  "--regid=65534",
  "--clear-groups",
];

/** `few` of the cases, evenly spread, times the size of the run; in a full run every one. */
export function some<T>(cases: readonly T[], few: number): readonly T[] {
  const wanted = Math.min(cases.length, Math.round(few * FACTOR));
  return cases.filter((_, n) =>
    Math.floor(n * wanted / cases.length) !== Math.floor((n - 1) * wanted / cases.length)
  )
    .slice(0, wanted);
}

/** How many cases are worked on at a time. */
const LANES = 2;

/** Works on all items, a few at a time. */
export async function inLanes<T>(
  items: readonly T[],
  work: (item: T, n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let n = next++; n < items.length; n = next++) await work(items[n]!, n);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** A run, and what is wrong with it whatever it was fed; `document` where `--json` asked for one. */
export interface Watched extends Run {
  readonly faults: readonly string[];
  readonly document: Document | undefined;
}

/** Runs the program and holds it to what the contract says of every run, without throwing. */
export async function watch(args: readonly string[], setting: Setting = {}): Promise<Watched> {
  const what = args.join(" ").slice(0, 120);
  let result: Run;
  try {
    result = await start(args, setting);
  } catch (error) {
    return { code: -1, stdout: "", stderr: "", document: undefined, faults: [`${what}: ${String(error)}`] };
  }
  const faults: string[] = [];
  const hold = (check: () => void) => {
    try {
      check();
    } catch (error) {
      faults.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  hold(() => checkExitCode(args, result.code));
  hold(() => checkInert(result.stdout, "standard output"));
  hold(() => checkInert(result.stderr, "standard error"));
  hold(() => checkNoTrace(result.stdout + result.stderr));
  let document: Document | undefined;
  if (args.includes("--json")) hold(() => document = checkDocument(JSON.parse(result.stdout)));
  return { ...result, faults, document };
}

/** Requires that nothing in a text is the stack of a program that fell over. */
export function checkNoTrace(text: string): void {
  const found = /this is a fault in codexkeep|^ +at .+:\d+:\d+\)?$|Uncaught|panicked at/m.exec(text);
  if (found !== null) throw new Error(`it fell over: ${text.slice(found.index, found.index + 300)}`);
}

/** Fails with the first of the faults, if there are any. */
export function expectNone(faults: readonly string[]): void {
  assertEquals(faults.slice(0, 10), [], `${faults.length} faults`);
}

/** Whether a regular file is there. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Gives a folder and all that is in it to the user of {@link AS_NOBODY}. */
export function giveAway(path: string): void {
  Deno.chownSync(path, 65534, 65534);
  for (const { name, isDirectory, isSymlink } of Deno.readDirSync(path)) {
    if (isDirectory) giveAway(`${path}/${name}`);
    else if (!isSymlink) Deno.chownSync(`${path}/${name}`, 65534, 65534);
  }
}

/** Runs a command of the system that makes something for a test. Throws when it fails. */
export function system(command: string, ...args: readonly string[]): void {
  const { success, stderr } = new Deno.Command(command, { args: [...args] }).outputSync();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
}
