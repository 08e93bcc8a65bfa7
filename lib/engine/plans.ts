/** Makes plans from facts: which repairs, for which threads, in which order. */
import { AppError } from "../core/error.ts";
import { type Change, order, type Plan, type Purpose, type Skip } from "../core/plan.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { REPAIRS } from "../repairs/mod.ts";
import { planProviders } from "../repairs/provider.ts";
import type { Draft, Facts, Repair, RepairOptions } from "../repairs/repair.ts";

/** Refuses to plan changes where their ground is not known. Throws `database-…`, `config-invalid`, `recovery-pending`. */
export function requireRepairable({ live, config, pending, databases }: Snapshot): void {
  if (pending !== undefined) {
    throw new AppError(
      "recovery-pending",
      `run "${pending}" was interrupted and has to be taken back first`,
      {
        hint: "codexkeep recover",
      },
    );
  }
  const syntax = config.problems.find((problem) => problem.kind === "syntax");
  if (syntax !== undefined) {
    const where = syntax.line === undefined ? "" : ` at line ${syntax.line}`;
    throw new AppError("config-invalid", `config.toml is not valid${where}: ${syntax.message}`, {
      hint: "correct the line; until then Codex ignores the whole file, and codexkeep changes nothing",
    });
  }
  if (live === undefined) {
    const looked = databases.map((view) => `"${view.path}"`).join(", ");
    throw new AppError(
      "database-missing",
      `there is no state database${looked === "" ? "" : ` at ${looked}`}`,
      {
        hint:
          "start Codex once and close it: it makes one from the rollouts; or name its folder with --sqlite-home",
      },
    );
  }
  if (live.problem !== undefined) {
    throw new AppError(live.problem.code, live.problem.message, { hint: "codexkeep diagnose" });
  }
}

/** The plan of some repairs, in the order of the registry. */
export function planRepairs(
  purpose: Purpose,
  facts: Facts,
  names: readonly string[],
  options: RepairOptions,
): Plan {
  const drafts = chosen(names).map((repair) => repair.plan?.(facts, options) ?? NOTHING);
  return assemble(purpose, facts.snapshot, drafts, []);
}

const NOTHING: Draft = { changes: [], skipped: [] };

function chosen(names: readonly string[]): readonly Repair[] {
  if (names.includes("all")) return REPAIRS.filter((repair) => repair.safe);
  return REPAIRS.filter((repair) => names.includes(repair.name));
}

/** The plan that gives every thread in the ledger back to the provider it was first seen with. */
export function planOriginals(facts: Facts, originals: ReadonlyMap<string, string>): Plan {
  const threads = [...originals.keys()].flatMap((id): Thread[] => {
    const thread = facts.snapshot.threads.get(id);
    return thread === undefined ? [] : [thread];
  });
  const draft = planProviders(facts, { threads, from: undefined }, ({ id }) => originals.get(id));
  return assemble("restore", facts.snapshot, [draft], []);
}

/** Puts drafts and single changes together, in the order that is safe. */
export function assemble(
  purpose: Purpose,
  { home }: Snapshot,
  drafts: readonly Draft[],
  more: readonly Change[],
): Plan {
  const changes: Change[] = [];
  const skipped: Skip[] = [];
  for (const draft of drafts) {
    changes.push(...draft.changes);
    skipped.push(...draft.skipped);
  }
  return { purpose, home, changes: order([...changes, ...more]), skipped, reverts: undefined };
}
