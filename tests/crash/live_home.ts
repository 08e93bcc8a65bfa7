/** A home at work: sessions that another program goes on with, and every command with something to do for it. */
import { DatabaseSync } from "node:sqlite";
import { assert } from "../assert.ts";
import { findBelow, type Mode } from "./appender.ts";
import { talk, type ThreadSpec } from "../home.ts";
import { CONFIG, type MadeThread, makeHome } from "../scripts/homes.ts";
import { commandLine, environment, run, runJson } from "../scripts/program.ts";

/** The providers that threads are moved between. */
export const PROVIDERS = ["relay", "custom"] as const;

const DATABASE = "state_5.sqlite";
const AT_WORK = 7;

/** The first ones are written to; of the rest nobody touches the files. */
const THREADS: readonly ThreadSpec[] = [
  { provider: "openai", name: "written to" },
  { provider: "openai", mode: "legacy", extraMeta: ["openai"] },
  { provider: "openai", archived: true },
  { provider: "openai", turns: talk("one", "two"), reverts: [{ keep: 1, turns: talk("three") }] },
  { provider: "custom", source: "cli", cwd: "/work/other" },
  { provider: { firstLine: "relay", settings: "openai", row: "openai" }, pinned: true },
  { provider: "openai", mode: "legacy", source: "exec" },
  { provider: "openai", name: "silent" },
  { provider: "openai", mode: "legacy" },
  { provider: "openai", archived: true },
  { provider: "openai", compressed: true },
  { provider: "openai", turns: talk("a", "b"), reverts: [{ keep: 1 }] },
];

/** A home, the folder it is in, and what is done to it. */
export interface LiveHome {
  readonly root: string;
  readonly home: string;
  readonly threads: readonly MadeThread[];
  /** The files that are written to, the newest one of each thread. */
  readonly files: readonly string[];
  /** Ids of the threads they belong to. */
  readonly written: readonly string[];
  /** The writer puts new files in place of its own, so that moving one by hand could overwrite what came meanwhile. */
  readonly rotates: boolean;
}

/** Makes the home in a new folder and gives it a first record. */
export async function makeLiveHome(mode: Mode): Promise<LiveHome> {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-live-" }));
  const home = `${root}/home`;
  const threads = makeHome(home, THREADS, CONFIG);
  const { code, stderr } = await run(["sync", "--provider", "relay", "--apply"], { home });
  assert(code === 0, `the first run ended with ${code}: ${stderr}`);
  const atWork = threads.slice(0, AT_WORK);
  const files = atWork.map((thread) => `${home}/${thread.files.at(-1)}`);
  return { root, home, threads, files, written: atWork.map(({ id }) => id), rotates: mode === "rotate" };
}

/** A command line, and what is done to the home beforehand so that it has something to do. */
export interface Deed {
  readonly name: string;
  readonly argv: (live: LiveHome, chance: number) => readonly string[];
  readonly before?: (live: LiveHome, chance: number) => void | Promise<void>;
  /** The run is ended by kill -9 on the way, and `recover` follows. */
  readonly killed?: boolean;
  /** It only looks. */
  readonly reads?: boolean;
}

const provider = (chance: number) => PROVIDERS[chance < 0.5 ? 0 : 1];
const apply = (...argv: readonly string[]) => () => [...argv, "--apply"];
const ALL = ["--include-archived", "--include-empty", "--source", "any"];

/** Every command that writes, and every one that reads. */
export const DEEDS: readonly Deed[] = [
  { name: "sync", argv: (_, chance) => ["sync", "--provider", provider(chance), ...ALL, "--apply"] },
  {
    name: "sync --allow-running",
    argv: (_, chance) => ["sync", "--to", provider(chance), "--allow-running", "--apply"],
  },
  { name: "switch", argv: (_, chance) => ["switch", provider(chance), "--apply"] },
  { name: "repair all", argv: apply("repair", "all"), before: breakAll },
  { name: "repair provider", argv: apply("repair", "provider", ...ALL), before: otherProvider },
  { name: "repair archive", argv: apply("repair", "archive", ...ALL), before: splitArchived },
  { name: "repair paths", argv: apply("repair", "paths", ...ALL), before: misplace },
  {
    name: "repair unarchive",
    argv: ({ threads }) => ["repair", "unarchive", "--thread", threads[2]!.id, "--apply"],
    before: archiveAgain,
  },
  { name: "repair preview", argv: apply("repair", "preview", "user-events", ...ALL), before: emptyPreview },
  {
    name: "repair cwd",
    argv: (
      _,
      chance,
    ) => [
      "repair",
      "cwd",
      "--map",
      chance < 0.5 ? "/work/app=/work/new" : "/work/new=/work/app",
      ...ALL,
      "--apply",
    ],
  },
  { name: "repair history", argv: apply("repair", "history", ...ALL), before: shiftHistory },
  { name: "repair index", argv: apply("repair", "index", "ui-state", "backfill", ...ALL), before: dropIndex },
  { name: "repair account", argv: apply("repair", "account", "config", "database", ...ALL) },
  { name: "restore", argv: apply("restore", "latest") },
  { name: "restore --force", argv: apply("restore", "latest", "--force") },
  { name: "restore --originals", argv: apply("restore", "--originals") },
  { name: "apply", argv: ({ root }) => ["apply", `${root}/plan.json`, "--apply"], before: savePlan },
  { name: "recover", argv: (_, chance) => ["switch", provider(chance), "--apply"], killed: true },
  {
    name: "backups prune",
    argv: (_, chance) => ["backups", "prune", "--keep", chance < 0.5 ? "2" : "1", "--apply"],
  },
  { name: "status", argv: () => ["status"], reads: true },
  { name: "diagnose", argv: () => ["diagnose"], reads: true },
  { name: "explain", argv: ({ threads }) => ["explain", threads[3]!.id], reads: true },
  {
    name: "sync --dry-run",
    argv: (_, chance) => ["sync", "--to", provider(chance), "--dry-run"],
    reads: true,
  },
  { name: "backups", argv: (_, chance) => ["backups", chance < 0.5 ? "list" : "verify"], reads: true },
];

