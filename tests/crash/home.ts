/** A small Codex home with one of everything a writing command changes, and a way to run commands on it. */
import fs from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { runIn } from "../../lib/cli/run.ts";
import { COMMANDS } from "../../lib/cli/registry.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { compressZstd } from "../../lib/system/zstd.ts";

/** The provider the threads of the home belong to, and the one they are to be given. */
export const OLD = "mock";
/** See {@link OLD}. */
export const NEW = "relay";

/** Name of the state database in the home. */
export const DATABASE = "state_5.sqlite";
/** Name of the database beside it that some homes have. */
export const HISTORY = "thread_history_1.sqlite";

const DAY = "sessions/2026/01/05";
const TIME = "2026-01-05T10:00:00.000Z";
/** 2026-01-05T10:00:00.123Z; every file gets a time of its own, with odd milliseconds. */
const BASE_MS = 1_767_607_200_123;

/** The id of thread `n`. */
export function threadId(n: number): string {
  return `019b8d00-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

/** The rollout of thread `n` below the home, where it is an active, plain one. */
export function rolloutOf(n: number): string {
  return `${DAY}/rollout-2026-01-05T10-00-0${n}-${threadId(n)}.jsonl`;
}

interface Fixture {
  readonly n: number;
  readonly path: string;
  readonly mode: "legacy" | "paginated";
  readonly provider: string;
  /** What the file says later on, and the row, where that is another one. */
  readonly later?: string;
  readonly fileMode?: number;
  readonly zstd?: boolean;
  readonly segment?: boolean;
}

const FIXTURES: readonly Fixture[] = [
  { n: 1, path: rolloutOf(1), mode: "paginated", provider: OLD },
  { n: 2, path: rolloutOf(2), mode: "legacy", provider: OLD, fileMode: 0o640 },
  {
    n: 3,
    path: `archived_sessions/rollout-2026-01-05T10-00-03-${threadId(3)}.jsonl`,
    mode: "paginated",
    provider: OLD,
  },
  { n: 4, path: rolloutOf(4), mode: "paginated", provider: OLD },
  {
    n: 4,
    path: `${DAY}/rollout-2026-01-05T10-00-09-${threadId(4)}_${threadId(44)}.jsonl`,
    mode: "paginated",
    provider: OLD,
    segment: true,
  },
  { n: 5, path: `${rolloutOf(5)}.zst`, mode: "paginated", provider: OLD, zstd: true },
  { n: 6, path: rolloutOf(6), mode: "legacy", provider: NEW, fileMode: 0o644 },
  // Only a line is to be appended here, and only that line to be taken away again.
  { n: 7, path: rolloutOf(7), mode: "paginated", provider: NEW, later: OLD },
];

/** Makes the home at `home`, whose parent exists; `provider` is the one in use there. */
export function buildHome(home: string, provider: string): void {
  for (const folder of ["", DAY, "archived_sessions", "thread-writer-locks"]) {
    Deno.mkdirSync(`${home}/${folder}`, { recursive: true, mode: 0o700 });
  }
  Deno.writeTextFileSync(`${home}/thread-writer-locks/.coordination.lock`, "");
  writeAs(`${home}/config.toml`, configText(provider), 0o600, BASE_MS);
  writeAs(`${home}/auth.json`, '{"OPENAI_API_KEY":null}\n', 0o600, BASE_MS + 1);
  for (const fixture of FIXTURES) {
    const text = new TextEncoder().encode(rolloutText(fixture));
    const bytes = fixture.zstd ? compressZstd(text) : text;
    writeAs(`${home}/${fixture.path}`, bytes, fixture.fileMode ?? 0o600, BASE_MS + 1000 * fixture.n + 7);
  }
  makeDatabase(home);
}

function writeAs(path: string, content: string | Uint8Array, mode: number, mtimeMs: number): void {
  Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  if (Deno.build.os !== "windows") Deno.chmodSync(path, mode);
  setTime(path, mtimeMs);
}

/** Sets the time of a file to whole milliseconds. */
export function setTime(path: string, mtimeMs: number): void {
  // A microsecond more: a fraction of seconds is cut, not rounded.
  fs.utimesSync(path, (mtimeMs + 0.001) / 1000, (mtimeMs + 0.001) / 1000);
}

function configText(provider: string): string {
  return [
    "# mine, and to be kept",
    'model = "gpt-5"',
    `model_provider = ${JSON.stringify(provider)}`,
    "",
    `[model_providers.${OLD}]`,
    `name = "${OLD}"`,
    'base_url = "http://127.0.0.1:9/"',
    `[model_providers.${NEW}]`,
    `name = "${NEW}"`,
    'base_url = "http://127.0.0.1:9/"',
    'model = "gpt-5-relay"',
    "",
  ].join("\n");
}

function rolloutText({ n, mode, provider, later = provider, segment }: Fixture): string {
  const id = threadId(n);
  const lines: object[] = [
    metaLine(id, mode, provider, segment === true),
    settingsLine(1, mode, later),
    ...Array.from({ length: 3 }, (_, k) => messageLine(2 + k, mode, `message ${k} of thread ${n}`)),
  ];
  // Legacy threads repeat the first line when their metadata change.
  if (mode === "legacy") lines.push(metaLine(id, mode, provider, false));
  return lines.map((line) => JSON.stringify(line) + "\n").join("");
}

function metaLine(id: string, mode: "legacy" | "paginated", provider: string, segment: boolean): object {
  const more = mode === "paginated" ? { session_id: id, history_mode: mode } : {};
  const base = segment ? { history_base: { thread_id: id, end_ordinal_exclusive: 3 } } : {};
  const payload = {
    id,
    ...more,
    timestamp: TIME,
    cwd: "/work/shop",
    originator: "codex_cli_rs",
    cli_version: "0.169.0",
    source: "cli",
    model_provider: provider,
    ...base,
  };
  return { timestamp: TIME, ...ordinal(mode, 0), type: "session_meta", payload };
}

function settingsLine(at: number, mode: "legacy" | "paginated", provider: string): object {
  const thread_settings = {
    model: "gpt-5",
    model_provider_id: provider,
    approval_policy: "on-request",
    approvals_reviewer: "user",
    permission_profile: { type: "managed" },
    cwd: "/work/shop",
    collaboration_mode: { mode: "default" },
  };
  const payload = { type: "thread_settings_applied", thread_settings };
  return { timestamp: TIME, ...ordinal(mode, at), type: "event_msg", payload };
}

/** A line as a session appends it. */
export function messageLine(at: number, mode: "legacy" | "paginated", message: string): object {
  return {
    timestamp: TIME,
    ...ordinal(mode, at),
    type: "event_msg",
    payload: { type: "user_message", message },
  };
}

function ordinal(mode: "legacy" | "paginated", at: number): object {
  return mode === "paginated" ? { ordinal: at } : {};
}

function makeDatabase(home: string): void {
  const database = new DatabaseSync(`${home}/${DATABASE}`);
  try {
    database.exec("pragma journal_mode = wal");
    database.exec(
      "create table threads (id text primary key, rollout_path text not null, created_at integer not null, " +
        "updated_at integer not null, source text not null, model_provider text not null, cwd text not null, " +
        "title text not null default '', archived integer not null default 0, preview text not null default '')",
    );
    database.exec("create index threads_by_provider on threads(model_provider, updated_at)");
    const insert = database.prepare(
      "insert into threads (id, rollout_path, created_at, updated_at, source, model_provider, cwd, archived, preview) " +
        "values (?, ?, 1767607200, 1767607200, 'cli', ?, '/work/shop', ?, 'hello')",
    );
    for (const { n, path, provider, later = provider, segment } of FIXTURES) {
      if (segment) continue;
      insert.run(threadId(n), `${home}/${path}`, later, path.startsWith("archived") ? 1 : 0);
    }
  } finally {
    database.close();
  }
}

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line on a home in this process, with the files of `disk`. */
export async function runOn(
  home: string,
  disk: Disk,
  argv: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  const printed = { out: "", err: "" };
  const world = {
    commands: COMMANDS,
    machine: { ...realMachine(), disk, env: () => undefined },
    terminal: {
      out: { isTerminal: false, write: (text: string) => void (printed.out += text) },
      err: { isTerminal: false, write: (text: string) => void (printed.err += text) },
      inIsTerminal: false,
      width: 100,
      readLine: () => Promise.resolve(null),
    },
    versions: { codexkeep: "0", deno: "0", v8: "0", platform: "test", sqlite: () => Promise.resolve(null) },
  };
  const code = await runIn(world, [...argv, "--codex-home", home], signal);
  return { code, ...printed };
}

/** Runs a command line on the real disk; again when a Codex that is starting elsewhere on the machine is in its way. */
export async function runUndisturbed(home: string, argv: readonly string[]): Promise<Ran> {
  for (let attempt = 1;; attempt++) {
    const ran = await runOn(home, realDisk, argv);
    if (ran.code !== 3 || attempt === 10) return ran;
  }
}
