/** The three standard streams. Everything the program prints goes through here. */

/** An output stream. */
export interface OutputStream {
  readonly isTerminal: boolean;
  /** Writes all of it, or gives up silently when the reader has gone away. */
  readonly write: (text: string) => void;
}

/** The standard streams of the program. */
export interface Terminal {
  readonly out: OutputStream;
  readonly err: OutputStream;
  readonly inIsTerminal: boolean;
  /** Columns of the terminal; {@link DEFAULT_WIDTH} when there is none. */
  readonly width: number;
  /** The next line of standard input without its end; null when the input has ended. */
  readonly readLine: () => Promise<string | null>;
}

/** Columns to write for when there is no terminal. */
export const DEFAULT_WIDTH = 80;

/** A stream that takes bytes and says how many. */
export interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

/** How often, and how long each time, a full pipe is waited for: a minute in all. */
const FULL_PIPE_WAITS = 6_000;
const FULL_PIPE_WAIT_MS = 10;

/** The streams of this process. */
export function realTerminal(): Terminal {
  return {
    out: { isTerminal: Deno.stdout.isTerminal(), write: (text) => writeAll(Deno.stdout, text) },
    err: { isTerminal: Deno.stderr.isTerminal(), write: (text) => writeAll(Deno.stderr, text) },
    inIsTerminal: Deno.stdin.isTerminal(),
    width: columns(),
    readLine,
  };
}

/**
 * Writes all of `text`. A reader that has gone away (`| head`) is no failure of the program: the rest is dropped. A
 * pipe that is full and does not block is waited for.
 */
export function writeAll(stream: SyncWriter, text: string): void {
  let rest = new TextEncoder().encode(text);
  let waits = 0;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(stream.writeSync(rest));
      waits = 0;
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return;
      if (!(error instanceof Deno.errors.WouldBlock) || ++waits > FULL_PIPE_WAITS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}

function columns(): number {
  try {
    const { columns } = Deno.consoleSize();
    return columns > 0 ? columns : DEFAULT_WIDTH;
  } catch {
    return DEFAULT_WIDTH;
  }
}

/** Reads up to the end of a line. Terminals hand over whole lines, so nothing read too much is lost. */
async function readLine(): Promise<string | null> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(1024);
  let text = "";
  while (!text.includes("\n")) {
    const count = await Deno.stdin.read(chunk);
    if (count === null) return text === "" ? null : text;
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
  return text.slice(0, text.indexOf("\n")).replace(/\r$/, "");
}
