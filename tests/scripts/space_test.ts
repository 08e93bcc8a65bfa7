/** A disk that is full, and one that becomes so: nothing is lost, and the run says what it needs. */
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { IS_ROOT } from "../system/fixture.ts";
import { makeHome, rowsOf } from "./homes.ts";
import { runJson } from "./program.ts";
import { DATABASES, differences, RECORDS, treeOf } from "./tree.ts";

const THREADS = Array.from({ length: 6 }, () => ({ provider: "openai", mode: "legacy" as const }));
const MEGABYTE = 1024 * 1024;

/** Runs `use` on a file system of its own; it is taken away afterwards. */
async function onSmallDisk(bytes: number, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "codexkeep-small-" }));
  command("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=755`, "tmpfs", folder);
  try {
    await use(folder);
  } finally {
    command("umount", folder);
    Deno.removeSync(folder);
  }
}

function command(name: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(name, { args }).outputSync();
  if (!success) throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
}

/** Makes a home whose rollouts are a megabyte each. */
function makeLargeHome(path: string): void {
  for (const { files: [file = ""] } of makeHome(path, THREADS)) {
    Deno.writeTextFileSync(`${path}/${file}`, `{"type":"x","text":"${"y".repeat(MEGABYTE)}"}\n`, {
      append: true,
    });
    Deno.utimeSync(`${path}/${file}`, new Date(1.7e12), new Date(1.7e12));
  }
}

function stateOf(home: string) {
  return {
    tree: treeOf(home, { contentOnly: true, without: [RECORDS, ...DATABASES] }),
    rows: rowsOf(`${home}/state_5.sqlite`),
  };
}

/** Fills the disk until no more than `leave` bytes are free. */
function fill(folder: string, leave: number): void {
  const file = Deno.openSync(`${folder}/filler`, { write: true, create: true, append: true });
  try {
    for (;;) {
      const free = freeBytes(folder);
      if (free <= leave) return;
      file.writeSync(new Uint8Array(Math.min(free - leave, MEGABYTE)));
    }
  } finally {
    file.close();
  }
}

function freeBytes(folder: string): number {
  const { stdout } = new Deno.Command("stat", { args: ["-f", "-c", "%a %S", folder] }).outputSync();
  const [blocks = 0, size = 0] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  return blocks * size;
}

Deno.test({
  name: "a full disk is refused before anything is written, and looking still works",
  ignore: !IS_ROOT,
  fn: async () => {
    await onSmallDisk(40 * MEGABYTE, async (folder) => {
      const home = `${folder}/home`;
      makeLargeHome(home);
      for (const leave of [8, 4, 1, 0].map((megabytes) => megabytes * MEGABYTE)) {
        fill(folder, leave);
        const before = treeOf(home, { contentOnly: true });
        assertEquals((await runJson(["status"], { home })).code, 0);
        assertEquals((await runJson(["sync"], { home })).code, 0);
        const refused = await runJson(["sync", "--apply"], { home });
        assertEquals(refused.code, 5, refused.stdout);
        assertEquals(refused.document.errors[0]?.code, "no-space");
        assertStringIncludes(refused.document.errors[0]?.message ?? "", "space");
        assertEquals(differences(before, treeOf(home, { contentOnly: true })), []);
      }
      Deno.removeSync(`${folder}/filler`);
      assertEquals((await runJson(["sync", "--apply"], { home })).code, 0);
    });
  },
});

Deno.test({
  name: "whatever room there is, a run either does all of it or leaves the home as it was",
  ignore: !IS_ROOT,
  fn: async () => {
    await onSmallDisk(48 * MEGABYTE, async (folder) => {
      const home = `${folder}/home`;
      makeLargeHome(home);
      let done = 0;
      let refused = 0;
      for (let leave = 26 * MEGABYTE; leave >= 10 * MEGABYTE; leave -= 2 * MEGABYTE) {
        fill(folder, leave);
        const before = stateOf(home);
        const { code, document } = await runJson(["sync", "--apply"], { home });
        if (code === 0) {
          done++;
          Deno.removeSync(`${folder}/filler`);
          assertEquals((await runJson(["restore", "--apply"], { home })).code, 0);
        } else {
          refused++;
          assertEquals(document.errors[0]?.code, "no-space");
          if (exists(`${folder}/filler`)) Deno.removeSync(`${folder}/filler`);
        }
        const after = stateOf(home);
        assertEquals(differences(before.tree, after.tree), []);
        assertEquals(after.rows, before.rows);
      }
      assert(done > 0 && refused > 0, `${done} done, ${refused} refused`);
    });
  },
});

Deno.test({
  name: "a plan file that does not fit is no plan file, and nothing else happens",
  ignore: !IS_ROOT,
  fn: async () => {
    await onSmallDisk(MEGABYTE, async (folder) => {
      const home = Deno.makeTempDirSync({ prefix: "codexkeep-home-" });
      try {
        makeHome(`${home}/home`, THREADS);
        fill(folder, 0);
        const before = treeOf(home);
        const plan = `${folder}/plan.json`;
        const { code, document } = await runJson(["sync", "--plan-out", plan], { home: `${home}/home` });
        assertEquals(code, 5);
        assertEquals(document.errors[0]?.code, "no-space");
        assertEquals(differences(before, treeOf(home)), []);
        assertEquals(exists(plan), false, "half a plan is left");
      } finally {
        Deno.removeSync(home, { recursive: true });
      }
    });
  },
});

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
