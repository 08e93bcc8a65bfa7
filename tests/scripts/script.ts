/**
 * Scripts: what a user types, and what must come of it, as text that reads like a session at a terminal.
 *
 * The lines before the first command that begin with `#` say the behaviour. Then one command per line:
 *
 *     home NAME                  makes the home NAME of homes.ts
 *     put FILE [FROM]            writes the part FROM (else FILE) of the script to FILE in the home
 *     append|write FILE "TEXT"   adds text to a file, or makes it hold just that; replace FILE "OLD" "NEW"
 *     remove|mkdir FILE          and move|copy FILE TO, link FILE TARGET, chmod MODE FILE, touch FILE [TIME]
 *     sql "STATEMENT" [FILE]     runs SQL in the state database, or another one
 *     env NAME=VALUE, umask 077  for the runs that follow
 *     codexkeep … => STATUS      runs the program; its exit status must be STATUS
 *     stdout|stderr ["!"] "TEXT" what it printed holds TEXT, or with ! does not; silent stdout|stderr
 *     json PATH VALUE            the document's result has VALUE (JSON) at PATH; `error CODE` its first error's code
 *     unchanged                  the last run changed nothing at all in the home, not even a time
 *     kept                       the same for a run that was refused: only times of folders may differ
 *     changed FILE…              it changed, made or removed exactly these, apart from our records
 *     records N                  there are N records
 *     remember NAME              keeps the state of the home; same NAME: files and rows are as they were then
 *     thread N PROVIDER          all copies of thread N name the provider; `first/settings/row` give each its own
 *     holds FILE ["!"] "TEXT"    a file holds text;  equals FILE PART: it is byte for byte the part of the script
 *
 * Parts follow behind lines `-- NAME --`. `$HOME` is the home, `$TMP` a folder beside it, `$T1` the id of thread 1,
 * `$F1` its newest file, `$R1` the id of the oldest record.
 */

/** One command of a script. */
export interface Step {
  readonly line: number;
  readonly words: readonly string[];
  /** Exit status after `=>`. */
  readonly status: number | undefined;
}

/** A script, read. */
export interface Script {
  /** The behaviour, in a sentence. */
  readonly title: string;
  readonly steps: readonly Step[];
  readonly parts: ReadonlyMap<string, string>;
}

/** Reads a script. Throws for a line that cannot be read. */
export function parseScript(text: string): Script {
  const [body = "", ...chunks] = text.split(/^-- (?=.* --$)/m);
  const parts = new Map(chunks.map((chunk) => {
    const feed = chunk.indexOf("\n");
    return [chunk.slice(0, feed).replace(/ --$/, ""), chunk.slice(feed + 1)] as const;
  }));
  const lines = body.split("\n");
  const comments = lines.slice(0, lines.findIndex((line) => !line.startsWith("#")));
  const title = comments.map((line) => line.slice(1).trim()).join(" ");
  if (title === "") throw new Error("the script does not say what it shows");
  const steps = lines.flatMap((line, index): Step[] => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const words = splitWords(line, index + 1);
    const arrow = words.indexOf("=>");
    if (arrow < 0) return [{ line: index + 1, words, status: undefined }];
    return [{ line: index + 1, words: words.slice(0, arrow), status: Number(words[arrow + 1]) }];
  });
  return { title, steps, parts };
}

/** Words as a shell has them: `"…"` with JSON's escapes, `'…'` as it stands, both also inside a word. */
export function splitWords(line: string, number: number): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let rest = line; rest !== "";) {
    const piece = /^(?:(\s+)|"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+))/.exec(rest);
    if (piece === null) throw new Error(`line ${number}: a quote is not closed: ${rest}`);
    const [all, space, double, single, plain] = piece;
    if (space !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      const text = double === undefined ? single ?? plain ?? "" : JSON.parse(`"${double}"`) as string;
      word = (word ?? "") + text;
    }
    rest = rest.slice(all.length);
  }
  return word === undefined ? words : [...words, word];
}
