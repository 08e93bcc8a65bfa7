/** Changes of the desktop app's state file, which more than one repair makes. */
import type { Splice } from "../core/splice.ts";
import { readUiState, UI_STATE, type UiState } from "../codex/ui_state.ts";
import { JsonSpanError } from "../text/json_span.ts";
import type { Draft, Facts } from "./repair.ts";
import { editSmallFile, NOTHING_TO_DO, readSmallFile } from "./small_file.ts";

/** The edits that `splicesOf` wants, in the order of their places; skipped where the file cannot be read or edited. */
export function editUiState(facts: Facts, splicesOf: (state: UiState) => readonly Splice[]): Draft {
  const file = readSmallFile(facts, UI_STATE);
  if (file === undefined) return NOTHING_TO_DO;
  if ("refused" in file) return skip(file.refused);
  const state = readUiState(file.bytes);
  if ("damage" in state) return skip(state.damage);
  try {
    const splices = splicesOf(state).toSorted((a, b) => a.at - b.at);
    return splices.length === 0 ? NOTHING_TO_DO : { changes: [editSmallFile(file, splices)], skipped: [] };
  } catch (error) {
    if (error instanceof JsonSpanError) return skip(error.message);
    throw error;
  }
}

function skip(reason: string): Draft {
  return { changes: [], skipped: [{ subject: UI_STATE, reason }] };
}
