/** What lies in a Codex home, in a form that can be compared to the byte. */
import type { AbsPath } from "../../lib/core/path.ts";
import { dumpRows, treeHash } from "../home.ts";

/** Everything in a home but codexkeep's own records. */
export type HomePrint = {
  /** Path to SHA-256, mode and change time (milliseconds) of every file that is no database. */
  readonly files: ReadonlyMap<string, string>;
  /** Every row of every table of every database, sorted. */
  readonly rows: readonly string[];
};

/** Prints of a home no Codex is using. Leaves no trace in it. */
export function printHome(home: string): HomePrint {
  const databases = [...Deno.readDirSync(home)].map(({ name }) => name).filter((name) =>
    name.endsWith(".sqlite")
  );
  const rows = databases.flatMap((name) =>
    dumpRows(`${home}/${name}` as AbsPath).map((row) => `${name} ${row}`)
  );
  return { files: treeHash(home as AbsPath), rows: rows.toSorted() };
}

/** What differs between two prints, one line per file or row; empty when nothing does. */
export function printDifferences(before: HomePrint, after: HomePrint): readonly string[] {
  const paths = new Set([...before.files.keys(), ...after.files.keys()]);
  const files = [...paths].filter((path) => before.files.get(path) !== after.files.get(path)).map((path) =>
    `${path}: ${before.files.get(path) ?? "nothing"} became ${after.files.get(path) ?? "nothing"}`
  );
  const [was, is] = [new Set(before.rows), new Set(after.rows)];
  return [
    ...files,
    ...before.rows.filter((row) => !is.has(row)).map((row) => `gone: ${row}`),
    ...after.rows.filter((row) => !was.has(row)).map((row) => `new: ${row}`),
  ];
}
