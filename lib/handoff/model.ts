/**
 * The words of a hand-over: two sides (the Codex home and a folder that some engine of the user's keeps in step), the
 * files of each, what was the same on both when this machine last looked (the base), and what is to be done.
 *
 * A rollout is the same file on both sides when its name is, wherever it lies and whether or not it is compressed. What
 * belongs to a machine and does not travel: the folder and the provider in its first line (its length stays), and
 * settings events behind the last turn, with which a machine gives a thread its own folder or provider.
 */
import type { Fingerprint } from "../core/snapshot.ts";
import type { RelPath } from "../core/path.ts";

/** The Codex home, or the folder that travels. */
export type Side = "local" | "cloud";

/** How a file is handled. */
export type ItemKind =
  /** Append-only, compared by content, known by its name. */
  | "rollout"
  /** `session_index.jsonl`: united; the last entry of an id counts. */
  | "index"
  /** `history.jsonl`: united, in order of time. */
  | "history"
  /** Anything else: the newer one wins, by the rules of the settings. */
  | "file";

/** One file of one side. */
export interface Item {
  /** What makes it the same file on both sides: of a rollout `rollout-….jsonl`, else the path. */
  readonly key: string;
  readonly kind: ItemKind;
  /** Where it is, below the root of its side. */
  readonly path: RelPath;
  readonly archived: boolean;
  readonly encoding: "plain" | "zstd";
  readonly stamp: Fingerprint;
}

/** What is on a side. */
export interface Listing {
  readonly items: ReadonlyMap<string, Item>;
  /** Files that take no part, with the reason: conflict copies of a cloud client, placeholders, links, odd names. */
  readonly leftOut: readonly LeftOutFile[];
}

/** A file that takes no part. It is in no {@link Listing.items}; the other side's file of its key stays as it is. */
export interface LeftOutFile {
  readonly path: string;
  readonly reason: LeftOut;
  /** The key it would have; undefined: as its path says. Needed where the name on the disk is another one. */
  readonly key?: string;
}

/** Why a file takes no part. */
export type LeftOut =
  | "conflict-copy"
  | "placeholder"
  | "not-a-file"
  | "unsafe-name"
  | "case-collision"
  | "duplicate-name"
  | "excluded"
  | "still-arriving";

/** A file as it was when both sides last agreed, from this machine's view. */
export interface BaseEntry {
  readonly key: string;
  readonly kind: ItemKind;
  /** Both sides may differ in what does not travel. */
  readonly local: BaseSide;
  readonly cloud: BaseSide;
  /**
   * `at` of the tombstone that the folder had for this key when both sides agreed: that one is settled, the file came
   * back after it. Only a tombstone of another time removes the file.
   */
  readonly tombstone?: string;
}

/** One side of a {@link BaseEntry}. */
export interface BaseSide {
  readonly path: RelPath;
  readonly archived: boolean;
  readonly stamp: Fingerprint;
  /** SHA-256 of the file's bytes, hexadecimal. */
  readonly sha256: string;
}

/** A file that some machine removed on purpose, as the folder says. */
export interface Tombstone {
  readonly key: string;
  /** `contentSha256` of a rollout, SHA-256 of another file; undefined: not known, then nothing follows from it. */
  readonly sha256: string | undefined;
  readonly machine: string;
  /** ISO 8601. */
  readonly at: string;
}

/** How two rollouts of the same name stand to each other. */
export interface Relation {
  readonly kind: "same" | "local-ahead" | "cloud-ahead" | "diverged";
  /** Bytes of (decompressed) content up to which they agree, at the end of a line; the two may differ in legacy files. */
  readonly common: Readonly<Record<Side, number>>;
  /** Whether bytes can be appended behind the common part without moving anything that is addressed by offset. */
  readonly appendable: boolean;
}

/** What the planner asks of the disks, one key at a time. Throws `AppError` when a side cannot be read. */
export interface Looks {
  /** Of rollouts. */
  relation(local: Item, cloud: Item): Relation;
  /** Of other files: whether the bytes are the same. */
  sameBytes(local: Item, cloud: Item): boolean;
  /** Of `index` and `history`: which sides would have other bytes after the two were united (`unite.ts`). */
  union(local: Item, cloud: Item): Readonly<Record<Side, boolean>>;
  /** SHA-256 of a file's bytes. */
  sha256(side: Side, item: Item): string;
  /** SHA-256 of a rollout's content without what does not travel (`contentSha256`). */
  content(side: Side, item: Item): string;
  /** The file that a rollout's first line says it continues (`history_base.thread_id`), in small letters. */
  basedOn(side: Side, item: Item): string | undefined;
}

