/**
 * How two rollouts of the same name stand to each other. Both are logs that only grow, so they agree up to somewhere,
 * and behind that one, both or none goes on. Content is gone through in large pieces; lines are looked at only where
 * the bytes differ, and memory does not grow with the files.
 */
import { Buffer } from "node:buffer";
import { readFirstLine } from "../codex/rollout.ts";
import { type Line, lineAround } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";
import { isSettingsOrBlank, travellingText } from "./content.ts";
import type { Relation, Side } from "./model.ts";

const LARGEST_CHUNK = 1024 * 1024;
/** Where lines differ one after the other, each look ahead should be about as long as a line. */
const SMALLEST_CHUNK = 4 * 1024;
const LINE_FEED = 0x0a;

/** A place in either content. */
type Place = Readonly<Record<Side, number>>;

/** Up to where two contents agree. */
interface Agreement {
  /** Behind the last line that is the same in both. */
  readonly common: Place;
  /** Whether a side ends in the middle of what would still agree. */
  readonly ended: Readonly<Record<Side, boolean>>;
}

/** Compares the decompressed contents of two rollouts. Never throws on content. */
export function relationOf(local: ByteSource, cloud: ByteSource): Relation {
  const modes = [modeOf(local), modeOf(cloud)];
  const isLegacy = modes.includes("legacy") && !modes.includes("paginated");
  const { common, ended } = agreement(local, cloud, isLegacy);
  const appendable = isLegacy || common.local === common.cloud;
  const goesOn = {
    local: !ended.local && hasContent(local, common.local),
    cloud: !ended.cloud && hasContent(cloud, common.cloud),
  };
  const kind = goesOn.local
    ? goesOn.cloud ? "diverged" : "local-ahead"
    : goesOn.cloud
    ? "cloud-ahead"
    : "same";
  return { kind, common, appendable };
}

function modeOf(source: ByteSource): "legacy" | "paginated" | undefined {
  const first = readFirstLine(source);
  return "reason" in first ? undefined : first.parsed.meta.mode;
}

function agreement(local: ByteSource, cloud: ByteSource, isLegacy: boolean): Agreement {
  let at: Place = { local: 0, cloud: 0 };
  const first = readFirstLine(local);
  const top = "reason" in first ? 0 : first.line.at;
  for (;;) {
    const equal = equalBytes(local, at.local, cloud, at.cloud);
    const ended = {
      local: at.local + equal === local.size,
      cloud: at.cloud + equal === cloud.size,
    };
    const whole = wholeLines(local, at.local, at.local + equal);
    const common = { local: at.local + whole, cloud: at.cloud + whole };
    if (ended.local || ended.cloud) return { common, ended };
    const a = lineAround(local, common.local);
    const b = lineAround(cloud, common.cloud);
    if (a === undefined || b === undefined || a === "too-long" || b === "too-long") return { common, ended };
    // In paginated files only the first line may be rewritten, all others have stored offsets.
    if (!isSameLine(a, b, isLegacy || common.local === top)) return { common, ended };
    at = { local: endOf(a), cloud: endOf(b) };
  }
}

/** How many bytes are equal from the two places on. */
function equalBytes(local: ByteSource, localAt: number, cloud: ByteSource, cloudAt: number): number {
  const most = Math.min(local.size - localAt, cloud.size - cloudAt);
  let want = SMALLEST_CHUNK;
  let equal = 0;
  while (equal < most) {
    const length = Math.min(want, most - equal);
    const a = local.read(localAt + equal, length);
    const b = cloud.read(cloudAt + equal, length);
    const got = Math.min(a.length, b.length);
    // a file that got shorter while it is read ends here
    if (got === 0) return equal;
    const piece = [a.subarray(0, got), b.subarray(0, got)] as const;
    if (Buffer.compare(...piece) !== 0) return equal + firstDifference(...piece);
    equal += got;
    want = Math.min(want * 2, LARGEST_CHUNK);
  }
  return equal;
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i;
}

/** How many of the bytes from `from` to `to` are whole lines. */
function wholeLines(source: ByteSource, from: number, to: number): number {
  let want = SMALLEST_CHUNK;
  for (let end = to; end > from;) {
    const at = Math.max(from, end - want);
    const feed = source.read(at, end - at).lastIndexOf(LINE_FEED);
    if (feed >= 0) return at + feed + 1 - from;
    end = at;
    want = Math.min(want * 2, LARGEST_CHUNK);
  }
  return 0;
}

/** Whether two lines say the same; their endings may differ, and what each machine has of its own where it may. */
function isSameLine(a: Line, b: Line, mayBeOwn: boolean): boolean {
  if ((a.ending === "") !== (b.ending === "")) return false;
  const [left, right] = [withoutMark(a), withoutMark(b)];
  if (Buffer.compare(left, right) === 0) return true;
  const text = mayBeOwn ? travellingText(left) : undefined;
  return text !== undefined && text === travellingText(right);
}

/** A byte order mark at the top is nobody's content. */
function withoutMark({ at, bytes }: Line): Uint8Array {
  const hasMark = at === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? bytes.subarray(3) : bytes;
}

function endOf({ at, bytes, ending }: Line): number {
  return at + bytes.length + ending.length;
}

/** Whether anything but settings events and blank lines stands behind `from`. */
function hasContent(source: ByteSource, from: number): boolean {
  for (let at = from; at < source.size;) {
    const line = lineAround(source, at);
    if (line === undefined) return false;
    if (line === "too-long" || !isSettingsOrBlank(line)) return true;
    at = endOf(line);
  }
  return false;
}
