/** Codex homes for the scripts: small, made in a moment, the same every time. */
import { DatabaseSync } from "node:sqlite";
import type { AbsPath } from "../../lib/core/path.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { buildHome } from "../../lib/demo/home.ts";
import { talk, type ThreadSpec } from "../home.ts";

/** A thread of a home that was made. */
export interface MadeThread {
  readonly id: string;
  /** Paths in the home, oldest first. */
  readonly files: readonly string[];
}

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5, 10);

/** The configuration of the homes below: comments in odd places, two custom providers, the second one in use. */
export const CONFIG = `# my settings
model = "gpt-5"          # the big one
model_provider = "relay" # was openai

[model_providers.custom]
name = "Custom"
base_url = "http://127.0.0.1:9/v1"

[model_providers.relay]
name = "Relay"
base_url = "http://127.0.0.1:9/v1"
model = "relay-large"

[projects."/work/app"]
trust_level = "trusted"
`;

/** The homes that scripts can name. Thread `n` was begun on day `n` from 2026-01-05 on. */
export const HOMES: Readonly<Record<string, readonly ThreadSpec[]>> = {
  /** No thread at all. */
  bare: [],
  /** One thread of another provider, nothing else: the smallest thing to repair. */
  one: [{ provider: "openai" }],
  /** The history of somebody who changed the provider, in every form Codex keeps it. */
  vanished: [
    { provider: "openai", name: "my named thread" },
    { provider: "custom", source: "cli", cwd: "/work/other", pinned: true },
    { provider: "openai", mode: "legacy", source: "exec", extraMeta: ["openai"] },
    { provider: "relay" },
    { provider: "openai", archived: true },
    { provider: "openai", turns: [{ user: "think", agent: "42", encrypted: true }] },
    { provider: "openai", mode: "legacy", content: toCrlf },
    { provider: "openai", compressed: true },
    { provider: "openai", turns: talk("one", "two"), reverts: [{ keep: 1, turns: talk("three") }] },
  ],
  /** The copies of the provider contradict each other. */
  torn: [
    { provider: { firstLine: "relay", settings: "relay", row: "openai" } },
    { provider: { firstLine: "openai", settings: "relay", row: "relay" } },
    { provider: "openai", row: false },
    { provider: "gone" },
    { provider: { firstLine: "openai", settings: null, row: "openai" }, cells: { preview: "" } },
  ],
};

function toCrlf(bytes: Uint8Array): Uint8Array {
  return new TextEncoder().encode(new TextDecoder().decode(bytes).replaceAll("\n", "\r\n"));
}

/** Id of thread `n`, from 1; its first eight characters are its own. */
function threadId(n: number): string {
  return `019b0${n.toString(16).padStart(3, "0")}-0000-7000-8000-00000000000a`;
}

/** Makes a home of threads in the folder `path`, which must not exist. */
export function makeHome(
  path: string,
  threads: readonly ThreadSpec[],
  config = CONFIG,
): readonly MadeThread[] {
  const dated = threads.map((spec, index) => ({
    id: threadId(index + 1),
    atMs: START + (index + 1) * DAY,
    cwd: "/work/app",
    ...spec,
  }));
  const home = buildHome(realDisk, path as AbsPath, { config: false, threads: dated });
  Deno.writeTextFileSync(`${path}/config.toml`, config);
  return home.threads.map(({ id, files }) => ({ id, files: files.map((file) => file.path) }));
}

/** Every row of the threads table, as text that can be compared. Looks at a copy, so as to leave no trace. */
export function rowsOf(path: string): string[] {
  const folder = Deno.makeTempDirSync();
  try {
    for (const side of ["", "-wal"]) {
      try {
        Deno.copyFileSync(path + side, `${folder}/copy${side}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    const database = new DatabaseSync(`${folder}/copy`);
    try {
      return database.prepare("select * from threads order by id").all().map((row) => JSON.stringify(row));
    } finally {
      database.close();
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
