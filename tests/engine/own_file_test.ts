/** What a run continues in place is its own: nothing shows under a second name, and no other home's rows change. */
import { AppError } from "../../lib/core/error.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { ownFile } from "../../lib/engine/own_file.ts";
import { openRecord, recordDir, recordsDir } from "../../lib/engine/records.ts";
import { recover } from "../../lib/engine/recover.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { dumpRows, withFolder, withHome } from "../home.ts";
import { applyOptions, CONFIG, machineOf, makeRecord, sync } from "./fixture.ts";

const IS_UNIX = Deno.build.os !== "windows";

Deno.test(
  "ownFile() parts a file from its second name, and keeps what is in it",
  { ignore: !IS_UNIX },
  async () => {
    await withFolder((folder) => {
      const [path, second] = [`${folder}/file` as AbsPath, `${folder}/second`];
      Deno.writeTextFileSync(path, "one\n", { mode: 0o640 });
      const inode = Deno.statSync(path).ino;
      ownFile(realDisk, path);
      assertEquals(Deno.statSync(path).ino, inode);
      Deno.linkSync(path, second);
      ownFile(realDisk, path);
      const now = Deno.statSync(path);
      assertEquals([now.nlink, (now.mode ?? 0) & 0o777, Deno.readTextFileSync(path)], [1, 0o640, "one\n"]);
      assertEquals(Deno.statSync(second).ino, inode);
      ownFile(realDisk, `${folder}/missing` as AbsPath);
      assertEquals([...Deno.readDirSync(folder)].length, 2);
    });
  },
);

Deno.test(
  "journal and ledger with a second name are continued under their own alone",
  { ignore: !IS_UNIX },
  async () => {
    await withHome(
      { config: CONFIG, threads: [{ provider: "old" }, { provider: "other" }] },
      async (home) => {
        await sync(home.path);
        const ledger = `${recordsDir(home.path)}/ledger.jsonl`;
        Deno.writeTextFileSync(ledger, '{"thread":"x","provider":"y"}\n');
        Deno.linkSync(ledger, `${home.path}/../ledger`);
        const id = makeRecord(home.path, 2, []);
        const journal = `${recordDir(home.path, id)}/journal.jsonl`;
        Deno.linkSync(journal, `${home.path}/../journal`);
        const before = Deno.readTextFileSync(journal);
        const record = openRecord(realDisk, home.path, id);
        record.log({ event: "undone" });
        record.close();
        await sync(home.path, "a-longer-one");
        assertStringIncludes(Deno.readTextFileSync(journal), "undone");
        assertEquals(Deno.readTextFileSync(`${home.path}/../journal`), before);
        assertEquals(Deno.readTextFileSync(ledger).split("\n").filter((line) => line !== "").length, 3);
        assertEquals(Deno.readTextFileSync(`${home.path}/../ledger`), '{"thread":"x","provider":"y"}\n');
      },
    );
  },
);

Deno.test("recover() changes rows of no other home, and looks at none", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async (home) => {
    const other = `${home.path}/../other`;
    Deno.mkdirSync(other);
    const foreign = `${other}/state_5.sqlite` as AbsPath;
    Deno.copyFileSync(home.state!, foreign);
    const { id } = home.threads[0]!;
    const cells = { model_provider: { before: "stolen", after: "old" } };
    makeRecord(home.path, 1, ["rows"], new Date(0), [{ kind: "row", database: foreign, thread: id, cells }]);
    const before = [dumpRows(foreign), Deno.statSync(other).mtime];
    const go = (databases: readonly AbsPath[]) => recover(machineOf(), home.path, databases, applyOptions());
    const error = await assertRejects(() => go([home.state!]), AppError);
    assertEquals([error.code, error.hint], ["refused", "name its folder with --sqlite-home"]);
    assertEquals([dumpRows(foreign), Deno.statSync(other).mtime], before);
    // Who names the folder means it.
    assertEquals((await go([home.state!, foreign])).recovered.length, 1);
    assertStringIncludes(dumpRows(foreign).join("\n"), "stolen");
  });
});

Deno.test("recover() does not so much as look at a database of another name", async () => {
  await withHome({ config: CONFIG, threads: [{ provider: "old" }] }, async (home) => {
    const other = `${home.path}/../other`;
    Deno.mkdirSync(other);
    const foreign = `${other}/places.sqlite` as AbsPath;
    Deno.copyFileSync(home.state!, foreign);
    const cells = { model_provider: { before: "a", after: "b" } };
    makeRecord(home.path, 1, [], new Date(0), [{ kind: "row", database: foreign, thread: "t", cells }]);
    const before = Deno.statSync(other).mtime;
    const error = await assertRejects(
      () => recover(machineOf(), home.path, [home.state!], applyOptions()),
      AppError,
    );
    assertEquals([error.code, Deno.statSync(other).mtime], ["refused", before]);
  });
});
