/** Throw-away Codex homes for the tests: config, start of Codex on them, copies. */
import { type AppServer, codexEnvironment, startAppServer } from "./app_server.ts";
import { relocateRows } from "./disk.ts";
import { codexBinary } from "./install.ts";
import { type ModelServer, startModelServer } from "./model_server.ts";

/** Provider ids every test home knows: the built-in one, and custom ones of 1, 4, 5, 6 and 36 characters. */
export const PROVIDERS = [
  "openai",
  "a",
  "mock",
  "relay",
  "custom",
  "a-very-long-provider-id-for-the-tests",
] as const;

/** A throw-away Codex home, its working folder and its model server. */
export type TestHome = {
  /** The Codex home. */
  readonly path: string;
  /** A working folder outside the home, the `cwd` of its threads; copies of the home share it. */
  readonly work: string;
  /** The model server that all of its providers point to. */
  readonly model: ModelServer;
  /** Writes `config.toml`: `provider`, the current one, more root keys, and what else is declared: all by default. */
  readonly configure: (provider: string, rootKeys?: string, declared?: readonly string[]) => void;
  /** Starts an app-server on the home. */
  readonly serve: (options?: LaunchOptions) => Promise<AppServer>;
  /** Runs a `codex` command on the home to its end. */
  readonly run: (args: readonly string[], options?: LaunchOptions) => Promise<RunResult>;
  /** Copies a home that Codex has run on: same times to the nanosecond, rows pointing to the copied rollouts. */
  readonly copy: () => Promise<TestHome>;
  /** Removes the home; the model server and the working folder too, unless it is a copy. */
  readonly dispose: () => Promise<void>;
};

/** How to start Codex on a home. */
export type LaunchOptions = {
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Working folder instead of the home's own. */
  readonly cwd?: string | undefined;
  /** More arguments for the app-server. */
  readonly args?: readonly string[] | undefined;
};

/** How a `codex` command ended. */
export type RunResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Makes an empty Codex home whose current provider is `provider`. */
export function makeHome(provider = "mock"): TestHome {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-codex-" }));
  const work = `${root}/work`;
  Deno.mkdirSync(work);
  const model = startModelServer();
  const home = homeAt(`${root}/home`, work, model, async () => {
    await model.close();
    Deno.removeSync(root, { recursive: true });
  });
  Deno.mkdirSync(home.path);
  home.configure(provider);
  return home;
}

/** Runs `work` on a fresh home and removes the home afterwards. */
export async function withHome<T>(provider: string, work: (home: TestHome) => Promise<T>): Promise<T> {
  return await disposing(makeHome(provider), work);
}

/** Runs `work` on a copy of a home and removes the copy afterwards. */
export async function withCopy<T>(home: TestHome, work: (copy: TestHome) => Promise<T>): Promise<T> {
  return await disposing(await home.copy(), work);
}

/** Runs `work` with an app-server on the home, which has ended when this resolves. */
export async function withServer<T>(home: TestHome, work: (server: AppServer) => Promise<T>): Promise<T> {
  const server = await home.serve();
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

async function disposing<T>(home: TestHome, work: (home: TestHome) => Promise<T>): Promise<T> {
  try {
    return await work(home);
  } finally {
    await home.dispose();
  }
}

function homeAt(path: string, work: string, model: ModelServer, dispose: () => Promise<void>): TestHome {
  return {
    path,
    work,
    model,
    dispose,
    configure: (provider, rootKeys = "", declared = PROVIDERS) =>
      Deno.writeTextFileSync(`${path}/config.toml`, configText(model, provider, rootKeys, declared)),
    serve: ({ env, cwd = work, args } = {}) => startAppServer({ home: path, cwd, env, args }),
    run: (args, options = {}) => runCodex(path, args, { cwd: work, ...options }),
    copy: async () => {
      const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-codex-" }));
      await copyTree(path, `${root}/home`);
      relocateRows(path, `${root}/home`);
      return homeAt(`${root}/home`, work, model, () => Deno.remove(root, { recursive: true }));
    },
  };
}

function configText(
  model: ModelServer,
  provider: string,
  rootKeys: string,
  declared: readonly string[],
): string {
  const lines = [
    'model = "gpt-5"',
    `model_provider = ${JSON.stringify(provider)}`,
    `openai_base_url = ${JSON.stringify(model.baseUrl("openai"))}`,
    'approval_policy = "never"',
    'sandbox_mode = "danger-full-access"',
    "check_for_update_on_startup = false",
    rootKeys,
    "[analytics]",
    "enabled = false",
  ];
  for (const id of new Set([...declared, provider]).values().filter((id) => id !== "openai")) {
    lines.push(
      `[model_providers.${id}]`,
      `name = "${id}"`,
      `base_url = ${JSON.stringify(model.baseUrl(id))}`,
    );
    lines.push('wire_api = "responses"');
  }
  return lines.join("\n") + "\n";
}

async function runCodex(home: string, args: readonly string[], options: LaunchOptions): Promise<RunResult> {
  Deno.mkdirSync(`${home}/user`, { recursive: true });
  const { code, stdout, stderr } = await new Deno.Command(await codexBinary(), {
    args: [...args],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: codexEnvironment(home, options.env),
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function copyTree(from: string, to: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
  if (!success) throw new Error(`cannot copy "${from}": ${new TextDecoder().decode(stderr)}`);
}
