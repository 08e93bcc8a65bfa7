import { inHome, type RelPath } from "../../lib/core/path.ts";
import { createDatabase } from "../../lib/system/sqlite_create.ts";
import { assertEquals, assertNotEquals, assertThrows } from "../assert.ts";
import { at } from "../system/fixture.ts";
import { differences, dumpRows, treeHash, withFolder, withHome } from "../home.ts";

Deno.test("treeHash() tells content, mode and time apart, and leaves out databases and our records", async () => {
  await withHome({ threads: [{ provider: "a" }] }, (home) => {
    const path = inHome(home.path, home.threads[0]!.files[0]!.path);
    const before = treeHash(home.path);
    assertEquals([...before.keys()], ["config.toml", home.threads[0]!.files[0]!.path as string]);
    Deno.mkdirSync(at(home.path, "backups_state"));
    Deno.writeTextFileSync(at(home.path, "backups_state/x"), "ours");
    Deno.writeTextFileSync(at(home.path, "other.sqlite-wal"), "pages");
    assertEquals(treeHash(home.path), before);
    Deno.utimeSync(path, 1, 1);
    assertNotEquals(treeHash(home.path), before);
  });
});

Deno.test("treeHash() sees one changed byte of a file with the same size and time", async () => {
  await withHome({ threads: [{ provider: "a" }] }, (home) => {
    const { path: name, mtimeMs } = home.threads[0]!.files[0]!;
    const path = inHome(home.path, name as RelPath);
    const before = treeHash(home.path);
    const bytes = Deno.readFileSync(path);
    bytes[40] = bytes[40] === 0x20 ? 0x21 : 0x20;
    Deno.writeFileSync(path, bytes);
    Deno.utimeSync(path, new Date(mtimeMs), new Date(mtimeMs));
    assertEquals(differences(before, treeHash(home.path)).length, 2);
  });
});

Deno.test("dumpRows() gives every row of every table, whatever the values", async () => {
  await withFolder((folder) => {
    const path = at(folder, "x.sqlite");
    createDatabase(path, [
      { sql: 'create table "odd ""name" (a, b)' },
      {
        sql: 'insert into "odd ""name" values (?, ?), (2, null)',
        values: [9007199254740993n, new Uint8Array([1])],
      },
    ]);
    const rows = dumpRows(path);
    assertEquals(rows.length, 2);
    assertEquals(rows[0]?.includes("9007199254740993n"), true);
    assertEquals(rows[1], 'odd "name {"a":2,"b":null}');
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["x.sqlite"]);
  });
});

Deno.test("differences() names what only one side has", () => {
  assertEquals(differences(["a", "b"], ["b", "c"]), ['"a"', '"c"']);
  assertEquals(differences(new Map([["x", "1"]]), new Map([["x", "1"]])), []);
});

Deno.test("createDatabase() never touches a file that exists, and leaves nothing but the database", async () => {
  await withFolder((folder) => {
    const path = at(folder, "x.sqlite");
    Deno.writeTextFileSync(path, "mine");
    assertThrows(() => createDatabase(path, []), Error, "x.sqlite");
    assertEquals(Deno.readTextFileSync(path), "mine");
    const other = at(folder, "y.sqlite");
    assertThrows(() => createDatabase(other, [{ sql: "create nonsense" }]), Error, "y.sqlite");
    createDatabase(at(folder, "z.sqlite"), [{ sql: "create table t (a)" }]);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "x.sqlite",
      "y.sqlite",
      "z.sqlite",
    ]);
    if (Deno.build.os !== "windows") assertEquals((Deno.statSync(other).mode ?? 0) & 0o777, 0o600);
  });
});
