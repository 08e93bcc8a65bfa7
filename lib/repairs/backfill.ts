/**
 * Rollouts that the database does not know, and Codex's own filling of the database. Codex goes through the files in
 * order of their paths, from a watermark on, whenever it starts and the filling is not complete; rows that are there
 * keep their names and pins, but get title and preview anew (seen in Codex 0.169). So the watermark is set just before
 * the first file without a row, and Codex does the rest. Nothing is ever called complete here.
 */
import type { Finding } from "../core/finding.ts";
import type { Cell } from "../core/plan.ts";
import { type Orphan, orphans } from "./orphans.ts";
import type { Draft, Facts, Repair } from "./repair.ts";
import { filesByThread } from "./thread_files.ts";

/** Finds and cures this ailment. */
export const backfillRepair: Repair = {
  name: "backfill",
  summary: "let Codex index rollouts it does not know",
  safe: true,
  find: findBackfill,
  plan: planBackfill,
};

/** The only row of Codex's table `backfill_state`. */
interface State {
  readonly status: string;
  readonly watermark: string | null;
  readonly updatedMs: number;
}

/** Codex takes a filling over from another process after this time (seen in Codex 0.169: 880 s no, 900 s yes). */
const LEASE_MS = 900_000;

function stateOf({ snapshot: { live }, tables }: Facts): State | undefined {
  if (live === undefined || live.problem !== undefined) return undefined;
  return tables(live.path, (database) => {
    const columns = database.columns("backfill_state");
    if (!["id", "status", "last_watermark", "updated_at"].every((name) => columns.includes(name))) {
      return undefined;
    }
    const [row] = database.all("select status, last_watermark, updated_at from backfill_state where id = 1");
    if (row === undefined) return undefined;
    const { status, last_watermark: watermark, updated_at: updated } = row;
    return {
      status: String(status),
      watermark: typeof watermark === "string" ? watermark : null,
      updatedMs: Number(updated) * 1000,
    };
  });
}

function findBackfill(facts: Facts): readonly Finding[] {
  if (facts.snapshot.live === undefined || facts.snapshot.live.problem !== undefined) return [];
  const state = stateOf(facts);
  const all = orphans(facts);
  const lost = all.filter(({ kind }) => kind === "importable" || kind === "foreign");
  return [...stuck(facts, state), ...notIndexed(facts, state, lost), ...waiting(state, lost), ...others(all)];
}

function stuck({ snapshot: { codex }, nowMs }: Facts, state: State | undefined): readonly Finding[] {
  if (state?.status !== "running" || codex.processes.length > 0) return [];
  const isBlocking = nowMs - state.updatedMs < LEASE_MS;
  const told = new Date(state.updatedMs);
  return [{
    code: "backfill-stuck",
    severity: isBlocking ? "error" : "warning",
    count: 1,
    repair: "backfill",
    message: `the database says that a Codex is filling it, but none is running; ` +
      (isBlocking ? "Codex waits 30 seconds for it and then does not start" : "the next Codex takes over"),
    samples: [
      `status ${JSON.stringify(state.status)} since ${
        Number.isNaN(told.valueOf()) ? "?" : told.toISOString()
      }, ` +
      doneUntil(state),
    ],
  }];
}

function doneUntil({ watermark }: State): string {
  return watermark === null ? "no file noted yet" : `up to ${JSON.stringify(watermark)}`;
}

function notIndexed(facts: Facts, state: State | undefined, lost: readonly Orphan[]): readonly Finding[] {
  if (lost.length === 0) return [];
  const isComing = state?.status === "pending" && cellsOf(facts, state) === undefined;
  const hint = "open each of them once: codex resume ID";
  return [{
    code: "rollout-not-indexed",
    severity: isComing ? "info" : "warning",
    count: lost.length,
    repair: isComing || state === undefined ? undefined : "backfill",
    ...state === undefined ? { hint } : {},
    message:
      `${lost.length} thread(s) have a file but no row in the database, so lists made from it leave them out` +
      (isComing ? "; Codex makes the rows when it starts next" : ""),
    samples: lost.map(describe),
  }];
}

