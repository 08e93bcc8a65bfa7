/** What this machine takes over from the extracts of others: of every value the newest. */
import type { Cell } from "../core/plan.ts";
import { type Extract, type ExtractThing, type ExtractThread, SET_GROUPS, type SetGroup } from "./extract.ts";
import { isSameGroup, isSameRow } from "./extract_make.ts";

/** A value as one machine has it. */
interface Claim<T> {
  readonly machine: string;
  readonly at: number;
  readonly value: T;
}

/** The claim that counts: the newest, and of two at the same moment that of the machine whose name comes last. */
function newestOf<T>(claims: readonly Claim<T>[]): Claim<T> | undefined {
  return claims.reduce<Claim<T> | undefined>((best, claim) => {
    if (best === undefined) return claim;
    const later = claim.at - best.at || (claim.machine > best.machine ? 1 : -1);
    return later > 0 ? claim : best;
  }, undefined);
}

/** A group of a thread's row that another machine has changed last. */
export interface TakenGroup {
  readonly group: SetGroup;
  readonly cells: Readonly<Record<string, Cell>>;
}

/** The groups of a thread that others have changed last. */
export function takenGroups(own: Extract, others: readonly Extract[], id: string): readonly TakenGroup[] {
  const mine = own.threads.get(id);
  if (mine === undefined) return [];
  return SET_GROUPS.flatMap((group): TakenGroup[] => {
    const claims = [
      { machine: own.machine, value: mine },
      ...others.flatMap(({ machine, threads }) => {
        const value = threads.get(id);
        return value === undefined ? [] : [{ machine, value }];
      }),
    ].map(({ machine, value }) => ({ machine, value, at: value.changedAt[group.name] }));
    const winner = newestOf(claims);
    if (winner === undefined || isSameGroup(group, winner.value.row, mine.row)) return [];
    return [{ group, cells: cellsBetween(group, mine, winner.value) }];
  });
}

function cellsBetween(
  { columns, empty }: SetGroup,
  from: ExtractThread,
  to: ExtractThread,
): TakenGroup["cells"] {
  const cells: Record<string, Cell> = {};
  for (const [i, name] of columns.entries()) {
    const nothing = i === 0 ? empty : null;
    const before = from.row[name] ?? nothing;
    const after = to.row[name] ?? nothing;
    if (before !== after) cells[name] = { before, after };
  }
  return cells;
}

/** The row of a thread that this machine has none of: of the machine that was at work on it last. */
export function newestThread(
  others: readonly Extract[],
  id: string,
): { readonly from: Extract; readonly thread: ExtractThread } | undefined {
  const claims = others.flatMap((from) => {
    const thread = from.threads.get(id);
    if (thread === undefined) return [];
    return [{ machine: from.machine, at: Number(thread.row["updated_at_ms"] ?? 0), value: { from, thread } }];
  });
  const winner = newestOf(claims);
  if (winner === undefined) return undefined;
  const row: Record<string, string | number | null> = { ...winner.value.thread.row };
  for (const group of SET_GROUPS) {
    const set = newestOf(claims.map(({ machine, value: { thread } }) => ({
      machine,
      at: thread.changedAt[group.name],
      value: thread,
    })));
    for (const name of group.columns) {
      const value = set?.value.row[name];
      if (value === undefined) delete row[name];
      else row[name] = value;
    }
  }
  return { from: winner.value.from, thread: { ...winner.value.thread, row } };
}

/** A section, project, attachment or note that is otherwise elsewhere, and newer there. */
export interface TakenThing {
  readonly before: ExtractThing | undefined;
  readonly after: ExtractThing;
  readonly machine: string;
}

/** Everything else that others have changed last. */
export function takenThings(own: Extract, others: readonly Extract[]): readonly TakenThing[] {
  const keys = new Set(others.flatMap(({ things }) => [...things.keys()]));
  return [...keys].sort().flatMap((key): TakenThing[] => {
    const mine = own.things.get(key);
    const claims = [own, ...others].flatMap(({ machine, things }) => {
      const value = things.get(key);
      return value === undefined ? [] : [{ machine, at: value.changedAt, value }];
    });
    const winner = newestOf(claims);
    if (winner === undefined || isSameRow(winner.value.row, mine?.row)) return [];
    return [{ before: mine, after: winner.value, machine: winner.machine }];
  });
}
