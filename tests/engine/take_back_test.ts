/** Giving a file its old content back, while another program puts a file of its own in that place. */
import { type AbsPath, joinPath, type RelPath } from "../../lib/core/path.ts";
import { type FileChange, heldPath, type Place } from "../../lib/engine/stage.ts";
import { takeBack } from "../../lib/engine/undo.ts";
import { writersIn } from "../../lib/engine/writers.ts";
import { sha256 } from "../../lib/core/bytes.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../home.ts";
import { HAS_PYTHON, IS_LINUX } from "../system/fixture.ts";

const OLD = "old\n";
const NEW = "new\n";
const CHANGE: FileChange = {
  kind: "edit",
  path: "sessions/a.jsonl" as RelPath,
  thread: "t",
  sets: {},
  size: OLD.length,
  mtimeMs: undefined,
  leaveMtimeMs: undefined,
  splices: [],
};
const FILE = { n: 0, before: hash(OLD), after: hash(NEW), size: NEW.length };

function hash(text: string): string {
  return sha256(new TextEncoder().encode(text));
}

/** A home in which the file was replaced, and somebody went on with the new one. */
function replaced(home: AbsPath, disk: Disk): { place: Place; target: AbsPath; held: AbsPath } {
  const recordDir = joinPath(home, "record");
  const target = joinPath(home, "sessions", "a.jsonl");
  for (const folder of ["sessions", "record", "record/held"]) Deno.mkdirSync(`${home}/${folder}`);
  const held = heldPath(recordDir, 0);
  Deno.writeTextFileSync(held, OLD);
  Deno.writeTextFileSync(target, `${NEW}later\n`);
  return { place: { disk, home, record: "r", recordDir, sourceDir: () => recordDir }, target, held };
}

Deno.test("lines that were appended to the new file go over to the old one", () =>
  withFolder((home) => {
    const { place, target } = replaced(home, realDisk);
    const writers = writersIn(realDisk, home);
    assertEquals(takeBack(place, CHANGE, target, FILE, writers), undefined);
    writers.settle();
    assertEquals(Deno.readTextFileSync(target), `${OLD}later\n`);
  }));

Deno.test("a file that another program puts in the place while lines are carried over stays", () =>
  withFolder((home) => {
    const theirs = `${home}/sessions/a.jsonl`;
    let carried = false;
    const disk: Disk = {
      ...realDisk,
      openAppend: (path, mode) => {
        carried = true;
        Deno.writeTextFileSync(`${theirs}.next`, "theirs\n");
        Deno.renameSync(theirs, `${theirs}.old`);
        Deno.renameSync(`${theirs}.next`, theirs);
        return realDisk.openAppend(path, mode);
      },
    };
    const { place, target, held } = replaced(home, disk);
    assertEquals(takeBack(place, CHANGE, target, FILE, writersIn(disk, home)), "another program replaced it");
    assert(carried);
    assertEquals(Deno.readTextFileSync(target), "theirs\n");
    assert(Deno.readTextFileSync(held).startsWith(OLD), "the old content is still held");
  }));

/** Opens the file `argv[1]` for appending, makes the file `argv[2]`, writes a line after a while, and lets go. */
const GO_ON = `
import sys, time
file = open(sys.argv[1], "a")
open(sys.argv[2], "w").close()
time.sleep(float(sys.argv[3]))
file.write("late\\n")
`;

/** Returns when the program has the file open. */
function goOn(home: AbsPath, target: AbsPath, seconds: number): Deno.ChildProcess {
  const sign = `${home}/open`;
  const child = new Deno.Command("python3", { args: ["-c", GO_ON, target, sign, String(seconds)] }).spawn();
  for (const end = performance.now() + 10_000; realDisk.lstat(sign) === undefined;) {
    if (performance.now() > end) throw new Error("nobody opened the file");
  }
  return child;
}

const LINUX_PYTHON = { ignore: !(IS_LINUX && HAS_PYTHON) };

Deno.test({
  ...LINUX_PYTHON,
  name: "a program that has the new file open gets a while to close it",
  fn: () =>
    withFolder(async (home) => {
      const { place, target } = replaced(home, realDisk);
      const child = goOn(home, target, 0.3);
      const writers = writersIn(realDisk, home);
      assertEquals(takeBack(place, CHANGE, target, FILE, writers), undefined);
      writers.settle();
      assert((await child.status).success);
      assertEquals(Deno.readTextFileSync(target), `${OLD}later\nlate\n`);
    }),
});

Deno.test({
  ...LINUX_PYTHON,
  name: "a new file that a program keeps open stays, for its lines would be lost",
  fn: () =>
    withFolder(async (home) => {
      const { place, target, held } = replaced(home, realDisk);
      const child = goOn(home, target, 3);
      const writers = writersIn(realDisk, home);
      assertEquals(
        takeBack(place, CHANGE, target, FILE, writers),
        `it is open in process ${child.pid}`,
      );
      writers.settle();
      assert((await child.status).success);
      assertEquals(Deno.readTextFileSync(target), `${NEW}later\nlate\n`);
      assertEquals(Deno.readTextFileSync(held), OLD);
    }),
});

Deno.test({
  ...LINUX_PYTHON,
  name: "what a program writes that opened the new file at the last moment goes over, too",
  fn: () =>
    withFolder(async (home) => {
      let child: Deno.ChildProcess | undefined;
      const disk: Disk = {
        ...realDisk,
        rename: (from, to) => {
          child ??= goOn(home, joinPath(home, "sessions", "a.jsonl"), 0.3);
          realDisk.rename(from, to);
        },
      };
      const { place, target } = replaced(home, disk);
      const writers = writersIn(disk, home);
      assertEquals(takeBack(place, CHANGE, target, FILE, writers), undefined);
      assertEquals(Deno.readTextFileSync(target), `${OLD}later\n`);
      writers.settle();
      assert(child !== undefined && (await child.status).success);
      assertEquals(Deno.readTextFileSync(target), `${OLD}later\nlate\n`);
    }),
});
