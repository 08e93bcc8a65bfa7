/** Gives files their old meaning back where the old bytes would lose what came later. */
import { AppError } from "../core/error.ts";
import { type AbsPath, baseName, inHome, type RelPath } from "../core/path.ts";
import { type Change, type EditChange, invert, isPointer, type RecodeChange } from "../core/plan.ts";
import type { Rollout, Snapshot } from "../core/snapshot.ts";
import { editRootKeys } from "../codex/config_edit.ts";
import { type Refusal, relabel } from "../codex/relabel.ts";
import { segmentMadeAt } from "../codex/rollout_name.ts";
import type { Contents } from "../repairs/repair.ts";
import type { Disk } from "../system/disk.ts";
import { readConfigBytes } from "./home.ts";
import type { FileChange } from "./stage.ts";

/** What planning needs to know of the present. */
export interface Present {
  readonly disk: Disk;
  readonly snapshot: Snapshot;
  readonly contents: Contents;
}

/** What is to be restored is so already, though the file is another one. */
export const AS_BEFORE = "as before";

/**
 * The edit that takes back what `change` meant and nothing else, or why that cannot be done; `grown` when the file was
 * only continued since. Settings and the provider of a thread go by their meaning, everything else by its bytes.
 */
export function gentleUndo(
  present: Present,
  change: FileChange,
  grown: boolean,
): Change | typeof AS_BEFORE | Refusal {
  if (isPointer(change)) return orRefusal(() => gentleConfig(present, change));
  const provider = change.sets.model_provider?.before;
  const isAll = Object.keys(change.sets).join() === "model_provider";
  if (change.thread === undefined || !isAll) {
    return (grown ? appendedUndo(present, change) : undefined) ??
      { refused: "what came since would be lost" };
  }
  const rollout = findRollout(present.snapshot, change.thread, change.path);
  if (typeof provider !== "string") return { refused: "its file named no provider before" };
  if (rollout === undefined) {
    // The file itself, or a folder on the way to it.
    const unread = present.snapshot.damaged.find(({ path }) =>
      nameOf(path) === nameOf(change.path) || change.path.startsWith(`${path}/`)
    );
    return { refused: unread?.damage?.detail ?? "the file is not there" };
  }
  return giveBack(present, rollout, change.thread, provider);
}

/**
 * The edit that takes back `change` at the beginning of a file that was only continued since, and leaves what came
 * later; undefined where that would move places in a rollout that Codex remembers.
 */
function appendedUndo({ disk, snapshot: { home } }: Present, change: FileChange): EditChange | undefined {
  if (change.kind !== "edit") return undefined;
  const stays = change.splices.every(({ before, after }) => before.length === after.length);
  const now = disk.stat(inHome(home, change.path));
  if ((change.thread !== undefined && !stays) || now === undefined) return undefined;
  const { size, mtimeMs } = now;
  return { ...invert(change) as EditChange, size, mtimeMs, leaveMtimeMs: mtimeMs };
}

/** The rollout of a thread that has the name of `path`, wherever it is now and in whichever encoding. */
export function findRollout({ threads }: Snapshot, thread: string, path: RelPath): Rollout | undefined {
  return threads.get(thread)?.rollouts.find((rollout) => nameOf(rollout.path) === nameOf(path));
}

/** Archiving moves a file and keeps its name; Codex may compress it, and expands it when it opens the thread. */
function nameOf(path: RelPath): string {
  return baseName(path).replace(/\.zst$/i, "");
}

/** The edit that gives a file to a provider, or why it cannot be changed. */
export function giveBack(
  { contents }: Pick<Present, "contents">,
  rollout: Rollout,
  thread: string,
  provider: string,
): EditChange | RecodeChange | typeof AS_BEFORE | Refusal {
  if (rollout.damage !== undefined) return { refused: rollout.damage.detail };
  return orRefusal(() =>
    contents.with(rollout, (content) => {
      // The offsets of the edits must be those of the file that was scanned; now somebody is writing to it.
      if (rollout.encoding === "plain" && content.size !== rollout.stamp.size) {
        return { refused: "another program is writing to it" };
      }
      const splices = relabel(content, provider);
      if ("refused" in splices) return splices;
      if (splices.length === 0) return AS_BEFORE;
      const { path, encoding, stamp: { size, mtimeMs }, meta } = rollout;
      const sets = { model_provider: { before: meta?.provider ?? null, after: provider } };
      const common = { path, thread, sets, size, splices };
      return encoding === "zstd"
        ? { kind: "recode", ...common, mtimeMs, contentSize: content.size }
        : { kind: "edit", ...common, mtimeMs, leaveMtimeMs: mtimeMs };
    })
  );
}

/** A file that cannot be read, or not be edited safely, is left as it is. */
function orRefusal<T>(work: () => T): T | Refusal {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) return { refused: error.message };
    throw error;
  }
}

/** Files that Codex began for a thread after a moment (milliseconds since 1970), by taking turns back. */
export function segmentsSince({ threads }: Snapshot, thread: string, ms: number): readonly Rollout[] {
  const rollouts = threads.get(thread)?.rollouts ?? [];
  return rollouts.filter(({ segment }) => segment !== undefined && segmentMadeAt(segment) > ms);
}

function gentleConfig(
  { disk, snapshot: { home } }: Present,
  { path, sets: was }: FileChange,
): EditChange | typeof AS_BEFORE | Refusal {
  const bytes = readSettings(disk, home, path);
  if (bytes === undefined) return { refused: "the file is not there" };
  // Tables that were taken out have no value to give back.
  if ("profiles" in was) return { refused: "what came since would be lost" };
  const keys = Object.entries(was).map(([key, { before }]): [string, string | undefined] => [
    key,
    typeof before === "string" ? before : undefined,
  ]);
  const { splices, sets } = editRootKeys(bytes, Object.fromEntries(keys));
  if (splices.length === 0) return AS_BEFORE;
  return {
    kind: "edit",
    path,
    thread: undefined,
    sets,
    size: bytes.length,
    mtimeMs: undefined,
    leaveMtimeMs: undefined,
    splices,
  };
}

/** Bytes of a settings file, which may be a link. */
function readSettings(disk: Disk, home: AbsPath, path: RelPath): Uint8Array | undefined {
  if (path === "config.toml") return readConfigBytes(disk, home);
  if (disk.stat(inHome(home, path)) === undefined) return undefined;
  const file = disk.openRead(inHome(home, path), { follow: true });
  try {
    return file.read(0, file.size).slice();
  } finally {
    file.close();
  }
}
