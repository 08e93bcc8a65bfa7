/**
 * Paths that cannot be mixed up. A {@link RelPath} names something inside a Codex home with forward slashes, on every
 * system; joining it to a home cannot leave the home by its text alone (symbolic links are the disk's concern).
 */
import { isAbsolute, join, normalize, parse, relative, sep } from "node:path";
import { AppError } from "./error.ts";

declare const absolute: unique symbol;
declare const inside: unique symbol;
/** An absolute path in the form of the system at hand. */
export type AbsPath = string & { readonly [absolute]: true };
/** A path below a Codex home: forward slashes, no empty, `.` or `..` parts. */
export type RelPath = string & { readonly [inside]: true };

/** Names that Windows gives to devices, with or without spaces and an ending. */
const DEVICE_NAME = /^(con|conin\$|conout\$|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;

/** `text` as an absolute path without a slash behind it; a relative one is taken from `from`. */
export function toAbsPath(text: string, from: AbsPath): AbsPath {
  const path = normalize(isAbsolute(text) ? text : join(from, text));
  const isFolder = path.endsWith(sep) && path.length > parse(path).root.length;
  return (isFolder ? path.slice(0, -1) : path) as AbsPath;
}

/** Joins names to an absolute path. */
export function joinPath(base: AbsPath, ...names: readonly string[]): AbsPath {
  return join(base, ...names) as AbsPath;
}

/** Where `path` lies below `home`, or undefined when it lies elsewhere or is no safe name. */
export function relPathBelow(home: AbsPath, path: string): RelPath | undefined {
  const tail = relative(home, path);
  if (tail === "" || isAbsolute(tail)) return undefined;
  return parseRelPath(sep === "/" ? tail : tail.replaceAll(sep, "/"));
}

/** The file behind a home-relative path. */
export function inHome(home: AbsPath, path: RelPath): AbsPath {
  return join(home, ...path.split("/")) as AbsPath;
}

/**
 * `text` as a {@link RelPath}, or undefined when any system could read it as something else: a parent step, an
 * absolute or drive path, a backslash, a stream (`:`), a control character, a device name, a trailing dot or space,
 * half a character (which is written as U+FFFD).
 */
export function parseRelPath(text: unknown): RelPath | undefined {
  if (typeof text !== "string" || text === "" || text.length > 4096) return undefined;
  return text.split("/").every(isSafeName) ? text as RelPath : undefined;
}

/** Like {@link parseRelPath}, for text that comes from a file somebody may have changed. Throws `unsafe-path`. */
export function requireRelPath(text: unknown): RelPath {
  const path = parseRelPath(text);
  if (path === undefined) {
    throw new AppError("unsafe-path", `path ${JSON.stringify(text)} could lead out of the home`);
  }
  return path;
}

function isSafeName(name: string): boolean {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  if (name === "" || name === "." || name === ".." || /[\u0000-\u001f\u007f\\:]/.test(name)) return false;
  if (name.endsWith(".") || name.endsWith(" ") || !name.isWellFormed()) return false;
  return name.length <= 255 && !DEVICE_NAME.test(name);
}

/** The last name of a home-relative path. */
export function baseName(path: RelPath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folder of a home-relative path; undefined for a name directly in the home. */
export function parentOf(path: RelPath): RelPath | undefined {
  const cut = path.lastIndexOf("/");
  return cut < 0 ? undefined : path.slice(0, cut) as RelPath;
}
