import { DatabaseSync } from "node:sqlite";
import type { AbsPath } from "../../lib/core/path.ts";
import { AppError } from "../../lib/core/error.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { openForReading } from "../../lib/system/sqlite.ts";
import { openRemains } from "../../lib/system/sqlite_remains.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

/** Runs `use` on a database with a table of 2,000 notes and one, made later, of a single word. */
function withDatabase(use: (path: AbsPath, folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/state_5.sqlite` as AbsPath;
  try {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;");
    database.exec("CREATE TABLE words (word TEXT); INSERT INTO words VALUES ('first');");
    database.exec("CREATE TABLE notes (id TEXT PRIMARY KEY, note TEXT)");
    const insert = database.prepare("INSERT INTO notes VALUES (?, ?)");
    database.exec("BEGIN");
    for (let n = 0; n < 2000; n++) insert.run(`note ${n}`, "x".repeat(100));
    database.exec("COMMIT");
    database.close();
    use(path, folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function harm(path: string, at: number, bytes: number): void {
  const file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(bytes).fill(0xee));
  file.close();
}

function wordsIn(path: AbsPath): unknown {
  const remains = openRemains(path, realDisk);
  try {
    assertEquals(remains.columns("words"), ["word"]);
    return remains.all("SELECT word FROM words").map(({ word }) => word);
  } finally {
    remains.close();
    remains.close();
  }
}

Deno.test("openRemains() reads a database whose header is gone", () => {
  withDatabase((path, folder) => {
    harm(path, 0, 100);
    assertThrows(() => openForReading(path, realDisk), AppError);
    const before = Deno.readFileSync(path);
    assertEquals(wordsIn(path), ["first"]);
    assertEquals(Deno.readFileSync(path), before);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["state_5.sqlite"]);
  });
});

Deno.test("openRemains() reads what comes before the end of a database that was cut short", () => {
  withDatabase((path) => {
    Deno.truncateSync(path, 20_000);
    assertThrows(() => openForReading(path, realDisk), AppError);
    assertEquals(wordsIn(path), ["first"]);
    const remains = openRemains(path, realDisk);
    try {
      assertThrows(() => remains.all("SELECT count(note) FROM notes"), AppError);
    } finally {
      remains.close();
    }
  });
});

Deno.test("openRemains() refuses what holds no page, and leaves no copy behind", () => {
  withDatabase((path) => {
    Deno.truncateSync(path, 0);
    assertThrows(() => openRemains(path, realDisk), AppError);
    harm(path, 0, 8192);
    const remains = openRemains(path, realDisk);
    try {
      assertThrows(() => remains.all("SELECT word FROM words"), AppError);
    } finally {
      remains.close();
    }
    assert(Deno.statSync(path).size === 8192);
  });
});
