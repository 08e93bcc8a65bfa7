import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { isInUse, lockHolders, openForReading, openForWriting } from "../../lib/system/sqlite.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import {
  at,
  HAS_PYTHON,
  inTempFolder,
  IS_LINUX,
  makeDatabase,
  run,
  snapshot,
  SQL_SHELL,
  withPython,
  writeText,
} from "./fixture.ts";

const SET = "UPDATE threads SET model_provider = ? WHERE id = ? AND model_provider = ?";

function sqlTest(name: string, use: (folder: AbsPath) => void | Promise<void>): void {
  Deno.test({ name, ignore: !HAS_PYTHON, fn: () => inTempFolder(use) });
}

function providers(path: AbsPath): unknown[] {
  const database = openForReading(path, realDisk);
  try {
    return database.all("SELECT model_provider FROM threads ORDER BY id").map((row) => row["model_provider"]);
  } finally {
    database.close();
  }
}

function names(folder: AbsPath): unknown {
  return realDisk.list(folder)?.map((entry) => entry.name);
}

sqlTest("openForWriting() changes the named rows and leaves no side files where none were", (folder) => {
  for (const journal of ["wal", "delete"] as const) {
    const path = at(folder, journal);
    makeDatabase(path, journal);
    const before = names(folder);
    const database = openForWriting(path, 1000);
    database.begin();
    assertEquals([database.run(SET, "other", "a", "mock"), database.run(SET, "other", "b", "elsewhere")], [
      1,
      0,
    ]);
    assertEquals(
      database.all("SELECT count(*) AS n FROM threads WHERE model_provider = 'other'")[0]?.["n"],
      1,
    );
    database.commit();
    assertEquals(database.quickCheck(), undefined);
    database.close();
    database.close();
    assertEquals([names(folder), providers(path)], [before, ["other", "mock"]]);
  }
});

sqlTest("rollback() and close() take open changes back", (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal");
  const database = openForWriting(path, 1000);
  database.rollback();
  for (const end of [database.rollback, database.close]) {
    database.begin();
    assertEquals(database.run(SET, "other", "a", "mock"), 1);
    end();
  }
  assertEquals(providers(path), ["mock", "mock"]);
});

sqlTest("run() outside a transaction is a mistake, and a wrong statement ends nothing", (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal");
  const database = openForWriting(path, 1000);
  assertThrows(() => database.run(SET, "other", "a", "mock"), Error, "outside a transaction");
  database.begin();
  database.run(SET, "other", "a", "mock");
  assertEquals(assertThrows(() => database.run("UPDATE other SET x = 1"), AppError).code, "database-schema");
  const constraint = assertThrows(() => database.run("INSERT INTO threads VALUES('a', 'x', 1)"), AppError);
  assertEquals([constraint.code, constraint.message.includes("UNIQUE")], ["failed", true]);
  database.commit();
  database.close();
  assertEquals(providers(path), ["other", "mock"]);
});

sqlTest("run() changes no rows but the named ones, and counts only these", (folder) => {
  const path = at(folder, "db");
  makeDatabase(
    path,
    "wal",
    `create table child(id text references threads(id) on delete cascade on update cascade);
     insert into child values('a'), ('b');
     create table log(t); create trigger tell after update of model_provider on threads
     when NEW.model_provider != OLD.model_provider begin
       insert into log values(coalesce(NEW.n, 0)), (2), (3); end`,
  );
  const database = openForWriting(path, 1000);
  database.begin();
  assertEquals(database.run(SET, "other", "a", "mock"), 1);
  assertEquals(database.run("DELETE FROM threads WHERE id = 'b'"), 1);
  database.commit();
  assertEquals(database.all("SELECT count(*) AS n FROM child")[0]?.["n"], 2);
  assertEquals(database.all("SELECT count(*) AS n FROM log")[0]?.["n"], 3);
  database.close();
});

