/** Finds every state database a home may have, says which one Codex is using, and reads its rows. */
import { AppError } from "../core/error.ts";
import { type AbsPath, joinPath, toAbsPath } from "../core/path.ts";
import type { ConfigView, DatabaseProblem, DatabaseView, ThreadRow } from "../core/snapshot.ts";
import {
  SCHEMA_QUERY,
  type SchemaObject,
  schemaProblem,
  STATE_DATABASE,
  STATE_DATABASE_NAME,
  threadsQuery,
  toThreadRow,
} from "../codex/threads.ts";
import { systemCode } from "../system/file_error.ts";
import type { Machine } from "../system/machine.ts";
import { openForReading, type ReadDatabase } from "../system/sqlite.ts";
import { expandTilde } from "./home.ts";

/** Every candidate, and the rows of the live one. */
export interface DatabaseScan {
  readonly views: readonly DatabaseView[];
  readonly live: DatabaseView | undefined;
  readonly rows: readonly ThreadRow[];
}

/** A place to look, before anybody looked. */
type Candidate = Pick<DatabaseView, "path" | "origin">;

/** How often a database that changes while it is read is read again. */
const READ_ATTEMPTS = 3;

/** Looks at every place where Codex may keep its state database. Changes nothing there. */
export function scanDatabases(
  machine: Machine,
  home: AbsPath,
  config: ConfigView,
  sqliteHome: string | undefined,
): DatabaseScan {
  const candidates = listCandidates(machine, home, config, sqliteHome);
  const reads = candidates.map((candidate) => readCandidate(machine, candidate));
  const chosen = choose(reads);
  const views = reads.map((read) => viewOf(read, read === chosen, chosen));
  const live = chosen && views[reads.indexOf(chosen)];
  return { views, live, rows: chosen?.rows ?? [] };
}

/** The folders in the order in which Codex would take them; the first that is named explicitly decides. */
function listCandidates(
  machine: Machine,
  home: AbsPath,
  config: ConfigView,
  sqliteHome: string | undefined,
): Candidate[] {
  const folders: [string | undefined, DatabaseView["origin"], AbsPath][] = [
    [sqliteHome, "flag", machine.cwd()],
    [config.sqliteHome, "config", home],
    [machine.env("CODEX_SQLITE_HOME"), "environment", home],
    [home, "home", home],
    [joinPath(home, "sqlite"), "home/sqlite", home],
  ];
  const seen = new Map<string, Candidate>();
  for (const [folder, origin, from] of folders) {
    if (!folder) continue;
    const place = toAbsPath(expandTilde(machine, folder), from);
    for (const path of databaseFiles(machine, place, isNamed(origin))) {
      const real = orNothing(() => machine.disk.realPath(path)) ?? path;
      if (!seen.has(real)) seen.set(real, { path, origin });
    }
  }
  return [...seen.values()];
}

function isNamed(origin: DatabaseView["origin"]): boolean {
  return origin === "flag" || origin === "config" || origin === "environment";
}

/** The state databases of any epoch in a folder; where Codex is told to look, also the one that ought to be there. */
function databaseFiles(machine: Machine, folder: AbsPath, expected: boolean): AbsPath[] {
  const names = (orNothing(() => machine.disk.list(folder)) ?? []).map((entry) => entry.name).filter((name) =>
    STATE_DATABASE_NAME.test(name)
  );
  if (expected && !names.includes(STATE_DATABASE)) names.push(STATE_DATABASE);
  return names.map((name) => joinPath(folder, name));
}

interface CandidateRead extends Candidate {
  readonly rows: readonly ThreadRow[] | undefined;
  readonly changedMs: number;
  readonly problem: DatabaseProblem | undefined;
}

function readCandidate(machine: Machine, candidate: Candidate): CandidateRead {
  const changedMs = changedAt(machine, candidate.path);
  try {
    return { ...candidate, rows: readRows(machine, candidate.path), changedMs, problem: undefined };
  } catch (error) {
    if (!(error instanceof AppError) || !isDatabaseCode(error.code)) throw error;
    return {
      ...candidate,
      rows: undefined,
      changedMs,
      problem: { code: error.code, message: error.message },
    };
  }
}

function isDatabaseCode(code: string): code is DatabaseProblem["code"] {
  return code.startsWith("database-");
}

/** The moment of the newest write: the log is written long before the database itself. */
function changedAt(machine: Machine, path: AbsPath): number {
  const log = orNothing(() => machine.disk.stat(`${path}-wal`));
  const own = orNothing(() => machine.disk.stat(path));
  return Math.max(own?.mtimeMs ?? 0, log && log.size > 0 ? log.mtimeMs : 0);
}

/** What leads nowhere, links in a circle and names that no file can have included. */
const NOWHERE: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

/** What a look at the disk gives. A disk that fails is not taken for one on which there is no database. */
function orNothing<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch (error) {
    if (NOWHERE.has(systemCode(error))) return undefined;
    throw error;
  }
}

function readRows(machine: Machine, path: AbsPath): readonly ThreadRow[] {
  for (let attempt = 1;; attempt++) {
    const database = openForReading(path, machine.disk);
    try {
      const rows = rowsOf(database);
      if (!database.changedSince() || attempt === READ_ATTEMPTS) return rows;
    } finally {
      database.close();
    }
  }
}

function rowsOf(database: ReadDatabase): readonly ThreadRow[] {
  const columns = database.columns("threads");
  const problem = schemaProblem(database.all(SCHEMA_QUERY) as unknown as SchemaObject[], columns);
  if (problem !== undefined) {
    throw new AppError(
      "database-schema",
      `state database "${database.path}" is of an unknown form: ${problem}`,
    );
  }
  const rows: ThreadRow[] = [];
  database.each(threadsQuery(columns), [], (row) => rows.push(toThreadRow(row)));
  return rows;
}

/** A place somebody named wins; between Codex's own two places the one written last does. */
function choose(reads: readonly CandidateRead[]): CandidateRead | undefined {
  const current = reads.filter((read) => read.path.endsWith(STATE_DATABASE));
  const named = current.find((read) => isNamed(read.origin));
  if (named !== undefined) return named;
  const present = current.filter((read) => read.changedMs > 0);
  return present.reduce<CandidateRead | undefined>(
    (best, read) => best === undefined || read.changedMs > best.changedMs ? read : best,
    undefined,
  );
}

function viewOf(read: CandidateRead, live: boolean, chosen: CandidateRead | undefined): DatabaseView {
  const { path, origin, changedMs, problem } = read;
  return {
    path,
    origin,
    changedMs,
    problem,
    live,
    threads: read.rows?.length,
    because: reason(read, live, chosen),
  };
}

function reason(read: CandidateRead, live: boolean, chosen: CandidateRead | undefined): string {
  if (!read.path.endsWith(STATE_DATABASE)) return `Codex uses ${STATE_DATABASE}, not this epoch`;
  if (!live) {
    return chosen && isNamed(chosen.origin) ? `${place(chosen)} names another place` : "written earlier";
  }
  if (isNamed(read.origin)) return `${place(read)} names this place`;
  return read.origin === "home"
    ? "Codex's default place, written last"
    : "the desktop app's place, written last";
}

function place(read: CandidateRead): string {
  return {
    flag: "--sqlite-home",
    config: "config.toml",
    environment: "CODEX_SQLITE_HOME",
  }[read.origin as string] ??
    read.origin;
}
