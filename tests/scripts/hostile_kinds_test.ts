/** Plans made by hand that move, make and take away files, or change rows of any table: nothing else is touched. */
import type { ByteString } from "../../lib/core/bytes.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Change, EntryChange, MoveChange } from "../../lib/core/plan.ts";
import { assert, assertEquals } from "../assert.ts";
import { IS_UNIX } from "../system/fixture.ts";
import { expectUntouched, PATHS, savePlan, SECRET, setUp } from "./hostile_plans.ts";
import { onStage, type Stage } from "./stage.ts";

/** The move of a file of the home as it is now. */
function move(stage: Stage, path: string, to: string, thread?: string): MoveChange {
  const { size = 0, mtime } = attempt(() => Deno.lstatSync(stage.path(path))) ?? {};
  const stamp = { size, mtimeMs: mtime?.getTime() ?? 0 };
  return { kind: "move", path: path as RelPath, to: to as RelPath, thread, sets: {}, ...stamp };
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

function small(kind: "make" | "unmake", path: string, content = SECRET): Change {
  return { kind, path: path as RelPath, thread: undefined, sets: {}, content: content as ByteString };
}

/** Every change alone is refused with an error that says why, and leaves everything as it is. */
async function expectRefused(stage: Stage, plans: readonly (readonly Change[])[]): Promise<void> {
  const before = stage.remember();
  for (const changes of plans) {
    const what = JSON.stringify(changes).slice(0, 300);
    const { code, document } = await stage.json(["apply", savePlan(stage, changes), "--apply"]);
    assert([2, 4, 5, 7].includes(code), `${what}: exit ${code}`);
    assert((document.errors[0]?.message ?? "") !== "", `${what}: says nothing`);
    expectUntouched(stage, what);
    stage.same(before);
  }
}

Deno.test("a plan made by hand moves nothing to or from where no plan of codexkeep would", async () => {
  await onStage("one", async (stage) => {
    setUp(stage);
    const [{ id = "", files: [file = ""] = [] } = {}] = stage.threads;
    const name = file.slice(file.lastIndexOf("/") + 1);
    Deno.writeTextFileSync(stage.path(`${file}.taken.bak`), SECRET);
    const places = [
      ...PATHS,
      `../${name}`,
      `backups_state/codexkeep/${name}`,
      "sessions/2031/12/31/notes.jsonl",
      "db-backups/x/state_5.sqlite",
      `sessions/2031/12/31/${name}/../../../../../${name}`,
      "x".repeat(5000),
    ];
    await expectRefused(stage, [
      ...places.map((to) => [move(stage, file, to, id)]),
      ...["auth.json", "history.jsonl", "skills/tool.md", "config.toml", "../beside.txt"].map((path) => [
        move(stage, path, file.replace("rollout", "rollout-x")),
      ]),
      [move(stage, file, `${file}.taken.bak`)],
      [move(stage, "state_5.sqlite", "../state_5.sqlite")],
      [move(stage, "state_5.sqlite", "state_6.sqlite")],
      [move(stage, "state_5.sqlite", "db-backups/../../x/state_5.sqlite")],
    ]);
  });
});

Deno.test("a plan made by hand makes and takes away only files that a plan of codexkeep would", async () => {
  await onStage("one", async (stage) => {
    setUp(stage);
    const [file = ""] = stage.threads[0]!.files;
    const text = Deno.readTextFileSync(stage.path("config.toml"));
    await expectRefused(stage, [
      ...[
        "../beside.txt",
        "C:\\beside.txt",
        "auth.json",
        "auth.json\u0000.toml",
        "skills/tool.md",
        "state_6.sqlite",
      ]
        .map((path) => [small("make", path)]),
      ...["backups_state/codexkeep/lock", "other.toml", "x/config.toml", "SESSION_INDEX.JSONL", file]
        .map((path) => [small("make", path)]),
      ...["auth.json", "history.jsonl", "skills/tool.md", "../beside.txt", file].map((path) => [
        small("unmake", path),
      ]),
      [small("make", "config.toml")],
      [small("unmake", "config.toml")],
      [small("unmake", "config.toml", `${text}x`)],
      [small("make", "session_index.jsonl", "no bytes: \u{1f600}")],
      [small("make", "session_index.jsonl", 7 as never)],
    ]);
  });
});

Deno.test("a plan made by hand changes no row, column or table by another name than one that Codex has", async () => {
  await onStage("one", async (stage) => {
    setUp(stage);
    const [{ id = "" } = {}] = stage.threads;
    const database = `${stage.home}/state_5.sqlite` as AbsPath;
    const outside = `${stage.folder}/state_5.sqlite` as AbsPath;
    Deno.copyFileSync(database, outside);
    const cell = { before: null, after: "x" };
    const entry = (more: object): Change[] => [{
      kind: "entry",
      database,
      table: "projects",
      key: { id: "p" },
      op: "add",
      thread: undefined,
      cells: { name: cell },
      ...more,
    } as EntryChange];
    await expectRefused(stage, [
      entry({ database: outside }),
      entry({ database: "state_5.sqlite" }),
      entry({ database: `${stage.home}/auth.json` }),
      entry({ database: `${stage.home}/sub/../state_5.sqlite` }),
      entry({ table: "threads", key: { id } }),
      entry({ table: "sqlite_master", key: { name: "threads" } }),
      entry({ table: "_sqlx_migrations", key: { version: 1 } }),
      entry({ table: "projects; drop table threads; --" }),
      entry({ table: "main.threads" }),
      entry({ table: "thread_turns", key: { thread_id: id, turn_id: "t" } }),
      entry({ key: { "id = 'p' or 1=1 --": "p" } }),
      entry({ key: { id: "p", name: "x" } }),
      entry({ key: { id: null } }),
      entry({ key: { id: ["p"] } }),
      entry({ key: {} }),
      entry({ cells: { "name) values (1); --": cell } }),
      entry({ cells: { nonsense: cell } }),
      entry({ cells: { rowid: { before: null, after: 7 } } }),
      entry({ cells: { id: cell } }),
      entry({ cells: { name: { before: "there", after: "x" } } }),
      entry({ cells: { name: { before: null, after: { $: 1 } } } }),
      entry({ op: "replace" }),
      entry({ op: "change", cells: {} }),
      entry({ op: "remove", cells: { name: { before: "x", after: null } } }),
      entry({
        table: "backfill_state",
        key: { id: 1 },
        op: "change",
        cells: { id: { before: 1, after: 2 } },
      }),
    ]);
    assertEquals(Deno.readFileSync(outside), Deno.readFileSync(database));
  });
});

Deno.test({
  name: "a plan made by hand moves and makes nothing through a link",
  ignore: !IS_UNIX,
  fn: async () => {
    await onStage("one", async (stage) => {
      setUp(stage);
      const [{ id = "", files: [file = ""] = [] } = {}] = stage.threads;
      const name = file.slice(file.lastIndexOf("/") + 1);
      const outside = `${stage.folder}/outside`;
      Deno.mkdirSync(outside);
      Deno.mkdirSync(`${outside}/12`);
      Deno.copyFileSync(stage.path(file), `${outside}/${name.replace(id, id.replace(/^./, "f"))}`);
      const before = [...Deno.readDirSync(outside)].map((entry) => entry.name).sort();
      for (const link of ["archived_sessions", "sessions/2031", "db-backups", "linked"]) {
        attempt(() => Deno.removeSync(stage.path(link)));
        Deno.symlinkSync(outside, stage.path(link));
      }
      Deno.symlinkSync(`${stage.folder}/beside.txt`, stage.path("work.config.toml"));
      Deno.symlinkSync(`${stage.folder}/not-there.txt`, stage.path("session_index.jsonl"));
      const other = name.replace(id, id.replace(/^./, "f"));
      await expectRefused(stage, [
        [move(stage, file, `archived_sessions/${name}`)],
        [move(stage, file, `sessions/2031/12/31/${name}`)],
        [move(stage, `linked/${other}`, `sessions/2026/01/01/${other}`)],
        [move(stage, "state_5.sqlite", "db-backups/x/state_5.sqlite")],
        [small("make", "session_index.jsonl")],
        [small("unmake", "work.config.toml")],
      ]);
      assertEquals([...Deno.readDirSync(outside)].map((entry) => entry.name).sort(), before);
      assertEquals([...Deno.readDirSync(`${outside}/12`)].length, 0);
      assertEquals(attempt(() => Deno.lstatSync(`${stage.folder}/not-there.txt`)), undefined);
    });
  },
});
