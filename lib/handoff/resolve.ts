/**
 * Keeps both sides of a divergence: the version that lost becomes a thread of its own, which Codex lists, opens and goes
 * on with. The original and the kept version stay as they are. A run that was cut off is finished by the same command:
 * the same version always becomes the same thread.
 */
import { AppError } from "../core/error.ts";
import { type AbsPath, inHome, joinPath, type RelPath } from "../core/path.ts";
import type { Plan } from "../core/plan.ts";
import { sha256Stream } from "../core/bytes.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { renameThread, siblingId } from "../codex/new_identity.ts";
import { namePartsOf, placeOf, rolloutName } from "../codex/places.ts";
import { readFirstLine } from "../codex/rollout.ts";
import { apply, type ApplyOptions } from "../engine/apply.ts";
import { factsAfter } from "../engine/facts_after.ts";
import { assemble, planRepairs, requireRepairable } from "../engine/plans.ts";
import type { Disk } from "../system/disk.ts";
import type { Machine } from "../system/machine.ts";
import { expandZstd } from "../system/zstd.ts";
import type { Draft, Facts } from "../repairs/repair.ts";
import { splicedSource } from "../text/spliced.ts";
import { type ByteSource, memorySource } from "../text/source.ts";
import { type ArrivalRequest, lookAtArrival, tell } from "./arrival.ts";
import type { ArrivalSource } from "./arrive.ts";
import { mapsFrom } from "./arrive_folders.ts";
import { nameInIndex } from "./sibling_name.ts";
import { siblingRow } from "./sibling_row.ts";

/** A version that lost. */
export interface Loser {
  /** Its file: in the folder of conflicts, or the local rollout itself. Plain or compressed. */
  readonly path: AbsPath;
  /** Name of the rollout, `rollout-….jsonl`. */
  readonly key: string;
  /** The machine it comes from. */
  readonly machine: string;
}

/** What became of it. */
export interface Resolved {
  readonly thread: string;
  readonly path: RelPath;
  readonly name: string | undefined;
  /** False when the file was there from an earlier run. */
  readonly made: boolean;
  /** The record of the changes to the database; undefined when Codex has to index the thread itself. */
  readonly record: string | undefined;
}

const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const CHUNK = 1 << 20;

/**
 * What a loser becomes, without doing it: id and place. Throws `refused` for one that cannot become a thread, and like
 * the disk.
 */
export function planSibling(
  { disk }: Machine,
  snapshot: Snapshot,
  { path, key }: Loser,
): { readonly thread: string; readonly path: RelPath } {
  return withContent(disk, path, (content) => siblingOf(snapshot, content, key));
}

function siblingOf(
  { threads }: Snapshot,
  content: ByteSource,
  key: string,
): { readonly from: string; readonly thread: string; readonly path: RelPath } {
  const parts = namePartsOf(key);
  if (parts === undefined) throw refused(key, "its name is not that of a rollout");
  const first = readFirstLine(content);
  if ("reason" in first) throw refused(key, first.detail);
  const { base } = first.parsed.meta;
  const isThere = base === undefined ||
    [...threads.values()].some(({ id, rollouts }) =>
      rollouts.some(({ segment, damage }) => damage === undefined && (segment ?? id) === base)
    );
  if (!isThere) {
    throw refused(key, `it continues the file ${JSON.stringify(base)}, which is not here`, {
      hint: "codexkeep handoff sync brings the files that it continues; then run this again",
    });
  }
  const thread = siblingId(parts.id, hashOf(content));
  const name = rolloutName({ stamp: parts.stamp, id: thread, segment: undefined, encoding: "plain" });
  const path = placeOf(name, false);
  if (path === undefined) throw refused(key, "there is no place for a file of that name");
  return { from: parts.id, thread, path };
}

function refused(
  key: string,
  reason: string,
  more: { readonly hint: string } | undefined = undefined,
): AppError {
  return new AppError("refused", `"${key}" cannot become a thread of its own: ${reason}`, more);
}

function hashOf(content: ByteSource): string {
  const hash = sha256Stream();
  for (let at = 0; at < content.size; at += CHUNK) {
    hash.update(content.read(at, Math.min(CHUNK, content.size - at)));
  }
  return hash.digest("hex");
}

function withContent<T>(disk: Disk, path: AbsPath, use: (content: ByteSource, mtimeMs: number) => T): T {
  const file = disk.openRead(path);
  try {
    const head = file.read(0, ZSTD.length);
    const isZstd = ZSTD.every((byte, n) => head[n] === byte);
    const content = isZstd ? memorySource(expandZstd(file.read(0, file.size).slice())) : file;
    return use(content, file.stat().mtimeMs);
  } finally {
    file.close();
  }
}

