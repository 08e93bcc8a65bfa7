/** A settings file as a tree of plain values that knows on which line each of them stands; TOML, or JSON with comments. */
import { messageOf } from "../core/error.ts";
import { parseJsonc } from "../text/jsonc.ts";
import { jsoncLines } from "../text/jsonc_lines.ts";
import { parseToml, TomlError } from "../text/toml_edit.ts";
import { tomlLines } from "../text/toml_tables.ts";

/** Something in a settings file that is not right. */
export interface Fault {
  /** From 1; undefined when it is about what is not there, or about the file as a whole. */
  readonly line: number | undefined;
  /** With its table: `sync.compare`; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** A name of a key, or a place in a list. */
export type Path = readonly (string | number)[];

/** A file that could be read. */
export interface SettingsFile {
  readonly data: Readonly<Record<string, unknown>>;
  /** The line of a value, else of what holds it; undefined for what is nowhere. */
  readonly lineOf: (path: Path) => number | undefined;
  /** Keys that are there twice. */
  readonly twice: readonly Path[];
}

/** Reads a file: JSONC, else TOML. Where it is none, the fault says so without its content. */
export function parseSettingsFile(bytes: Uint8Array, isJson: boolean): SettingsFile | Fault {
  return isJson ? readJson(bytes) : readToml(bytes);
}

function readToml(bytes: Uint8Array): SettingsFile | Fault {
  try {
    const { data } = parseToml(bytes);
    const lines = tomlLines(bytes);
    return { data, lineOf: (path) => lineIn(lines, path), twice: [] };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = error.message.replace(/^line \d+, column (\d+): /, "column $1: ");
    return whole(error.line, message, hintFor(bytes, error.line));
  }
}

/** Most faults of people who write paths by hand are backslashes. */
function hintFor(bytes: Uint8Array, line: number): string | undefined {
  const text = new TextDecoder().decode(bytes);
  const isOtherEncoding = ["\0", "\uFFFD"].some((one) => text.slice(0, 100).includes(one));
  if (isOtherEncoding) return "save the file as UTF-8";
  const own = text.split("\n", line)[line - 1] ?? "";
  return own.includes("\\") ? "write paths with backslashes in single quotes: 'C:\\Users\\me'" : undefined;
}

function readJson(bytes: Uint8Array): SettingsFile | Fault {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return whole(undefined, "the text is not UTF-8", "save the file as UTF-8");
  }
  let data: unknown;
  try {
    data = parseJsonc(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The library quotes the text at fault, which may be anything.
    const at = /at position (\d+)/.exec(messageOf(error))?.[1];
    const line = at === undefined ? undefined : text.slice(0, Number(at)).split("\n").length;
    return whole(
      line,
      at === undefined ? "the text ends too early, or is no JSON" : "this is no JSON",
      "a file that is TOML has a name that ends in .toml",
    );
  }
  if (!isTable(data)) return whole(1, "the text is no JSON object", undefined);
  const { lines, twice } = jsoncLines(text);
  return { data, lineOf: (path) => lineIn(lines, path), twice };
}

function whole(line: number | undefined, message: string, hint: string | undefined): Fault {
  return { line, key: "", message, hint };
}

function lineIn(lines: ReadonlyMap<string, number>, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(JSON.stringify(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return undefined;
}

/** Whether a value of a file is a table, and no list or date. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The value at a path; undefined when it, or what holds it, is not there or no table. */
export function valueAt(data: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  let value: unknown = data;
  for (const name of path) {
    if (!isTable(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
