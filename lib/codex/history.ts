/**
 * The places in a paginated rollout that are stored elsewhere as byte offsets, and whether they are right. Codex 0.169
 * keeps them in its history database, for every turn and for how far it has read, and in the first line of every fork
 * and segment that continues a file (`history_base`). Each comes with an ordinal, the number of a line, by which the
 * right place is found again when another program has moved the lines.
 */
import { member, objectMembers, type Span } from "../text/json_span.ts";
import { lineAround, linesWith } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";
import type { MetaLine } from "./rollout.ts";

/** A stored place: the beginning of a line, or the end of the line before. */
export interface Mark {
  /** Byte offset as it is stored. */
  readonly at: number;
  /** Number of the line that begins there, or would be the next one to be written there. */
  readonly ordinal: number;
  /**
   * What has to be there: for `start` that line itself, for `end` it or the end of the line before it. A `cursor`, how
   * far Codex has read, may also stand at the end of the file, whatever the last lines are: it passes over bad ones.
   */
  readonly kind: "start" | "end" | "cursor";
}

/** The line by which Codex begins a turn. */
export interface TurnStart {
  readonly at: number;
  readonly ordinal: number;
  readonly turn: string;
}

/** Where a fork or segment goes on from, as its first line says. */
export interface HistoryBase {
  /** Id of the file it continues: a thread's, or a segment's. */
  readonly file: string;
  readonly mark: Mark;
  /** The value of `end_byte_offset` in the line. */
  readonly span: Span;
}

/** Bytes in which the ordinal of a line stands, when Codex wrote the line. */
const HEAD = 160;
/** Marks up to this distance are read at once. */
const SPAN = 64 * 1024;
/** How many marks of a file are looked at before one of them is found to be wrong. */
const SAMPLE = 64;
/** Lines after the first one among which the first stored place is looked for. */
const NEAR_LINES = 64;

const ORDINAL = /^\s*\{\s*"timestamp"\s*:\s*"[^"]*"\s*,\s*"ordinal"\s*:\s*(\d+)\s*[,}]/;
const ORDINAL_MARKER = new TextEncoder().encode('"ordinal"');
const START_MARKER = new TextEncoder().encode("task_started");
const ITEM_MARKER = new TextEncoder().encode("item_completed");
const LINE_FEED = 0x0a;
const ASCII = new TextDecoder("latin1");
const UTF8 = new TextDecoder();

/** What a first line says about the file it continues; undefined when it continues none. */
export function historyBase(bytes: Uint8Array, { payload }: MetaLine): HistoryBase | undefined {
  const found = member(payload, "history_base");
  if (found?.kind !== "object") return undefined;
  const end = member(objectMembers(bytes, found.value.start).members, "end_byte_offset");
  const value = JSON.parse(UTF8.decode(bytes.subarray(found.value.start, found.value.end))) as Json;
  const { thread_id: file, end_ordinal_exclusive: ordinal, end_byte_offset: at } = value;
  if (typeof file !== "string" || end === undefined || !isPlace(at) || !isPlace(ordinal)) return undefined;
  return { file: file.toLowerCase(), mark: { at, ordinal, kind: "end" }, span: end.value };
}

type Json = Readonly<Record<string, unknown>>;

/** Whether a value can be an offset or an ordinal. */
export function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether `mark` would be right at offset `at`. Reads a line head, seldom a line. */
export function isRight(source: ByteSource, { ordinal, kind }: Mark, at: number): boolean {
  if (at < 0 || at > source.size) return false;
  if (at > 0 && source.read(at - 1, 1)[0] !== LINE_FEED) return false;
  if (kind === "cursor" && at === source.size) return true;
  if (ordinalAt(source, at) === ordinal) return true;
  return kind !== "start" && at > 0 && ordinal > 0 && ordinalBefore(source, at) === ordinal - 1;
}

