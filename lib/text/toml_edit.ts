/**
 * TOML: read with `smol-toml`; change one root key where it stands, by the ranges of `toml-eslint-parser`, so that
 * comments, order, spacing, line endings and a byte order mark stay. Every edit is read back before it is handed out.
 */
import { parse } from "smol-toml";
import { type AST, parseTOML } from "toml-eslint-parser";
import { encodeText } from "../core/bytes.ts";
import { AppError, messageOf } from "../core/error.ts";
import { applySplices, type Splice } from "../core/splice.ts";

export type { AST };

/** A TOML file that could be read. */
export interface TomlDocument {
  /** The root table; integers as `bigint`, dates as `smol-toml` has them, tables without a prototype. */
  readonly data: Record<string, unknown>;
  /** The text without a byte order mark. */
  readonly text: string;
}

/** Text that is not TOML. The message has the place and the fault, never the content, which may be secret. */
export class TomlError extends Error {
  override readonly name = "TomlError";
  /** Line of the fault, from 1. */
  readonly line: number;
  /** Column of the fault, from 1, in UTF-16 units without a byte order mark. */
  readonly column: number;

  /** @param what the fault, without the place */
  constructor(what: string, line: number, column: number) {
    super(`line ${line}, column ${column}: ${what}`);
    this.line = line;
    this.column = column;
  }
}

/** A change of text: characters from `start` to `end` become `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The pairs of the root table with keys of one part, and where the first table header begins. */
interface Root {
  readonly pairs: readonly AST.TOMLKeyValue[];
  readonly firstTable: number | undefined;
}

/** Reads a TOML file; a byte order mark is accepted. Throws {@link TomlError}. */
export function parseToml(bytes: Uint8Array): TomlDocument {
  const text = decode(bytes);
  try {
    return { data: parse(text, { integersAsBigInt: true }), text };
  } catch (error) {
    throw tomlErrorOf(error);
  }
}

/**
 * The edit that sets (or, with `value` undefined, deletes) the root key `key`, a string; undefined when the file is
 * that way already. A new key goes behind the last root key, before the first table. Deleting takes the whole line
 * with its comment. Throws {@link TomlError} for a file that is not TOML, and `config-invalid` when the key is a table
 * or list, or when the edited file does not read back as the same file with only this key changed.
 */
export function rootKeySplice(bytes: Uint8Array, key: string, value: string | undefined): Splice | undefined {
  const { data, text } = parseToml(bytes);
  const root = rootOf(text);
  const pair = root.pairs.find((one) => isKey(one, key));
  if (pair === undefined ? key in data : pair.value.type !== "TOMLValue") {
    throw new AppError("config-invalid", `the key "${key}" holds a table or a list, not a string`);
  }
  if (value === data[key]) return undefined;
  const edit = pair === undefined
    ? insertion(text, root, key, value ?? "")
    : value === undefined
    ? deletion(text, pair)
    : replacement(pair, value);
  const splice = toSplice(bytes, text, edit);
  const { [key]: _old, ...others } = data;
  verify(bytes, splice, value === undefined ? others : { ...others, [key]: value }, key);
  return splice;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw notUtf8(bytes);
  }
}

/** Finds the line; a line feed byte is never part of a longer character, so lines can be tried one by one. */
function notUtf8(bytes: Uint8Array): TomlError {
  let start = 0;
  for (let line = 1;; line++) {
    const feed = bytes.indexOf(0x0a, start);
    const text = new TextDecoder().decode(bytes.subarray(start, feed < 0 ? bytes.length : feed));
    const fault = text.indexOf("\uFFFD");
    if (fault >= 0 || feed < 0) return new TomlError("the text is not UTF-8", line, fault + 1);
    start = feed + 1;
  }
}

/** Takes the quoted lines off the library's message: they are content. */
function tomlErrorOf(error: unknown): TomlError {
  const what = messageOf(error).split("\n", 1)[0]!.replace("Invalid TOML document: ", "");
  const { line = 1, column = 1 } = error as { line?: number; column?: number };
  return new TomlError(what, line, column);
}

function rootOf(text: string): Root {
  const body = tomlNodes(text);
  return {
    pairs: body.filter((node) => node.type === "TOMLKeyValue"),
    firstTable: body.find((node) => node.type === "TOMLTable")?.range[0],
  };
}

/** The root pairs and the tables of a TOML text, as they stand there. Throws `config-invalid`. */
export function tomlNodes(text: string): readonly (AST.TOMLKeyValue | AST.TOMLTable)[] {
  try {
    return parseTOML(text, { tomlVersion: "1.1" }).body[0].body;
  } catch (error) {
    // The parser puts texts together in one call, and nests as deep as they do.
    const fault = error instanceof RangeError
      ? "a text in it is too long, or nested too deep"
      : messageOf(error);
    throw new AppError("config-invalid", `the configuration cannot be edited safely: ${fault}`);
  }
}

