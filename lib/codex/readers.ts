/**
 * The visibility model: what each reader of Codex 0.169 shows, and which condition decides. It drives `explain` and
 * is compared with what the real Codex answers on every home that the tests build.
 */
import type { Rollout, Snapshot, Thread, ThreadRow } from "../core/snapshot.ts";
import { isDeclared } from "./config.ts";

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
}

/** What a reader filters by. */
interface Filter {
  /** Looks at files and repairs the database, or at the database alone. */
  readonly from: "files" | "database";
  readonly provider: "current" | "all";
  readonly sources: ReadonlySet<string>;
  /**
   * The command line asks for one folder and for threads of the account that is signed in, and asks the files when the
   * database has none.
   */
  readonly commandLine?: "picker" | "newest";
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

/** Codex lists files in folders of year, month and day, whatever the numbers are; others it only opens by name. */
const LISTED_PATH = /^sessions\/\d+\/\d+\/\d+\/[^/]+$/;

/** What every reader shows of a thread. */
export function viewsOf(thread: Thread, snapshot: Snapshot): readonly View[] {
  return READERS.map((reader) => ({ reader, ...viewOf(thread, snapshot, reader) }));
}

type Answer = Pick<View, "visible" | "because">;

function viewOf(thread: Thread, snapshot: Snapshot, reader: Reader): Answer {
  if (reader === "codex resume ID" || reader === "codex exec resume ID") {
    return answer(unopenable(thread, snapshot, reader === "codex exec resume ID"), "nothing hides it");
  }
  const filter = FILTERS[reader];
  if (filter.from === "files") return answer(hiddenInFiles(thread, snapshot, filter), "nothing hides it");
  const reason = hiddenInDatabase(thread, snapshot, filter);
  if (filter.commandLine === undefined) return answer(reason, "nothing hides it");
  if (reason === undefined || hiddenInFiles(thread, snapshot, filter) !== undefined) {
    return answer(reason, conditions(thread, filter, "nothing hides it"));
  }
  // With no row to show for the folder, the command line asks the files (seen in Codex 0.169).
  const folder = folderOf(thread);
  const others = [...snapshot.threads.values()].some((other) =>
    folderOf(other) === folder && hiddenInDatabase(other, snapshot, filter) === undefined
  );
  if (others) return answer(reason, "");
  const shown = "the database shows none of its folder, so Codex looks at the files";
  return answer(undefined, conditions(thread, filter, shown));
}

function answer(reason: string | undefined, otherwise: string): Answer {
  return { visible: reason === undefined, because: reason ?? otherwise };
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

/** The condition that keeps a thread out of a listing made from files; undefined when it is shown. */
function hiddenInFiles(thread: Thread, snapshot: Snapshot, filter: Filter): string | undefined {
  if (thread.rollouts.length === 0) return "it has no rollout file";
  const usable = thread.rollouts.filter((rollout) => rollout.meta !== undefined);
  const [first] = thread.rollouts;
  if (usable.length === 0) {
    return first && isLink(first) ? "its file is a link" : "its rollout file cannot be read";
  }
  const active = usable.filter((rollout) => !rollout.archived);
  if (active.length === 0) return "it is archived";
  const reasons = active.map((rollout) => hiddenFile(rollout, snapshot, filter));
  return reasons.includes(undefined) ? undefined : reasons[0];
}

function hiddenFile(
  { path, meta, bare = false }: Rollout,
  { config }: Snapshot,
  filter: Filter,
): string | undefined {
  if (!LISTED_PATH.test(path)) return "its file does not lie in a folder sessions/YEAR/MONTH/DAY";
  if (bare && meta?.base === undefined) return "nothing has been said in it";
  const provider = meta?.provider;
  if (filter.provider === "current" && provider !== undefined && provider !== config.provider.id) {
    return `the first line of its file says provider ${JSON.stringify(provider)}`;
  }
  return hiddenSource(meta?.source, filter);
}

/** The condition that keeps a thread out of a listing made from the database; undefined when it is shown. */
function hiddenInDatabase(thread: Thread, snapshot: Snapshot, filter: Filter): string | undefined {
  if (!isRebuilt(snapshot) && snapshot.live?.problem !== undefined) return "there is no usable database";
  const row = isRebuilt(snapshot) ? newRow(thread, snapshot) : thread.row;
  if (row === undefined) return "it has no row in the database";
  if (row.archived) return "its row says archived";
  if (!row.hasPreview) return "its row has no preview";
  const file = fileOf(row, thread, snapshot);
  if (file === undefined) return "its row names a file that is not there";
  // Whose thread it is stands in the file only.
  if (filter.commandLine && file.meta === undefined && !isLink(file)) {
    return "its rollout file cannot be read";
  }
  if (filter.provider === "current" && row.provider !== snapshot.config.provider.id) {
    return `its row says provider ${JSON.stringify(row.provider ?? "")}`;
  }
  return hiddenSource(row.source, filter);
}

function hiddenSource(source: string | undefined, { sources }: Filter): string | undefined {
  if (source === undefined || sources.has(source)) return undefined;
  return `it was made by ${JSON.stringify(source)}, and this list shows ${[...sources].join(", ")} only`;
}

/** Whether Codex makes the database anew from the rollouts when it starts, as it does with a missing or damaged one. */
function isRebuilt({ live }: Snapshot): boolean {
  const code = live === undefined ? "database-missing" : live.problem?.code;
  return code === "database-missing" || code === "database-malformed";
}

/** The row that Codex makes for a thread without one: from its newest file, and what that leaves out is as in use. */
function newRow(thread: Thread, { home, config }: Snapshot): ThreadRow | undefined {
  const usable = thread.rollouts.filter(({ meta }) => meta !== undefined);
  const file = usable.findLast(({ archived }) => !archived) ?? usable.at(-1);
  if (file?.meta === undefined) return undefined;
  return {
    id: thread.id,
    rolloutPath: `${home}/${file.path}`,
    provider: file.recorded ?? config.provider.id,
    cwd: file.meta.cwd ?? "",
    source: file.meta.source ?? "",
    archived: file.archived,
    hasPreview: !file.bare,
    createdAtMs: 0,
    updatedAtMs: 0,
  };
}

/** The file that a row names; Codex takes the plain and the compressed name alike. */
function fileOf({ rolloutPath }: ThreadRow, { rollouts }: Thread, { home }: Snapshot): Rollout | undefined {
  const named = rolloutPath.replaceAll("\\", "/").replace(/\.zst$/, "");
  return rollouts.find(({ path }) => named === `${home.replaceAll("\\", "/")}/${path.replace(/\.zst$/, "")}`);
}

/** Codex follows links where a row leads to one, codexkeep never does. */
function isLink({ damage }: Rollout): boolean {
  return damage?.reason === "outside-home";
}

/** The condition that keeps Codex from opening a thread by its id; undefined when it opens. */
function unopenable(thread: Thread, snapshot: Snapshot, byExec: boolean): string | undefined {
  const known = isRebuilt(snapshot) ? undefined : thread.row;
  const row = known ?? newRow(thread, snapshot);
  if (row?.archived) return "it is archived, so Codex wants to unarchive it first";
  const file = row === undefined ? thread.rollouts.at(-1) : fileOf(row, thread, snapshot);
  if (file === undefined) {
    return row === undefined ? "it has no rollout file" : "its row names a file that is not there";
  }
  if (file.meta === undefined && !isLink(file)) return "its rollout file cannot be read";
  return brokenLineage(file, snapshot) ??
    (byExec ? notForExec(file, known, snapshot) : notForResume(file, row, snapshot));
}

/** The provider a thread resumes with is that of its row; a legacy file has to agree (seen in Codex 0.169). */
function notForResume(
  { meta }: Rollout,
  row: ThreadRow | undefined,
  { config }: Snapshot,
): string | undefined {
  const provider = row === undefined ? config.provider.id : row.provider ?? "";
  if (!isDeclared(config, provider)) {
    return `its provider ${JSON.stringify(provider)} is not declared in config.toml`;
  }
  const first = meta?.provider ?? config.provider.id;
  if (meta?.mode !== "legacy" || first === provider) return undefined;
  return `the first line of its file says provider ${JSON.stringify(first)} and its row ` +
    `${JSON.stringify(provider)}; Codex does not open a legacy thread then`;
}

/** `codex exec` insists on the provider in use (seen in Codex 0.169). */
function notForExec({ meta }: Rollout, row: ThreadRow | undefined, { config }: Snapshot): string | undefined {
  const fromRow = meta?.mode !== "legacy" && row !== undefined;
  const provider = (fromRow ? row.provider : meta?.provider) || config.provider.id;
  if (provider === config.provider.id) return undefined;
  const where = fromRow ? "its row" : "the first line of its file";
  return `${where} says provider ${
    JSON.stringify(provider)
  }, and codex exec goes on with the one in use only`;
}

/** A paginated file may go on where another one ends: a fork where its parent does, a revert where the file before. */
function brokenLineage({ meta }: Rollout, { threads }: Snapshot): string | undefined {
  if (meta?.base === undefined) return undefined;
  const all = [...threads.values()].flatMap(({ rollouts }) => rollouts);
  const byId = new Map(all.map((rollout) => [rollout.segment ?? rollout.nameId, rollout]));
  const seen = new Set<string>();
  for (let base: string | undefined = meta.base; base !== undefined && !seen.has(base);) {
    seen.add(base);
    const file = byId.get(base);
    if (file === undefined) return "it continues a file that is not there";
    if (file.meta === undefined && !isLink(file)) return "it continues a file that cannot be read";
    base = file.meta?.base;
  }
  return undefined;
}
