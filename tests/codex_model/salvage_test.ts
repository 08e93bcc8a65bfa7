import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../lib/core/error.ts";
import { type DamagedTables, type Known, readKnown } from "../../lib/codex/salvage.ts";
import { mergeSalvage, PINNED_SECTION } from "../../lib/codex/salvage_merge.ts";
import { KNOWN_CODEX, type Migration, migrationFaults } from "../../lib/codex/migrations.ts";
import { assert, assertEquals } from "../assert.ts";

const SCHEMA = `
  create table threads (id text primary key, name text, is_pinned integer not null default 0, thread_section_id text,
    section_position integer, section_entered_at_ms integer, project_id text,
    memory_mode text not null default 'enabled', git_sha text, git_branch text, git_origin_url text);
  create table thread_sections (id text primary key, name text not null, appearance text);
  create table projects (id text primary key, name text not null, position integer not null);
  create table project_roots (project_id text, position integer, path text, primary key (project_id, position));
  create table thread_spawn_edges (parent_thread_id text, child_thread_id text primary key, status text);
  create table thread_attachments (id text primary key, thread_id text, attachment_type text, identity_key text,
    payload text, created_at integer);
  create table thread_read_receipts (thread_id text primary key, first_unread_turn text, revision text);
  insert into thread_sections (id, name) values ('${PINNED_SECTION}', 'Pinned');`;

/** What a database of this content knows; rows of `threads` in the range `bad` cannot be read. */
function known(sql: string, from = "backup", bad?: readonly [number, number]): Known {
  const database = new DatabaseSync(":memory:");
  try {
    database.exec(SCHEMA + sql);
    const tables: DamagedTables = {
      columns: (table) =>
        database.prepare("select name from pragma_table_info(?)").all(table).map(({ name }) => String(name)),
      all: (query, ...params) => {
        const [low, high] = [Number(params[0] ?? 0), Number(params[1] ?? Infinity)];
        const meets = bad !== undefined && /from "threads"/.test(query) && low <= bad[1] && high >= bad[0];
        if (meets && !query.includes("max(")) throw new AppError("database-malformed", "bad page");
        return database.prepare(query).all(...params);
      },
    };
    return readKnown(from, tables);
  } finally {
    database.close();
  }
}

const IDS = new Set(["a", "b", "c"]);
const EMPTY = "insert into threads (id) values ('a'), ('b'), ('c');";

Deno.test("readKnown() reads only threads with something to tell", () => {
  const { threads, whole } = known(`${EMPTY} update threads set git_branch = 'main' where id = 'b';`);
  assertEquals([[...threads.keys()], whole], [["b"], true]);
});

Deno.test("readKnown() reads the rows around damage, and says that something is missing", () => {
  const rows = Array.from({ length: 200 }, (_, i) => `('t${i + 1}', 'n')`).join();
  const { threads, whole } = known(`insert into threads (id, name) values ${rows};`, "backup", [57, 61]);
  assertEquals([threads.size, whole, threads.has("t56"), threads.has("t57"), threads.has("t62")], [
    195,
    false,
    true,
    false,
    true,
  ]);
});

Deno.test("readKnown() gives up on a table of which nothing can be read, in reasonable time", () => {
  const before = Date.now();
  assertEquals(known("", "backup", [0, Infinity]).threads.size, 0);
  assert(Date.now() - before < 2000);
});

Deno.test("readKnown() says nothing of a database without the tables, nor of older columns", () => {
  const none = readKnown("x", { columns: () => [], all: () => [] });
  assertEquals([none.threads.size, none.tables.projects, none.whole], [0, [], true]);
});

Deno.test("mergeSalvage() puts back what is empty, from the newest backup that knows it, and replaces nothing", () => {
  const live = known(`${EMPTY} update threads set name = 'kept' where id = 'c';`, "live");
  const newer = known(
    "insert into threads (id, name) values ('a', 'newer'), ('c', 'lost'), ('gone', 'x');",
    "newer",
  );
  const older = known(
    "insert into threads (id, name, memory_mode) values ('a', 'older', 'disabled'), ('b', 'b', 'enabled');",
    "older",
  );
  const { rows, entries, kept } = mergeSalvage(live, [newer, older], IDS);
  assertEquals(Object.fromEntries([...rows].map(([id, { cells }]) => [id, cells])), {
    a: { name: { before: null, after: "newer" }, memory_mode: { before: "enabled", after: "disabled" } },
    b: { name: { before: null, after: "b" } },
  });
  assertEquals([entries, kept], [[], 0]);
});

