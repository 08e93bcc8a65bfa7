/** Makes real threads of every kind through Codex itself. */
import type { AppServer } from "./app_server.ts";
import { rolloutFiles } from "./disk.ts";
import type { TestHome } from "./home.ts";
import { asObject, asText, type JsonObject } from "./json.ts";
import { fork, turn, turnsWithIds } from "./readers.ts";

/** Codex keeps "pinned" as membership in this built-in section (seen in Codex 0.169). */
export const PINNED_SECTION = "01984de2-8f74-7c91-a3b2-5c5e937cf318";

/** What a new thread shall be. */
export type NewThread = {
  /** How Codex stores it; paginated is what Codex 0.169 chooses by itself. */
  readonly historyMode?: "paginated" | "legacy";
  /** A provider other than the current one. */
  readonly provider?: string;
  /** Working folder instead of the server's own. */
  readonly cwd?: string;
  /** The messages to send, one turn each. */
  readonly messages: readonly string[];
};

/** Makes a thread through the app-server (source `vscode`), runs its turns and gives its id. */
export async function newThread(server: AppServer, wanted: NewThread): Promise<string> {
  const answer = await server.call("thread/start", {
    historyMode: wanted.historyMode ?? "paginated",
    ...(wanted.provider === undefined ? {} : { modelProvider: wanted.provider }),
    ...(wanted.cwd === undefined ? {} : { cwd: wanted.cwd }),
  });
  const id = asText(asObject(answer["thread"])["id"]);
  for (const message of wanted.messages) await completed(server, id, message);
  return id;
}

/** Runs one turn and throws unless it completed. */
export async function completed(server: AppServer, id: string, message: string): Promise<void> {
  const status = await turn(server, id, message);
  if (status !== "completed") throw new Error(`turn "${message}" of thread ${id} ended as "${status}"`);
}

/** Forks a thread and gives the child's id; with `messages` the child goes on by itself. */
export async function newFork(
  server: AppServer,
  parent: string,
  messages: readonly string[],
  more: JsonObject = {},
): Promise<string> {
  const child = await fork(server, parent, more);
  if (!child.ok) throw new Error(`cannot fork ${parent}: ${child.error}`);
  for (const message of messages) await completed(server, child.id, message);
  return child.id;
}

/** Takes back the turns from number `from` (0 is the first) on: Codex goes on in a new segment file. */
export async function revert(server: AppServer, id: string, from: number): Promise<void> {
  const target = (await turnsWithIds(server, id))[from];
  if (target === undefined) throw new Error(`thread ${id} has no turn ${from}`);
  await server.call("thread/revert", { threadId: id, beforeTurnId: target.id });
}

/** Makes a thread with `codex exec` and gives its id. */
export async function newExecThread(home: TestHome, message: string): Promise<string> {
  const { code, stdout, stderr } = await home.run(["exec", "--json", "--skip-git-repo-check", message]);
  const started = stdout.split("\n").find((line) => line.includes('"thread.started"'));
  if (code !== 0 || started === undefined) throw new Error(`codex exec failed (${code}): ${stdout}${stderr}`);
  return asText(asObject(JSON.parse(started))["thread_id"]);
}

/** Makes Codex append further `session_meta` lines to a legacy thread, as a git update and a memory switch do. */
export async function addMetaLines(server: AppServer, id: string): Promise<void> {
  await server.call("thread/metadata/update", {
    threadId: id,
    gitInfo: { branch: "main", sha: "0123abc", originUrl: "https://example.invalid/project.git" },
  });
  await server.call("thread/memoryMode/set", { threadId: id, mode: "disabled" });
}

/** Gives a thread a name. */
export async function rename(server: AppServer, id: string, name: string): Promise<void> {
  await server.call("thread/name/set", { threadId: id, name });
}

/** Pins a thread. */
export async function pin(server: AppServer, id: string): Promise<void> {
  await server.call("thread/section/move", { threadId: id, sectionId: PINNED_SECTION });
}

/** Archives a thread. */
export async function archive(server: AppServer, id: string): Promise<void> {
  await server.call("thread/archive", { threadId: id });
}

/** Sets every rollout's time back eight days and lets Codex compress them all to `.jsonl.zst`. */
export async function compressRollouts(home: TestHome): Promise<void> {
  const old = new Date(Date.now() - 8 * 24 * 3600 * 1000);
  for (const path of rolloutFiles(home.path)) Deno.utimeSync(path, old, old);
  const server = await home.serve({ args: ["--enable", "local_thread_store_compression"] });
  try {
    await server.call("rollout/compress", {});
    for (let tries = 0; rolloutFiles(home.path).some((path) => !path.endsWith(".zst")); tries++) {
      if (tries === 200) throw new Error("Codex did not compress the rollouts");
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  } finally {
    await server.close();
  }
}
