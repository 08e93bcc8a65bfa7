import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import { databaseReport } from "../../lib/repairs/database.ts";
import type { Facts, FileEntry, TableRow, Tables } from "../../lib/repairs/repair.ts";
import type { Snapshot } from "../../lib/core/snapshot.ts";
import { assertEquals, assertMatch } from "../assert.ts";
import { DATABASE, databaseOf, HOME, threadId, threadOf } from "../codex_model/snapshots.ts";
import { factsOf, NO_FILES, NOW_MS } from "./facts.ts";

const OPTIONS = { threads: [], from: undefined };
const DAY_MS = 24 * 3600 * 1000;

/** What a database says: rows of threads that have something to tell, its check, its migrations. */
interface Said {
  readonly threads?: readonly TableRow[];
  readonly check?: string;
  readonly migrations?: readonly TableRow[];
  /** Of the Codex that made the newest thread. */
  readonly version?: string;
}

function tablesOf({ threads = [], check = "ok", migrations = [], version = "0.169.0" }: Said): Tables {
  return {
    columns: (table) => table === "threads" ? ["id", "name"] : [],
    all: (sql) =>
      sql.includes("quick_check")
        ? [{ quick_check: check }]
        : sql.includes("cli_version")
        ? [{ version }]
        : sql.includes("_sqlx_migrations")
        ? migrations
        : sql.includes('from "threads"')
        ? threads
        : [],
  };
}

/** A home with a live database and one that was set aside `days` ago. */
function home(live: Said, aside?: Said, days = 1, more: Partial<Snapshot> = {}): Facts {
  const folder = `sqlite-${Math.floor((NOW_MS - days * DAY_MS) / 1000)}-0`;
  const entry = (name: string, kind: FileEntry["kind"]): FileEntry => ({
    name,
    kind,
    size: 8192,
    mtimeMs: 5,
  });
  const named: Record<string, Said> = {
    [DATABASE]: live,
    ...(aside ? { [`${HOME}/db-backups/${folder}/state_5.sqlite`]: aside } : {}),
  };
  return {
    ...factsOf([threadOf(1), threadOf(2)], {}, more),
    files: {
      ...NO_FILES,
      list: (path) =>
        path === "db-backups" && aside ? [entry(folder, "directory"), entry("other", "directory")] : [],
      stat: (path) => /^state_5\.sqlite(-wal)?$/.test(path) ? entry(path, "file") : undefined,
    },
    tables: (path, use) => named[path] && use(tablesOf(named[path])),
  };
}

const NAMED = { threads: [{ id: threadId(1), name: "lost" }] };

Deno.test("databaseReport has nothing to say about a sound database, nor about one that knows what backups know", () => {
  assertEquals(databaseReport.find(home({})), []);
  assertEquals(databaseReport.find(home(NAMED, NAMED)), []);
  assertEquals(databaseReport.plan!(home(NAMED, NAMED), OPTIONS), { changes: [], skipped: [] });
});

Deno.test("databaseReport tells what only a backup knows, and puts it back by the row", () => {
  const facts = home({}, NAMED);
  const [finding, ...more] = databaseReport.find(facts);
  assertEquals(more, []);
  assertEquals([finding?.code, finding?.severity, finding?.count], ["database-salvage", "warning", 1]);
  assertMatch(finding?.samples[0] ?? "", /name "lost" \(db-backups\/sqlite-\d+-0\)/);
  assertEquals(databaseReport.plan!(facts, OPTIONS).changes, [{
    kind: "row",
    database: DATABASE,
    thread: threadId(1),
    cells: { name: { before: null, after: "lost" } },
  }]);
});

Deno.test("databaseReport warns of a loss only while it is news and nothing of it is back", () => {
  assertEquals(databaseReport.find(home({}, NAMED, 40))[0]?.severity, "info");
  const two = { threads: [...NAMED.threads, { id: threadId(2), name: "too" }] };
  assertEquals(databaseReport.find(home(NAMED, two))[0]?.severity, "info");
});

