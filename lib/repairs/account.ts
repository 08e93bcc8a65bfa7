/**
 * Threads stamped with a ChatGPT account, which the command line of another account leaves out. Which account is in use
 * stands in `auth.json`, which is never opened; the newest stamped thread tells it well enough.
 */
import type { Finding } from "../core/finding.ts";
import { AppError } from "../core/error.ts";
import type { EditChange, RecodeChange, Skip } from "../core/plan.ts";
import type { Rollout, Thread } from "../core/snapshot.ts";
import type { Splice } from "../core/splice.ts";
import { type Creator, creatorOf, disown, shortName } from "../codex/account.ts";
import type { Contents, Draft, Facts, Repair, RepairOptions } from "./repair.ts";

/** Finds threads of ChatGPT accounts, and makes them everybody's where the user asks for it. */
export const accountRepair: Repair = {
  name: "account",
  summary: "show threads to every ChatGPT account that uses this home (takes a privacy boundary away)",
  safe: false,
  needs: "selection",
  find: findOwned,
  plan: planDisowning,
};

/** An account and its threads. */
interface Owner {
  readonly creator: Creator;
  readonly threads: readonly Thread[];
}

/** The accounts that made threads, the one in use first: that of the newest thread, by the time in the ids. */
export function ownersOf(facts: Facts): readonly Owner[] {
  const owned = [...facts.snapshot.threads.values()].filter(isOwned);
  if (owned.length === 0) return [];
  const inRows = creatorsInRows(facts);
  const owners = new Map<string, { readonly creator: Creator; readonly threads: Thread[] }>();
  for (const thread of owned.toSorted((a, b) => a.id < b.id ? 1 : -1)) {
    const creator = inRows.get(thread.id) ?? creatorInFile(thread, facts.contents);
    const key = JSON.stringify([creator.user, creator.account ?? null]);
    const known = owners.get(key);
    if (known === undefined) owners.set(key, { creator, threads: [thread] });
    else known.threads.push(thread);
  }
  return [...owners.values()];
}

/** Whether the file that lists go by is stamped: the newest of the thread. */
function isOwned({ rollouts }: Thread): boolean {
  return rollouts.findLast(({ meta }) => meta !== undefined)?.meta?.owned ?? false;
}

/** The database repeats whom the first lines name, and is read in one go. */
function creatorsInRows({ snapshot: { live }, tables }: Facts): ReadonlyMap<string, Creator> {
  const rows = live && tables(live.path, (database) => {
    const columns = database.columns("threads");
    return columns.includes("creator_user_id") && columns.includes("creator_account_id")
      ? database.all(
        "select id, creator_user_id as user, creator_account_id as account from threads " +
          "where creator_user_id is not null",
      )
      : [];
  });
  return new Map((rows ?? []).map(({ id, user, account }) => [
    String(id),
    { user: String(user), account: typeof account === "string" ? account : undefined },
  ]));
}

function creatorInFile({ rollouts }: Thread, contents: Contents): Creator {
  const newest = rollouts.findLast(({ meta }) => meta?.owned);
  const unknown = { user: "unknown", account: undefined };
  if (newest === undefined) return unknown;
  try {
    return contents.with(newest, creatorOf) ?? unknown;
  } catch (error) {
    if (error instanceof AppError) return unknown;
    throw error;
  }
}

function findOwned(facts: Facts): readonly Finding[] {
  const [current, ...others] = ownersOf(facts);
  if (current === undefined) return [];
  const hidden = others.flatMap(({ threads }) => threads);
  const who = shortName(current.creator);
  const several =
    `${hidden.length} thread(s) were made under another ChatGPT account or workspace than the newest ` +
    `one (${who}, taken for the one in use, as auth.json is not opened); codex resume, fork and agents leave them out`;
  const single =
    `${current.threads.length} thread(s) are stamped with a ChatGPT account (${who}); the command ` +
    "line shows them to that account only";
  return [{
    code: "account-hidden",
    severity: others.length > 0 ? "warning" : "info",
    count: others.length > 0 ? hidden.length : current.threads.length,
    repair: "account",
    message: others.length > 0 ? several : single,
    hint:
      "sign in with that account, or open one by `codex resume ID`; `codexkeep repair account` with --thread or " +
      "--source makes threads visible to every account that uses this home, so think of who that is",
    samples: [current, ...others].map(({ creator, threads }) =>
      `${shortName(creator)}: ${threads.length} thread(s), newest ${threads[0]?.id ?? ""}`
    ).concat(hidden.map(({ id }) => id)),
  }];
}

function planDisowning({ snapshot, contents }: Facts, { threads }: RepairOptions): Draft {
  const busy = new Set(snapshot.codex.busyThreads);
  const changes: (EditChange | RecodeChange)[] = [];
  const skipped: Skip[] = [];
  for (const thread of threads) {
    const owned = thread.rollouts.filter(({ meta }) => meta?.owned);
    if (owned.length === 0) continue;
    const planned = busy.has(thread.id)
      ? { refused: "Codex has it open" }
      : planThread(thread.id, owned, contents);
    if ("refused" in planned) skipped.push({ subject: thread.id, reason: planned.refused });
    else changes.push(...planned);
  }
  return { changes, skipped };
}

/** All files of a thread or none: a segment that stays stamped would show half of it. */
function planThread(
  thread: string,
  rollouts: readonly Rollout[],
  contents: Contents,
): readonly (EditChange | RecodeChange)[] | { readonly refused: string } {
  const changes: (EditChange | RecodeChange)[] = [];
  for (const rollout of rollouts) {
    const planned = planRollout(thread, rollout, contents);
    if ("refused" in planned) return { refused: `${rollout.path}: ${planned.refused}` };
    changes.push(planned);
  }
  return changes;
}

function planRollout(
  thread: string,
  rollout: Rollout,
  contents: Contents,
): EditChange | RecodeChange | { readonly refused: string } {
  try {
    return contents.with(rollout, (content) => {
      if (rollout.encoding === "plain" && content.size !== rollout.stamp.size) {
        return { refused: "another program is writing to it" };
      }
      const creator = creatorOf(content);
      const splices = disown(content);
      if ("refused" in splices) return splices;
      return changeOf(thread, rollout, creator, splices, content.size);
    });
  } catch (error) {
    if (error instanceof AppError) return { refused: error.message };
    throw error;
  }
}

function changeOf(
  thread: string,
  { path, encoding, stamp: { size, mtimeMs } }: Rollout,
  creator: Creator | undefined,
  splices: readonly Splice[],
  contentSize: number,
): EditChange | RecodeChange {
  const sets = {
    creator_user_id: { before: creator?.user ?? null, after: null },
    creator_account_id: { before: creator?.account ?? null, after: null },
  };
  return encoding === "zstd"
    ? { kind: "recode", path, thread, sets, size, mtimeMs, contentSize, splices }
    : { kind: "edit", path, thread, sets, size, mtimeMs, leaveMtimeMs: mtimeMs, splices };
}
