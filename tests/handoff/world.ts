/** Sides of a hand-over in memory: what lies there, what a listing finds, and steps carried out. */
import { firstLine } from "../../lib/text/jsonl.ts";
import { parseRolloutName } from "../../lib/codex/rollout_name.ts";
import { sha256 } from "../../lib/core/bytes.ts";
import type { AbsPath, RelPath } from "../../lib/core/path.ts";
import type { Fingerprint } from "../../lib/core/snapshot.ts";
import { contentSha256 } from "../../lib/handoff/content.ts";
import type {
  BaseEntry,
  BaseSide,
  HandoffPlan,
  Item,
  ItemKind,
  Listing,
  Looks,
  Side,
  Situation,
  Step,
  Tombstone,
} from "../../lib/handoff/model.ts";
import { relationOf } from "../../lib/handoff/relation.ts";
import { keyOfPath } from "../../lib/handoff/selection.ts";
import type { Settings } from "../../lib/handoff/settings.ts";
import { unite } from "../../lib/handoff/unite.ts";
import { memorySource } from "../../lib/text/source.ts";
import { parseMetaLine } from "../../lib/codex/rollout.ts";

/** A file in memory; one that is called `.zst` stands for compressed text. */
export interface MemoryFile {
  readonly text: string;
  readonly mtimeMs: number;
}

/** A side: files by path. */
export type Disk = Map<string, MemoryFile>;

const encode = (text: string) => new TextEncoder().encode(text);

/** Bytes and time; a compressed file is one byte longer than its text, so that compressing changes the stamp. */
export function stampOf(path: string, { text, mtimeMs }: MemoryFile): Fingerprint {
  return { size: encode(text).length + (path.endsWith(".zst") ? 1 : 0), mtimeMs };
}

/** The file of a disk as an item. */
export function itemOf(path: string, file: MemoryFile): Item {
  return {
    key: keyOfPath(path),
    kind: kindOfPath(path),
    path: path as RelPath,
    archived: path.startsWith("archived_sessions/"),
    encoding: path.endsWith(".zst") ? "zstd" : "plain",
    stamp: stampOf(path, file),
  };
}

function kindOfPath(path: string): ItemKind {
  if (path === "session_index.jsonl") return "index";
  if (path === "history.jsonl") return "history";
  const isRollout = /^(archived_)?sessions\//.test(path) &&
    parseRolloutName(path.slice(path.lastIndexOf("/") + 1)) !== undefined;
  return isRollout ? "rollout" : "file";
}

/** What a listing finds: of two copies of a rollout the longer one takes part, conflict copies take none. */
export function listingOf(disk: Disk): Listing {
  const items = new Map<string, Item>();
  const leftOut: { path: string; reason: "conflict-copy" | "duplicate-name" }[] = [];
  for (const [path, file] of [...disk].sort(([a], [b]) => a < b ? -1 : 1)) {
    if (path.startsWith(".codexkeep/")) continue;
    if (path.includes("conflicted copy")) {
      leftOut.push({ path, reason: "conflict-copy" });
      continue;
    }
    const item = itemOf(path, file);
    const other = items.get(item.key);
    const isBetter = other === undefined || file.text.length > (disk.get(other.path)?.text.length ?? 0);
    if (other !== undefined) leftOut.push({ path: isBetter ? other.path : path, reason: "duplicate-name" });
    if (isBetter) items.set(item.key, item);
  }
  return { items, leftOut };
}

/** Looks that read the disks, and count. */
export function looksOf(local: Disk, cloud: Disk): Looks & { readonly asked: string[] } {
  const asked: string[] = [];
  const bytes = (side: Side, item: Item) =>
    encode((side === "local" ? local : cloud).get(item.path)?.text ?? "");
  const source = (side: Side, item: Item) => memorySource(bytes(side, item));
  return {
    asked,
    relation: (a, b) => {
      asked.push(`relation ${a.key}`);
      return relationOf(source("local", a), source("cloud", b));
    },
    sameBytes: (a, b) => {
      asked.push(`sameBytes ${a.key}`);
      return sha256(bytes("local", a)) === sha256(bytes("cloud", b));
    },
    union: (a, b) => {
      asked.push(`union ${a.key}`);
      const united = sha256(unite(a.kind as "index", bytes("local", a), bytes("cloud", b)));
      return { local: united !== sha256(bytes("local", a)), cloud: united !== sha256(bytes("cloud", b)) };
    },
    sha256: (side, item) => {
      asked.push(`sha256 ${item.key}`);
      return sha256(bytes(side, item));
    },
    content: (side, item) => {
      asked.push(`content ${item.key}`);
      return contentSha256(source(side, item));
    },
    basedOn: (side, item) => {
      asked.push(`basedOn ${item.key}`);
      const line = firstLine(source(side, item));
      if (line === undefined || line === "too-long") return undefined;
      const parsed = parseMetaLine(line.bytes);
      return "reason" in parsed ? undefined : parsed.meta.base?.toLowerCase();
    },
  };
}

