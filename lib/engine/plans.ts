/** Makes plans from facts: which repairs, for which threads, in which order. */
import { AppError } from "../core/error.ts";
import { mergeChanges } from "../core/merge.ts";
import { type AbsPath, inHome } from "../core/path.ts";
import { type Change, isInDatabase, order, type Plan, type Purpose, type Skip } from "../core/plan.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { problemText } from "../codex/config.ts";
import { REPAIRS } from "../repairs/mod.ts";
import { planProviders } from "../repairs/provider.ts";
import type { Draft, Facts, Ground, Repair, RepairOptions } from "../repairs/repair.ts";
import { factsAfter } from "./facts_after.ts";

/**
 * Refuses to plan changes where their ground is not known, except for those parts of it that are not needed (as
 * {@link notNeededBy} tells). Throws `database-…`, `config-invalid`, `recovery-pending`.
 */
export function requireRepairable(snapshot: Snapshot, notNeeded: readonly Ground[] = []): void {
  const { pending } = snapshot;
  if (pending !== undefined) {
    throw new AppError(
      "recovery-pending",
      `run "${pending}" was interrupted and has to be taken back first`,
      {
        hint: "codexkeep recover",
      },
    );
  }
  if (!notNeeded.includes("config")) requireReadableConfig(snapshot);
  requireUsableDatabase(snapshot, notNeeded.includes("database"));
}

function requireReadableConfig({ config }: Snapshot): void {
  const syntax = config.problems.find((problem) => problem.kind === "syntax");
  if (syntax === undefined) return;
  throw new AppError("config-invalid", `config.toml is not valid: ${problemText(syntax)}`, {
    hint: "correct the line; until then Codex ignores the whole file, and codexkeep changes nothing",
  });
}

/** A database that somebody else is busy with may be whole, so it is never taken for one that can be done without. */
function requireUsableDatabase({ live, databases }: Snapshot, isNotNeeded: boolean): void {
  if (live?.problem?.code !== "database-busy" && isNotNeeded) return;
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

/** What none of these repairs needs. */
export function notNeededBy(names: readonly string[]): readonly Ground[] {
  const repairs = repairsNamed(names);
  return (["database", "config"] as const).filter((ground) =>
    repairs.length > 0 && repairs.every(({ worksWithout = [] }) => worksWithout.includes(ground))
  );
}

/** What a plan that was made before does not need: it goes by the state of what it changes. */
export function notNeededFor({ changes }: Plan): readonly Ground[] {
  const configures = changes.some((change) => "path" in change && change.path === "config.toml");
  return [
    ...(changes.some(isInDatabase) ? [] : ["database"] as const),
    ...(configures ? ["config"] as const : []),
  ];
}

/** The repairs of these names, `all` standing for those that are right without a choice, in the order they are made. */
export function repairsNamed(names: readonly string[]): readonly Repair[] {
  const all = names.includes("all");
  return REPAIRS.filter(({ name, safe, plan }) =>
    plan !== undefined && (names.includes(name) || all && safe)
  );
}

/**
 * The plan of some repairs, in the order of the registry, each made for the home as it will be after those before it.
 * A thread that one of them has to leave alone is still handled by the others.
 */
export function planRepairs(
  purpose: Purpose,
  facts: Facts,
  names: readonly string[],
  options: RepairOptions,
): Plan {
  const drafts: Draft[] = [];
  let ahead = facts;
  let changed = false;
  // All of them are also those that a repair brings to light.
  const isAll = options.threads.length === facts.snapshot.threads.size;
  for (const { plan } of repairsNamed(names)) {
    if (plan === undefined) continue;
    if (changed) {
      const found = drafts.flatMap(({ found = [] }) => found);
      ahead = factsAfter(facts, mergeChanges(drafts.map(({ changes }) => changes)), found);
    }
    const draft = plan(ahead, {
      ...options,
      all: names.includes("all"),
      threads: isAll ? [...ahead.snapshot.threads.values()] : threadsIn(ahead.snapshot, options.threads),
    });
    changed = draft.changes.length > 0;
    drafts.push(draft);
  }
  return assemble(purpose, facts.snapshot, drafts, []);
}

/** The same threads as they are in `snapshot`. */
function threadsIn({ threads }: Snapshot, selected: readonly Thread[]): readonly Thread[] {
  return selected.flatMap(({ id }) => threads.get(id) ?? []);
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

/** Puts drafts, each made for the home as it will be after those before it, and single changes together. */
export function assemble(
  purpose: Purpose,
  { home }: Snapshot,
  drafts: readonly Draft[],
  more: readonly Change[],
): Plan {
  const changes = mergeChanges([...drafts.map((draft) => draft.changes), more]);
  const wanted = withoutRowsOfMoved(home, changes);
  return { purpose, home, changes: order(wanted), skipped: skipsOf(drafts), reverts: undefined };
}

/** Rows of a database that the same plan sets aside stay as they are: Codex makes new ones from the files. */
function withoutRowsOfMoved(home: AbsPath, changes: readonly Change[]): readonly Change[] {
  const moved = new Set(
    changes.flatMap((change) => change.kind === "move" ? [inHome(home, change.path)] : []),
  );
  return changes.filter((change) => !isInDatabase(change) || !moved.has(change.database));
}

/** What is left alone, each once, with every reason for it. */
function skipsOf(drafts: readonly Draft[]): Skip[] {
  const reasons = new Map<string, Set<string>>();
  for (const { subject, reason } of drafts.flatMap(({ skipped }) => skipped)) {
    const known = reasons.get(subject);
    if (known === undefined) reasons.set(subject, new Set([reason]));
    else known.add(reason);
  }
  return [...reasons].map(([subject, all]) => ({ subject, reason: [...all].join("; ") }));
}