Deno.test("databaseReport leaves threads alone that are open, not selected, or not there", () => {
  const gone = { threads: [{ id: threadId(9), name: "gone" }] };
  assertEquals(databaseReport.find(home({}, gone)), []);
  const busy = home({}, NAMED, 1, { codex: { processes: [], busyThreads: [threadId(1)] } });
  assertEquals(databaseReport.plan!(busy, OPTIONS), {
    changes: [],
    skipped: [{ subject: threadId(1), reason: "Codex has it open" }],
  });
  assertEquals(databaseReport.plan!(home({}, NAMED), { ...OPTIONS, named: true }).changes, []);
});

/** Where a plan moves files. */
function movesOf(facts: Facts): readonly string[] {
  return databaseReport.plan!(facts, OPTIONS).changes.map((change) =>
    change.kind === "move" ? `${change.path} to ${change.to}` : change.kind
  );
}

Deno.test("databaseReport sets aside a database with damage that only Codex looks for, with its side file", () => {
  const facts = home({ check: "*** in database main ***\nTree 11 page 11: bad" });
  const [finding] = databaseReport.find(facts);
  assertEquals([finding?.code, finding?.severity, finding?.repair], [
    "database-malformed",
    "error",
    "database",
  ]);
  assertEquals(finding?.samples, ["*** in database main *** Tree 11 page 11: bad"]);
  const folder = `db-backups/sqlite-${NOW_MS / 1000}-0`;
  assertEquals(movesOf(facts), [
    `state_5.sqlite to ${folder}/state_5.sqlite`,
    `state_5.sqlite-wal to ${folder}/state_5.sqlite-wal`,
  ]);
});

Deno.test("databaseReport sets a database aside in a folder of its own", () => {
  const facts = home({ check: "bad" }, {}, 0);
  assertMatch(movesOf(facts)[0] ?? "", /-1\/state_5\.sqlite$/);
});

Deno.test("databaseReport sets aside one that cannot be read, but none that is busy, unknown or elsewhere", () => {
  const problem = (code: "database-malformed" | "database-busy" | "database-schema", path = DATABASE) => {
    const live = databaseOf({ path, problem: { code, message: "why" }, threads: undefined });
    return home({}, undefined, 1, { live, databases: [live] });
  };
  assertEquals(movesOf(problem("database-malformed")).length, 2);
  for (const code of ["database-busy", "database-schema"] as const) {
    assertEquals(databaseReport.plan!(problem(code), OPTIONS), {
      changes: [],
      skipped: [{ subject: DATABASE, reason: "why" }],
    });
  }
  const elsewhere = databaseReport.plan!(
    problem("database-malformed", "/other/state_5.sqlite" as AbsPath),
    OPTIONS,
  );
  assertEquals([elsewhere.changes, elsewhere.skipped.length], [[], 1]);
});

Deno.test("databaseReport tells steps that keep Codex from starting, and calls another build's steps no fault", () => {
  const step = (version: number, checksum: string, success = 1) => ({
    version,
    description: "d",
    success,
    checksum,
  });
  const right = "627EF19164C9BB29";
  const codes = (
    migrations: readonly TableRow[],
    version = "0.169.0",
    platform: Facts["platform"] = "linux",
  ) =>
    databaseReport.find({ ...home({ migrations, version }), platform }).map(({ code, severity }) =>
      `${severity} ${code}`
    );
  const foreign = [step(1, right), step(2, "00")];
  assertEquals(codes([step(1, right)]), []);
  assertEquals(codes([step(1, right, 0)], "0.150.0"), ["error database-migration"]);
  assertEquals(codes(foreign), ["error database-migration"]);
  assertEquals(codes(foreign, "0.170.0"), ["info database-migration"]);
  assertEquals(codes(foreign, "0.169.0", "windows"), []);
  assertEquals(movesOf(home({ migrations: foreign })).length, 2);
  assertEquals(movesOf(home({ migrations: foreign, version: "0.170.0" })), []);
});

Deno.test("databaseReport plans nothing where there is no database", () => {
  const facts = home({}, NAMED, 1, { live: undefined, databases: [] });
  assertEquals(databaseReport.plan!(facts, OPTIONS), { changes: [], skipped: [] });
  assertEquals(facts.files.stat("nothing" as RelPath), undefined);
});