sqlTest("openForWriting() never creates and refuses what is no database", (folder) => {
  writeText(at(folder, "empty"), "");
  writeText(at(folder, "text"), "no database at all\n".repeat(300));
  Deno.mkdirSync(at(folder, "dir"));
  const before = snapshot(folder);
  const expected = [["missing", "database-missing"], ["empty", "database-malformed"], [
    "text",
    "database-malformed",
  ], ["dir", "database-unreadable"]] as const;
  for (const [name, code] of expected) {
    assertEquals(assertThrows(() => openForWriting(at(folder, name), 100), AppError).code, code, name);
  }
  assertEquals(snapshot(folder), before);
});

sqlTest("openForWriting() writes to the real file of a linked database", (folder) => {
  Deno.mkdirSync(at(folder, "real"));
  makeDatabase(at(folder, "real/db"), "wal");
  Deno.symlinkSync("real/db", at(folder, "link"));
  const database = openForWriting(at(folder, "link"), 1000);
  database.begin();
  database.run(SET, "other", "a", "mock");
  database.commit();
  database.close();
  assertEquals([names(folder), names(at(folder, "real"))], [["link", "real"], ["db"]]);
  assertEquals([realDisk.lstat(at(folder, "link"))?.kind, providers(at(folder, "real/db"))], ["symlink", [
    "other",
    "mock",
  ]]);
});

sqlTest("begin() waits as long as it was told, then says busy and has changed nothing", (folder) => {
  const path = at(folder, "db");
  return withPython(SQL_SHELL, [path, "wal"], async (writer) => {
    await writer.ask("begin immediate");
    const before = snapshot(folder);
    const database = openForWriting(path, 300);
    const started = performance.now();
    const error = assertThrows(() => database.begin(), AppError, `database "${path}"`);
    const waited = performance.now() - started;
    assertEquals([error.code, error.hint !== undefined], ["database-busy", true]);
    assert(waited >= 290 && waited < 3000, `waited ${waited} ms`);
    database.close();
    assertEquals(snapshot(folder), before);
    await writer.ask("commit");
  });
});

sqlTest("begin() gets its turn when the other writer ends in time", (folder) => {
  const path = at(folder, "db");
  return withPython(SQL_SHELL, [path, "wal"], async (writer) => {
    await writer.ask("begin immediate");
    const database = openForWriting(path, 5000);
    await writer.crash();
    database.begin();
    assertEquals(database.run(SET, "other", "a", "mock"), 1);
    database.commit();
    database.close();
    assertEquals(providers(path), ["other", "mock"]);
  });
});

sqlTest("close() neither checkpoints nor removes a log that was there", async (folder) => {
  const path = at(folder, "db");
  await withPython(SQL_SHELL, [path, "wal"], (writer) => writer.crash());
  const [main, log] = [Deno.readFileSync(path), realDisk.lstat(`${path}-wal`)?.size ?? 0];
  for (const to of ["one", "two"]) {
    const database = openForWriting(path, 1000);
    database.begin();
    assertEquals(database.run("UPDATE threads SET model_provider = ?", to), 2);
    database.commit();
    database.close();
  }
  assertEquals([names(folder), Deno.readFileSync(path)], [["db", "db-shm", "db-wal"], main]);
  assert((realDisk.lstat(`${path}-wal`)?.size ?? 0) > log);
  assertEquals(providers(path), ["two", "two"]);
});

sqlTest("writing beside a live reader leaves its database whole and its log alone", (folder) => {
  const path = at(folder, "db");
  return withPython(SQL_SHELL, [path, "wal"], async (other) => {
    const main = Deno.readFileSync(path);
    const database = openForWriting(path, 1000);
    database.begin();
    database.run(SET, "other", "a", "mock");
    database.commit();
    database.close();
    assertEquals(await other.ask("select model_provider from threads where id='a'"), "other");
    assertEquals(await other.ask("pragma integrity_check"), "ok");
    assertEquals([names(folder), Deno.readFileSync(path)], [["db", "db-shm", "db-wal"], main]);
  });
});

