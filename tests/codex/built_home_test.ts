/** The real Codex takes homes of the builder for its own: tables, lists, turns, going on, forks and reverts. */
import { DatabaseSync } from "node:sqlite";
import type { AbsPath } from "../../lib/core/path.ts";
import { buildHome, type BuiltThread } from "../../lib/demo/home.ts";
import { HISTORY_SCHEMA, STATE_SCHEMA } from "../../lib/demo/schema.ts";
import { talk, type ThreadSpec } from "../../lib/demo/spec.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import type { AppServer } from "./app_server.ts";
import { dropIndex } from "./disk.ts";
import { makeHome, type TestHome } from "./home.ts";
import { fork, idsIn, list, LISTS, resume, turn, turns, turnsWithIds } from "./readers.ts";
import { newThread } from "./threads.ts";

const THREADS: readonly ThreadSpec[] = [
  { label: "root", provider: "custom", turns: talk("one", "two", "three"), name: "the root", pinned: true },
  { label: "child", provider: "custom", fork: { of: "root" }, turns: talk("child") },
  { label: "middle", provider: "custom", fork: { of: "root", turns: 2 }, turns: talk("middle") },
  { label: "quiet", provider: "custom", fork: { of: "root" }, turns: [] },
  {
    label: "reverted",
    provider: "custom",
    turns: talk("t1", "t2", "t3"),
    reverts: [{ keep: 2, turns: talk("t3 again") }, { keep: 1, turns: talk("t2 again") }],
  },
  { label: "legacy", provider: "custom", mode: "legacy", turns: talk("l1", "l2"), extraMeta: ["custom"] },
  { label: "legacyChild", provider: "custom", mode: "legacy", fork: { of: "legacy" }, turns: talk("lc") },
  { label: "encrypted", provider: "custom", turns: [{ user: "x", agent: "reply to: x", encrypted: true }] },
  { label: "compressed", provider: "custom", compressed: true, turns: talk("z1", "z2") },
  { label: "big", provider: "custom", instructionsBytes: 20_750, turns: talk("b1") },
  { label: "foreign", provider: "relay", turns: talk("f1") },
  { label: "exec", provider: "custom", source: "exec", turns: talk("e1") },
  { label: "archived", provider: "custom", archived: true, turns: talk("a1") },
];

const NOT_LISTED = ["foreign", "exec", "archived"];

Deno.test("buildHome() makes what the real Codex takes for its own", async (test) => {
  const home = makeHome("custom");
  try {
    const own = await makeTables(home);
    await test.step("the tables are those of Codex, to the column", () => checkTables(home));
    const built = fill(home);
    const server = await home.serve();
    try {
      await test.step("every list shows what it should", () => checkLists(server, built, own));
      await test.step("every thread shows its turns before it is opened", () => checkTurns(server, built));
      for (const thread of built.filter(({ label }) => label !== "archived")) {
        await test.step(`${thread.label} opens, goes on, is forked and reverted`, () =>
          checkOpening(home, server, thread));
      }
    } finally {
      await server.close();
    }
  } finally {
    await home.dispose();
  }
});

Deno.test("buildHome() makes rollouts from which the real Codex makes its own databases", async () => {
  const home = makeHome("custom");
  try {
    const built = fill(home, "create");
    dropIndex(home.path);
    Deno.removeSync(`${home.path}/thread_history_1.sqlite`);
    const server = await home.serve();
    try {
      // A fork without a turn of its own has no preview then, so the index leaves it out.
      const listed = built.filter(({ label = "" }) => ![...NOT_LISTED, "quiet"].includes(label));
      assertEquals(await idsIn(server, "index"), listed.map(({ id }) => id).sort());
      for (const thread of listed) {
        assert((await resume(server, thread.id)).ok, thread.label);
        // Opening a thread reads its newest file again, but not the older segments it continues.
        const expected = expectedTurns(thread).slice(thread.label === "reverted" ? 1 : 0);
        assertEquals(await turns(server, thread.id), expected, thread.label);
      }
    } finally {
      await server.close();
    }
  } finally {
    await home.dispose();
  }
});

/** Lets Codex make its databases, by a thread of its own. */
async function makeTables(home: TestHome): Promise<string> {
  const server = await home.serve();
  try {
    return await newThread(server, { messages: ["its own"] });
  } finally {
    await server.close();
  }
}

function fill(home: TestHome, tables: "present" | "create" = "present"): readonly BuiltThread[] {
  const threads = THREADS.map((spec) => ({ cwd: home.work, ...spec }));
  return buildHome(realDisk, home.path as AbsPath, { config: false, threads, database: { tables } }).threads;
}

