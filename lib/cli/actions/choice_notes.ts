/** What was chosen on the command line and cannot be meant: a slip of the pen looks like a home with nothing to do. */
import { isFolderWithin } from "../../core/folder.ts";
import type { Warning } from "../../core/report.ts";
import type { Facts } from "../../repairs/repair.ts";
import { emptyChoice, type Request } from "../request.ts";

/** Remarks on a choice that meets no thread, and on folders that no thread has or that are not there. */
export function choiceNotes(request: Request, facts: Facts): readonly Warning[] {
  return [
    ...threadNote(request, facts),
    ...oldFolderNotes(request, facts),
    ...newFolderNotes(request, facts),
  ];
}

function threadNote(request: Request, { snapshot }: Facts): readonly Warning[] {
  const flags = emptyChoice(request, snapshot);
  if (flags.length === 0) return [];
  return [{
    code: "selection-empty",
    message: `no thread is chosen by ${flags.join(", ")}`,
    hint:
      "archived and empty threads want --include-archived and --include-empty; `codexkeep diagnose` shows " +
      "sources and folders",
  }];
}

/** Not for a folder that has been followed already. */
function oldFolderNotes({ maps }: Request, { snapshot }: Facts): readonly Warning[] {
  if (maps.length === 0) return [];
  const folders = [...snapshot.threads.values()].flatMap(({ row, rollouts }) =>
    [row?.cwd, rollouts.at(-1)?.meta?.cwd].filter((cwd) => cwd !== undefined)
  );
  const isKnown = (outer: string) => folders.some((folder) => isFolderWithin(folder, outer));
  return maps.filter(({ from, to }) => !isKnown(from) && !isKnown(to)).map(({ from }) => ({
    code: "folder-unknown",
    message: `no thread belongs to ${JSON.stringify(from)} or a folder below it`,
    hint: "`codexkeep diagnose --verbose` shows the folders of threads",
  }));
}

/** A folder may be meant for later, and one of another system cannot be looked at. */
function newFolderNotes({ maps }: Request, { files, platform }: Facts): readonly Warning[] {
  const isOwn = (path: string) => path.startsWith("/") === (platform !== "windows");
  return maps.filter(({ to }) => isOwn(to) && !files.hasFolder(to)).map(({ to }) => ({
    code: "folder-missing",
    message: `${JSON.stringify(to)} is not there`,
    hint: "look at its spelling; codex resume finds threads of a folder that is missing with --all only",
  }));
}
