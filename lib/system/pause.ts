/** Waiting without giving way, for the few places where the next effect must not come too early. */

const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Stops this thread for `ms` milliseconds. */
export function pause(ms: number): void {
  Atomics.wait(NEVER, 0, 0, ms);
}
