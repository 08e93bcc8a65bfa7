/** Giving a file its old content back, while another program puts a file of its own in that place. */
import { type AbsPath, joinPath, type RelPath } from "../../lib/core/path.ts";
import { type FileChange, heldPath, type Place } from "../../lib/engine/stage.ts";
import { takeBack } from "../../lib/engine/undo.ts";
import { sha256 } from "../../lib/core/bytes.ts";
import { type Disk, realDisk } from "../../lib/system/disk.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../home.ts";

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
    assertEquals(takeBack(place, CHANGE, target, FILE), undefined);
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
    assertEquals(takeBack(place, CHANGE, target, FILE), "another program replaced it");
    assert(carried);
    assertEquals(Deno.readTextFileSync(target), "theirs\n");
    assert(Deno.readTextFileSync(held).startsWith(OLD), "the old content is still held");
  }));