/**
 * The marks that are wrong where they stand; empty for a file as Codex left it. Looks at no more than 64 of them as
 * long as all are right: what moves lines moves all behind them.
 */
export function wrongMarks<M extends Mark>(source: ByteSource, marks: readonly M[]): readonly M[] {
  const sorted = marks.toSorted((a, b) => a.at - b.at);
  const step = Math.max(1, Math.ceil(sorted.length / SAMPLE));
  const sample = step === 1 ? sorted : sorted.filter((_, i) => i % step === 0 || i === sorted.length - 1);
  const wrong = wrongAmong(source, sample);
  return wrong.length === 0 || step === 1 ? wrong : wrongAmong(source, sorted);
}

function wrongAmong<M extends Mark>(source: ByteSource, sorted: readonly M[]): readonly M[] {
  const first = Math.max(0, (sorted[0]?.at ?? 0) - 1);
  const span = Math.min(sorted.at(-1)?.at ?? 0, source.size) + HEAD - first;
  // The source keeps what it read last, so the heads below come from memory.
  if (span > 0 && span <= SPAN) source.read(first, span);
  return sorted.filter((mark) => !isRight(source, mark, mark.at));
}

/**
 * Where the marks stand in truth; those that stand nowhere, because their lines are gone, are left out. Reads the
 * head of the file when all lines moved by the same distance, the whole of it only when they did not.
 */
export function locate(source: ByteSource, marks: readonly Mark[]): ReadonlyMap<Mark, number> {
  const found = new Map<Mark, number>();
  const shift = firstShift(source, marks);
  for (const mark of marks) {
    if (isRight(source, mark, mark.at)) found.set(mark, mark.at);
    else if (shift !== undefined && isRight(source, mark, mark.at + shift)) found.set(mark, mark.at + shift);
  }
  const rest = marks.filter((mark) => !found.has(mark));
  if (rest.length > 0) { for (const [mark, at] of searched(source, rest)) found.set(mark, at); }
  return found;
}

/** By how much the earliest line that a mark names has moved; undefined when it is not among the first ones. */
function firstShift(source: ByteSource, marks: readonly Mark[]): number | undefined {
  const first = marks.toSorted((a, b) => a.at - b.at).find(({ kind, at }) => kind === "start" && at > 0);
  if (first === undefined) return undefined;
  let seen = 0;
  for (const line of linesWith(source, [ORDINAL_MARKER])) {
    if (ordinalOf(line.tooLong ? line.head : line.bytes) === first.ordinal) return line.at - first.at;
    if (++seen > NEAR_LINES) return undefined;
  }
  return undefined;
}

/** Goes through the whole file. Of lines with the same ordinal the first one counts, as it does for Codex. */
function searched(source: ByteSource, marks: readonly Mark[]): ReadonlyMap<Mark, number> {
  const starts = new Map<number, number>();
  const ends = new Map<number, number>();
  const wanted = new Set(marks.flatMap(({ ordinal }) => [ordinal, ordinal - 1]));
  for (const line of linesWith(source, [ORDINAL_MARKER])) {
    const ordinal = line.tooLong ? ordinalIn(line.head) : wholeOrdinal(line.bytes);
    if (ordinal === undefined || !wanted.has(ordinal) || starts.has(ordinal)) continue;
    starts.set(ordinal, line.at);
    if (!line.tooLong) ends.set(ordinal + 1, line.at + line.bytes.length + line.ending.length);
  }
  const found = new Map<Mark, number>();
  for (const mark of marks) {
    const at = mark.kind === "start"
      ? starts.get(mark.ordinal)
      : ends.get(mark.ordinal) ?? starts.get(mark.ordinal);
    if (at !== undefined) found.set(mark, at);
  }
  return found;
}

/** The turn that begins with the line at `at`; undefined when none does. */
export function turnAt(source: ByteSource, at: number): string | undefined {
  const line = lineAround(source, at);
  return line === undefined || line === "too-long" || line.at !== at
    ? undefined
    : turnStart(line.bytes)?.turn;
}