/** The base entry that says both sides are as they are now; undefined when one lacks the file. */
export function entryOf(
  local: Disk,
  cloud: Disk,
  key: string,
  tombstone?: string,
): BaseEntry | undefined {
  const items = { local: listingOf(local).items.get(key), cloud: listingOf(cloud).items.get(key) };
  if (items.local === undefined || items.cloud === undefined) return undefined;
  const side = (disk: Disk, { path, archived, stamp }: Item): BaseSide => {
    return { path, archived, stamp, sha256: sha256(disk.get(path)?.text ?? "") };
  };
  return {
    key,
    kind: items.local.kind,
    local: side(local, items.local),
    cloud: side(cloud, items.cloud),
    ...(tombstone === undefined ? {} : { tombstone }),
  };
}

/** A situation; the base is what `base` says, or that of two former disks. */
export function situationOf(
  local: Disk,
  cloud: Disk,
  base: ReadonlyMap<string, BaseEntry> = new Map(),
  more: Partial<Situation> = {},
): Situation & { readonly looks: ReturnType<typeof looksOf> } {
  return {
    local: listingOf(local),
    cloud: listingOf(cloud),
    base,
    tombstones: new Map(),
    marker: { folder: "m", base: base.size === 0 ? undefined : "m" },
    nowMs: 0,
    ...more,
    looks: looksOf(local, cloud),
  };
}

/** The base that says two disks agree in everything both have. */
export function baseOf(local: Disk, cloud: Disk): Map<string, BaseEntry> {
  const entries = [...listingOf(local).items.keys()].map((key) => [key, entryOf(local, cloud, key)] as const);
  return new Map(entries.flatMap(([key, entry]) => entry === undefined ? [] : [[key, entry]]));
}

/** What carrying out needs besides the two sides. */
export interface Hands {
  readonly machine: string;
  readonly at: string;
}

/** Carries out one step; false when a file is not as the step says. */
export function carryOut(step: Step, local: Disk, cloud: Disk, hands: Hands): boolean {
  const disk = (side: Side) => side === "local" ? local : cloud;
  const isAsStamped = (side: Side, path: string, stamp: Fingerprint) => {
    const file = disk(side).get(path);
    const now = file && stampOf(path, file);
    return now?.size === stamp.size && now.mtimeMs === stamp.mtimeMs;
  };
  switch (step.do) {
    case "copy":
    case "extend": {
      const [to, from] = [disk(step.to), disk(step.to === "local" ? "cloud" : "local")];
      const over = step.over;
      if (!isAsStamped(step.to === "local" ? "cloud" : "local", step.from, step.source)) return false;
      if (over !== undefined && !isAsStamped(step.to, over.path, over.stamp)) return false;
      if (over?.path !== step.path && to.has(step.path)) return false;
      const source = from.get(step.from)!;
      const text = step.do === "copy"
        ? source.text
        : joined(to.get(step.over.path)!.text, step.keep, source.text, step.skip);
      if (over !== undefined) to.delete(over.path);
      to.set(step.path, { text, mtimeMs: source.mtimeMs });
      return true;
    }
    case "move": {
      const on = disk(step.on);
      if (!isAsStamped(step.on, step.from, step.stamp) || on.has(step.path)) return false;
      on.set(step.path, on.get(step.from)!);
      return on.delete(step.from);
    }
    case "remove": {
      const on = disk(step.on);
      if (!isAsStamped(step.on, step.path, step.stamp)) return false;
      if (step.on === "cloud") {
        const stone = { key: step.key, machine: hands.machine, at: hands.at } satisfies Partial<Tombstone>;
        cloud.set(`.codexkeep/tombstones/${hands.machine}/${step.key}`, {
          text: JSON.stringify({
            ...stone,
            sha256: contentSha256(memorySource(encode(on.get(step.path)!.text))),
          }),
          mtimeMs: Date.parse(hands.at),
        });
      }
      return on.delete(step.path);
    }
    case "keep-loser": {
      if (!isAsStamped(step.of, step.path, step.stamp)) return false;
      const name = `.codexkeep/conflicts/${step.key}.${hands.machine}.${hands.at}.loser`;
      cloud.set(name, disk(step.of).get(step.path)!);
      return true;
    }
    case "unite": {
      const [a, b] = [local.get(step.path), cloud.get(step.path)];
      if (a === undefined || b === undefined) return false;
      const text = new TextDecoder().decode(unite(step.kind, encode(a.text), encode(b.text)));
      const mtimeMs = Date.parse(hands.at);
      for (const side of step.on === "both" ? ["local", "cloud"] as const : [step.on]) {
        if (disk(side).get(step.path)!.text !== text) disk(side).set(step.path, { text, mtimeMs });
      }
      return true;
    }
  }
}

