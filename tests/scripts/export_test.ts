/** The file that `backups export` makes: whose it is, what a disk that fails leaves, and what the program reads for it. */
import { assertEquals, assertMatch } from "../assert.ts";
import { IS_UNIX } from "../system/fixture.ts";
import { onStage } from "./stage.ts";

Deno.test({
  name:
    "backups export makes a file that only its owner can read, whatever the umask, and does not follow a link",
  ignore: !IS_UNIX,
  fn: () =>
    onStage("vanished", async (stage) => {
      await stage.run(["sync", "--apply"]);
      const file = `${stage.folder}/moved.csv`;
      assertEquals((await stage.run(["backups", "export", "latest", "--csv", file], { umask: 0 })).code, 0);
      assertEquals((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
      const target = `${stage.folder}/not-there.csv`;
      Deno.symlinkSync(target, `${stage.folder}/link.csv`);
      const linked = await stage.run(["backups", "export", "latest", "--csv", `${stage.folder}/link.csv`]);
      assertEquals(linked.code, 5);
      assertEquals([...Deno.readDirSync(stage.folder)].some(({ name }) => name === "not-there.csv"), false);
    }),
});

Deno.test("backups export says which record it cannot rely on, and makes nothing then", async () => {
  await onStage("vanished", async (stage) => {
    await stage.run(["sync", "--apply"]);
    const [id = ""] = stage.records();
    const changes = stage.path(`backups_state/codexkeep/${id}/changes.jsonl`);
    Deno.writeTextFileSync(changes, Deno.readTextFileSync(changes).replace("custom", "Custom"));
    const file = `${stage.folder}/moved.csv`;
    const { code, stderr } = await stage.run(["backups", "export", id, "--csv", file]);
    assertEquals(code, 5);
    assertMatch(stderr, /checksum/);
    assertEquals([...Deno.readDirSync(stage.folder)].map(({ name }) => name).includes("moved.csv"), false);
  });
});

Deno.test("backups export gives the heading alone for a run that moved no thread", async () => {
  await onStage("vanished", async (stage) => {
    const line = ["switch", "custom", "--no-sync", "--apply"];
    assertEquals((await stage.run(line)).code, 0);
    const printed = await stage.run(["backups", "export", "latest", "--csv", "-"]);
    assertEquals([printed.code, printed.stdout], [0, "id,old_provider,new_provider,ts\r\n"]);
    const file = `${stage.folder}/none.csv`;
    const saved = await stage.run(["backups", "export", "latest", "--csv", file]);
    assertMatch(saved.stdout, /moved no thread.*holds the heading alone/);
    assertEquals(Deno.readTextFileSync(file), "id,old_provider,new_provider,ts\r\n");
  });
});
