/**
 * The visibility model: what each reader of Codex 0.169 shows, and which condition decides. It drives `explain` and
 * is compared with what the real Codex answers on every home that the tests build.
 */
import type { Rollout, Snapshot, Thread } from "../core/snapshot.ts";
import { isDeclared } from "./config.ts";

/** Readers of Codex, by what a person does to reach them. */
export const READERS = [
  "app list",
  "app list (all providers)",
  "database list",
  "database list (all providers)",
  "codex resume",
  "codex resume --last",
  "codex fork",
  "codex exec resume --last",
  "codex resume ID",
] as const;

/** One reader. */
export type Reader = typeof READERS[number];

/** Whether a reader shows a thread, and why or why not. */
export interface View {
  readonly reader: Reader;
  readonly visible: boolean;
  readonly because: string;
}

/** What a reader filters by. */
interface Filter {
  /** Looks at files and repairs the database (scan), or at the database alone. */
  readonly from: "files" | "database";
  readonly provider: "current" | "all";
  readonly sources: ReadonlySet<string>;
}

const INTERACTIVE: ReadonlySet<string> = new Set(["cli", "vscode"]);
const WITH_EXEC: ReadonlySet<string> = new Set(["cli", "vscode", "exec"]);

const FILTERS: Readonly<Record<Exclude<Reader, "codex resume ID">, Filter>> = {
  "app list": { from: "files", provider: "current", sources: INTERACTIVE },
  "app list (all providers)": { from: "files", provider: "all", sources: INTERACTIVE },
  "database list": { from: "database", provider: "current", sources: INTERACTIVE },
  "database list (all providers)": { from: "database", provider: "all", sources: INTERACTIVE },
  "codex resume": { from: "database", provider: "all", sources: INTERACTIVE },
  "codex resume --last": { from: "database", provider: "all", sources: INTERACTIVE },
  "codex fork": { from: "database", provider: "current", sources: INTERACTIVE },
  "codex exec resume --last": { from: "database", provider: "current", sources: WITH_EXEC },
};

/** What every reader shows of a thread. */
export function viewsOf(thread: Thread, snapshot: Snapshot): readonly View[] {
  return READERS.map((reader) => ({ reader, ...viewOf(thread, snapshot, reader) }));
}

type Answer = Pick<View, "visible" | "because">;

function viewOf(thread: Thread, snapshot: Snapshot, reader: Reader): Answer {
  if (reader === "codex resume ID") return openable(thread, snapshot);
  const filter = FILTERS[reader];
  const reason = filter.from === "files"
    ? hiddenInFiles(thread, snapshot, filter)
    : hiddenInDatabase(thread, snapshot, filter);
  return reason === undefined
    ? { visible: true, because: "nothing hides it" }
    : { visible: false, because: reason };
}

/** The condition that keeps a thread out of a listing made from files; undefined when it is shown. */
function hiddenInFiles(thread: Thread, snapshot: Snapshot, filter: Filter): string | undefined {
  const usable = thread.rollouts.filter((rollout) => rollout.meta !== undefined);
  if (usable.length === 0) {
    return thread.rollouts.length === 0 ? "it has no rollout file" : "its rollout file cannot be read";
  }
  const active = usable.filter((rollout) => !rollout.archived);
  if (active.length === 0) return "it is archived";
  const reasons = active.map((rollout) => hiddenFile(rollout, snapshot, filter));
  return reasons.includes(undefined) ? undefined : reasons[0];
}

function hiddenFile({ meta }: Rollout, { config }: Snapshot, filter: Filter): string | undefined {
  const provider = meta?.provider;
  if (filter.provider === "current" && provider !== undefined && provider !== config.provider.id) {
    return `the first line of its file says provider ${JSON.stringify(provider)}`;
  }
  return hiddenSource(meta?.source, filter);
}

/** The condition that keeps a thread out of a listing made from the database; undefined when it is shown. */
function hiddenInDatabase(thread: Thread, snapshot: Snapshot, filter: Filter): string | undefined {
  const { row } = thread;
  if (snapshot.live === undefined || snapshot.live.problem !== undefined) {
    return "there is no usable database";
  }
  if (row === undefined) return "it has no row in the database";
  if (row.archived) return "its row says archived";
  if (!row.hasPreview) return "its row has no preview";
  if (!isAtRowPath(thread, snapshot)) return "its row names a file that is not there";
  if (filter.provider === "current" && row.provider !== snapshot.config.provider.id) {
    return `its row says provider ${JSON.stringify(row.provider ?? "")}`;
  }
  return hiddenSource(row.source, filter);
}

function hiddenSource(source: string | undefined, { sources }: Filter): string | undefined {
  if (source === undefined || sources.has(source)) return undefined;
  return `it was made by ${JSON.stringify(source)}, and this list shows ${[...sources].join(", ")} only`;
}

/** Whether the file that the row names is one of the thread's; Codex takes the plain and the compressed name alike. */
function isAtRowPath({ row, rollouts }: Thread, { home }: Snapshot): boolean {
  const named = row?.rolloutPath.replaceAll("\\", "/").replace(/\.zst$/, "");
  return rollouts.some(({ path }) => named === `${home.replaceAll("\\", "/")}/${path.replace(/\.zst$/, "")}`);
}

function openable(thread: Thread, snapshot: Snapshot): Answer {
  const usable = thread.rollouts.filter((rollout) => rollout.meta !== undefined);
  if (usable.length === 0) return { visible: false, because: "it has no rollout file that can be read" };
  const first = usable[0]?.meta;
  const provider = thread.row?.provider ?? usable.at(-1)?.recorded ?? first?.provider;
  if (provider !== undefined && !isDeclared(snapshot.config, provider)) {
    return {
      visible: false,
      because: `its provider ${JSON.stringify(provider)} is not declared in config.toml`,
    };
  }
  const copy = usable.find(({ meta }) => meta?.mode === "legacy" && meta.provider !== thread.row?.provider)
    ?.meta;
  if (copy?.provider !== undefined && thread.row !== undefined) {
    return {
      visible: false,
      because:
        `its file says ${JSON.stringify(copy.provider)} and its row ${
          JSON.stringify(thread.row.provider ?? "")
        }; ` +
        "Codex refuses older files then",
    };
  }
  return { visible: true, because: "nothing hides it" };
}
