/** Tables of a TOML file: where they stand, and how to take them out with their comments, to be a file of their own. */
import type { Splice } from "../core/splice.ts";
import {
  type AST,
  type Edit,
  lineEndOf,
  lineStartOf,
  parseToml,
  same,
  TomlError,
  tomlNodes,
  toSplice,
} from "./toml_edit.ts";

/** A table with everything in it, as a file and as what is left where it was. */
export interface TakenTable {
  /** Deletions in the old file, in order. */
  readonly splices: readonly Splice[];
  /** The table as a file: its pairs at the root, its own tables with shorter names, comments and values as they stood. */
  readonly text: string;
}

/** The line, from 1, on which `path` is first named, as a key or as a table; undefined when it is not, or nowhere. */
export function pathLine(bytes: Uint8Array, path: readonly string[]): number | undefined {
  try {
    for (const node of tomlNodes(parseToml(bytes).text)) {
      const line = lineIn(node, [], path);
      if (line !== undefined) return line;
    }
  } catch {
    // What cannot be read has no lines to name.
  }
  return undefined;
}

function lineIn(
  node: AST.TOMLKeyValue | AST.TOMLTable,
  outer: readonly (string | number)[],
  path: readonly string[],
): number | undefined {
  const own = node.type === "TOMLTable" ? node.resolvedKey : [...outer, ...namesOf(node.key)];
  if (startsWith(own, path)) return node.loc.start.line;
  if (!startsWith(path, own)) return undefined;
  for (const inner of node.type === "TOMLTable" ? node.body : inlinePairs(node)) {
    const line = lineIn(inner, own, path);
    if (line !== undefined) return line;
  }
  return undefined;
}

/**
 * The line, from 1, of every key, table and list element that a TOML file names, by its path as JSON text; of tables that
 * are only named on the way to another one, that of the first. Empty for a file that cannot be read.
 */
export function tomlLines(bytes: Uint8Array): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  try {
    for (const node of tomlNodes(parseToml(bytes).text)) {
      if (node.type === "TOMLKeyValue") noteLines(lines, [], node);
      else {
        noteLine(lines, node.resolvedKey, node.loc.start.line);
        for (const pair of node.body) noteLines(lines, node.resolvedKey, pair);
      }
    }
  } catch {
    // What cannot be read has no lines to name.
  }
  return lines;
}

type Path = readonly (string | number)[];

function noteLine(lines: Map<string, number>, path: Path, line: number): void {
  for (let length = 1; length <= path.length; length++) {
    const name = JSON.stringify(path.slice(0, length));
    if (!lines.has(name)) lines.set(name, line);
  }
}

function noteLines(lines: Map<string, number>, outer: Path, { key, value, loc }: AST.TOMLKeyValue): void {
  const path = [...outer, ...namesOf(key)];
  noteLine(lines, path, loc.start.line);
  noteValue(lines, path, value);
}

function noteValue(lines: Map<string, number>, path: Path, value: AST.TOMLContentNode): void {
  if (value.type === "TOMLInlineTable") { for (const pair of value.body) noteLines(lines, path, pair); }
  if (value.type !== "TOMLArray") return;
  value.elements.forEach((element, n) => {
    noteLine(lines, [...path, n], element.loc.start.line);
    noteValue(lines, [...path, n], element);
  });
}

function inlinePairs({ value }: AST.TOMLKeyValue): readonly AST.TOMLKeyValue[] {
  return value.type === "TOMLInlineTable" ? value.body : [];
}

/**
 * Takes the table `path` out of a file: every `[path]` and `[path.more]`, each with the comment right above it. Undefined
 * when it is not written as tables alone (as dotted keys or an inline table), or would not read the same as a file of
 * its own. Throws {@link TomlError} for a file that is not TOML.
 */
export function takeTable(bytes: Uint8Array, path: readonly string[]): TakenTable | undefined {
  const { data, text } = parseToml(bytes);
  const nodes = tomlNodes(text);
  const tables = nodes.filter((node) => node.type === "TOMLTable");
  const blocks = blocksOf(text, tables);
  const own = blocks.filter(({ table }) => startsWith(table.resolvedKey, path));
  const root = own.filter(({ table }) => table.resolvedKey.length === path.length);
  if (own.length === 0 || root.length > 1) return undefined;
  const nested = own.filter((block) => !root.includes(block));
  const taken = [...root, ...nested].map((block) => bodyOf(text, block, path.length)).join("");
  const file = taken.replace(/^(?:[ \t]*\r?\n)+/, "").replace(/(\r?\n)(?:[ \t]*\r?\n)+$/, "$1");
  if (!readsAs(file, valueAt(data, path))) return undefined;
  const splices = own.map(({ start, end }) => toSplice(bytes, text, { start, end, text: "" }));
  return { splices, text: file };
}

/** A table with the comment right above it, up to the next such. */
interface Block extends Omit<Edit, "text"> {
  readonly table: AST.TOMLTable;
}

function blocksOf(text: string, tables: readonly AST.TOMLTable[]): readonly Block[] {
  const starts = tables.map((table) => commentStart(text, lineStartOf(text, table.range[0])));
  return tables.map((table, i) => ({ table, start: starts[i] ?? 0, end: starts[i + 1] ?? text.length }));
}

/** Where the lines of comment right above the line at `start` begin; directives ("#:schema …") are no comment. */
function commentStart(text: string, start: number): number {
  let at = start;
  while (at > 0) {
    const above = lineStartOf(text, at - 1);
    if (!/^[ \t]*#(?!:)/.test(text.slice(above, at))) return at;
    at = above;
  }
  return at;
}

/** A block without the first `depth` names of its header, or without a header when none are left. */
function bodyOf(text: string, { table, start, end }: Block, depth: number): string {
  const keys = table.key.keys;
  const [first, next] = [keys[0], keys[depth]];
  const last = keys.at(-1);
  if (first === undefined || last === undefined) return "";
  const header = lineStartOf(text, table.range[0]);
  const rest = next === undefined
    ? text.slice(header, table.range[0]) + afterHeader(text, last.range[1])
    : text.slice(header, first.range[0]) + text.slice(next.range[0], lineEndOf(text, last.range[1]));
  const body = text.slice(start, header) + rest + text.slice(lineEndOf(text, last.range[1]), end);
  return body === "" || body.endsWith("\n") ? body : `${body}\n`;
}

/** What follows a header on its line: a comment stays, an empty rest goes with the header. */
function afterHeader(text: string, at: number): string {
  const rest = text.slice(at, lineEndOf(text, at)).replace(/^[ \t]*\]+[ \t]*/, "");
  return rest.trim() === "" ? "" : rest;
}

function readsAs(file: string, wanted: unknown): boolean {
  try {
    return same(parseToml(new TextEncoder().encode(file)).data, wanted);
  } catch (error) {
    if (error instanceof TomlError) return false;
    throw error;
  }
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  let value = data;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function namesOf({ keys }: AST.TOMLKey): string[] {
  return keys.map((key) => key.type === "TOMLBare" ? key.name : key.value);
}

function startsWith(path: readonly (string | number)[], start: readonly (string | number)[]): boolean {
  return path.length >= start.length && start.every((name, i) => path[i] === name);
}
