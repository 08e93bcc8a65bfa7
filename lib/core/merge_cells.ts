/** Named values and database entries that are changed twice, as one change. */
import { AppError } from "./error.ts";
import type { Cell, EntryChange, Meaning } from "./plan.ts";

/**
 * Named values as they were before the first and will be after the second change. A value that was changed and ends
 * where it began is left out; one that was only stated is kept.
 */
export function mergeMeaning(first: Meaning, second: Meaning): Meaning {
  const merged = new Map<string, Cell>(Object.entries(first));
  for (const [name, cell] of Object.entries(second)) {
    const earlier = Object.hasOwn(first, name) ? first[name] : undefined;
    const before = earlier === undefined ? cell.before : earlier.before;
    const cameBack = before === cell.after && (earlier?.after ?? cell.before) !== before;
    if (cameBack) merged.delete(name);
    else merged.set(name, { before, after: cell.after });
  }
  return Object.fromEntries(merged);
}

/**
 * Two changes of one entry as one; undefined when nothing is left of them. An entry that both add is as the second
 * says. Throws `plan-invalid` when the second needs an entry to be there or missing that is not.
 */
export function joinEntries(first: EntryChange, second: EntryChange): EntryChange | undefined {
  const thread = first.thread ?? second.thread;
  const joined = (op: EntryChange["op"], cells: Meaning) => ({ ...first, op, thread, cells });
  switch (`${first.op}-${second.op}` as const) {
    case "change-change":
      return unlessEmpty(joined("change", mergeMeaning(first.cells, second.cells)));
    case "add-change":
    case "add-add":
      return joined("add", { ...first.cells, ...added(second.cells) });
    case "add-remove":
      return undefined;
    case "change-remove":
      return joined("remove", removed(first.cells, second.cells));
    case "remove-add":
      return unlessEmpty(joined("change", difference(first.cells, second.cells)));
    case "remove-remove":
      return joined("remove", first.cells);
    default:
      throw new AppError(
        "plan-invalid",
        `to ${second.op} an entry of "${first.table}" that another change is to ${first.op} makes no sense`,
      );
  }
}

function unlessEmpty(change: EntryChange): EntryChange | undefined {
  return Object.keys(change.cells).length === 0 ? undefined : change;
}

function added(cells: Meaning): Meaning {
  return mapCells(cells, ({ after }) => ({ before: null, after }));
}

/** The cells that are not null before a change of an entry that is removed afterwards. */
function removed(changed: Meaning, gone: Meaning): Meaning {
  const before = { ...gone, ...mapCells(changed, ({ before }) => ({ before, after: null })) };
  return Object.fromEntries(Object.entries(before).filter(([, cell]) => cell.before !== null));
}

/** What differs between an entry that is removed and the one that takes its place. */
function difference(gone: Meaning, come: Meaning): Meaning {
  const cells = Object.entries({ ...gone, ...come }).map(([name, cell]): [string, Cell] => [name, {
    before: Object.hasOwn(gone, name) ? gone[name]?.before ?? null : null,
    after: Object.hasOwn(come, name) ? cell.after : null,
  }]);
  return Object.fromEntries(cells.filter(([, { before, after }]) => before !== after));
}

function mapCells(cells: Meaning, use: (cell: Cell) => Cell): Meaning {
  return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, use(cell)]));
}
