/**
 * A program that goes on changing rows of a state database while somebody else changes them, too. Its argument is JSON,
 * see {@link RowWriting}; it says `ready`, works until its standard input ends and prints {@link RowsWritten}.
 */
import { DatabaseSync } from "node:sqlite";
import { randomFrom } from "./appender.ts";

/** What the program is to do. */
export interface RowWriting {
  readonly database: string;
  /** Ids of the threads whose rows it gives one new provider after the other; nobody else gives out these names. */
  readonly threads: readonly string[];
  /** Beginning of the names it gives. */
  readonly name: string;
  /** Keeps its connection, as Codex does, or has one for every transaction only. */
  readonly stays: boolean;
  readonly silenceMs: number;
  readonly seed: number;
}

/** What it did and saw. */
export interface RowsWritten {
  readonly transactions: number;
  /** Rows that it added, by id. */
  readonly added: readonly string[];
  /** Values of its own that it found replaced, and by what. */
  readonly replaced: readonly { readonly thread: string; readonly was: string; readonly is: string }[];
  /** Rows that were gone. */
  readonly gone: readonly string[];
  /** How often the database was not sound. */
  readonly unsound: number;
  readonly checks: number;
}

const CHECK_EVERY = 100;
const ADD_EVERY = 20;
const BUSY_MS = 20_000;

if (import.meta.main) {
  const writing = JSON.parse(Deno.args[0] ?? "") as RowWriting;
  const random = randomFrom(writing.seed);
  const kept = writing.stays ? open(writing) : undefined;
  say("ready");
  let stopped = false;
  Deno.stdin.read(new Uint8Array(1)).then(() => stopped = true);
  const last = new Map<string, string>();
  const done = {
    transactions: 0,
    added: [] as string[],
    replaced: [] as RowsWritten["replaced"][number][],
    gone: [] as string[],
    unsound: 0,
    checks: 0,
  };
  while (!stopped) {
    const database = kept ?? open(writing);
    const thread = writing.threads[Math.floor(random() * writing.threads.length)] ?? "";
    database.exec("begin immediate");
    const row = database.prepare("select model_provider as provider from threads where id = ?").get(thread);
    const [was, is] = [last.get(thread), String(row?.["provider"])];
    if (row === undefined) done.gone.push(thread);
    else if (was !== undefined && was !== is) done.replaced.push({ thread, was, is });
    const name = `${writing.name}-${done.transactions}`;
    database.prepare("update threads set model_provider = ? where id = ?").run(name, thread);
    last.set(thread, name);
    if (done.transactions % ADD_EVERY === 0) {
      done.added.push(addRow(database, writing, thread, done.added.length));
    }
    database.exec("commit");
    if (++done.transactions % CHECK_EVERY === 0) {
      done.checks++;
      const check = database.prepare("pragma integrity_check").get();
      if (check?.["integrity_check"] !== "ok") done.unsound++;
    }
    if (kept === undefined) database.close();
    await new Promise((resolve) => setTimeout(resolve, random() * writing.silenceMs));
  }
  kept?.close();
  say(JSON.stringify(done));
}

function open({ database }: RowWriting): DatabaseSync {
  const connection = new DatabaseSync(database, { timeout: BUSY_MS });
  connection.exec("pragma synchronous = normal");
  return connection;
}

/** A thread that begins meanwhile; its file is not there yet. */
function addRow(database: DatabaseSync, { name }: RowWriting, like: string, number: number): string {
  const columns = database.prepare("select name from pragma_table_info('threads')").all().map((row) =>
    String(row["name"])
  ).filter((column) => column !== "id" && column !== "rollout_path");
  const id = `019c0000-0000-7000-8000-${
    [...name].reduce((sum, one) => sum + one.charCodeAt(0), 0).toString(16).padStart(4, "0").slice(-4)
  }${number.toString(16).padStart(8, "0")}`;
  const list = columns.map((column) => `"${column}"`).join(", ");
  database.prepare(
    `insert into threads (id, rollout_path, ${list}) select ?, rollout_path || '.next', ${list} from threads where id = ?`,
  ).run(id, like);
  return id;
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
}
