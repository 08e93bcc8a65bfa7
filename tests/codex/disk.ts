/** What lies on the disk of a Codex home, read and changed without Codex. */
import { DatabaseSync } from "node:sqlite";
import { asObject, type JsonObject } from "./json.ts";

/** The columns of a `threads` row that the tests compare. */
export type ThreadRow = {
  readonly id: string;
  readonly path: string;
  readonly provider: string;
  readonly cwd: string;
  readonly preview: string;
  readonly name: string | null;
  readonly source: string;
  readonly archived: boolean;
};

/** Absolute paths of all rollout files, active ones first, each group in order of their names. */
export function rolloutFiles(home: string): readonly string[] {
  return ["sessions", "archived_sessions"].flatMap((folder) => filesBelow(`${home}/${folder}`).toSorted());
}

/** The rollout files of one thread, oldest segment first; throws when there is none. */
export function filesOf(home: string, id: string): readonly string[] {
  const files = rolloutFiles(home).filter((path) => new RegExp(`-${id}(_[0-9a-f-]{36})?\\.jsonl`).test(path));
  if (files.length === 0) throw new Error(`no rollout of thread ${id} in "${home}"`);
  return files;
}

/** The lines of an uncompressed rollout, parsed. */
export function linesOf(path: string): readonly JsonObject[] {
  return Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => asObject(JSON.parse(line)));
}

/** Replaces the lines of a rollout by what `edit` gives and keeps the file's times. */
export function editLines(path: string, edit: (lines: readonly string[]) => readonly string[]): void {
  const { atime, mtime } = Deno.statSync(path);
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  Deno.writeTextFileSync(path, edit(lines).join("\n") + "\n");
  if (atime !== null && mtime !== null) Deno.utimeSync(path, atime, mtime);
}

/** Every row of the thread index, in order of id. */
export function threadRows(home: string): readonly ThreadRow[] {
  return withIndex(
    home,
    (database) =>
      database.prepare("SELECT * FROM threads ORDER BY id").all().map((row) => ({
        id: String(row["id"]),
        path: String(row["rollout_path"]),
        provider: String(row["model_provider"]),
        cwd: String(row["cwd"]),
        preview: String(row["preview"]),
        name: row["name"] === null ? null : String(row["name"]),
        source: String(row["source"]),
        archived: row["archived"] === 1,
      })),
  );
}

/** Runs SQL on the thread index of a home no Codex is using. */
export function changeIndex(home: string, sql: string, ...values: readonly (string | number | null)[]): void {
  withIndex(home, (database) => database.prepare(sql).run(...values));
}

/** Runs SQL on the history database of a home no Codex is using. */
export function changeHistory(home: string, sql: string): void {
  const database = new DatabaseSync(`${home}/thread_history_1.sqlite`);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

/** Deletes the thread index, which makes Codex rebuild it from the rollouts at its next start. */
export function dropIndex(home: string): void {
  for (const end of ["", "-wal", "-shm"]) {
    try {
      Deno.removeSync(`${home}/state_5.sqlite${end}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Points the rows of a copied home to the copied rollouts; no other column names the home (seen in Codex 0.169). */
export function relocateRows(from: string, to: string): void {
  changeIndex(
    to,
    "UPDATE threads SET rollout_path = ?1 || substr(rollout_path, length(?2) + 1)" +
      " WHERE substr(rollout_path, 1, length(?2)) = ?2",
    to,
    from,
  );
}

function withIndex<T>(home: string, use: (database: DatabaseSync) => T): T {
  const path = `${home}/state_5.sqlite`;
  Deno.statSync(path); // opening must not create it
  const database = new DatabaseSync(path);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

function filesBelow(folder: string): readonly string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) return filesBelow(path);
      return entry.name.startsWith("rollout-") ? [path] : [];
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
