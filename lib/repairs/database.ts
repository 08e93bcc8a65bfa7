/** A state database that is missing, damaged, of an unknown form, or one of two. */
import type { Finding, FindingCode } from "../core/finding.ts";
import type { DatabaseView } from "../core/snapshot.ts";
import type { Facts, Repair } from "./repair.ts";

/** Reports what is wrong with the state databases. */
export const databaseReport: Repair = {
  name: "database",
  summary: "report state databases that cannot be used, and second ones",
  safe: false,
  find: ({ snapshot }: Facts) => [...unusable(snapshot), ...split(snapshot)],
  plan: undefined,
};

const CODES: Readonly<Record<string, FindingCode>> = {
  "database-missing": "database-missing",
  "database-malformed": "database-malformed",
  "database-schema": "database-schema",
};

function unusable({ live, databases }: Facts["snapshot"]): readonly Finding[] {
  if (live === undefined) {
    return [{
      code: "database-missing",
      severity: "error",
      count: 1,
      repair: undefined,
      message: "there is no state database; Codex makes a new one from the rollouts when it starts",
      hint: "start Codex once, close it, then run `codexkeep diagnose` again",
      samples: databases.map((view) => view.path),
    }];
  }
  if (live.problem === undefined) return [];
  return [{
    code: CODES[live.problem.code] ?? "database-unreadable",
    severity: "error",
    count: 1,
    repair: undefined,
    message: live.problem.message,
    samples: [live.path],
  }];
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
