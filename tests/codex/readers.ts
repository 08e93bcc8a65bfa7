/** Asks the real Codex what each of its readers shows, as plain values to compare. */
import { type AppServer, RpcError } from "./app_server.ts";
import { asList, asObject, asText, type Json, type JsonObject, textOrNull } from "./json.ts";

/** Source kinds that cover everything the tests make; without them a list shows `cli` and `vscode` only. */
export const EVERY_SOURCE = ["cli", "vscode", "exec"] as const;

/**
 * The ways to call `thread/list`.
 *
 * A list without `useStateDbOnly` first repairs the index from the rollouts. Its answer comes from the rollouts when
 * providers, sources or a cwd are filtered and the order is not `recency_at`; else it comes from the index (seen in
 * Codex 0.169). The default sources count as a filter, {@link EVERY_SOURCE} does not.
 */
export const LISTS = {
  /** Current provider, answered from the rollouts. */
  scan: {},
  /** All providers, answered from the rollouts. */
  scanAll: { modelProviders: [] },
  /** Current provider, answered from the index. */
  index: { useStateDbOnly: true },
  /** All providers, answered from the index. */
  indexAll: { useStateDbOnly: true, modelProviders: [] },
  /** Current provider, `codex exec` too, answered from the rollouts. */
  execScan: { sourceKinds: EVERY_SOURCE },
  /** Current provider, `codex exec` too, answered from the index. */
  execIndex: { sourceKinds: EVERY_SOURCE, useStateDbOnly: true },
  /** All providers and sources: repairs from the rollouts, answers from the index. */
  recent: { sourceKinds: EVERY_SOURCE, modelProviders: [], sortKey: "recency_at" },
  /** Archived, all providers, answered from the rollouts. */
  archivedScan: { archived: true, modelProviders: [] },
  /** Archived, all providers, answered from the index. */
  archivedIndex: { archived: true, modelProviders: [], useStateDbOnly: true },
  /** All providers, only what the signed-in account may see: the terminal's picker. */
  accountScan: { modelProviders: [], currentAccountOnly: true },
  /** As `accountScan`, answered from the index: `codex resume --last`. */
  accountIndex: { modelProviders: [], currentAccountOnly: true, useStateDbOnly: true },
  /** Current provider, what the account may see: the picker of `codex fork`. */
  accountCurrent: { currentAccountOnly: true, useStateDbOnly: true },
  /** As `accountCurrent`, `codex exec` too: `codex exec resume --last`. */
  accountExec: { sourceKinds: EVERY_SOURCE, currentAccountOnly: true, useStateDbOnly: true },
} as const satisfies Record<string, JsonObject>;

/** The name of a list of {@link LISTS}. */
export type ListName = keyof typeof LISTS;

/** One entry of a list. */
export type Listed = {
  readonly id: string;
  readonly provider: string;
  readonly cwd: string;
  readonly preview: string;
  readonly name: string | null;
  readonly path: string | null;
  /** Unix seconds. */
  readonly updatedAt: number;
};

/** What opening a thread gave. */
export type Opened =
  | { readonly ok: true; readonly id: string; readonly provider: string; readonly cwd: string }
  | { readonly ok: false; readonly error: string };

/** Every entry of a `thread/list`, newest first, over all pages. */
export async function list(server: AppServer, params: JsonObject): Promise<readonly Listed[]> {
  const entries: Listed[] = [];
  let cursor: Json = null;
  do {
    const page: JsonObject = await server.call("thread/list", { ...params, limit: 100, cursor });
    entries.push(...asList(page["data"]).map((thread) => listed(asObject(thread))));
    cursor = page["nextCursor"] ?? null;
  } while (cursor !== null);
  return entries;
}

/** The ids a list shows, sorted; an id that is shown twice appears twice. */
export async function idsIn(server: AppServer, name: ListName): Promise<readonly string[]> {
  return (await list(server, LISTS[name])).map((entry) => entry.id).sort();
}

/** Resumes a thread by id. */
export async function resume(server: AppServer, id: string): Promise<Opened> {
  return await opened(server, "thread/resume", { threadId: id, excludeTurns: true });
}

/** Forks a thread by id; the new thread's id is in the answer. */
export async function fork(server: AppServer, id: string, more: JsonObject = {}): Promise<Opened> {
  return await opened(server, "thread/fork", { threadId: id, excludeTurns: true, ...more });
}

/** Takes back the turns of a loaded thread from one on; the thread as it is then. */
export async function revertBefore(server: AppServer, id: string, turn: string): Promise<Opened> {
  try {
    await server.call("thread/revert", { threadId: id, beforeTurnId: turn });
  } catch (error) {
    if (error instanceof RpcError) return { ok: false, error: error.message };
    throw error;
  }
  return await resume(server, id);
}

/** The turns of a thread, oldest first, each as `status: user text > agent text`. */
export async function turns(server: AppServer, id: string): Promise<readonly string[]> {
  return (await turnsWithIds(server, id)).map((turn) => turn.text);
}

/** As {@link turns}, with the turn ids. */
export async function turnsWithIds(
  server: AppServer,
  id: string,
): Promise<readonly { readonly id: string; readonly text: string }[]> {
  const found: { readonly id: string; readonly text: string }[] = [];
  let cursor: Json = null;
  do {
    const page: JsonObject = await server.call("thread/turns/list", {
      threadId: id,
      limit: 100,
      sortDirection: "asc",
      itemsView: "full",
      cursor,
    });
    const turns = asList(page["data"]).map(asObject);
    found.push(...turns.map((turn) => ({ id: asText(turn["id"]), text: turnText(turn) })));
    cursor = page["nextCursor"] ?? null;
  } while (cursor !== null);
  return found;
}

/** Runs one turn on a loaded thread and waits for its end; gives the turn's status, `completed` when all went well. */
export async function turn(server: AppServer, id: string, text: string): Promise<string> {
  await server.call("turn/start", { threadId: id, input: [{ type: "text", text, text_elements: [] }] });
  const done = await server.waitFor((seen) =>
    seen.method === "turn/completed" && seen.params["threadId"] === id
  );
  return asText(asObject(done.params["turn"])["status"]);
}

async function opened(server: AppServer, method: string, params: JsonObject): Promise<Opened> {
  try {
    const answer = await server.call(method, params);
    return {
      ok: true,
      id: asText(asObject(answer["thread"])["id"]),
      provider: asText(answer["modelProvider"]),
      cwd: asText(answer["cwd"]),
    };
  } catch (error) {
    if (error instanceof RpcError) return { ok: false, error: error.message };
    throw error;
  }
}

function listed(thread: JsonObject): Listed {
  return {
    id: asText(thread["id"]),
    provider: asText(thread["modelProvider"]),
    cwd: asText(thread["cwd"]),
    preview: asText(thread["preview"]),
    name: textOrNull(thread["name"]),
    path: textOrNull(thread["path"]),
    updatedAt: Number(thread["updatedAt"]),
  };
}

function turnText(turn: JsonObject): string {
  const items = asList(turn["items"]).map(asObject);
  const said = items
    .filter((item) => item["type"] === "userMessage")
    .flatMap((item) => asList(item["content"]).map((part) => asText(asObject(part)["text"])));
  const replied = items.filter((item) => item["type"] === "agentMessage").map((item) => asText(item["text"]));
  return `${asText(turn["status"])}: ${said.join("|")} > ${replied.join("|")}`;
}
