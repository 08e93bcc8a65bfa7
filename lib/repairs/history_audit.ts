/** Which stored places in rollouts are wrong, and which turns the history has missed. Changes nothing. */
import { type AbsPath, joinPath } from "../core/path.ts";
import {
  endOf,
  itemsBetween,
  locate,
  type Mark,
  ordinalsGrow,
  turnAt,
  type TurnStart,
  turnStarts,
  wrongMarks,
} from "../codex/history.ts";
import { readFirstLine } from "../codex/rollout.ts";
import { member } from "../text/json_span.ts";
import type { ByteSource } from "../text/source.ts";
import {
  basesOf,
  filesById,
  HISTORY_DATABASE,
  type HistoryFile,
  isKnown,
  type Marks,
  type Orphan,
  type StoredMark,
  storedMarks,
  unlessUnreadable,
} from "./history_marks.ts";
import type { Facts } from "./repair.ts";
import { leadOf } from "./row_path.ts";

/** Turns of a file that its history has no row of, or that begin too late there. */
export interface LostTurns {
  /** The lines that begin them, in order. */
  readonly starts: readonly TurnStart[];
  /** Whether Codex takes them in when it reads the file again from the first of them. */
  readonly readable: boolean;
  /** Items of what is missing at the beginning of turns that have a row; undefined when a turn has none. */
  readonly late: readonly string[] | undefined;
}

/** What is wrong with the places stored about one file. */
export interface Audit extends HistoryFile {
  readonly marks: readonly StoredMark[];
  readonly wrong: readonly StoredMark[];
  /** The right places, of the wrong marks and all others; those of lines that are gone are missing. */
  readonly places: ReadonlyMap<Mark, number>;
  /** The file no longer holds what the history was made from. */
  readonly rewritten: boolean;
  readonly lost: LostTurns | undefined;
  /** Where the file ends, when Codex has read further than that, as after lines without a turn were taken back. */
  readonly end: Pick<Mark, "at" | "ordinal"> | undefined;
}

/** What is wrong in a home. */
export interface HistoryAudit {
  /** The history database; undefined when it is not there or of a form not known. */
  readonly database: AbsPath | undefined;
  readonly files: readonly Audit[];
  readonly orphans: readonly Orphan[];
}

/** Files whose rows are read at once. */
const BATCH = 200;
/** Fewer lines than this make no turn. */
const SMALLEST_TURN = 3;
/** Members of the first line of a file that begins with a copy of another one's lines. */
const COPIED = ["forked_from_id", "parent_thread_id", "subagent_history_start_ordinal"];

/** Looks at every stored place of the home. Opens each paginated file once, and reads little of those that are right. */
export function auditHistory(facts: Facts): HistoryAudit {
  const files = filesById(facts.snapshot);
  const { bases, orphans } = basesOf(facts, files);
  const audits: Audit[] = [];
  const look = (rowsOf: (ids: readonly string[]) => Marks) => {
    const ids = [...files.keys()];
    for (let i = 0; i < ids.length; i += BATCH) {
      const batch = ids.slice(i, i + BATCH);
      const rows = rowsOf(batch);
      for (const id of batch) {
        const file = files.get(id);
        const audit = file && auditMarks(facts, file, rows.get(id) ?? [], bases.get(id) ?? []);
        if (audit) audits.push(audit);
      }
    }
    return true;
  };
  const { live } = facts.snapshot;
  const database = live && joinPath(live.path, "..", HISTORY_DATABASE);
  const known = database &&
    facts.tables(database, (tables) => isKnown(tables) && look((ids) => storedMarks(tables, ids)));
  if (known !== true) {
    audits.length = 0;
    look(() => new Map());
  }
  return { database: known === true ? database : undefined, files: audits, orphans };
}

/** A row that leads to a file of another home makes Codex read that one: what is stored is about it, not about ours. */
function auditMarks(
  facts: Facts,
  file: HistoryFile,
  stored: readonly StoredMark[],
  bases: readonly StoredMark[],
): Audit | undefined {
  const audit = (marks: readonly StoredMark[]) =>
    marks.length === 0 ? undefined : auditFile(facts, file, marks);
  const found = audit([...stored, ...bases]);
  const { row, rollouts } = file.thread;
  const isElsewhere = found !== undefined && row !== undefined &&
    leadOf(facts, row.rolloutPath, rollouts).to === "elsewhere";
  return isElsewhere ? audit(bases) : found;
}

/** The distance by which every stored place in a file has to be moved; undefined when they differ. */
export function commonShift({ marks, places }: Pick<Audit, "marks" | "places">): number | undefined {
  const shifts = new Set(marks.map((mark) => (places.get(mark) ?? NaN) - mark.at));
  const [shift = 0] = shifts;
  return shifts.size === 1 && shift !== 0 && !Number.isNaN(shift) ? shift : undefined;
}

