import { DatabaseSync } from "node:sqlite";
import { changeStatement } from "../../lib/codex/statements.ts";
import {
  SCHEMA_QUERY,
  type SchemaObject,
  schemaProblem,
  STATE_DATABASE_NAME,
  threadsQuery,
  toThreadRow,
} from "../../lib/codex/threads.ts";
import type { ThreadRow } from "../../lib/core/snapshot.ts";
import { assertEquals, assertMatch } from "../assert.ts";

const COLUMNS = [
  "id text primary key",
  "rollout_path text not null",
  "created_at integer not null",
  "updated_at integer not null",
  "source text not null",
  "model_provider text not null",
  "cwd text not null",
  "archived integer not null default 0",
  "preview text not null default ''",
  "created_at_ms integer",
  "updated_at_ms integer",
];

/** What the gate says of a database made by these statements. */
function gate(...statements: readonly string[]): string | undefined {
  return withDatabase(statements, (database) => {
    const columns = database.prepare("select name from pragma_table_info('threads')").all();
    const objects = database.prepare(SCHEMA_QUERY).all() as unknown as SchemaObject[];
    return schemaProblem(objects, columns.map(({ name }) => String(name)));
  });
}

function withDatabase<T>(statements: readonly string[], use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(":memory:");
  try {
    for (const statement of statements) database.exec(statement);
    return use(database);
  } finally {
    database.close();
  }
}

function table(columns: readonly string[] = COLUMNS): string {
  return `create table threads (${columns.join(", ")})`;
}

const without = (name: string) => COLUMNS.filter((column) => !column.startsWith(`${name} `));

Deno.test("schemaProblem() has nothing against the table, with more columns, indexes and other tables", () => {
  assertEquals(gate(table()), undefined);
  assertEquals(
    gate(
      table([...COLUMNS, "future text", "another"]),
      "create index i on threads (model_provider)",
      "create table other (id)",
      "create view v as select * from threads",
    ),
    undefined,
  );
});

Deno.test("schemaProblem() misses columns that rows cannot be read or changed without", () => {
  for (const name of ["id", "rollout_path", "model_provider", "cwd", "source", "archived", "updated_at"]) {
    assertMatch(gate(table(without(name))) ?? "", new RegExp(`no column "${name}"`));
  }
  assertMatch(gate(table(["x text"])) ?? "", /"id", "rollout_path"/);
});

Deno.test("schemaProblem() refuses a view, or nothing, in the place of the table", () => {
  assertMatch(gate("create table t (id)", "create view threads as select * from t") ?? "", /is a view/);
  assertMatch(gate("create table other (id)") ?? "", /no table of threads/);
});

Deno.test("schemaProblem() refuses triggers that a change of a row would set off", () => {
  const bodies = [
    "after update on threads begin select 1; end",
    "before update on threads begin delete from threads; end",
    "after update of model_provider on threads begin select 1; end",
    "after update of cwd, model_provider on threads begin select 1; end",
    'after update of "model_provider" on threads begin select 1; end',
    "after update of [cwd] on threads begin select 1; end",
    "AFTER\n UPDATE\tOF\n  Model_Provider\n ON threads BEGIN SELECT 1; END",
    "update on threads begin insert into log values (1); end",
    "after update of id on threads for each row when new.cwd <> '' begin select 1; end",
    "after update of rollout_path on threads begin select 1; end",
  ];
  for (const body of bodies) {
    assertMatch(gate(table(), "create table log (x)", `create trigger t ${body}`) ?? "", /trigger "t"/, body);
  }
});

Deno.test("schemaProblem() has nothing against triggers on other events, as Codex's own", () => {
  const bodies = [
    "after insert on threads begin update threads set cwd = '' where id = new.id; end",
    "before delete on threads begin select 1; end",
    "after update of updated_at on threads begin update threads set updated_at_ms = 1 where id = new.id; end",
    "after update of created_at, created_at_ms, updated_at\non threads begin select 1; end",
  ];
  for (const body of bodies) assertEquals(gate(table(), `create trigger t ${body}`), undefined, body);
  assertEquals(
    gate(table(), "create table other (id)", "create trigger t after update on other begin select 1; end"),
    undefined,
  );
});

/** The rows read from a table with these columns and one row of these values. */
function rowsOf(columns: readonly string[], values: Readonly<Record<string, unknown>>): ThreadRow[] {
  return withDatabase([table(columns)], (database) => {
    const names = columns.map((column) => column.split(" ")[0]!);
    const marks = names.map(() => "?").join(", ");
    database.prepare(`insert into threads values (${marks})`).run(
      ...names.map((name) => (values[name] ?? null) as string | number | bigint | null),
    );
    const statement = database.prepare(threadsQuery(names));
    statement.setReadBigInts(true);
    return statement.all().map(toThreadRow);
  });
}

