/** Names S1.9, S1.19, S1.33. */
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import { AppError } from "../../lib/core/error.ts";
import { defaultSettings } from "./defaults.ts";
import type { Settings } from "../../lib/handoff/settings.ts";
import { snapshotKeeper } from "../../lib/handoff/snapshot_keeper.ts";
import { planSnapshotRestore, restoreSnapshot } from "../../lib/handoff/snapshot_restore.ts";
import { listSnapshots, tidySnapshots } from "../../lib/handoff/snapshots.ts";
import { realMachine } from "../../lib/system/machine.ts";
import { failWith, faultDisk } from "../crash/fault_disk.ts";
import { realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { HAS_PYTHON, inTempFolder, IS_UNIX } from "../system/fixture.ts";

const machine = realMachine();
const AT = new Date("2026-03-04T05:06:07.890Z");
const OLD = 1_700_000_000_123;
const ONE = "sessions/2026/01/05/rollout-1.jsonl" as RelPath;
const TWO = "session_index.jsonl" as RelPath;

type Compression = Settings["backup"]["compression"];

function settingsIn(dir: string, compression: Compression, more: Partial<Settings["backup"]> = {}): Settings {
  const given = { home: `${dir}/home` as AbsPath, cloudRoot: `${dir}/cloud` as AbsPath, machineId: "desk" };
  const settings = defaultSettings(given);
  return { ...settings, backup: { ...settings.backup, compression, ...more } };
}

function put(path: string, text: string, ms = OLD): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(path, text);
  Deno.utimeSync(path, new Date(ms), new Date(ms));
}

const read = (path: string) => Deno.readTextFileSync(path);

async function keepBoth(settings: Settings, at = AT, on = machine): Promise<string | undefined> {
  const keeper = snapshotKeeper(on, settings, at);
  keeper.keep("local", ONE);
  keeper.keep("cloud", ONE);
  await keeper.flush();
  keeper.keep("local", TWO);
  await keeper.flush();
  return await keeper.close();
}

function fill(dir: string): void {
  put(`${dir}/home/${ONE}`, "one here\n".repeat(1000));
  put(`${dir}/cloud/${ONE}`, "one there\n");
  put(`${dir}/home/${TWO}`, "two\n");
}

for (const compression of ["none", "zip"] as const) {
  Deno.test(`S1.19, S1.33: a snapshot (${compression}) gives back files with their times, on the side that is named`, () =>
    inTempFolder(async (dir) => {
      fill(dir);
      const settings = settingsIn(dir, compression);
      const name = await keepBoth(settings);
      assertEquals(name, "20260304T050607Z-desk");
      assertEquals(listSnapshots(machine, settings).map(({ form }) => form), [
        compression === "zip" ? "zip" : "tree",
      ]);
      put(`${dir}/home/${ONE}`, "changed", 5_000);
      put(`${dir}/cloud/${ONE}`, "changed", 5_000);
      Deno.removeSync(`${dir}/home/${TWO}`);
      const plan = planSnapshotRestore(machine, settings, { from: undefined, target: "local" });
      assertEquals([plan.replaced.length, plan.added.length, plan.same.length], [1, 1, 0]);
      const done = await restoreSnapshot(
        machine,
        settings,
        { from: `${name}.zip`, target: "local" },
        new Date(),
      );
      assertEquals(read(`${dir}/home/${ONE}`), "one here\n".repeat(1000));
      assertEquals(Deno.statSync(`${dir}/home/${ONE}`).mtime?.getTime(), OLD);
      assertEquals([read(`${dir}/home/${TWO}`), read(`${dir}/cloud/${ONE}`)], ["two\n", "changed"]);
      const back = await restoreSnapshot(machine, settings, { from: done.kept, target: "local" }, new Date());
      assertEquals([back.replaced.length, read(`${dir}/home/${ONE}`)], [1, "changed"]);
      await restoreSnapshot(machine, settings, { from: name, target: "cloud" }, new Date());
      assertEquals(read(`${dir}/cloud/${ONE}`), "one there\n");
      const again = planSnapshotRestore(machine, settings, { from: name, target: "cloud" });
      assertEquals([again.replaced.length, again.added.length, again.same.length], [0, 0, 1]);
    }));
}

Deno.test(
  "snapshots are readable by their owner alone",
  { ignore: !IS_UNIX },
  () =>
    inTempFolder(async (dir) => {
      fill(dir);
      for (const compression of ["none", "zip"] as const) {
        const settings = settingsIn(dir, compression);
        await keepBoth(settings);
        const walk = (path: string): void => {
          for (const { name, isDirectory } of Deno.readDirSync(path)) {
            const mode = (Deno.lstatSync(`${path}/${name}`).mode ?? 0) & 0o777;
            assertEquals(mode, isDirectory ? 0o700 : 0o600, name);
            if (isDirectory) walk(`${path}/${name}`);
          }
        };
        walk(settings.paths.backupDir);
      }
    }),
);

Deno.test("retention goes by age and number, and never takes the newest snapshot", () =>
  inTempFolder(async (dir) => {
    fill(dir);
    const settings = settingsIn(dir, "none", { retentionDays: 30, maxBackups: 3 });
    const day = (n: number) => new Date(AT.getTime() - n * 86_400_000);
    for (const n of [40, 31, 20, 3, 2, 1]) await keepBoth(settings, day(n));
    assertEquals(tidySnapshots(machine, settings, AT).length, 3);
    assertEquals(
      listSnapshots(machine, settings).map(({ at }) => at.getTime()),
      [1, 2, 3].map((n) => day(n).getTime() - 890),
    );
    assertEquals(
      tidySnapshots(machine, { ...settings, backup: { ...settings.backup, maxBackups: 0 } }, day(-400))
        .length,
      2,
    );
    assertEquals(listSnapshots(machine, settings).length, 1);
  }));

