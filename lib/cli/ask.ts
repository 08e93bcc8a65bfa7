/** The one yes/no question. The default is no, and nothing but a clear yes is a yes. */
import { AppError } from "../core/error.ts";

/**
 * Asks; undefined when there is nobody to ask. The lines above the question (the plan) are printed only when it is
 * asked. Throws `interrupted` when a signal comes instead of an answer.
 */
export type Ask = (question: string, above?: readonly string[]) => Promise<boolean | undefined>;

/** A question that waits for a line. */
export interface Question {
  readonly text: string;
  /** Unclear answers so far. */
  readonly unclear: number;
}

/** What an answer leads to. */
export type Step = { readonly answer: boolean } | { readonly again: Question };

/** After that many unclear answers the answer is no. */
const MAX_UNCLEAR = 2;

/** A question, not yet asked. */
export function question(text: string): Question {
  return { text, unclear: 0 };
}

/** What to show for it. */
export function promptText({ text, unclear }: Question): string {
  const prompt = `${text} [y/N] `;
  return unclear === 0 ? prompt : `Please answer "y" or "n". ${prompt}`;
}

/** Takes a line that was typed; null: the input has ended. */
export function answer(state: Question, line: string | null): Step {
  const word = (line ?? "").trim().toLowerCase();
  if (word === "y" || word === "yes") return { answer: true };
  if (word === "" || word === "n" || word === "no") return { answer: false };
  if (state.unclear >= MAX_UNCLEAR) return { answer: false };
  return { again: { ...state, unclear: state.unclear + 1 } };
}

/** The terminal, as far as asking needs it. */
export interface Asker {
  readonly write: (text: string) => void;
  /** The next line without its end; null when the input has ended. */
  readonly readLine: () => Promise<string | null>;
  readonly signal: AbortSignal;
}

/** Asks on a terminal until the answer is clear. Throws `interrupted` when the signal is aborted meanwhile. */
export async function askOn({ write, readLine, signal }: Asker, text: string): Promise<boolean> {
  for (let state = question(text);;) {
    write(promptText(state));
    const step = answer(state, await orAborted(readLine(), signal, write));
    if ("answer" in step) return step.answer;
    state = step.again;
  }
}

/** The line, or `interrupted` when the signal is quicker. */
async function orAborted<T>(
  line: Promise<T>,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => {
    write("\n");
    reject(new AppError("interrupted", "interrupted before anything was changed"));
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([line, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
