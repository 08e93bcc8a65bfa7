/**
 * Everything the real Codex shows and does with the threads of a home, as one value. A repair is right when the value
 * of the repaired home equals the value of the home as it should be.
 */
import type { AppServer } from "./app_server.ts";
import { type Cast, copyCast, type Role, ROLES } from "./cast.ts";
import { dropIndex, threadRows } from "./disk.ts";
import { withServer } from "./home.ts";
import type { Json } from "./json.ts";
import { fork, list, type ListName, LISTS, type Opened, resume, turn, turns } from "./readers.ts";

/** What Codex showed, by question; the current provider is called "current" and threads go by their roles. */
export type Observation = Readonly<Record<string, Json>>;

/** Which threads to open, and in which state of the index to look. */
export type Scope = {
  /** The threads to read, resume, continue and fork; all but the archived one by default. */
  readonly roles?: readonly Role[];
  /** Looks again after the index was deleted and rebuilt by Codex; true by default. */
  readonly rebuilt?: boolean;
};

/**
 * Looks at copies of the home while `provider` is the current one: every list; then reads, resumes, continues and
 * forks the threads, noting the provider that was called and the whole conversation it was sent; then the same on a
 * home whose index had to be rebuilt. The home itself stays as it is. Takes about four seconds.
 */
export async function observe(cast: Cast, provider: string, scope: Scope = {}): Promise<Observation> {
  const roles = scope.roles ?? ROLES.filter((role) => role !== "archived");
  const kept = await observeCopy(cast, provider, roles, () => {});
  const rebuilt = scope.rebuilt === false ? {} : await observeCopy(cast, provider, roles, dropIndex);
  const named = (prefix: string, part: Observation) =>
    Object.entries(part).map(([key, value]) => [`${prefix}: ${key}`, value]);
  return Object.fromEntries([...named("kept", kept), ...named("rebuilt", rebuilt)]);
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

/** A copy of the home being looked at. */
type Scene = {
  readonly cast: Cast;
  readonly roles: readonly Role[];
  /** The name of a provider in an observation. */
  readonly named: (provider: string) => string;
};

async function observeCopy(
  cast: Cast,
  provider: string,
  roles: readonly Role[],
  prepare: (home: string) => void,
): Promise<Observation> {
  const copy = await copyCast(cast);
  const { home } = copy;
  const named = (id: string) => id === provider ? "current" : id;
  const scene = { cast: copy, roles, named };
  try {
    prepare(home.path);
    home.configure(provider);
    const shown = await withServer(home, (server) => observeLists(server, scene));
    const rows = threadRows(home.path).map((row) => `${row.id} ${named(row.provider)} ${row.archived}`);
    const cold = await withServer(home, (server) => readAll(server, scene));
    const used = await withServer(home, (server) => useAll(server, scene));
    const after = await withServer(home, (server) => readAll(server, scene));
    return withRoles({ ...shown, rows, "read before": cold, ...used, "read after": after }, copy);
  } finally {
    await home.dispose();
  }
}

async function observeLists(server: AppServer, { named }: Scene): Promise<Observation> {
  const shown: Record<string, Json> = {};
  for (const name of Object.keys(LISTS) as ListName[]) {
    const entries = await list(server, LISTS[name]);
    shown[`list ${name}`] = entries
      .map((one) =>
        `${one.id} ${named(one.provider)} ${one.updatedAt} ${one.cwd} "${one.preview}" ${one.name}`
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
  }
  return used;
}

/** Runs a turn on an opened thread and tells what the model was sent for it, and what the thread shows then. */
async function use(server: AppServer, { cast, named }: Scene, opened: Opened): Promise<Json> {
  if (!opened.ok) return opened.error;
  const { requests } = cast.home.model;
  const before = requests.length;
  const status = await turn(server, opened.id, "more").catch((error: Error) => error.message);
  const sent = requests.slice(before).map((request) => ({
    to: named(request.provider),
    user: request.userTexts,
    assistant: request.assistantTexts,
    encrypted: request.encrypted,
  }));
  const { cwd, provider } = opened;
  return { provider: named(provider), cwd, status, sent, turns: await turnsOrError(server, opened.id) };
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
