/**
 * `session_index.jsonl`, the file in which Codex writes down every name a thread is given: lines are only appended, and
 * the last one of a thread counts (seen in Codex 0.169, where it is all that is left of the name of a legacy thread when
 * the database is gone).
 */
import { type ByteString, encodeText } from "../core/bytes.ts";
import type { RelPath } from "../core/path.ts";

/** Where it lies in the home. */
export const SESSION_INDEX = "session_index.jsonl" as RelPath;

/** What the file says. */
export interface SessionIndex {
  /** The last name of every thread that has one, by thread id in small letters. */
  readonly names: ReadonlyMap<string, string>;
  /** Numbers, from 1, of lines that Codex passes over. */
  readonly unreadable: readonly number[];
  readonly entries: number;
  /** The last line does not end, so that the next one Codex appends would be lost with it. */
  readonly isTorn: boolean;
  /** It begins with a byte order mark, which costs the first entry. */
  readonly hasMark: boolean;
}

/** A name to write down, and when the thread last changed, milliseconds since 1970. */
export interface NameEntry {
  readonly id: string;
  readonly name: string;
  readonly updatedAtMs: number;
}

const LINE_FEED = 0x0a;
/** Keeps a byte order mark, because Codex does not accept one. */
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads the file as Codex 0.169 does, line by line; never throws. */
export function readSessionIndex(bytes: Uint8Array): SessionIndex {
  const names = new Map<string, string>();
  const unreadable: number[] = [];
  let entries = 0;
  for (const [n, line] of UTF8.decode(bytes).split("\n").entries()) {
    if (/^[ \t\r]*$/.test(line)) continue;
    const entry = parseEntry(line);
    if (entry === undefined) {
      unreadable.push(n + 1);
      continue;
    }
    entries++;
    if (entry.name !== "") names.set(entry.id, entry.name);
  }
  return {
    names,
    unreadable,
    entries,
    isTorn: bytes.length > 0 && bytes.at(-1) !== LINE_FEED,
    hasMark: bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf,
  };
}

/** An entry as Codex accepts it: with all three fields; an empty name is passed over. */
function parseEntry(text: string): { readonly id: string; readonly name: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { id, thread_name: name, updated_at: time } = value as Record<string, unknown>;
    if (typeof id !== "string" || typeof name !== "string" || typeof time !== "string") return undefined;
    return { id: id.toLowerCase(), name: name.trim() };
  } catch {
    return undefined;
  }
}

/** Lines that write down names, oldest change first. */
export function nameLines(entries: readonly NameEntry[]): ByteString {
  const sorted = entries.toSorted((a, b) => a.updatedAtMs - b.updatedAtMs || (a.id < b.id ? -1 : 1));
  const lines = sorted.map(({ id, name, updatedAtMs }) =>
    JSON.stringify({ id, thread_name: name, updated_at: new Date(updatedAtMs).toISOString() }) + "\n"
  );
  return encodeText(lines.join(""));
}
