/** Colour, where there is somebody to see it. */

/** Marks text for a terminal; every member gives its text back unchanged when colour is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** What decides about colour. */
export interface StyleFacts {
  readonly isTerminal: boolean;
  /** `--no-color`. */
  readonly refused: boolean;
  /** Value of NO_COLOR; counts when it is not empty (no-color.org). */
  readonly noColor: string | undefined;
  /** Value of TERM. */
  readonly term: string | undefined;
}

/** Whether colour is wanted and can be shown. */
export function wantsColor({ isTerminal, refused, noColor, term }: StyleFacts): boolean {
  return isTerminal && !refused && (noColor ?? "") === "" && term !== "dumb";
}

/** The style for a stream: ANSI when `color`, nothing otherwise. */
export function makeStyle(color: boolean): Style {
  const mark = (open: number, close: number) => (text: string) =>
    color && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: mark(1, 22),
    dim: mark(2, 22),
    red: mark(31, 39),
    yellow: mark(33, 39),
    green: mark(32, 39),
    cyan: mark(36, 39),
  };
}

/** No colour at all. */
export const PLAIN: Style = makeStyle(false);