/** Every line from `from` to `to` that begins a turn, in order. Both must be beginnings of lines. */
export function* turnStarts(source: ByteSource, from: number, to: number): Generator<TurnStart, void, void> {
  for (const line of linesWith(partOf(source, from, to), [START_MARKER])) {
    const start = line.tooLong ? undefined : turnStart(line.bytes);
    if (start !== undefined) yield { ...start, at: from + line.at };
  }
}

/** Ids of the items that lines from `from` to `to` complete, as Codex keeps them in its history. */
export function itemsBetween(source: ByteSource, from: number, to: number): readonly string[] {
  const ids: string[] = [];
  for (const line of linesWith(partOf(source, from, to), [ITEM_MARKER])) {
    const payload = line.tooLong ? undefined : parsed(line.bytes)?.payload as Json | undefined;
    const id = (payload?.item as Json | undefined)?.id;
    if (payload?.type === "item_completed" && typeof id === "string") ids.push(id);
  }
  return ids;
}

function partOf(source: ByteSource, from: number, to: number): ByteSource {
  const size = Math.max(0, to - from);
  return { size, read: (at, length) => source.read(from + at, Math.max(0, Math.min(length, size - at))) };
}

function turnStart(bytes: Uint8Array): Omit<TurnStart, "at"> | undefined {
  const line = parsed(bytes);
  const payload = line?.payload as Json | undefined;
  if (line?.type !== "event_msg" || payload?.type !== "task_started") return undefined;
  const { ordinal } = line;
  const { turn_id: turn } = payload;
  return isPlace(ordinal) && typeof turn === "string" ? { ordinal, turn } : undefined;
}

/** Whether the ordinals from `from` to the end of the file only grow; Codex passes over lines whose do not. */
export function ordinalsGrow(source: ByteSource, from: number, ordinal: number): boolean {
  let last = ordinal - 1;
  for (const line of linesWith(partOf(source, from, source.size), [ORDINAL_MARKER])) {
    const next = line.tooLong ? ordinalIn(line.head) : wholeOrdinal(line.bytes);
    if (next === undefined) continue;
    if (next <= last) return false;
    last = next;
  }
  return true;
}

/** The place behind the last line, when the file ends with a whole line that has an ordinal. */
export function endOf(source: ByteSource): Pick<Mark, "at" | "ordinal"> | undefined {
  if (source.size === 0 || source.read(source.size - 1, 1)[0] !== LINE_FEED) return undefined;
  const last = ordinalBefore(source, source.size);
  return last === undefined ? undefined : { at: source.size, ordinal: last + 1 };
}

function ordinalAt(source: ByteSource, at: number): number | undefined {
  if (at >= source.size) return undefined;
  const head = ordinalIn(source.read(at, HEAD));
  if (head !== undefined) return head;
  const line = lineAround(source, at);
  return line === undefined || line === "too-long" ? undefined : wholeOrdinal(line.bytes);
}

function ordinalBefore(source: ByteSource, at: number): number | undefined {
  const line = lineAround(source, at - 1);
  return line === undefined || line === "too-long" ? undefined : ordinalOf(line.bytes);
}

function ordinalOf(bytes: Uint8Array): number | undefined {
  return ordinalIn(bytes.subarray(0, HEAD)) ?? wholeOrdinal(bytes);
}

function ordinalIn(head: Uint8Array): number | undefined {
  const digits = ORDINAL.exec(ASCII.decode(head.subarray(0, HEAD)))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The ordinal of a line that Codex can read; a torn one has none. */
function wholeOrdinal(bytes: Uint8Array): number | undefined {
  const ordinal = parsed(bytes)?.ordinal;
  return isPlace(ordinal) ? ordinal : undefined;
}

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    const value: unknown = JSON.parse(UTF8.decode(bytes));
    return typeof value === "object" && value !== null ? value as Json : undefined;
  } catch {
    return undefined;
  }
}
