/**
 * Text that comes from files and goes to a terminal. Nothing a title, path or provider name contains may move the
 * cursor, change the window, hide or reorder what is shown; columns line up whatever the script.
 */

/**
 * What never reaches an output raw: control characters (C0, DEL, C1), format characters (bidi marks and overrides,
 * zero-width, soft hyphen, byte order mark, tags) and the code points Unicode reserves for more of them, lone
 * surrogates, line and paragraph separators.
 */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u2065\uFFF0-\uFFF8\u{E0000}-\u{E00FF}\u{E01F0}-\u{E0FFF}]/gu;
/** The same inside JSON text, where these three are only ever white space between tokens. */
const ACTIVE_IN_JSON = new RegExp(`(?![\\t\\n\\r])${ACTIVE.source}`, "gu");

const PRINTABLE_ASCII = /^[ -~]*$/;
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cc}\p{Cf}\u{1160}-\u{11FF}]$/u;
const EMOJI = /^\p{Emoji_Presentation}$/u;
/** Two letters of this range make one flag, which is two columns wide. */
const FLAG_LETTER = /^[\u{1F1E6}-\u{1F1FF}]$/u;
/** East Asian wide and full-width blocks, first and last code point. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x20000, 0x3fffd],
];

/** `text` for text output: active characters, also tab and newline, as `\u{…}`; everything else as it is. */
export function quote(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return text.replace(ACTIVE, (character) => `\\u{${codePoint(character).toString(16)}}`);
}

/** JSON text of the same value with active characters as `\uXXXX`. Layout outside strings stays. */
export function escapeJson(json: string): string {
  return json.replace(ACTIVE_IN_JSON, (character) => character.split("").map(escapeUnit).join(""));
}

function escapeUnit(unit: string): string {
  return "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0");
}

/** Terminal columns that `text` takes: 2 for East Asian wide characters and emoji, 0 for combining marks. */
export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** `text` with spaces behind it up to `width` columns; longer text as it is. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** `text` in at most `width` columns; what was cut off shows as "…". */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width < 1) return "";
  let kept = "";
  let columns = 0;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width - 1) break;
    kept += character;
  }
  return kept + "…";
}

function widthOf(character: string): number {
  const code = codePoint(character);
  if (code < 0x300) return PRINTABLE_ASCII.test(character) || code > 0x9f && code !== 0xad ? 1 : 0;
  if (NO_WIDTH.test(character)) return 0;
  if (FLAG_LETTER.test(character)) return 1;
  return EMOJI.test(character) || WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
