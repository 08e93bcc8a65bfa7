/** One home with a real thread of every kind. */
import { makeHome, type TestHome } from "./home.ts";
import { turnsWithIds } from "./readers.ts";
import * as threads from "./threads.ts";

/** The threads of a {@link Cast}. */
export const ROLES = [
  /** Paginated, three turns, named "the root" and pinned. */
  "root",
  /** Fork of `root` at its end, one turn of its own. */
  "child",
  /** Fork of `root` at its end, no turn of its own. */
  "quietChild",
  /** Fork of `root` after its second turn, one turn of its own. */
  "middleChild",
  /** Fork of `child`, one turn of its own. */
  "grandChild",
  /** Paginated, its second and third turn taken back and a new second one run: two files. */
  "reverted",
  /** Fork of `reverted`, one turn of its own. */
  "revertedChild",
  /** Taken back twice: three files. */
  "twiceReverted",
  /** Legacy, two turns. */
  "legacy",
  /** Fork of `legacy`, one turn of its own; its file begins with a copy of the parent's. */
  "legacyChild",
  /** Legacy, with further `session_meta` lines between its two turns. */
  "legacyMeta",
  /** Paginated, archived. */
  "archived",
  /** Made by `codex exec`. */
  "exec",
  /** Named before its first turn: a file that holds nothing but its first line, in no list that wants a preview. */
  "unused",
] as const;

/** The name of a thread in a {@link Cast}. */
export type Role = typeof ROLES[number];

/** A home, the ids of its threads, and what was said in them. */
export type Cast = {
  readonly home: TestHome;
  readonly ids: Readonly<Record<Role, string>>;
  /** The user's messages that a thread still shows, oldest first, inherited ones included. */
  readonly messages: Readonly<Record<Role, readonly string[]>>;
};

const MESSAGES: Cast["messages"] = {
  root: ["one", "two", "three"],
  child: ["one", "two", "three", "child"],
  quietChild: ["one", "two", "three"],
  middleChild: ["one", "two", "middle"],
  grandChild: ["one", "two", "three", "child", "grandchild"],
  reverted: ["r1", "r2 again"],
  revertedChild: ["r1", "r2 again", "rc"],
  twiceReverted: ["t1", "t2 again"],
  legacy: ["l1", "l2"],
  legacyChild: ["l1", "l2", "lc"],
  legacyMeta: ["m1", "m2"],
  archived: ["a1", "a2"],
  exec: ["exec"],
  unused: [],
};

/** Makes the home, all of its threads on `provider`. Takes about two seconds. */
export async function makeCast(provider = "custom"): Promise<Cast> {
  const home = makeHome(provider);
  try {
    const ids = { ...await interactiveThreads(home), exec: await threads.newExecThread(home, "exec") };
    return { home, ids, messages: MESSAGES };
  } catch (error) {
    await home.dispose();
    throw error;
  }
}

/** The same threads in a copy of the home. */
export async function copyCast(cast: Cast): Promise<Cast> {
  return { ...cast, home: await cast.home.copy() };
}

/** Runs `work` on a copy of the home and removes the copy afterwards. */
export async function withCast<T>(cast: Cast, work: (copy: Cast) => Promise<T>): Promise<T> {
  const copy = await copyCast(cast);
  try {
    return await work(copy);
  } finally {
    await copy.home.dispose();
  }
}

async function interactiveThreads(home: TestHome): Promise<Omit<Cast["ids"], "exec">> {
  const server = await home.serve();
  try {
    const root = await threads.newThread(server, { messages: MESSAGES.root });
    const child = await threads.newFork(server, root, ["child"]);
    const middle = (await turnsWithIds(server, root))[1];
    if (middle === undefined) throw new Error("the root has no second turn");
    const reverted = await threads.newThread(server, { messages: ["r1", "r2", "r3"] });
    await threads.revert(server, reverted, 1);
    await threads.completed(server, reverted, "r2 again");
    const twiceReverted = await threads.newThread(server, { messages: ["t1", "t2", "t3"] });
    await threads.revert(server, twiceReverted, 2);
    await threads.completed(server, twiceReverted, "t3 again");
    await threads.revert(server, twiceReverted, 1);
    await threads.completed(server, twiceReverted, "t2 again");
    const legacy = await threads.newThread(server, { historyMode: "legacy", messages: MESSAGES.legacy });
    const legacyMeta = await threads.newThread(server, { historyMode: "legacy", messages: ["m1"] });
    await threads.addMetaLines(server, legacyMeta);
    await threads.completed(server, legacyMeta, "m2");
    const archived = await threads.newThread(server, { messages: MESSAGES.archived });
    await threads.archive(server, archived);
    const unused = await threads.newThread(server, { messages: [] });
    await threads.rename(server, unused, "never used");
    await threads.rename(server, root, "the root");
    await threads.pin(server, root);
    return {
      root,
      child,
      quietChild: await threads.newFork(server, root, []),
      middleChild: await threads.newFork(server, root, ["middle"], { lastTurnId: middle.id }),
      grandChild: await threads.newFork(server, child, ["grandchild"]),
      reverted,
      revertedChild: await threads.newFork(server, reverted, ["rc"]),
      twiceReverted,
      legacy,
      legacyChild: await threads.newFork(server, legacy, ["lc"]),
      legacyMeta,
      archived,
      unused,
    };
  } finally {
    await server.close();
  }
}
