/**
 * Everything the real Codex shows and does with the threads of a home, as one value. A repair is right when the value
 * of the repaired home equals the value of the home as it should be.
 */
import type { AppServer } from "./app_server.ts";
import { type Cast, copyCast, type Role, ROLES } from "./cast.ts";
import { dropIndex, threadRows } from "./disk.ts";
import { withServer } from "./home.ts";
import type { Json } from "./json.ts";
import {
  fork,
  list,
  type ListName,
  LISTS,
  type Opened,
  resume,
  revertBefore,
  turn,
  turns,
  turnsWithIds,
} from "./readers.ts";

/** What Codex showed, by question; the current provider is called "current" and threads go by their roles. */
export type Observation = Readonly<Record<string, Json>>;

/** Whether to try everything with everything, which takes many minutes. */
export const FULL: boolean = Deno.env.get("CODEXKEEP_ORACLE") === "full";

/** Threads that are cut at the boundaries of their turns, too; the others differ from these in nothing that matters. */
const CUT: readonly Role[] = ["root", "grandChild", "twiceReverted", "legacyMeta"];

/** Which threads to open, and in which state of the index to look. */
export type Scope = {
  /** The threads to read, resume, continue, fork and revert; all but the archived one by default. */
  readonly roles?: readonly Role[];
  /** Looks again after the index was deleted and rebuilt by Codex; true by default. */
  readonly rebuilt?: boolean;
};

/**
 * Looks at copies of the home while `provider` is the current one: every list; then reads, resumes, continues, forks
 * and reverts the threads, noting the provider that was called and the whole conversation it was sent; then the same
 * on a home whose index had to be rebuilt. The home itself stays as it is. Takes about five seconds.
 */
export async function observe(cast: Cast, provider: string, scope: Scope = {}): Promise<Observation> {
  const roles = scope.roles ?? ROLES.filter((role) => role !== "archived");
  const scene = { cast, provider, roles };
  const kept = await observeCopy({ ...scene, cut: FULL ? roles : CUT }, () => {});
  // The rebuilt index is another one, the stored boundaries of the turns are the same.
  const rebuilt = scope.rebuilt === false
    ? {}
    : await observeCopy({ ...scene, cut: FULL ? roles : [] }, dropIndex);
  const prefixed = (prefix: string, part: Observation) =>
    Object.entries(part).map(([key, value]) => [`${prefix}: ${key}`, value]);
  return Object.fromEntries([...prefixed("kept", kept), ...prefixed("rebuilt", rebuilt)]);
}

/** What differs between two observations, one line per question; empty when nothing does. */
export function differences(expected: Observation, actual: Observation): readonly string[] {
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) => {
    const wanted = JSON.stringify(expected[key] ?? null);
    const found = JSON.stringify(actual[key] ?? null);
    return wanted === found ? [] : [`${key}: expected ${wanted}, found ${found}`];
  });
}

/** A home being looked at. */
type Scene = {
  readonly cast: Cast;
  readonly provider: string;
  readonly roles: readonly Role[];
  /** Those of the roles to cut. */
  readonly cut: readonly Role[];
};

async function observeCopy(original: Scene, prepare: (home: string) => void): Promise<Observation> {
  const { provider } = original;
  const copy = await copyCast(original.cast);
  const { home } = copy;
  const scene = { ...original, cast: copy };
  try {
    prepare(home.path);
    home.configure(provider);
    const shown = await withServer(home, (server) => observeLists(server, scene));
    const rows = threadRows(home.path).map((row) =>
      `${row.id} ${named(row.provider, scene)} ${row.archived} "${row.preview}" ${row.name}`
    );
    const cold = await withServer(home, (server) => readAll(server, scene));
    const used = await withServer(home, (server) => useAll(server, scene));
    const after = await withServer(home, (server) => readAll(server, scene));
    return withRoles({ ...shown, rows, "read before": cold, ...used, "read after": after }, copy);
  } finally {
    await home.dispose();
  }
}

/** The name of a provider in an observation. */
function named(id: string, { provider }: Scene): string {
  return id === provider ? "current" : id;
}

async function observeLists(server: AppServer, scene: Scene): Promise<Observation> {
  const shown: Record<string, Json> = {};
  for (const name of Object.keys(LISTS) as ListName[]) {
    const entries = await list(server, LISTS[name]);
    shown[`list ${name}`] = entries
      .map((one) =>
        `${one.id} ${named(one.provider, scene)} ${one.updatedAt} ${one.cwd} "${one.preview}" ${one.name}`
      )
      .sort();
  }
  return shown;
}

async function readAll(server: AppServer, { cast, roles }: Scene): Promise<Json> {
  const read: Record<string, Json> = {};
  for (const role of roles) read[role] = await turnsOrError(server, cast.ids[role]);
  return read;
}

async function useAll(server: AppServer, scene: Scene): Promise<Observation> {
  const used: Record<string, Json> = {};
  for (const role of scene.roles) {
    const id = scene.cast.ids[role];
    used[`resume ${role}`] = await use(server, scene, await resume(server, id));
    used[`fork ${role}`] = await use(server, scene, await fork(server, id));
    if (!scene.cut.includes(role)) continue;
    const shown = await turnsWithIds(server, id);
    const early = await fork(server, id, { lastTurnId: shown.at(0)?.id ?? null });
    used[`fork ${role} after its first turn`] = await use(server, scene, early);
    // The last turn is the one that was just run, and the one before it was there already.
    const reverted = await revertBefore(server, id, shown.at(-2)?.id ?? "");
    used[`revert ${role}`] = await use(server, scene, reverted);
  }
  return used;
}

/** Runs a turn on an opened thread and tells what the model was sent for it, and what the thread shows then. */
async function use(server: AppServer, scene: Scene, opened: Opened): Promise<Json> {
  if (!opened.ok) return opened.error;
  const { requests } = scene.cast.home.model;
  const before = requests.length;
  const status = await turn(server, opened.id, "more").catch((error: Error) => error.message);
  const sent = requests.slice(before).map((request) => ({
    to: named(request.provider, scene),
    user: request.userTexts,
    assistant: request.assistantTexts,
    encrypted: request.encrypted,
  }));
  const { cwd, provider } = opened;
  return {
    provider: named(provider, scene),
    cwd,
    status,
    sent,
    turns: await turnsOrError(server, opened.id),
  };
}

async function turnsOrError(server: AppServer, id: string): Promise<Json> {
  return await turns(server, id).catch((error: Error) => error.message);
}

/** Replaces ids and paths, which differ between homes, by names. */
function withRoles(observation: Observation, { home, ids }: Cast): Observation {
  let text = JSON.stringify(observation).replaceAll(home.path, "<home>").replaceAll(home.work, "<work>");
  for (const role of ROLES) text = text.replaceAll(ids[role], `<${role}>`);
  return JSON.parse(text);
}
