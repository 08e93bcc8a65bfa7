/** What the planner makes of every way in which two sides can stand to each other and to what was before. */
import { planHandoff } from "../../lib/handoff/compare.ts";
import { contentSha256 } from "../../lib/handoff/content.ts";
import type { HandoffPlan, Side, Situation, Step } from "../../lib/handoff/model.ts";
import type { ConflictPolicy, Direction, EqualMtimeAction } from "../../lib/handoff/settings.ts";
import { memorySource } from "../../lib/text/source.ts";
import { messageLine, metaLine, settingsLine } from "../codex_model/rollouts.ts";
import { assert, assertEquals } from "../assert.ts";
import { baseOf, type Disk, type MemoryFile, settingsOf, situationOf } from "./world.ts";

const ID = (n: number) => `0199f0a0-0000-7000-8000-${String(n).padStart(12, "0")}`;
const name = (n: number, day = "01") => `rollout-2026-01-${day}T00-00-00-${ID(n)}.jsonl`;
const at = (n: number, day = "01") => `sessions/2026/01/${day}/${name(n, day)}`;
const archivedAt = (n: number) => `archived_sessions/${name(n)}`;
const text = (...lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
const turn = (n: number) => messageLine(`turn ${n}`, n);
const P = text(metaLine(), turn(1));
const PA = P + text(turn(2));
const PB = P + text(turn(3));
const file = (content: string, mtimeMs = 1000): MemoryFile => ({ text: content, mtimeMs });
const disk = (files: Readonly<Record<string, MemoryFile>>): Disk => new Map(Object.entries(files));

/** A step in few words: what, where to, why. */
function brief(step: Step): string {
  switch (step.do) {
    case "copy":
      return `copy to ${step.to} ${step.reason}`;
    case "extend":
      return `extend ${step.to}`;
    case "move":
      return `move on ${step.on} to ${step.path.split("/")[0]}`;
    case "remove":
      return `remove on ${step.on}`;
    case "unite":
      return `unite ${step.on}`;
    case "keep-loser":
      return `keep ${step.of}`;
  }
}

/** A plan in few words: steps, then conflicts, then why nothing is written. */
function summary({ steps, conflicts, halt, skipped }: HandoffPlan): string {
  return [
    ...steps.map(brief),
    ...conflicts.map(({ reason, resolved }) => `! ${reason} ${resolved ?? "open"}`),
    ...(skipped.length === 0 ? [] : ["skipped"]),
    ...(halt === undefined ? [] : [`halt ${halt.code}`]),
  ].join(", ");
}

/** What is said of one side of a row. */
type Now = "absent" | "same" | MemoryFile;

interface Row {
  readonly title: string;
  /** Undefined: this machine never saw both sides agree. */
  readonly base: MemoryFile | undefined;
  readonly local: Now;
  readonly cloud: Now;
  readonly propagate?: boolean;
  /** What the folder says was removed: the content of the base, or another one. */
  readonly tombstone?: "base" | "other" | "unknown";
  /** By policy, for `bidirectional`; "*": whatever the policy. */
  readonly wanted: Readonly<Partial<Record<ConflictPolicy | "*", string>>>;
}

const OLD = file(P);
const [A, B] = [file(PA, 2000), file(PB, 3000)];
const BOTH_CHANGED = {
  manual_abort: "! diverged open, halt conflicts",
  prefer_local: "keep cloud, copy to cloud policy, ! diverged local",
  prefer_cloud: "keep local, copy to local policy, ! diverged cloud",
  prefer_newer_mtime: "keep local, copy to local policy, ! diverged cloud",
};
const REWRITTEN = file(P.replace("turn 1", "turn I"), 5000);

/** The rows of a two-way synchroniser, and those of logs that only grow. A second thread keeps the sides from being empty. */
const ROWS: readonly Row[] = [
  // eight usual ones
  { title: "nothing changed", base: OLD, local: "same", cloud: "same", wanted: { "*": "" } },
  { title: "cloud went on", base: OLD, local: "same", cloud: B, wanted: { "*": "extend local" } },
  { title: "local went on", base: OLD, local: A, cloud: "same", wanted: { "*": "extend cloud" } },
  { title: "new on cloud", base: undefined, local: "absent", cloud: B, wanted: { "*": "copy to local new" } },
  { title: "new on local", base: undefined, local: A, cloud: "absent", wanted: { "*": "copy to cloud new" } },
  {
    title: "gone on cloud, with a tombstone",
    base: OLD,
    local: "same",
    cloud: "absent",
    propagate: true,
    tombstone: "base",
    wanted: { "*": "remove on local" },
  },
  {
    title: "gone on local",
    base: OLD,
    local: "absent",
    cloud: "same",
    propagate: true,
    wanted: { "*": "remove on cloud" },
  },
  {
    title: "gone on both",
    base: OLD,
    local: "absent",
    cloud: "absent",
    propagate: true,
    wanted: { "*": "" },
  },
  // six unusual ones
  { title: "new on both, the same", base: undefined, local: A, cloud: file(PA, 9), wanted: { "*": "" } },
  {
    title: "new on both, different",
    base: undefined,
    local: A,
    cloud: B,
    wanted: {
      manual_abort: "! both-new open, halt conflicts",
      prefer_local: "keep cloud, copy to cloud policy, ! both-new local",
      prefer_cloud: "keep local, copy to local policy, ! both-new cloud",
      prefer_newer_mtime: "keep local, copy to local policy, ! both-new cloud",
    },
  },
  { title: "changed on both, the same", base: OLD, local: A, cloud: file(PA, 9), wanted: { "*": "" } },
  { title: "changed on both, differently", base: OLD, local: A, cloud: B, wanted: BOTH_CHANGED },
  {
    title: "changed on local, gone on cloud",
    base: OLD,
    local: A,
    cloud: "absent",
    propagate: true,
    tombstone: "base",
    wanted: { "*": "copy to cloud brought-back, ! changed-and-removed local" },
  },
  {
    title: "gone on local, changed on cloud",
    base: OLD,
    local: "absent",
    cloud: B,
    propagate: true,
    wanted: { "*": "copy to local brought-back, ! changed-and-removed cloud" },
  },
  // deletions that are none
  ...(["other", "unknown"] as const).map((tombstone): Row => ({
    title: `gone on cloud, where something else was removed: ${tombstone}`,
    base: OLD,
    local: "same",
    cloud: "absent",
    propagate: true,
    tombstone,
    wanted: { "*": "copy to cloud brought-back, ! changed-and-removed local" },
  })),
  {
    title: "gone on cloud, with a tombstone, and only settings events were added here",
    base: OLD,
    local: file(P + text(settingsLine("x", 2)), 7),
    cloud: "absent",
    propagate: true,
    tombstone: "base",
    wanted: { "*": "remove on local" },
  },
  {
    title: "gone on cloud, no tombstone",
    base: OLD,
    local: "same",
    cloud: "absent",
    propagate: true,
    wanted: { "*": "copy to cloud brought-back" },
  },
  {
    title: "gone on local, deletions stay",
    base: OLD,
    local: "absent",
    cloud: "same",
    wanted: { "*": "copy to local brought-back" },
  },
  {
    title: "gone on cloud, deletions stay",
    base: OLD,
    local: "same",
    cloud: "absent",
    tombstone: "base",
    wanted: { "*": "copy to cloud brought-back" },
  },
  // logs
  {
    title: "one goes on, base unknown",
    base: undefined,
    local: OLD,
    cloud: B,
    wanted: { "*": "extend local" },
  },
  {
    title: "both went on, one further",
    base: OLD,
    local: A,
    cloud: file(PA + text(turn(4)), 9),
    wanted: { "*": "extend local" },
  },
  { title: "local was cut off", base: file(PA), local: OLD, cloud: "same", wanted: { "*": "extend local" } },
  {
    title: "local was rewritten",
    base: OLD,
    local: REWRITTEN,
    cloud: "same",
    wanted: { "*": "keep cloud, copy to cloud policy, ! diverged local" },
  },
  {
    title: "only settings events were added",
    base: OLD,
    local: file(P + text(settingsLine("x", 2)), 7),
    cloud: "same",
    wanted: { "*": "" },
  },
  {
    title: "settings here, turns there",
    base: OLD,
    local: file(P + text(settingsLine("x", 2)), 7),
    cloud: B,
    wanted: { "*": "extend local" },
  },
  { title: "only the time changed", base: OLD, local: file(P, 77), cloud: "same", wanted: { "*": "" } },
  { title: "empty here", base: undefined, local: file(""), cloud: B, wanted: { "*": "copy to local newer" } },
];

const POLICIES: readonly ConflictPolicy[] = [
  "manual_abort",
  "prefer_cloud",
  "prefer_local",
  "prefer_newer_mtime",
];
const DIRECTIONS: readonly Direction[] = ["bidirectional", "to_local", "to_cloud"];
const STAYS = { [at(9)]: file(text(metaLine({ payload: { id: ID(9) } }), turn(9))) };

const contentOf = ({ text }: MemoryFile) => contentSha256(memorySource(new TextEncoder().encode(text)));

function situationOfRow({ base, local, cloud, tombstone }: Row): Situation {
  const now = (side: Now) => side === "absent" ? {} : { [at(1)]: side === "same" ? base! : side };
  const before = disk(base === undefined ? STAYS : { ...STAYS, [at(1)]: base });
  const sha256 = tombstone === "unknown" ? undefined : contentOf(tombstone === "base" ? OLD : B);
  const stone = { key: name(1), sha256, machine: "b", at: "2026-01-02T00:00:00.000Z" };
  return situationOf(
    disk({ ...STAYS, ...now(local) }),
    disk({ ...STAYS, ...now(cloud) }),
    baseOf(before, before),
    { tombstones: new Map(tombstone === undefined ? [] : [[name(1), stone]]) },
  );
}

/** What a direction leaves of a plan of both: the steps to its side, and a word about the rest. */
function inDirection(wanted: string, direction: Direction): string {
  if (direction === "bidirectional" || wanted.includes("halt")) return wanted;
  const side: Side = direction === "to_local" ? "local" : "cloud";
  const other: Side = side === "local" ? "cloud" : "local";
  const isForbidden = new RegExp(`(to|on|extend) ${other}`).test(wanted);
  if (!isForbidden) return wanted;
  const stays = wanted.split(", ").filter((word) => word.startsWith("! changed-and-removed"));
  return [...stays, "skipped"].join(", ");
}

for (const row of ROWS) {
  Deno.test(`G38 rollout: ${row.title}`, () => {
    for (const policy of POLICIES) {
      for (const direction of DIRECTIONS) {
        const deletePolicy = row.propagate ? "propagate" : "never";
        const plan = planHandoff(settingsOf({ direction, deletePolicy }, policy), situationOfRow(row));
        const wanted = row.wanted[policy] ?? row.wanted["*"] ?? "?";
        assertEquals(summary(plan), inDirection(wanted, direction), `${policy}, ${direction}`);
        if (direction !== "bidirectional") {
          const side = direction === "to_local" ? "local" : "cloud";
          const written = plan.steps.filter((step) => step.do !== "keep-loser")
            .map((step) => "to" in step ? step.to : step.on);
          assert(written.every((one) => one === side), "only one side is written");
        }
      }
    }
  });
}

Deno.test("G38 rollout: what agrees and is not in the base yet is said, and what is known costs no look", () => {
  const agreed = (row: string) => {
    return planHandoff(settingsOf(), situationOfRow(ROWS.find(({ title }) => title === row)!)).agreed;
  };
  assertEquals(agreed("nothing changed"), []);
  assertEquals(agreed("new on both, the same"), [name(1)]);
  assertEquals(agreed("changed on both, the same"), [name(1)]);
  assertEquals(agreed("only the time changed"), [name(1)]);
});

// ---- places ----

interface PlaceRow {
  readonly title: string;
  readonly base: boolean | undefined;
  readonly local: boolean;
  readonly cloud: boolean;
  readonly wanted: string;
}
const PLACES: readonly PlaceRow[] = [
  {
    title: "archived here",
    base: false,
    local: true,
    cloud: false,
    wanted: "move on cloud to archived_sessions",
  },
  {
    title: "archived there",
    base: false,
    local: false,
    cloud: true,
    wanted: "move on local to archived_sessions",
  },
  { title: "taken out here", base: true, local: false, cloud: true, wanted: "move on cloud to sessions" },
  { title: "taken out there", base: true, local: true, cloud: false, wanted: "move on local to sessions" },
  { title: "archived on both", base: false, local: true, cloud: true, wanted: "" },
  {
    title: "nobody knows, archived here",
    base: undefined,
    local: true,
    cloud: false,
    wanted: "move on local to sessions, ! moved-differently cloud",
  },
  {
    title: "nobody knows, archived there",
    base: undefined,
    local: false,
    cloud: true,
    wanted: "move on cloud to sessions, ! moved-differently local",
  },
];
for (const { title, base, local, cloud, wanted } of PLACES) {
  Deno.test(`G38 place: ${title}`, () => {
    for (const [content, word] of [[P, ""], [PB, "extend local"]] as const) {
      for (const zst of ["", ".zst"]) {
        const path = (archived: boolean) => archived ? archivedAt(1) : at(1);
        const before = base === undefined ? disk({}) : disk({ [path(base)]: OLD });
        const here = disk({ [path(local) + zst]: OLD });
        const there = disk({ [path(cloud)]: file(content, content === P ? 1000 : 4000) });
        const plan = planHandoff(settingsOf(), situationOf(here, there, baseOf(before, before)));
        const conflict = wanted.split(", ").slice(1);
        const words = [...wanted.split(", ").slice(0, 1), word, ...conflict].filter((one) => one !== "");
        assertEquals(summary(plan), words.join(", "));
        const extend = plan.steps.find((step) => step.do === "extend");
        if (extend === undefined) continue;
        assert(!extend.path.endsWith(".zst"), "what goes on is not compressed");
        const move = plan.steps.find((step) => step.do === "move" && step.on === "local");
        if (move?.do === "move") assertEquals(extend.over.path, move.path);
      }
    }
  });
}

Deno.test("G38 place: a change of place is a change, so a deletion on the other side does not win", () => {
  const before = disk({ ...STAYS, [at(1)]: OLD });
  const plan = planHandoff(
    settingsOf({ deletePolicy: "propagate" }),
    situationOf(disk(STAYS), disk({ ...STAYS, [archivedAt(1)]: OLD }), baseOf(before, before)),
  );
  assertEquals(summary(plan), "copy to local brought-back, ! changed-and-removed cloud");
});

Deno.test("G38 place: a place that is taken by a file without part is not written over", () => {
  const before = disk({ [at(1)]: A });
  const cloud = disk({ [at(1)]: A, [archivedAt(1)]: OLD });
  const plan = planHandoff(
    settingsOf(),
    situationOf(disk({ [archivedAt(1)]: A }), cloud, baseOf(before, before)),
  );
  assertEquals(summary(plan), "skipped");
});

Deno.test("G38 place: a log is not carried to where a compressed and a plain copy of it lie side by side", () => {
  const [plain, zst] = [at(1), `${at(1)}.zst`];
  const before = disk({ [plain]: OLD });
  const further = file(PA + text(turn(4)), 9000);
  for (
    const [here, policy] of [[file(PA + text(turn(4), turn(5)), 9), "manual_abort"], [
      B,
      "prefer_local",
    ]] as const
  ) {
    const cloud = disk({ [plain]: OLD, [zst]: further });
    const plan = planHandoff(
      settingsOf({}, policy),
      situationOf(disk({ [plain]: here }), cloud, baseOf(before, before)),
    );
    assertEquals(summary(plan), "skipped");
    assertEquals([plan.agreed, plan.partial], [[], []]);
  }
});

Deno.test("compression is no difference, and a new file is carried as it is", () => {
  const both = situationOf(disk({ [`${at(1)}.zst`]: A }), disk({ [at(1)]: A }));
  assertEquals(summary(planHandoff(settingsOf(), both)), "");
  const [step] = planHandoff(settingsOf(), situationOf(disk({ [`${at(1)}.zst`]: A }), disk({}))).steps;
  assertEquals(step?.do === "copy" ? String(step.path) : "", `${at(1)}.zst`);
});

// ---- deletions and lineage ----

Deno.test("a rollout that another one goes on from is not removed but brought back, with all its ancestors", () => {
  const child = (n: number, parent: number) =>
    file(text(metaLine({ payload: { id: ID(n), history_base: { thread_id: ID(parent) } } }), turn(n)));
  const all = { ...STAYS, [at(1)]: OLD, [at(2)]: child(2, 1), [at(3)]: child(3, 2), [at(4)]: OLD };
  const before = disk(all);
  const here = disk({ ...STAYS, [at(3)]: all[at(3)]! });
  const situation = situationOf(here, disk(all), baseOf(before, before));
  const plan = planHandoff(settingsOf({ deletePolicy: "propagate" }), situation);
  assertEquals(plan.steps.map((step) => `${brief(step)} ${step.key}`), [
    `copy to local brought-back ${name(1)}`,
    `copy to local brought-back ${name(2)}`,
    `remove on cloud ${name(4)}`,
  ]);
  assertEquals(plan.skipped.length, 2);
});

Deno.test("a tombstone that was there when both sides agreed removes nothing any more", () => {
  const before = disk({ ...STAYS, [at(1)]: OLD });
  const stone = { key: name(1), sha256: undefined, machine: "b", at: "2026-01-02T00:00:00.000Z" };
  const settled = baseOf(before, before);
  settled.set(name(1), { ...settled.get(name(1))!, tombstone: stone.at });
  const tombstones = new Map([[name(1), stone]]);
  const situation = situationOf(before, disk(STAYS), settled, { tombstones });
  const plan = planHandoff(settingsOf({ deletePolicy: "propagate" }), situation);
  assertEquals(summary(plan), "copy to cloud brought-back");
  const present = situationOf(before, before, baseOf(before, before), { tombstones });
  assertEquals(planHandoff(settingsOf(), present).agreed, [name(1)]);
});

Deno.test("a file that takes no part on one side is not missing there", () => {
  const before = disk({ ...STAYS, [at(1)]: OLD });
  const situation = situationOf(disk({ ...STAYS, [at(1)]: A }), disk(STAYS), baseOf(before, before));
  const leftOut = [{ path: `x/.${name(1)}.icloud`, reason: "placeholder" as const, key: name(1) }];
  const plan = planHandoff(settingsOf(), { ...situation, cloud: { ...situation.cloud, leftOut } });
  assertEquals(summary(plan), "");
});

// ---- S1.12 to S1.16 ----

const F = "skills/x.md";
const planFile = (
  local: MemoryFile | undefined,
  cloud: MemoryFile | undefined,
  base: MemoryFile | undefined,
  settings = settingsOf(),
) => {
  const side = (one: MemoryFile | undefined) => disk(one === undefined ? STAYS : { ...STAYS, [F]: one });
  const before = side(base);
  return planHandoff(settings, situationOf(side(local), side(cloud), baseOf(before, before)));
};

Deno.test("S1.12 conflict.policy: manual_abort, prefer_cloud, prefer_local, prefer_newer_mtime", () => {
  const [base, older, newer] = [file("o", 1), file("a", 5), file("bb", 9)];
  const by = (policy: ConflictPolicy, local = older, cloud = newer) =>
    summary(planFile(local, cloud, base, settingsOf({}, policy)));
  assertEquals(by("manual_abort"), "! diverged open, halt conflicts");
  assertEquals(by("prefer_cloud"), "keep local, copy to local policy, ! diverged cloud");
  assertEquals(by("prefer_local"), "keep cloud, copy to cloud policy, ! diverged local");
  assertEquals(by("prefer_newer_mtime"), "keep local, copy to local policy, ! diverged cloud");
  assertEquals(by("prefer_newer_mtime", newer, older), "keep cloud, copy to cloud policy, ! diverged local");
  assertEquals(by("manual_abort", newer, newer), "");
});

Deno.test("S1.12 a decision of the user settles one conflict under any policy", () => {
  const before = disk({ ...STAYS, [at(1)]: OLD, [F]: file("o", 1) });
  const here = disk({ ...STAYS, [at(1)]: A, [F]: file("a", 5) });
  const there = disk({ ...STAYS, [at(1)]: B, [F]: file("bb", 9) });
  const decisions = new Map<string, Side>([[name(1), "local"], [F, "cloud"]]);
  for (const policy of POLICIES) {
    const situation = situationOf(here, there, baseOf(before, before), { decisions });
    assertEquals(
      summary(planHandoff(settingsOf({}, policy), situation)),
      "keep cloud, copy to cloud policy, keep local, copy to local policy, ! diverged local, ! diverged cloud",
    );
  }
});

Deno.test("S1.13 sync.compare: mtime goes by size and time, mtime_hash_fallback by content where these agree", () => {
  const [a, b] = [file("aa", 5), file("bb", 5)];
  const by = (
    compare: "mtime" | "mtime_hash_fallback",
    equalMtimeAction: EqualMtimeAction = "prefer_local",
  ) => summary(planFile(a, b, undefined, settingsOf({ compare, equalMtimeAction })));
  assertEquals(by("mtime"), "");
  assertEquals(by("mtime_hash_fallback"), "keep cloud, copy to cloud policy, ! equal-time local");
  const touched = (compare: "mtime" | "mtime_hash_fallback") =>
    summary(planFile(file("xx", 6), a, a, settingsOf({ compare, timeToleranceSeconds: 1 })));
  assertEquals(touched("mtime"), "");
  assertEquals(touched("mtime_hash_fallback"), "copy to cloud newer");
});

Deno.test("S1.13 sync.time_tolerance_seconds: times within it are the same", () => {
  const by = (timeToleranceSeconds: number) =>
    summary(planFile(file("aa", 5000), file("bbb", 7000), undefined, settingsOf({ timeToleranceSeconds })));
  assertEquals(by(0), "keep local, copy to local policy, ! both-new cloud");
  assertEquals(by(1), "keep local, copy to local policy, ! both-new cloud");
  assertEquals(by(2), "skipped");
});

Deno.test("S1.14 sync.equal_mtime_action: skip, prefer_local, prefer_cloud, manual_abort", () => {
  const by = (
    equalMtimeAction: EqualMtimeAction,
    base?: MemoryFile,
    policy: ConflictPolicy = "manual_abort",
  ) => summary(planFile(file("aa", 5), file("bbb", 5), base, settingsOf({ equalMtimeAction }, policy)));
  assertEquals(by("skip"), "skipped");
  assertEquals(by("prefer_local"), "keep cloud, copy to cloud policy, ! equal-time local");
  assertEquals(by("prefer_cloud"), "keep local, copy to local policy, ! equal-time cloud");
  assertEquals(by("manual_abort"), "! equal-time open, halt conflicts");
  // where the newer one would win and neither is
  assertEquals(
    by("prefer_local", file("o", 1), "prefer_newer_mtime"),
    "keep cloud, copy to cloud policy, ! diverged local",
  );
  assertEquals(by("skip", file("o", 1), "prefer_newer_mtime"), "skipped");
});

Deno.test("S1.15 sync.session_mode: all, or the newest dated folder of either side with what its threads came from", () => {
  const child = file(text(metaLine({ payload: { id: ID(5), history_base: { thread_id: ID(1) } } }), turn(5)));
  const here = disk({ [at(1, "01")]: OLD, [at(2, "01")]: OLD, [at(5, "03")]: child, [F]: file("x") });
  const there = disk({ [at(7, "02")]: OLD, "sessions/2026-01-01/x.txt": file("y") });
  const keys = (sessionMode: "all" | "last_date_only") => {
    const plan = planHandoff(settingsOf({ sessionMode }), situationOf(here, there));
    return plan.steps.map(({ key }) => key);
  };
  assertEquals(keys("all").length, 6);
  assertEquals(keys("last_date_only").sort(), [
    name(1, "01"),
    name(7, "02"),
    name(5, "03"),
    "sessions/2026-01-01/x.txt",
    F,
  ]);
});

Deno.test("S1.15 sync.session_mode: folders may be dated YYYY-MM-DD; without any, all take part with a warning", () => {
  const by = (files: Readonly<Record<string, MemoryFile>>) => {
    const plan = planHandoff(
      settingsOf({ sessionMode: "last_date_only" }),
      situationOf(disk(files), disk({})),
    );
    return [plan.steps.map(({ key }) => key), plan.warnings.length];
  };
  const [old, young] = [`sessions/2026-01-01/${name(1)}`, `sessions/2026-01-02/${name(2)}`];
  assertEquals(by({ [old]: OLD, [young]: OLD }), [[name(2)], 0]);
  assertEquals(by({ [`sessions/${name(1)}`]: OLD, [archivedAt(2)]: OLD }), [[name(1), name(2)], 1]);
});

Deno.test("S1.16 sync.direction: what the other side lacks is said and stays as it was", () => {
  const [here, there] = [disk({ [at(1)]: A, [at(2)]: OLD }), disk({ [at(1)]: OLD, [at(3)]: OLD })];
  for (
    const [direction, wanted] of [
      ["bidirectional", "extend cloud, copy to cloud new, copy to local new"],
      ["to_cloud", "extend cloud, copy to cloud new, skipped"],
      ["to_local", "copy to local new, skipped"],
    ] as const
  ) {
    const plan = planHandoff(settingsOf({ direction }), situationOf(here, there));
    assertEquals(summary(plan), wanted);
    assertEquals(plan.partial, []);
  }
  const before = disk({ [at(1)]: OLD });
  const moved = situationOf(disk({ [at(1)]: A }), disk({ [archivedAt(1)]: OLD }), baseOf(before, before));
  const plan = planHandoff(settingsOf({ direction: "to_local" }), moved);
  assertEquals(summary(plan), "move on local to archived_sessions, skipped");
  assertEquals(plan.partial, [name(1)]);
});

Deno.test("S1.16 sync.direction: a file whose place may not be carried differs afterwards, whatever else is carried", () => {
  const before = disk({ [at(1)]: OLD });
  const archivedHere = situationOf(
    disk({ [archivedAt(1)]: OLD }),
    disk({ [at(1)]: A }),
    baseOf(before, before),
  );
  const plan = planHandoff(settingsOf({ direction: "to_local" }), archivedHere);
  assertEquals(summary(plan), "extend local, skipped");
  assertEquals(plan.partial, [name(1)]);
  const further = file(PA + text(turn(4)), 9000);
  const isTaken = situationOf(
    disk({ [archivedAt(1)]: A }),
    disk({ [at(1)]: further, [archivedAt(1)]: OLD }),
    baseOf(before, before),
  );
  const second = planHandoff(settingsOf(), isTaken);
  assertEquals(summary(second), "extend local, skipped");
  assertEquals(second.partial, [name(1)]);
});

Deno.test("S1.16 sync.scope: settings takes everything but rollouts", () => {
  const here = disk({ [at(1)]: A, [F]: file("x"), "history.jsonl": file("{}\n") });
  const plan = planHandoff(settingsOf({ scope: "settings" }), situationOf(here, disk({})));
  assertEquals(plan.steps.map(({ key }) => key), ["history.jsonl", F]);
});

Deno.test("S1.16 sync.delete_policy: never brings files back, propagate removes what is unchanged", () => {
  const known = file("o", 1);
  const by = (deletePolicy: "never" | "propagate", cloud = known) =>
    summary(planFile(undefined, cloud, known, settingsOf({ deletePolicy })));
  assertEquals(by("never"), "copy to local brought-back");
  assertEquals(by("propagate"), "remove on cloud");
  assertEquals(by("propagate", file("o", 7)), "remove on cloud");
  assertEquals(by("propagate", file("new", 7)), "copy to local brought-back, ! changed-and-removed cloud");
});

Deno.test("files: the side that changed wins, new ones go over, on a first meeting the newer one is kept and the other beside it", () => {
  const [base, changed] = [file("o", 1), file("nn", 9)];
  assertEquals(summary(planFile(changed, base, base)), "copy to cloud newer");
  assertEquals(summary(planFile(base, changed, base)), "copy to local newer");
  assertEquals(summary(planFile(changed, undefined, undefined)), "copy to cloud new");
  assertEquals(summary(planFile(undefined, changed, undefined)), "copy to local new");
  assertEquals(
    summary(planFile(changed, base, undefined)),
    "keep cloud, copy to cloud policy, ! both-new local",
  );
  assertEquals(planFile(file("x", 1), file("x", 9), undefined).agreed.includes(F), true);
});

// ---- logs ----

Deno.test("the two logs are united where they differ, come back, and are never removed", () => {
  for (const log of ["session_index.jsonl", "history.jsonl"]) {
    const by = (
      local: string | undefined,
      cloud: string | undefined,
      direction: Direction = "bidirectional",
    ) => {
      const side = (one: string | undefined) =>
        disk(one === undefined ? STAYS : { ...STAYS, [log]: file(one) });
      const before = disk({ ...STAYS, [log]: file("a\n") });
      return planHandoff(
        settingsOf({ direction, deletePolicy: "propagate" }),
        situationOf(side(local), side(cloud), baseOf(before, before)),
      );
    };
    assertEquals(summary(by("a\n", "a\n")), "");
    assertEquals(summary(by("a\nb\n", "a\nc\n")), "unite both");
    assertEquals(summary(by("a\nb\n", "a\nc\n", "to_local")), "unite local, skipped");
    assertEquals(by("a\nb\n", "a\nc\n", "to_local").partial, [log]);
    assertEquals(summary(by("a\nb\n", "a\n", "to_local")), "skipped");
    assertEquals(summary(by("a\nb\n", "a\n", "to_cloud")), "unite cloud");
    assertEquals(summary(by(undefined, "a\n")), "copy to local brought-back");
    assertEquals(summary(by("a\n", undefined)), "copy to cloud brought-back");
  }
});

// ---- what stops everything ----

const many = (count: number, content = P) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [at(n + 1), file(content)]));

