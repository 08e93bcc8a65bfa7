import { damageReport } from "../../lib/repairs/damage.ts";
import { pathsRepair } from "../../lib/repairs/paths.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { damagedOf, HOME, rolloutPath, threadId } from "../codex_model/snapshots.ts";
import { DAY, found, homeOf, nameOf, type Placed, planned, segmentId } from "./places.ts";
import { NO_FILES } from "./facts.ts";

const at = (folder: string, n = 1, segment?: string) => `${folder}/${nameOf(n, segment)}`;
const sound: Placed = { path: at(DAY), thread: 1, said: "one\ntwo\n" };
const older = { ...sound, said: "one\n" };

Deno.test("pathsRepair leaves healthy threads alone: segments, archived, compressed, any date", () => {
  const [early, late] = [segmentId(1), segmentId(2)];
  const facts = homeOf([
    sound,
    { path: `${at("sessions/2020/01/02", 2)}.zst`, thread: 2 },
    { path: at("archived_sessions", 3), thread: 3 },
    { path: at(DAY, 4), thread: 4 },
    { path: at(DAY, 4, early), thread: 4, base: threadId(4) },
    { path: at(DAY, 4, late), thread: 4, base: early },
    { path: at(DAY, 5), thread: 5, bare: true },
  ], {
    1: sound.path,
    2: at("sessions/2020/01/02", 2),
    3: { rolloutPath: `${HOME}/${at("archived_sessions", 3)}`, archived: true },
    4: at(DAY, 4, late),
  });
  assertEquals(found(pathsRepair, facts), []);
  assertEquals(found(damageReport, facts), []);
  assertEquals(planned(pathsRepair, facts), []);
});

Deno.test("pathsRepair points rows at the newest file of their thread", () => {
  const segment = segmentId(1);
  const files = [sound, { path: at(DAY, 2), thread: 2 }, { path: at(DAY, 2, segment), thread: 2 }];
  for (
    const wrong of ["/home/other/.codex/x.jsonl", "C:\\Users\\u\\.codex\\x.jsonl", `${HOME}/${at(DAY, 2)}`]
  ) {
    const facts = homeOf(files, { 1: sound.path, 2: { rolloutPath: wrong } });
    assertEquals(found(pathsRepair, facts), ["error rollout-path-stale 1 paths"]);
    assertEquals(planned(pathsRepair, facts), [
      `row rollout_path ${wrong.replace(`${HOME}/`, "~/")} > ~/${at(DAY, 2, segment)}`,
    ]);
    assertEquals(planned(pathsRepair, facts, [1]), [], "a thread that was not selected");
  }
});

Deno.test("pathsRepair follows links to the home, and asks before it turns a row away from a file", () => {
  const real = (path: string) =>
    path === HOME ? "/data/codex" : path.startsWith("/data/") || path.startsWith("/old/") ? path : undefined;
  const files = { ...NO_FILES, realPath: real };
  const linked = homeOf([sound], { 1: { rolloutPath: `/data/codex/${sound.path}` } }, {}, { files });
  assertEquals(found(pathsRepair, linked), []);
  const other = homeOf([sound], { 1: { rolloutPath: `/old/home/${sound.path}` } }, {}, { files });
  assertEquals(found(pathsRepair, other), ["warning rollout-path-stale 1 -"]);
  assertEquals(planned(pathsRepair, other), []);
  assertEquals(planned(pathsRepair, other, [1]), [
    `row rollout_path /old/home/${sound.path} > ~/${sound.path}`,
  ]);
});

Deno.test("pathsRepair puts copies away also where the user has to choose the file", () => {
  const copy = { ...older, path: at("sessions/backup") };
  const files = { ...NO_FILES, realPath: (path: string) => path };
  const facts = homeOf([sound, copy], { 1: { rolloutPath: "/old/home/x.jsonl" } }, {}, { files });
  assertEquals(planned(pathsRepair, facts), [`move ${copy.path} > ${copy.path}.bak`]);
});

Deno.test("pathsRepair leaves the spelling of the other system alone until it is asked", () => {
  const facts = homeOf([sound], { 1: { rolloutPath: `C:\\u\\.codex\\${sound.path.replaceAll("/", "\\")}` } });
  const home = "/mnt/c/u/.codex" as typeof HOME;
  const shared = { ...facts, snapshot: { ...facts.snapshot, home } };
  assertEquals(found(pathsRepair, shared), ["info rollout-misplaced 1 -"]);
  assertEquals(planned(pathsRepair, shared), []);
  assertEquals(planned(pathsRepair, shared, [1]).length, 1);
});

