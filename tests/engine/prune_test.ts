import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { sweepLeftovers } from "../../lib/engine/leftovers.ts";
import { dropAll, planPrune, prune } from "../../lib/engine/prune.ts";
import { dropRecord, listRecordIds, listRecords, recordDir, recordsDir } from "../../lib/engine/records.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { withFolder } from "../home.ts";
import { makeRecord } from "./fixture.ts";

const states = (home: AbsPath) =>
  listRecords(realDisk, home).map(({ id, state }) => [Number(id.slice(0, 6)), state]);

Deno.test("planPrune() takes finished records beyond the newest, and nothing else", async () => {
  await withFolder((home) => {
    makeRecord(home, 1, ["committed"]);
    makeRecord(home, 2, ["undone"]);
    makeRecord(home, 3, ["rows"]);
    const damaged = makeRecord(home, 4, ["committed"]);
    Deno.writeTextFileSync(`${recordDir(home, damaged)}/manifest.json`, "{}");
    makeRecord(home, 5, ["committed"]);
    makeRecord(home, 6, ["committed"]);
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
    const ids = [1, 2, 3].map((n) => makeRecord(home, n, ["committed"]));
    const pending = makeRecord(home, 4, ["rows"]);
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
    const ids = [1, 2].map((n) => makeRecord(home, n, ["committed"]));
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
    const id = makeRecord(home, 1, ["committed"]);
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
    const id = makeRecord(home, 1, ["committed"]);
    const stopped = { ...realDisk, removeTree: () => {} };
    dropRecord(stopped, home, id);
    assertEquals([listRecordIds(realDisk, home), sweepLeftovers(realDisk, home, [])], [[], 1]);
  });
});

Deno.test("a record that keeps the only copy of a file is never pruned, whoever asks", async () => {
  await withFolder((home) => {
    const ids = [1, 2, 3].map((n) => makeRecord(home, n, n === 1 ? ["undone"] : ["committed"]));
    const held = `${recordDir(home, ids[0]!)}/held`;
    Deno.mkdirSync(held, { recursive: true });
    Deno.writeTextFileSync(`${held}/0`, "lines that another program wrote\n");
    assertEquals(prune(realDisk, home, 1), [ids[1]!]);
    assertEquals(planPrune(listRecords(realDisk, home), 0).map(({ record }) => record), [ids[2]!]);
    const drop = { kind: "drop", record: ids[0]!, bytes: 0 } as const;
    assertEquals(dropAll(realDisk, home, [drop]), []);
    Deno.removeSync(`${held}/0`);
    assertEquals(prune(realDisk, home, 0), [ids[2]!, ids[0]!]);
  });
});
