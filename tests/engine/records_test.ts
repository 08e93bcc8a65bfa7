import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import type { Change } from "../../lib/core/plan.ts";
import { type JournalEntry, type Manifest, recordId } from "../../lib/core/record.ts";
import { sweepLeftovers } from "../../lib/engine/leftovers.ts";
import { dropAll, planPrune, prune } from "../../lib/engine/prune.ts";
import {
  beginRecord,
  dropRecord,
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
import { verifyRecord } from "../../lib/engine/verify.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { withFolder, withHome } from "../home.ts";
import { CONFIG, sync } from "./fixture.ts";

const UNIX = Deno.build.os !== "windows";
const CHANGE: Change = {
  kind: "row",
  database: "/h/日本/state_5.sqlite" as AbsPath,
  thread: "t1",
  cells: { model_provider: { before: null, after: "new" } },
};

/** Makes a record in `home` and logs these entries. */
function make(
  home: AbsPath,
  seq: number,
  entries: readonly JournalEntry["event"][],
  at = new Date(0),
): string {
  Deno.mkdirSync(recordsDir(home), { recursive: true });
  const head: Omit<Manifest, "changesSha256" | "changesBytes"> = {
    id: recordId(seq, at, "sync", seq.toString(16).padStart(8, "0")),
    seq,
    createdAt: at.toISOString(),
    purpose: "sync",
    home,
    version: "0",
    planDigest: "0".repeat(64),
    changes: 2,
    byKind: { row: 2 },
    threads: 1,
    moves: [],
    reverts: undefined,
  };
  const record = beginRecord(realDisk, home, head, [CHANGE, CHANGE]);
  for (const event of entries) record.log({ event } as JournalEntry);
  record.close();
  return head.id;
}

const states = (home: AbsPath) =>
  listRecords(realDisk, home).map(({ id, state }) => [Number(id.slice(0, 6)), state]);

Deno.test("beginRecord() makes a whole record, and openRecord() goes on with its journal", async () => {
  await withFolder((home) => {
    const id = make(home, 1, []);
    const manifest = readManifest(realDisk, home, id);
    assertEquals(readChanges(realDisk, home, manifest), [CHANGE, CHANGE]);
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
    const id = make(home, 1, ["rows"]);
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
    make(home, 1, ["committed"], new Date("2099-01-01"));
    make(home, 2, ["undone"], new Date("1970-01-01"));
    make(home, 3, ["rows"], new Date("2020-01-01"));
    make(home, 1_000_000, ["committed"], new Date("1999-01-01"));
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
      const id = make(home, 1, ["committed"]);
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
    const id = make(home, 1, ["committed"]);
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
    make(home, 1, ["committed"]);
    const pending = make(home, 2, ["rows"]);
    make(home, 3, ["committed"]);
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
      const id = make(home, 1, ["committed"]);
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
    const id = make(one, 1, ["committed"]);
    Deno.mkdirSync(`${folder}/other`);
    Deno.renameSync(`${one}/backups_state`, `${other}/backups_state`);
    assertEquals(assertThrows(() => readManifest(realDisk, other, id), AppError).code, "record-damaged");
    const renamed = id.replace("000001", "000002");
    Deno.renameSync(`${other}/backups_state`, `${one}/backups_state`);
    Deno.renameSync(recordDir(one, id), recordDir(one, renamed));
    assertThrows(() => readManifest(realDisk, one, renamed), AppError, id);
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

Deno.test("planPrune() takes finished records beyond the newest, and nothing else", async () => {
  await withFolder((home) => {
    make(home, 1, ["committed"]);
    make(home, 2, ["undone"]);
    make(home, 3, ["rows"]);
    const damaged = make(home, 4, ["committed"]);
    Deno.writeTextFileSync(`${recordDir(home, damaged)}/manifest.json`, "{}");
    make(home, 5, ["committed"]);
    make(home, 6, ["committed"]);
    const records = listRecords(realDisk, home);
    const dropped = (keep: number) =>
      planPrune(records, keep).map(({ record }) => Number(record.slice(0, 6)));
    assertEquals([0, 1, 2, 3, 4, 5].map(dropped), [[6, 5, 2, 1], [5, 2, 1], [2, 1], [1], [], []]);
    const [last] = planPrune(records, 3);
    assert(last !== undefined && last.bytes > 100 && last.bytes === records.at(-1)?.bytes);
  });
});

Deno.test("prune() removes exactly those, and leaves the rest of the folder alone", async () => {
  await withFolder((home) => {
    const ids = [1, 2, 3].map((n) => make(home, n, ["committed"]));
    const pending = make(home, 4, ["rows"]);
    Deno.writeTextFileSync(`${recordsDir(home)}/ledger.jsonl`, "{}\n");
    Deno.mkdirSync(`${recordsDir(home)}/mine`);
    assertEquals(prune(realDisk, home, 4), []);
    assertEquals(prune(realDisk, home, 2), [ids[0]!]);
    assertEquals(states(home), [[4, "pending"], [3, "complete"], [2, "complete"]]);
    const names = [...Deno.readDirSync(recordsDir(home))].map(({ name }) => name).sort();
    assertEquals(names, [...ids.slice(1), pending, "ledger.jsonl", "mine"]);
    assertEquals(prune(realDisk, home, 0), [ids[2]!, ids[1]!]);
    assertEquals(prune(realDisk, home, 0), []);
  });
});

Deno.test("dropAll() looks again before it removes anything", async () => {
  await withFolder((home) => {
    const ids = [1, 2].map((n) => make(home, n, ["committed"]));
    const drops = planPrune(listRecords(realDisk, home), 0);
    const journal = `${recordDir(home, ids[0]!)}/journal.jsonl`;
    Deno.writeTextFileSync(journal, Deno.readTextFileSync(journal).split("\n").slice(0, 1).join("\n") + "\n");
    assertEquals(dropAll(realDisk, home, drops), [ids[1]!]);
    assertEquals(states(home), [[1, "pending"]]);
    const drop = { kind: "drop", record: "../../..", bytes: 0 } as const;
    assertThrows(() => dropAll(realDisk, home, [drop]), AppError);
  });
});

Deno.test("sweepLeftovers() removes records half made or half removed, and probes of databases", async () => {
  await withFolder((home) => {
    const id = make(home, 1, ["committed"]);
    const folder = recordsDir(home);
    Deno.mkdirSync(`${folder}/.unfinished-${id}/held`, { recursive: true });
    Deno.mkdirSync(`${folder}/.unfinished-mine`);
    Deno.mkdirSync(`${home}/.codexkeep-probe-x`);
    Deno.writeTextFileSync(`${home}/.codexkeep-probe-file`, "");
    assertEquals(sweepLeftovers(realDisk, home, [`${home}/state_5.sqlite` as AbsPath]), 2);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [".unfinished-mine", id]);
    assertEquals(sweepLeftovers(realDisk, home, []), 0);
  });
});

Deno.test("dropRecord() makes a record invisible at once", async () => {
  await withFolder((home) => {
    const id = make(home, 1, ["committed"]);
    const stopped = { ...realDisk, removeTree: () => {} };
    dropRecord(stopped, home, id);
    assertEquals([listRecordIds(realDisk, home), sweepLeftovers(realDisk, home, [])], [[], 1]);
  });
});
