/** Plans and records that somebody made by hand, checksums and all: nothing outside of what Codex keeps is touched. */
import { assert, assertEquals } from "../assert.ts";
import type { AbsPath } from "../../lib/core/path.ts";
import { sha256 } from "../../lib/core/bytes.ts";
import type { Change } from "../../lib/core/plan.ts";
import { IS_UNIX } from "../system/fixture.ts";
import { expectUntouched, PATHS, savePlan, SECRET, setUp } from "./hostile_plans.ts";
import { run, runJson } from "./program.ts";
import { onStage } from "./stage.ts";

function edit(path: string, size: number, thread?: string): Change {
  return {
    kind: "edit",
    path: path as never,
    thread,
    sets: { model_provider: { before: "a", after: "b" } },
    size,
    mtimeMs: undefined,
    leaveMtimeMs: undefined,
    splices: [{ at: 0, before: "the" as never, after: "THE" as never }],
  };
}

Deno.test("a plan made by hand is carried out when it does what a plan may: the digest of these tests is right", async () => {
  await onStage("one", async (stage) => {
    const text = Deno.readTextFileSync(stage.path("config.toml"));
    const change: Change = {
      ...edit("config.toml", text.length),
      splices: [{ at: 0, before: "# my" as never, after: "# MY" as never }],
    } as Change;
    assertEquals((await stage.run(["apply", savePlan(stage, [change]), "--apply"])).code, 0);
    assertEquals(Deno.readTextFileSync(stage.path("config.toml")), text.replace("# my", "# MY"));
  });
});

Deno.test("a plan made by hand changes no file that a plan of codexkeep never would", async () => {
  await onStage("one", async (stage) => {
    setUp(stage);
    for (const path of PATHS) {
      for (const thread of [undefined, stage.threads[0]!.id]) {
        const file = savePlan(stage, [edit(path, SECRET.length, thread)]);
        const { code, stdout } = await stage.run(["apply", file, "--apply", "--json"]);
        assert([2, 4, 5].includes(code), `"${path}": exit ${code} ${stdout}`);
        expectUntouched(stage, path);
        stage.kept();
      }
    }
  });
});

Deno.test("a plan made by hand changes no other database, table, column or row", async () => {
  await onStage("one", async (stage) => {
    const [{ id = "" } = {}] = stage.threads;
    const database = `${stage.home}/state_5.sqlite` as AbsPath;
    const other = `${stage.folder}/other.sqlite` as AbsPath;
    Deno.copyFileSync(database, other);
    const cell = { before: "openai", after: "relay" };
    const rows: Change[] = [
      { kind: "row", database: other, thread: id, cells: { model_provider: cell } },
      { kind: "row", database, thread: "nobody", cells: { model_provider: cell } },
      { kind: "row", database, thread: id, cells: { model_provider: { before: "custom", after: "relay" } } },
      { kind: "row", database, thread: id, cells: { nonsense: cell } },
      { kind: "row", database, thread: id, cells: { "title = 'x' --": cell } as never },
      { kind: "row", database, thread: id, cells: { id: { before: id, after: "x" } } },
      { kind: "row", database, thread: id, cells: { title: { before: null, after: "x" } } },
      { kind: "row", database, thread: id, cells: {} },
    ];
    const before = stage.remember();
    for (const row of rows) {
      const { code, stdout } = await stage.run(["apply", savePlan(stage, [row]), "--apply", "--json"]);
      assert([1, 2, 4, 5, 8].includes(code), `${JSON.stringify(row)}: exit ${code} ${stdout}`);
      stage.same(before);
    }
    assertEquals(Deno.readFileSync(other), Deno.readFileSync(database));
  });
});

Deno.test({
  name: "a plan is not carried out through a folder that became a link out of the home",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      const plan = `${stage.folder}/plan.json`;
      await stage.run(["sync", "--plan-out", plan]);
      Deno.renameSync(stage.path("sessions/2026"), `${stage.folder}/2026`);
      Deno.symlinkSync(`${stage.folder}/2026`, stage.path("sessions/2026"));
      const [file = ""] = stage.threads[0]!.files;
      const outside = `${stage.folder}/${file.replace("sessions/", "")}`;
      const before = Deno.readTextFileSync(outside);
      const { code } = await stage.run(["apply", plan, "--apply"]);
      assert([2, 5, 8].includes(code), `exit ${code}`);
      assertEquals(Deno.readTextFileSync(outside), before);
      assertEquals(stage.copies(1), "openai");
    });
  },
});

Deno.test("a plan for another home is refused, and so is a record that was made in one", async () => {
  await onStage("one", async (stage) => {
    const plan = `${stage.folder}/plan.json`;
    await stage.run(["sync", "--plan-out", plan]);
    await stage.run(["sync", "--apply"]);
    const other = `${stage.folder}/other`;
    Deno.renameSync(stage.home, other);
    const foreign = await runJson(["apply", plan, "--apply", "--codex-home", other]);
    assertEquals(foreign.code, 4);
    assertEquals(foreign.document.errors[0]?.code, "plan-invalid");
    const restored = await runJson(["restore", "--apply", "--codex-home", other]);
    assert([1, 5].includes(restored.code), `exit ${restored.code}`);
    const verified = await run(["backups", "verify", "--codex-home", other]);
    assertEquals(verified.code, 5);
    Deno.renameSync(other, stage.home);
    assertEquals((await stage.run(["restore", "--apply"])).code, 0);
  });
});

Deno.test("a record made by hand, with checksums that fit, puts nothing back where it does not belong", async () => {
  await onStage("one", async (stage) => {
    setUp(stage);
    await stage.run(["sync", "--apply"]);
    const [id = ""] = stage.records();
    const folder = stage.path(`backups_state/codexkeep/${id}`);
    const manifest = JSON.parse(Deno.readTextFileSync(`${folder}/manifest.json`)) as Record<string, unknown>;
    for (const path of PATHS) {
      const changes = JSON.stringify(edit(path, SECRET.length)) + "\n";
      Deno.writeTextFileSync(`${folder}/changes.jsonl`, changes);
      const { sha256: _old, ...known } = manifest;
      const body = {
        ...known,
        changes: 1,
        changesSha256: sha256(changes),
        changesBytes: changes.length,
      };
      Deno.writeTextFileSync(
        `${folder}/manifest.json`,
        JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) }) + "\n",
      );
      const staged = { n: 0, before: sha256("THE"), after: sha256(SECRET), size: SECRET.length };
      const entries = [{ event: "prepared" }, { event: "begin", files: [staged] }, { event: "committed" }];
      Deno.writeTextFileSync(
        `${folder}/journal.jsonl`,
        entries.map((entry) =>
          JSON.stringify({ sum: sha256(JSON.stringify(entry)).slice(0, 16), entry }) + "\n"
        ).join(""),
      );
      const { code, stdout } = await stage.run(["restore", id, "--apply", "--json"]);
      assert([1, 2, 4, 5].includes(code), `"${path}": exit ${code} ${stdout}`);
      expectUntouched(stage, path);
    }
  });
});