Deno.test("pathsRepair leaves a row that damage keeps it from judging", () => {
  const facts = homeOf([sound], { 1: at(DAY, 1, segmentId(1)) });
  const thread = facts.snapshot.threads.get(threadId(1));
  const broken = { ...damagedOf(1), path: at(DAY, 1, segmentId(1)) as ReturnType<typeof rolloutPath> };
  const threads = new Map([[threadId(1), { ...thread!, rollouts: [...thread!.rollouts, broken] }]]);
  assertEquals(planned(pathsRepair, { ...facts, snapshot: { ...facts.snapshot, threads } }), []);
});

Deno.test("pathsRepair moves files to where Codex looks", () => {
  const places = ["sessions", "sessions/backup", "sessions/a/b/c", "sessions/backup/2026/11/21"];
  for (const place of places) {
    const facts = homeOf([{ ...sound, path: at(place) }], { 1: at(place) });
    assertEquals(found(pathsRepair, facts), ["warning rollout-misplaced 1 paths"]);
    assertEquals(planned(pathsRepair, facts), [
      `move ${at(place)} > ${at(DAY)}`,
      `row rollout_path ~/${at(place)} > ~/${at(DAY)}`,
    ]);
  }
  const path = at("archived_sessions/2026/11/21");
  const archived = homeOf([{ ...sound, path }], { 1: { rolloutPath: `${HOME}/${path}`, archived: true } });
  assertEquals(planned(pathsRepair, archived), [
    `move ${path} > ${at("archived_sessions")}`,
    `row rollout_path ~/${path} > ~/${at("archived_sessions")}`,
  ]);
});

Deno.test("pathsRepair leaves a file without a row in somebody's folder until it is named", () => {
  const facts = homeOf([{ ...sound, path: at("sessions/backup") }], {});
  assertEquals(found(pathsRepair, facts), ["info rollout-misplaced 1 -"]);
  assertEquals(planned(pathsRepair, facts), []);
  assertEquals(planned(pathsRepair, facts, [1]), [`move ${at("sessions/backup")} > ${at(DAY)}`]);
  const flat = homeOf([{ ...sound, path: at("sessions") }], {});
  assertEquals(planned(pathsRepair, flat), [`move ${at("sessions")} > ${at(DAY)}`]);
});

Deno.test("pathsRepair gives files their names back", () => {
  const name = nameOf(1);
  const odd = [
    name.replace(".jsonl", " copy.jsonl"),
    name.replace(".jsonl", "(1).jsonl"),
    name.replace("rollout-", "rollout-backup-"),
    `rollout-${threadId(1)}.jsonl`,
    name.replace(threadId(1), threadId(1).toUpperCase()),
    nameOf(7),
  ];
  for (const wrong of odd) {
    const facts = homeOf([{ ...sound, path: `${DAY}/${wrong}` }], { 1: sound.path });
    assertEquals(found(damageReport, facts), [], wrong);
    assertEquals(found(pathsRepair, facts), ["warning rollout-misplaced 1 paths"], wrong);
    assertEquals(planned(pathsRepair, facts), [`move ${DAY}/${wrong} > ${sound.path}`]);
  }
});

Deno.test("pathsRepair trusts a name that a row bears out more than the first line", () => {
  const facts = homeOf([{ ...sound, path: at(DAY, 7) }], { 7: at(DAY, 7) });
  assertEquals(planned(pathsRepair, facts), []);
  assertEquals(found(damageReport, facts), ["error rollout-damaged 1 -"]);
});

Deno.test("pathsRepair gives copies a name that Codex ignores, and the row back to the whole file", () => {
  const copies = ["sessions/backup", "sessions/2030/01/02", "archived_sessions"];
  for (const place of copies) {
    const copy = { ...older, path: at(place) };
    const facts = homeOf([sound, copy], { 1: place === "sessions/backup" ? copy.path : sound.path });
    const row = place === "sessions/backup" ? [`row rollout_path ~/${copy.path} > ~/${sound.path}`] : [];
    assertEquals(found(pathsRepair, facts).at(-1), "warning rollout-copy 1 paths");
    assertEquals(planned(pathsRepair, facts), [`move ${copy.path} > ${copy.path}.bak`, ...row]);
  }
  const beside = { ...sound, path: sound.path.replace(".jsonl", " copy.jsonl") };
  const taken = { ...sound, path: `${beside.path}.bak` };
  const facts = homeOf([sound, beside, taken], { 1: sound.path });
  assertEquals(planned(pathsRepair, facts), [`move ${beside.path} > ${beside.path}.2.bak`]);
});

Deno.test("pathsRepair takes no copy for one after the first line got another length", () => {
  const copy = { ...sound, path: at("sessions/backup"), cwd: "/w" };
  const facts = homeOf([sound, copy], { 1: sound.path });
  assertEquals(planned(pathsRepair, facts), [`move ${copy.path} > ${copy.path}.bak`]);
});