Deno.test("a snapshot that is not there, or has nothing of a side, says so", () =>
  inTempFolder(async (dir) => {
    fill(dir);
    const settings = settingsIn(dir, "zip");
    const plan = (from: string | undefined, target: "local" | "cloud" = "local") => () =>
      planSnapshotRestore(machine, settings, { from, target });
    assertThrows(plan(undefined), AppError, "there is no snapshot with files of the Codex home");
    assertThrows(plan("../../etc"), AppError, "there is no snapshot");
    const keeper = snapshotKeeper(machine, settings, AT);
    keeper.keep("local", TWO);
    await keeper.flush();
    const name = await keeper.close();
    assertThrows(plan(name, "cloud"), AppError, "has no files of the folder that travels");
    const empty = snapshotKeeper(machine, settings, AT);
    assertEquals(await empty.close(), undefined);
    await assertRejects(
      () => restoreSnapshot(machine, settings, { from: name, target: "cloud" }, AT),
      AppError,
      "has no files",
    );
  }));

/** A disk that fails from effect `at` on, half of a write at the first. */
function dying(at: number): { readonly disk: typeof realDisk; readonly dead: () => boolean } {
  let isDead = false;
  const { disk } = faultDisk(realDisk, {
    count: "all",
    strike: (effect) => {
      if (effect.n < at) return;
      const isFirst = !isDead;
      isDead = true;
      failWith(effect, "EIO", isFirst);
    },
  });
  return { disk, dead: () => isDead };
}

Deno.test("wherever keeping and packing is cut off, what was kept for good can be put back", () =>
  inTempFolder(async (dir) => {
    for (const compression of ["none", "zip"] as const) {
      let isDead = true;
      let cuts = 0;
      for (let at = 1; isDead; at++) {
        const root = `${dir}/${compression}-${at}`;
        fill(root);
        const settings = settingsIn(root, compression);
        const { disk, dead } = dying(at);
        const safe: string[] = [];
        try {
          const keeper = snapshotKeeper({ ...machine, disk }, settings, AT);
          keeper.keep("local", ONE);
          await keeper.flush();
          safe.push(ONE);
          keeper.keep("local", TWO);
          await keeper.flush();
          safe.push(TWO);
          await keeper.close();
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
        }
        isDead = dead();
        if (isDead) cuts++;
        tidySnapshots(machine, settings, AT);
        Deno.removeSync(`${root}/home/sessions`, { recursive: true });
        Deno.removeSync(`${root}/home/${TWO}`);
        if (safe.length === 0) continue;
        const done = await restoreSnapshot(machine, settings, { from: undefined, target: "local" }, AT);
        const back = done.added.map(({ path }) => path as string);
        assertEquals(safe.filter((path) => !back.includes(path)), [], `cut at ${at}`);
        assertEquals(read(`${root}/home/${ONE}`), "one here\n".repeat(1000));
        const odd = [...Deno.readDirSync(settings.paths.backupDir)].filter(({ name }) =>
          name.startsWith(".")
        );
        assertEquals(odd, []);
      }
      assert(cuts > 40, `only ${cuts} cuts`);
    }
  }));

Deno.test("wherever a restore is cut off, the same command finishes it", () =>
  inTempFolder(async (dir) => {
    let cuts = 0;
    for (let at = 1; at < 400; at++) {
      const home = `${dir}/${at}`;
      fill(home);
      const settings = settingsIn(home, at % 2 === 0 ? "zip" : "none");
      const name = await keepBoth(settings);
      put(`${home}/home/${ONE}`, "newer and longer than before");
      const { disk } = dying(at);
      const wish = { from: name, target: "local" } as const;
      try {
        await restoreSnapshot({ ...machine, disk }, settings, wish, new Date());
        assert(cuts > 20, `only ${cuts} cuts`);
        return;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        cuts++;
      }
      const text = read(`${home}/home/${ONE}`);
      assert(text === "newer and longer than before" || text === "one here\n".repeat(1000), "torn");
      tidySnapshots(machine, settings, AT);
      await restoreSnapshot(machine, settings, wish, new Date());
      assertEquals(read(`${home}/home/${ONE}`), "one here\n".repeat(1000));
      const left = [...Deno.readDirSync(`${home}/home/sessions/2026/01/05`)].map(({ name }) => name);
      assertEquals(left, ["rollout-1.jsonl"]);
      Deno.removeSync(home, { recursive: true });
    }
    throw new Error("it never came to an end");
  }));

Deno.test(
  "S1.33: a packed snapshot is an archive that other programs read",
  { ignore: !HAS_PYTHON },
  () =>
    inTempFolder(async (dir) => {
      fill(dir);
      const settings = settingsIn(dir, "zip");
      const name = await keepBoth(settings);
      const script = "import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;" +
        "print(len(z.namelist()),z.read(sys.argv[2]).decode()[:8])";
      const { stdout, stderr } = await new Deno.Command("python3", {
        args: ["-c", script, `${settings.paths.backupDir}/${name}.zip`, `local/${ONE}`],
      }).output();
      const text = new TextDecoder();
      assertEquals([text.decode(stdout).trim(), text.decode(stderr)], ["4 one here", ""]);
    }),
);
