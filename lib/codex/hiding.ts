/** The conditions that keep a thread from the readers of Codex 0.169. */
import type { FindingCode } from "../core/finding.ts";
import { plainFolder } from "../core/folder.ts";
import type { Rollout, Snapshot, Thread, ThreadRow } from "../core/snapshot.ts";
import { isDeclared } from "./config.ts";

/** What keeps a thread from a reader: a finding, or something that is as it should be. */
export type Cause = FindingCode | "source-not-shown" | "nothing-said" | "database-unusable";

/** Why a thread is not shown. */
export interface Hiding {
  readonly cause: Cause;
  readonly because: string;
}

function hiding(cause: Cause, because: string): Hiding {
  return { cause, because };
}

/** What a reader filters by. */
export interface Filter {
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

const NO_FILE = hiding("rollout-missing", "it has no rollout file");
const UNREADABLE = hiding("rollout-damaged", "its rollout file cannot be read");
const STALE_PATH = hiding("rollout-path-stale", "its row names a file that is not there");

/** Codex lists files in folders of year, month and day, whatever the numbers are; others it only opens by name. */
const LISTED_PATH = /^sessions\/\d+\/\d+\/\d+\/[^/]+$/;

/** What keeps a thread out of a listing made from files; empty when it is shown. */
export function hiddenInFiles(thread: Thread, snapshot: Snapshot, filter: Filter): readonly Hiding[] {
  if (thread.rollouts.length === 0) return [NO_FILE];
  const usable = thread.rollouts.filter((rollout) => rollout.meta !== undefined);
  const [first] = thread.rollouts;
  if (usable.length === 0) {
    return [first && isLink(first) ? hiding("rollout-damaged", "its file is a link") : UNREADABLE];
  }
  const active = usable.filter((rollout) => !rollout.archived);
  if (active.length === 0) return [hiding("archived-thread", "it is archived")];
  const reasons = active.map((rollout) => hiddenFile(rollout, snapshot, filter));
  return reasons.some((those) => those.length === 0) ? [] : reasons.flat();
}

function hiddenFile(
  { path, meta, bare = false }: Rollout,
  { config }: Snapshot,
  filter: Filter,
): readonly Hiding[] {
  const reasons: Hiding[] = [];
  if (!LISTED_PATH.test(path)) {
    reasons.push(hiding("rollout-misplaced", "its file does not lie in a folder sessions/YEAR/MONTH/DAY"));
  }
  if (bare && meta?.base === undefined) {
    reasons.push(hiding("nothing-said", "nothing has been said in it"));
  }
  const provider = meta?.provider;
  if (filter.provider === "current" && provider !== undefined && provider !== config.provider.id) {
    const because = `the first line of its file says provider ${JSON.stringify(provider)}`;
    reasons.push(hiding("provider-mismatch", because));
  }
  return [...reasons, ...hiddenSource(meta?.source, filter)];
}

/** What keeps a thread out of a listing made from the database; empty when it is shown. */
export function hiddenInDatabase(thread: Thread, snapshot: Snapshot, filter: Filter): readonly Hiding[] {
  if (!isRebuilt(snapshot) && snapshot.live?.problem !== undefined) {
    return [hiding("database-unusable", "there is no usable database")];
  }
  const row = isRebuilt(snapshot) ? newRow(thread, snapshot) : thread.row;
  if (row === undefined) return [hiding("rollout-not-indexed", "it has no row in the database")];
  const reasons: Hiding[] = [];
  if (row.archived) reasons.push(hiding("archived-thread", "its row says archived"));
  if (!row.hasPreview) reasons.push(hiding("preview-empty", "its row has no preview"));
  const file = fileOf(row, thread, snapshot);
  if (file === undefined) reasons.push(STALE_PATH);
  // Whose thread it is stands in the file only.
  else if (filter.commandLine && file.meta === undefined && !isLink(file)) reasons.push(UNREADABLE);
  if (filter.provider === "current" && row.provider !== snapshot.config.provider.id) {
    const because = `its row says provider ${JSON.stringify(row.provider ?? "")}`;
    reasons.push(hiding("provider-mismatch", because));
  }
  return [...reasons, ...hiddenSource(row.source, filter)];
}

function hiddenSource(source: string | undefined, { sources }: Filter): readonly Hiding[] {
  if (source === undefined || sources.has(source)) return [];
  const because = `it was made by ${JSON.stringify(source)}, and this list shows ${
    [...sources].join(", ")
  } only`;
  return [hiding("source-not-shown", because)];
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
export function fileOf(
  { rolloutPath }: ThreadRow,
  { rollouts }: Thread,
  { home, realHome = home }: Pick<Snapshot, "home" | "realHome">,
): Rollout | undefined {
  const plain = (path: string) => path.replaceAll("\\", "/").replace(/\.zst$/, "");
  const named = plain(plainFolder(rolloutPath));
  return rollouts.find(({ path }) =>
    named === plain(`${home}/${path}`) || named === plain(`${realHome}/${path}`)
  );
}

/** Codex follows links where a row leads to one, codexkeep never does. */
function isLink({ damage }: Rollout): boolean {
  return damage?.reason === "outside-home";
}

/** What keeps Codex from opening a thread by its id; empty when it opens. */
export function unopenable(thread: Thread, snapshot: Snapshot, byExec: boolean): readonly Hiding[] {
  const known = isRebuilt(snapshot) ? undefined : thread.row;
  const row = known ?? newRow(thread, snapshot);
  const archived = row?.archived
    ? [hiding("archived-thread", "it is archived, so Codex wants to unarchive it first")]
    : [];
  const file = row === undefined ? thread.rollouts.at(-1) : fileOf(row, thread, snapshot);
  if (file === undefined) return [...archived, row === undefined ? NO_FILE : STALE_PATH];
  if (file.meta === undefined && !isLink(file)) return [...archived, UNREADABLE];
  const provider = byExec ? notForExec(file, known, snapshot) : notForResume(file, row, snapshot);
  return [...archived, brokenLineage(file, snapshot), provider].filter((one) => one !== undefined);
}

/** The provider a thread resumes with is that of its row; a legacy file has to agree (seen in Codex 0.169). */
function notForResume(
  { meta }: Rollout,
  row: ThreadRow | undefined,
  { config }: Snapshot,
): Hiding | undefined {
  const provider = row === undefined ? config.provider.id : row.provider ?? "";
  if (!isDeclared(config, provider)) {
    return hiding(
      "provider-not-configured",
      `its provider ${JSON.stringify(provider)} is not declared in config.toml`,
    );
  }
  const first = meta?.provider ?? config.provider.id;
  if (meta?.mode !== "legacy" || first === provider) return undefined;
  return hiding(
    "provider-copies-disagree",
    `the first line of its file says provider ${JSON.stringify(first)} and its row ` +
      `${JSON.stringify(provider)}; Codex does not open a legacy thread then`,
  );
}

/** `codex exec` insists on the provider in use (seen in Codex 0.169). */
function notForExec({ meta }: Rollout, row: ThreadRow | undefined, { config }: Snapshot): Hiding | undefined {
  const fromRow = meta?.mode !== "legacy" && row !== undefined;
  const provider = (fromRow ? row.provider : meta?.provider) || config.provider.id;
  if (provider === config.provider.id) return undefined;
  const where = fromRow ? "its row" : "the first line of its file";
  return hiding(
    "provider-mismatch",
    `${where} says provider ${JSON.stringify(provider)}, and codex exec goes on with the one in use only`,
  );
}

/** A paginated file may go on where another one ends: a fork where its parent does, a revert where the file before. */
function brokenLineage({ meta }: Rollout, { threads }: Snapshot): Hiding | undefined {
  if (meta?.base === undefined) return undefined;
  const all = [...threads.values()].flatMap(({ rollouts }) => rollouts);
  const byId = new Map(all.map((rollout) => [rollout.segment ?? rollout.nameId, rollout]));
  const seen = new Set<string>();
  for (let base: string | undefined = meta.base; base !== undefined && !seen.has(base);) {
    seen.add(base);
    const file = byId.get(base);
    if (file === undefined) return hiding("history-base-broken", "it continues a file that is not there");
    if (file.meta === undefined && !isLink(file)) {
      return hiding("history-base-broken", "it continues a file that cannot be read");
    }
    base = file.meta?.base;
  }
  return undefined;
}
