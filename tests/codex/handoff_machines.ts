/** Two homes of the real Codex that stand for two machines, and the folder between them. */
import type { AbsPath } from "../../lib/core/path.ts";
import type { ApplyOptions } from "../../lib/engine/apply.ts";
import { type Arrival, arrive } from "../../lib/handoff/arrival.ts";
import type { Tombstone } from "../../lib/handoff/model.ts";
import type { PathMapping } from "../../lib/handoff/settings.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { type Cast, makeCast } from "./cast.ts";
import { makeHome, type TestHome, withServer } from "./home.ts";
import { newThread } from "./threads.ts";

/** A machine: a home and how it calls folders of the others. */
export type Side = {
  readonly id: string;
  readonly home: TestHome;
  readonly mappings: readonly PathMapping[];
};

/** How files get from one home to the other; gives the keys of the files that are new or other ones there. */
export type Carry = (from: Side, to: Side, cloud: AbsPath) => Promise<readonly string[]>;

/** The settings of a run, as the program would make them. */
export function applyOptions(): ApplyOptions {
  return {
    keep: 10,
    version: "0.0.0-test",
    signal: new AbortController().signal,
    onProgress: () => {},
    allowRunning: false,
    waitMs: 1000,
  };
}

/** Arrives on a machine. */
export async function arriveOn(
  { id, home, mappings }: Side,
  cloud: AbsPath,
  changedKeys: readonly string[] = [],
  tombstones: ReadonlyMap<string, Tombstone> = new Map(),
): Promise<Arrival> {
  return await arrive(realMachine(), {
    home: home.path as AbsPath,
    sqliteHome: undefined,
    cloudRoot: cloud,
    machineId: id,
    mappings,
    tombstones,
    changedKeys: new Set(changedKeys),
  }, applyOptions());
}

/** Maps one folder. */
export function mapping(from: string, to: string, machine?: string): PathMapping {
  return { from, to, machine, caseSensitive: undefined };
}

/** A cast on machine A, an empty home that Codex has started on once as machine B, and the folder between them. */
export async function makeMachines(): Promise<
  {
    readonly cast: Cast;
    readonly a: Side;
    readonly b: Side;
    readonly cloud: AbsPath;
    dispose(): Promise<void>;
  }
> {
  const cast = await makeCast("custom");
  const other = makeHome("custom");
  const server = await other.serve();
  await server.close();
  const cloud = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-cloud-" })) as AbsPath;
  return {
    cast,
    cloud,
    a: { id: "desk", home: cast.home, mappings: [] },
    b: { id: "laptop", home: other, mappings: [mapping(cast.home.work, other.work, "desk")] },
    dispose: async () => {
      await cast.home.dispose();
      await other.dispose();
      Deno.removeSync(cloud, { recursive: true });
    },
  };
}

/** Codex makes its history database when something is said for the first time. */
export async function seedHistory({ home }: Side): Promise<void> {
  await withServer(home, async (server) => {
    const id = await newThread(server, { messages: ["first words"] });
    await server.call("thread/delete", { threadId: id });
  });
}

const ROOTS = ["sessions", "archived_sessions"];

/** Carries rollouts and the index by the rules of the hand-over for two machines that never work at the same time. */
export const plainCopy: Carry = async (from, to) => {
  const changed: string[] = [];
  const [source, target] = [rolloutsIn(from.home.path), rolloutsIn(to.home.path)];
  for (const [key, path] of source) {
    const known = target.get(key);
    const place = `${to.home.path}/${path.slice(from.home.path.length + 1)}`;
    Deno.mkdirSync(place.slice(0, place.lastIndexOf("/")), { recursive: true });
    if (known !== undefined && known !== place) {
      Deno.renameSync(known, place);
      changed.push(key);
    }
    if (known === undefined) await copyWithTimes(path, place);
    else if (!extend(path, place)) continue;
    changed.push(key);
  }
  for (const [key, path] of target) {
    if (source.has(key)) continue;
    Deno.removeSync(path);
    changed.push(key);
  }
  await copyWithTimes(`${from.home.path}/session_index.jsonl`, `${to.home.path}/session_index.jsonl`);
  return changed;
};

function rolloutsIn(home: string): Map<string, string> {
  const found = new Map<string, string>();
  const look = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      if (isDirectory) look(`${folder}/${name}`);
      else if (name.startsWith("rollout-")) found.set(name, `${folder}/${name}`);
    }
  };
  for (const root of ROOTS) {
    try {
      look(`${home}/${root}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found;
}

async function copyWithTimes(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-p", from, to] }).output();
  if (!success) throw new Error(`cannot copy "${from}"`);
}

/** Gives the receiver what was added behind the common part: the whole of it differs in the first line alone. */
function extend(from: string, to: string): boolean {
  const [source, target] = [Deno.readFileSync(from), Deno.readFileSync(to)];
  const [first, own] = [source.indexOf(10) + 1, target.indexOf(10) + 1];
  const isLegacy = !new TextDecoder().decode(source.subarray(0, first)).includes('"paginated"');
  const rest = source.subarray(first);
  const mine = target.subarray(own);
  let common = 0;
  for (let at = 0; at < Math.min(rest.length, mine.length) && rest[at] === mine[at]; at++) {
    if (rest[at] === 10) common = at + 1;
  }
  if (isLegacy ? rest.length === mine.length : common === rest.length) return false;
  const tail = new TextDecoder().decode(mine.subarray(common)).split("\n").filter((line) => line !== "");
  const isSettings = tail.every((line) => line.includes('"thread_settings_applied"'));
  if (!isLegacy && !isSettings) return false;
  const told = new TextDecoder().decode(rest.subarray(common)).split("\n").filter((line) => line !== "");
  if (told.every((line) => line.includes('"thread_settings_applied"'))) return false;
  const { atime, mtime } = Deno.statSync(from);
  const bytes = isLegacy
    ? source
    : new Uint8Array([...target.subarray(0, own + common), ...rest.subarray(common)]);
  Deno.writeFileSync(to, bytes);
  Deno.utimeSync(to, atime ?? 0, mtime ?? 0);
  return true;
}
