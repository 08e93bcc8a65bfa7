/** Files of ours in the folder that travels: read line by line, written whole or not at all. */
import { type AbsPath, joinPath } from "../core/path.ts";
import type { Disk } from "../system/disk.ts";

/** How much is read or written at a time, in bytes. */
const CHUNK = 1 << 20;

interface Source {
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

/** The lines of a file; of one of more than `longest` characters only the beginning. */
export function* linesOf(file: Source, longest: number): Generator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  for (let at = 0; at < file.size; at += CHUNK) {
    const bytes = file.read(at, Math.min(CHUNK, file.size - at));
    if (bytes.length === 0) break;
    const [first = "", ...more] = decoder.decode(bytes, { stream: true }).split("\n");
    // A line that is too long stays so, whatever comes behind it.
    if (rest.length <= longest) rest += first;
    if (more.length === 0) continue;
    yield rest;
    rest = more.pop() ?? "";
    yield* more;
  }
  const last = rest + decoder.decode();
  if (last !== "") yield last;
}

/** Puts `text` into a file of a folder below `root`; false when it is there already: the file then stays untouched. */
export function replaceFile(
  disk: Disk,
  root: AbsPath,
  folder: string,
  name: string,
  text: string,
): boolean {
  const place = joinPath(root, folder);
  const path = joinPath(place, name);
  const bytes = new TextEncoder().encode(text);
  if (holds(disk, path, bytes)) return false;
  const names = folder.split("/");
  for (const n of names.keys()) disk.makeDir(joinPath(root, ...names.slice(0, n + 1)), 0o700);
  // In the same folder, so that giving it its name is one step; under a name that nobody takes for a file of ours.
  const temp = joinPath(place, `.codexkeep-tmp-${name.replace(/\.jsonl$/, "")}`);
  disk.remove(temp);
  const file = disk.createFile(temp, 0o600);
  try {
    for (let at = 0; at < bytes.length; at += CHUNK) file.write(bytes.subarray(at, at + CHUNK));
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(temp, path);
  disk.syncDir(place);
  return true;
}

function holds(disk: Disk, path: AbsPath, bytes: Uint8Array): boolean {
  const stat = disk.lstat(path);
  if (stat?.kind !== "file" || stat.size !== bytes.length) return false;
  const file = disk.openRead(path);
  try {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const there = file.read(at, Math.min(CHUNK, bytes.length - at));
      if (there.length === 0 || there.some((byte, n) => byte !== bytes[at + n])) return false;
    }
    return true;
  } finally {
    file.close();
  }
}
