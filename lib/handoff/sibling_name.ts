/** What a thread is called that was made from a version of another one. */
import { encodeText, NO_BYTES } from "../core/bytes.ts";
import { nameLines, readSessionIndex, SESSION_INDEX } from "../codex/session_index.ts";
import type { Cells } from "../codex/salvage.ts";
import type { Draft, Facts } from "../repairs/repair.ts";
import { editSmallFile, NOTHING_TO_DO, readSmallFile } from "../repairs/small_file.ts";

/** Longest beginning of a message that serves as a name, in characters. */
const LONGEST = 80;

/** `<old name> (from <machine>)`; a thread without a name goes by the beginning of its first message. */
export function siblingName(row: Cells, indexed: string | undefined, machine: string): string {
  const isLegacy = row["history_mode"] !== "paginated";
  const said = [row["name"], isLegacy ? indexed : undefined, row["title"], row["preview"]]
    .map((value) => String(value ?? "").replaceAll(/\s+/g, " ").trim());
  const name = said.find((text) => text !== "") ?? "thread";
  const short = [...name].length > LONGEST ? `${[...name].slice(0, LONGEST - 1).join("")}…` : name;
  return `${short} (from ${machine})`;
}

/** Writes a name into `session_index.jsonl`, where Codex looks for the names of legacy threads and other programs for all. */
export function nameInIndex(facts: Facts, id: string, name: string): Draft {
  const file = readSmallFile(facts, SESSION_INDEX);
  if (file !== undefined && "refused" in file) {
    return { changes: [], skipped: [{ subject: SESSION_INDEX, reason: file.refused }] };
  }
  const index = file && readSessionIndex(file.bytes);
  if (index?.names.get(id) === name) return NOTHING_TO_DO;
  const line = nameLines([{ id, name, updatedAtMs: facts.nowMs }]);
  if (file === undefined) {
    const make = { kind: "make", path: SESSION_INDEX, thread: undefined, sets: {}, content: line } as const;
    return { changes: [make], skipped: [] };
  }
  const after = encodeText(index?.isTorn ? "\n" : "") + line as typeof line;
  return {
    changes: [editSmallFile(file, [{ at: file.bytes.length, before: NO_BYTES, after }])],
    skipped: [],
  };
}
