import { sha256 } from "../../lib/core/bytes.ts";
import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import {
  foreignBackups,
  listRecordIds,
  listRecords,
  nextSequence,
  openRecord,
  pendingRecord,
  readChanges,
  readJournal,
  readManifest,
  recordDir,
  recordsDir,
  summarize,
} from "../../lib/engine/records.ts";
import { isLocked } from "../../lib/engine/run_lock.ts";
import { verifyRecord } from "../../lib/engine/verify.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { withFolder, withHome } from "../home.ts";
import { CONFIG, makeRecord, ROW, sync } from "./fixture.ts";

const UNIX = Deno.build.os !== "windows";

Deno.test("beginRecord() makes a whole record, and openRecord() goes on with its journal", async () => {
  await withFolder((home) => {
    const id = makeRecord(home, 1, []);
    const manifest = readManifest(realDisk, home, id);
    assertEquals(readChanges(realDisk, home, manifest), [ROW, ROW]);
    assertEquals(readJournal(realDisk, home, id), [{ event: "prepared" }]);
    const record = openRecord(realDisk, home, id);
    record.log({ event: "rows" });
    record.log({ event: "undone" });
    record.close();
    assertEquals(readJournal(realDisk, home, id).map(({ event }) => event), ["prepared", "rows", "undone"]);
    assertEquals([...Deno.readDirSync(recordsDir(home))].map(({ name }) => name), [id]);
  });
});

Deno.test("openRecord() cuts off what a crash left of a line", async () => {
  await withFolder((home) => {
    const id = makeRecord(home, 1, ["rows"]);
    const journal = `${recordDir(home, id)}/journal.jsonl`;
    for (const torn of ['{"sum":"00', "\0\0\0\0", "x"]) {
      Deno.writeTextFileSync(journal, torn, { append: true });
      openRecord(realDisk, home, id).close();
      assertEquals(readJournal(realDisk, home, id).map(({ event }) => event), ["prepared", "rows"]);
    }
    openRecord(realDisk, home, id).close();
    assert(Deno.readTextFileSync(journal).endsWith("}\n"));
  });
});

Deno.test("listRecords() goes by the number of a record, whatever the clock said", async () => {
  await withFolder((home) => {
    makeRecord(home, 1, ["committed"], new Date("2099-01-01"));
    makeRecord(home, 2, ["undone"], new Date("1970-01-01"));
    makeRecord(home, 3, ["rows"], new Date("2020-01-01"));
    makeRecord(home, 1_000_000, ["committed"], new Date("1999-01-01"));
    assertEquals(listRecordIds(realDisk, home).map((id) => id.split("-")[0]), [
      "1000000",
      "000003",
      "000002",
      "000001",
    ]);
    assertEquals(listRecords(realDisk, home).map(({ state }) => state), [
      "complete",
      "pending",
      "undone",
      "complete",
    ]);
    assertEquals(nextSequence(realDisk, home), 1_000_001);
  });
});

Deno.test("listRecords() of a home without records is empty, and the first number is 1", async () => {
  await withFolder((home) => {
    assertEquals(listRecords(realDisk, home), []);
    assertEquals([nextSequence(realDisk, home), pendingRecord(realDisk, home)], [1, undefined]);
  });
});

Deno.test(
  "listRecords() takes only folders named like records, and follows no link",
  { ignore: !UNIX },
  async () => {
    await withFolder((home) => {
      const id = makeRecord(home, 1, ["committed"]);
      const folder = recordsDir(home);
      Deno.mkdirSync(`${folder}/mine`);
      Deno.mkdirSync(`${folder}/.unfinished-${id}`);
      Deno.writeTextFileSync(`${folder}/000002-20261121T101112Z-sync-00000002`, "a file");
      Deno.symlinkSync(id, `${folder}/000003-20261121T101112Z-sync-00000003`);
      assertEquals(listRecordIds(realDisk, home), [id]);
    });
  },
);

Deno.test("foreignBackups() names the folders of others, and not our own", async () => {
  await withFolder((home) => {
    const id = makeRecord(home, 1, ["committed"]);
    for (const name of ["backups_state/provider-sync", "db-backups", "recovery-backups", "sessions"]) {
      Deno.mkdirSync(`${home}/${name}`, { recursive: true });
    }
    Deno.writeTextFileSync(`${home}/backup`, "a file");
    Deno.writeTextFileSync(`${home}/backups_state/note.txt`, "a file");
    Deno.mkdirSync(`${recordsDir(home)}/mine`);
    Deno.mkdirSync(`${recordsDir(home)}/.unfinished-${id}`);
    assertEquals(foreignBackups(realDisk, home).map((path) => path.slice(home.length + 1)), [
      "backups_state/provider-sync",
      "recovery-backups",
      "db-backups",
      "backups_state/codexkeep/mine",
    ]);
  });
});

Deno.test("pendingRecord() finds an interrupted run, also below finished ones, and trusts no damaged journal", async () => {
  await withFolder((home) => {
    makeRecord(home, 1, ["committed"]);
    const pending = makeRecord(home, 2, ["rows"]);
    makeRecord(home, 3, ["committed"]);
    assertEquals(pendingRecord(realDisk, home), pending);
    const journal = `${recordDir(home, pending)}/journal.jsonl`;
    Deno.writeTextFileSync(journal, "rubbish\n" + Deno.readTextFileSync(journal));
    assertEquals([pendingRecord(realDisk, home), summarize(realDisk, home, pending).state], [
      undefined,
      "damaged",
    ]);
  });
});

