import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { isWalSafe, openForReading, type ReadDatabase, sqliteVersion } from "../../lib/system/sqlite.ts";
import { databaseUri } from "../../lib/system/sqlite_driver.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../assert.ts";
import {
  at,
  HAS_PYTHON,
  inTempFolder,
  IS_ROOT,
  makeDatabase,
  run,
  snapshot,
  SQL_SHELL,
  withPython,
  writeText,
} from "./fixture.ts";

function sqlTest(name: string, use: (folder: AbsPath) => void | Promise<void>): void {
  Deno.test({ name, ignore: !HAS_PYTHON, fn: () => inTempFolder(use) });
}

function reading<T>(path: AbsPath, use: (database: ReadDatabase) => T): T {
  const database = openForReading(path, realDisk);
  try {
    return use(database);
  } finally {
    database.close();
    database.close();
  }
}

function providers(database: ReadDatabase): unknown[] {
  return database.all("SELECT model_provider FROM threads ORDER BY id").map((row) => row["model_provider"]);
}

function tempFolders(): string[] {
  const folder = Deno.makeTempDirSync();
  Deno.removeSync(folder);
  const parent = folder.slice(0, folder.lastIndexOf("/"));
  return [...Deno.readDirSync(parent)].map((entry) => entry.name).filter((name) =>
    /^codexkeep-[^s]/.test(name)
  );
}

Deno.test("sqliteVersion() and isWalSafe() agree", () => {
  assertMatch(sqliteVersion(), /^3\.\d+\.\d+$/);
  const [, minor, patch] = sqliteVersion().split(".").map(Number);
  assertEquals(isWalSafe(), minor! * 100 + patch! >= 5103);
});

Deno.test("databaseUri() encodes what means something in a URI, with drives and shares", () => {
  assertEquals(databaseUri("/a b/50%?#é.db", "ro"), "file:/a%20b/50%25%3F%23%C3%A9.db?mode=ro");
  assertEquals(databaseUri("C:\\Users\\me\\a#b.db", "rw"), "file:///C:/Users/me/a%23b.db?mode=rw");
  assertEquals(databaseUri("\\\\srv\\share\\x.db", "immutable"), "file:////srv/share/x.db?immutable=1");
  assertEquals(databaseUri("\\\\?\\C:\\x.db", "ro"), "file:///C:/x.db?mode=ro");
  assertEquals(databaseUri("\\\\?\\UNC\\srv\\s\\x.db", "ro"), "file:////srv/s/x.db?mode=ro");
});

sqlTest("openForReading() reads a closed database without a trace, whatever its name", (folder) => {
  const odd = at(folder, "odd 100% ?#é&=");
  Deno.mkdirSync(odd);
  for (const journal of ["wal", "delete"] as const) {
    const path = at(odd, `${journal}?mode=rw#.sqlite`);
    makeDatabase(path, journal);
    const before = snapshot(folder);
    reading(path, (database) => {
      assertEquals([providers(database), database.path, database.changedSince()], [
        ["mock", "mock"],
        path,
        false,
      ]);
      assertEquals(snapshot(folder), before);
    });
    assertEquals(snapshot(folder), before);
  }
});

sqlTest("all() and each() give values as they are, big integers included", (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal");
  reading(path, (database) => {
    const sql = "SELECT 9223372036854775807 AS big, -9007199254740993 AS low, 9007199254740991 AS exact, " +
      "1.5 AS real, NULL AS none, x'00ff' AS bytes, 'é' AS text, ? AS given";
    const [row] = database.all(sql, 7n);
    assertEquals({ ...row }, {
      big: 9223372036854775807n,
      low: -9007199254740993n,
      exact: 9007199254740991,
      real: 1.5,
      none: null,
      bytes: new Uint8Array([0, 255]),
      text: "é",
      given: 7,
    });
    const seen: unknown[] = [];
    database.each("SELECT id FROM threads WHERE n > ? ORDER BY id", [0], (found) => seen.push(found["id"]));
    assertEquals(seen, ["a", "b"]);
  });
});

sqlTest("columns() gives the names in order and nothing for an unknown table", (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal", "create view v as select n, id from threads");
  reading(path, (database) => {
    assertEquals(database.columns("threads"), ["id", "model_provider", "n"]);
    assertEquals([database.columns("v"), database.columns("x'); drop table threads; --")], [["n", "id"], []]);
  });
});

