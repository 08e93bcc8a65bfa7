/** What Codex lost when it rebuilt its database, found again in the databases it set aside. */
import type { Finding } from "../core/finding.ts";
import {
  type AbsPath,
  inHome,
  joinPath,
  parentOf,
  parseRelPath,
  type RelPath,
  relPathBelow,
} from "../core/path.ts";
import type { Change, EntryChange, RowChange, Skip } from "../core/plan.ts";
import type { Thread } from "../core/snapshot.ts";
import { type Known, readKnown, SALVAGED_TABLES } from "../codex/salvage.ts";
import { mergeSalvage, PINNED_SECTION, type Salvage, type SalvagedEntry } from "../codex/salvage_merge.ts";
import { STATE_DATABASE } from "../codex/threads.ts";
import type { Draft, Facts, RepairOptions, Tables } from "./repair.ts";

/** Folder beside the database in which Codex 0.169 keeps those it set aside, each in one of its own (seen there). */
const SET_ASIDE = "db-backups";
/** Name of such a folder: Unix seconds and a number. */
const ASIDE_NAME = /^sqlite-(\d+)-(\d+)$/;
/** What was lost longer ago than this is no longer news. */
const NEWS_MS = 30 * 24 * 3600 * 1000;

/** A database that was set aside. */
interface Backup {
  /** Its folder, in the home. */
  readonly folder: RelPath;
  readonly path: AbsPath;
  readonly atMs: number;
}

/** The state databases that were set aside, the last one first. */
function backupsOf({ files, snapshot: { home, live } }: Facts): readonly Backup[] {
  const beside = live && relPathBelow(home, joinPath(live.path, "..", SET_ASIDE));
  const roots = new Set([SET_ASIDE as RelPath, ...(beside === undefined ? [] : [beside])]);
  return [...roots].flatMap((root) =>
    files.list(root).flatMap(({ name, kind }): Backup[] => {
      const folder = parseRelPath(`${root}/${name}`);
      const seconds = ASIDE_NAME.exec(name)?.[1];
      if (kind !== "directory" || folder === undefined || seconds === undefined) return [];
      return [{
        folder,
        path: inHome(home, `${folder}/${STATE_DATABASE}` as RelPath),
        atMs: Number(seconds) * 1000,
      }];
    })
  ).toSorted((a, b) => b.atMs - a.atMs || (a.folder < b.folder ? 1 : -1));
}

/** Everything that was lost and is still known somewhere. */
interface Found {
  readonly salvage: Salvage;
  readonly backups: readonly Backup[];
  /** Folders of databases of which not everything could be read, or nothing. */
  readonly damaged: readonly RelPath[];
}

/** Compares the live database with those that were set aside; undefined when there are none, or no live one. */
function findSalvage(facts: Facts, ids: ReadonlySet<string>): Found | undefined {
  const { live } = facts.snapshot;
  const backups = backupsOf(facts);
  if (live === undefined || live.problem !== undefined || backups.length === 0) return undefined;
  const now = facts.tables(live.path, (tables) => readKnown(live.path, tables));
  // Values that cannot be read are not values that are missing.
  if (now === undefined || !now.whole) return undefined;
  const known: Known[] = [];
  const damaged: RelPath[] = [];
  for (const { folder, path } of backups) {
    const use = (tables: Tables) => readKnown(folder, tables);
    const read = facts.tables(path, use) ?? facts.remains?.(path, use);
    if (read !== undefined) known.push(read);
    if (read === undefined || !read.whole) damaged.push(folder);
  }
  return { salvage: mergeSalvage(now, known, ids), backups, damaged };
}

function idsWithRows(threads: Iterable<Thread>): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { id, row } of threads) if (row !== undefined) ids.add(id);
  return ids;
}

/** Tells what was lost. */
export function findLost(facts: Facts): readonly Finding[] {
  const found = findSalvage(facts, idsWithRows(facts.snapshot.threads.values()));
  if (found === undefined) return [];
  const { salvage: { rows, entries, kept }, backups, damaged } = found;
  const telling = entries.filter(({ table }) => TELLING[table] !== undefined);
  if (rows.size + entries.length === 0) return [];
  const isNews = facts.nowMs - (backups[0]?.atMs ?? 0) < NEWS_MS;
  const unread = damaged.length === 0 ? "" : `; not everything in ${damaged.join(", ")} can be read`;
  return [{
    code: "database-salvage",
    // What somebody took away on purpose after the rest was put back is no loss.
    severity: rows.size + telling.length > 0 && kept === 0 && isNews ? "warning" : "info",
    count: rows.size + entries.length,
    repair: "database",
    message:
      `Codex rebuilt its database; ${
        describeLoss(found.salvage)
      } that only the one it set aside knows can be ` +
      `put back${unread}`,
    samples: [
      ...[...rows].map(([id, { cells, from }]) => `${id}: ${describeCells(cells)} (${from})`),
      ...telling.map(({ table, row }) =>
        `${TELLING[table]} ${JSON.stringify(row["name"] ?? row["path"] ?? row["id"])}`
      ),
      ...entries.length > telling.length
        ? [`${entries.length - telling.length} notes on what was read or started`]
        : [],
    ],
  }];
}

