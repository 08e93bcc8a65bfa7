/**
 * The SQL that looks at and changes single rows of Codex's databases. Names of tables and columns are checked before
 * they get here; values are always parameters.
 */

/** A row is named by the columns of its key, and guarded by the values it must have. */
function whereOf(key: readonly string[], guard: readonly string[]): string {
  return [...key.map((name) => `${name} = ?`), ...guard.map((name) => `${name} is ?`)].join(" and ");
}

/** Sets columns of a row that has its old values. Parameters: new values, key, old values. */
export function changeStatement(table: string, key: readonly string[], columns: readonly string[]): string {
  return `update ${table} set ${columns.map((name) => `${name} = ?`).join(", ")} where ${
    whereOf(key, columns)
  }`;
}

/** Adds a row. Parameters: values in the order of `columns`. */
export function addStatement(table: string, columns: readonly string[]): string {
  return `insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`;
}

/** A column as `pragma table_info` lists it; `otherwise` is the SQL text of its default. */
export interface ColumnInfo {
  readonly name: string;
  readonly otherwise: string | null;
}

/** Query for the {@link ColumnInfo}s of the table given as parameter. */
export const COLUMNS_QUERY = "select name, dflt_value as otherwise from pragma_table_info(?)";

/**
 * Removes a row that has its old values and, in every column that is not named, what a new row gets there: only such
 * a row can be added again as it was. Parameters: key, old values.
 */
export function removeStatement(
  table: string,
  key: readonly string[],
  columns: readonly string[],
  all: readonly ColumnInfo[],
): string {
  const unnamed = all.filter(({ name }) => !key.includes(name) && !columns.includes(name));
  // These names were not checked: they are those of the table, whatever they are.
  const plain = unnamed.map(({ name, otherwise }) =>
    ` and "${name.replaceAll('"', '""')}" is (${otherwise ?? "null"})`
  );
  return `delete from ${table} where ${whereOf(key, columns)}${plain.join("")}`;
}

/** How many rows of this key have these values. Parameters: key, values. */
export function countStatement(table: string, key: readonly string[], columns: readonly string[]): string {
  return `select count(*) as n from ${table} where ${whereOf(key, columns)}`;
}

/** Columns of a row; all of them when none is named. Parameters: key. */
export function cellsStatement(table: string, key: readonly string[], columns: readonly string[]): string {
  return `select ${columns.length === 0 ? "*" : columns.join(", ")} from ${table} where ${whereOf(key, [])}`;
}

/** Query for the triggers of the table given as parameter. */
export const TRIGGERS_QUERY = "select name, sql from sqlite_master where type = 'trigger' and tbl_name = ?";

/**
 * Whether a trigger can fire on an operation. An update sets it off unless it names columns and none of them is
 * changed; one whose text is not understood reacts to everything.
 */
export function mayReact(
  sql: string,
  op: "change" | "add" | "remove",
  columns: Iterable<string>,
): boolean {
  const head = sql.replaceAll(/\s+/g, " ").slice(0, 500).toLowerCase();
  if (/ insert on /.test(head)) return op === "add";
  if (/ delete on /.test(head)) return op === "remove";
  const named = / update of ([a-z0-9_, ]+) on /.exec(head)?.[1];
  if (named === undefined) return / update on /.test(head) ? op === "change" : true;
  if (op !== "change") return false;
  const watched = new Set(named.split(",").map((name) => name.trim()));
  return [...columns].some((name) => watched.has(name));
}
