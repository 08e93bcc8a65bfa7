/**
 * Names of threads that `session_index.jsonl` does not know. Codex 0.169 writes a name there and into the database; of
 * a legacy thread the file is all that is left when the database is made anew (seen there). Names that only the file
 * knows stay in it, and no line is taken out.
 */
import { type ByteString, encodeText, NO_BYTES } from "../core/bytes.ts";
import type { Finding } from "../core/finding.ts";
import type { Splice } from "../core/splice.ts";
import {
  type NameEntry,
  nameLines,
  readSessionIndex,
  SESSION_INDEX,
  type SessionIndex,
} from "../codex/session_index.ts";
import type { Draft, Facts, Repair, RepairOptions } from "./repair.ts";
import { editSmallFile, NOTHING_TO_DO, readSmallFile, threadCells } from "./small_file.ts";

/** Finds and cures names that would be lost with the database. */
export const indexRepair: Repair = {
  name: "index",
  summary: "write the names of threads into session_index.jsonl, where they outlive the database",
  safe: true,
  find: findNames,
  plan: planNames,
};

/** The name of a thread as its row says it. */
interface RowName extends NameEntry {
  readonly isLegacy: boolean;
}

const BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf" as ByteString;
const EMPTY: SessionIndex = readSessionIndex(new Uint8Array());
/** The last moment a date can stand for, milliseconds. */
const LAST_MOMENT = 8.64e15;

function findNames(facts: Facts): readonly Finding[] {
  const file = readSmallFile(facts, SESSION_INDEX);
  if (file !== undefined && "refused" in file) return [];
  const index = file === undefined ? EMPTY : readSessionIndex(file.bytes);
  const missing = missingNames(facts, index);
  const findings: Finding[] = [];
  const legacy = missing.filter(({ isLegacy }) => isLegacy);
  const others = missing.filter(({ isLegacy }) => !isLegacy);
  if (legacy.length > 0) findings.push(unknownNames(legacy, "warning"));
  if (others.length > 0) findings.push(unknownNames(others, "info"));
  return [...findings, ...spoiltFile(index), ...oddLines(facts, index)];
}

function unknownNames(names: readonly RowName[], severity: "warning" | "info"): Finding {
  const loss = severity === "warning"
    ? "they would be lost when Codex makes the database anew"
    : "Codex takes names of such threads from the database, other programs from the file";
  return {
    code: "index-stale",
    severity,
    count: names.length,
    repair: "index",
    message:
      `${names.length} thread(s) have a name in the database that session_index.jsonl does not know; ${loss}`,
    samples: names.map(({ id, name }) => `${id}: ${JSON.stringify(name)}`),
  };
}

function spoiltFile({ isTorn, hasMark }: SessionIndex): readonly Finding[] {
  const faults = [
    ...hasMark ? ["it begins with a byte order mark, which makes Codex pass over its first entry"] : [],
    ...isTorn ? ["its last line does not end, so the next name would be lost"] : [],
  ];
  if (faults.length === 0) return [];
  return [{
    code: "index-stale",
    severity: "warning",
    count: 1,
    repair: "index",
    message: `session_index.jsonl is damaged: ${faults.join("; ")}`,
    samples: faults,
  }];
}

function oddLines({ snapshot }: Facts, { unreadable, hasMark, names }: SessionIndex): readonly Finding[] {
  const lines = unreadable.filter((number) => number !== 1 || !hasMark);
  const gone = [...names.keys()].filter((id) => !snapshot.threads.has(id));
  const info = (count: number, message: string, samples: readonly string[]): Finding => ({
    code: "index-stale",
    severity: "info",
    count,
    repair: undefined,
    message,
    samples,
  });
  return [
    ...lines.length === 0 ? [] : [info(
      lines.length,
      `${lines.length} line(s) of session_index.jsonl are no entries; Codex passes over them`,
      lines.map((number) => `line ${number}`),
    )],
    ...gone.length === 0 ? [] : [info(
      gone.length,
      `session_index.jsonl names ${gone.length} thread(s) that are not there any more; their names are kept`,
      gone.map((id) => `${id}: ${JSON.stringify(names.get(id))}`),
    )],
  ];
}

function planNames(facts: Facts, { threads }: RepairOptions): Draft {
  const file = readSmallFile(facts, SESSION_INDEX);
  if (file !== undefined && "refused" in file) {
    return { changes: [], skipped: [{ subject: SESSION_INDEX, reason: file.refused }] };
  }
  const selected = new Set(threads.map(({ id }) => id));
  const index = file === undefined ? EMPTY : readSessionIndex(file.bytes);
  const lines = nameLines(missingNames(facts, index).filter(({ id }) => selected.has(id)));
  if (file === undefined) {
    if (lines === NO_BYTES) return NOTHING_TO_DO;
    const make = { kind: "make", path: SESSION_INDEX, thread: undefined, sets: {}, content: lines } as const;
    return { changes: [make], skipped: [] };
  }
  const splices: Splice[] = [];
  if (index.hasMark) splices.push({ at: 0, before: BYTE_ORDER_MARK, after: NO_BYTES });
  const glue = index.isTorn ? encodeText("\n") : NO_BYTES;
  const after = glue + lines as ByteString;
  if (after !== NO_BYTES) splices.push({ at: file.bytes.length, before: NO_BYTES, after });
  return splices.length === 0 ? NOTHING_TO_DO : { changes: [editSmallFile(file, splices)], skipped: [] };
}

/** Names in the database of which the last entry says another one, or of which there is none. */
function missingNames(facts: Facts, index: SessionIndex): readonly RowName[] {
  return rowNames(facts).filter(({ id, name }) => index.names.get(id) !== name);
}

/**
 * The names in the database. The name of a legacy thread is its title, unless that is but its first message; titles
 * of rows without one say nothing, they are of versions that did not keep the message (seen in Codex 0.169).
 */
function rowNames(facts: Facts): readonly RowName[] {
  const { threads } = facts.snapshot;
  const columns = { title: "''", name: "null", history_mode: "'legacy'", updated_at_ms: "updated_at * 1000" };
  const rows = threadCells(facts, columns, (has) => {
    const first = has("first_user_message") ? "first_user_message" : "title";
    const preview = has("preview") ? "preview" : first;
    const legacy = `(title <> '' and ${first} <> '' and title <> ${first} and title <> ${preview})`;
    if (!has("name")) return legacy;
    return has("history_mode")
      ? `(history_mode = 'legacy' and ${legacy}) or (history_mode <> 'legacy' and name <> '')`
      : legacy;
  });
  return rows.flatMap((row): RowName[] => {
    const isLegacy = row["history_mode"] === "legacy";
    const name = String((isLegacy ? row["title"] : row["name"]) ?? "").trim();
    const id = String(row["id"]);
    if (name === "" || !threads.has(id)) return [];
    const updatedAtMs = Math.min(Math.max(Number(row["updated_at_ms"]) || 0, 0), LAST_MOMENT);
    return [{ id, name, updatedAtMs, isLegacy }];
  });
}