/** `count` of the deeds in a random order, each as often as any other. */
export function shuffled(deeds: readonly Deed[], count: number, random: () => number): readonly Deed[] {
  const chosen: Deed[] = [];
  while (chosen.length < count) {
    const rest = [...deeds];
    while (rest.length > 0) chosen.push(...rest.splice(Math.floor(random() * rest.length), 1));
  }
  return chosen.slice(0, count);
}

/** Starts a run and ends it as a crash would. */
export async function killRun(argv: readonly string[], home: string, afterMs: number): Promise<void> {
  const [command = "", ...words] = commandLine({});
  const child = new Deno.Command(command, {
    args: [...words, ...argv],
    clearEnv: true,
    env: environment({ home }),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  await child.status;
  clearTimeout(timer);
}

/** Runs SQL in the state database. */
export function inDatabase(home: string, sql: string, ...values: readonly (string | number)[]): void {
  const database = new DatabaseSync(`${home}/${DATABASE}`);
  try {
    database.prepare(sql).run(...values);
  } finally {
    database.close();
  }
}

function breakAll(live: LiveHome, chance: number): void {
  splitArchived(live);
  emptyPreview(live);
  misplace(live, chance);
  otherProvider(live);
}

function otherProvider({ home }: LiveHome): void {
  inDatabase(home, "update threads set model_provider = 'openai'");
}

function splitArchived({ home, threads }: LiveHome): void {
  for (const n of [0, 2, 8, 9]) {
    inDatabase(home, "update threads set archived = 1 - archived where id = ?", threads[n]!.id);
  }
}

function emptyPreview({ home }: LiveHome): void {
  inDatabase(home, "update threads set preview = '', has_user_event = 0");
}

/** Some rows lead nowhere, and one file that is written to and one that is not lie where Codex does not look. */
function misplace({ home, threads, rotates }: LiveHome, chance: number): void {
  for (const n of [1, 3, 7]) {
    inDatabase(home, "update threads set rollout_path = '/nowhere/x.jsonl' where id = ?", threads[n]!.id);
  }
  const n = chance < 0.5 && !rotates ? 4 : 8;
  const name = nameOf(threads[n]!.files.at(-1) ?? "");
  const found = findBelow(`${home}/sessions`, name);
  if (found !== undefined) Deno.renameSync(found, `${home}/sessions/${name}`);
}

/** The thread goes to the archive, file and row, as Codex puts it there. */
function archiveAgain({ home, threads, rotates }: LiveHome): void {
  if (rotates) return;
  const { id, files } = threads[2]!;
  const name = nameOf(files.at(-1) ?? "");
  const found = findBelow(`${home}/sessions`, name);
  if (found === undefined) return;
  const to = `${home}/archived_sessions/${name}`;
  Deno.renameSync(found, to);
  inDatabase(home, "update threads set archived = 1, rollout_path = ? where id = ?", to, id);
}

function shiftHistory({ home }: LiveHome): void {
  const database = new DatabaseSync(`${home}/thread_history_1.sqlite`);
  try {
    database.exec("update thread_turns set rollout_byte_offset = rollout_byte_offset + 1");
  } finally {
    database.close();
  }
}

function dropIndex({ home }: LiveHome): void {
  Deno.writeTextFileSync(`${home}/session_index.jsonl`, "");
}

async function savePlan({ root, home }: LiveHome, chance: number): Promise<void> {
  try {
    Deno.removeSync(`${root}/plan.json`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const argv = ["sync", "--provider", provider(chance), ...ALL, "--plan-out", `${root}/plan.json`];
  const { code, document } = await runJson(argv, { home });
  assert(code === 0, `no plan: ${JSON.stringify(document.errors)}`);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
