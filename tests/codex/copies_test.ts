/** Copies of rollouts that Codex takes for the thread; judged by the real Codex. */
import { assertEquals } from "../assert.ts";
import {
  type Ailments,
  check,
  copyTo,
  cut,
  fileOf,
  nameOf,
  type Places,
  SAID,
  setPath,
  withPlaces,
} from "./places.ts";
import { complaints, keep, pick } from "./program.ts";

const AILMENTS: Ailments = {
  "an older copy that a rebuild prefers": {
    kind: "legacy",
    harm: (home, id) => cut(copyTo(fileOf(home, id), `${home}/sessions/backup/${nameOf(fileOf(home, id))}`)),
    symptom: [1, 1, SAID.legacy],
    rebuilt: [1, 1, ["legacy"]],
  },
  "an older copy that a rebuild has preferred": {
    kind: "legacy",
    harm: (home, id) => {
      const copy = copyTo(fileOf(home, id), `${home}/sessions/backup/${nameOf(fileOf(home, id))}`);
      cut(copy);
      setPath(home, id, copy);
    },
    symptom: [1, 1, ["legacy"]],
  },
  "a copy that is listed, too": {
    kind: "plain",
    harm: (home, id) =>
      void copyTo(fileOf(home, id), `${home}/sessions/2030/01/02/${nameOf(fileOf(home, id))}`),
    symptom: [1, 2, SAID.plain],
  },
};

const HEALTHY: Ailments = {
  "a healthy thread": { kind: "legacy", harm: () => {}, symptom: [1, 1, SAID.legacy] },
};

Deno.test("repair paths gives copies names that Codex ignores", () =>
  withPlaces(
    AILMENTS,
    (places) => check(places, "paths", ["error rollout-path-stale 1", "warning rollout-copy 3"]),
  ));

Deno.test("repair paths does not choose between files that hold different things", () =>
  withPlaces(HEALTHY, checkConflict));

/** The copy in the backup folder has more than the file that Codex opens: it may have been gone on with. */
async function checkConflict({ home, ids }: Places): Promise<void> {
  const path = fileOf(home.path, ids["a healthy thread"] ?? "");
  const copy = copyTo(path, `${home.path}/sessions/backup/${nameOf(path)}`);
  cut(path);
  assertEquals(await complaints(home), ["warning duplicate-thread 1"]);
  const plan = await keep(home, ["repair", "paths", "--apply"], 8);
  assertEquals([pick(plan, "plan.changes"), pick(plan, "record")], [0, null]);
  assertEquals(Deno.statSync(copy).isFile, true);
}
