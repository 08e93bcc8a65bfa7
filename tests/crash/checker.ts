/** The one judge of all sweeps: is every file old or new, is nothing lost, and does `recover` bring one of the two. */
import { listRecords } from "../../lib/engine/records.ts";
import { readLedger } from "../../lib/engine/ledger.ts";
import { verifyRecord } from "../../lib/engine/verify.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { type FileState, fingerprint, type HomeState, readHome, RECORDS } from "./state.ts";
import { runUndisturbed } from "./home.ts";

/** The two states a home may be in, known from runs that nothing disturbed. */
export interface Ends {
  readonly before: HomeState;
  readonly after: HomeState;
  /** Which of them a run that was taken back leads to: the new one for `recover`, whose home is half changed. */
  readonly undone: "before" | "after";
  /** Records that were there before. */
  readonly records: ReadonlySet<string>;
  /** Files whose time afterwards is the moment of the change. */
  readonly timeless: ReadonlySet<string>;
  /** Files that somebody else went on writing to, whose time is theirs. */
  readonly continued?: ReadonlySet<string>;
}

/** What is wrong, in words; empty when all is well. */
export type Problems = readonly string[];

/** Names of files that a run makes for itself; gone once it is over or recovered. */
const OWN = /(^|\/)\.(codexkeep-|unfinished-)/;

/**
 * What a run that was cut off may leave: every file and row old or new, none missing, nothing new but files of ours;
 * nothing changed at all as long as no record says so.
 */
export function checkTorn(home: string, ends: Ends): Problems {
  const now = readHome(home);
  const problems = [...tornFiles(now, ends), ...tornRows(now, ends)];
  if (now.integrity !== "ok") problems.push(`database: ${now.integrity}`);
  const recorded = listRecords(realDisk, home as AbsPath).some(({ id, state }) =>
    state === "pending" || (state === "complete" && !ends.records.has(id))
  );
  if (!recorded) {
    const changed = differences(now, ends[ends.undone], ends.continued ?? NONE, true);
    if (changed.length > 0) problems.push(`changed without a record: ${changed[0]}`);
  }
  return problems;
}

const NONE: ReadonlySet<string> = new Set();

function tornFiles(now: HomeState, ends: Ends): string[] {
  const { before, after, timeless, continued = NONE } = ends;
  const problems: string[] = [];
  const names = new Map(movedFiles(ends).flatMap(([from, to]) => [[from, to], [to, from]]));
  for (const path of new Set([...before.files.keys(), ...after.files.keys()])) {
    const file = now.files.get(path);
    const other = names.get(path) ?? "";
    // A file that is moved may have its new content in the old place, or both names.
    const old = before.files.get(path) ?? before.files.get(other);
    const young = after.files.get(path) ?? after.files.get(other);
    if (file === undefined) {
      const isMoved = names.has(path) && now.files.has(other);
      if (old !== undefined && young !== undefined && !isMoved) problems.push(`${path} is lost`);
    } else if (
      !isSame(file, old, continued.has(path) || continued.has(other)) &&
      !isSame(file, young, timeless.has(path) || timeless.has(other))
    ) {
      problems.push(`${path} is torn`);
    }
  }
  for (const path of now.files.keys()) {
    if (!before.files.has(path) && !after.files.has(path) && !OWN.test(path)) problems.push(`${path} is new`);
  }
  return problems;
}

/** Files that have another place afterwards, by their names: where they were, and where they are. */
function movedFiles({ before, after }: Ends): [from: string, to: string][] {
  const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const left = [...before.files.keys()].filter((path) => !after.files.has(path));
  return [...after.files.keys()].filter((path) => !before.files.has(path)).flatMap((to) => {
    const from = left.find((path) => nameOf(path) === nameOf(to));
    return from === undefined ? [] : [[from, to] satisfies [string, string]];
  });
}

function isSame(a: FileState | undefined, b: FileState | undefined, timeless: boolean): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.sha256 === b.sha256 && a.mode === b.mode && (timeless || a.mtimeMs === b.mtimeMs);
}

function tornRows(now: HomeState, { before, after }: Ends): string[] {
  const ids = new Set([...before.rows.keys(), ...after.rows.keys(), ...now.rows.keys()]);
  return [...ids].filter((id) => {
    const row = now.rows.get(id);
    return row !== before.rows.get(id) && row !== after.rows.get(id);
  }).map((id) => `row ${id} is torn`);
}

