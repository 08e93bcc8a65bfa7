/** What has to be right before a thread is given another provider, and providers that Codex does not know. */
import type { Finding } from "../core/finding.ts";
import { type AbsPath, inHome } from "../core/path.ts";
import { NO_PROVIDER } from "../core/plan.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { isDeclared } from "../codex/config.ts";

/** The provider a user would name for a thread: the one it resumes with, else the one in its newest file. */
export function providerOf(thread: Thread): string {
  return thread.row?.provider ?? thread.rollouts.at(-1)?.recorded ?? thread.rollouts.at(-1)?.meta?.provider ??
    NO_PROVIDER;
}

/**
 * Why a thread that the database counts to `from` is not to be taken from it; undefined when it is: each of its files
 * has to name `from`, or `target` already. A file that names none goes with the database.
 */
export function otherInFile(thread: Thread, from: string, target: string): string | undefined {
  for (const { path, meta, recorded } of thread.rollouts) {
    const other = [meta?.provider, recorded].find((id) => id !== undefined && id !== from && id !== target);
    if (other !== undefined) {
      return `${path} names the provider ${JSON.stringify(other)}, not ${JSON.stringify(from)}`;
    }
  }
  return undefined;
}

/** Why a thread has no file: its row may name one of another thread, or one whose folder cannot be read. */
export function missingFile({ id, row }: Thread, { home, damaged, threads }: Snapshot): string {
  const named = row?.rolloutPath.replaceAll("\\", "/") ?? "";
  const folder = damaged.find(({ path, nameId }) =>
    nameId === undefined && named.startsWith(`${home.replaceAll("\\", "/")}/${path}/`)
  );
  if (folder !== undefined) {
    return `its rollout file cannot be reached, ${folder.path}: ${folder.damage?.detail ?? ""}`;
  }
  // The id in the name is that of the file; only a row that names another one is worth the look.
  if (named !== "" && !named.includes(id)) {
    const owner = [...threads.values()].find(({ rollouts }) =>
      rollouts.some(({ path }) => sameFile(inHome(home, path), named))
    );
    if (owner !== undefined) return `the file its row names is that of thread ${owner.id}`;
  }
  return "its rollout file is missing";
}

function sameFile(path: AbsPath, named: string): boolean {
  return path.replaceAll("\\", "/") === named;
}

/** Threads of providers that `config.toml` does not declare, with how to declare them again. */
export function undeclared(
  threads: readonly Thread[],
  snapshot: Snapshot,
  describe: (thread: Thread) => string,
): readonly Finding[] {
  const unknown = threads.filter((thread) => {
    const provider = providerOf(thread);
    return provider !== NO_PROVIDER && !isDeclared(snapshot.config, provider);
  });
  if (unknown.length === 0) return [];
  const counts = new Map<string, number>();
  for (const thread of unknown) counts.set(providerOf(thread), (counts.get(providerOf(thread)) ?? 0) + 1);
  const named = [...counts].map(([id, n]) => `${JSON.stringify(id)} (${n})`).join(", ");
  const [first = ""] = counts.keys();
  return [{
    code: "provider-not-configured",
    severity: "error",
    count: unknown.length,
    repair: "provider",
    message:
      `${unknown.length} thread(s) need ${named}, which config.toml does not declare; Codex lists them but ` +
      "cannot open them",
    hint: "give them to the provider in use with `codexkeep sync`, or declare theirs again in config.toml: " +
      `${tableHeader(first)} with name, base_url and, where it wants a key, env_key`,
    samples: [
      ...[...counts].map(([id, n]) => `${tableHeader(id)}: ${n} thread(s)`),
      ...unknown.map(describe),
    ],
  }];
}

function tableHeader(id: string): string {
  return `[model_providers.${/^[A-Za-z0-9_-]+$/.test(id) ? id : JSON.stringify(id)}]`;
}
