/** Throw-away Codex homes for tests, and what is in them in a form that can be compared. */
import type { AbsPath } from "../lib/core/path.ts";
import { buildHome, type BuiltHome } from "../lib/demo/home.ts";
import * as prints from "../lib/demo/prints.ts";
import type { HomeSpec } from "../lib/demo/spec.ts";
import { realDisk } from "../lib/system/disk.ts";

export type { BuiltHome, BuiltThread } from "../lib/demo/home.ts";
export type { HomeSpec, ThreadSpec } from "../lib/demo/spec.ts";
export { differences } from "../lib/demo/prints.ts";
export { talk } from "../lib/demo/spec.ts";

/** Builds a home in a new folder, runs `use` on it and removes the folder, whatever happens. */
export async function withHome<T>(spec: HomeSpec, use: (home: BuiltHome) => T | Promise<T>): Promise<T> {
  return await withFolder(async (folder) =>
    await use(buildHome(realDisk, `${folder}/home` as AbsPath, spec))
  );
}

/** Makes a new folder (its real path), runs `use` and removes the folder, whatever happens. */
export async function withFolder<T>(use: (folder: AbsPath) => T | Promise<T>): Promise<T> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-test-" })) as AbsPath;
  try {
    return await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Path in the home to SHA-256, mode and change time of every file, without databases and our own records. */
export function treeHash(home: AbsPath): prints.TreePrint {
  return prints.treeHash(realDisk, home);
}

/** Every row of every table of a database, sorted. */
export function dumpRows(database: AbsPath): readonly string[] {
  return prints.dumpRows(realDisk, database);
}
