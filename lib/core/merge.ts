/**
 * The changes of several drafts as one list. Each draft was made for the home as it will be after those before it, a
 * plan is made for the home as it is: what concerns the same file, row or entry becomes one change, and what comes to
 * nothing goes.
 */
import { fromByteString, toByteString } from "./bytes.ts";
import { AppError } from "./error.ts";
import { joinEntries, mergeMeaning } from "./merge_cells.ts";
import type { RelPath } from "./path.ts";
import type { Change, EditChange, MakeChange, MoveChange, RecodeChange, UnmakeChange } from "./plan.ts";
import { applySplices, composeSplices, invertSplices, spliceBetween } from "./splice.ts";

/** A file by its name before all drafts. A new one under the name of another that was moved away has its own id. */
interface NamedFile {
  readonly id: string;
  readonly path: RelPath;
}

/** What is known of the lists so far. */
interface Merged {
  /** The changes, by what they are about. */
  readonly slots: Map<string, Change>;
  /** Which file a name means by now; undefined for a name that was given up. Names not in here mean themselves. */
  readonly names: Map<RelPath, NamedFile | undefined>;
  /** Size and time before all drafts, of files that are edited. */
  readonly stamps: Map<string, Pick<MoveChange, "size" | "mtimeMs">>;
}

/**
 * One list that does what the lists do one after the other. Within a list a file goes by its name at the beginning of
 * that list, in the result by its name before all of them. Throws `plan-invalid` for lists that exclude each other.
 */
export function mergeChanges(drafts: readonly (readonly Change[])[]): Change[] {
  const merged: Merged = { slots: new Map(), names: new Map(), stamps: new Map() };
  let others = 0;
  for (const draft of drafts) {
    const moves: (readonly [MoveChange, NamedFile])[] = [];
    for (const change of draft) {
      if (!isFileChange(change)) {
        put(merged.slots, keyOf(change) ?? `other ${others++}`, change);
        continue;
      }
      const file = fileOf(merged, change.path);
      if (change.kind === "move") moves.push([change, file]);
      else putContent(merged, file, change);
    }
    for (const [{ path }] of moves) merged.names.set(path, undefined);
    for (const [move, file] of moves) moveFile(merged, move, file);
  }
  for (const id of merged.slots.keys()) shareThread(merged.slots, id);
  return inMovableOrder([...merged.slots.values()]);
}

/** What is done to the content of a file and to its name is left out together. */
function shareThread(slots: Map<string, Change>, id: string): void {
  const move = slots.get(id);
  if (move?.kind !== "move") return;
  const key = id.replace(/^move /, "content ");
  const content = slots.get(key);
  if (content?.kind !== "edit" && content?.kind !== "recode") return;
  const thread = content.thread ?? move.thread;
  slots.set(id, { ...move, thread });
  slots.set(key, { ...content, thread });
}

type ContentChange = EditChange | RecodeChange | MakeChange | UnmakeChange;

function isFileChange(change: Change): change is ContentChange | MoveChange {
  return change.kind === "edit" || change.kind === "recode" || change.kind === "move" ||
    change.kind === "make" || change.kind === "unmake";
}

function fileOf({ names }: Merged, path: RelPath): NamedFile {
  const known = names.get(path);
  if (known !== undefined) return known;
  return { id: names.has(path) ? `${path}\n` : path, path };
}

