/** Text laid out in columns and lines. Widths are of what a terminal shows, so styling comes after padding. */
import { displayWidth, padEnd } from "../text/terminal.ts";

/** A cell of a table: its text, how to mark it, and whether it stands at the right edge of its column. */
export interface Cell {
  readonly text: string;
  readonly mark?: (text: string) => string;
  readonly right?: boolean;
}

/** Spaces between columns. */
const GAP = "  ";

/** `1391` as `1,391`. */
export function groupDigits(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1,391 threads`, `1 thread`. */
export function plural(count: number, one: string, many: string = one + "s"): string {
  return `${groupDigits(count)} ${count === 1 ? one : many}`;
}

/** Bytes for people: `87 MB`, `1.4 KB`; thousands, not 1,024s. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let value = bytes;
  // 999.5 would be shown as 1000, so the step to the next unit comes just before.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${bytes === 1 ? "byte" : units[unit]}`;
}

/** `text` in lines of at most `width` columns, broken at spaces; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((word) => word !== "")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === "" && lines.length > 0 ? lines : [...lines, line];
}

/** Every line that is not empty, moved to the right. */
export function indent(lines: readonly string[], by = "  "): string[] {
  return lines.map((line) => line === "" ? "" : by + line);
}

/** Cells as lines with every column as wide as its widest cell. Rows may differ in length. */
export function table(rows: readonly (readonly Cell[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach(({ text }, column) => widths[column] = Math.max(widths[column] ?? 0, displayWidth(text)));
  }
  return rows.map((row) =>
    row.map((cell, column) => layCell(cell, widths[column] ?? 0, column === row.length - 1)).join(GAP)
      .trimEnd()
  );
}

function layCell({ text, mark = (text) => text, right = false }: Cell, width: number, last: boolean): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  if (right) return space + mark(text);
  return last ? mark(text) : mark(text) + space;
}

/**
 * A term with its explanation beside it, wrapped into the columns that are left; under the term where it is too long
 * or the terminal too narrow.
 */
export function entry(term: string, explanation: string, column: number, width: number): string[] {
  const room = Math.max(20, width - column);
  const [first = "", ...rest] = wrap(explanation, room);
  const more = indent(rest, " ".repeat(column));
  if (displayWidth(term) + GAP.length <= column) return [padEnd(term, column) + first, ...more];
  return [term, " ".repeat(column) + first, ...more];
}
