/** Which provider the history ought to belong to. */
import { AppError } from "../core/error.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { DEFAULT_PROVIDER, isDeclared, knownProviders } from "./config.ts";

/** A provider and why it was chosen. */
export interface ChosenProvider {
  readonly id: string;
  readonly source: string;
}

/**
 * The provider to bring the history to: the wanted one; for "auto" the configured one, else that of the newest
 * visible thread; without a wish the configured one, else Codex's default.
 */
export function chooseTarget(snapshot: Snapshot, wanted: string | undefined): ChosenProvider {
  if (wanted !== undefined && wanted !== "auto") return { id: wanted, source: "named on the command line" };
  const { config } = snapshot;
  if (config.rootProvider !== undefined) return { id: config.rootProvider, source: "config.toml" };
  if (wanted === "auto") return appProvider(snapshot);
  return { id: config.provider.id, source: config.provider.source };
}

/** The provider the app is really using: the configured one, or the one of the newest thread that lists show. */
export function appProvider({ config, threads }: Pick<Snapshot, "config" | "threads">): ChosenProvider {
  if (config.problems.length === 0 && config.rootProvider !== undefined) {
    return { id: config.rootProvider, source: "config.toml" };
  }
  const newest = newestVisible(threads.values());
  if (newest?.row?.provider !== undefined) {
    return { id: newest.row.provider, source: `newest visible thread ${newest.id}` };
  }
  return { id: DEFAULT_PROVIDER, source: config.provider.source };
}

/** The thread that lists show on top: interactive, not archived, with a preview, changed last. */
function newestVisible(threads: Iterable<Thread>): Thread | undefined {
  let newest: Thread | undefined;
  for (const thread of threads) {
    const { row } = thread;
    const shown = row && !row.archived && row.hasPreview && (row.source === "vscode" || row.source === "cli");
    if (shown && row.updatedAtMs > (newest?.row?.updatedAtMs ?? -1)) newest = thread;
  }
  return newest;
}

/** Refuses a provider that Codex would not know: threads given to it could not be opened. */
export function requireDeclared({ config }: Pick<Snapshot, "config">, provider: string): void {
  if (isDeclared(config, provider)) return;
  const known = knownProviders(config).map((id) => JSON.stringify(id)).join(", ");
  throw new AppError(
    "provider-not-declared",
    `provider ${JSON.stringify(provider)} is not declared in config.toml`,
    {
      hint:
        `declare it as [model_providers.${
          /^[\w-]+$/.test(provider) ? provider : JSON.stringify(provider)
        }], ` +
        `or take one that Codex knows: ${known}`,
    },
  );
}