sqlTest("all() tells a missing table or column from damage", (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal");
  reading(path, (database) => {
    for (const sql of ["SELECT * FROM other", "SELECT other FROM threads"]) {
      const error = assertThrows(() => database.all(sql), AppError, `database "${path}": no such`);
      assertEquals(error.code, "database-schema");
    }
    assertEquals(assertThrows(() => database.all("SELEC"), AppError).code, "failed");
    assertEquals(assertThrows(() => database.all("DELETE FROM threads"), AppError).code, "refused");
  });
});

sqlTest("openForReading() sees what a live writer has committed, and only one state of it", (folder) => {
  const path = at(folder, "state.sqlite");
  return withPython(SQL_SHELL, [path, "wal"], async (writer) => {
    const before = snapshot(folder);
    assertEquals(before.length, 3);
    const database = openForReading(path, realDisk);
    assertEquals([providers(database), database.changedSince()], [["mock", "mock"], false]);
    assertEquals(await writer.ask("update threads set model_provider='other'"), "ok");
    assertEquals([providers(database), database.changedSince()], [["mock", "mock"], true]);
    const during = snapshot(folder);
    database.close();
    assertEquals(snapshot(folder), during);
    assertEquals(reading(path, providers), ["other", "other"]);
    assertEquals(snapshot(folder), during);
    assertEquals(await writer.ask("pragma integrity_check"), "ok");
    assertEquals(await writer.ask("pragma wal_checkpoint(truncate)"), "0");
    assertEquals(reading(path, providers), ["other", "other"]);
    assertEquals(snapshot(folder).length, 3);
  });
});

sqlTest("openForReading() does not wait for a writer that has begun", (folder) => {
  const path = at(folder, "state.sqlite");
  return withPython(SQL_SHELL, [path, "wal"], async (writer) => {
    await writer.ask("begin immediate");
    await writer.ask("update threads set model_provider='other'");
    assertEquals(reading(path, providers), ["mock", "mock"]);
    assertEquals(await writer.ask("commit"), "ok");
    assertEquals(reading(path, providers), ["other", "other"]);
  });
});

sqlTest("openForReading() reads the log that a killed writer left, and leaves it", async (folder) => {
  const path = at(folder, "state.sqlite");
  await withPython(SQL_SHELL, [path, "wal"], (writer) => writer.crash());
  const before = snapshot(folder);
  assertEquals(before.map((line) => line.split(" ")[0]), [path, `${path}-shm`, `${path}-wal`]);
  for (let i = 0; i < 3; i++) assertEquals(reading(path, providers), ["mock", "mock"]);
  assertEquals(snapshot(folder), before);
});

sqlTest("openForReading() reads a private copy when the log has lost its -shm", async (folder) => {
  const path = at(folder, "state.sqlite");
  await withPython(SQL_SHELL, [path, "wal"], (writer) => writer.crash());
  Deno.removeSync(`${path}-shm`);
  const before = snapshot(folder);
  const temps = tempFolders();
  reading(path, (database) => {
    assertEquals([providers(database), database.path, database.changedSince()], [
      ["mock", "mock"],
      path,
      false,
    ]);
    assertEquals([snapshot(folder), tempFolders().length], [before, temps.length + 1]);
  });
  assertEquals([snapshot(folder), tempFolders()], [before, temps]);
});

Deno.test({
  name: "openForReading() reads a killed writer's log on a read-only file system (needs root on Linux)",
  ignore: !IS_ROOT || !HAS_PYTHON,
  fn: () =>
    inTempFolder(async (folder) => {
      const mount = at(folder, "mount");
      Deno.mkdirSync(mount);
      run("mount", ["-t", "tmpfs", "tmpfs", mount]);
      try {
        const path = at(mount, "state.sqlite");
        await withPython(SQL_SHELL, [path, "wal"], (writer) => writer.crash());
        run("mount", ["-o", "remount,ro", mount]);
        assertEquals(reading(path, providers), ["mock", "mock"]);
      } finally {
        run("umount", [mount]);
      }
    }),
});

const HALF_WRITTEN = `
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("create table threads(id integer primary key, model_provider text, pad text)")
db.executemany("insert into threads values(?, 'mock', ?)", [(i, "x" * 500) for i in range(400)])
db.execute("pragma cache_size=5")
db.execute("begin")
db.execute("update threads set model_provider='half', pad=pad || 'y'")
print("ready")
sys.stdin.readline()
`;

