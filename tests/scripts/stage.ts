/** The place where a script or test is played: a home in a folder of its own, and what the last run did to it. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";
import { assert, assertEquals } from "../assert.ts";
import type { ThreadSpec } from "../home.ts";
import { HOMES, type MadeThread, makeHome, rowsOf } from "./homes.ts";
import { type JsonRun, type Run, run, runJson, type Setting } from "./program.ts";
import { changedFiles, DATABASES, differences, RECORDS, type Tree, treeOf } from "./tree.ts";

/** The state of a home, to be compared later; our own records left out. */
export interface Remembered {
  readonly tree: Tree;
  readonly rows: readonly string[];
}

/** A home to play on. */
export interface Stage {
  /** Folder of the home and of everything beside it. */
  readonly folder: string;
  readonly home: string;
  readonly threads: readonly MadeThread[];
  /** A file of the home; an absolute path stays. */
  path(file: string): string;
  /** Runs the program on the home. */
  run(args: readonly string[], more?: Setting): Promise<Run>;
  /** The same with `--json`. */
  json(args: readonly string[], more?: Setting): Promise<JsonRun>;
  /** Fails unless the last run left every file and folder of the home alone. */
  unchanged(): void;
  /** The same for a run that was told to write and refused: probing may have touched the times of folders. */
  kept(): void;
  /** Fails unless the last run changed, made or removed exactly these files; records are passed over. */
  changed(files: readonly string[]): void;
  /** What is there now. */
  remember(): Remembered;
  /** Fails unless files and rows are as they were. */
  same(then: Remembered): void;
  /** The providers that thread `n` names: first line of each file, last settings of each file, row. */
  copies(n: number): string;
  /** Ids of the records, oldest first. */
  records(): string[];
  /** Runs SQL in a database of the home. */
  sql(statement: string, file?: string, ...values: SQLInputValue[]): void;
}

/** Makes a home, plays on it, and removes it. */
export async function onStage(
  what: string | readonly ThreadSpec[],
  play: (stage: Stage) => void | Promise<void>,
  config?: string,
): Promise<void> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-script-" }));
  try {
    const specs = typeof what === "string" ? HOMES[what] : what;
    assert(specs !== undefined, `there is no home "${what}"`);
    const threads = makeHome(`${folder}/home`, specs, config);
    await play(makeStage(folder, threads));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function makeStage(folder: string, threads: readonly MadeThread[]): Stage {
  const home = `${folder}/home`;
  const database = `${home}/state_5.sqlite`;
  let before: Tree = new Map();
  const path = (file: string) => file.startsWith("/") ? file : `${home}/${file}`;
  const look = () => treeOf(home, { contentOnly: true, without: [RECORDS, ...DATABASES] });
  const watched = <T>(go: (args: readonly string[], setting: Setting) => Promise<T>) =>
  async (
    args: readonly string[],
    more: Setting = {},
  ) => {
    before = treeOf(home);
    return await go(args, { home, ...more });
  };
  return {
    folder,
    home,
    threads,
    path,
    run: watched(run),
    json: watched(runJson),
    unchanged: () => assertEquals(differences(before, treeOf(home)), [], "the run changed something"),
    kept: () => {
      const found = differences(before, treeOf(home)).filter((line) =>
        !/^[^:]*\/: folder .* → folder /.test(line)
      );
      assertEquals(found, [], "the run changed something");
    },
    changed: (files) => {
      const found = changedFiles(before, treeOf(home)).filter((file) => !file.startsWith(RECORDS));
      assertEquals(found, [...files].sort());
    },
    remember: () => ({ tree: look(), rows: exists(database) ? rowsOf(database) : [] }),
    same: ({ tree, rows }) => {
      assertEquals(differences(tree, look()), []);
      assertEquals(exists(database) ? rowsOf(database) : [], [...rows]);
    },
    copies: (n) => copiesOf(home, threads[n - 1]!),
    records: () => recordsIn(home),
    sql: (statement, file = "state_5.sqlite", ...values) => {
      const connection = new DatabaseSync(path(file));
      try {
        connection.prepare(statement).run(...values);
      } finally {
        connection.close();
      }
    },
  };
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}

/** Ids of the records of a home, oldest first. */
export function recordsIn(home: string): string[] {
  try {
    return [...Deno.readDirSync(`${home}/${RECORDS}/codexkeep`)].map(({ name }) => name)
      .filter((name) => /^\d{6}-/.test(name)).sort();
  } catch {
    return [];
  }
}

/** Told without any code of the program, so that it is a second opinion. */
function copiesOf(home: string, { id, files }: MadeThread): string {
  const copies = files.flatMap((file) => {
    const lines = contentOf(`${home}/${file}`).split(/\r?\n/).filter((line) => line !== "");
    const [first = "{}"] = lines;
    const settings = lines.filter((line) => line.includes('"thread_settings_applied"')).at(-1);
    return [
      field(JSON.parse(first), "payload", "model_provider"),
      ...settings === undefined
        ? []
        : [field(JSON.parse(settings), "payload", "thread_settings", "model_provider_id")],
    ];
  });
  const row = rowsOf(`${home}/state_5.sqlite`).map((text) => JSON.parse(text) as Record<string, unknown>)
    .find((one) => one.id === id);
  copies.push(row === undefined ? "no row" : String(row.model_provider));
  return new Set(copies).size === 1 ? copies[0]! : copies.join("/");
}

/** Text of a rollout, compressed or not. */
export function contentOf(path: string): string {
  const bytes = Deno.readFileSync(path);
  return new TextDecoder().decode(path.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes);
}

function field(value: unknown, ...keys: readonly string[]): string {
  const found = keys.reduce<unknown>(
    (one, key) => (one as Record<string, unknown> | undefined)?.[key],
    value,
  );
  return String(found);
}
