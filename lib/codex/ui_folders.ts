/** The folders that `.codex-global-state.json` names, and edits that give them another place. */
import type { Splice } from "../core/splice.ts";
import { removeSpans, replaceSpan } from "../text/json_edit.ts";
import {
  arrayItems,
  type Member,
  member,
  objectMembers,
  stringLiteral,
  stringValue,
} from "../text/json_span.ts";
import type { MoveFolder } from "./cwd.ts";
import { membersAt, type UiState } from "./ui_state.ts";

/** Lists of folders, among them ids of projects, which are no folders. */
const LISTS = [
  "electron-saved-workspace-roots",
  "active-workspace-roots",
  "project-order",
  "pinned-project-ids",
] as const;
/** Maps whose keys are folders. */
const BY_FOLDER = [
  "electron-workspace-root-labels",
  "sidebar-project-thread-orders",
  "sidebar-collapsed-groups",
] as const;
const HINTS = "thread-workspace-root-hints";
/** Maps from threads to a folder, or to a list of them. */
const BY_THREAD = [HINTS, "thread-writable-roots"] as const;

/** What says under which folder the sidebar shows a thread. */
export interface Hint {
  readonly thread: string;
  readonly folder: string;
  readonly member: Member;
}

/** The folder under which each thread is shown. */
export function hintsOf({ bytes, top }: UiState): readonly Hint[] {
  return (membersAt(bytes, top, HINTS) ?? []).flatMap((found) => {
    const folder = stringValue(bytes, found.value);
    return folder === undefined ? [] : [{ thread: found.key, folder, member: found }];
  });
}

/** The edit that shows a thread under another folder. */
export function moveHint({ bytes }: UiState, hint: Hint, folder: string): Splice {
  return replaceSpan(bytes, hint.member.value, stringLiteral(folder));
}

/** The folders of the sidebar, each once: those of lists and of projects, not those of single threads. */
export function rootsOf(state: UiState): ReadonlySet<string> {
  const roots = new Set<string>();
  const look = (folder: string) => {
    roots.add(folder);
    return undefined;
  };
  moveLists(state, look);
  moveProjects(state, look);
  return roots;
}

/** The edits that move the folders of lists, labels and projects; a list that has the new folder already loses the old. */
export function moveRoots(state: UiState, move: MoveFolder): readonly Splice[] {
  return [...moveLists(state, move), ...moveKeys(state, move), ...moveProjects(state, move)];
}

/** The edits that move the folders of single threads. */
export function moveThreads(
  { bytes, top }: UiState,
  move: MoveFolder,
  isMoved: (thread: string) => boolean,
): readonly Splice[] {
  const inMaps = BY_THREAD.flatMap((key) =>
    (membersAt(bytes, top, key) ?? []).filter((entry) => isMoved(entry.key)).flatMap((entry) => {
      if (entry.kind === "array") return moveItems(bytes, entry, move);
      return moveText(bytes, entry, move);
    })
  );
  const assigned = (membersAt(bytes, top, "thread-project-assignments") ?? []).flatMap((entry) => {
    if (entry.kind !== "object" || !isMoved(entry.key)) return [];
    const folder = member(objectMembers(bytes, entry.value.start).members, "cwd");
    return folder === undefined ? [] : moveText(bytes, folder, move);
  });
  return [...inMaps, ...assigned];
}

function moveText(bytes: Uint8Array, found: Member, move: MoveFolder): Splice[] {
  const text = stringValue(bytes, found.value);
  const moved = text === undefined ? undefined : move(text);
  return moved === undefined ? [] : [replaceSpan(bytes, found.value, stringLiteral(moved))];
}

function moveLists({ bytes, settings }: UiState, move: MoveFolder): Splice[] {
  return settings.flatMap((members) =>
    LISTS.flatMap((key) => {
      const found = member(members, key);
      return found?.kind === "array" ? moveItems(bytes, found, move) : [];
    })
  );
}

function moveProjects({ bytes, top }: UiState, move: MoveFolder): Splice[] {
  return (membersAt(bytes, top, "local-projects") ?? []).flatMap((entry) => {
    if (entry.kind !== "object") return [];
    const found = member(objectMembers(bytes, entry.value.start).members, "rootPaths");
    return found?.kind === "array" ? moveItems(bytes, found, move) : [];
  });
}

/** Moves the folders of a list; of two that come to be the same the later one goes. */
function moveItems(bytes: Uint8Array, list: Member, move: MoveFolder): Splice[] {
  const { items } = arrayItems(bytes, list.value.start);
  const texts = items.map(({ value }) => stringValue(bytes, value));
  const staying = new Set(texts.filter((text) => text !== undefined && move(text) === undefined));
  const gone: number[] = [];
  const splices: Splice[] = [];
  for (const [n, { value }] of items.entries()) {
    const text = texts[n];
    const moved = text === undefined ? undefined : move(text);
    if (moved === undefined) continue;
    if (staying.has(moved)) gone.push(n);
    else splices.push(replaceSpan(bytes, value, stringLiteral(moved)));
    staying.add(moved);
  }
  return [...splices, ...removeSpans(bytes, items.map(({ value }) => value), gone)];
}

/** Moves the folders that are keys, unless the new one is a key already: then both values would be lost in one. */
function moveKeys({ bytes, settings }: UiState, move: MoveFolder): Splice[] {
  return settings.flatMap((members) =>
    BY_FOLDER.flatMap((name) => {
      const entries = membersAt(bytes, members, name) ?? [];
      const taken = new Set(entries.map(({ key }) => key));
      return entries.flatMap(({ key, keySpan }) => {
        const moved = move(key);
        if (moved === undefined || taken.has(moved)) return [];
        taken.add(moved);
        return [replaceSpan(bytes, keySpan, stringLiteral(moved))];
      });
    })
  );
}
