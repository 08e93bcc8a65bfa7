/** What the desktop app goes by, as far as files tell. Judges nothing. */
import { toSearchText } from "../core/bytes.ts";
import { AppError } from "../core/error.ts";
import type { Finding } from "../core/finding.ts";
import type { RelPath } from "../core/path.ts";
import type { AppReport } from "../core/audit_report.ts";
import type { Snapshot, Thread } from "../core/snapshot.ts";
import { SESSION_INDEX } from "../codex/session_index.ts";
import { readUiState, UI_STATE } from "../codex/ui_state.ts";
import type { Facts } from "../repairs/repair.ts";
import { EMPTY_LABEL } from "./audit.ts";

/** Both are read whole; Codex never lets them come near this, in bytes. */
const MAX_INDEX = 256 * 1024 * 1024;
const MAX_UI_STATE = 64 * 1024 * 1024;

/** Keys of the app's state that decide what its sidebar shows, by their beginnings. */
const SIDEBAR_KEYS =
  /^(sidebar|flat-project-sidebar|recent-tasks|stage-filter|electron-saved-workspace|active-workspace|project|local-project|selected-project|thread-workspace|thread-project|pinned-thread)/;

/** What the desktop app goes by; `findings` are those of the same look. */
export function appOf({ snapshot, files }: Facts, findings: readonly Finding[]): AppReport {
  const latest = latestOfApp(snapshot);
  return {
    latest_thread: latest?.row === undefined ? null : {
      id: latest.id,
      provider: latest.row.provider || EMPTY_LABEL,
      updated_at: isoTime(latest.row.updatedAtMs),
    },
    user_event_drift: findings.find(({ code }) => code === "user-event-drift")?.count ?? 0,
    session_index: indexOf(readOrNothing(files, SESSION_INDEX, MAX_INDEX)),
    ui_state: uiStateOf(readOrNothing(files, UI_STATE, MAX_UI_STATE)),
  };
}

/** The app shows what it and the editor made, unless archived or without a word. */
function latestOfApp({ threads }: Snapshot): Thread | undefined {
  let latest: Thread | undefined;
  for (const thread of threads.values()) {
    const { row } = thread;
    if (row === undefined || row.archived || !row.hasPreview || row.source !== "vscode") continue;
    if (row.updatedAtMs > (latest?.row?.updatedAtMs ?? -1)) latest = thread;
  }
  return latest;
}

/** A time in milliseconds as ISO 8601; empty for a number that is no time, as one in a row may be. */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** `"unreadable"` for a file that is there and cannot be read, or is too large. */
type Content = Uint8Array | undefined | "unreadable";

function readOrNothing(files: Facts["files"], path: RelPath, limit: number): Content {
  try {
    return files.read(path, limit);
  } catch (error) {
    if (error instanceof AppError) return "unreadable";
    throw error;
  }
}

/** Lines that name a thread, and how many different ones; names themselves are not read, they would fill the memory. */
function indexOf(content: Content): AppReport["session_index"] {
  if (!(content instanceof Uint8Array)) return { exists: content !== undefined, entries: 0, threads: 0 };
  const ids = new Set<string>();
  let entries = 0;
  for (const [, id = ""] of toSearchText(content).matchAll(/^[ \t]*\{.*?"id"\s*:\s*"([^"]*)"/gm)) {
    entries++;
    ids.add(id.toLowerCase());
  }
  return { exists: true, entries, threads: ids.size };
}

function uiStateOf(content: Content): AppReport["ui_state"] {
  const none = { readable: false, keys: [], keys_total: 0 };
  if (!(content instanceof Uint8Array)) return { exists: content !== undefined, ...none };
  const state = readUiState(content);
  if ("damage" in state) return { exists: true, ...none };
  const keys = new Set(state.settings.flat().map(({ key }) => key).filter((key) => SIDEBAR_KEYS.test(key)));
  return { exists: true, readable: true, keys: [...keys].sort(), keys_total: state.top.length };
}
