/**
 * What was the same on both sides when this machine last looked: the third side of the comparison. Written as one file,
 * last of all, so that a run that was cut off is planned anew from what it knew before.
 */
import { parseRelPath } from "../core/path.ts";
import { AppError } from "../core/error.ts";
import { sha256 } from "../core/bytes.ts";
import type { Machine } from "../system/machine.ts";
import type { BaseEntry, BaseSide, ItemKind } from "./model.ts";
import type { Settings } from "./settings.ts";

const SCHEMA = "codexkeep-handoff-base/1";
const MAX_BYTES = 512 * 1024 * 1024;
const KINDS: ReadonlySet<unknown> = new Set<ItemKind>(["rollout", "index", "history", "file"]);

/** The base of this machine. */
export interface Base {
  /** Id of the folder's marker; undefined: there was no hand-over yet. */
  readonly folder: string | undefined;
  readonly entries: ReadonlyMap<string, BaseEntry>;
}

/** Reads it; one that is not there is empty. Throws `record-damaged` for one that is not as it was written. */
export function readBase({ disk }: Machine, { state }: Settings): Base {
  const path = state.manifestFile;
  if (disk.lstat(path) === undefined) return { folder: undefined, entries: new Map() };
  const file = disk.openRead(path);
  try {
    if (file.size > MAX_BYTES) throw damaged(path, "it is too large");
    const text = new TextDecoder().decode(file.read(0, file.size));
    const cut = text.indexOf("\n");
    const head = parse(text.slice(0, cut));
    if (head?.["schema"] !== SCHEMA) throw damaged(path, "its first line is not that of a base");
    const rest = text.slice(cut + 1);
    if (head["sha256"] !== sha256(rest)) throw damaged(path, "its checksum is wrong");
    const entries = new Map<string, BaseEntry>();
    for (const line of rest.split("\n")) {
      if (line === "") continue;
      const entry = entryOf(parse(line));
      if (entry === undefined) throw damaged(path, "a line is of another form");
      entries.set(entry.key, entry);
    }
    return { folder: typeof head["folder"] === "string" ? head["folder"] : undefined, entries };
  } finally {
    file.close();
  }
}

/** The bytes of a base, for {@link readBase}. */
export function baseText({ folder, entries }: Base): string {
  const lines = [...entries.values()].sort((a, b) => a.key < b.key ? -1 : 1).map((entry) => {
    const { key, kind, local, cloud, tombstone } = entry;
    return JSON.stringify({ key, kind, local: sideText(local), cloud: sideText(cloud), tombstone }) + "\n";
  });
  const rest = lines.join("");
  return JSON.stringify({ schema: SCHEMA, folder, sha256: sha256(rest) }) + "\n" + rest;
}

function sideText({ path, archived, stamp, sha256 }: BaseSide): object {
  return { path, archived, size: stamp.size, mtime_ms: stamp.mtimeMs, sha256 };
}

function entryOf(value: Record<string, unknown> | undefined): BaseEntry | undefined {
  if (value === undefined) return undefined;
  const { key, kind, tombstone } = value;
  const local = sideOf(value["local"]);
  const cloud = sideOf(value["cloud"]);
  if (typeof key !== "string" || !KINDS.has(kind) || local === undefined || cloud === undefined) {
    return undefined;
  }
  const more = typeof tombstone === "string" ? { tombstone } : {};
  return { key, kind: kind as ItemKind, local, cloud, ...more };
}

function sideOf(value: unknown): BaseSide | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { path, archived, size, mtime_ms: mtimeMs, sha256 } = value as Record<string, unknown>;
  const safe = parseRelPath(path);
  if (safe === undefined || typeof archived !== "boolean" || typeof sha256 !== "string") return undefined;
  if (typeof size !== "number" || typeof mtimeMs !== "number") return undefined;
  return { path: safe, archived, stamp: { size, mtimeMs }, sha256 };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

function damaged(path: string, what: string): AppError {
  return new AppError("record-damaged", `"${path}" cannot be used: ${what}`, {
    hint: "move it away: all is compared anew then, and nothing is removed on either side",
  });
}