/**
 * Makes a loser a thread of its own and writes its row. Codex has to be closed. Throws `refused` for a loser that cannot
 * become one, and like {@link apply}; what was made then stays and is used by the next run.
 */
export async function resolveLoser(
  machine: Machine,
  request: ArrivalRequest,
  loser: Loser,
  options: ApplyOptions,
): Promise<Resolved> {
  const before = await lookAtArrival(machine, request);
  requireRepairable(before.source.facts.snapshot);
  const placed = withContent(machine.disk, loser.path, (content, mtimeMs) => {
    const { from, thread, path } = siblingOf(before.source.facts.snapshot, content, loser.key);
    const splices = renameThread(content, from, thread);
    if ("refused" in splices) throw refused(loser.key, splices.refused);
    const made = placeFile(
      machine,
      inHome(request.home, path),
      thread,
      splicedSource(content, splices),
      mtimeMs,
    );
    return { from, thread, path, made };
  });
  const { source } = await lookAtArrival(machine, request);
  const { snapshot } = source.facts;
  const { plan, name } = planRow(source, placed, loser.machine);
  const databases = snapshot.databases.map(({ path }) => path);
  const { record } = plan.changes.length === 0
    ? { record: undefined }
    : await apply(machine, plan, databases, options);
  tell(machine, request, (await lookAtArrival(machine, request)).source);
  return { thread: placed.thread, path: placed.path, name, made: placed.made, record };
}

/**
 * Writes the file beside its place first; false when it is there already. The id is drawn from what stands in the file,
 * so one that says it is of this thread was made from the same version, whatever has been said there since.
 */
function placeFile(
  { disk }: Machine,
  path: AbsPath,
  thread: string,
  content: ByteSource,
  mtimeMs: number,
): boolean {
  if (disk.lstat(path) !== undefined) {
    const first = withContent(disk, path, readFirstLine);
    if (!("reason" in first) && first.parsed.meta.id === thread) return false;
    throw new AppError("refused", `there is another file already at "${path}"`);
  }
  const folder = joinPath(path, "..");
  makeFolders(disk, folder);
  const temp = joinPath(folder, `.codexkeep-tmp-${path.slice(folder.length + 1).replace(/\.jsonl$/, "")}`);
  disk.remove(temp);
  const file = disk.createFile(temp, 0o600);
  try {
    for (let at = 0; at < content.size; at += CHUNK) {
      file.write(content.read(at, Math.min(CHUNK, content.size - at)));
    }
    file.setTimes(mtimeMs, mtimeMs);
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(temp, path);
  disk.syncDir(folder);
  return true;
}

function makeFolders(disk: Disk, folder: AbsPath): void {
  if (disk.stat(folder) !== undefined) return;
  const parent = joinPath(folder, "..");
  if (parent !== folder) makeFolders(disk, parent);
  disk.makeDir(folder, 0o700);
  disk.syncDir(parent);
}

/** The row of the new thread, from that of the old one on the machine it comes from; else Codex indexes the file. */
function planRow(
  source: ArrivalSource,
  { from, thread }: { readonly from: string; readonly thread: string },
  machine: string,
): { readonly plan: Plan; readonly name: string | undefined } {
  const { facts } = source;
  const drafts: Draft[] = [];
  const sibling = facts.snapshot.threads.get(thread)?.row === undefined
    ? siblingRow(source, from, thread, machine)
    : undefined;
  const name = sibling?.name;
  if (sibling !== undefined) {
    drafts.push({ changes: [sibling.change], skipped: [] });
    drafts.push(nameInIndex(facts, thread, sibling.name));
  }
  const theirs = source.others.filter((other) => other.machine === machine);
  const maps = mapsFrom(source, theirs);
  if (maps.length > 0) drafts.push(repairsOf(facts, drafts, thread, ["cwd"], { maps }));
  if (sibling === undefined) drafts.push(repairsOf(facts, drafts, thread, ["backfill"], {}));
  return { plan: assemble("handoff", facts.snapshot, drafts, []), name };
}

function repairsOf(
  facts: Facts,
  drafts: readonly Draft[],
  thread: string,
  names: readonly string[],
  more: { readonly maps?: ReturnType<typeof mapsFrom> },
): Draft {
  const ahead = factsAfter(facts, drafts.flatMap(({ changes }) => changes));
  const found = ahead.snapshot.threads.get(thread);
  const threads = found === undefined ? [] : [found];
  return planRepairs("handoff", ahead, names, { threads, from: undefined, named: true, ...more });
}
