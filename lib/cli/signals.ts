/** Ctrl-C and termination: the first asks the work to stop at a safe place, the second ends the program. */

/** Exit status after a signal. */
export const INTERRUPTED = 130;

/** Signals that mean "stop"; not every system has all of them. */
const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

/**
 * Runs `work` with a signal that is aborted when the user or the system says stop. Resolves to what `work` resolves
 * to, or at the second signal at once to {@link INTERRUPTED}; the caller then ends the program.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const { promise: second, resolve } = Promise.withResolvers<number>();
  const stop = () => {
    if (controller.signal.aborted) resolve(INTERRUPTED);
    else controller.abort();
  };
  const listened = SIGNALS.filter((name) => listen(name, stop));
  try {
    return await Promise.race([work(controller.signal), second]);
  } finally {
    for (const name of listened) Deno.removeSignalListener(name, stop);
  }
}

function listen(name: Deno.Signal, handler: () => void): boolean {
  try {
    Deno.addSignalListener(name, handler);
    return true;
  } catch {
    return false; // Windows has no SIGTERM to listen for
  }
}
