/** What each list of Codex 0.169 shows of ailing threads, as recorded; none shows one whose rollout is gone. */
import { assertEquals } from "../assert.ts";
import { type AilmentName, makeWard, shownBy } from "./ailments.ts";
import { type ListName, LISTS } from "./readers.ts";

/** Shown by every list that is answered from the rollouts, whatever the row says. */
const BY_ROLLOUT: readonly AilmentName[] = [
  "healthy",
  "row without preview",
  "row of source exec",
  "row of another provider",
  "row missing",
  "row points elsewhere",
  "row says archived",
  "row and path say archived",
  "rollout and path in another date folder",
];

/** Shown by every list that is answered from the index, whatever the rollout says, as long as it exists. */
const BY_ROW: readonly AilmentName[] = [
  "healthy",
  "rollout of another provider",
  "rollout and path moved to the archive",
  "rollout and path not in a date folder",
  "rollout and path in another date folder",
];
const UNREADABLE: readonly AilmentName[] = ["first line damaged", "rollout empty"];

const SHOWN: Readonly<Record<ListName, readonly string[]>> = {
  scan: BY_ROLLOUT,
  scanAll: [...BY_ROLLOUT, "other provider (relay)", "rollout of another provider (relay)"],
  index: [...BY_ROW, ...UNREADABLE],
  indexAll: [...BY_ROW, ...UNREADABLE, "other provider (relay)", "row of another provider (relay)"],
  execScan: [...BY_ROLLOUT, "made by exec"],
  execIndex: [...BY_ROW, ...UNREADABLE, "made by exec", "row of source exec"],
  recent: [
    ...BY_ROW,
    ...UNREADABLE,
    "other provider (relay)",
    "row of another provider (relay)",
    "made by exec",
    "row of source exec",
    "row missing",
    "row says archived",
  ],
  archivedScan: [
    "archived",
    "archived, other provider (relay)",
    "archived row missing",
    "rollout moved to the archive",
    "rollout and path moved to the archive",
  ],
  archivedIndex: ["archived", "archived, other provider (relay)", "row says archived"],
  accountScan: [...BY_ROLLOUT, "other provider (relay)", "rollout of another provider (relay)"],
  accountIndex: [...BY_ROW, "other provider (relay)", "row of another provider (relay)"],
};

Deno.test("shownBy() gives the recorded threads", async (test) => {
  const ward = await makeWard();
  try {
    for (const name of Object.keys(LISTS) as ListName[]) {
      await test.step(`for the list ${name}`, async () => {
        assertEquals((await shownBy(ward, name)).toSorted(), SHOWN[name].toSorted());
      });
    }
  } finally {
    await ward.home.dispose();
  }
});
