/** What `sync`, `repair` and `switch` ask for: which repairs, for which threads, how. */
import type { Plan, Purpose } from "../core/plan.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { planRepairs, repairsNamed } from "../engine/plans.ts";
import { isNamed, type Selection, selectThreads } from "../engine/selection.ts";
import { providerOf } from "../repairs/provider.ts";
import type { Facts, FolderMap, Repair, RepairOptions } from "../repairs/repair.ts";
import type { FlagValues } from "./command.ts";
import { howOptions, selectOptions, targetOptions } from "./options.ts";
import { usageError } from "./usage.ts";

/** Repairs by name, and how they are to be made. */
export interface Request {
  readonly purpose: Purpose;
  readonly names: readonly string[];
  /** Undefined: all threads. */
  readonly selection: Selection | undefined;
  /** The provider that is asked for; undefined: the one in use. */
  readonly target: string | undefined;
  /** Only threads of this provider. */
  readonly from: string | undefined;
  readonly maps: readonly FolderMap[];
  readonly only: RepairOptions["only"];
}

/**
 * Reads the flags of a command that runs repairs. Throws `usage` where a choice of threads is missing, and for a flag
 * that none of the repairs goes by.
 */
export function readRequest(flags: FlagValues, purpose: Purpose, names: readonly string[]): Request {
  const { from, to } = targetOptions(flags);
  const { maps, only } = howOptions(flags);
  const selection = selectOptions(flags);
  const repairs = repairsNamed(names);
  if (!isNamed(selection)) repairs.forEach(requireNoChoice);
  if (maps.length > 0 && !repairs.some(({ takes }) => takes === "maps")) {
    throw usageError(
      "--map is for the repair of folders that have moved",
      "codexkeep repair cwd --map OLD=NEW",
    );
  }
  if (only !== undefined && !repairs.some(({ name }) => name === "provider")) {
    throw usageError("--only is for the repair of providers", "codexkeep repair provider --only db|rollouts");
  }
  return { purpose, names, selection: withMeant(selection, names), target: to, from, maps, only };
}

/** A repair of all threads, with nothing to choose. */
export function wholeRequest(purpose: Purpose, names: readonly string[], target: string): Request {
  return { purpose, names, selection: undefined, target, from: undefined, maps: [], only: undefined };
}

function requireNoChoice({ name, needs }: Repair): void {
  if (needs === undefined) return;
  throw usageError(
    `repair ${name} works on chosen threads only`,
    `codexkeep repair ${name} --thread ID, or choose with --source, --cwd, --since and --until`,
  );
}

/** Who asks for archived threads, or for those without a preview, means them. */
function withMeant(selection: Selection, names: readonly string[]): Selection {
  const archived = names.includes("unarchive") || names.includes("archive");
  return {
    ...selection,
    includeArchived: selection.includeArchived || archived,
    includeEmpty: selection.includeEmpty || names.includes("preview"),
  };
}

/** The plan for a request. Throws `thread-unknown`. */
export function planRequest(facts: Facts, request: Request): Plan {
  const { purpose, names, from } = request;
  const threads = selectedBy(facts.snapshot, request);
  return planRepairs(purpose, facts, names, { ...optionsOf(request), threads, from });
}

/**
 * What is left to do once the plan of a request was carried out: the same repairs again, also for the `planned`
 * threads that the selection does not meet any more.
 */
export function planRest(facts: Facts, request: Request, planned: ReadonlySet<string>): Plan {
  const { purpose, names, from } = request;
  const own = [...planned].flatMap((id) => facts.snapshot.threads.get(id) ?? []);
  const others = from === undefined ? selectedBy(facts.snapshot, request) : [];
  const threads = [...new Set([...own, ...others])];
  return planRepairs(purpose, facts, names, { ...optionsOf(request), threads, from: undefined });
}

/** The flags of a choice that no thread meets; none where it meets one, or nothing was chosen. */
export function emptyChoice({ selection }: Request, snapshot: Snapshot): readonly string[] {
  if (selection === undefined || !isNamed(selection)) return [];
  if (selectThreads(snapshot, selection).length > 0) return [];
  const { threads, sources, cwd, sinceMs, untilMs } = selection;
  return [
    ...(threads.length > 0 ? ["--thread"] : []),
    ...(sources.length > 0 ? ["--source"] : []),
    ...(cwd === undefined ? [] : [`--cwd ${JSON.stringify(cwd)}`]),
    ...(sinceMs === undefined ? [] : ["--since"]),
    ...(untilMs === undefined ? [] : ["--until"]),
  ];
}

function selectedBy(snapshot: Snapshot, { selection, from }: Request): readonly Thread[] {
  const threads = selection === undefined
    ? [...snapshot.threads.values()]
    : selectThreads(snapshot, selection);
  return from === undefined ? threads : threads.filter((thread) => providerOf(thread) === from);
}

function optionsOf({ selection, maps, only }: Request): Pick<RepairOptions, "named" | "maps" | "only"> {
  const named = selection !== undefined && isNamed(selection);
  return { named, maps, ...(only === undefined ? {} : { only }) };
}
