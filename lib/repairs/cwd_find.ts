/** Threads whose folder is not there, is written in a form that nobody asks for, or differs between its copies. */
import { isSameFolder, nameOf, otherForms, parseFolder, plainFolder, styleOf } from "../core/folder.ts";
import type { Finding } from "../core/finding.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import type { Facts } from "./repair.ts";

/** The folder of a thread: that of its row, else the one in its newest file. */
export function cwdOf({ row, rollouts }: Thread): string | undefined {
  return row?.cwd || rollouts.at(-1)?.meta?.cwd;
}

/** Everything worth knowing about the folders of threads. */
export function findFolders(facts: Facts): readonly Finding[] {
  const active = [...facts.snapshot.threads.values()].filter(isActive);
  return [...findForms(active, facts), ...findMissing(active, facts), ...findCopies(active)];
}

function isActive({ row, rollouts }: Thread): boolean {
  return rollouts.length > 0 && !(row?.archived ?? rollouts.every(({ archived }) => archived));
}

/** Every folder a thread is said to be in. */
function foldersOf({ row, rollouts }: Thread): readonly string[] {
  return [row?.cwd, ...rollouts.map(({ meta }) => meta?.cwd)].filter((folder) => folder !== undefined);
}

/**
 * Windows folders that are named with a capital drive letter and with a small one, each in the form to keep. Programs
 * compare them letter by letter; where all agree nothing needs a change.
 */
export function drivesOf({ threads }: Pick<Snapshot, "threads">): ReadonlyMap<string, string> {
  const all = new Set([...threads.values()].flatMap(foldersOf).map(plainFolder));
  const forms = new Map<string, string>();
  for (const folder of all) {
    const capital = /^[a-z]:/.test(folder) ? folder.charAt(0).toUpperCase() + folder.slice(1) : folder;
    if (capital !== folder && all.has(capital)) forms.set(folder, capital);
  }
  return forms;
}

/**
 * Folders with the prefix `\\?\` are looked for by nothing. Drive letters in two forms are not rare, as editors write
 * small ones, and each form is looked for by the programs that write it: worth knowing only.
 */
function findForms(threads: readonly Thread[], { snapshot }: Facts): readonly Finding[] {
  const drives = drivesOf(snapshot);
  const finding = (
    severity: Finding["severity"],
    message: string,
    isOdd: (folder: string) => boolean,
  ): readonly Finding[] => {
    const odd = threads.flatMap((thread) => {
      const folder = foldersOf(thread).find(isOdd);
      return folder === undefined ? [] : [`${thread.id}: ${JSON.stringify(folder)}`];
    });
    const said = `${odd.length} thread(s) ${message}`;
    if (odd.length === 0) return [];
    return [{
      code: "cwd-form",
      severity,
      count: odd.length,
      repair: "cwd",
      message: said,
      hint: "codexkeep repair cwd",
      samples: odd,
    }];
  };
  return [
    ...finding(
      "warning",
      "name their folder in a form that lists of that folder do not look for",
      (folder) => plainFolder(folder) !== folder,
    ),
    ...finding(
      "info",
      "name their folder with a small drive letter and others the same one with a capital; lists show one of both",
      (folder) => drives.has(folder),
    ),
  ];
}

/** Folders that are gone: often for good, such as those of worktrees, so this is no warning. */
function findMissing(threads: readonly Thread[], { files, platform }: Facts): readonly Finding[] {
  const counts = new Map<string, number>();
  for (const thread of threads) {
    const folder = cwdOf(thread);
    if (folder !== undefined) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const style = platform === "windows" ? "windows" : "posix";
  const isThere = (folder: string) => styleOf(folder) === style && files.hasFolder(folder);
  const gone = [...counts.keys()].filter((folder) => {
    if (styleOf(folder) === style) return !isThere(folder);
    return otherForms(folder).some(isThere);
  });
  if (gone.length === 0) return [];
  const places = placesByName(counts.keys(), new Set(gone), isThere);
  const moves = gone.flatMap((folder) => {
    const to = otherForms(folder).find(isThere) ?? places.get(nameOf(folder) ?? "");
    return to === undefined ? [] : [`--map ${quoted(`${folder}=${to}`)}`];
  });
  return [{
    code: "cwd-missing",
    severity: "info",
    count: gone.reduce((sum, folder) => sum + (counts.get(folder) ?? 0), 0),
    repair: "cwd",
    message:
      `${gone.length} folder(s) of threads are not there; codex resume finds these threads with --all only`,
    hint: `if a folder was moved: codexkeep repair cwd ${moves[0] ?? "--map OLD=NEW"}`,
    samples: gone.map((folder) => `${JSON.stringify(folder)}: ${counts.get(folder)} thread(s)`),
  }];
}

/** Folders that are there, by their last name, as far as only one of them has it. */
function placesByName(
  folders: Iterable<string>,
  gone: ReadonlySet<string>,
  isThere: (folder: string) => boolean,
): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const folder of folders) {
    const name = gone.has(folder) || !isThere(folder) ? undefined : nameOf(folder);
    if (name === undefined) continue;
    if (places.has(name)) ambiguous.add(name);
    places.set(name, folder);
  }
  for (const name of ambiguous) places.delete(name);
  return places;
}

function quoted(text: string): string {
  return /^[\w./=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Threads whose newest file and row name different folders. Codex does that by itself when a thread is opened in
 * another folder (seen in Codex 0.169: the first line stays), so it is only worth knowing.
 */
function findCopies(threads: readonly Thread[]): readonly Finding[] {
  const split = threads.flatMap(({ id, row, rollouts }) => {
    const first = rollouts.at(-1)?.meta?.cwd;
    if (!row?.cwd || first === undefined || isSameFolder(row.cwd, first)) return [];
    return parseFolder(first) === undefined ? [] : [{ id, row: row.cwd, first }];
  });
  if (split.length === 0) return [];
  return [{
    code: "cwd-copies-disagree",
    severity: "info",
    count: split.length,
    repair: undefined,
    message:
      `${split.length} thread(s) were begun in one folder and belong to another now; lists made from files ` +
      `show them in the first one, lists made from the database in the other`,
    samples: split.map(({ id, row, first }) =>
      `${id}: begun in ${JSON.stringify(first)}, now in ${JSON.stringify(row)}`
    ),
  }];
}