function waiting(state: State | undefined, lost: readonly Orphan[]): readonly Finding[] {
  if (state?.status !== "pending") return [];
  return [{
    code: "backfill-incomplete",
    severity: "info",
    count: 1,
    repair: undefined,
    message:
      `Codex goes on filling its database when it starts next; ${lost.length} thread(s) have no row yet`,
    samples: [doneUntil(state)],
  }];
}

function others(all: readonly Orphan[]): readonly Finding[] {
  const told = all.filter(({ kind }) => kind === "live" || kind === "empty");
  if (told.length === 0) return [];
  return [{
    code: "rollout-active-orphan",
    severity: "info",
    count: told.length,
    repair: undefined,
    message:
      `${told.length} file(s) have no row in the database and need none yet: Codex is at work on them, ` +
      `or nothing has been said in them`,
    samples: told.map(describe),
  }];
}

function describe({ id, kind, rollouts }: Orphan): string {
  const cwd = rollouts.at(-1)?.meta?.cwd;
  const word = {
    live: "Codex is at work on it",
    empty: "nothing has been said in it",
    foreign: `made elsewhere, in ${JSON.stringify(cwd ?? "")}`,
    importable: "ready to be indexed",
  }[kind];
  return `${id}: ${rollouts.at(-1)?.path ?? ""}, ${word}`;
}

/** What to change in the state so that Codex goes through every file without a row; undefined: nothing. */
function cellsOf(facts: Facts, state: State): Readonly<Record<string, Cell>> | undefined {
  const mark = watermark(facts);
  const isStuck = state.status === "running" && facts.snapshot.codex.processes.length === 0;
  if (mark === undefined && !isStuck) return undefined;
  const cells: Record<string, Cell> = {};
  if (state.status !== "pending") cells["status"] = { before: state.status, after: "pending" };
  // One that is complete has been everywhere, one that is not has been up to its mark only.
  const reached = state.status === "complete" ? undefined : state.watermark;
  const after = mark === undefined ? state.watermark : lower(mark.before, reached);
  if (after !== state.watermark) cells["last_watermark"] = { before: state.watermark, after };
  return Object.keys(cells).length === 0 ? undefined : cells;
}

/** The path before the first one without a row, in the order in which Codex goes; null when that is the very first. */
function watermark(facts: Facts): { readonly before: string | null } | undefined {
  const lost = orphans(facts).filter(({ kind }) => kind === "importable" || kind === "foreign");
  const missing = lost.flatMap(({ rollouts }) => rollouts.map(({ path }) => path));
  const first = missing.reduce<string | undefined>((a, b) => a === undefined || b < a ? b : a, undefined);
  if (first === undefined) return undefined;
  let before: string | null = null;
  for (const { files } of filesByThread(facts).values()) {
    for (const { rollout: { path } } of files) {
      if (path < first && (before === null || path > before)) before = path;
    }
  }
  return { before };
}

/** The earlier of two marks; null is the beginning. */
function lower(a: string | null, b: string | null | undefined): string | null {
  if (b === undefined) return a;
  return a === null || b === null ? null : a < b ? a : b;
}

function planBackfill(facts: Facts): Draft {
  const { live, codex } = facts.snapshot;
  const state = stateOf(facts);
  const cells = state && cellsOf(facts, state);
  if (live === undefined || cells === undefined) return { changes: [], skipped: [] };
  if (codex.processes.length > 0) {
    return {
      changes: [],
      skipped: [{ subject: "backfill_state", reason: "Codex is running and fills it by itself" }],
    };
  }
  const key = { id: 1 };
  return {
    changes: [{
      kind: "entry",
      database: live.path,
      table: "backfill_state",
      key,
      op: "change",
      thread: undefined,
      cells,
    }],
    skipped: [],
  };
}
