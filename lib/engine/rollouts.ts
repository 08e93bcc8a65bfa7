/** Walks the two rollout folders and reads from each file the few bytes that decide. Writes nothing, follows no link. */
import { AppError, messageOf } from "../core/error.ts";
import { type AbsPath, inHome, parseRelPath, type RelPath } from "../core/path.ts";
import type { Damage, Fingerprint, Rollout, SessionMeta } from "../core/snapshot.ts";
import { readFirstLine, recordedProvider } from "../codex/rollout.ts";
import { parseRolloutName, type RolloutName } from "../codex/rollout_name.ts";
import type { Disk, Entry, ReadFile } from "../system/disk.ts";
import { expandZstd } from "../system/zstd.ts";
import { type ByteSource, memorySource } from "../text/source.ts";

/** Folders below a home that hold rollouts; the second one those of archived threads. */
export const ROLLOUT_ROOTS = ["sessions", "archived_sessions"] as const;

/** Called now and then with the number of files read so far. */
export type OnFile = (done: number) => void;

/** Every file named like a rollout, in the order of its path. */
export function scanRollouts(disk: Disk, home: AbsPath, onFile: OnFile): Rollout[] {
  const found: Rollout[] = [];
  const intern = makeInterner();
  for (const root of ROLLOUT_ROOTS) {
    walk(disk, home, root as RelPath, (path, entry, damage = kindDamage(path, entry)) => {
      found.push(inspect(disk, home, path, entry, intern, damage));
      onFile(found.length);
    });
  }
  return found;
}

type Visit = (path: RelPath, entry: Entry, damage?: Damage) => void;

function walk(disk: Disk, home: AbsPath, folder: RelPath, visit: Visit): void {
  const self = disk.lstat(inHome(home, folder));
  if (self?.kind === "symlink") visit(folder, { name: folder, kind: "symlink" });
  if (self?.kind !== "directory") return;
  const entries = listOrDamage(disk, inHome(home, folder));
  if ("reason" in entries) return visit(folder, { name: folder, kind: "directory" }, entries);
  const names = new Set(entries.map((entry) => entry.name));
  for (const entry of entries) {
    const path = `${folder}/${entry.name}` as RelPath;
    // A compressed file beside its plain form is the older of the two; Codex reads the plain one.
    if (parseRolloutName(entry.name)) {
      if (!names.has(entry.name.replace(/\.zst$/i, "")) || !entry.name.endsWith(".zst")) visit(path, entry);
    } else if (entry.kind === "directory") walk(disk, home, path, visit);
    else if (entry.kind === "symlink" && leadsToFolder(disk, inHome(home, path))) visit(path, entry);
  }
}

/** The names in a folder, or why it cannot be read. */
function listOrDamage(disk: Disk, folder: AbsPath): readonly Entry[] | Damage {
  try {
    return disk.list(folder) ?? [];
  } catch (error) {
    if (error instanceof AppError) return { reason: "unreadable", detail: error.message };
    throw error;
  }
}

/** Links in a circle lead nowhere. */
function leadsToFolder(disk: Disk, link: AbsPath): boolean {
  try {
    return disk.stat(link)?.kind === "directory";
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

type Interner = (text: string | undefined) => string | undefined;

/** Thousands of threads share a few folders and providers; one copy of each text is enough. */
function makeInterner(): Interner {
  const texts = new Map<string, string>();
  return (text) => {
    if (text === undefined) return undefined;
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
}

/** Reads one file; not at all where `known` says already what is wrong with it. */
function inspect(
  disk: Disk,
  home: AbsPath,
  path: RelPath,
  entry: Entry,
  intern: Interner,
  known: Damage | undefined,
): Rollout {
  const name = parseRolloutName(entry.name) ?? { encoding: "plain", id: undefined, segment: undefined };
  const archived = path.startsWith("archived_sessions");
  const damaged = (stamp: Fingerprint, damage: Damage): Rollout => ({
    path,
    archived,
    encoding: name.encoding,
    nameId: name.id,
    segment: name.segment,
    stamp,
    meta: undefined,
    recorded: undefined,
    damage,
  });
  const nowhere = { size: 0, mtimeMs: 0 };
  if (known !== undefined) return damaged(nowhere, known);
  let file: ReadFile;
  try {
    file = disk.openRead(inHome(home, path));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return damaged(nowhere, { reason: "unreadable", detail: messageOf(error) });
  }
  try {
    const { size, mtimeMs } = file.stat();
    const seen = readContent(file, name);
    if ("reason" in seen) return damaged({ size, mtimeMs }, seen);
    const { meta } = seen;
    const wrongName = nameDamage(name, meta);
    if (wrongName !== undefined) return damaged({ size, mtimeMs }, wrongName);
    return {
      ...damaged({ size, mtimeMs }, { reason: "empty", detail: "" }),
      nameId: meta.id,
      damage: undefined,
      meta: { ...meta, provider: intern(meta.provider), cwd: intern(meta.cwd), source: intern(meta.source) },
      recorded: intern(seen.recorded),
      ...seen.bare ? { bare: true } : {},
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return damaged(nowhere, { reason: "unreadable", detail: messageOf(error) });
  } finally {
    file.close();
  }
}

function readContent(
  file: ReadFile,
  name: RolloutName,
): { meta: SessionMeta; recorded: string | undefined; bare: boolean } | Damage {
  const source = contentOf(file, name.encoding);
  if ("reason" in source) return source;
  const first = readFirstLine(source);
  if ("reason" in first) return first;
  const { line, parsed: { meta } } = first;
  const bare = line.at + line.bytes.length + line.ending.length >= source.size;
  return { meta, recorded: recordedProvider(source, meta), bare };
}

/** The content of a rollout as Codex reads it: the file itself, or what a compressed file holds. */
export function contentOf(file: ReadFile, encoding: Rollout["encoding"]): ByteSource | Damage {
  if (encoding === "plain") return file;
  try {
    return memorySource(expandZstd(file.read(0, file.size)));
  } catch (error) {
    return {
      reason: "compressed-unreadable",
      detail: `the compressed file is not readable: ${messageOf(error)}`,
    };
  }
}

function kindDamage(path: RelPath, entry: Entry): Damage | undefined {
  if (entry.kind === "symlink") return { reason: "outside-home", detail: "it is a symbolic link" };
  if (entry.kind !== "file") return { reason: "not-a-file", detail: "it is no regular file" };
  if (parseRelPath(path) === undefined) {
    return { reason: "unsafe-name", detail: "its name is not safe on every system" };
  }
  return undefined;
}

function nameDamage(name: RolloutName, meta: SessionMeta): Damage | undefined {
  if (name.id === meta.id) return undefined;
  const detail = name.id === undefined
    ? "its name holds no thread id"
    : `its name says ${name.id}, its first line ${JSON.stringify(meta.id)}`;
  return { reason: "id-differs-from-name", detail };
}
