/** State databases in every bad state: exit 7 (or 5 where it may not be written), a clear word, and nothing changed. */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { HAS_PYTHON, IS_LINUX, IS_ROOT, IS_UNIX, withPython } from "../system/fixture.ts";
import { pick } from "./contract.ts";
import { IS_BINARY } from "./program.ts";
import { onStage, type Stage } from "./stage.ts";

const MANY = Array.from({ length: 60 }, () => ({ provider: "openai" }));

/** Looking tells the code; a run that is told to write is exit 7 and changes nothing. */
async function expectUnusable(stage: Stage, code: string): Promise<void> {
  const status = await stage.json(["status"]);
  assertEquals(status.code, 7, status.stdout);
  assertEquals(pick(status.document, "databases.0.problem.code"), code);
  const found = await stage.json(["diagnose"]);
  assertEquals(found.code, 7);
  assertEquals(pick(found.document, "findings.0.code"), code);
  stage.unchanged();
  for (
    const line of [["sync"], ["sync", "--apply"], ["switch", "custom", "--apply"], ["restore", "--originals"]]
  ) {
    const refused = await stage.json(line);
    assertEquals(refused.code, 7, `${line.join(" ")}: ${refused.stdout}`);
    assertEquals(refused.document.errors[0]?.code, code);
    stage.unchanged();
  }
}

Deno.test("a database cut to half its length is malformed", async () => {
  await onStage(MANY, async (stage) => {
    const { size } = Deno.statSync(stage.path("state_5.sqlite"));
    Deno.truncateSync(stage.path("state_5.sqlite"), Math.floor(size / 8192) * 4096);
    await expectUnusable(stage, "database-malformed");
  });
});

Deno.test("a database whose header was overwritten is malformed", async () => {
  await onStage(MANY, async (stage) => {
    overwrite(stage.path("state_5.sqlite"), 0, 200);
    await expectUnusable(stage, "database-malformed");
  });
});

Deno.test("a database with a page of garbage in its table is malformed, and never written", async () => {
  await onStage(MANY, async (stage) => {
    const page = pageOf(stage.path("state_5.sqlite"), "threads");
    overwrite(stage.path("state_5.sqlite"), (page - 1) * 4096, 4096);
    await expectUnusable(stage, "database-malformed");
  });
});

Deno.test("a database with a page of garbage in an index is not written to", async () => {
  await onStage(MANY, async (stage) => {
    const page = pageOf(stage.path("state_5.sqlite"), "idx_threads_provider");
    overwrite(stage.path("state_5.sqlite"), (page - 1) * 4096, 4096);
    const before = stage.remember();
    const refused = await stage.json(["sync", "--apply"]);
    assertEquals(refused.code, 7, refused.stdout);
    assertEquals(refused.document.errors[0]?.code, "database-malformed");
    assertEquals(stage.remember().tree, before.tree);
    stage.kept();
  });
});

function overwrite(path: string, at: number, length: number): void {
  const file = Deno.openSync(path, { write: true });
  try {
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(length).fill(0x5a));
  } finally {
    file.close();
  }
}

/** Root page of a table or index. */
function pageOf(path: string, name: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(database.prepare("select rootpage from sqlite_master where name = ?").get(name)?.rootpage);
  } finally {
    database.close();
  }
}

Deno.test({
  name: "a pipe in the place of the database does not stop anything",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      Deno.removeSync(stage.path("state_5.sqlite"));
      assert(new Deno.Command("mkfifo", { args: [stage.path("state_5.sqlite")] }).outputSync().success);
      await expectUnusable(stage, "database-unreadable");
    });
  },
});

/** A program that begins to write in a database without a log, and leaves its journal there. */
const LEAVE_JOURNAL = `
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma journal_mode=delete")
db.execute("pragma cache_size=1")
db.execute("begin immediate")
db.execute("update threads set model_provider = 'half', title = zeroblob(9000)")
print("ready", flush=True)
sys.stdin.readline()
`;