/** Tables whose rows people see, with a word for one. */
const TELLING: Partial<Record<SalvagedEntry["table"], string>> = {
  "thread_sections": "section",
  "projects": "project",
  "project_roots": "folder of a project",
  "thread_attachments": "attachment",
};

function describeLoss({ rows, entries }: Salvage): string {
  const has = (name: string) => [...rows.values()].filter(({ cells }) => name in cells).length;
  const pins =
    [...rows.values()].filter(({ cells }) => cells["thread_section_id"]?.after === PINNED_SECTION).length;
  const parts: readonly (readonly [number, string])[] = [
    [has("name"), "name(s)"],
    [pins, "pin(s)"],
    [has("thread_section_id") - pins, "place(s) in a section"],
    [has("project_id"), "place(s) in a project"],
    [has("memory_mode") + has("git_sha") + has("git_branch"), "setting(s)"],
    [entries.length, "entries of other tables"],
  ];
  return parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`).join(", ");
}

function describeCells(cells: RowChange["cells"]): string {
  return Object.entries(cells).filter(([name]) => !name.startsWith("section_")).map(([name, { after }]) =>
    after === PINNED_SECTION ? "pinned" : `${name} ${JSON.stringify(after)}`
  ).join(", ");
}

/** The changes that put back what was lost, for the selected threads; everything where nobody selected any. */
export function planLost(facts: Facts, { threads, named = false }: RepairOptions): Draft {
  const { snapshot: { threads: all, live, codex } } = facts;
  const found = findSalvage(facts, idsWithRows(named ? threads : all.values()));
  if (found === undefined || live === undefined) return { changes: [], skipped: [] };
  const busy = new Set(codex.busyThreads);
  const skipped: Skip[] = [];
  const changes: Change[] = [];
  for (const entry of found.salvage.entries) {
    if (entry.thread === undefined ? !named || isWanted(entry, found.salvage) : !busy.has(entry.thread)) {
      changes.push(addition(live.path, entry));
    }
  }
  for (const [thread, { cells }] of found.salvage.rows) {
    if (busy.has(thread)) skipped.push({ subject: thread, reason: "Codex has it open" });
    else changes.push({ kind: "row", database: live.path, thread, cells });
  }
  return { changes, skipped };
}

/** Whether one of the threads is put into this section or project. */
function isWanted({ table, row }: SalvagedEntry, { rows }: Salvage): boolean {
  const id = table === "project_roots" ? row["project_id"] : row["id"];
  const column = table === "thread_sections" ? "thread_section_id" : "project_id";
  return [...rows.values()].some(({ cells }) => cells[column]?.after === id);
}

function addition(database: AbsPath, { table, row, thread }: SalvagedEntry): EntryChange {
  const names: readonly string[] = SALVAGED_TABLES[table];
  const key = Object.fromEntries(names.map((name) => [name, row[name] ?? ""]));
  const cells = Object.entries(row).filter(([name, value]) => !names.includes(name) && value !== null)
    .map(([name, after]) => [name, { before: null, after }] as const);
  return { kind: "entry", database, table, key, op: "add", thread, cells: Object.fromEntries(cells) };
}

/** A file of a database in the home: itself, or what SQLite keeps beside it. */
interface DatabaseFile {
  readonly path: RelPath;
  readonly size: number;
  readonly mtimeMs: number;
}

/** The files of the database `path`, and a free folder to set them aside in; undefined for one outside the home. */
export function asideOf(
  { files, nowMs, snapshot: { home } }: Facts,
  path: AbsPath,
): { readonly files: readonly DatabaseFile[]; readonly folder: RelPath } | undefined {
  const main = relPathBelow(home, path);
  const beside = main && parentOf(main);
  if (main === undefined || (beside !== undefined && beside !== "sqlite")) return undefined;
  const found = ["", "-wal", "-shm", "-journal"].flatMap((end): DatabaseFile[] => {
    const name = `${main}${end}` as RelPath;
    const stat = files.stat(name);
    return stat?.kind === "file" ? [{ path: name, size: stat.size, mtimeMs: stat.mtimeMs }] : [];
  });
  const root = (beside === undefined ? SET_ASIDE : `${beside}/${SET_ASIDE}`) as RelPath;
  return {
    files: found,
    folder: `${root}/${freeName(files.list(root).map(({ name }) => name), nowMs)}` as RelPath,
  };
}

/** A name as Codex would give it. */
function freeName(taken: readonly string[], nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  let n = 0;
  while (taken.includes(`sqlite-${seconds}-${n}`)) n++;
  return `sqlite-${seconds}-${n}`;
}
