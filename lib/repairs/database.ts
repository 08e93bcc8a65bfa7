/**
 * A state database that is missing, damaged, of an unknown form, one of two, or one that Codex refuses to start with;
 * and what was lost when Codex rebuilt one.
 */
import type { Finding, FindingCode } from "../core/finding.ts";
import type { AbsPath } from "../core/path.ts";
import type { MoveChange } from "../core/plan.ts";
import type { DatabaseView } from "../core/snapshot.ts";
import {
  KNOWN_CODEX,
  type Migration,
  type MigrationFaults,
  migrationFaults,
  MIGRATIONS_QUERY,
  NEWEST_VERSION_QUERY,
  toMigration,
} from "../codex/migrations.ts";
import type { Draft, Facts, Repair, RepairOptions } from "./repair.ts";
import { asideOf, findLost, planLost } from "./salvage.ts";

/** Reports what is wrong with the state databases, sets unusable ones aside and puts back what a rebuild lost. */
export const databaseReport: Repair = {
  name: "database",
  summary:
    "set a damaged state database aside so that Codex rebuilds it, then put back names, pins and sections",
  safe: false,
  worksWithout: ["database", "config"],
  find: (facts) => [
    ...unusable(facts),
    ...hiddenDamage(facts),
    ...migrations(facts),
    ...findLost(facts),
    ...split(facts.snapshot),
  ],
  plan: planDatabase,
};

const CODES: Readonly<Record<string, FindingCode>> = {
  "database-missing": "database-missing",
  "database-malformed": "database-malformed",
  "database-schema": "database-schema",
};

/** What a rebuild does, and what comes after it. */
const REBUILD =
  "Codex sets it aside when it starts next and makes a new one from the rollouts; names, pins, sections and projects " +
  "are missing in that";
const AFTERWARDS =
  "start Codex once (or `codexkeep repair database` first, for a Codex that does not start), close it, then run " +
  "`codexkeep repair database`, which puts back what can still be read";

function unusable({ snapshot: { live, databases, threads, damaged } }: Facts): readonly Finding[] {
  if (live === undefined) {
    const isNew = threads.size + damaged.length === 0;
    return [{
      code: "database-missing",
      severity: isNew ? "info" : "error",
      count: 1,
      repair: undefined,
      message: isNew
        ? "there is no state database yet, and nothing that would have to be in it; Codex makes one when it starts"
        : "there is no state database; Codex makes a new one from the rollouts when it starts",
      hint: "start Codex once, close it, then run `codexkeep diagnose` again",
      samples: databases.map((view) => view.path),
    }];
  }
  if (live.problem === undefined) return [];
  const malformed = live.problem.code === "database-malformed";
  return [{
    code: CODES[live.problem.code] ?? "database-unreadable",
    severity: "error",
    count: 1,
    repair: malformed ? "database" : undefined,
    message: malformed ? `${live.problem.message}; ${REBUILD}` : live.problem.message,
    ...(malformed ? { hint: AFTERWARDS } : {}),
    samples: [live.path],
  }];
}

/** Damage in parts that only Codex looks at, such as an index: it checks the whole database when it starts. */
function hiddenDamage(facts: Facts): readonly Finding[] {
  const { live } = facts.snapshot;
  const fault = quickCheck(facts);
  if (live === undefined || fault === undefined) return [];
  return [{
    code: "database-malformed",
    severity: "error",
    count: 1,
    repair: "database",
    message: `database ${JSON.stringify(live.path)} is damaged in a part that holds no threads; ${REBUILD}`,
    hint: AFTERWARDS,
    samples: [fault],
  }];
}

/** The first fault of a live database that could be read; undefined for a sound one. */
function quickCheck({ snapshot: { live }, tables }: Facts): string | undefined {
  if (live === undefined || live.problem !== undefined) return undefined;
  const rows = tables(live.path, (database) => database.all("PRAGMA quick_check(1)"));
  const [first] = rows ?? [];
  const told = first === undefined ? "ok" : String(Object.values(first)[0]);
  return told === "ok" ? undefined : told.replaceAll(/\s+/g, " ");
}

/** The faults in how a database was built, and whether they are known to keep the Codex at hand from starting. */
interface Built extends MigrationFaults {
  readonly refused: boolean;
}

