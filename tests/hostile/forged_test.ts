/** Records and plans that somebody forged, checksums and all: nothing outside of what Codex keeps is touched (G24, G36, G37). */
import { sha256 } from "../../lib/core/bytes.ts";
import { assert, assertEquals } from "../assert.ts";
import { report } from "../proof/figure.ts";
import { FACTOR } from "../proof/size.ts";
import { PATHS, savePlan, SECRET, setUp, TRIPWIRES } from "../scripts/hostile_plans.ts";
import { onStage, type Stage } from "../scripts/stage.ts";
import { differences, RECORDS, treeOf } from "../scripts/tree.ts";
import { IS_UNIX } from "../system/fixture.ts";
import { expectNone, some, watch } from "./rig.ts";

const ID = "019b0001-0000-7000-8000-00000000000a";
const cell = { before: "a", after: "b" };
const NAME = `rollout-2026-01-05T10-00-00-${ID}.jsonl`;

/** Changes of every kind that name `path`, as raw as a file can hold them. */
function changesAt(path: string): Record<string, unknown>[] {
  const base = { sets: { model_provider: cell }, size: SECRET.length, mtimeMs: null, leaveMtimeMs: null };
  const splices = [{ at: 0, before: "the", after: "THE" }];
  return [
    { kind: "edit", path, ...base, splices },
    { kind: "edit", path, thread: ID, ...base, splices },
    {
      kind: "recode",
      path: `${path}.zst`,
      thread: ID,
      ...base,
      mtimeMs: 1,
      contentSize: SECRET.length,
      splices,
    },
    {
      kind: "put",
      path,
      ...base,
      beforeSha256: sha256(SECRET),
      from: { record: "x", name: "../../../auth.json" },
      sha256: sha256("x"),
      mtimeMs: 1,
    },
    { kind: "move", path, to: `sessions/2026/01/05/${NAME}`, thread: ID, ...base, mtimeMs: 1 },
    { kind: "move", path: `sessions/2026/01/05/${NAME}`, to: path, thread: ID, ...base, mtimeMs: 1 },
    { kind: "make", path, sets: {}, content: "made" },
    { kind: "unmake", path, sets: {}, content: SECRET },
  ];
}

/** Every path with every kind, and things that are no path at all. */
const FORGED: readonly Record<string, unknown>[] = [
  ...[
    ...PATHS,
    "Auth.json",
    "AUTH.JSON",
    "sessions",
    "sessions/",
    "backups_state",
    "backups_state/codexkeep/lock",
    "config.toml/x",
  ]
    .flatMap(changesAt),
  { kind: "row", database: "/etc/passwd", thread: ID, cells: { model_provider: cell } },
  { kind: "row", database: "../other.sqlite", thread: ID, cells: { model_provider: cell } },
  { kind: "row", database: 7, thread: ID, cells: { model_provider: cell } },
  {
    kind: "entry",
    database: "/tmp/x.sqlite",
    table: "sqlite_master",
    key: { name: "threads" },
    op: "remove",
    cells: {},
  },
  { kind: "drop", record: "../../..", bytes: 1 },
  { kind: "drop", record: "x", bytes: -1 },
  { kind: "nonsense" },
  { kind: "edit", path: "config.toml", sets: {}, size: 1e308, splices: [] },
  { kind: "edit", path: "config.toml", sets: {}, size: 10, splices: [{ at: -5, before: "", after: "x" }] },
  { kind: "edit", path: "config.toml", sets: {}, size: 10, splices: [{ at: 9e15, before: "", after: "x" }] },
  { kind: "edit", path: ["config.toml"], sets: {}, size: 10, splices: [] },
  { kind: "edit", path: { toString: "x" }, sets: {}, size: 10, splices: [] },
];

/** What lies beside the home and in it that nothing may touch. */
function tripwires(stage: Stage): string[] {
  return TRIPWIRES.filter((file) => Deno.readTextFileSync(stage.path(file)) !== SECRET);
}

/** The bytes outside of the home, and those in it that no run of ours changes. */
function untouched(stage: Stage) {
  const outside = treeOf(stage.folder, { contentOnly: true, without: ["home", "plan.json"] });
  const inside = treeOf(stage.home, { contentOnly: true, without: [RECORDS] });
  return () =>
    [
      ...differences(outside, treeOf(stage.folder, { contentOnly: true, without: ["home", "plan.json"] }))
        .filter((line) => !line.startsWith("/:")),
      ...differences(inside, treeOf(stage.home, { contentOnly: true, without: [RECORDS] })),
    ].filter((line) => !/^\/?: folder/.test(line));
}

/** Whether a run that was given something forged ended as it should. */
function refused(code: number): boolean {
  return [1, 2, 4, 5, 8, 9].includes(code);
}

