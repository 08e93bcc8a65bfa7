/** Whole rows of threads that have none here yet: as Codex on another machine wrote them, with what is different here. */
import type { Cells, Value } from "../codex/salvage.ts";
import { movedFolder } from "../core/folder.ts";
import type { AbsPath } from "../core/path.ts";
import type { EntryChange } from "../core/plan.ts";
import type { Rollout } from "../core/snapshot.ts";
import type { Facts, FolderMap, Tables } from "../repairs/repair.ts";
import { rowPathOf } from "../repairs/row_path.ts";

/** A column of the table of threads. */
export interface Column {
  readonly name: string;
  /** It may not be null, and nothing stands in for it. */
  readonly isNeeded: boolean;
}

/** The columns that the live database has for threads. */
export function threadColumns(tables: Tables): readonly Column[] {
  const query = 'select name, "notnull" as needed, dflt_value as otherwise from pragma_table_info(?)';
  return tables.all(query, "threads").map(({ name, needed, otherwise }) => ({
    name: String(name),
    isNeeded: Number(needed) !== 0 && otherwise === null,
  }));
}

/** What a row is made from. */
export interface NewRow {
  readonly facts: Facts;
  readonly database: AbsPath;
  readonly columns: readonly Column[];
  readonly id: string;
  /** The newest file of the thread. */
  readonly rollout: Rollout;
  /** What another machine says of it. */
  readonly row: Cells;
  readonly maps: readonly FolderMap[];
}

/** The new row; undefined for one that the database cannot take: Codex then makes one from the file. */
export function newRow(
  { facts, database, columns, id, rollout, row, maps }: NewRow,
): EntryChange | undefined {
  const cwd = String(row["cwd"] ?? "");
  const own: Record<string, Value> = {
    ...withTimes(row),
    cwd: movedFolder(cwd, maps) ?? cwd,
    // As a rebuild of the database would say: what the file says last.
    model_provider: rollout.recorded ?? rollout.meta?.provider ?? row["model_provider"] ?? null,
    rollout_path: rowPathOf(facts, rollout.path),
    archived: Number(rollout.archived),
    archived_at: rollout.archived ? row["archived_at"] ?? Math.floor(rollout.stamp.mtimeMs / 1000) : null,
  };
  const wanted = columns.filter(({ name }) => name !== "id" && (own[name] ?? null) !== null);
  const names = new Set(wanted.map(({ name }) => name));
  if (columns.some(({ name, isNeeded }) => isNeeded && name !== "id" && !names.has(name))) return undefined;
  const cells = Object.fromEntries(
    wanted.map(({ name }) => [name, { before: null, after: own[name] ?? null }]),
  );
  return { kind: "entry", database, table: "threads", key: { id }, op: "add", thread: id, cells };
}

/** Both forms of every time: where one is missing, triggers of the database would fill it in. */
export function withTimes(row: Cells): Cells {
  const whole: Record<string, Value> = { ...row };
  for (const name of ["created_at", "updated_at", "recency_at"]) {
    const seconds = Number(whole[name] ?? 0);
    const ms = Number(whole[`${name}_ms`] ?? 0) || seconds * 1000;
    if (ms > 0) Object.assign(whole, { [name]: seconds || Math.floor(ms / 1000), [`${name}_ms`]: ms });
  }
  for (const end of ["", "_ms"]) whole[`recency_at${end}`] ??= whole[`updated_at${end}`] ?? null;
  return whole;
}
