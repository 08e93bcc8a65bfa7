/**
 * Tables for spreadsheets and scripts, as RFC 4180 has them: a heading, commas, lines that end with CR LF. Cells are
 * foreign text, so none of them can be taken for a formula or drive a terminal, and all of them can be read back.
 */
import { quote } from "./terminal.ts";

/** What a spreadsheet takes for the beginning of a formula, as OWASP lists it; the last one is the mark itself. */
const FORMULA = /^[=+\-@＝＋－＠']/;
/** What has to stand between quotes. */
const SPECIAL = /[",]|^\s|\s$/;
/** A backslash that would read as the beginning of an escaped character. */
const ESCAPE = /\\(?=u\{)/g;

/** The table as text; every row has a line of its own, as line feeds in cells are escaped. */
export function csvText(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(csvCell).join(",") + "\r\n").join("");
}

/**
 * One cell: control, format and surrogate characters as `\u{…}`, a leading `'` before what would be a formula, and
 * quotes around it where the form needs them.
 */
export function csvCell(text: string): string {
  const inert = quote(text.replace(ESCAPE, "\\u{5c}"));
  // Tab and carriage return, which OWASP lists as well, are escaped by now.
  const plain = FORMULA.test(inert) ? `'${inert}` : inert;
  return SPECIAL.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
