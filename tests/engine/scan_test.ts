import type { AbsPath } from "../../lib/core/path.ts";
import type { Snapshot } from "../../lib/core/snapshot.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { compressZstd } from "../../lib/system/zstd.ts";
import { assert, assertEquals } from "../assert.ts";
import { type BuiltHome, talk, type ThreadSpec, withHome } from "../home.ts";
import { CONFIG, fileOf, scanOf } from "./fixture.ts";

/** Builds a home of these threads, changes it, and scans it. */
async function scanned(
  threads: readonly ThreadSpec[],
  change: (home: BuiltHome) => void,
  check: (snapshot: Snapshot, home: BuiltHome) => void,
  disk: Disk = realDisk,
): Promise<void> {
  await withHome({ config: CONFIG, threads }, async (home) => {
    change(home);
    check(await scanOf(home.path, { disk }), home);
  });
}

Deno.test("scan() joins files and rows by thread, in the order of the files, rows without files last", async () => {
  const threads: ThreadSpec[] = [
    { provider: "old", file: false },
    { provider: "old" },
    { provider: "old", row: false },
    { provider: { firstLine: "old", settings: "other", row: "new" }, archived: true },
  ];
  await scanned(threads, () => {}, (snapshot, home) => {
    const [fileless, whole, rowless, archived] = home.threads.map(({ id }) => snapshot.threads.get(id));
    assertEquals([...snapshot.threads.keys()], [whole, rowless, archived, fileless].map((one) => one?.id!));
    assertEquals([fileless?.rollouts.length, fileless?.row?.provider], [0, "old"]);
    assertEquals([whole?.rollouts.length, whole?.row?.provider], [1, "old"]);
    assertEquals([rowless?.rollouts.length, rowless?.row], [1, undefined]);
    const [file] = archived?.rollouts ?? [];
    assertEquals([file?.archived, file?.meta?.provider, file?.recorded, archived?.row?.archived], [
      true,
      "old",
      "other",
      true,
    ]);
    assertEquals(snapshot.damaged, []);
  });
});

Deno.test("scan() keeps the segments of a thread together, oldest first", async () => {
  const thread: ThreadSpec = {
    provider: "old",
    turns: talk("a", "b"),
    reverts: [{ keep: 1, turns: talk("c") }],
  };
  await scanned([thread], () => {}, (snapshot, home) => {
    const { rollouts } = snapshot.threads.get(home.threads[0]!.id)!;
    assertEquals(rollouts.map(({ path }) => path), home.threads[0]!.files.map(({ path }) => path));
    assertEquals(rollouts.map(({ segment }) => segment !== undefined), [false, true]);
    assertEquals(rollouts[1]?.meta?.base, home.threads[0]!.id);
  });
});

Deno.test("scan() takes size and time of a file, and what it holds when it is compressed", async () => {
  const thread: ThreadSpec = { provider: "old", compressed: true, mtimeMs: 1_700_000_000_123 };
  await scanned([thread], () => {}, (snapshot, home) => {
    const [file] = snapshot.threads.get(home.threads[0]!.id)!.rollouts;
    const { size } = Deno.statSync(fileOf(home));
    assertEquals([file?.encoding, file?.stamp, file?.meta?.provider], [
      "zstd",
      { size, mtimeMs: 1_700_000_000_123 },
      "old",
    ]);
  });
});

Deno.test("scan() reads the plain file where a compressed one lies beside it", async () => {
  await scanned([{ provider: "old" }], (home) => {
    Deno.writeFileSync(`${fileOf(home)}.zst`, compressZstd(Deno.readFileSync(fileOf(home))));
  }, (snapshot, home) => {
    const { rollouts } = snapshot.threads.get(home.threads[0]!.id)!;
    assertEquals(rollouts.map(({ encoding }) => encoding), ["plain"]);
  });
});

Deno.test("scan() of an empty folder is an empty snapshot", async () => {
  await withHome({ config: false, database: false, threads: [] }, async ({ path }) => {
    Deno.removeSync(`${path}/sessions`);
    const snapshot = await scanOf(path);
    assertEquals([snapshot.threads.size, snapshot.databases, snapshot.live, snapshot.pending], [
      0,
      [],
      undefined,
      undefined,
    ]);
    assertEquals(snapshot.config.provider.id, "openai");
  });
});

Deno.test("scan() leaves no trace in the home, not even beside its databases", async () => {
  await withHome(
    { config: CONFIG, threads: [{ provider: "old" }, { provider: "old", compressed: true }] },
    async (home) => {
      const before = printsOf(home.path);
      await scanOf(home.path);
      assertEquals(printsOf(home.path), before);
      assert(before.some((line) => line.includes("state_5.sqlite")));
    },
  );
});

/** Name, kind, mode, size, time and inode of everything below a folder. */
function printsOf(folder: AbsPath | string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    const path = `${folder}/${name}`;
    const { mode, size, mtime, ino, isDirectory } = Deno.lstatSync(path);
    const own = `${path} ${mode} ${size} ${mtime?.getTime()} ${ino}`;
    return isDirectory ? [own, ...printsOf(path)] : [own];
  }).sort();
}
