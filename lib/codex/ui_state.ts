/**
 * `.codex-global-state.json`, where Codex's desktop app keeps what its sidebar shows. Known from the app's own code as
 * published in parts and from reports of its users; not tried against the app. Nothing but the keys named here is
 * looked at, and every other byte stays.
 */
import type { RelPath } from "../core/path.ts";
import type { Splice } from "../core/splice.ts";
import { replaceSpan } from "../text/json_edit.ts";
import { type Item, JsonSpanError, type Member, member, objectMembers } from "../text/json_span.ts";

/** Where it lies in the home. */
export const UI_STATE = ".codex-global-state.json" as RelPath;

/** The file taken apart, one level deep. */
export interface UiState {
  readonly bytes: Uint8Array;
  readonly top: readonly Member[];
  /** The members of the file itself and of the parts of it that hold the interface's settings. */
  readonly settings: readonly (readonly Member[])[];
}

/** Parts of the file in which the app keeps the settings of its interface; older ones stand in the file itself. */
const SETTINGS_PARTS = ["electron-persisted-atom-state", "persisted-atom-state"] as const;

/** What narrows the sidebar, and the value with which it shows everything: the app's own default. */
const FILTERS: Readonly<Record<string, string>> = {
  "sidebar-workspace-filter-v2": "all",
  "recent-tasks-filter": "recent",
  "sidebar-view-v2": "threads",
  "stage-filter": "all",
};
/** Maps from a group or section to whether it is collapsed. */
const COLLAPSED = ["sidebar-collapsed-groups", "sidebar-collapsed-sections-v1"] as const;

/** Takes the file apart, or says why the app cannot read it. */
export function readUiState(bytes: Uint8Array): UiState | { readonly damage: string } {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const { members: top } = objectMembers(bytes, hasMark(bytes) ? 3 : 0);
    const parts = SETTINGS_PARTS.flatMap((key) => {
      const members = membersAt(bytes, top, key);
      return members === undefined ? [] : [members];
    });
    return { bytes, top, settings: [top, ...parts] };
  } catch (error) {
    if (error instanceof JsonSpanError) return { damage: error.message };
    return { damage: "it is not JSON in UTF-8" };
  }
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** The members of an object that is a member; undefined when it is none. Throws `JsonSpanError` for a repeated key. */
export function membersAt(
  bytes: Uint8Array,
  members: readonly Member[],
  key: string,
): readonly Member[] | undefined {
  const found = member(members, key);
  return found?.kind === "object" ? objectMembers(bytes, found.value.start).members : undefined;
}

/** The value of a member or item. */
export function valueOf(bytes: Uint8Array, { value }: Member | Item): unknown {
  return JSON.parse(new TextDecoder().decode(bytes.subarray(value.start, value.end)));
}

/** A setting that narrows the sidebar. */
export interface Narrowing {
  readonly key: string;
  /** Whether threads are hidden, as opposed to folded away under a heading that still shows. */
  readonly hides: boolean;
  readonly shown: string;
  readonly splices: readonly Splice[];
}

/** Everything that narrows the sidebar, with the edit that opens it again. */
export function narrowings({ bytes, settings }: UiState): readonly Narrowing[] {
  return settings.flatMap((members) => [
    ...Object.entries(FILTERS).flatMap(([key, open]) => {
      const found = member(members, key);
      const value = found && valueOf(bytes, found);
      if (found === undefined || typeof value !== "string" || value === open) return [];
      const splices = [replaceSpan(bytes, found.value, new TextEncoder().encode(JSON.stringify(open)))];
      return [{ key, hides: true, shown: `${key} is ${JSON.stringify(value)}`, splices }];
    }),
    ...COLLAPSED.flatMap((key) => {
      const closed = (membersAt(bytes, members, key) ?? []).filter(({ kind }) => kind === "true");
      if (closed.length === 0) return [];
      const names = closed.map((one) => JSON.stringify(one.key)).join(", ");
      const splices = closed.map((one) => replaceSpan(bytes, one.value, new TextEncoder().encode("false")));
      return [{ key, hides: false, shown: `${key}: ${names}`, splices }];
    }),
  ]);
}

/** A project as the app keeps it. */
export interface UiProject {
  readonly id: string;
  readonly name: string | undefined;
  readonly folders: readonly string[];
  readonly createdAt: unknown;
  readonly updatedAt: unknown;
  readonly members: readonly Member[];
}

/** The projects of this machine. */
export function localProjects({ bytes, top }: UiState): readonly UiProject[] {
  return (membersAt(bytes, top, "local-projects") ?? []).flatMap((entry): UiProject[] => {
    if (entry.kind !== "object") return [];
    const { members } = objectMembers(bytes, entry.value.start);
    const value = valueOf(bytes, entry) as Record<string, unknown>;
    const { name, rootPaths, createdAt, updatedAt } = value;
    return [{
      id: entry.key,
      name: typeof name === "string" ? name : undefined,
      folders: Array.isArray(rootPaths) ? rootPaths.filter((path) => typeof path === "string") : [],
      createdAt,
      updatedAt,
      members,
    }];
  });
}