Deno.test("mergeSalvage() takes the columns of a section together, and makes the section again", () => {
  const backup = known(
    `insert into thread_sections values ('s', 'Later', null);
     insert into threads (id, thread_section_id, section_position) values ('a', 's', 5), ('b', '${PINNED_SECTION}', 7);`,
  );
  const { rows, entries } = mergeSalvage(known(EMPTY, "live"), [backup], IDS);
  assertEquals(rows.get("a")?.cells, {
    thread_section_id: { before: null, after: "s" },
    section_position: { before: null, after: 5 },
  });
  assertEquals(rows.get("b")?.cells["thread_section_id"]?.after, PINNED_SECTION);
  assertEquals(entries, [{
    table: "thread_sections",
    row: { id: "s", name: "Later", appearance: null },
    thread: undefined,
  }]);
});

Deno.test("mergeSalvage() uses a section that was made anew under its old name, and none that is unknown", () => {
  const backup = known(
    `insert into thread_sections values ('s', 'Later', null);
     insert into threads (id, thread_section_id) values ('a', 's'), ('b', 'unknown');`,
  );
  const live = known(`${EMPTY} insert into thread_sections values ('n', 'Later', null);`, "live");
  const { rows, entries } = mergeSalvage(live, [backup], IDS);
  assertEquals([[...rows.keys()], rows.get("a")?.cells["thread_section_id"]?.after, entries], [
    ["a"],
    "n",
    [],
  ]);
});

Deno.test("mergeSalvage() brings projects with their folders, and rows about threads that are there", () => {
  const backup = known(
    `insert into projects values ('p', 'Work', 0); insert into project_roots values ('p', 0, '/w');
     insert into thread_spawn_edges values ('a', 'b', 'open'), ('a', 'gone', 'open');
     insert into thread_attachments values ('1', 'a', 'pr', '7', '{}', 1), ('2', 'b', 'pr', '7', '{}', 1);
     insert into thread_read_receipts values ('a', null, 'r'), ('gone', null, 'r');`,
  );
  const live = known(
    `${EMPTY} insert into thread_attachments values ('9', 'b', 'pr', '7', '{}', 1);`,
    "live",
  );
  const { entries } = mergeSalvage(live, [backup], IDS);
  assertEquals(
    entries.map(({ table, row }) =>
      `${table} ${row["id"] ?? row["thread_id"] ?? row["path"] ?? row["child_thread_id"]}`
    ),
    [
      "projects p",
      "project_roots /w",
      "thread_spawn_edges b",
      "thread_attachments 1",
      "thread_read_receipts a",
    ],
  );
});

Deno.test("mergeSalvage() finds nothing more once all is back, and counts what shows it", () => {
  const full =
    `insert into threads (id, name, thread_section_id) values ('a', 'n', '${PINNED_SECTION}'), ('b', null, null);`;
  const { rows, entries, kept } = mergeSalvage(known(full, "live"), [known(full)], new Set(["a", "b"]));
  assertEquals([rows.size, entries.length, kept], [0, 0, 2]);
});

Deno.test("mergeSalvage() leaves out what the live database has no place for", () => {
  const live: Known = { ...known(EMPTY, "live"), columns: ["id", "name"] };
  const bare: Known = { ...live, tableColumns: { ...live.tableColumns, projects: [] } };
  const backup = known(
    "insert into projects values ('p', 'Work', 0); insert into threads (id, project_id) values ('a', 'p');",
  );
  const { rows, entries } = mergeSalvage(bare, [backup], IDS);
  assertEquals([rows.size, entries], [0, []]);
});

Deno.test("migrationFaults() tells unfinished, foreign and missing steps, and takes unknown ones as they are", () => {
  const step = (version: number, checksum: string, success = true): Migration => ({
    version,
    description: "x",
    success,
    checksum,
  });
  const first = step(1, "627EF19164C9BB298A0CD99945981C9B");
  const faults = migrationFaults([
    first,
    step(2, "00"),
    step(4, "8ADC251366E4C7E5AA", false),
    step(99, "00"),
  ]);
  assertEquals(faults.unfinished.map(({ version }) => version), [4]);
  assertEquals(faults.foreign.map(({ version }) => version), [2]);
  assertEquals(faults.missing, [3]);
  assertEquals(migrationFaults([first]), { unfinished: [], foreign: [], missing: [] });
  assertEquals([migrationFaults([]).missing, KNOWN_CODEX], [[], "0.169"]);
});
