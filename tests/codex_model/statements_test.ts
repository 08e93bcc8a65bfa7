import { DatabaseSync } from "node:sqlite";
import {
  addStatement,
  cellsStatement,
  changeStatement,
  type ColumnInfo,
  COLUMNS_QUERY,
  countStatement,
  mayReact,
  removeStatement,
} from "../../lib/codex/statements.ts";
import { assertEquals } from "../assert.ts";

/** A table with a key of two columns, one that may be empty and one with a default. */
function withTable(use: (database: DatabaseSync, columns: readonly ColumnInfo[]) => void): void {
  const database = new DatabaseSync(":memory:");
  try {
    database.exec(
      "create table t (a text, b integer, c text, d text not null default 'x', primary key (a, b))",
    );
    database.exec("insert into t (a, b, c) values ('k', 1, null), ('k', 2, 'two')");
    use(database, database.prepare(COLUMNS_QUERY).all("t") as unknown as ColumnInfo[]);
  } finally {
    database.close();
  }
}

Deno.test("changeStatement() changes one row, and only from its old values, NULL being one", () => {
  withTable((database) => {
    const statement = database.prepare(changeStatement("t", ["a", "b"], ["c", "d"]));
    assertEquals(statement.run("new", "y", "k", 1, "old", "x").changes, 0);
    assertEquals(statement.run("new", "y", "k", 1, null, "x").changes, 1);
    assertEquals(database.prepare("select c from t order by b").all().map(({ c }) => c), ["new", "two"]);
  });
});

Deno.test("addStatement() and countStatement() agree", () => {
  withTable((database) => {
    database.prepare(addStatement("t", ["a", "b", "c"])).run("k", 3, null);
    const count = (c: string | null) =>
      database.prepare(countStatement("t", ["a", "b"], ["c"])).get("k", 3, c)?.["n"];
    assertEquals([count(null), count("three")], [1, 0]);
  });
});

Deno.test("removeStatement() leaves a row that has something in a column it does not name", () => {
  withTable((database, columns) => {
    const bare = database.prepare(removeStatement("t", ["a", "b"], [], columns));
    assertEquals([bare.run("k", 2).changes, bare.run("k", 1).changes], [0, 1]);
    database.exec("update t set d = 'y'");
    const named = (names: readonly string[]) =>
      database.prepare(removeStatement("t", ["a", "b"], names, columns));
    assertEquals(named(["c"]).run("k", 2, "two").changes, 0);
    assertEquals(named(["c", "d"]).run("k", 2, "two", "y").changes, 1);
  });
});

Deno.test("cellsStatement() asks for the named columns, or for all", () => {
  withTable((database) => {
    const row = (columns: readonly string[]) => ({
      ...database.prepare(cellsStatement("t", ["a", "b"], columns)).get("k", 2),
    });
    assertEquals(row(["c"]), { c: "two" });
    assertEquals(row([]), { a: "k", b: 2, c: "two", d: "x" });
  });
});

Deno.test("mayReact() tells triggers by their event and the columns they watch", () => {
  const of = (event: string) => `create trigger t ${event} on threads begin select 1; end`;
  const all = (sql: string) => (["change", "add", "remove"] as const).map((op) => mayReact(sql, op, ["cwd"]));
  assertEquals(all(of("after insert")), [false, true, false]);
  assertEquals(all(of("before delete")), [false, false, true]);
  assertEquals(all(of("after update")), [true, false, false]);
  assertEquals(all(of("after update of title, cwd")), [true, false, false]);
  assertEquals(all(of("after update of title")), [false, false, false]);
  assertEquals(all(of('after update of "title"')), [true, true, true]);
});
