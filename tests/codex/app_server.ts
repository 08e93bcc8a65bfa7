/** A client for `codex app-server`: one JSON message per line over the child's standard input and output. */
import { codexBinary } from "./install.ts";
import { asObject, type Json, type JsonObject } from "./json.ts";

/** How to start an app-server on a home. */
export type AppServerLaunch = {
  /** The Codex home, given as `CODEX_HOME`. */
  readonly home: string;
  /** Working folder of the process. */
  readonly cwd: string;
  /** More environment variables. The process sees nothing else of ours but `PATH`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** More arguments, such as `["--enable", "some_feature"]`. */
  readonly args?: readonly string[] | undefined;
};

/** A notification of the server. */
export type Notification = { readonly method: string; readonly params: JsonObject };

/** A running `codex app-server`. */
export type AppServer = {
  /** Process id of the server. */
  readonly pid: number;
  /** Calls a method and gives its result. Throws {@link RpcError} when the server refuses. */
  readonly call: (method: string, params: JsonObject) => Promise<JsonObject>;
  /** Resolves with the first notification, past or future, not returned before, for which `wanted` holds. */
  readonly waitFor: (wanted: (notification: Notification) => boolean) => Promise<Notification>;
  /** What the server wrote to standard error so far. */
  readonly stderr: () => string;
  /** Closes the server's input and resolves with its exit status once the process has ended. */
  readonly close: () => Promise<number>;
  /** Ends the server at once, as a crash would, and resolves once the process is gone. */
  readonly crash: () => Promise<void>;
};

/** A call that the server refused. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  /** The method that was called. */
  readonly method: string;
  /** The JSON-RPC error code. */
  readonly code: number;
  /** The `data` of the error, null when it has none. */
  readonly data: Json;

  /** Wraps the `error` object of an answer to `method`. */
  constructor(method: string, error: JsonObject) {
    super(String(error["message"]));
    this.method = method;
    this.code = Number(error["code"]);
    this.data = error["data"] ?? null;
  }
}

/** How long one answer or notification may take. */
const ANSWER_MS = 60_000;
/** How long a server may take to end after its input is closed. */
const END_MS = 20_000;
/** Port 9 of this machine, where nothing listens: whatever Codex wants from the internet fails at once. */
const NOWHERE = "http://127.0.0.1:9";

/** The environment of every Codex process the tests start: its own home, and no way to the internet. */
export function codexEnvironment(
  home: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: Deno.env.get("PATH") ?? "",
    HOME: `${home}/user`,
    CODEX_HOME: home,
    NO_COLOR: "1",
    HTTPS_PROXY: NOWHERE,
    HTTP_PROXY: NOWHERE,
    NO_PROXY: "127.0.0.1,localhost",
    ...more,
  };
}

/** Starts an app-server on a home and completes the `initialize` handshake with the experimental methods on. */
export async function startAppServer(launch: AppServerLaunch): Promise<AppServer> {
  Deno.mkdirSync(`${launch.home}/user`, { recursive: true });
  const child = new Deno.Command(await codexBinary(), {
    args: ["app-server", ...(launch.args ?? [])],
    cwd: launch.cwd,
    env: codexEnvironment(launch.home, launch.env),
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const link = openLink(child);
  const ended = Promise.all([child.status, link.readers]).then(([status]) => status.code);
  const crash = async () => {
    kill(child);
    await ended;
    await link.closeInput();
  };
  try {
    await link.call("initialize", {
      clientInfo: { name: "codexkeep_tests", title: null, version: "0.0.0" },
      capabilities: { experimentalApi: true, requestAttestation: false },
    });
    await link.send({ method: "initialized" });
  } catch (error) {
    await crash();
    throw error;
  }
  return {
    pid: child.pid,
    call: link.call,
    waitFor: link.waitFor,
    stderr: link.stderr,
    close: async () => {
      await link.closeInput();
      return await within(ended, END_MS, () => kill(child));
    },
    crash,
  };
}

type Waiter<T> = { readonly resolve: (value: T) => void; readonly reject: (error: Error) => void };
type Link = Pick<AppServer, "call" | "waitFor" | "stderr"> & {
  readonly send: (message: JsonObject) => Promise<void>;
  readonly closeInput: () => Promise<void>;
  /** Resolves when both output streams have ended. */
  readonly readers: Promise<void>;
};

function openLink(child: Deno.ChildProcess): Link {
  const input = child.stdin.getWriter();
  const answers = new Map<number, Waiter<JsonObject> & { readonly method: string }>();
  const notes = openNotes();
  let lastId = 0;
  let errors = "";
  let inputClosed = false;

  function receive(message: JsonObject): void {
    const { id, method } = message;
    if (typeof method === "string") {
      // A request of the server's own carries an id as well; nothing the tests do needs an answer to one.
      if (id === undefined) notes.add({ method, params: asObject(message["params"] ?? {}) });
      return;
    }
    const waiter = typeof id === "number" ? answers.get(id) : undefined;
    if (waiter === undefined || typeof id !== "number") return;
    answers.delete(id);
    if (message["error"] === undefined) waiter.resolve(asObject(message["result"] ?? {}));
    else waiter.reject(new RpcError(waiter.method, asObject(message["error"])));
  }

  async function send(message: JsonObject): Promise<void> {
    await input.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
  }

  const readers = Promise.all([
    eachLine(child.stdout, (line) => receive(asObject(JSON.parse(line)))),
    eachLine(child.stderr, (line) => {
      errors += `${line}\n`;
    }),
  ]).then(() => {
    const gone = new Error(`the app-server ended: ${errors.trim()}`);
    for (const waiter of answers.values()) waiter.reject(gone);
    notes.end(gone);
  });

  return {
    send,
    readers,
    waitFor: notes.waitFor,
    stderr: () => errors,
    closeInput: async () => {
      if (inputClosed) return;
      inputClosed = true;
      await input.close().catch(() => {}); // the process may be gone already
    },
    call: async (method, params) => {
      const id = ++lastId;
      const answer = Promise.withResolvers<JsonObject>();
      answers.set(id, { resolve: answer.resolve, reject: answer.reject, method });
      await send({ id, method, params });
      return await within(
        answer.promise,
        ANSWER_MS,
        () => answer.reject(new Error(`no answer to ${method}`)),
      );
    },
  };
}

type Notes = {
  readonly add: (note: Notification) => void;
  readonly end: (reason: Error) => void;
  readonly waitFor: AppServer["waitFor"];
};

/** Keeps notifications until somebody asks for them, because they often come before the answer to the call. */
function openNotes(): Notes {
  const unread: Notification[] = [];
  const watchers = new Set<Waiter<Notification> & { readonly wanted: (note: Notification) => boolean }>();
  return {
    add: (note) => {
      const watcher = [...watchers].find((one) => one.wanted(note));
      if (watcher === undefined) return void unread.push(note);
      watchers.delete(watcher);
      watcher.resolve(note);
    },
    end: (reason) => {
      for (const watcher of watchers) watcher.reject(reason);
      watchers.clear();
    },
    waitFor: async (wanted) => {
      const at = unread.findIndex(wanted);
      const early = at < 0 ? undefined : unread.splice(at, 1)[0];
      if (early !== undefined) return early;
      const { promise, resolve, reject } = Promise.withResolvers<Notification>();
      watchers.add({ wanted, resolve, reject });
      return await within(promise, ANSWER_MS, () => reject(new Error("the notification did not come")));
    },
  };
}

async function within<T>(work: Promise<T>, limit: number, late: () => void): Promise<T> {
  const timer = setTimeout(late, limit);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") take(line);
  }
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a TypeError says that it has ended by itself
  }
}