/** What names a row or an entry; undefined for changes that are never merged. */
function keyOf(change: Change): string | undefined {
  if (change.kind === "row") return JSON.stringify(["row", change.database, change.thread]);
  if (change.kind !== "entry") return undefined;
  const key = Object.entries(change.key).sort(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify(["entry", change.database, change.table, key]);
}

function put(slots: Map<string, Change>, key: string, change: Change): void {
  const known = slots.get(key);
  const merged = known === undefined ? change : join(known, change);
  if (merged === undefined) slots.delete(key);
  else slots.set(key, merged);
}

function putContent({ slots, stamps }: Merged, { id, path }: NamedFile, change: ContentChange): void {
  const { kind } = change;
  if ((kind === "edit" || kind === "recode") && change.mtimeMs !== undefined && !stamps.has(id)) {
    stamps.set(id, { size: change.size, mtimeMs: change.mtimeMs });
  }
  put(slots, `content ${id}`, { ...change, path });
}

/** Notes a move, as part of an earlier one of the same file; a file that is yet to be made is made elsewhere. */
function moveFile({ slots, names, stamps }: Merged, move: MoveChange, file: NamedFile): void {
  const made = slots.get(`content ${file.id}`);
  const earlier = slots.get(`move ${file.id}`);
  const isMade = made?.kind === "make";
  if (isMade) slots.set(`content ${file.id}`, { ...made, path: move.to });
  else if (move.to === file.path) slots.delete(`move ${file.id}`);
  else if (earlier?.kind === "move") {
    slots.set(`move ${file.id}`, { ...earlier, to: move.to, sets: mergeMeaning(earlier.sets, move.sets) });
  } else slots.set(`move ${file.id}`, { ...move, ...stamps.get(file.id), path: file.path });
  names.set(move.to, isMade ? { ...file, path: move.to } : file);
}

/** Two changes of the same thing as one; undefined when the second takes the first back. */
function join(first: Change, second: Change): Change | undefined {
  if (first.kind === "row" && second.kind === "row") {
    const cells = mergeMeaning(first.cells, second.cells);
    return Object.keys(cells).length === 0 ? undefined : { ...first, cells };
  }
  if (first.kind === "entry" && second.kind === "entry") return joinEntries(first, second);
  if (first.kind === "edit" && second.kind === "edit") {
    return joinEdits({ ...first, leaveMtimeMs: second.leaveMtimeMs }, second);
  }
  if (first.kind === "recode" && second.kind === "recode") return joinEdits(first, second);
  return joinContents(first, second);
}

function joinEdits<T extends EditChange | RecodeChange>(first: T, second: T): T | undefined {
  const splices = composeSplices(first.splices, second.splices);
  if (splices.length === 0) return undefined;
  return {
    ...first,
    thread: first.thread ?? second.thread,
    sets: mergeMeaning(first.sets, second.sets),
    splices,
  };
}

/** Two changes of a small file of which at least one makes it or takes it away. */
function joinContents(first: Change, second: Change): ContentChange | undefined {
  if (first.kind === "make" && second.kind === "edit") {
    const content = toByteString(applySplices(fromByteString(first.content), second.splices));
    return { ...first, sets: mergeMeaning(first.sets, second.sets), content };
  }
  if (first.kind === "make" && second.kind === "unmake" && first.content === second.content) return undefined;
  if (first.kind === "edit" && second.kind === "unmake") {
    const content = toByteString(applySplices(fromByteString(second.content), invertSplices(first.splices)));
    return { ...second, path: first.path, sets: mergeMeaning(first.sets, second.sets), content };
  }
  if (first.kind === "unmake" && second.kind === "make") return replaced(first, second);
  const path = "path" in second ? ` of "${second.path}"` : "";
  throw new AppError(
    "plan-invalid",
    `changes of kind "${first.kind}" and "${second.kind}"${path} exclude each other`,
  );
}

/** A small file taken away and made again is one with other content. */
function replaced({ path, sets, content }: UnmakeChange, second: MakeChange): EditChange | undefined {
  if (content === second.content) return undefined;
  return {
    kind: "edit",
    path,
    thread: undefined,
    sets: mergeMeaning(sets, second.sets),
    size: content.length,
    mtimeMs: undefined,
    leaveMtimeMs: undefined,
    splices: [spliceBetween(fromByteString(content), fromByteString(second.content))],
  };
}

/**
 * Moves so that a name is given up before another file takes it; everything else stays where it is. Throws
 * `plan-invalid` for files that would change places.
 */
function inMovableOrder(changes: readonly Change[]): Change[] {
  const moves = new Map(changes.flatMap((change) => change.kind === "move" ? [[change.path, change]] : []));
  const ordered: MoveChange[] = [];
  const visit = (move: MoveChange, waiting: readonly RelPath[]) => {
    if (waiting.includes(move.path)) {
      throw new AppError("plan-invalid", `"${move.path}" and "${move.to}" would change places`);
    }
    const inTheWay = moves.get(move.to);
    if (inTheWay !== undefined) visit(inTheWay, [...waiting, move.path]);
    moves.delete(move.path);
    ordered.push(move);
  };
  for (const move of [...moves.values()]) if (moves.has(move.path)) visit(move, []);
  let next = 0;
  return changes.map((change) => change.kind === "move" ? ordered[next++] ?? change : change);
}