function joined(receiver: string, keep: number, sender: string, skip: number): string {
  const decoder = new TextDecoder();
  return decoder.decode(encode(receiver).subarray(0, keep)) + decoder.decode(encode(sender).subarray(skip));
}

/** Carries out all steps of a plan, or the first `count`; the keys of steps that failed. */
export function carryOutAll(
  plan: HandoffPlan,
  local: Disk,
  cloud: Disk,
  hands: Hands,
  count: number = plan.steps.length,
): Set<string> {
  const failed = new Set<string>();
  for (const step of plan.steps.slice(0, count)) {
    if (failed.has(step.key) || !carryOut(step, local, cloud, hands)) failed.add(step.key);
  }
  return failed;
}

/** The tombstones in a folder, the newest of every key. */
export function tombstonesOf(cloud: Disk): Map<string, Tombstone> {
  const found = new Map<string, Tombstone>();
  for (const [path, { text }] of cloud) {
    if (!path.startsWith(".codexkeep/tombstones/")) continue;
    const stone = JSON.parse(text) as Tombstone;
    const other = found.get(stone.key);
    if (other === undefined || other.at < stone.at) found.set(stone.key, stone);
  }
  return found;
}

/** Settings with the defaults of the catalogue, as far as planning goes by them. */
export function settingsOf(
  sync: Partial<Settings["sync"]> = {},
  policy: Settings["conflict"]["policy"] = "manual_abort",
  safety: Partial<Settings["safety"]> = {},
): Settings {
  const folder = "/nowhere" as AbsPath;
  return {
    identity: { machineId: "a" },
    paths: {
      workspaceRootDir: undefined,
      localStateDir: folder,
      cloudRootDir: folder,
      backupDir: folder,
      tempDir: undefined,
    },
    targets: { includeRoots: [], config: false },
    filters: { excludeGlobs: [] },
    sync: {
      mode: "cold",
      direction: "bidirectional",
      compare: "mtime",
      timeToleranceSeconds: 0,
      equalMtimeAction: "skip",
      sessionMode: "all",
      deletePolicy: "never",
      dryRunDefault: true,
      scope: "full",
      closeCodex: false,
      ...sync,
    },
    conflict: { policy, reportConflicts: true },
    backup: { compression: "none", beforeOverwrite: true, retentionDays: 30, maxBackups: 0 },
    safety: {
      requireCodexStopped: true,
      failOnUnknown: true,
      maxDeletePercent: 50,
      maxChangedPercent: 50,
      leaseMinutes: 60,
      ...safety,
    },
    processDetection: {
      processNames: [],
      backgroundProcessNames: { windows: [], macos: [], linux: [] },
      manualTerminateConfirmation: true,
      terminateConfirmationMode: "console",
      allowTerminateIfRunning: false,
      gracePeriodSeconds: 1,
      terminateTimeoutSeconds: 1,
    },
    state: { manifestFile: folder, dataVersion: 1 },
    logging: {
      dir: undefined,
      stem: "x",
      level: "INFO",
      format: "text",
      maxFileSizeMb: 10,
      retentionDays: 7,
      archiveMode: "zip",
    },
    pathMappings: [],
  };
}