/** Damage to a record, by what a look at it must say. */
const DAMAGE: Readonly<Record<string, (folder: string) => void>> = {
  "has no manifest": (folder) => Deno.removeSync(`${folder}/manifest.json`),
  "has no journal": (folder) => Deno.removeSync(`${folder}/journal.jsonl`),
  "has an empty manifest": (folder) => Deno.writeTextFileSync(`${folder}/manifest.json`, ""),
  "has a manifest of another": (folder) => {
    const text = Deno.readTextFileSync(`${folder}/manifest.json`);
    Deno.writeTextFileSync(`${folder}/manifest.json`, text.replace("000001", "000002"));
  },
  "has a folder for a manifest": (folder) => {
    Deno.removeSync(`${folder}/manifest.json`);
    Deno.mkdirSync(`${folder}/manifest.json`);
  },
};

for (const [what, damage] of Object.entries(DAMAGE)) {
  Deno.test(`summarize() calls a record damaged that ${what}`, async () => {
    await withFolder((home) => {
      const id = makeRecord(home, 1, ["committed"]);
      damage(recordDir(home, id));
      const { state, manifest, problem } = summarize(realDisk, home, id);
      assertEquals([state, manifest, typeof problem], ["damaged", undefined, "string"]);
      assertEquals(verifyRecord(realDisk, home, id, false).length, 1);
    });
  });
}

Deno.test("readManifest() refuses a record that was copied from another home, or under another name", async () => {
  await withFolder((folder) => {
    const [one, other] = [`${folder}/one` as AbsPath, `${folder}/other` as AbsPath];
    const id = makeRecord(one, 1, ["committed"]);
    Deno.mkdirSync(`${folder}/other`);
    Deno.renameSync(`${one}/backups_state`, `${other}/backups_state`);
    assertEquals(assertThrows(() => readManifest(realDisk, other, id), AppError).code, "record-damaged");
    const renamed = id.replace("000001", "000002");
    Deno.renameSync(`${other}/backups_state`, `${one}/backups_state`);
    Deno.renameSync(recordDir(one, id), recordDir(one, renamed));
    assertThrows(() => readManifest(realDisk, one, renamed), AppError, id);
  });
});

Deno.test("readManifest() and readChanges() take a record by every name of its home", async () => {
  await withFolder((folder) => {
    const [home, link] = [`${folder}/home` as AbsPath, `${folder}/link` as AbsPath];
    Deno.mkdirSync(home);
    Deno.symlinkSync(home, link);
    const database = `${link}/state_5.sqlite` as AbsPath;
    const id = makeRecord(link, 1, ["committed"], new Date(0), [{ ...ROW, database }, ROW]);
    const manifest = readManifest(realDisk, home, id);
    const own = { ...ROW, database: `${home}/state_5.sqlite` };
    assertEquals<unknown>(readChanges(realDisk, home, manifest), [own, ROW]);
    assertEquals(listRecords(realDisk, home).map(({ state }) => state), ["complete"]);
  });
});

Deno.test("verifyRecord() finds a flipped bit in every byte of every file of a record", async () => {
  await withHome({
    config: CONFIG,
    threads: [{ provider: "old", turns: [], compressed: true, instructionsBytes: 20 }],
  }, async (home) => {
    const record = await sync(home.path);
    const folder = recordDir(home.path, record);
    const [held] = [...Deno.readDirSync(`${folder}/held`)].map(({ name }) => `held/${name}`);
    assertEquals(verifyRecord(realDisk, home.path, record, true), []);
    for (const name of ["manifest.json", "changes.jsonl", "journal.jsonl", held]) {
      const bytes = Deno.readFileSync(`${folder}/${name}`);
      for (let at = 0; at < bytes.length; at++) {
        Deno.writeFileSync(`${folder}/${name}`, bytes.with(at, bytes[at]! ^ (1 << (at % 8))));
        assertEquals(verifyRecord(realDisk, home.path, record, true).length, 1, `${name} byte ${at}`);
      }
      for (const size of [0, 1, bytes.length - 1]) {
        Deno.writeFileSync(`${folder}/${name}`, bytes.subarray(0, size));
        const lost = name === "journal.jsonl" && size === bytes.length - 1;
        // the newline alone says nothing: a journal without its last one says the same
        assertEquals(
          verifyRecord(realDisk, home.path, record, true).length,
          lost ? 0 : 1,
          `${name} cut to ${size}`,
        );
      }
      Deno.writeFileSync(`${folder}/${name}`, bytes);
    }
    assertEquals(verifyRecord(realDisk, home.path, record, true), []);
  });
});

Deno.test("changes that are no JSON are damage, even where their checksum fits", async () => {
  await withFolder((home) => {
    const id = makeRecord(home, 1, ["committed"]);
    const text = "{x\n";
    Deno.writeTextFileSync(`${recordDir(home, id)}/changes.jsonl`, text);
    const manifest = {
      ...readManifest(realDisk, home, id),
      changesBytes: text.length,
      changesSha256: sha256(text),
    };
    const error = assertThrows(() => readChanges(realDisk, home, manifest), AppError, "is not JSON");
    assertEquals(error.code, "record-damaged");
  });
});

Deno.test("isLocked() takes a link or a folder in the place of the lock for no run at work", {
  ignore: !UNIX,
}, async () => {
  await withFolder(async (home) => {
    makeRecord(home, 1, []);
    const lock = `${recordsDir(home)}/lock`;
    Deno.mkdirSync(lock);
    assertEquals(await isLocked(realDisk, home), false);
    Deno.removeSync(lock);
    Deno.symlinkSync("/dev/null", lock);
    assertEquals(await isLocked(realDisk, home), false);
  });
});
