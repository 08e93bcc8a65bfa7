import { readConfig } from "../../lib/codex/config.ts";
import { schemaProblem } from "../../lib/codex/threads.ts";
import { type AbsPath, inHome } from "../../lib/core/path.ts";
import type { Snapshot } from "../../lib/core/snapshot.ts";
import { buildHome, configText } from "../../lib/demo/home.ts";
import { makeId } from "../../lib/demo/ids.ts";
import { scan } from "../../lib/engine/scan.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { openForReading } from "../../lib/system/sqlite.ts";
import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "../assert.ts";
import { type BuiltHome, dumpRows, treeHash, withFolder, withHome } from "../home.ts";
import { EVERY, rowOf } from "./fixture.ts";

Deno.test("makeId() makes version 7 ids that hold the time and depend on the seed alone", () => {
  const at = Date.UTC(2026, 0, 5);
  const id = makeId(at, "1");
  assertMatch(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assertEquals(parseInt(id.slice(0, 8) + id.slice(9, 13), 16), at);
  assertEquals(makeId(at, "1"), id);
  assertNotEquals(makeId(at, "2"), id);
});

Deno.test("scan() sees a built home as it was described, without damage", async () => {
  await withHome(EVERY, async (home) => {
    const snapshot = await scanOf(home);
    assertEquals(snapshot.damaged, []);
    assertEquals(snapshot.config.problems, []);
    assertEquals(snapshot.config.provider, { id: "relay", source: "config.toml" });
    assertEquals(snapshot.live?.path, home.state);
    assertEquals(snapshot.threads.size, EVERY.threads.length);
    EVERY.threads.forEach((spec, index) => {
      const built = home.threads[index]!;
      const thread = snapshot.threads.get(built.id);
      const provider = String(spec.provider);
      assertEquals(thread?.rollouts.map(({ path }) => path), built.files.map(({ path }) => path), spec.label);
      for (const rollout of thread?.rollouts ?? []) {
        assertEquals(rollout.meta?.provider, provider);
        assertEquals(rollout.recorded, provider);
        assertEquals(rollout.meta?.mode, spec.mode ?? "paginated");
        assertEquals(rollout.meta?.source, spec.source ?? "vscode");
        assertEquals(rollout.archived, spec.archived ?? false);
        assertEquals(rollout.encoding, spec.compressed ? "zstd" : "plain");
      }
      assertEquals(thread?.row?.provider, provider);
      assertEquals(thread?.row?.archived, spec.archived ?? false);
      assertEquals(thread?.row?.cwd, thread?.rollouts[0]?.meta?.cwd);
      assertEquals(thread?.row?.hasPreview, true);
      assertEquals(thread?.row?.updatedAtMs, thread?.rollouts.at(-1)?.stamp.mtimeMs);
    });
  });
});

Deno.test("buildHome() gives each of the three places its own provider, or none", async () => {
  const threads = [
    { label: "three", provider: { firstLine: "a", settings: "b", row: "c" } },
    { label: "none", provider: { firstLine: null, settings: null, row: "c" } },
    { label: "old", mode: "legacy" as const, provider: { firstLine: "a", settings: "b", row: "c" } },
  ];
  await withHome({ threads }, async (home) => {
    const { threads } = await scanOf(home);
    const copies = home.threads.map(({ id }) => {
      const thread = threads.get(id);
      return [thread?.rollouts[0]?.meta?.provider, thread?.rollouts[0]?.recorded, thread?.row?.provider];
    });
    assertEquals(copies, [["a", "b", "c"], [undefined, undefined, "c"], ["a", "b", "c"]]);
  });
});

Deno.test("buildHome() leaves out rows, files and databases where it is told to", async () => {
  const threads = [
    { label: "no row", provider: "a", row: false },
    { label: "no file", provider: "a", file: false },
  ];
  await withHome({ threads }, async (home) => {
    const { threads } = await scanOf(home);
    assertEquals(home.threads.map(({ id }) => threads.get(id)?.rollouts.length), [1, 0]);
    assertEquals(home.threads.map(({ id }) => threads.get(id)?.row !== undefined), [false, true]);
    assertEquals(home.threads.map(({ rowPath }) => rowPath !== undefined), [false, true]);
    assertEquals(home.threads.map(({ files }) => files.length), [1, 0]);
  });
  await withHome({ threads, config: false, database: false }, async (home) => {
    const snapshot = await scanOf(home);
    assertEquals(snapshot.databases, []);
    assertEquals(snapshot.config.exists, false);
    assertEquals(home.state, undefined);
  });
  await withHome({ threads, database: { place: "sqlite" } }, async (home) => {
    assertEquals((await scanOf(home)).live?.path, `${home.path}/sqlite/state_5.sqlite`);
  });
});

Deno.test("buildHome() sets mode, time and content of files and cells of rows", async () => {
  const mtimeMs = Date.UTC(2025, 5, 1, 12, 0, 0, 123);
  const content = (bytes: Uint8Array) => bytes.slice(0, 100);
  const threads = [{
    provider: "a",
    mtimeMs,
    fileMode: 0o640,
    content,
    cells: { preview: "", tokens_used: 7 },
  }];
  await withHome({ threads }, (home) => {
    const file = home.threads[0]!.files[0]!;
    const stat = realDisk.lstat(inHome(home.path, file.path));
    assertEquals([stat?.size, stat?.mtimeMs], [100, mtimeMs]);
    if (Deno.build.os !== "windows") assertEquals(stat?.mode, 0o640);
    const row = rowOf(home, home.threads[0]!.id);
    assertEquals([row["preview"], row["tokens_used"], row["updated_at_ms"]], ["", 7, mtimeMs]);
  });
});

Deno.test("buildHome() builds the same home twice", async () => {
  const once = async () =>
    await withHome(EVERY, (home) => ({
      tree: [...treeHash(home.path)].filter(([path]) => path.includes("rollout-")),
      rows: dumpRows(home.state!).map((row) => row.replaceAll(home.path, "HOME")),
      history: dumpRows(home.history!),
    }));
  const first = await once();
  assertEquals(first.tree.length, EVERY.threads.length + 3);
  assertEquals(await once(), first);
});

Deno.test("buildHome() refuses a fork of a thread that comes later, and a home that is there", async () => {
  await withFolder((folder) => {
    const threads = [{ provider: "a", fork: { of: "b" } }, { label: "b", provider: "a" }];
    assertThrows(() => buildHome(realDisk, `${folder}/x` as AbsPath, { threads }), TypeError, '"b"');
  });
  await withHome({ threads: [] }, (home) => {
    const before = treeHash(home.path);
    assertThrows(() => buildHome(realDisk, home.path, { threads: [] }), Error, "config.toml");
    assertEquals(treeHash(home.path), before);
  });
});

Deno.test("the schema is one that codexkeep may write to, and rows keep their times", async () => {
  await withHome(EVERY, (home) => {
    const state = openForReading(home.state!, realDisk);
    try {
      const objects = state.all("select type, name, sql from sqlite_master where tbl_name = 'threads'")
        .map((row) => ({
          type: String(row["type"]),
          name: String(row["name"]),
          sql: row["sql"] as string | null,
        }));
      assertEquals(schemaProblem(objects, state.columns("threads")), undefined);
      assertEquals(state.all("pragma auto_vacuum")[0]?.["auto_vacuum"], 2);
      assertEquals(state.all("pragma integrity_check")[0]?.["integrity_check"], "ok");
    } finally {
      state.close();
    }
    // Bytes 18 and 19 of the header: 2 stands for the write-ahead log.
    assertEquals([...Deno.readFileSync(home.state!).subarray(18, 20)], [2, 2]);
    assertEquals(realDisk.lstat(`${home.state}-wal`), undefined);
  });
});

Deno.test("configText() is TOML that Codex accepts, whatever the ids", () => {
  const text = configText({
    provider: 'odd "id"',
    providers: ['odd "id"', "relay"],
    head: "# first\n",
    tail: "[tui]\n",
  });
  const config = readConfig(new TextEncoder().encode(text), []);
  assertEquals(config.problems, []);
  assertEquals(config.provider.id, 'odd "id"');
  assertEquals([...config.declared.keys()], ['odd "id"', "relay"]);
  assertEquals(readConfig(new TextEncoder().encode(configText({})), []).rootProvider, undefined);
});

async function scanOf(home: BuiltHome): Promise<Snapshot> {
  return await scan({ ...realMachine(), env: () => undefined }, { home: home.path, sqliteHome: undefined });
}
