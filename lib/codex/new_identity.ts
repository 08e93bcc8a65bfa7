/**
 * Makes a rollout the file of another thread: every line that says which thread it belongs to says another one, of the
 * same length, so that all offsets stay right. A file that continues another one goes on continuing it: it becomes what
 * a fork is.
 */
import { encodeText, sha256, toByteString } from "../core/bytes.ts";
import type { Splice } from "../core/splice.ts";
import { type Member, member, objectMembers, stringValue } from "../text/json_span.ts";
import { linesWith } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";
import { parseMetaLine, readFirstLine } from "./rollout.ts";
import type { Refusal } from "./relabel.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Members of a first line that name its own thread, and of other lines. */
const META_KEYS = ["id", "session_id"];
const LINE_KEYS = ["thread_id", "session_id"];

/**
 * An id for the thread that a second version of `id` becomes: of the same time, so that it is listed where the thread
 * was, and otherwise drawn from the content, so that the same version becomes the same thread wherever it is settled.
 *
 * @param content SHA-256 of the version, hexadecimal
 */
export function siblingId(id: string, content: string): string {
  const drawn = sha256(`${id} ${content}`);
  const variant = "89ab"[parseInt(drawn.slice(0, 1), 16) % 4];
  return `${id.slice(0, 14)}7${drawn.slice(1, 4)}-${variant}${drawn.slice(4, 7)}-${drawn.slice(7, 19)}`;
}

/** The edits that make a rollout of thread `from` one of thread `to`; each keeps its length. */
export function renameThread(source: ByteSource, from: string, to: string): readonly Splice[] | Refusal {
  if (!UUID.test(from) || !UUID.test(to)) return { refused: "its id is of another form than those of Codex" };
  const first = readFirstLine(source);
  if ("reason" in first) return { refused: first.detail };
  if (first.parsed.meta.id !== from) return { refused: `it is of thread ${first.parsed.meta.id}` };
  const splices: Splice[] = [];
  for (const line of linesWith(source, [new TextEncoder().encode(from)])) {
    if (line.tooLong) continue;
    for (const { value } of namesIn(line.bytes, from)) {
      const { start, end } = value;
      const before = toByteString(line.bytes.subarray(start, end));
      splices.push({ at: line.at + start, before, after: encodeText(JSON.stringify(to)) });
    }
  }
  const isFirst = splices.some(({ at }) => at < first.line.at + first.line.bytes.length);
  return isFirst ? splices : { refused: "its first line writes the id in a way that cannot be changed" };
}

/** The members of a line that name the thread, as texts of the plain form. */
function namesIn(bytes: Uint8Array, id: string): readonly Member[] {
  const parsed = parseMetaLine(bytes);
  const isMeta = !("reason" in parsed);
  // Copied from its parent into a legacy fork: the parent stays what it is.
  if (isMeta && parsed.meta.id !== id) return [];
  const members = isMeta ? parsed.payload : payloadOf(bytes);
  return (isMeta ? META_KEYS : LINE_KEYS).flatMap((key) => {
    const found = member(members, key);
    const isPlain = found !== undefined && found.value.end - found.value.start === id.length + 2;
    return isPlain && stringValue(bytes, found.value)?.toLowerCase() === id ? [found] : [];
  }).sort((a, b) => a.value.start - b.value.start);
}

function payloadOf(bytes: Uint8Array): readonly Member[] {
  try {
    const payload = member(objectMembers(bytes, 0).members, "payload");
    return payload?.kind === "object" ? objectMembers(bytes, payload.value.start).members : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