sqlTest("openForReading() rolls a killed writer's journal back in a private copy only", async (folder) => {
  const path = at(folder, "state.sqlite");
  await withPython(HALF_WRITTEN, [path], (writer) => writer.crash());
  assert((realDisk.lstat(`${path}-journal`)?.size ?? 0) > 512);
  const before = snapshot(folder);
  const temps = tempFolders();
  const found = reading(path, (database) => database.all("SELECT DISTINCT model_provider AS p FROM threads"));
  assertEquals([found.map((row) => row["p"]), snapshot(folder), tempFolders()], [["mock"], before, temps]);
});

sqlTest("openForReading() says busy when a writer without a log is writing the file", (folder) => {
  const path = at(folder, "state.sqlite");
  return withPython(HALF_WRITTEN, [path], () => {
    const before = snapshot(folder);
    const error = assertThrows(() => openForReading(path, realDisk), AppError, `database "${path}"`);
    assertEquals([error.code, snapshot(folder)], ["database-busy", before]);
  });
});

sqlTest("openForReading() finds the log beside the real file of a linked database", async (folder) => {
  for (const name of ["real", "home", "linked-home"]) Deno.mkdirSync(at(folder, name));
  const path = at(folder, "real/state.sqlite");
  await withPython(SQL_SHELL, [path, "wal"], (writer) => writer.crash());
  Deno.symlinkSync("../real/state.sqlite", at(folder, "home/state.sqlite"));
  Deno.removeSync(at(folder, "linked-home"));
  Deno.symlinkSync("real", at(folder, "linked-home"));
  const before = snapshot(folder);
  assertEquals(reading(at(folder, "home/state.sqlite"), providers), ["mock", "mock"]);
  assertEquals(reading(at(folder, "linked-home/state.sqlite"), providers), ["mock", "mock"]);
  assertEquals(snapshot(folder), before);
});

sqlTest("openForReading() classes what it cannot open, and changes nothing", (folder) => {
  const path = at(folder, "good");
  makeDatabase(path, "wal", "create table pad(t); insert into pad values(zeroblob(100000))");
  const good = Deno.readFileSync(path);
  writeText(at(folder, "empty"), "");
  writeText(at(folder, "text"), "this is a plain text file, and a long one\n".repeat(200));
  Deno.writeFileSync(at(folder, "cut"), good.subarray(0, 10_000));
  Deno.writeFileSync(at(folder, "cut in the first page"), good.subarray(0, 3000));
  Deno.writeFileSync(at(folder, "stub"), good.subarray(0, 50));
  Deno.mkdirSync(at(folder, "dir"));
  run("mkfifo", [at(folder, "pipe")]);
  Deno.symlinkSync("nowhere", at(folder, "dangling"));
  Deno.symlinkSync("loop", at(folder, "loop"));
  const expected = [
    ["missing", "database-missing", "does not exist"],
    ["dangling", "database-missing", "does not exist"],
    ["text/below", "database-missing", "does not exist"],
    ["empty", "database-malformed", "is empty"],
    ["text", "database-malformed", "it is not a database"],
    ["cut", "database-malformed", "its content is damaged"],
    ["cut in the first page", "database-malformed", "its content is damaged"],
    ["stub", "database-malformed", "the file is cut short"],
    ["dir", "database-unreadable", "is a directory, not a file"],
    ["pipe", "database-unreadable", "is a pipe, socket or device, not a file"],
    ["loop", "database-unreadable", "in a circle"],
  ] as const;
  const before = snapshot(folder);
  for (const [name, code, reason] of expected) {
    const error = assertThrows(() => openForReading(at(folder, name), realDisk), AppError, reason, name);
    assertEquals([error.code, error.message.includes(`database "${at(folder, name)}"`)], [code, true], name);
  }
  assertEquals(snapshot(folder), before);
});

sqlTest("all() says malformed when damage shows only in the data", (folder) => {
  const path = at(folder, "db");
  makeDatabase(path, "wal");
  const content = Deno.readFileSync(path);
  Deno.writeFileSync(path, content.fill(0xab, 4096));
  reading(path, (database) => {
    const error = assertThrows(
      () => database.all("SELECT * FROM threads"),
      AppError,
      "its content is damaged",
    );
    assertEquals(error.code, "database-malformed");
  });
});
