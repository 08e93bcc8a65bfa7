/** What a user should know about threads that arrived and that nothing is done about by itself: their providers. */
import { isDeclared } from "../codex/config.ts";
import type { Extract } from "../codex/extract.ts";
import type { Facts } from "../repairs/repair.ts";

/** A warning with what to do about it. */
export interface Remark {
  readonly code: "provider-differs" | "provider-not-declared";
  readonly message: string;
  readonly hint: string;
  readonly threads: number;
}

/** Tells of threads from elsewhere that belong to another provider than the one in use here. */
export function remarksOn(
  { facts: { snapshot, target }, others, machine }: {
    readonly facts: Facts;
    readonly others: readonly Extract[];
    readonly machine: string;
  },
  own: Extract,
): readonly Remark[] {
  const counts = new Map<string, number>();
  for (const { id, row, rollouts } of snapshot.threads.values()) {
    const origin = own.threads.get(id)?.origin ??
      (others.some(({ threads }) => threads.has(id)) ? "" : machine);
    if (origin === machine || rollouts.length === 0) continue;
    const provider = row?.provider ?? rollouts.at(-1)?.recorded;
    if (provider === undefined || provider === target.id) continue;
    counts.set(provider, (counts.get(provider) ?? 0) + 1);
  }
  return [...counts].map(([provider, threads]) =>
    isDeclared(snapshot.config, provider)
      ? differs(provider, target.id, threads)
      : undeclared(provider, threads)
  );
}

function differs(provider: string, current: string, threads: number): Remark {
  return {
    code: "provider-differs",
    message:
      `${threads} thread(s) from another machine belong to provider ${JSON.stringify(provider)}, not to ` +
      `${JSON.stringify(current)}, which is in use here; some lists leave them out`,
    hint: "codexkeep sync gives them to the provider in use",
    threads,
  };
}

function undeclared(provider: string, threads: number): Remark {
  return {
    code: "provider-not-declared",
    message:
      `${threads} thread(s) from another machine belong to provider ${JSON.stringify(provider)}, which ` +
      "config.toml does not declare here; Codex lists them and cannot open them",
    hint: "codexkeep sync gives them to the provider in use; or declare theirs in config.toml",
    threads,
  };
}