const VALUES = {
  id: "t1",
  rollout_path: "/h/a.jsonl",
  created_at: 5,
  updated_at: 7,
  source: "vscode",
  model_provider: "p",
  cwd: "/w",
  archived: 1,
  preview: "hello",
  created_at_ms: 5001,
  updated_at_ms: 7001,
};

Deno.test("toThreadRow() reads a row", () => {
  assertEquals(rowsOf(COLUMNS, VALUES), [{
    id: "t1",
    rolloutPath: "/h/a.jsonl",
    provider: "p",
    cwd: "/w",
    source: "vscode",
    archived: true,
    hasPreview: true,
    createdAtMs: 5001,
    updatedAtMs: 7001,
  }]);
});

Deno.test("threadsQuery() reads older tables with stand-ins", () => {
  const older = COLUMNS.filter((column) => !/^(preview|created_at_ms|updated_at_ms)/.test(column));
  const [row] = rowsOf(older, VALUES);
  assertEquals([row?.createdAtMs, row?.updatedAtMs, row?.hasPreview], [5000, 7000, true]);
  const [bare] = rowsOf(older.filter((column) => !column.startsWith("created_at")), VALUES);
  assertEquals(bare?.createdAtMs, 0);
});

Deno.test("toThreadRow() takes cells of the wrong type for empty ones, and reads big numbers", () => {
  const loose = COLUMNS.map((column) => column.split(" ")[0]!);
  const odd = {
    ...VALUES,
    model_provider: null,
    cwd: 5,
    archived: "x",
    preview: "",
    updated_at_ms: 2n ** 60n,
  };
  const [row] = rowsOf(loose, odd);
  assertEquals([row?.provider, row?.cwd, row?.archived, row?.hasPreview, row?.updatedAtMs], [
    undefined,
    "",
    false,
    false,
    2 ** 60,
  ]);
  const [blob] = rowsOf(loose, { ...VALUES, model_provider: Uint8Array.of(1), id: 7 });
  assertEquals([blob?.provider, blob?.id], [undefined, ""]);
});

Deno.test("toThreadRow() reads the kind of a session from a word or an object", () => {
  const kind = (source: string) => rowsOf(COLUMNS, { ...VALUES, source })[0]?.source;
  assertEquals(["cli", '{"subagent":{"x":1}}', ' {"a"', "{}"].map(kind), ["cli", "subagent", ' {"a"', "{}"]);
});

Deno.test("changeStatement() changes the named cells of one thread, and only from their old values", () => {
  withDatabase([table()], (database) => {
    const insert = database.prepare(
      "insert into threads (id, rollout_path, created_at, updated_at, source, model_provider, cwd) values (?, '', 1, 1, '', ?, ?)",
    );
    insert.run("a", "old", "/x");
    insert.run("b", "old", "/x");
    const run = (...values: readonly (string | null)[]) =>
      database.prepare(changeStatement("threads", ["id"], ["model_provider", "cwd"])).run(...values).changes;
    assertEquals(run("new", "/y", "a", "old", "/x"), 1);
    assertEquals(run("newer", "/z", "a", "old", "/x"), 0);
    assertEquals(run("newer", "/z", "a", "new", null), 0);
    assertEquals(run("newer", "/z", "nobody", "new", "/y"), 0);
    const rows = database.prepare("select id, model_provider as p, cwd from threads order by id").all();
    assertEquals(rows.map(({ id, p, cwd }) => [id, p, cwd]), [["a", "new", "/y"], ["b", "old", "/x"]]);
  });
});

Deno.test("changeStatement() compares NULL as a value", () => {
  withDatabase(["create table threads (id, cwd)", "insert into threads values ('a', null)"], (database) => {
    assertEquals(
      database.prepare(changeStatement("threads", ["id"], ["cwd"])).run("/y", "a", null).changes,
      1,
    );
    assertEquals(
      database.prepare(changeStatement("threads", ["id"], ["cwd"])).run(null, "a", "/y").changes,
      1,
    );
  });
});

Deno.test("STATE_DATABASE_NAME takes databases of any epoch and nothing beside them", () => {
  const names = [
    "state_5.sqlite",
    "state_12.sqlite",
    "state_5.sqlite-wal",
    "state_.sqlite",
    "xstate_5.sqlite",
  ];
  assertEquals(names.filter((name) => STATE_DATABASE_NAME.test(name)), names.slice(0, 2));
});
