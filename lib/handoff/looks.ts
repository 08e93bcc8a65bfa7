/** What the planner asks of the disks. Files are read in pieces; only compressed ones and the two logs are held whole. */
import { firstLine } from "../text/jsonl.ts";
import { parseMetaLine } from "../codex/rollout.ts";
import { sha256, sha256Stream } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import { inHome } from "../core/path.ts";
import type { Machine } from "../system/machine.ts";
import { expandZstd } from "../system/zstd.ts";
import { type ByteSource, memorySource } from "../text/source.ts";
import { contentSha256 } from "./content.ts";
import type { Item, Looks, Side } from "./model.ts";
import { relationOf } from "./relation.ts";
import type { Settings } from "./settings.ts";
import { rootOf } from "./snapshot_files.ts";
import { unite } from "./unite.ts";

const PIECE = 1 << 20;
/** Largest log of prompts or names that is united. */
const MAX_LOG_BYTES = 256 * 1024 * 1024;

/** Looks at the two sides of the settings. */
export function looksAt(machine: Machine, settings: Settings): Looks {
  const open = <T>(side: Side, item: Item, use: (source: ByteSource) => T) =>
    withContent(machine, settings, side, item, use);
  return {
    relation: (local, cloud) => open("local", local, (a) => open("cloud", cloud, (b) => relationOf(a, b))),
    sameBytes: (local, cloud) =>
      local.stamp.size === cloud.stamp.size &&
      fileSha256(machine, settings, "local", local) === fileSha256(machine, settings, "cloud", cloud),
    union: (local, cloud) => {
      const [a, b] = [logOf(machine, settings, "local", local), logOf(machine, settings, "cloud", cloud)];
      const united = sha256(unite(local.kind === "index" ? "index" : "history", a, b));
      return { local: united !== sha256(a), cloud: united !== sha256(b) };
    },
    sha256: (side, item) => fileSha256(machine, settings, side, item),
    content: (side, item) => open(side, item, contentSha256),
    basedOn: (side, item) =>
      open(side, item, (source) => {
        const line = firstLine(source);
        if (line === undefined || line === "too-long") return undefined;
        const parsed = parseMetaLine(line.bytes);
        return "reason" in parsed ? undefined : parsed.meta.base?.toLowerCase();
      }),
  };
}

/** SHA-256, hexadecimal, of a file's bytes. Throws like the disk. */
export function fileSha256(
  { disk }: Machine,
  settings: Settings,
  side: Side,
  { path }: Pick<Item, "path">,
): string {
  const file = disk.openRead(inHome(rootOf(settings, side), path));
  try {
    const hash = sha256Stream();
    for (let at = 0; at < file.size; at += PIECE) hash.update(file.read(at, PIECE));
    return hash.digest("hex");
  } finally {
    file.close();
  }
}

/** Hands the content of a rollout, expanded where it is compressed, to `use`. Throws like the disk. */
export function withContent<T>(
  { disk }: Machine,
  settings: Settings,
  side: Side,
  { path, encoding }: Pick<Item, "path" | "encoding">,
  use: (source: ByteSource) => T,
): T {
  const file = disk.openRead(inHome(rootOf(settings, side), path));
  try {
    if (encoding === "plain") return use(file);
    return use(memorySource(expandZstd(file.read(0, file.size).slice())));
  } finally {
    file.close();
  }
}

/** The bytes of a log. Throws `failed` for one that is too large to be held. */
export function logOf(
  { disk }: Machine,
  settings: Settings,
  side: Side,
  { path }: Pick<Item, "path">,
): Uint8Array {
  const file = disk.openRead(inHome(rootOf(settings, side), path));
  try {
    if (file.size > MAX_LOG_BYTES) {
      throw new AppError("failed", `"${path}" is too large to be united: ${file.size} bytes`, {
        hint: "take it out of targets.include_roots",
      });
    }
    return file.read(0, file.size).slice();
  } finally {
    file.close();
  }
}
