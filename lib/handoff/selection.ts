/** Which files take part: by `sync.scope`, `sync.session_mode`, and what the listings had to leave out. */
import { parseRolloutName } from "../codex/rollout_name.ts";
import type { RelPath } from "../core/path.ts";
import type { Context, Pair } from "./draft.ts";
import { withAncestors } from "./lineage.ts";
import type { BaseEntry, ItemKind, LeftOutFile, Listing, Side, Situation } from "./model.ts";

const DATED = /^sessions\/(\d{4})[/-](\d{2})[/-](\d{2})\//;

/** The files that take part, in the order of their keys: a rollout comes before those that were made from it. */
export interface Selection {
  readonly pairs: ReadonlyMap<string, Pair>;
  readonly warnings: readonly string[];
}

/** What makes the file at this path the same one on both sides: a rollout's name, else the path. */
export function keyOfPath(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!/^(archived_)?sessions\//.test(path) || parseRolloutName(name) === undefined) return path;
  return name.replace(/\.zst$/i, "");
}

/** Chooses. */
export function selectPairs(context: Context): Selection {
  const { settings, situation } = context;
  const all = pairsOf(situation);
  const isSettingsOnly = settings.sync.scope === "settings";
  const pairs = new Map([...all].filter(([, pair]) => !isSettingsOnly || kindOf(pair) !== "rollout"));
  if (isSettingsOnly || settings.sync.sessionMode === "all") return { pairs, warnings: [] };
  const chosen = newestDay(situation, pairs);
  if (chosen === undefined) {
    return { pairs, warnings: ["no folder of rollouts is dated, so all of them take part"] };
  }
  const rollouts = new Map([...pairs].filter(([, pair]) => kindOf(pair) === "rollout"));
  const wanted = withAncestors(situation.looks, chosen, rollouts);
  return {
    pairs: new Map([...pairs].filter(([key, pair]) => kindOf(pair) !== "rollout" || wanted.has(key))),
    warnings: [],
  };
}

/** What kind of file a pair is. */
export function kindOf({ local, cloud, base }: Pair): ItemKind {
  return (local ?? cloud ?? base)?.kind ?? "file";
}

function pairsOf({ local, cloud, base, tombstones }: Situation): Map<string, Pair> {
  const apart = new Set([...apartOf(local), ...apartOf(cloud)]);
  const keys = new Set([...local.items.keys(), ...cloud.items.keys(), ...base.keys()]);
  const taking = [...keys].filter((key) => !apart.has(key)).sort();
  return new Map(taking.map((key) => [key, {
    key,
    local: local.items.get(key),
    cloud: cloud.items.get(key),
    base: base.get(key),
    tombstone: tombstones.get(key),
  }]));
}

/** Keys whose file is there and takes no part: the other side's must not be taken for the only one. */
function apartOf({ items, leftOut }: Listing): string[] {
  return leftOut.map((file: LeftOutFile) => file.key ?? keyOfPath(file.path)).filter((key) =>
    !items.has(key)
  );
}

/** The rollouts in the newest dated folder of either side, also those that are there no more. */
function newestDay(situation: Situation, pairs: ReadonlyMap<string, Pair>): Set<string> | undefined {
  const days = { local: newestOf(situation.local), cloud: newestOf(situation.cloud) };
  const hasRollouts = [...pairs.values()].some((pair) => kindOf(pair) === "rollout");
  if (days.local === undefined && days.cloud === undefined && hasRollouts) return undefined;
  const isIn = (side: Side, path: RelPath | undefined) => {
    return path !== undefined && days[side] !== undefined && dayOf(path) === days[side];
  };
  const pathOf = ({ base, ...pair }: Pair, side: Side) => pair[side]?.path ?? pathIn(base, side);
  return new Set(
    [...pairs.values()]
      .filter((pair) => isIn("local", pathOf(pair, "local")) || isIn("cloud", pathOf(pair, "cloud")))
      .map(({ key }) => key),
  );
}

function pathIn(base: BaseEntry | undefined, side: Side): RelPath | undefined {
  return base?.[side].path;
}

function newestOf({ items }: Listing): string | undefined {
  const days = [...items.values()].flatMap(({ path }) => dayOf(path) ?? []);
  return days.reduce<string | undefined>(
    (newest, day) => newest === undefined || day > newest ? day : newest,
    undefined,
  );
}

function dayOf(path: string): string | undefined {
  const match = DATED.exec(path);
  return match === null ? undefined : match.slice(1, 4).join("-");
}
