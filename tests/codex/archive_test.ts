/** Threads that are archived in one place only, and archived ones brought back; judged by the real Codex. */
import { assert, assertEquals } from "../assert.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { dumpRows } from "../home.ts";
import { changeIndex, filesOf } from "./disk.ts";
import { type TestHome, withCopy, withServer } from "./home.ts";
import {
  type Ailments,
  check,
  compress,
  fileOf,
  GONE,
  LIKE_ARCHIVED,
  moveTo,
  nameOf,
  type Places,
  SAID,
  setPath,
  withPlaces,
} from "./places.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep } from "./program.ts";
import { idsIn, resume } from "./readers.ts";
import { archive } from "./threads.ts";

const AILMENTS: Ailments = {
  "a row that says archived": {
    kind: "plain",
    harm: (home, id) => {
      changeIndex(home, "UPDATE threads SET archived = 1, archived_at = 5 WHERE id = ?", id);
      setPath(home, id, `${home}/archived_sessions/${nameOf(fileOf(home, id))}`);
    },
    symptom: [0, 1, "is archived"],
  },
  "a file that was moved to the archive by hand": {
    kind: "plain",
    harm: (home, id) =>
      void moveTo(fileOf(home, id), `${home}/archived_sessions/${nameOf(fileOf(home, id))}`),
    symptom: [0, 0, GONE],
    isArchived: true,
  },
  "a thread of which one segment was archived": {
    kind: "reverted",
    harm: (home, id) => {
      const path = fileOf(home, id, -1);
      moveTo(path, `${home}/archived_sessions/${nameOf(path)}`);
    },
    symptom: [0, 1, GONE],
  },
};

const ARCHIVED: Ailments = {
  "a thread with two files": { kind: "reverted", harm: () => {}, symptom: LIKE_ARCHIVED },
  "a compressed thread": { kind: "archived", harm: () => {}, symptom: LIKE_ARCHIVED },
  "a healthy thread": { kind: "plain", harm: () => {}, symptom: [1, 1, SAID.plain] },
};

Deno.test("repair archive makes rows and places agree", () =>
  withPlaces(AILMENTS, (places) => check(places, "archive", ["warning archive-mismatch 3"])));

Deno.test("repair unarchive leaves what codex unarchive leaves", () => withPlaces(ARCHIVED, checkUnarchive));

/** A thread with two files and a compressed one, archived by Codex and brought back by it and by codexkeep. */
async function checkUnarchive({ home, ids }: Places): Promise<void> {
  const [reverted = "", archived = ""] = Object.values(ids);
  const chosen = [reverted, archived];
  await withServer(home, (server) => archive(server, reverted));
  compress(fileOf(home.path, archived));
  const before = printHome(home.path);
  const byCodex = await withCopy(home, async (copy) => {
    await withServer(copy, async (server) => {
      for (const id of chosen) await server.call("thread/unarchive", { threadId: id });
    });
    return stateOf(copy, chosen);
  });

  await keep(home, ["repair", "unarchive", "--apply"], 4);
  await keep(home, ["repair", "unarchive", ...chosen.flatMap((id) => ["--thread", id]), "--apply"]);
  assertEquals(stateOf(home, chosen), byCodex);
  assertEquals(await complaints(home), []);
  await withCopy(home, (copy) =>
    withServer(copy, async (server) => {
      for (const id of chosen) assert((await resume(server, id)).ok, id);
      assertEquals((await idsIn(server, "indexAll")).length, 3);
    }));
  await keep(home, ["restore", "latest", "--apply"]);
  assertEquals(printDifferences(before, printHome(home.path)), []);
}

/** The files of threads and every cell of their rows, but for the time of the last change, which Codex sets anew. */
function stateOf(home: TestHome, ids: readonly string[]): readonly string[] {
  const rows = dumpRows(`${home.path}/state_5.sqlite` as AbsPath).filter((row) =>
    row.startsWith("threads ") && ids.some((id) => row.includes(`"id":"${id}"`))
  );
  const plain = rows.map((row) => row.replace(/"updated_at(_ms)?":\d+/g, ""));
  return [...plain, ...ids.flatMap((id) => filesOf(home.path, id))]
    .map((text) => text.replaceAll(home.path, "~"));
}