Deno.test({
  name: "forged plan files, with a digest that fits, touch nothing outside of what a plan may",
  ignore: !IS_UNIX,
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let plans = 0;
    await onStage("one", async (stage) => {
      setUp(stage);
      const look = untouched(stage);
      for (const change of some(FORGED, 40)) {
        const file = savePlan(stage, [change as never]);
        const { code, faults: own } = await watch(["apply", file, "--apply", "--json"], { home: stage.home });
        plans++;
        const what = JSON.stringify(change).slice(0, 120);
        faults.push(...own.map((fault) => `${what}: ${fault}`));
        if (!refused(code)) faults.push(`${what}: exit ${code}`);
        faults.push(...[...tripwires(stage), ...look()].slice(0, 3).map((line) => `${what}: ${line}`));
      }
    });
    report("forged plan files", "paths × kinds", { plans, "with an effect": faults.length }, started);
    expectNone(faults);
  },
});

/** Puts changes and a journal that says how far they came into the newest record, with checksums that fit. */
function forge(
  folder: string,
  manifest: Record<string, unknown>,
  change: unknown,
  end: string,
  more: object = {},
): void {
  const changes = JSON.stringify(change) + "\n";
  Deno.writeTextFileSync(`${folder}/changes.jsonl`, changes);
  const { sha256: _old, ...known } = manifest;
  const body = {
    ...known,
    changes: 1,
    changesSha256: sha256(changes),
    changesBytes: new TextEncoder().encode(changes).length,
    ...more,
  };
  Deno.writeTextFileSync(
    `${folder}/manifest.json`,
    JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) }) + "\n",
  );
  const staged = { n: 0, before: sha256("THE"), after: sha256(SECRET), size: SECRET.length };
  const entries = [
    { event: "prepared" },
    { event: "begin", files: [staged] },
    ...end === "" ? [] : [{ event: end }],
  ];
  const text = entries.map((entry) =>
    JSON.stringify({ sum: sha256(JSON.stringify(entry)).slice(0, 16), entry }) + "\n"
  ).join("");
  Deno.writeTextFileSync(`${folder}/journal.jsonl`, text);
}

/** Heads that lie. */
const HEADS: readonly object[] = [
  { changes: 1e15 },
  { changes: -1 },
  { changes: "1" },
  { changesBytes: 1 },
  { changesBytes: 1e18 },
  { changesSha256: "0".repeat(64) },
  { home: "/" },
  { home: "/etc" },
  { home: "../x" },
  { home: 7 },
  { id: "../../etc" },
  { id: "000001-x" },
  { seq: -1 },
  { seq: 1e300 },
  { createdAt: "never" },
  { createdAt: "9999-99-99" },
  { purpose: "prune" },
  { purpose: "__proto__" },
  { byKind: null },
  { moves: "x" },
  { threads: -1 },
  { reverts: "../../x" },
  { version: "\u001b[2J" },
  { planDigest: "x" },
];

Deno.test({
  name: "forged records, with checksums that fit, put nothing where it does not belong, whoever reads them",
  ignore: !IS_UNIX,
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let records = 0;
    await onStage("one", async (stage) => {
      setUp(stage);
      await stage.run(["sync", "--apply"]);
      const [id = ""] = stage.records();
      const folder = stage.path(`${RECORDS}/codexkeep/${id}`);
      const manifest = JSON.parse(Deno.readTextFileSync(`${folder}/manifest.json`)) as Record<
        string,
        unknown
      >;
      const look = untouched(stage);
      const cases = [
        ...FORGED.map((change) => ({ change, head: {} })),
        ...HEADS.map((head) => ({
          change: { kind: "edit", path: "config.toml", sets: {}, size: 5, splices: [] },
          head,
        })),
      ];
      for (const { change, head } of some(cases, 24)) {
        records++;
        // A finished run is restored, one that was cut off is recovered.
        for (
          const [end, argv] of [["committed", ["restore", id, "--force", "--apply"]], ["", [
            "recover",
          ]]] as const
        ) {
          forge(folder, manifest, change, end, head);
          const { faults: own } = await watch([...argv, "--json"], { home: stage.home });
          const what = `${argv[0]} ${JSON.stringify({ change, head }).slice(0, 120)}`;
          faults.push(...own.map((fault) => `${what}: ${fault}`));
          faults.push(...[...tripwires(stage), ...look()].slice(0, 3).map((line) => `${what}: ${line}`));
        }
      }
      for (
        const argv of [["backups", "list"], ["backups", "verify", "--deep"], ["backups", "show", id], [
          "backups",
          "prune",
          "--keep",
          "0",
          "--apply",
        ]]
      ) {
        faults.push(...(await watch([...argv, "--json"], { home: stage.home })).faults);
      }
      faults.push(...tripwires(stage), ...look());
    });
    report(
      "forged records",
      "paths × kinds, lying heads",
      { records, "bytes outside": faults.length },
      started,
    );
    expectNone(faults);
  },
});

