/**
 * The kinds of changes a plan can hold. Each says what must be there before and what will be there after, so that undo
 * and verification follow from it.
 */
import type { ByteString } from "./bytes.ts";
import type { AbsPath, RelPath } from "./path.ts";
import type { Splice } from "./splice.ts";

/** What an edit means: named values, before and after. Undo that keeps later work goes by this, not by bytes. */
export type Meaning = Readonly<Record<string, Cell>>;

/** A file of the home changed at a few places; everything between them stays. */
export interface EditChange {
  readonly kind: "edit";
  readonly path: RelPath;
  /** Thread the file belongs to; undefined for files such as `config.toml`. */
  readonly thread: string | undefined;
  readonly sets: Meaning;
  /** Bytes of the (decompressed) content before. */
  readonly size: number;
  /** Modification time before; undefined: not looked at. Milliseconds. */
  readonly mtimeMs: number | undefined;
  /** Modification time to leave behind; undefined: the moment of the change. Milliseconds. */
  readonly leaveMtimeMs: number | undefined;
  readonly splices: readonly Splice[];
}

/**
 * A compressed rollout replaced by one with changed content. The old file is kept whole in the record, because
 * compressing the old content again need not give the old bytes.
 */
export interface RecodeChange {
  readonly kind: "recode";
  readonly path: RelPath;
  readonly thread: string | undefined;
  readonly sets: Meaning;
  /** The compressed file before. */
  readonly size: number;
  readonly mtimeMs: number;
  /** Bytes of the decompressed content before. */
  readonly contentSize: number;
  readonly splices: readonly Splice[];
}

/** A whole file put back from a record. */
export interface PutChange {
  readonly kind: "put";
  readonly path: RelPath;
  readonly thread: string | undefined;
  readonly sets: Meaning;
  /** SHA-256 of the file that must be there before. */
  readonly beforeSha256: string;
  readonly from: { readonly record: string; readonly name: string };
  readonly sha256: string;
  readonly mtimeMs: number;
}

/**
 * A file given another name inside the home; nothing may be there under the new name. Its content, mode and times stay.
 * Edits of the same file in the same plan name it by `path` and are made before.
 */
export interface MoveChange {
  readonly kind: "move";
  readonly path: RelPath;
  readonly to: RelPath;
  /** Thread the file belongs to; undefined for files that are no thread's, such as copies. */
  readonly thread: string | undefined;
  readonly sets: Meaning;
  readonly size: number;
  readonly mtimeMs: number;
}

/** A small file made where there is none. */
export interface MakeChange {
  readonly kind: "make";
  readonly path: RelPath;
  readonly thread: undefined;
  readonly sets: Meaning;
  /** The whole content, each byte as one character. */
  readonly content: ByteString;
}

/** A small file taken away that a `make` made, provided it holds exactly that content. */
export interface UnmakeChange {
  readonly kind: "unmake";
  readonly path: RelPath;
  readonly thread: undefined;
  readonly sets: Meaning;
  readonly content: ByteString;
}

/** Named cells of one row of the `threads` table. */
export interface RowChange {
  readonly kind: "row";
  readonly database: AbsPath;
  readonly thread: string;
  readonly cells: Readonly<Record<string, Cell>>;
}

/**
 * A row of any other table of Codex's databases: changed, added or removed. Cells of an added row have `before` null,
 * those of a removed one `after` null; a removed row names every column that is not null, so that it can be added again.
 */
export interface EntryChange {
  readonly kind: "entry";
  readonly database: AbsPath;
  readonly table: string;
  /** Columns and values that name the row; for `add` and `remove` they are not repeated in `cells`. */
  readonly key: Readonly<Record<string, string | number>>;
  readonly op: "change" | "add" | "remove";
  /** Thread it is about, so that it is left out with it. */
  readonly thread: string | undefined;
  readonly cells: Readonly<Record<string, Cell>>;
}

/** One cell, before and after. `undefined` cannot stand in JSON, so SQL NULL is `null`. */
export interface Cell {
  readonly before: string | number | null;
  readonly after: string | number | null;
}

/** A record taken off the disk by pruning. Not undone: it is the undo that goes. */
export interface DropChange {
  readonly kind: "drop";
  readonly record: string;
  readonly bytes: number;
}

/** One step of a plan. */
export type Change =
  | EditChange
  | RecodeChange
  | PutChange
  | MoveChange
  | MakeChange
  | UnmakeChange
  | RowChange
  | EntryChange
  | DropChange;
