/**
 * Unites two logs of a home in which every line stands for itself: `session_index.jsonl`, where the last line of a
 * thread counts, and `history.jsonl`, whose lines are in order of time. Lines stay byte for byte as they are, also
 * those that nobody understands, and a log that has everything already stays as it is.
 */
import { Buffer } from "node:buffer";
import { type ByteString, fromByteString, toByteString } from "../core/bytes.ts";

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** One line without its line feed. */
interface Entry {
  readonly line: string;
  /** What makes it the same line elsewhere: all of it but a carriage return. */
  readonly same: string;
}

/** One log, taken apart. */
interface Log {
  readonly bytes: Uint8Array;
  readonly entries: readonly Entry[];
  readonly known: ReadonlySet<string>;
}

/** A line of `session_index.jsonl` that names a thread. */
interface Naming {
  readonly id: string;
  readonly at: number;
  readonly line: string;
}

/**
 * The united log, for both sides. Both texts are held in memory: the caller bounds them. When one side has all the
 * lines of the other, in an order that is right, the result is that side's bytes.
 */
export function unite(kind: "index" | "history", local: Uint8Array, cloud: Uint8Array): Uint8Array {
  if (isPrefix(local, cloud)) return cloud;
  if (isPrefix(cloud, local)) return local;
  const logs = [logOf(local), logOf(cloud)] as const;
  return kind === "index" ? uniteIndex(...logs) : uniteHistory(...logs);
}

function uniteIndex(local: Log, cloud: Log): Uint8Array {
  const winners = winnersOf(local, cloud);
  const isRight = (log: Log) => {
    const last = lastNamings(log.entries);
    return [...winners].every(([id, { line }]) => last.get(id)?.line === line);
  };
  const complete = completeOf(local, cloud).filter(isRight);
  if (complete.length > 0) return firstOf(complete);
  const entries = [...local.entries, ...lacking(local, cloud)];
  const last = lastNamings(entries);
  // said again at the end, because what counts is the last word
  const again = [...winners].filter(([id, { line }]) => last.get(id)?.line !== line);
  return bytesOf([...entries.map(({ line }) => line), ...again.map(([, { line }]) => line)]);
}

/** Of every thread the line that counts: the one of a log that has the other's too and goes on, else the newer one. */
function winnersOf(local: Log, cloud: Log): Map<string, Naming> {
  const [ours, theirs] = [lastNamings(local.entries), lastNamings(cloud.entries)];
  const winners = new Map(ours);
  for (const [id, their] of theirs) {
    const our = ours.get(id);
    if (our === undefined || our.line === their.line) {
      winners.set(id, our ?? their);
      continue;
    }
    const knowsOurs = cloud.known.has(our.line);
    const knowsTheirs = local.known.has(their.line);
    const isTheirs = knowsOurs === knowsTheirs ? isNewer(their, our) : knowsOurs;
    winners.set(id, isTheirs ? their : our);
  }
  return winners;
}

function isNewer(a: Naming, b: Naming): boolean {
  return a.at === b.at ? a.line > b.line : a.at > b.at;
}

function lastNamings(entries: readonly Entry[]): Map<string, Naming> {
  const last = new Map<string, Naming>();
  for (const { same } of entries) {
    const value = objectOf(same);
    if (value === undefined) continue;
    const { id, thread_name: name, updated_at: time } = value;
    if (typeof id !== "string" || typeof name !== "string" || typeof time !== "string") continue;
    // an empty name is passed over by Codex
    if (name.trim() === "") continue;
    const at = Date.parse(time);
    last.set(id.toLowerCase(), { id: id.toLowerCase(), at: Number.isNaN(at) ? -Infinity : at, line: same });
  }
  return last;
}

function uniteHistory(local: Log, cloud: Log): Uint8Array {
  const complete = completeOf(local, cloud);
  if (complete.length > 0) return firstOf(complete);
  const lines = [
    ...timed(local.entries),
    ...timed(cloud.entries).filter(({ same }) => !local.known.has(same)),
  ];
  // the sort is stable: of one second, each log's lines stay in their order
  return bytesOf(lines.sort((a, b) => a.at - b.at).map(({ line }) => line));
}

/** Lines with their times, seconds; one without takes that of the line before it. */
function timed(entries: readonly Entry[]): (Entry & { readonly at: number })[] {
  let at = -Infinity;
  return entries.map((entry) => {
    const ts = objectOf(entry.same)?.["ts"];
    if (typeof ts === "number" && Number.isFinite(ts)) at = ts;
    return { ...entry, at: at === -Infinity ? 0 : at };
  });
}

function objectOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{") && !/^\s*\{/.test(line)) return undefined;
  try {
    const value: unknown = JSON.parse(UTF8.decode(fromByteString(line as ByteString)));
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

function logOf(bytes: Uint8Array): Log {
  const lines = toByteString(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  const entries = lines.map((line) => ({ line, same: line.endsWith("\r") ? line.slice(0, -1) : line }));
  return { bytes, entries, known: new Set(entries.map(({ same }) => same)) };
}

/** The logs that have all lines of the other. */
function completeOf(local: Log, cloud: Log): Log[] {
  return [
    ...(lacking(local, cloud).length === 0 ? [local] : []),
    ...(lacking(cloud, local).length === 0 ? [cloud] : []),
  ];
}

/** Lines of `other` that `log` has not, each once. */
function lacking(log: Log, other: Log): Entry[] {
  const seen = new Set(log.known);
  return other.entries.filter(({ same }) => {
    if (seen.has(same)) return false;
    seen.add(same);
    return true;
  });
}

/** One of several that are equally good, the same from whichever side one looks. */
function firstOf(logs: readonly Log[]): Uint8Array {
  const sorted = logs.map(({ bytes }) => bytes).sort((a, b) => b.length - a.length || Buffer.compare(a, b));
  return sorted[0] ?? new Uint8Array();
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return fromByteString(lines.map((line) => `${line}\n`).join("") as ByteString);
}

function isPrefix(a: Uint8Array, b: Uint8Array): boolean {
  return a.length <= b.length && Buffer.compare(a, b.subarray(0, a.length)) === 0;
}