/**
 * One thing to do. The steps of a plan are carried out in their order; those of one key stand together, a `move` before
 * what changes the content (which names the file at its new place), a `keep-loser` before what replaces the loser.
 * Every step is whole by itself: after a cut behind any of them a new plan does the rest. A step whose file is not as
 * its stamp says any more is left out, with the later ones of its key. No step replaces a file it does not name.
 */
export type Step =
  /** Carry a whole file to `to`, in place of what may be there. */
  | {
    readonly do: "copy";
    readonly to: Side;
    readonly key: string;
    readonly kind: ItemKind;
    /** On the side it comes from. */
    readonly from: RelPath;
    /** On the side it goes to. */
    readonly path: RelPath;
    /** What is replaced; undefined for a new file. Its path differs from `path` only by `.zst`: it goes then. */
    readonly over: Item | undefined;
    readonly source: Fingerprint;
    readonly reason: "new" | "newer" | "policy" | "brought-back";
  }
  /**
   * Carry what was added to a rollout: the new content is the receiver's up to `keep` and the sender's from `skip` on,
   * both decompressed. `path` is never compressed; `over` may be, and goes then.
   */
  | {
    readonly do: "extend";
    readonly to: Side;
    readonly key: string;
    readonly from: RelPath;
    readonly path: RelPath;
    readonly over: Item;
    readonly source: Fingerprint;
    /** Bytes of the receiver's content that stay, and of the sender's that are not carried. */
    readonly keep: number;
    readonly skip: number;
  }
  /** Give a rollout its place among the archived ones, or back. */
  | {
    readonly do: "move";
    readonly on: Side;
    readonly key: string;
    readonly from: RelPath;
    readonly path: RelPath;
    readonly stamp: Fingerprint;
  }
  /** Remove what was removed on purpose on the other side; on the cloud a tombstone is written before it. */
  | {
    readonly do: "remove";
    readonly on: Side;
    readonly key: string;
    readonly path: RelPath;
    readonly stamp: Fingerprint;
  }
  /**
   * Unite the two logs, and put the same bytes on the sides named here, with the time of this run: two machines that
   * derived it from the files could come to the same time and size for different bytes.
   */
  | {
    readonly do: "unite";
    readonly on: Side | "both";
    readonly key: string;
    readonly kind: "index" | "history";
    readonly path: RelPath;
    readonly local: Fingerprint;
    readonly cloud: Fingerprint;
  }
  /** Keep the loser of a conflict beside the winner, before the winner replaces it. */
  | {
    readonly do: "keep-loser";
    readonly of: Side;
    readonly key: string;
    readonly path: RelPath;
    readonly stamp: Fingerprint;
  };

/** Two versions that do not fit together. */
export interface Conflict {
  readonly key: string;
  readonly path: string;
  readonly reason: "diverged" | "changed-and-removed" | "moved-differently" | "equal-time" | "both-new";
  readonly local: Fingerprint | undefined;
  readonly cloud: Fingerprint | undefined;
  /** What the policy did; undefined: nothing is done, a decision is needed. */
  readonly resolved: "local" | "cloud" | undefined;
}

/** Why nothing at all may be written. */
export interface Halt {
  readonly code:
    | "empty-side"
    | "marker-missing"
    | "too-many-deletions"
    | "too-many-changes"
    | "base-of-another-folder"
    | "conflicts";
  readonly message: string;
  readonly hint: string;
}

/** What a hand-over would do. */
export interface HandoffPlan {
  readonly steps: readonly Step[];
  readonly conflicts: readonly Conflict[];
  readonly skipped: readonly { readonly subject: string; readonly reason: string }[];
  readonly halt: Halt | undefined;
  /** Files that agree already and that the base does not say so of yet, or not with these stamps. */
  readonly agreed: readonly string[];
  /**
   * Files that still differ when all their steps are done, because the direction forbids the rest. Their entry in the
   * base stays as it is; every other file with steps agrees afterwards, and gets a new entry. Entries of files that
   * are on neither side any more go.
   */
  readonly partial: readonly string[];
  /** Things to say that leave nothing out. */
  readonly warnings: readonly string[];
}

/** Everything the planner goes by. Pure values but for {@link Looks}. */
export interface Situation {
  readonly local: Listing;
  readonly cloud: Listing;
  /** By key; empty the first time. */
  readonly base: ReadonlyMap<string, BaseEntry>;
  /** The newest of every key. */
  readonly tombstones: ReadonlyMap<string, Tombstone>;
  /** Id in the folder's marker, and in the head of the base; undefined where there is none. */
  readonly marker: { readonly folder: string | undefined; readonly base: string | undefined };
  /** Conflicts that the user has settled, by key: the side that stays. */
  readonly decisions?: ReadonlyMap<string, Side>;
  readonly looks: Looks;
  readonly nowMs: number;
}