Deno.test("G39 an empty side stops everything, whichever it is", () => {
  const known = disk(many(3));
  for (const [here, there] of [[disk({}), known], [known, disk({ [F]: file("x") })]] as const) {
    for (const deletePolicy of ["never", "propagate"] as const) {
      const plan = planHandoff(settingsOf({ deletePolicy }), situationOf(here, there, baseOf(known, known)));
      assertEquals(plan.halt?.code, "empty-side");
      assertEquals([plan.steps, plan.agreed], [[], []]);
    }
  }
  assertEquals(planHandoff(settingsOf(), situationOf(disk({}), known)).halt, undefined);
});

Deno.test("G39 too many deletions stop everything once more than a handful of files are known", () => {
  const by = (known: number, removed: number, maxDeletePercent: number) => {
    const before = disk(many(known));
    const here = disk(Object.fromEntries(Object.entries(many(known)).slice(removed)));
    const settings = settingsOf({ deletePolicy: "propagate" }, "manual_abort", { maxDeletePercent });
    return planHandoff(settings, situationOf(here, before, baseOf(before, before))).halt?.code;
  };
  assertEquals(by(20, 11, 50), "too-many-deletions");
  assertEquals(by(20, 10, 50), undefined);
  assertEquals(by(20, 1, 0), "too-many-deletions");
  assertEquals(by(10, 9, 50), undefined);
});

