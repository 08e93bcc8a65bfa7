/** Nothing but the columns that are meant is changed in a database, or nothing at all (G18). */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "../assert.ts";
import { buildHome, DATABASE, NEW, runUndisturbed } from "../crash/home.ts";
import { report } from "../proof/figure.ts";
import { checkDocument } from "../scripts/contract.ts";
import { checkInert } from "../scripts/program.ts";
import { IS_LINUX } from "../system/fixture.ts";
import { some } from "./rig.ts";
import { DATABASES, type DatabaseShape } from "./databases.ts";

const LOOKS = [["status"], ["diagnose"], ["sync"], ["repair", "all", "--dry-run"], [
  "sync",
  "--check",
]] as const;

/** Every cell of every table, as SQLite would write it, by table, row and column; undefined: it cannot be read. */
function cellsOf(home: string): ReadonlyMap<string, string> | undefined {
  const path = `${home}/${DATABASE}`;
  try {
    if (!Deno.statSync(path).isFile) return undefined;
  } catch {
    return undefined;
  }
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const cells = new Map<string, string>();
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
    for (const { name } of tables) {
      const columns = database.prepare("select name from pragma_table_info(?)").all(name as string);
      const list = columns.map(({ name }) => `quote("${String(name)}") as "${String(name)}"`).join(", ");
      const rows = database.prepare(`select ${list} from "${String(name)}"`).all();
      const seen = new Map<string, number>();
      rows.forEach((row, n) => {
        const id = row["id"] ?? row["ID"] ?? String(n);
        const twin = (seen.get(String(id)) ?? 0) + 1;
        seen.set(String(id), twin);
        for (const [column, value] of Object.entries(row)) {
          cells.set(`${name} ${id} ${twin} ${column.toLowerCase()}`, String(value));
        }
      });
    }
    return cells;
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}

/** Cells that are not as they were, but for those that `may` name. */
function changedCells(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  may: RegExp,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) =>
    before.get(key) !== after.get(key) && !may.test(key)
  ).map((key) => `${key}: ${before.get(key)?.slice(0, 60)} → ${after.get(key)?.slice(0, 60)}`);
}

/** Names, kinds and bytes, without what SQLite keeps beside a database while it reads. */
function treeOf(home: string): string {
  const lines: string[] = [];
  const walk = (path: string): void => {
    for (
      const { name, isDirectory, isFile } of [...Deno.readDirSync(path)].sort((a, b) =>
        a.name < b.name ? -1 : 1
      )
    ) {
      if (/-(wal|shm)$/.test(name) || name === "backups_state") continue;
      const size = isFile ? readHash(`${path}/${name}`) : isDirectory ? "folder" : "other";
      lines.push(`${path}/${name} ${size}`);
      if (isDirectory) walk(`${path}/${name}`);
    }
  };
  walk(home);
  return lines.join("\n");
}

function readHash(path: string): string {
  let hash = 0;
  for (const byte of Deno.readFileSync(path)) hash = (hash * 31 + byte) >>> 0;
  return String(hash);
}

async function run(
  home: string,
  argv: readonly string[],
  faults: string[],
): Promise<{ code: number; error: string }> {
  const ran = await runUndisturbed(home, [...argv, "--json"]);
  try {
    checkInert(ran.out, "standard output");
    const document = checkDocument(JSON.parse(ran.out));
    const error = document.errors[0]?.code ?? "";
    if (error === "internal") faults.push(`${argv.join(" ")}: ${document.errors[0]?.message}`);
    return { code: ran.code, error };
  } catch (error) {
    faults.push(`${argv.join(" ")}: ${error instanceof Error ? error.message : error}`);
    return { code: ran.code, error: "" };
  }
}

async function faultsOf({ name, make, sync }: DatabaseShape): Promise<{ faults: string[]; runs: number }> {
  const root = Deno.makeTempDirSync({ prefix: "codexkeep-database-" });
  const faults: string[] = [];
  let runs = 0;
  try {
    const home = `${root}/home`;
    buildHome(home, NEW);
    make(home);
    const tree = treeOf(home);
    for (const argv of LOOKS) {
      await run(home, argv, faults);
      runs++;
    }
    if (treeOf(home) !== tree) faults.push("looking changed something");
    const cells = cellsOf(home);
    const { code, error } = await run(home, ["sync", "--apply"], faults);
    runs++;
    const said = code === 0 ? "done" : code === 8 ? "partly" : error;
    if (said !== sync) faults.push(`sync --apply: ${said} (exit ${code})`);
    const after = cellsOf(home);
    if (code !== 0 && code !== 8) {
      if (treeOf(home) !== tree) faults.push("refused, and yet something is otherwise");
    } else if (cells !== undefined && after !== undefined) {
      faults.push(...changedCells(cells, after, /^threads .* (model_provider|made)$/).slice(0, 3));
      const back = await run(home, ["restore", "latest", "--apply"], faults);
      runs++;
      if (code === 0 && back.code !== 0 && back.error !== "record-unknown") {
        faults.push(`restore: exit ${back.code}`);
      }
      faults.push(
        ...changedCells(cells, cellsOf(home) ?? new Map(), /^$/).slice(0, 3).map((line) =>
          `restored: ${line}`
        ),
      );
    }
    for (const argv of [["repair", "all", "--apply"], ["switch", "mock", "--apply"], ["recover"]]) {
      await run(home, argv, faults);
      runs++;
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
  return { faults: faults.map((fault) => `${name}: ${fault}`), runs };
}

Deno.test(
  "databases of every shape are changed where it is meant, or not at all",
  { ignore: !IS_LINUX },
  async () => {
    const started = performance.now();
    const faults: string[] = [];
    let runs = 0;
    const shapes = some(DATABASES, 12);
    for (const shape of shapes) {
      const judged = await faultsOf(shape);
      faults.push(...judged.faults);
      runs += judged.runs;
    }
    report("hostile databases", "shapes", { shapes: shapes.length, runs, faults: faults.length }, started);
    assert(DATABASES.length >= 60);
    assertEquals(faults, []);
  },
);

Deno.test("a writer that puts whole rows anew is found to change more than is meant", () => {
  const started = performance.now();
  const root = Deno.makeTempDirSync({ prefix: "codexkeep-database-" });
  try {
    const home = `${root}/home`;
    buildHome(home, NEW);
    const before = cellsOf(home);
    const database = new DatabaseSync(`${home}/${DATABASE}`);
    database.exec(
      "insert or replace into threads (id, rollout_path, created_at, updated_at, source, model_provider, cwd) " +
        `select id, rollout_path, created_at, updated_at, source, '${NEW}', cwd from threads`,
    );
    database.close();
    const changed = changedCells(
      before ?? new Map(),
      cellsOf(home) ?? new Map(),
      /^threads .* model_provider$/,
    );
    report("hostile databases", "naive writer", { shapes: 1, runs: 1, faults: changed.length }, started, {
      control: true,
    });
    assert(changed.length > 0, "a writer that forgets columns passed");
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
