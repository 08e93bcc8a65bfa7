/** Threads whose reasoning only their own provider can read: they come back into view, but may not continue. */
import type { Facts, Repair } from "./repair.ts";

/** Reports threads with encrypted content of other providers. */
export const encryptedReport: Repair = {
  name: "encrypted",
  summary: "report encrypted content of other providers",
  safe: false,
  find: (facts: Facts) => {
    const counts = facts.encrypted();
    const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
    if (total === 0) return [];
    return [{
      code: "encrypted-content-foreign",
      severity: "info",
      count: total,
      repair: undefined,
      message: encryptedWarning(total, facts.target.id),
      samples: [...counts].map(([provider, n]) => `${provider}: ${n}`),
    }];
  },
  plan: undefined,
};

/** The remark that goes with every move of such threads. */
export function encryptedWarning(threads: number, target: string): string {
  return `${threads} thread(s) hold encrypted reasoning of another provider; ${
    JSON.stringify(target)
  } may refuse to ` +
    "continue or compact them (invalid_encrypted_content); reading and forking them works";
}