Deno.test("G39 too many rewritten files stop everything, files that only went on do not", () => {
  const by = (known: number, content: string) => {
    const before = disk(many(known));
    const there = disk(Object.fromEntries(Object.keys(many(known)).map((path) => [path, file(content, 9)])));
    return planHandoff(settingsOf(), situationOf(before, there, baseOf(before, before))).halt?.code;
  };
  assertEquals(by(20, "ciphertext"), "too-many-changes");
  assertEquals(by(20, PB), undefined);
  assertEquals(by(10, "ciphertext"), undefined);
});

Deno.test("G39 a folder without its marker, or another folder, stops everything", () => {
  const known = disk(many(1));
  const by = (folder: string | undefined, base: string | undefined) =>
    planHandoff(settingsOf(), situationOf(known, known, baseOf(known, known), { marker: { folder, base } }))
      .halt?.code;
  assertEquals(by(undefined, "m"), "marker-missing");
  assertEquals(by("n", "m"), "base-of-another-folder");
  assertEquals(by("m", "m"), undefined);
  assertEquals(by(undefined, undefined), undefined);
  assertEquals(by("m", undefined), undefined);
});

Deno.test("10,000 files that nobody touched are planned without a look, in less than 100 ms", () => {
  const known = disk(many(10_000));
  const situation = situationOf(known, known, baseOfAll(known));
  // The quickest of a few counts: other programs are at work on the machine, too.
  const times = Array.from({ length: 10 }, () => {
    const started = performance.now();
    const plan = planHandoff(settingsOf(), situation);
    assertEquals([summary(plan), plan.agreed.length, situation.looks.asked], ["", 0, []]);
    return performance.now() - started;
  });
  const took = Math.min(...times);
  assert(took < 100, `${took.toFixed(0)} ms`);
});

/** The base of a disk that is on both sides, made in one go. */
function baseOfAll(files: Disk) {
  const { items } = situationOf(files, files).local;
  return new Map([...items].map(([key, { kind, path, archived, stamp }]) => {
    const side = { path, archived, stamp, sha256: "" };
    return [key, { key, kind, local: side, cloud: side }];
  }));
}
