/** Whether one rollout holds nothing that another one does not hold. Reads a little of both. */
import { AppError } from "../core/error.ts";
import type { Rollout } from "../core/snapshot.ts";
import { contains, linesBackward } from "../text/jsonl.ts";
import type { ByteSource } from "../text/source.ts";
import type { Contents } from "./repair.ts";

/** How much of the end of a file is compared. */
const TAIL = 64 * 1024;

/**
 * Whether `copy` is `whole` as it was at some time: rollouts only grow, so its end stands at the same place in the
 * other one, or, after a change of the first line, somewhere in it. False when either cannot be read.
 */
export function isCopyOf(copy: Rollout, whole: Rollout, contents: Contents): boolean {
  try {
    return contents.with(copy, (part) => contents.with(whole, (all) => isWithin(part, all)));
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function isWithin(part: ByteSource, all: ByteSource): boolean {
  if (part.size > all.size) return false;
  const at = Math.max(0, part.size - TAIL);
  const tail = part.read(at, TAIL).slice();
  if (isEqual(tail, all.read(at, tail.length))) return true;
  for (const line of linesBackward(part)) {
    if (line.tooLong) return false;
    if (line.bytes.length > 0) return line.at > 0 && contains(all, line.bytes);
  }
  return false;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}
