/** What only Codex's database knows of threads: made through Codex, asked of Codex, and the database harmed. */
import { DatabaseSync } from "node:sqlite";
import type { AppServer } from "./app_server.ts";
import type { TestHome } from "./home.ts";
import { withServer } from "./home.ts";
import { asList, asObject, asText, fieldOf, type Json } from "./json.ts";
import { newThread, pin, rename } from "./threads.ts";

/** Threads that have something no rollout can tell. */
export type Keepsakes = {
  /** Named and pinned. */
  readonly pinned: string;
  /** In a section called "Later". */
  readonly sectioned: string;
  /** In a project, with git facts, without memory, with an attachment. */
  readonly filed: string;
  /** Legacy, named. */
  readonly legacy: string;
};

/** Makes the threads. Takes about a second. */
export async function makeKeepsakes(home: TestHome): Promise<Keepsakes> {
  return await withServer(home, async (server) => {
    const made = {
      pinned: await newThread(server, { messages: ["pinned"] }),
      sectioned: await newThread(server, { messages: ["sectioned"] }),
      filed: await newThread(server, { messages: ["filed"] }),
      legacy: await newThread(server, { messages: ["legacy"], historyMode: "legacy" }),
    };
    await rename(server, made.pinned, "the pinned one");
    await rename(server, made.legacy, "the old one");
    await pin(server, made.pinned);
    const { section } = await server.call("threadSection/create", { name: "Later" });
    await server.call("thread/section/move", {
      threadId: made.sectioned,
      sectionId: fieldOf(section, "id"),
    });
    const { project } = await server.call("project/create", {
      name: "Work",
      roots: [{ path: home.work }],
      idempotencyKey: "once",
    });
    await server.call("thread/metadata/update", {
      threadId: made.filed,
      projectId: fieldOf(project, "id"),
      gitInfo: { branch: "main", sha: "0123abc", originUrl: "https://example.invalid/project.git" },
    });
    await server.call("thread/memoryMode/set", { threadId: made.filed, mode: "disabled" });
    await server.call("thread/attachment/add", {
      threadId: made.filed,
      attachmentType: "pullRequest",
      identityKey: "7",
      payload: { number: 7 },
    });
    return made;
  });
}

/** What Codex tells of the threads, and which sections and projects it has. */
export async function tellKeepsakes(home: TestHome, ids: Iterable<string>): Promise<Json> {
  return await withServer(home, async (server) => {
    const told: Record<string, Json> = {};
    for (const id of ids) told[id] = await tellThread(server, id);
    const sections = await server.call("threadSection/list", {});
    const projects = await server.call("project/list", {});
    return { told, sections: namesIn(sections["data"]), projects: namesIn(projects["data"]) };
  });
}

async function tellThread(server: AppServer, id: string): Promise<Json> {
  const { thread } = await server.call("thread/read", { threadId: id });
  const { data } = await server.call("thread/attachment/list", { threadId: id });
  const found = asObject(thread);
  return {
    name: found["name"] ?? null,
    section: fieldOf(found["section"], "name"),
    project: found["projectId"] ?? null,
    git: found["gitInfo"] ?? null,
    attachments: asList(data).map((one) => fieldOf(one, "identityKey")),
  };
}

function namesIn(data: Json | undefined): readonly string[] {
  return asList(data).map((one) => asText(fieldOf(one, "name")));
}

const PAGE_BYTES = 4096;

/** Page numbers of the database: where a table or index begins, and the pages right below that one. */
export function pagesOf(home: TestHome, name: string): readonly number[] {
  const database = new DatabaseSync(`${home.path}/state_5.sqlite`);
  try {
    // What is in the log alone could not be harmed in the file.
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const row = database.prepare("SELECT rootpage FROM sqlite_master WHERE name = ?").get(name);
    const root = Number(row?.["rootpage"]);
    return [root, ...childrenOf(home, root)];
  } finally {
    database.close();
  }
}

/** Left children of an inner page of a table: the first four bytes of each cell. */
function childrenOf(home: TestHome, page: number): readonly number[] {
  const bytes = Deno.readFileSync(`${home.path}/state_5.sqlite`).subarray((page - 1) * PAGE_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, PAGE_BYTES);
  if (view.getUint8(0) !== 5) return [];
  const cells = Array.from({ length: view.getUint16(3) }, (_, i) => view.getUint16(12 + 2 * i));
  return cells.map((at) => view.getUint32(at));
}

/** Overwrites a page of the database, or the beginning of one, with nonsense. */
export function harmPage(home: TestHome, page: number, bytes = PAGE_BYTES): void {
  const file = Deno.openSync(`${home.path}/state_5.sqlite`, { write: true });
  try {
    file.seekSync((page - 1) * PAGE_BYTES, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(bytes).fill(0xee));
  } finally {
    file.close();
  }
}
