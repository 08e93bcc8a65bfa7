/** Files named like rollouts that Codex cannot read, and rows whose files are gone. Reported, never touched. */
import type { Finding } from "../core/finding.ts";
import type { Facts, Repair } from "./repair.ts";

/** Reports damaged and missing rollouts. */
export const damageReport: Repair = {
  name: "damage",
  summary: "report rollouts that cannot be read and rows without a rollout",
  safe: false,
  find: ({ snapshot }: Facts) => [...damaged(snapshot), ...missing(snapshot)],
  plan: undefined,
};

function damaged({ damaged }: Facts["snapshot"]): readonly Finding[] {
  if (damaged.length === 0) return [];
  return [{
    code: "rollout-damaged",
    severity: "error",
    count: damaged.length,
    repair: undefined,
    message: `${damaged.length} file(s) named like a rollout cannot be used; codexkeep leaves them alone`,
    samples: damaged.map(({ path, damage }) => `${path}: ${damage?.detail ?? ""}`),
  }];
}

function missing({ threads }: Facts["snapshot"]): readonly Finding[] {
  const rows = [...threads.values()].filter((thread) => thread.rollouts.length === 0);
  if (rows.length === 0) return [];
  return [{
    code: "rollout-missing",
    severity: "warning",
    count: rows.length,
    repair: undefined,
    message:
      `${rows.length} thread(s) have a row in the database but no rollout file, so they cannot be opened`,
    samples: rows.map(({ id, row }) => `${id}: ${row?.rolloutPath ?? ""}`),
  }];
}
