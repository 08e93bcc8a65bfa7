/**
 * Rows that do not lead to the file of their thread, and files that do not lie where Codex looks. The row is set right,
 * the file is moved; copies that Codex would index get a name that it ignores. Nothing is ever deleted.
 */
import type { Finding } from "../core/finding.ts";
import type { Change, MoveChange, Skip } from "../core/plan.ts";
import type { Rollout } from "../core/snapshot.ts";
import { moveOf } from "./move.ts";
import type { Draft, Facts, Repair, RepairOptions } from "./repair.ts";
import { type Treatment, treatments } from "./treatment.ts";

/** Finds and cures this ailment. */
export const pathsRepair: Repair = {
  name: "paths",
  summary: "point rows at their files again, and put files back where Codex looks",
  safe: true,
  find: findPaths,
  plan: planPaths,
};

function findPaths(facts: Facts): readonly Finding[] {
  const all = treatments(facts);
  const curable = all.filter(({ choice }) => choice === undefined);
  return [
    ...stale(curable),
    ...misplaced(curable),
    ...copied(all),
    ...conflicting(all),
    ...undecided(all),
  ];
}

function stale(curable: readonly Treatment[]): readonly Finding[] {
  const rows = curable.filter(({ row, moves }) => row !== undefined && moves.length === 0);
  if (rows.length === 0) return [];
  return [{
    code: "rollout-path-stale",
    severity: "error",
    count: rows.length,
    repair: "paths",
    message:
      `${rows.length} row(s) of the database do not lead to the newest file of their thread, which is there; ` +
      `Codex cannot open these threads, or shows them as they were`,
    samples: rows.map(({ id, row }) =>
      `${id}: the row names ${JSON.stringify(row?.before)}, the file is ${JSON.stringify(row?.after)}`
    ),
  }];
}

function misplaced(curable: readonly Treatment[]): readonly Finding[] {
  const ill = curable.filter(({ moves, refused }) => moves.length > 0 || refused !== undefined);
  if (ill.length === 0) return [];
  return [{
    code: "rollout-misplaced",
    severity: "warning",
    count: ill.length,
    repair: "paths",
    message:
      `${ill.length} thread(s) have a file in a place or under a name that Codex does not list or does not open`,
    samples: ill.flatMap(({ id, moves, refused }) => [
      ...moves.map(({ rollout, to }) => `${rollout.path} belongs to ${to}`),
      ...refused === undefined ? [] : [`${id}: ${refused}`],
    ]),
  }];
}

function copied(all: readonly Treatment[]): readonly Finding[] {
  const copies = all.flatMap(({ copies }) => copies);
  if (copies.length === 0) return [];
  return [{
    code: "rollout-copy",
    severity: "warning",
    count: copies.length,
    repair: "paths",
    message:
      `${copies.length} file(s) are copies of rollouts in a place where Codex reads them, too: it may list threads ` +
      `twice, or take the old copy when it makes its database anew`,
    samples: copies.map(({ rollout, of }) => `${rollout.path} is a copy of ${of.path}`),
  }];
}

function conflicting(all: readonly Treatment[]): readonly Finding[] {
  const ill = all.filter(({ conflicts }) => conflicts.length > 0);
  if (ill.length === 0) return [];
  return [{
    code: "duplicate-thread",
    severity: "warning",
    count: ill.length,
    repair: undefined,
    message:
      `${ill.length} thread(s) are there in several files that hold different things; codexkeep does not choose`,
    hint: "look at both files, and add .bak to the name of the one that is not to be read",
    samples: ill.flatMap(({ id, conflicts }) =>
      conflicts.map(({ rollout, of }) => `${id}: ${of.path} and ${rollout.path}`)
    ),
  }];
}

function undecided(all: readonly Treatment[]): readonly Finding[] {
  const homes = all.filter(({ choice }) => choice?.between === "homes");
  const places = all.filter(({ choice }) => choice?.between === "places");
  const told = ({ id, choice }: Treatment) => `${id}: ${choice?.because}`;
  const elsewhere: Finding = {
    code: "rollout-path-stale",
    severity: "warning",
    count: homes.length,
    repair: undefined,
    message:
      `${homes.length} row(s) of the database lead to files outside of this home, although the threads are in ` +
      `it, too; Codex goes on in those other files`,
    hint: "to go on in this home: codexkeep repair paths --source any --include-archived",
    samples: homes.map(told),
  };
  const unclear: Finding = {
    code: "rollout-misplaced",
    severity: "info",
    count: places.length,
    repair: undefined,
    message: `${places.length} thread(s) have a place that looks wrong but may be meant`,
    hint: "to have one of them set right: codexkeep repair paths --thread ID",
    samples: places.map(told),
  };
  return [elsewhere, unclear].filter(({ count }) => count > 0);
}

function planPaths(facts: Facts, { threads, named = false }: RepairOptions): Draft {
  const { snapshot: { codex, live, threads: known } } = facts;
  const selected = new Set(threads.map(({ id }) => id));
  const busy = new Set(codex.busyThreads);
  const changes: Change[] = [];
  const skipped: Skip[] = [];
  const found: Rollout[] = [];
  for (const treatment of treatments(facts)) {
    const { id, row, refused, choice, conflicts } = treatment;
    // The selection cannot name what the scan did not take for a thread.
    if (known.has(id) ? !selected.has(id) : named) continue;
    const reason = busy.has(id) ? "Codex has it open" : refused;
    if (reason !== undefined) {
      skipped.push({ subject: id, reason });
      continue;
    }
    for (const { rollout, of } of conflicts) {
      skipped.push({ subject: id, reason: `${rollout.path} and ${of.path} hold different things` });
    }
    changes.push(...copyChanges(treatment));
    if (choice !== undefined && !named) continue;
    changes.push(...treatment.moves.map(({ rollout, to }) => moveOf(rollout, to, id)));
    if (treatment.moves.length > 0) found.push(...treatment.found);
    if (row !== undefined && live !== undefined) {
      changes.push({ kind: "row", database: live.path, thread: id, cells: { rollout_path: row } });
    }
  }
  return { changes, skipped, found };
}

function copyChanges({ copies }: Treatment): readonly MoveChange[] {
  return copies.map(({ rollout, to }) => moveOf(rollout, to, undefined));
}
