import { archiveRepair } from "../../lib/repairs/archive.ts";
import { unarchiveRepair } from "../../lib/repairs/unarchive.ts";
import { pathsRepair } from "../../lib/repairs/paths.ts";
import type { Facts } from "../../lib/repairs/repair.ts";
import { assertEquals, fail } from "../assert.ts";
import type { RelPath } from "../../lib/core/path.ts";
import { damagedOf, HOME, threadId } from "../codex_model/snapshots.ts";
import { DAY, found, homeOf, nameOf, planned, segmentId } from "./places.ts";

const ACTIVE = `${DAY}/${nameOf(1)}`;
const ARCHIVED = `archived_sessions/${nameOf(1)}`;

/** Tables in which thread 1 was archived at second 7. */
const tables: Facts["tables"] = (_path, use) =>
  use({ all: () => [{ id: threadId(1), at: 7 }], columns: () => ["id", "archived_at"] });

function row(path: string, archived: boolean) {
  return { rolloutPath: `${HOME}/${path}`, archived };
}

Deno.test("archiveRepair has nothing to say where row and place agree", () => {
  const facts = homeOf([{ path: ACTIVE, thread: 1 }, { path: `archived_sessions/${nameOf(2)}`, thread: 2 }], {
    1: row(ACTIVE, false),
    2: row(`archived_sessions/${nameOf(2)}`, true),
    3: row("archived_sessions/gone.jsonl", false),
  });
  assertEquals([...found(archiveRepair, facts), ...planned(archiveRepair, facts)], []);
});

Deno.test("archiveRepair believes the place of the file", () => {
  const file = [{ path: ACTIVE, thread: 1 }];
  for (const path of [ACTIVE, ARCHIVED]) {
    const facts = homeOf(file, { 1: row(path, true) }, {}, { tables });
    assertEquals(found(archiveRepair, facts), ["warning archive-mismatch 1 archive"]);
    assertEquals(found(pathsRepair, facts), [], "one ailment, one finding");
    assertEquals(planned(archiveRepair, facts), [
      "row archived 1 > 0, archived_at 7 > null" +
      (path === ACTIVE ? "" : `, rollout_path ~/${ARCHIVED} > ~/${ACTIVE}`),
    ]);
  }
  const facts = homeOf([{ path: ARCHIVED, thread: 1, mtimeMs: 12_345 }], { 1: row(ACTIVE, false) });
  assertEquals(planned(archiveRepair, facts), [
    `row archived 0 > 1, archived_at null > 12, rollout_path ~/${ACTIVE} > ~/${ARCHIVED}`,
  ]);
});

Deno.test("archiveRepair brings the files of one thread together where the row says", () => {
  const segment = segmentId(1);
  const [old, recent] = [
    { path: ACTIVE, thread: 1 },
    { path: `archived_sessions/${nameOf(1, segment)}`, thread: 1, base: threadId(1) },
  ];
  const active = homeOf([old, recent], { 1: row(`${DAY}/${nameOf(1, segment)}`, false) });
  assertEquals(planned(archiveRepair, active), [`move ${recent.path} > ${DAY}/${nameOf(1, segment)}`]);
  const archived = homeOf([old, recent], { 1: row(recent.path, true) });
  assertEquals(planned(archiveRepair, archived), [`move ${ACTIVE} > ${ARCHIVED}`]);
});

Deno.test("archiveRepair does not take a copy in the other folder for a part of the thread", () => {
  const facts = homeOf([{ path: ACTIVE, thread: 1 }, { path: ARCHIVED, thread: 1 }], {
    1: row(ACTIVE, false),
  });
  assertEquals(found(archiveRepair, facts), []);
});

