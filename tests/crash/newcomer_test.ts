/**
 * Sessions that begin while a command is at work: a plan that was made before does not touch them, nor does a command
 * that looked before; one that came early enough to be seen is changed as a whole, or not at all.
 */
import { fileURLToPath } from "node:url";
import type { AbsPath } from "../../lib/core/path.ts";
import { listRecords, readChanges, readManifest } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { scaled } from "../proof/size.ts";
import { runJson } from "../scripts/program.ts";
import { randomFrom } from "./appender.ts";
import type { Beginning, Begun } from "./beginner.ts";
import { checkRecords } from "./checker.ts";
import { type Deed, DEEDS, killRun, type LiveHome, makeLiveHome, shuffled } from "./live_home.ts";
import { startBeside } from "./live_lines.ts";
import { removeTree } from "./state.ts";

const BEGINNER = fileURLToPath(new URL("./beginner.ts", import.meta.url));
const STARTS = scaled(6, 240);
/** Commands on one home, so that it does not grow without end. */
const PER_HOME = 24;

const WRITING = DEEDS.filter(({ reads }) => reads !== true);
/** What these do was settled before: by a plan, by a record. */
const SETTLED = /^apply|^restore(?! --originals)|^backups|^recover/;

interface Tally {
  commands: number;
  begun: number;
  /** Those that a command saw, and changed. */
  seen: number;
  readonly faults: string[];
}

async function act(live: LiveHome, deed: Deed, random: () => number, tally: Tally): Promise<void> {
  const { home } = live;
  const chance = random();
  await deed.before?.(live, chance);
  if (deed.killed === true) await killRun(deed.argv(live, chance), home, random() * 300);
  const known = new Set(listRecords(realDisk, home as AbsPath).map(({ id }) => id));
  const path = live.files[0] ?? "";
  const beginning: Beginning = {
    like: path,
    id: live.written[0] ?? "",
    folder: `${home}/sessions/2026/04/05`,
    pauseMs: 4,
  };
  const { stop } = await startBeside(BEGINNER, JSON.stringify(beginning));
  let begun: readonly Begun[] = [];
  try {
    await new Promise((resolve) => setTimeout(resolve, random() * 40));
    const argv = deed.killed === true ? ["recover"] : deed.argv(live, chance);
    const { code, document } = await runJson(argv, { home });
    const told = document.errors.map(({ message }) => message).join("; ");
    const isElsewhere = document.errors.every((error) => error.code === "codex-running");
    if (![0, 8].includes(code) && !(code === 3 && isElsewhere)) {
      tally.faults.push(`${deed.name}: exit ${code}: ${told}`);
    }
  } finally {
    begun = JSON.parse(await stop()) as readonly Begun[];
  }
  tally.commands++;
  tally.begun += begun.length;
  const records = listRecords(realDisk, home as AbsPath).filter(({ id }) => !known.has(id));
  for (const one of begun) judge(home, deed, one, touched(home, records.map(({ id }) => id)), tally);
}

/** The files of new records, with the time when each record was made: all of them were seen before. */
function touched(home: string, ids: readonly string[]): ReadonlyMap<string, number> {
  const files = new Map<string, number>();
  for (const id of ids) {
    const manifest = readManifest(realDisk, home as AbsPath, id);
    for (const change of readChanges(realDisk, home as AbsPath, manifest)) {
      if ("path" in change) files.set(`${home}/${change.path}`, Date.parse(manifest.createdAt));
    }
  }
  return files;
}

function judge(
  home: string,
  deed: Deed,
  { path, text, ino, atMs }: Begun,
  files: ReadonlyMap<string, number>,
  tally: Tally,
): void {
  const name = path.slice(home.length + 1);
  const at = files.get(path);
  if (at !== undefined) {
    tally.seen++;
    if (SETTLED.test(deed.name)) tally.faults.push(`${deed.name} touched ${name}`);
    // The clock of records has milliseconds, and is read after the home.
    if (atMs > at) tally.faults.push(`${deed.name} touched ${name}, begun ${atMs - at} ms after its record`);
  }
  const now = realDisk.lstat(path);
  if (now === undefined) return void tally.faults.push(`${deed.name}: ${name} is gone`);
  const content = Deno.readTextFileSync(path);
  if (at === undefined && (content !== text || now.ino !== ino)) {
    tally.faults.push(`${deed.name} changed ${name}, which is in no record`);
  }
  const messages = (lines: string) => lines.split("\n").filter((line) => line.includes('"message"'));
  if (messages(content).join("\n") !== messages(text).join("\n")) {
    tally.faults.push(`${deed.name}: ${name} holds other messages`);
  }
}

Deno.test("sessions that begin during a command are not touched by it", async () => {
  const started = performance.now();
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const random = randomFrom(seed);
  const tally: Tally = { commands: 0, begun: 0, seen: 0, faults: [] };
  const deeds = shuffled(WRITING, STARTS, random);
  for (let from = 0; from < deeds.length; from += PER_HOME) {
    const live = await makeLiveHome("reopen");
    try {
      for (const deed of deeds.slice(from, from + PER_HOME)) await act(live, deed, random, tally);
      tally.faults.push(...checkRecords(live.home));
    } finally {
      removeTree(live.root);
    }
  }
  const { commands, begun, seen, faults } = tally;
  const counts = {
    sessions: begun,
    commands,
    "touched though begun later": faults.length,
    "seen and changed": seen,
  };
  report("sessions begun during a command", `seed ${seed}`, counts, started);
  assertEquals(faults, [], `seed ${seed}`);
  assert(begun > commands, "nothing was begun");
});
