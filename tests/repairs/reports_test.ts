import type { Finding } from "../../lib/core/finding.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Snapshot, Thread } from "../../lib/core/snapshot.ts";
import { configReport } from "../../lib/repairs/config.ts";
import { damageReport } from "../../lib/repairs/damage.ts";
import { databaseReport } from "../../lib/repairs/database.ts";
import { encryptedReport, encryptedWarning } from "../../lib/repairs/encrypted.ts";
import { CATALOGUE } from "../../lib/repairs/catalogue.ts";
import { REPAIRS } from "../../lib/repairs/mod.ts";
import { recordReport } from "../../lib/repairs/record.ts";
import type { Repair } from "../../lib/repairs/repair.ts";
import { readConfig } from "../../lib/codex/config.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../assert.ts";
import {
  damagedOf,
  databaseOf,
  HOME,
  rolloutPath,
  rowOf,
  threadId,
  threadOf,
} from "../codex_model/snapshots.ts";
import { factsOf } from "./facts.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function find(
  repair: Repair,
  more: Partial<Snapshot> = {},
  threads: readonly Thread[] = [],
): readonly Finding[] {
  return repair.find(factsOf(threads, {}, more));
}

/** Code, severity, count and evidence of the only finding. */
function only(findings: readonly Finding[]): [string, string, number, readonly string[]] {
  assertEquals(findings.length, 1);
  const { code, severity, count, samples } = findings[0]!;
  return [code, severity, count, samples];
}

/** What can be repaired, and what is only told. */
const CURES = [
  "account",
  "archive",
  "backfill",
  "config",
  "cwd",
  "database",
  "history",
  "index",
  "paths",
  "preview",
  "provider",
  "ui-state",
  "unarchive",
  "user-events",
];
const TOLD = ["damage", "encrypted", "record"];

Deno.test("the registry tells first what stops everything else, and last what nothing can be done about", () => {
  const names = REPAIRS.map(({ name }) => name);
  assertEquals([...names].sort(), [...CURES, ...TOLD].sort());
  assertEquals([names.slice(0, 4), names.at(-1)], [["record", "config", "database", "damage"], "encrypted"]);
  assert(names.indexOf("paths") < names.indexOf("provider"), "files are moved before they are changed");
  assert(names.indexOf("provider") < names.indexOf("index"), "what is derived comes last");
  const offered = CATALOGUE.map(({ name }) => name);
  assertEquals([...offered].sort(), CURES);
  assertEquals(offered, REPAIRS.flatMap(({ name, plan }) => plan === undefined ? [] : [name]));
});

Deno.test("the registry takes nothing that needs a choice for safe, and nothing safe that cannot be done", () => {
  assertEquals(REPAIRS.filter(({ safe, plan }) => safe && plan === undefined), []);
  assertEquals(REPAIRS.filter(({ safe, needs, takes }) => safe && (needs ?? takes) !== undefined), []);
  const choice = REPAIRS.filter(({ safe, plan }) => !safe && plan !== undefined).map(({ name }) => name);
  const never = ["database", "cwd", "account", "unarchive"];
  assertEquals(never.filter((name) => REPAIRS.some((one) => one.name === name && one.safe)), []);
  assertEquals(REPAIRS.filter(({ needs }) => needs === "selection").map(({ name }) => name).sort(), [
    "account",
    "unarchive",
  ]);
  assertEquals(choice.filter((name) => ["record", "damage", "encrypted"].includes(name)), []);
});

Deno.test("no repair has anything to say about an empty home, nor about a sound one", () => {
  const sound = threadOf(1, { row: rowOf(1, { provider: "new" }) });
  const rollouts = sound.rollouts.map((one) => ({
    ...one,
    recorded: "new",
    meta: one.meta && { ...one.meta, provider: "new" },
  }));
  for (const repair of REPAIRS) {
    assertEquals(find(repair), []);
    assertEquals(find(repair, {}, [{ ...sound, rollouts }]), []);
  }
});

Deno.test("recordReport tells an interrupted run and how to take it back", () => {
  const id = "000001-20261121T101112Z-sync-0a1b2c3d";
  const findings = find(recordReport, { pending: id });
  assertEquals(only(findings), ["record-pending", "error", 1, [id]]);
  assertEquals(findings[0]?.hint, "codexkeep recover");
});

