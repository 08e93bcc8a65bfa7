/**
 * Builds synthetic Codex homes: values in, files out. Files, rows, byte offsets, ordinals and times fit together as in
 * homes of Codex 0.169, and are the same at every run. Made for the demo and for the tests of the whole project.
 */
import { type AbsPath, inHome, joinPath, parentOf, type RelPath } from "../core/path.ts";
import type { Disk } from "../system/disk.ts";
import { openForWriting } from "../system/sqlite.ts";
import { createDatabase, type Statement } from "../system/sqlite_create.ts";
import { compressZstd } from "../system/zstd.ts";
import type { BuiltFile } from "./rollout.ts";
import type { ConfigSpec, DatabaseSpec, HomeSpec, TurnSpec } from "./spec.ts";
import { type Conversation, converse } from "./thread.ts";
import { historyStatements, rowPath, stateStatements } from "./tables.ts";

/** A home that was built. */
export interface BuiltHome {
  readonly path: AbsPath;
  /** In the order of the specification. */
  readonly threads: readonly BuiltThread[];
  /** Where the databases are; undefined without databases. */
  readonly state: AbsPath | undefined;
  readonly history: AbsPath | undefined;
}

/** A thread of it. */
export interface BuiltThread {
  readonly id: string;
  readonly label: string | undefined;
  /** Oldest first; empty when it has none. */
  readonly files: readonly BuiltFile[];
  /** What its row says about where it is; undefined when it has no row. */
  readonly rowPath: AbsPath | undefined;
  /** The turns that Codex shows, inherited ones included, oldest first. */
  readonly turns: readonly TurnSpec[];
}

/** When the first thread of a home is begun, unless it says so itself: 2026-01-05, 10:00 UTC. */
export const FIRST_THREAD_MS: number = Date.UTC(2026, 0, 5, 10);

/** Time between the beginnings of two threads that do not say when they are begun. */
const BETWEEN_THREADS_MS = 6 * 3_600_000;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Builds a home in `home`, which is made when it does not exist; its folder must exist. Throws `AppError` as the disk
 * does, among others when one of the files is there already.
 */
export function buildHome(disk: Disk, home: AbsPath, spec: HomeSpec): BuiltHome {
  disk.makeDir(home, FOLDER_MODE);
  if (spec.config !== false) {
    writeText(disk, joinPath(home, "config.toml"), configText(spec.config ?? {}));
  }
  disk.makeDir(joinPath(home, "sessions"), FOLDER_MODE);
  const threads = converseAll(spec);
  for (const thread of threads) writeFiles(disk, home, thread);
  writeNames(disk, home, threads);
  const databases = spec.database === false ? undefined : writeDatabases(disk, home, threads, spec.database);
  return {
    path: home,
    threads: threads.map((thread) => describe(home, thread)),
    state: databases?.state,
    history: databases?.history,
  };
}

function converseAll({ threads }: HomeSpec): Conversation[] {
  const labelled = new Map<string, Conversation>();
  const parentOf = (label: string) => {
    const parent = labelled.get(label);
    if (parent === undefined) throw new TypeError(`no earlier thread is labelled "${label}"`);
    return parent;
  };
  return threads.map((spec, index) => {
    const atMs = spec.atMs ?? FIRST_THREAD_MS + index * BETWEEN_THREADS_MS;
    const thread = converse(spec, atMs, String(index + 1), parentOf);
    if (spec.label !== undefined) labelled.set(spec.label, thread);
    return thread;
  });
}

function describe(home: AbsPath, thread: Conversation): BuiltThread {
  const { id, spec, files, shown } = thread;
  return {
    id,
    label: spec.label,
    files: spec.file === false ? [] : files,
    rowPath: spec.row === false ? undefined : rowPath(home, thread),
    turns: shown.map(({ turn }) => turn),
  };
}

function writeFiles(disk: Disk, home: AbsPath, { spec, files, contents }: Conversation): void {
  if (spec.file === false) return;
  files.forEach(({ path, mtimeMs }, index) => {
    const whole = contents[index] ?? new Uint8Array();
    const bytes = spec.content?.(whole) ?? whole;
    makeFolders(disk, home, path);
    const coded = spec.compressed ? compressZstd(bytes) : bytes;
    write(disk, inHome(home, path), coded, { mtimeMs, mode: spec.fileMode ?? FILE_MODE });
  });
}

function makeFolders(disk: Disk, home: AbsPath, path: RelPath): void {
  const folder = parentOf(path);
  if (folder === undefined || disk.lstat(inHome(home, folder)) !== undefined) return;
  makeFolders(disk, home, folder);
  disk.makeDir(inHome(home, folder), FOLDER_MODE);
}

/** `session_index.jsonl`, to which Codex appends every name that is given. */
function writeNames(disk: Disk, home: AbsPath, threads: readonly Conversation[]): void {
  const lines = threads.flatMap(({ id, spec: { name }, files, atMs }) =>
    name === undefined ? [] : [
      JSON.stringify({
        id,
        thread_name: name,
        updated_at: new Date(files.at(-1)?.lastMs ?? atMs).toISOString(),
      }),
    ]
  );
  if (lines.length > 0) writeText(disk, joinPath(home, "session_index.jsonl"), lines.join("\n") + "\n");
}

function writeDatabases(
  disk: Disk,
  home: AbsPath,
  threads: readonly Conversation[],
  spec: DatabaseSpec = {},
): { state: AbsPath; history: AbsPath } {
  const folder = spec.place === "sqlite" ? joinPath(home, "sqlite") : home;
  disk.makeDir(folder, FOLDER_MODE);
  const state = joinPath(folder, "state_5.sqlite");
  const history = joinPath(folder, "thread_history_1.sqlite");
  const fill = spec.tables === "present" ? addTo : createDatabase;
  fill(state, stateStatements(home, threads, spec));
  fill(history, historyStatements(threads, spec));
  return { state, history };
}

function addTo(path: AbsPath, statements: Iterable<Statement>): void {
  const database = openForWriting(path, 2000);
  try {
    database.begin();
    for (const { sql, values = [] } of statements) database.run(sql, ...values);
    database.commit();
  } finally {
    database.close();
  }
}

/** A configuration as people have it: comments, and a table for each provider. No provider can be reached. */
export function configText(
  { provider, providers = [], model = "gpt-5", head = "", tail = "" }: ConfigSpec,
): string {
  const tables = providers.map((id) =>
    `\n[model_providers.${/^[\w-]+$/.test(id) ? id : JSON.stringify(id)}]\n` +
    `name = ${JSON.stringify(id)}\nbase_url = "http://127.0.0.1:9/v1"\nwire_api = "responses"\n`
  );
  const root = provider === undefined ? "" : `model_provider = ${JSON.stringify(provider)} # who answers\n`;
  return `${head}# my settings\nmodel = ${JSON.stringify(model)}\n${root}${tables.join("")}${tail}`;
}

function writeText(disk: Disk, path: AbsPath, text: string): void {
  write(disk, path, new TextEncoder().encode(text), { mtimeMs: undefined, mode: FILE_MODE });
}

function write(
  disk: Disk,
  path: AbsPath,
  bytes: Uint8Array,
  { mtimeMs, mode }: { readonly mtimeMs: number | undefined; readonly mode: number },
): void {
  const file = disk.createFile(path, mode);
  try {
    file.write(bytes);
    if (mtimeMs !== undefined) file.setTimes(mtimeMs, mtimeMs);
  } finally {
    file.close();
  }
}