function checkTables(home: TestHome): void {
  const pairs = [["state_5.sqlite", STATE_SCHEMA], ["thread_history_1.sqlite", HISTORY_SCHEMA]] as const;
  for (const [file, schema] of pairs) {
    const ours = new DatabaseSync(":memory:");
    const theirs = new DatabaseSync(`${home.path}/${file}`, { readOnly: true });
    try {
      for (const sql of schema) ours.exec(sql);
      const made = objectsOf(ours);
      const tables = new Set([...made.values()].map(({ table }) => table));
      const real = new Map([...objectsOf(theirs)].filter(([, { table }]) => tables.has(table)));
      assertEquals([...made.keys()].sort(), [...real.keys()].sort());
      for (const [name, { sql }] of made) assertEquals(sql, real.get(name)?.sql, name);
      for (const table of tables) assertEquals(columnsOf(ours, table), columnsOf(theirs, table), table);
    } finally {
      ours.close();
      theirs.close();
    }
  }
}

/** Tables without their text (Codex's grew by migrations), indexes and triggers with it, white space aside. */
function objectsOf(database: DatabaseSync): Map<string, { table: string; sql: string }> {
  const rows = database.prepare(
    "select type, name, tbl_name, sql from sqlite_master where name not like 'sqlite_%'",
  ).all();
  return new Map(rows.map((row) => [
    String(row["name"]),
    {
      table: String(row["tbl_name"]),
      sql: row["type"] === "table" ? "" : String(row["sql"]).replaceAll(/\s+/g, "").toLowerCase(),
    },
  ]));
}

function columnsOf(database: DatabaseSync, table: string): string[] {
  return database.prepare(`pragma table_info("${table}")`).all().map((row) => JSON.stringify(row));
}

async function checkLists(server: AppServer, built: readonly BuiltThread[], own: string): Promise<void> {
  const ids = (...labels: readonly string[]) =>
    built.filter(({ label = "" }) => labels.includes(label)).map(({ id }) => id);
  const current = built.filter(({ label = "" }) => !NOT_LISTED.includes(label)).map(({ id }) => id);
  assertEquals(await idsIn(server, "index"), [...current, own].sort());
  assertEquals(
    await idsIn(server, "scan"),
    [...current, ...ids("reverted", "reverted"), ...ids("reverted"), own].sort(),
  );
  assertEquals(await idsIn(server, "indexAll"), [...current, ...ids("foreign"), own].sort());
  assertEquals(await idsIn(server, "archivedScan"), ids("archived"));
  assertEquals(await idsIn(server, "archivedIndex"), ids("archived"));
  const shown = await list(server, LISTS.index);
  const [root] = ids("root");
  assertEquals(shown.find(({ id }) => id === root)?.name, "the root");
}

async function checkTurns(server: AppServer, built: readonly BuiltThread[]): Promise<void> {
  for (const thread of built) {
    assertEquals(await turns(server, thread.id), expectedTurns(thread), thread.label);
  }
}

/** Going on shows that the model is sent the right past; forks and reverts, that offsets and ordinals are right. */
async function checkOpening(home: TestHome, server: AppServer, thread: BuiltThread): Promise<void> {
  const provider = thread.label === "foreign" ? "relay" : "custom";
  const opened = await resume(server, thread.id);
  assert(opened.ok, thread.label);
  assertEquals(opened.provider, provider);
  assertEquals(await turn(server, thread.id, "more"), "completed");
  const request = home.model.requests.at(-1);
  assertEquals(request?.provider, provider);
  assertEquals(request?.userTexts, [...thread.turns.map(({ user }) => user), "more"]);
  assertEquals(request?.assistantTexts, thread.turns.map(({ agent }) => agent));
  assertEquals(request?.encrypted.length, thread.label === "encrypted" ? 1 : 0);
  const all = [...expectedTurns(thread), "completed: more > reply to: more"];
  const child = await fork(server, thread.id);
  assert(child.ok, thread.label);
  assertEquals(await turns(server, child.id), all);
  if (thread.label?.startsWith("legacy")) return;
  const last = (await turnsWithIds(server, thread.id)).at(-2);
  if (last === undefined || thread.turns.length < 2) return;
  await server.call("thread/revert", { threadId: thread.id, beforeTurnId: last.id });
  assertEquals(await turns(server, thread.id), all.slice(0, -2));
}

function expectedTurns({ turns }: BuiltThread): string[] {
  return turns.map(({ user, agent }) => `completed: ${user} > ${agent}`);
}