Deno.test({
  name:
    "a journal that a crash left beside the database is not applied by looking, and the old rows are seen",
  ignore: !(IS_LINUX && HAS_PYTHON),
  fn: async () => {
    await onStage(MANY, async (stage) => {
      const database = stage.path("state_5.sqlite");
      await withPython(LEAVE_JOURNAL, [database], async ({ crash }) => await crash());
      assert(Deno.statSync(`${database}-journal`).size > 0);
      const { document, code } = await stage.json(["status"]);
      assertEquals(code, 0);
      assertEquals(pick(document, "providers.database"), { openai: 60 });
      stage.unchanged();
      const done = await stage.run(["sync", "--apply"]);
      assertEquals(done.code, 0, done.stderr);
      assertEquals(stage.copies(1), "relay");
      assertEquals(stage.copies(60), "relay");
    });
  },
});

Deno.test({
  name: "a database that may not be written is refused before a rollout is changed",
  ignore: !(IS_ROOT && IS_BINARY),
  fn: async () => {
    await onStage("one", async (stage) => {
      Deno.chmodSync(stage.folder, 0o755);
      chown(stage.home);
      const under = { under: ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] };
      const database = stage.path("state_5.sqlite");
      Deno.chownSync(database, 0, 0);
      Deno.chmodSync(database, 0o644);
      const before = stage.remember();
      assertEquals((await stage.run(["status"], under)).code, 0);
      stage.unchanged();
      const refused = await stage.run(["sync", "--apply"], under);
      assert([5, 7].includes(refused.code), `exit ${refused.code}`);
      assertStringIncludes(refused.stderr, "state_5.sqlite");
      stage.same(before);
      assertEquals(stage.records(), []);

      Deno.chmodSync(database, 0o600);
      const unreadable = await stage.json(["status"], under);
      assertEquals(unreadable.code, 7);
      assertEquals(pick(unreadable.document, "databases.0.problem.code"), "database-unreadable");
      assertEquals((await stage.run(["sync", "--apply"], under)).code, 7);
      stage.kept();

      // The home as a whole may be looked at, but not be written to.
      Deno.chownSync(database, 65534, 65534);
      Deno.chmodSync(stage.home, 0o500);
      assertEquals((await stage.run(["diagnose"], under)).code, 0);
      stage.unchanged();
      const shut = stage.remember();
      const closed = await stage.run(["sync", "--apply"], under);
      assert([1, 5, 7].includes(closed.code), `exit ${closed.code}`);
      assertStringIncludes(closed.stderr, "permission denied");
      stage.same(shut);
    });
  },
});

function chown(path: string): void {
  Deno.chownSync(path, 65534, 65534);
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) chown(`${path}/${name}`);
    else Deno.chownSync(`${path}/${name}`, 65534, 65534);
  }
}

Deno.test({
  name: "a database that is a link is read and written where it really is",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      Deno.renameSync(stage.path("state_5.sqlite"), `${stage.folder}/real.sqlite`);
      Deno.symlinkSync("../real.sqlite", stage.path("state_5.sqlite"));
      assertEquals((await stage.run(["status"])).code, 0);
      stage.unchanged();
      assertEquals((await stage.run(["sync", "--apply"])).code, 0);
      assertEquals(stage.copies(1), "relay");
      assertEquals(Deno.readLinkSync(stage.path("state_5.sqlite")), "../real.sqlite");
      assertEquals((await stage.run(["restore", "--apply"])).code, 0);
      assertEquals(stage.copies(1), "openai");
    });
  },
});

Deno.test("only the named cells of a row are changed", async () => {
  await onStage("vanished", async (stage) => {
    const cells = () => stage.remember().rows.map((row) => JSON.parse(row) as Record<string, unknown>);
    const before = cells();
    assertEquals((await stage.run(["sync", "--apply"])).code, 0);
    const expected = before.map((row) => ({ ...row, model_provider: "relay" }));
    assertEquals(cells(), expected);
  });
});