/** Undefined where nothing is wrong, or nothing is known. */
function howBuilt({ snapshot: { live }, tables, platform }: Facts): Built | undefined {
  if (live === undefined || live.problem !== undefined) return undefined;
  const rows = tables(live.path, (database) => database.all(MIGRATIONS_QUERY));
  if (rows === undefined || rows.length === 0) return undefined;
  const { unfinished, missing, ...faults } = migrationFaults(rows.map(toMigration));
  // A build for Windows may have other line ends in every step.
  const foreign = platform === "windows" ? [] : faults.foreign;
  if (unfinished.length + foreign.length + missing.length === 0) return undefined;
  const newest = tables(live.path, (database) => database.all(NEWEST_VERSION_QUERY))?.[0]?.["version"];
  const isKnown = typeof newest === "string" && newest.startsWith(`${KNOWN_CODEX}.`);
  return { unfinished, missing, foreign, refused: unfinished.length > 0 || (isKnown && foreign.length > 0) };
}

function migrations(facts: Facts): readonly Finding[] {
  const built = howBuilt(facts);
  if (built === undefined) return [];
  const { unfinished, foreign, missing, refused } = built;
  return [{
    code: "database-migration",
    severity: refused ? "error" : "info",
    count: unfinished.length + foreign.length + missing.length,
    repair: refused ? "database" : undefined,
    message: refused
      ? "the state database was not built by the Codex that made the newest thread, or not to the end; Codex does not " +
        "start with it (`failed to migrate state DB`)"
      : `the state database was built in steps that are not those of Codex ${KNOWN_CODEX}; another Codex may know them`,
    hint: refused
      ? "`codexkeep repair database` sets it aside; start Codex, which makes a new one, close it, and run " +
        "`codexkeep repair database` again, which puts names and pins back"
      : "nothing to do, unless Codex ends with `failed to migrate state DB`: let one build of Codex use this home",
    samples: [
      ...unfinished.map((one) => `${stepName(one)}: begun and not finished`),
      ...missing.map((version) => `migration ${version}: not noted as done, though later ones are`),
      ...foreign.map((one) => `${stepName(one)}: another checksum than in Codex ${KNOWN_CODEX}`),
    ],
  }];
}

function stepName({ version, description }: Migration): string {
  return `migration ${version} ${JSON.stringify(description)}`;
}

/** Setting aside what Codex cannot use; otherwise putting back what is missing. One needs a start of Codex after it. */
function planDatabase(facts: Facts, options: RepairOptions): Draft {
  const { live } = facts.snapshot;
  if (live === undefined) return { changes: [], skipped: [] };
  if (live.problem === undefined && quickCheck(facts) === undefined && howBuilt(facts)?.refused !== true) {
    return planLost(facts, options);
  }
  if (live.problem !== undefined && live.problem.code !== "database-malformed") {
    return { changes: [], skipped: [{ subject: live.path, reason: live.problem.message }] };
  }
  return setAside(facts, live.path);
}

/** Moves a database where Codex moves those it finds damaged, and finds no database then. */
function setAside(facts: Facts, path: AbsPath): Draft {
  const aside = asideOf(facts, path);
  if (aside === undefined) {
    return { changes: [], skipped: [{ subject: path, reason: "it lies outside the home; move it by hand" }] };
  }
  return {
    changes: aside.files.map(({ path, size, mtimeMs }): MoveChange => ({
      kind: "move",
      path,
      to: `${aside.folder}/${path.slice(path.lastIndexOf("/") + 1)}` as MoveChange["to"],
      thread: undefined,
      sets: {},
      size,
      mtimeMs,
    })),
    skipped: [],
  };
}

function split({ live, databases }: Facts["snapshot"]): readonly Finding[] {
  const others = databases.filter((view) => view !== live && (view.threads ?? 0) > 0);
  if (live === undefined || others.length === 0) return [];
  return [{
    code: "database-split",
    severity: "warning",
    count: others.length,
    repair: undefined,
    message:
      `${others.length} more state database(s) hold threads; another program or an older setting may still use ` +
      `them, and only the live one is repaired`,
    hint: "name the one your Codex uses with --sqlite-home",
    samples: [live, ...others].map(describe),
  }];
}

function describe({ path, threads, live, because }: DatabaseView): string {
  return `${path}: ${threads ?? 0} threads, ${live ? "live" : "not live"} (${because})`;
}
