/** File names of rollouts, the way Codex makes and reads them. */

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const NAME = new RegExp(`^rollout-.*?(?:(${UUID})(?:_(${UUID}))?)?\\.jsonl(\\.zst)?$`, "i");

/** What a rollout's file name says. */
export interface RolloutName {
  readonly encoding: "plain" | "zstd";
  /** Thread id, lower case; undefined when the name holds none. */
  readonly id: string | undefined;
  /** Segment id of a file made by a revert. */
  readonly segment: string | undefined;
}

/**
 * Reads `rollout-<time>-<thread>[_<segment>].jsonl[.zst]`; undefined for every other name, which Codex 0.169 ignores
 * (`*.jsonl.bak` beside a rollout, for one).
 */
export function parseRolloutName(name: string): RolloutName | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  return {
    encoding: match[3] === undefined ? "plain" : "zstd",
    id: match[1]?.toLowerCase(),
    segment: match[2]?.toLowerCase(),
  };
}

/** When Codex began a segment, in milliseconds: its id is a UUID of version 7, which begins with them. */
export function segmentMadeAt(segment: string): number {
  return parseInt(segment.replaceAll("-", "").slice(0, 12), 16);
}
