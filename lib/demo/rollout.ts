/** Puts lines together to rollout files, and knows the place of every turn in them. */
import type { RelPath } from "../core/path.ts";
import type { HistoryMode } from "../core/snapshot.ts";
import type { Draft, Item } from "./lines.ts";

/** A turn and where it stands in its file. Offsets are bytes of the uncompressed content. */
export interface TurnMark {
  readonly id: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Ordinal of the first line, and the offset where it begins. */
  readonly ordinal: number;
  readonly offset: number;
  /** Ordinal of the last line, and the offset behind it. */
  readonly endOrdinal: number;
  readonly endOffset: number;
  readonly items: readonly ItemMark[];
}

/** What is shown of a turn, and the line it comes from. */
export interface ItemMark extends Item {
  readonly ordinal: number;
  readonly atMs: number;
}

/** Content of a rollout with the places that Codex keeps elsewhere. */
export interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly marks: readonly TurnMark[];
  /** Ordinal of the line that would come next. */
  readonly nextOrdinal: number;
  readonly lastMs: number;
}

/** A file of a thread. */
export interface BuiltFile extends Omit<Content, "bytes"> {
  /** As it is named on the disk, `.zst` included where it is compressed. */
  readonly path: RelPath;
  /** The id that the history database and `history_base` know it by: the thread's, or the segment's own. */
  readonly id: string;
  /** Bytes, uncompressed. */
  readonly size: number;
  readonly mtimeMs: number;
}

const ENCODER = new TextEncoder();

/** The lines as one file, each with its newline. @param firstOrdinal ordinal of the first line, in paginated files */
export function assemble(drafts: readonly Draft[], mode: HistoryMode, firstOrdinal: number): Content {
  const lines = drafts.map((draft, index) => encodeLine(draft, mode, firstOrdinal + index));
  const offsets: number[] = [];
  let size = 0;
  for (const line of lines) {
    offsets.push(size);
    size += line.length;
  }
  const bytes = new Uint8Array(size);
  lines.forEach((line, index) => bytes.set(line, offsets[index]));
  return {
    bytes,
    marks: markTurns(drafts, [...offsets, size], firstOrdinal),
    nextOrdinal: firstOrdinal + drafts.length,
    lastMs: drafts.at(-1)?.atMs ?? 0,
  };
}

function encodeLine({ atMs, type, payload }: Draft, mode: HistoryMode, ordinal: number): Uint8Array {
  const timestamp = new Date(atMs).toISOString();
  const record = mode === "paginated" ? { timestamp, ordinal, type, payload } : { timestamp, type, payload };
  return ENCODER.encode(JSON.stringify(record) + "\n");
}

/** @param offsets where each line begins, and behind the last one the end of the file */
function markTurns(drafts: readonly Draft[], offsets: readonly number[], firstOrdinal: number): TurnMark[] {
  const marks: TurnMark[] = [];
  drafts.forEach(({ turn, edge, atMs }, start) => {
    if (turn === undefined || edge !== "start") return;
    const end = drafts.findIndex((draft) => draft.turn === turn && draft.edge === "end");
    const items = drafts.slice(start, end).flatMap(({ item, atMs }, index): ItemMark[] =>
      item === undefined ? [] : [{ ...item, ordinal: firstOrdinal + start + index, atMs }]
    );
    marks.push({
      id: turn,
      startedMs: atMs,
      endedMs: drafts[end]?.atMs ?? atMs,
      ordinal: firstOrdinal + start,
      offset: offsets[start] ?? 0,
      endOrdinal: firstOrdinal + end,
      endOffset: offsets[end + 1] ?? 0,
      items,
    });
  });
  return marks;
}
