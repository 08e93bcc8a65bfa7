/** Where the keys of JSONC text stand. For text that is known to be JSONC: nothing is checked here. */

/** What {@link jsoncLines} finds. */
export interface JsoncLines {
  /** Line, from 1, of every key and list element, by its path as JSON text; the first where a key is there twice. */
  readonly lines: ReadonlyMap<string, number>;
  /** Keys that an object has twice, of which a parser keeps the last without a word. */
  readonly twice: readonly (readonly (string | number)[])[];
}

/** Comments and white space, strings, marks, and everything else that is a value. */
const TOKEN = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|("(?:[^"\\]|\\[\s\S])*")|([{}[\],:])|([^\s{}[\],:"/]+)/gy;

interface Level {
  readonly isList: boolean;
  /** The key or place of what comes next or stands there now. */
  at: string | number | undefined;
}

/** Finds the lines. */
export function jsoncLines(text: string): JsoncLines {
  const lines = new Map<string, number>();
  const twice: (readonly (string | number)[])[] = [];
  const levels: Level[] = [];
  const path = () => levels.flatMap(({ at }) => at ?? []);
  let line = 1;
  const note = () => {
    const name = JSON.stringify(path());
    if (lines.has(name)) twice.push(path());
    else lines.set(name, line);
  };
  for (const [token, string, mark, literal] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (
      level?.isList && (string ?? literal ?? (mark === "{" || mark === "[" ? mark : undefined)) !== undefined
    ) {
      note();
    }
    if (string !== undefined && level !== undefined && !level.isList && level.at === undefined) {
      level.at = String(JSON.parse(string));
      note();
    } else if (mark === "{" || mark === "[") {
      levels.push({ isList: mark === "[", at: mark === "[" ? 0 : undefined });
    } else if (mark === "}" || mark === "]") levels.pop();
    else if (mark === "," && level !== undefined) {
      level.at = typeof level.at === "number" ? level.at + 1 : undefined;
    }
    line += token.split("\n").length - 1;
  }
  return { lines, twice };
}
