/**
 * What the sidebar of Codex's desktop app hides: narrowed views, projects the app drops because their entries lack
 * fields, and folders in a form that no thread has. Built from the documented form of the file, not tried with the app.
 */
import { plainFolder, styleOf } from "../core/folder.ts";
import type { Finding } from "../core/finding.ts";
import type { Splice } from "../core/splice.ts";
import { hintsOf, moveHint, moveRoots, moveThreads, rootsOf } from "../codex/ui_folders.ts";
import {
  localProjects,
  narrowings,
  readUiState,
  UI_STATE,
  type UiProject,
  type UiState,
} from "../codex/ui_state.ts";
import { addMembers, replaceSpan } from "../text/json_edit.ts";
import { JsonSpanError, member } from "../text/json_span.ts";
import type { Draft, Facts, Repair, RepairOptions } from "./repair.ts";
import { readSmallFile } from "./small_file.ts";
import { editUiState } from "./ui_state_edit.ts";

/** Finds and cures what hides threads in the desktop app. */
export const uiStateRepair: Repair = {
  name: "ui-state",
  summary: "show all workspaces in the app again",
  safe: true,
  find: findHidden,
  plan: planShown,
};

function findHidden(facts: Facts): readonly Finding[] {
  const file = readSmallFile(facts, UI_STATE);
  if (file === undefined) return [];
  if ("refused" in file) return [damaged(file.refused)];
  const state = readUiState(file.bytes);
  if ("damage" in state) return [damaged(state.damage)];
  try {
    return [...narrowed(state), ...dropped(state), ...misnamed(state, facts), ...absent(state, facts)];
  } catch (error) {
    if (error instanceof JsonSpanError) return [damaged(error.message)];
    throw error;
  }
}

function damaged(detail: string): Finding {
  return {
    code: "ui-state-invalid",
    severity: "warning",
    count: 1,
    repair: undefined,
    message: `${UI_STATE} cannot be used, so the desktop app begins with an empty sidebar: ${detail}`,
    hint: `close the app and look at ${UI_STATE}.bak beside it`,
    samples: [detail],
  };
}

function narrowed(state: UiState): readonly Finding[] {
  const found = narrowings(state);
  if (found.length === 0) return [];
  const hides = found.some((one) => one.hides);
  return [{
    code: "ui-state-filter",
    severity: hides ? "warning" : "info",
    count: found.length,
    repair: "ui-state",
    message: hides
      ? "the sidebar of the desktop app shows only some of the threads"
      : "some groups in the sidebar of the desktop app are collapsed",
    samples: found.map(({ shown }) => shown),
  }];
}

function dropped(state: UiState): readonly Finding[] {
  const projects = localProjects(state).filter((project) => missingTimes(project).length > 0);
  if (projects.length === 0) return [];
  return [{
    code: "ui-state-invalid",
    severity: "warning",
    count: projects.length,
    repair: "ui-state",
    message: `${projects.length} project(s) have no time of creation or change as a number; ` +
      `the desktop app leaves them out together with their threads`,
    samples: projects.map(({ id, name }) => `${id}: ${JSON.stringify(name ?? "")}`),
  }];
}

/** Folders written with the prefix `\\?\`, and hints to folders that are gone though their thread lies elsewhere. */
function misnamed(state: UiState, facts: Facts): readonly Finding[] {
  const roots = [...rootsOf(state)].filter((root) => plainFolder(root) !== root);
  const hints = strayHints(state, facts);
  if (roots.length + hints.length === 0) return [];
  return [{
    code: "ui-state-stale",
    severity: "warning",
    count: roots.length + hints.length,
    repair: "ui-state",
    message: "the sidebar of the desktop app looks for threads in folders that none of them names",
    samples: [
      ...roots.map((root) => `folder ${JSON.stringify(root)}`),
      ...hints.map(({ hint, folder }) =>
        `${hint.thread}: ${JSON.stringify(hint.folder)}, it is in ${JSON.stringify(folder)}`
      ),
    ],
  }];
}

/**
 * Folders and threads that are not there. They hide nothing, and may come back: folders of another drive, threads of
 * another machine. So they stay.
 */