/** What is wrong with one file; undefined when nothing is. A file that cannot be read is none of this check's. */
function auditFile(facts: Facts, file: HistoryFile, marks: readonly StoredMark[]): Audit | undefined {
  return unlessUnreadable(() =>
    facts.contents.with(file.rollout, (source) => {
      const wrong = wrongMarks(source, marks);
      const places = wrong.length === 0
        ? new Map(marks.map((mark): [Mark, number] => [mark, mark.at]))
        : locate(source, marks);
      const end = wrong.length === 0 ? undefined : endBefore(source, wrong);
      const held = end === undefined ? marks : marks.filter(({ kind }) => kind !== "cursor");
      const rewritten = wrong.length > 0 && isRewritten(source, held, places);
      const lost = rewritten ? undefined : lostTurns(source, held, places);
      if (wrong.length === 0 && lost === undefined) return undefined;
      return { ...file, marks, wrong, places, rewritten, lost, end };
    })
  );
}

/** The end of a file that is before the place up to which Codex has read, in bytes and in lines. */
function endBefore(source: ByteSource, wrong: readonly StoredMark[]): Audit["end"] {
  const cursor = wrong.find(({ kind }) => kind === "cursor");
  const end = cursor && cursor.at > source.size ? endOf(source) : undefined;
  return end !== undefined && cursor !== undefined && end.ordinal < cursor.ordinal ? end : undefined;
}

type Places = ReadonlyMap<Mark, number>;

/** Lines that the history was made from are gone, or others have their ordinals. */
function isRewritten(source: ByteSource, marks: readonly StoredMark[], places: Places): boolean {
  return marks.some((mark) => {
    if (mark.by.kind === "base") return false;
    const at = places.get(mark);
    if (at === undefined) return true;
    const turn = mark.kind === "start" ? turnAt(source, at) : undefined;
    return turn !== undefined && mark.by.kind === "turn" && turn !== mark.by.turn;
  });
}

/** A turn of the history: where it begins and ends. */
interface KnownTurn {
  readonly ordinal: number;
  readonly last: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The turns that begin between the known ones, before the place up to which Codex has read: it has passed over them
 * for good. What comes after that place is taken in when the thread is opened (seen in Codex 0.169).
 */
function lostTurns(source: ByteSource, marks: readonly StoredMark[], places: Places): LostTurns | undefined {
  const cursor = marks.find(({ kind }) => kind === "cursor");
  const read = cursor && places.get(cursor);
  if (cursor === undefined || read === undefined) return undefined;
  const known = knownTurns(marks, places);
  const starts: TurnStart[] = [];
  let readable = true;
  let last: KnownTurn | undefined;
  for (const next of [...[...known.values()].sort((a, b) => a.from - b.from), undefined]) {
    const [from, to] = [last?.to ?? 0, next?.from ?? read];
    const look = from < to && (last !== undefined || startsPlainly(source, next ?? cursor));
    for (const start of look ? turnStarts(source, from, to) : []) {
      if ((known.get(start.turn)?.ordinal ?? Infinity) <= start.ordinal) continue;
      if (start.ordinal <= (last?.last ?? -1)) readable = false;
      starts.push(start);
    }
    last = next ?? last;
  }
  const [first] = starts;
  if (first === undefined) return undefined;
  readable &&= ordinalsGrow(source, first.at, first.ordinal);
  return { starts, readable, late: lateItems(source, starts, known) };
}

function lateItems(
  source: ByteSource,
  starts: readonly TurnStart[],
  known: ReadonlyMap<string, KnownTurn>,
): readonly string[] | undefined {
  const items: string[] = [];
  for (const { turn, at } of starts) {
    const row = known.get(turn);
    if (row === undefined) return undefined;
    items.push(...itemsBetween(source, at, row.from));
  }
  return items;
}

function knownTurns(marks: readonly StoredMark[], places: Places): ReadonlyMap<string, KnownTurn> {
  const known = new Map<string, KnownTurn>();
  for (const mark of marks) {
    const at = places.get(mark);
    if (mark.by.kind !== "turn" || at === undefined) continue;
    const { turn } = mark.by;
    const start = known.get(turn);
    if (mark.kind === "start") {
      known.set(turn, { ordinal: mark.ordinal, last: mark.ordinal, from: at, to: at });
    } else if (start !== undefined) known.set(turn, { ...start, last: mark.ordinal - 1, to: at });
  }
  return known;
}

/** Whether turns may be missing before the first known one: a fork or subagent begins with lines that are not its own. */
function startsPlainly(source: ByteSource, { ordinal }: { readonly ordinal: number }): boolean {
  if (ordinal < SMALLEST_TURN) return false;
  const first = readFirstLine(source);
  if ("reason" in first) return false;
  const { payload, meta } = first.parsed;
  return meta.base === undefined && COPIED.every((key) => member(payload, key) === undefined);
}
