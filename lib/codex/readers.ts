/**
 * The visibility model: what each reader of Codex 0.169 shows, and which condition decides. It drives `explain` and
 * is compared with what the real Codex answers on every home that the tests build.
 */
import type { Snapshot, Thread } from "../core/snapshot.ts";
import {
  type Cause,
  type Filter,
  hiddenInDatabase,
  hiddenInFiles,
  type Hiding,
  unopenable,
} from "./hiding.ts";

/** Readers of Codex, by what a person does to reach them. Those named `codex …` are meant in the thread's folder. */
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
  "codex exec resume ID",
] as const;

/** One reader. */
export type Reader = typeof READERS[number];

/** Whether a reader shows a thread, and why or why not. */
export interface View {
  readonly reader: Reader;
  readonly visible: boolean;
  readonly because: string;
  /** Everything that keeps it from being shown, the condition in `because` first; empty when it is shown. */
  readonly causes: readonly Cause[];
}

const INTERACTIVE: ReadonlySet<string> = new Set(["cli", "vscode"]);
const WITH_EXEC: ReadonlySet<string> = new Set(["cli", "vscode", "exec"]);

type Lister = Exclude<Reader, "codex resume ID" | "codex exec resume ID">;

const FILTERS: Readonly<Record<Lister, Filter>> = {
  "app list": { from: "files", provider: "current", sources: INTERACTIVE },
  "app list (all providers)": { from: "files", provider: "all", sources: INTERACTIVE },
  "database list": { from: "database", provider: "current", sources: INTERACTIVE },
  "database list (all providers)": { from: "database", provider: "all", sources: INTERACTIVE },
  "codex resume": { from: "database", provider: "all", sources: INTERACTIVE, commandLine: "picker" },
  "codex resume --last": { from: "database", provider: "all", sources: INTERACTIVE, commandLine: "newest" },
  "codex fork": { from: "database", provider: "current", sources: INTERACTIVE, commandLine: "picker" },
  "codex exec resume --last": {
    from: "database",
    provider: "current",
    sources: WITH_EXEC,
    commandLine: "newest",
  },
};

/** What every reader shows of a thread. */
export function viewsOf(thread: Thread, snapshot: Snapshot): readonly View[] {
  return READERS.map((reader) => ({ reader, ...viewOf(thread, snapshot, reader) }));
}

type Answer = Omit<View, "reader">;

function viewOf(thread: Thread, snapshot: Snapshot, reader: Reader): Answer {
  if (reader === "codex resume ID" || reader === "codex exec resume ID") {
    return answer(unopenable(thread, snapshot, reader === "codex exec resume ID"), "nothing hides it");
  }
  const filter = FILTERS[reader];
  if (filter.from === "files") return answer(hiddenInFiles(thread, snapshot, filter), "nothing hides it");
  const reasons = hiddenInDatabase(thread, snapshot, filter);
  if (filter.commandLine === undefined) return answer(reasons, "nothing hides it");
  if (reasons.length === 0 || hiddenInFiles(thread, snapshot, filter).length > 0) {
    return answer(reasons, conditions(thread, filter, "nothing hides it"));
  }
  // With no row to show for the folder, the command line asks the files (seen in Codex 0.169).
  const folder = folderOf(thread);
  const others = [...snapshot.threads.values()].some((other) =>
    folderOf(other) === folder && hiddenInDatabase(other, snapshot, filter).length === 0
  );
  if (others) return answer(reasons, "");
  const shown = "the database shows none of its folder, so Codex looks at the files";
  return answer([], conditions(thread, filter, shown));
}

function answer(reasons: readonly Hiding[], otherwise: string): Answer {
  const [first] = reasons;
  return {
    visible: first === undefined,
    because: first?.because ?? otherwise,
    causes: [...new Set(reasons.map(({ cause }) => cause))],
  };
}

/** What else has to hold for the command line to show a thread. */
function conditions(thread: Thread, { commandLine }: Filter, shown: string): string {
  const owned = thread.rollouts.some(({ meta }) => meta?.owned);
  return [
    shown,
    commandLine === "newest" ? "when it is the newest of its folder" : "in its folder, elsewhere with --all",
    ...owned ? ["while the ChatGPT account that made it is signed in"] : [],
  ].join("; ");
}

function folderOf({ row, rollouts }: Thread): string | undefined {
  return row?.cwd ?? rollouts.at(-1)?.meta?.cwd;
}