/** Where two states differ; `own` passes over files of ours. */
function differences(a: HomeState, b: HomeState, timeless: ReadonlySet<string>, own: boolean): string[] {
  const found: string[] = [];
  for (const path of new Set([...a.files.keys(), ...b.files.keys()])) {
    if (own && OWN.test(path)) continue;
    const [x, y] = [a.files.get(path), b.files.get(path)];
    if (!isSame(x, y, timeless.has(path))) found.push(`${path}: ${describe(x)} is not ${describe(y)}`);
  }
  for (const folder of a.folders) {
    if (!b.folders.has(folder) && !(own && OWN.test(folder))) found.push(`${folder}/ is new`);
  }
  for (const folder of b.folders) if (!a.folders.has(folder)) found.push(`${folder}/ is lost`);
  for (const id of new Set([...a.rows.keys(), ...b.rows.keys()])) {
    if (a.rows.get(id) !== b.rows.get(id)) {
      found.push(`row ${id}: ${a.rows.get(id)} is not ${b.rows.get(id)}`);
    }
  }
  return found;
}

function describe(file: FileState | undefined): string {
  if (file === undefined) return "nothing";
  return `${file.sha256.slice(0, 8)} ${file.size} B ${file.mode.toString(8)} ${file.mtimeMs}`;
}

/**
 * What keeps a home from being exactly as before or after; empty when it is. `but` passes over what the next run or
 * `recover` sweeps up.
 */
export function awayFrom(
  home: string,
  ends: Ends,
  end: "before" | "after",
  but: "nothing" | "leftovers" = "nothing",
): Problems {
  const now = readHome(home);
  const timeless = (end === "after" ? ends.timeless : ends.continued) ?? NONE;
  const found = differences(now, ends[end], timeless, but === "leftovers");
  return now.integrity === "ok" ? found : [...found, `database: ${now.integrity}`];
}

/**
 * A run that left some threads out: each thread is wholly old or wholly new, and the old ones are those it named. What
 * belongs to no thread is new.
 */
export function checkThreads(
  home: string,
  { before, after, timeless }: Ends,
  leftOut: ReadonlySet<string>,
): Problems {
  const now = readHome(home);
  const isOf = (id: string) => ({
    rows: only(now.rows, id),
    files: only(now.files, id),
    folders: now.folders,
    integrity: "",
  });
  const endOf = (end: HomeState, id: string) => ({
    ...end,
    rows: only(end.rows, id),
    files: only(end.files, id),
    folders: now.folders,
  });
  return [...after.rows.keys()].filter((key) => !key.includes(" ")).flatMap((id) => {
    // A file or row of a thread may be named in its place.
    const isOut = [...leftOut].some((subject) => subject.includes(id));
    const away = differences(isOf(id), endOf(isOut ? before : after, id), isOut ? new Set() : timeless, true);
    return away.length === 0 ? [] : [`thread ${id}, ${isOut ? "" : "not "}left out: ${away[0]}`];
  });
}

/** The entries whose name has the id of a thread in it. */
function only<T>(entries: ReadonlyMap<string, T>, id: string): ReadonlyMap<string, T> {
  return new Map([...entries].filter(([name]) => name.includes(id)));
}

/** Records that are whole and finished, a ledger that can be read, and nothing of ours left lying about. */
export function checkRecords(home: string): Problems {
  const problems: string[] = [];
  for (const { id, state, problem } of listRecords(realDisk, home as AbsPath)) {
    if (state !== "complete" && state !== "undone") {
      problems.push(`record ${id} is ${state}: ${problem ?? ""}`);
    } else {problems.push(
        ...verifyRecord(realDisk, home as AbsPath, id, true).map((text) => `record ${id}: ${text}`),
      );}
  }
  for (const line of fingerprint(home)) {
    const path = line.split(" ")[0] ?? "";
    if (OWN.test(path)) problems.push(`${path} was left behind`);
  }
  readLedger(realDisk, home as AbsPath);
  return problems;
}

/**
 * `recover` on a home as a killed run left it: it ends well, the home is at one end (at the new one only if the run
 * had been finished), and running it again changes nothing.
 */
export async function checkRecovery(home: string, ends: Ends): Promise<Problems> {
  const finished = listRecords(realDisk, home as AbsPath).some(({ id, state }) =>
    state === "complete" && !ends.records.has(id)
  );
  const ran = await runUndisturbed(home, ["recover", "--json"]);
  if (ran.code !== 0) return [`recover ended with ${ran.code}: ${ran.out.trim()}`];
  const wanted = finished ? "after" : ends.undone;
  const problems = awayFrom(home, ends, wanted).slice(0, 3).map((text) =>
    `recovered, yet not as ${wanted}: ${text}`
  );
  problems.push(...checkRecords(home));
  const once = fingerprint(home);
  const again = await runUndisturbed(home, ["recover", "--json"]);
  if (again.code !== 0) problems.push(`recover ended with ${again.code} the second time`);
  if (fingerprint(home).join("\n") !== once.join("\n")) problems.push("the second recover changed something");
  return problems;
}

/** Names of the records of a home. */
export function recordsOf(home: string): ReadonlySet<string> {
  try {
    return new Set(
      [...Deno.readDirSync(`${home}/${RECORDS}`)].filter((e) => e.isDirectory).map((e) => e.name),
    );
  } catch {
    return new Set();
  }
}