sqlTest("quickCheck() names the first fault", (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal", "create table pad(t); insert into pad values(zeroblob(30000))");
  const content = Deno.readFileSync(path);
  Deno.writeFileSync(path, content.fill(0xab, content.length - 8192));
  const database = openForWriting(path, 1000);
  assert((database.quickCheck() ?? "").length > 0);
  database.close();
});

sqlTest("isInUse() is true while another process has the database open, idle or not", (folder) => {
  const path = at(folder, "db");
  return withPython(SQL_SHELL, [path, "wal"], async (other) => {
    const before = names(folder);
    assertEquals(isInUse(path, 0), true);
    if (IS_LINUX) assertEquals(lockHolders(path), [other.pid]);
    assertEquals(await other.ask("update threads set model_provider='other'"), "ok");
    assertEquals([isInUse(path, 0), names(folder)], [true, before]);
    assertEquals(await other.ask("update threads set model_provider='again'"), "ok");
    await other.crash();
    assertEquals([isInUse(path, 0), lockHolders(path) ?? []], [false, []]);
  });
});

sqlTest("isInUse() leaves what a killed user left, log and all", async (folder) => {
  const path = at(folder, "db");
  await withPython(SQL_SHELL, [path, "wal"], (writer) => writer.crash());
  const before = snapshot(folder);
  assertEquals([isInUse(path, 0), isInUse(path, 50), snapshot(folder)], [false, false, before]);
  assertEquals(providers(path), ["mock", "mock"]);
  const shm = Deno.readFileSync(`${path}-shm`);
  assertEquals([isInUse(path, 0), Deno.readFileSync(`${path}-shm`)], [false, shm]);
});

sqlTest("isInUse() leaves closed databases as they are", (folder) => {
  for (const journal of ["wal", "delete"] as const) {
    const path = at(folder, journal);
    makeDatabase(path, journal);
    const before = snapshot(folder);
    assertEquals([isInUse(path, 0), snapshot(folder)], [false, before]);
  }
});

sqlTest("isInUse() is false for what is missing, empty or no database", (folder) => {
  writeText(at(folder, "empty"), "");
  writeText(at(folder, "text"), "no database at all\n".repeat(300));
  const before = snapshot(folder);
  const answers = ["missing", "empty", "text"].map((name) => isInUse(at(folder, name), 0));
  assertEquals([answers, snapshot(folder)], [[false, false, false], before]);
});

const LEAVING = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
db.execute("select * from threads").fetchall()
print("ready")
sys.stdin.readline()
print("soon")
time.sleep(0.3)
db.close()
sys.stdin.readline()
`;

sqlTest("isInUse() waits for a user that is leaving", (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal");
  return withPython(LEAVING, [path], async (other) => {
    assertEquals(isInUse(path, 0), true);
    await other.ask("leave");
    assertEquals([isInUse(path, 5000), names(folder)], [false, ["db"]]);
  });
});

sqlTest("isInUse() stops nobody: a writer that comes meanwhile gets through", async (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal");
  const busy = "import sqlite3,sys\nfor i in range(60):\n d=sqlite3.connect(sys.argv[1],timeout=5);" +
    "d.execute('update threads set n=n+1');d.commit();d.close()\nprint('ready')";
  const writer = new Deno.Command("python3", { args: ["-c", busy, path], stdout: "null" }).spawn();
  let ended = false;
  const status = writer.status.then((result) => {
    ended = true;
    return result.success;
  });
  let probes = 0;
  for (; !ended; probes++) {
    isInUse(path, 0);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals([await status, probes > 5], [true, true]);
  assertEquals(
    run("sqlite3", [path, "select n from threads where id='a'; pragma integrity_check"]),
    "61\nok\n",
  );
});