Deno.test({
  name: "every flipped bit of a record is found before it is used",
  ignore: !IS_UNIX,
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    let flips = 0;
    await onStage("vanished", async (stage) => {
      await stage.run(["sync", "--apply"]);
      const [id = ""] = stage.records();
      const look = untouched(stage);
      const root = stage.path(`${RECORDS}/codexkeep/${id}`);
      const files = [...treeOf(root).keys()].filter((path) => !path.endsWith("/"));
      for (const file of files) {
        const path = `${root}/${file}`;
        const good = Deno.readFileSync(path);
        for (let at = 0; at < good.length; at += Math.max(97, Math.floor(good.length / (8 * FACTOR)))) {
          flips++;
          Deno.writeFileSync(path, good.with(at, good[at]! ^ 1));
          const verify = await watch(["backups", "verify", id, "--deep", "--json"], { home: stage.home });
          if (verify.code !== 5) faults.push(`${file} at ${at}: verify ended with ${verify.code}`);
          const restore = await watch(["restore", id, "--apply", "--json"], { home: stage.home });
          if (restore.code === 0) faults.push(`${file} at ${at}: was restored`);
          faults.push(...look().slice(0, 2).map((line) => `${file} at ${at}: ${line}`));
          if (faults.length > 20) break;
        }
        Deno.writeFileSync(path, good);
      }
      assertEquals((await stage.run(["restore", id, "--apply"])).code, 0);
    });
    report("flipped bytes of a record", "every file of it", { flips, "not found": faults.length }, started);
    assert(flips > 20, `${flips}`);
    expectNone(faults);
  },
});

Deno.test({
  name: "pruning removes records of ours that are finished, and nothing that only looks like one",
  ignore: !IS_UNIX,
  fn: async () => {
    const started = performance.now();
    const faults: string[] = [];
    await onStage("one", async (stage) => {
      setUp(stage);
      for (const provider of ["relay", "custom", "relay"]) {
        await stage.run(["sync", "--provider", provider, "--apply"]);
      }
      const folder = stage.path(`${RECORDS}/codexkeep`);
      const ids = stage.records();
      const outside = `${stage.folder}/outside`;
      Deno.mkdirSync(outside);
      Deno.writeTextFileSync(`${outside}/manifest.json`, SECRET);
      const foreign = [
        "000000-20200101T000000-sync-00000000",
        "999999-20990101T000000-sync-ffffffff",
        "not-a-record",
        "..x",
        "000001",
        "000001-",
        ".hidden",
        "A00001-20200101T000000-sync-00000000",
        "000001-20200101T000000-sync-00000000 ",
        "ledger",
        "x\ny",
      ];
      for (const name of foreign) {
        Deno.mkdirSync(`${folder}/${name}`);
        Deno.writeTextFileSync(`${folder}/${name}/mine.txt`, SECRET);
      }
      Deno.symlinkSync(outside, `${folder}/000002-20200101T000000-sync-00000001`);
      Deno.mkdirSync(stage.path(`${RECORDS}/provider-sync/2020`), { recursive: true });
      const { code, faults: own } = await watch(["backups", "prune", "--keep", "1", "--apply", "--json"], {
        home: stage.home,
      });
      faults.push(...own, ...[0, 5, 8].includes(code) ? [] : [`exit ${code}`], ...tripwires(stage));
      for (const name of foreign) {
        try {
          if (Deno.readTextFileSync(`${folder}/${name}/mine.txt`) !== SECRET) {
            faults.push(`${name} was changed`);
          }
        } catch {
          faults.push(`${JSON.stringify(name)} was removed`);
        }
      }
      if (Deno.readTextFileSync(`${outside}/manifest.json`) !== SECRET) faults.push("a link was followed");
      const left = stage.records().filter((id) => ids.includes(id));
      if (!left.includes(ids.at(-1)!)) faults.push("the newest record is gone");
      report("hostile folders beside records", "prune", {
        folders: foreign.length + 2,
        "wrongly removed": faults.length,
      }, started);
    });
    expectNone(faults);
  },
});

Deno.test("control: a restorer that joins names is found guilty", async () => {
  const started = performance.now();
  let guilty = 0;
  await onStage("one", (stage) => {
    for (const path of PATHS) {
      setUpAgain(stage);
      try {
        Deno.writeTextFileSync(`${stage.home}/${path}`, "THE secret");
      } catch {
        // Not every name is one here.
      }
      if (tripwires(stage).length > 0) guilty++;
    }
  });
  report(
    "forged records",
    "a restorer that joins names",
    { paths: PATHS.length, "found guilty": guilty },
    started,
    { control: true },
  );
  assert(guilty >= 5, `${guilty}`);
});

function setUpAgain(stage: Stage): void {
  Deno.mkdirSync(stage.path("skills"), { recursive: true });
  for (const file of TRIPWIRES) Deno.writeTextFileSync(stage.path(file), SECRET);
}
