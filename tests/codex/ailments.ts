/** A home with one thread per ailment, and what the real Codex shows of each: the measure for a visibility model. */
import { changeIndex, editLines, filesOf } from "./disk.ts";
import { makeHome, type TestHome, withCopy, withServer } from "./home.ts";
import { list, type ListName, LISTS } from "./readers.ts";
import { archive, newExecThread, newThread } from "./threads.ts";

/** A way to be ill: how the thread is made, and what is then done to the closed home. */
type Ailment = {
  readonly make?: "other provider" | "archived" | "archived, other provider" | "exec";
  readonly harm?: (home: string, id: string) => void;
};

/** Every ailment by name; the current provider is `mock`, the other one `relay`. */
export const AILMENTS = {
  "healthy": {},
  "other provider": { make: "other provider" },
  "archived": { make: "archived" },
  "archived, other provider": { make: "archived, other provider" },
  "made by exec": { make: "exec" },
  "row without preview": { harm: (home, id) => setRow(home, id, "preview = ''") },
  "row of source exec": { harm: (home, id) => setRow(home, id, "source = 'exec'") },
  "row of another provider": { harm: (home, id) => setRow(home, id, "model_provider = 'relay'") },
  "rollout of another provider": {
    make: "other provider",
    harm: (home, id) => setRow(home, id, "model_provider = 'mock'"),
  },
  "rollout missing": { harm: (home, id) => Deno.removeSync(fileOf(home, id)) },
  "archived rollout missing": { make: "archived", harm: (home, id) => Deno.removeSync(fileOf(home, id)) },
  "row missing": { harm: (home, id) => changeIndex(home, "DELETE FROM threads WHERE id = ?", id) },
  "archived row missing": {
    make: "archived",
    harm: (home, id) => changeIndex(home, "DELETE FROM threads WHERE id = ?", id),
  },
  "row points elsewhere": {
    harm: (home, id) => setRow(home, id, "rollout_path = '/nowhere' || substr(rollout_path, -70)"),
  },
  "row says archived": { harm: (home, id) => setRow(home, id, "archived = 1, archived_at = 1") },
  "row and path say archived": {
    harm: (home, id) => {
      setRow(home, id, "archived = 1, archived_at = 1");
      setPath(home, id, archivedPath(home, id));
    },
  },
  "rollout moved to the archive": { harm: (home, id) => move(home, id, archivedPath(home, id)) },
  "rollout and path moved to the archive": {
    harm: (home, id) => setPath(home, id, move(home, id, archivedPath(home, id))),
  },
  "rollout and path not in a date folder": {
    harm: (home, id) => setPath(home, id, move(home, id, `${home}/sessions/${nameOf(fileOf(home, id))}`)),
  },
  "rollout and path in another date folder": {
    harm: (home, id) =>
      setPath(home, id, move(home, id, `${home}/sessions/2020/01/02/${nameOf(fileOf(home, id))}`)),
  },
  "first line damaged": {
    harm: (home, id) =>
      editLines(fileOf(home, id), ([first = "", ...rest]) => [`x${first.slice(1)}`, ...rest]),
  },
  "rollout empty": { harm: (home, id) => Deno.writeTextFileSync(fileOf(home, id), "") },
} as const satisfies Record<string, Ailment>;

/** The name of an ailment. */
export type AilmentName = keyof typeof AILMENTS;

/** The names of all ailments, in order. */
export const AILMENT_NAMES = Object.keys(AILMENTS) as readonly AilmentName[];

/** A home whose threads are ill, one of each kind, the current provider being `mock`. */
export type Ward = { readonly home: TestHome; readonly ids: Readonly<Record<AilmentName, string>> };

/** Makes the home; takes about two seconds. */
export async function makeWard(): Promise<Ward> {
  const home = makeHome("mock");
  try {
    const made = await makeThreads(home);
    for (const [name, id] of made) (AILMENTS[name] as Ailment).harm?.(home.path, id);
    return { home, ids: Object.fromEntries(made) as Record<AilmentName, string> };
  } catch (error) {
    await home.dispose();
    throw error;
  }
}

/** Which ailing threads a list shows, each as `name` or `name (provider)` when it is shown on another provider. */
export async function shownBy(ward: Ward, name: ListName): Promise<readonly string[]> {
  return await withCopy(ward.home, async (copy) => {
    copy.configure("mock");
    const entries = await withServer(copy, (server) => list(server, LISTS[name]));
    return AILMENT_NAMES.flatMap((ailment) =>
      entries
        .filter((entry) => entry.id === ward.ids[ailment])
        .map((entry) => entry.provider === "mock" ? ailment : `${ailment} (${entry.provider})`)
    );
  });
}

async function makeThreads(home: TestHome): Promise<readonly (readonly [AilmentName, string])[]> {
  const made: [AilmentName, string][] = [];
  for (const name of AILMENT_NAMES.filter((name) => makeOf(name) === "exec")) {
    made.push([name, await newExecThread(home, "one")]);
  }
  await withServer(home, async (server) => {
    for (const name of AILMENT_NAMES.filter((name) => makeOf(name) !== "exec")) {
      const relay = makeOf(name)?.endsWith("other provider") ? { provider: "relay" } : {};
      const id = await newThread(server, { messages: ["one"], ...relay });
      if (makeOf(name)?.startsWith("archived")) await archive(server, id);
      made.push([name, id]);
    }
  });
  return made;
}

function makeOf(name: AilmentName): Ailment["make"] {
  return (AILMENTS[name] as Ailment).make;
}

function setRow(home: string, id: string, assignments: string): void {
  changeIndex(home, `UPDATE threads SET ${assignments} WHERE id = ?`, id);
}

function setPath(home: string, id: string, path: string): void {
  changeIndex(home, "UPDATE threads SET rollout_path = ? WHERE id = ?", path, id);
}

function move(home: string, id: string, target: string): string {
  Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  Deno.renameSync(fileOf(home, id), target);
  return target;
}

function archivedPath(home: string, id: string): string {
  return `${home}/archived_sessions/${nameOf(fileOf(home, id))}`;
}

function fileOf(home: string, id: string): string {
  const [path = ""] = filesOf(home, id);
  return path;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