Deno.test("archiveRepair stays with the file that the row names, however much the one in the archive holds", () => {
  for (const [path, said] of [[`${ACTIVE}.zst`, ""], [ACTIVE, "more"]] as const) {
    const facts = homeOf([{ path, thread: 1 }, { path: ARCHIVED, thread: 1, said }], {
      1: row(ACTIVE, false),
    });
    assertEquals([...found(archiveRepair, facts), ...planned(archiveRepair, facts)], []);
    assertEquals(planned(pathsRepair, facts).filter((one) => one.startsWith(`move ${path}`)), []);
  }
});

Deno.test("archiveRepair leaves a thread alone that has a link or a damaged file where the row says", () => {
  const facts = homeOf([{ path: ARCHIVED, thread: 1 }], { 1: row(ACTIVE, false) });
  const { threads } = facts.snapshot;
  const [thread] = threads.values();
  if (thread === undefined) return fail("no thread");
  const link = { ...damagedOf(1, "it is a symbolic link"), path: ACTIVE as RelPath };
  const more = { ...thread, rollouts: [...thread.rollouts, link] };
  const linked = { ...facts, snapshot: { ...facts.snapshot, threads: new Map([[thread.id, more]]) } };
  assertEquals(planned(archiveRepair, facts).length, 1);
  assertEquals([...found(archiveRepair, linked), ...planned(archiveRepair, linked)], []);
});

Deno.test("archiveRepair leaves open and unselected threads alone", () => {
  const codex = { processes: [], busyThreads: [threadId(1)] };
  const facts = homeOf([{ path: ACTIVE, thread: 1 }], { 1: row(ACTIVE, true) }, { codex });
  assertEquals(planned(archiveRepair, facts), [`skip ${threadId(1)}: Codex has it open`]);
  assertEquals(planned(archiveRepair, facts, [2]), []);
});

Deno.test("unarchiveRepair brings back all files of the threads that are named", () => {
  const segment = segmentId(1);
  const facts = homeOf(
    [
      { path: ARCHIVED, thread: 1 },
      { path: `archived_sessions/${nameOf(1, segment)}.zst`, thread: 1, base: threadId(1) },
      { path: `archived_sessions/${nameOf(2)}`, thread: 2 },
    ],
    {
      1: row(`archived_sessions/${nameOf(1, segment)}`, true),
      2: row(`archived_sessions/${nameOf(2)}`, true),
    },
    {},
    { tables },
  );
  assertEquals(found(unarchiveRepair, facts), ["info archived-thread 2 unarchive"]);
  assertEquals(planned(unarchiveRepair, facts, [1]), [
    `move ${ARCHIVED} > ${ACTIVE}`,
    `move archived_sessions/${nameOf(1, segment)}.zst > ${DAY}/${nameOf(1, segment)}.zst`,
    `row rollout_path ~/archived_sessions/${nameOf(1, segment)} > ~/${DAY}/${nameOf(1, segment)}.zst, ` +
    "archived 1 > 0, archived_at 7 > null",
  ]);
  assertEquals(planned(unarchiveRepair, facts), [
    "skip archived threads: 2 are archived; name those that are to come back with --thread ID",
  ]);
});

Deno.test("unarchiveRepair needs no row, and refuses what it would write over or does not know", () => {
  const file = { path: ARCHIVED, thread: 1 };
  assertEquals(planned(unarchiveRepair, homeOf([file], {}), [1]), [`move ${ARCHIVED} > ${ACTIVE}`]);
  const copied = homeOf([file, { path: `archived_sessions/old/${nameOf(1)}`, thread: 1 }], {});
  assertEquals(planned(unarchiveRepair, copied, [1]), [
    `skip ${threadId(1)}: there are copies of its file: codexkeep repair paths`,
  ]);
  const facts = homeOf([file], {});
  const stat = () => ({ name: "x", kind: "directory", size: 0, mtimeMs: 0 } as const);
  assertEquals(planned(unarchiveRepair, { ...facts, files: { ...facts.files, stat } }, [1]), [
    `skip ${threadId(1)}: there is a file already at ${ACTIVE}`,
  ]);
  assertEquals(planned(unarchiveRepair, homeOf([], { 1: row(ARCHIVED, true) }), [1]), []);
});