function isKey(pair: AST.TOMLKeyValue, key: string): boolean {
  const [own, ...more] = pair.key.keys;
  return own !== undefined && more.length === 0 && (own.type === "TOMLBare" ? own.name : own.value) === key;
}

function replacement({ value: old }: AST.TOMLKeyValue, value: string): Edit {
  return { start: old.range[0], end: old.range[1], text: tomlString(value, isLiteral(old)) };
}

function deletion(text: string, { range: [start, end] }: AST.TOMLKeyValue): Edit {
  return { start: lineStartOf(text, start), end: lineEndOf(text, end), text: "" };
}

/** A new pair in the manner of the last root pair: indentation, spaces around "=", quotes. */
function insertion(text: string, { pairs, firstTable }: Root, key: string, value: string): Edit {
  const last = pairs.at(-1);
  const indent = last === undefined ? "" : text.slice(lineStartOf(text, last.range[0]), last.range[0]);
  const equals = last === undefined ? " = " : text.slice(last.key.range[1], last.value.range[0]);
  const literal = isLiteral(pairs.findLast((one) => isString(one.value))?.value);
  const name = /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key, false);
  const pair = indent + name + (/^ ?= ?$/.test(equals) ? equals : " = ") + tomlString(value, literal);
  const start = last === undefined ? topOf(text, firstTable ?? text.length) : lineEndOf(text, last.range[1]);
  const eol = eolBefore(text, start);
  const open = start > 0 && text[start - 1] !== "\n";
  return { start, end: start, text: open ? eol + pair : pair + eol };
}

/**
 * Where the first root pair goes in a file that has none: behind the comment at the top when a blank line sets it
 * apart, else behind its directives ("#:schema …"), which must stay first; at the end of a file without tables.
 */
function topOf(text: string, firstTable: number): number {
  if (firstTable === text.length) return text.length;
  let directives = 0;
  let at = 0;
  while (text[at] === "#") {
    at = lineEndOf(text, at);
    if (text.startsWith("#:", lineStartOf(text, at - 1))) directives = at;
  }
  return /^[ \t]*\r?\n/.test(text.slice(at, lineEndOf(text, at))) ? at : directives;
}

function isString(value: AST.TOMLContentNode): value is AST.TOMLStringValue {
  return value.type === "TOMLValue" && value.kind === "string";
}

function isLiteral(value: AST.TOMLContentNode | undefined): boolean {
  return value !== undefined && isString(value) && value.style === "literal";
}

/** `value` as a TOML string on one line, in single quotes if asked and possible. */
function tomlString(value: string, literal: boolean): string {
  if (literal && /^[^'\p{Cc}]*$/u.test(value)) return `'${value}'`;
  // JSON's escapes are TOML's too, but JSON leaves DEL raw
  return JSON.stringify(value).replaceAll("\u007f", "\\u007f");
}

/** The offset of the first character of the line that `at` is on. */
export function lineStartOf(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf("\n", at - 1) + 1;
}

/** The offset after the line feed at or after `at`, or the end of the text. */
export function lineEndOf(text: string, at: number): number {
  return text.indexOf("\n", at) + 1 || text.length;
}

/** The line ending in use before `at`, else the first of the file, else "\n". */
function eolBefore(text: string, at: number): string {
  const before = at === 0 ? -1 : text.lastIndexOf("\n", at - 1);
  const feed = before >= 0 ? before : text.indexOf("\n");
  return feed > 0 && text[feed - 1] === "\r" ? "\r\n" : "\n";
}

/** From characters of the text to bytes of the file, where a byte order mark may come first. */
export function toSplice(bytes: Uint8Array, text: string, edit: Edit): Splice {
  const size = (part: string) => new TextEncoder().encode(part).length;
  const at = bytes.length - size(text) + size(text.slice(0, edit.start));
  return { at, before: encodeText(text.slice(edit.start, edit.end)), after: encodeText(edit.text) };
}

function verify(bytes: Uint8Array, splice: Splice, wanted: Record<string, unknown>, key: string): void {
  let fault = "the result would differ elsewhere too";
  try {
    if (same(parseToml(applySplices(bytes, [splice])).data, wanted)) return;
  } catch (error) {
    fault = messageOf(error);
  }
  throw new AppError("config-invalid", `the key "${key}" cannot be changed safely: ${fault}`);
}

/** Deep equality of TOML values; a date is equal when it is spelled the same way, its kind included. */
export function same(one: unknown, other: unknown): boolean {
  if (one instanceof Date && other instanceof Date) return one.toISOString() === other.toISOString();
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return Object.is(one, other);
  }
  const entries = Object.entries(one);
  const others = new Map(Object.entries(other));
  return Array.isArray(one) === Array.isArray(other) && entries.length === others.size &&
    entries.every(([key, value]) => others.has(key) && same(value, others.get(key)));
}
