/** Rows that do not lead to their files, and files that lie where Codex does not look; judged by the real Codex. */
import { assertEquals } from "../assert.ts";
import { threadRows } from "./disk.ts";
import {
  type Ailments,
  check,
  compress,
  fileOf,
  GONE,
  LIKE_ARCHIVED,
  moveTo,
  nameOf,
  SAID,
  setPath,
  withPlaces,
} from "./places.ts";
import { printDifferences, printHome } from "./prints.ts";
import { complaints, keep, pick } from "./program.ts";

const AILMENTS: Ailments = {
  "a row that names the file in another home": {
    kind: "plain",
    harm: (home, id) => setPath(home, id, fileOf(home, id).replace(home, "/home/other/.codex")),
    symptom: [0, 1, GONE],
  },
  "a row that names the file of a thread with segments as Windows would": {
    kind: "reverted",
    harm: (home, id) =>
      setPath(home, id, fileOf(home, id, -1).replace(home, "C:\\Users\\u\\.codex").replaceAll("/", "\\")),
    symptom: [0, 2, GONE],
  },
  "a row that names a segment which a revert left behind": {
    kind: "reverted",
    harm: (home, id) => setPath(home, id, fileOf(home, id)),
    symptom: [1, 2, ["one", "two"]],
  },
  "a stale row of a compressed rollout": {
    kind: "plain",
    harm: (home, id) => {
      setPath(home, id, "/nowhere/x.jsonl");
      compress(fileOf(home, id));
    },
    symptom: [0, 1, GONE],
  },
  "a file that lies flat in sessions": {
    kind: "plain",
    harm: (home, id) => {
      setPath(home, id, moveTo(fileOf(home, id), `${home}/sessions/${nameOf(fileOf(home, id))}`));
    },
    symptom: [1, 0, SAID.plain],
  },
  "a file that lies in a folder of its own": {
    kind: "legacy",
    harm: (home, id) => void moveTo(fileOf(home, id), `${home}/sessions/old/${nameOf(fileOf(home, id))}`),
    symptom: [0, 0, "file does not exist"],
  },
  "an archived file that lies in a dated folder": {
    kind: "archived",
    harm: (home, id) => {
      const path = fileOf(home, id);
      moveTo(path, path.replace("archived_sessions/", "archived_sessions/2026/11/21/"));
    },
    symptom: LIKE_ARCHIVED,
    isArchived: true,
  },
  "a file whose name got something behind it": {
    kind: "plain",
    harm: (home, id) => void moveTo(fileOf(home, id), fileOf(home, id).replace(".jsonl", " copy.jsonl")),
    symptom: [0, 0, GONE],
    rebuilt: [1, 0, "does not have a canonical rollout filename"],
  },
  "a file whose name got something before it": {
    kind: "plain",
    harm: (home, id) => void moveTo(fileOf(home, id), fileOf(home, id).replace("/rollout-", "/old-rollout-")),
    symptom: [0, 0, GONE],
  },
  "a file whose name tells another thread": {
    kind: "plain",
    harm: (home, id) => void moveTo(fileOf(home, id), fileOf(home, id).replace(/.{4}\.jsonl$/, "0000.jsonl")),
    symptom: [0, 1, GONE],
  },
};

/** All at once, so each thread needs to be searched for. */
const PUT_AWAY: Ailments = {
  "a thread with two files": {
    kind: "reverted",
    harm: (home) => Deno.renameSync(`${home}/sessions`, `${home}/sessions_old`),
    symptom: [0, 0, GONE],
  },
  "a legacy thread": { kind: "legacy", harm: () => {}, symptom: [0, 0, "file does not exist"] },
};

/** A file that lies elsewhere and tells another thread in its name is not found. */
const { "a file whose name tells another thread": _, ...FOUND } = AILMENTS;
const TOGETHER: Ailments = { ...FOUND, ...PUT_AWAY };

Deno.test("repair paths sets rows and files right", () =>
  withPlaces(
    AILMENTS,
    (places) => check(places, "paths", ["error rollout-path-stale 4", "warning rollout-misplaced 6"]),
  ));

Deno.test("repair paths brings back sessions that were put away under another name", () =>
  withPlaces(PUT_AWAY, (places) => check(places, "paths", ["warning rollout-misplaced 2"])));

Deno.test("repair all gives threads their places and the provider in use at once", () =>
  withPlaces(TOGETHER, async ({ home, ids, ailments }) => {
    for (const [name, { harm }] of Object.entries(ailments)) harm(home.path, ids[name] ?? "");
    home.configure("relay");
    const ill = printHome(home.path);
    await keep(home, ["repair", "all", "--apply"]);
    assertEquals(await complaints(home), []);
    assertEquals(pick(await keep(home, ["repair", "all", "--apply"]), "plan.changes"), 0);
    const providers = new Set(threadRows(home.path).map(({ provider }) => provider));
    assertEquals([...providers], ["relay"]);
    await keep(home, ["restore", "latest", "--apply"]);
    assertEquals(printDifferences(ill, printHome(home.path)), []);
  }));