Deno.test("configReport tells faults with their lines, and profiles of the older form", () => {
  const config = readConfig(
    encode('profile = "a"\nmodel_provider = "gone"\n[profiles.a]\n[profiles.b]\n'),
    [],
  );
  const [invalid, legacy, ...more] = find(configReport, { config });
  assertEquals(more, []);
  assertEquals([invalid?.code, invalid?.severity, invalid?.count], ["config-invalid", "error", 2]);
  assertMatch(invalid?.samples.join("\n") ?? "", /line 2: .*"gone"[\s\S]*line 1: .*profile/);
  assertEquals([legacy?.code, legacy?.severity, legacy?.samples.join()], [
    "config-legacy-profile",
    "info",
    "profiles.a,profiles.b",
  ]);
  const reserved = readConfig(encode('[model_providers.openai]\nname="x"\n'), []);
  const [sample, ...none] = only(find(configReport, { config: reserved }))[3];
  assertEquals(none, []);
  assertStringIncludes(sample ?? "", "[model_providers.openai] redefines a built-in provider");
});

Deno.test("databaseReport tells that there is none, and where it was looked for", () => {
  const views = [databaseOf({ live: false, threads: undefined })];
  const missing = { live: undefined, databases: views };
  const [code, severity, , samples] = only(find(databaseReport, missing, [threadOf(1)]));
  assertEquals([code, severity, samples], ["database-missing", "error", [`${HOME}/state_5.sqlite`]]);
  assertEquals(only(find(databaseReport, missing))[1], "info", "a home that Codex was not started in yet");
});

Deno.test("databaseReport tells each fault of the live database under its own code", () => {
  const codes = {
    "database-missing": "database-missing",
    "database-unreadable": "database-unreadable",
    "database-malformed": "database-malformed",
    "database-busy": "database-unreadable",
    "database-schema": "database-schema",
  } as const;
  for (const [problem, code] of Object.entries(codes) as [keyof typeof codes, string][]) {
    const live = databaseOf({ problem: { code: problem, message: "why" }, threads: undefined });
    const findings = find(databaseReport, { live, databases: [live] });
    assertEquals(only(findings), [code, "error", 1, [live.path]]);
    assertMatch(findings[0]?.message ?? "", /^why\b/);
  }
});

Deno.test("databaseReport tells a second database that holds threads, and no empty or broken one", () => {
  const live = databaseOf({ threads: 3 });
  const second = databaseOf({
    path: `${HOME}/sqlite/state_5.sqlite` as AbsPath,
    origin: "home/sqlite",
    live: false,
    threads: 2,
    because: "written earlier",
  });
  const empty = { ...second, threads: 0 };
  const broken = {
    ...second,
    threads: undefined,
    problem: { code: "database-malformed", message: "x" } as const,
  };
  assertEquals(find(databaseReport, { live, databases: [live, empty, broken] }), []);
  const [code, severity, count, samples] = only(
    find(databaseReport, { live, databases: [live, second, empty] }),
  );
  assertEquals([code, severity, count, samples.length], ["database-split", "warning", 1, 2]);
  assertStringIncludes(samples[1] ?? "", "2 threads, not live (written earlier)");
});

Deno.test("damageReport tells damaged files and rows without any", () => {
  const bad = { ...damagedOf(1, "the file is empty"), path: rolloutPath(1) };
  const lost = threadOf(2, { rollouts: [] });
  const findings = find(damageReport, {}, [threadOf(1, { rollouts: [bad] }), lost]);
  assertEquals(findings.map(({ code, severity, count }) => [code, severity, count]), [
    ["rollout-damaged", "error", 1],
    ["rollout-missing", "warning", 1],
  ]);
  assertEquals(findings.map(({ samples }) => samples), [
    [`${rolloutPath(1)}: the file is empty`],
    [`${threadId(2)}: ${HOME}/${rolloutPath(2)}`],
  ]);
});

Deno.test("damageReport tells folders that are links from files that cannot be read", () => {
  const damage = { reason: "outside-home", detail: "it is a symbolic link" } as const;
  const linkAt = (path: string) => ({ ...damagedOf(1, ""), path: path as RelPath, damage });
  const damaged = ["sessions", "sessions/2026/11", rolloutPath(1)].map(linkAt);
  assertEquals(find(damageReport, { damaged }).map(({ severity, samples }) => [severity, samples]), [
    ["error", [`${rolloutPath(1)}: it is a symbolic link`]],
    ["warning", ["sessions", "sessions/2026/11"]],
  ]);
});

Deno.test("encryptedReport tells how many threads of which provider, and what that means", () => {
  const path = rolloutPath(1) as RelPath;
  const facts = factsOf([threadOf(1)], { [path]: encode('"encrypted_content":"x"') });
  assertEquals(only(encryptedReport.find(facts)), ["encrypted-content-foreign", "info", 1, [
    "old: 1",
    threadId(1),
  ]]);
  assert(
    encryptedWarning(2, 'a"b').includes("2 thread(s)") && encryptedWarning(2, 'a"b').includes('"a\\"b"'),
  );
});