Deno.test("pathsRepair does not choose between files that hold different things", () => {
  for (const said of ["one\ntwo\nthree\n", "one\nother\n"]) {
    const copy = { ...sound, path: at("sessions/backup"), said };
    const facts = homeOf([sound, copy], { 1: said.includes("three") ? copy.path : sound.path });
    assertEquals(found(pathsRepair, facts), ["warning duplicate-thread 1 -"]);
    assertEquals(planned(pathsRepair, facts), [
      `skip ${threadId(1)}: ${copy.path} and ${sound.path} hold different things`,
    ]);
  }
});

Deno.test("pathsRepair brings back files that lie elsewhere in the home", () => {
  const segment = segmentId(1);
  const files = [
    { ...sound, path: at("sessions_old/2026/11/21") },
    { path: at("sessions_old/2026/11/21", 1, segment), thread: 1, base: threadId(1) },
    { path: `${DAY}/x-${nameOf(2)}`, thread: 2 },
    { path: at("old", 3), thread: 3 },
    { path: at("older", 3), thread: 3 },
    { path: at("old", 4), thread: 9 },
    { path: at("backups_state/other", 4), thread: 4 },
  ];
  const rows = { 1: at(DAY, 1, segment), 2: at(DAY, 2), 3: at(DAY, 3), 4: at(DAY, 4) };
  const facts = homeOf(files, rows);
  assertEquals(found(damageReport, facts), ["warning rollout-missing 1 -"]);
  assertEquals(found(pathsRepair, facts), ["warning rollout-misplaced 3 paths"]);
  assertEquals(planned(pathsRepair, facts), [
    `move ${at("sessions_old/2026/11/21")} > ${at(DAY)}`,
    `move ${at("sessions_old/2026/11/21", 1, segment)} > ${at(DAY, 1, segment)}`,
    `move ${DAY}/x-${nameOf(2)} > ${at(DAY, 2)}`,
    `skip ${threadId(3)}: its file could be any of "${at("old", 3)}", "${at("older", 3)}"`,
  ]);
});

Deno.test("pathsRepair skips threads that Codex has open, and places that are taken", () => {
  const codex = { processes: [], busyThreads: [threadId(1)] };
  const busy = homeOf([{ ...sound, path: at("sessions") }], { 1: at("sessions") }, { codex });
  assertEquals(planned(pathsRepair, busy), [`skip ${threadId(1)}: Codex has it open`]);
  const folder: Placed = { path: `${sound.path}/x`, thread: 2 };
  const facts = homeOf([{ ...sound, path: at("sessions") }, folder], { 1: at("sessions") });
  const [skip = ""] = planned(pathsRepair, {
    ...facts,
    files: { ...facts.files, stat: () => ({ name: "x", kind: "directory", size: 0, mtimeMs: 0 }) },
  });
  assertStringIncludes(skip, "there is a file already at");
});

Deno.test("damageReport tells what was said in threads whose files are gone", () => {
  const titles: Parameters<typeof homeOf>[3] = {
    tables: (_path, use) =>
      use({ all: () => [{ id: threadId(1), title: 'say "hi"' }], columns: () => ["id", "title"] }),
  };
  const [finding] = damageReport.find(homeOf([], { 1: sound.path }, {}, titles));
  assertEquals([finding?.code, finding?.severity], ["rollout-missing", "warning"]);
  assertEquals(finding?.samples, [`${threadId(1)}: ${HOME}/${sound.path}, "say \\"hi\\""`]);
  const files = { ...NO_FILES, realPath: (path: string) => path };
  const elsewhere = homeOf([], { 1: { rolloutPath: "/data/x.jsonl" } }, {}, { files });
  assertEquals(found(damageReport, elsewhere), ["info rollout-missing 1 -"]);
});

Deno.test("pathsRepair tells the repairs after it which files it has found", () => {
  const files = [
    { ...sound, path: at("old") },
    { path: `${DAY}/${nameOf(2).replace(".jsonl", " copy.jsonl")}`, thread: 2 },
    { path: at("sessions", 3), thread: 3 },
  ];
  const facts = homeOf(files, { 1: sound.path, 2: at(DAY, 2), 3: at("sessions", 3) });
  const threads = [...facts.snapshot.threads.values()];
  const found = pathsRepair.plan?.(facts, { threads, from: undefined }).found ?? [];
  const told = found.map(({ path, meta, recorded, damage }) => [path, meta?.id, recorded, damage]);
  assertEquals(told, [
    [files[1]?.path, threadId(2), "old", undefined],
    [files[0]?.path, threadId(1), "old", undefined],
  ]);
});
