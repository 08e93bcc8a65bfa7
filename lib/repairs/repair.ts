/**
 * What every repair is: a value that finds one ailment and plans its cure, from facts alone. A new ailment is a new
 * file here and a line in the registry.
 */
import type { Finding } from "../core/finding.ts";
import type { Change, Skip } from "../core/plan.ts";
import type { Rollout, Snapshot, Thread } from "../core/snapshot.ts";
import type { ByteSource } from "../text/source.ts";

/** The content of rollouts, for the few that have to be read closer than the scan did. */
export interface Contents {
  /** Calls `use` with the (decompressed) content of a rollout. Throws `AppError` when it cannot be read. */
  with<T>(rollout: Rollout, use: (content: ByteSource) => T): T;
}

/** The provider that threads ought to have, and where that was taken from. */
export interface Target {
  readonly id: string;
  readonly source: string;
}

/** What checks look at. */
export interface Facts {
  readonly snapshot: Snapshot;
  readonly contents: Contents;
  readonly target: Target;
  /** Threads with encrypted content of other providers than the target, by provider. Reads files at the first call. */
  readonly encrypted: () => ReadonlyMap<string, number>;
}

/** Which threads a repair works on, and what it is to do with them. */
export interface RepairOptions {
  readonly threads: readonly Thread[];
  /** Only threads that belong to this provider now. */
  readonly from: string | undefined;
}

/** Part of a plan. */
export interface Draft {
  readonly changes: readonly Change[];
  readonly skipped: readonly Skip[];
}

/** One ailment and its cure. */
export interface Repair {
  readonly name: string;
  readonly summary: string;
  /** Right without a choice by the user, hence part of `repair all`. */
  readonly safe: boolean;
  /** What is wrong, without opinion on whether it should be repaired. */
  find(facts: Facts): readonly Finding[];
  /** The changes that cure it; undefined for ailments that can only be reported. */
  readonly plan: ((facts: Facts, options: RepairOptions) => Draft) | undefined;
}