function absent(state: UiState, { snapshot, files, platform }: Facts): readonly Finding[] {
  const folders = [...rootsOf(state)].filter((root) => isOf(root, platform) && !files.hasFolder(root));
  const threads = hintsOf(state).map(({ thread }) => thread).filter((id) => !snapshot.threads.has(id));
  const info = (gone: readonly string[], what: string, hint?: string): Finding[] =>
    gone.length === 0 ? [] : [{
      code: "ui-state-stale",
      severity: "info",
      count: gone.length,
      repair: undefined,
      message: `${gone.length} ${what} that the desktop app's sidebar names are not there`,
      ...hint === undefined ? {} : { hint },
      samples: gone.map((name) => JSON.stringify(name)),
    }];
  return [
    ...info(folders, "folder(s)", "if one was moved: codexkeep repair cwd --map OLD=NEW"),
    ...info(threads, "thread(s)"),
  ];
}

function isOf(folder: string, platform: Facts["platform"]): boolean {
  return styleOf(folder) === (platform === "windows" ? "windows" : "posix");
}

/** Hints to folders that are gone, of threads whose own folder is there. */
function strayHints(state: UiState, { snapshot: { threads }, files, platform }: Facts) {
  return hintsOf(state).flatMap((hint) => {
    const folder = threads.get(hint.thread)?.row?.cwd;
    if (folder === undefined || folder === hint.folder || !isOf(hint.folder, platform)) return [];
    const isStray = isOf(folder, platform) && !files.hasFolder(hint.folder) && files.hasFolder(folder);
    return isStray ? [{ hint, folder }] : [];
  });
}

function planShown(facts: Facts, { threads }: RepairOptions): Draft {
  const selected = new Set(threads.map(({ id }) => id));
  return editUiState(facts, (state) => shownSplices(state, facts, selected));
}

function shownSplices(state: UiState, facts: Facts, selected: ReadonlySet<string>): Splice[] {
  const plain = (folder: string) => {
    const form = plainFolder(folder);
    return form === folder ? undefined : form;
  };
  const hints = strayHints(state, facts).filter(({ hint }) => selected.has(hint.thread));
  const moved = new Set(hints.map(({ hint }) => hint.thread));
  return [
    ...narrowings(state).flatMap(({ splices }) => splices),
    ...localProjects(state).flatMap((project) => withTimes(state.bytes, project, facts)),
    ...moveRoots(state, plain),
    ...moveThreads(state, plain, (thread) => !moved.has(thread)),
    ...hints.map(({ hint, folder }) => moveHint(state, hint, folder)),
  ];
}

const TIMES = ["createdAt", "updatedAt"] as const;

function missingTimes(project: UiProject): readonly (typeof TIMES)[number][] {
  return TIMES.filter((key) => typeof project[key] !== "number");
}

/** The times that a project lacks: those of its threads, else that of the scan. */
function withTimes(bytes: Uint8Array, project: UiProject, facts: Facts): readonly Splice[] {
  const missing = missingTimes(project);
  if (missing.length === 0) return [];
  const times = timesOf(project, facts);
  const absentKeys = missing.filter((key) => member(project.members, key) === undefined);
  const added = addMembers(bytes, project.members, absentKeys.map((key) => [key, String(times[key])]));
  const replaced = missing.flatMap((key) => {
    const found = member(project.members, key);
    const literal = new TextEncoder().encode(String(times[key]));
    return found === undefined ? [] : [replaceSpan(bytes, found.value, literal)];
  });
  return added === undefined ? replaced : [...replaced, added];
}

function timesOf({ folders, createdAt, updatedAt }: UiProject, { snapshot, nowMs }: Facts) {
  const rows = [...snapshot.threads.values()].flatMap(({ row }) =>
    row !== undefined && folders.includes(row.cwd) ? [row] : []
  );
  const known = [createdAt, updatedAt].filter((time) => typeof time === "number");
  const created = known[0] ?? rows.reduce((least, row) => Math.min(least, row.createdAtMs), nowMs);
  const updated = known[0] ?? rows.reduce((most, row) => Math.max(most, row.updatedAtMs), created);
  return { createdAt: Math.trunc(created), updatedAt: Math.trunc(updated) };
}
