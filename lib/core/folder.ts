/**
 * Folders of the user as texts, in the form of any system: Codex stores them as they are, and its readers compare them
 * letter by letter, so a folder in another form is another folder to them.
 */
import { AppError } from "./error.ts";

/** A folder path taken apart. */
export interface Folder {
  readonly style: "posix" | "windows";
  /** What is before the first name, in one spelling: `/`, `c:`, `\\server\share`. */
  readonly root: string;
  readonly names: readonly string[];
  /** The separator that the text itself uses. */
  readonly separator: "/" | "\\";
}

/** A folder that lies elsewhere now. */
export interface FolderMove {
  readonly from: string;
  readonly to: string;
  /** Whether capitals matter in `from`; undefined: as on the system that its form belongs to. */
  readonly caseSensitive?: boolean;
}

/** The prefix that turns off the reading of Windows paths (`\\?\`), alone or before a network path. */
const VERBATIM = /^[\\/]{2}\?[\\/](unc[\\/])?/i;
const DRIVE = /^([a-z]):(?:[\\/]|$)/i;
const NETWORK = /^\\\\([^\\/?.][^\\/]*)[\\/]+([^\\/]+)/;
/** Longest path that Windows takes without the prefix. */
const LONGEST_PLAIN = 260;

/** Takes a path apart; undefined when it is not absolute in the form of any system. */
export function parseFolder(text: string): Folder | undefined {
  const plain = withoutPrefix(text);
  const drive = DRIVE.exec(plain);
  if (drive?.[1] !== undefined) return windows(`${drive[1].toLowerCase()}:`, plain.slice(2));
  const network = NETWORK.exec(plain);
  if (network !== null) {
    const [head, server = "", share = ""] = network;
    return windows(`\\\\${server}\\${share}`.toLowerCase(), plain.slice(head.length));
  }
  if (!plain.startsWith("/")) return undefined;
  return { style: "posix", root: "/", names: plain.split("/").filter((name) => name !== ""), separator: "/" };
}

function windows(root: string, rest: string): Folder {
  const names = rest.split(/[\\/]+/).filter((name) => name !== "");
  return { style: "windows", root, names, separator: rest.startsWith("/") ? "/" : "\\" };
}

/** The path without the prefix `\\?\`, whether or not it can do without. */
function withoutPrefix(text: string): string {
  const prefix = VERBATIM.exec(text);
  if (prefix === null) return text;
  const rest = text.slice(prefix[0].length);
  return prefix[1] === undefined ? rest : `\\\\${rest}`;
}

/**
 * The path in the form that people and programs write: without the prefix `\\?\` where it means the same without. A
 * path that needs the prefix, and any other text, comes back as it is.
 */
export function plainFolder(text: string): string {
  const plain = withoutPrefix(text);
  if (plain === text || plain.length >= LONGEST_PLAIN) return text;
  const folder = parseFolder(plain);
  if (folder?.style !== "windows" || plain.slice(2).includes("/")) return text;
  const odd = folder.names.some((name) => name === "." || name === ".." || /[. ]$/.test(name));
  return odd ? text : plain;
}

/** Whether two texts name the same folder: Windows does not tell capitals from small letters, other systems do. */
export function isSameFolder(a: string, b: string): boolean {
  if (a === b) return true;
  const [one, two] = [parseFolder(a), parseFolder(b)];
  if (one === undefined || two === undefined || one.names.length !== two.names.length) return false;
  return isWithin(one, two);
}

/** Whether `inner` is `outer` or lies below it, name by name. */
function isWithin(inner: Folder, outer: Folder, sensitive = inner.style !== "windows"): boolean {
  if (inner.style !== outer.style || inner.root !== outer.root) return false;
  return outer.names.every((name, n) => {
    const other = inner.names[n];
    return other !== undefined && (name === other || (!sensitive && fold(name) === fold(other)));
  });
}

/** Whether a folder is another one or lies below it. */
export function isFolderWithin(inner: string, outer: string): boolean {
  const [one, two] = [parseFolder(inner), parseFolder(outer)];
  return one !== undefined && two !== undefined && isWithin(one, two);
}

function fold(name: string): string {
  return name.toLowerCase();
}

/**
 * Where a folder lies after the moves: of those that name it or a folder above it the one that names most. Undefined
 * when none does, or when it lies in the new place already.
 */
export function movedFolder(text: string, moves: readonly FolderMove[]): string | undefined {
  const folder = parseFolder(text);
  if (folder === undefined) return undefined;
  let best: { readonly move: FolderMove; readonly depth: number } | undefined;
  for (const move of moves) {
    const [from, to] = [parseFolder(move.from), parseFolder(move.to)];
    if (from === undefined || to === undefined) continue;
    if (!isWithin(folder, from, move.caseSensitive)) continue;
    // A folder moved into itself: what is there already has been moved.
    if (isWithin(to, from) && isWithin(folder, to)) continue;
    if (best === undefined || from.names.length > best.depth) best = { move, depth: from.names.length };
  }
  if (best === undefined) return undefined;
  const moved = joinFolder(best.move.to, folder.names.slice(best.depth));
  return moved === text ? undefined : moved;
}

/** A folder below `base`, in the form of `base`. */
function joinFolder(base: string, names: readonly string[]): string {
  const { separator } = parseFolder(base) ?? { separator: "/" };
  const trimmed = base.replace(/[\\/]+$/, "");
  const whole = [trimmed, ...names].join(separator);
  // What is left of a root alone ("/", "C:\") needs its separator back.
  return whole === "" || /^[a-z]:$/i.test(whole) ? whole + separator : whole;
}

/** Requires that moves name whole folders and say one thing each. Throws `usage`. */
export function requireMoves(moves: readonly FolderMove[]): void {
  for (const { from, to } of moves) {
    const partial = [from, to].find((folder) => !isWhole(folder));
    if (partial !== undefined) {
      throw new AppError("usage", `folder "${partial}" is not a whole path`, {
        hint: "write --map OLD=NEW with absolute paths without . and .., such as /old/project=/new/project",
      });
    }
    const other = moves.find((move) => isSameFolder(move.from, from) && move.to !== to);
    if (other !== undefined) {
      throw new AppError("usage", `folder "${from}" cannot have moved to "${to}" and to "${other.to}"`);
    }
  }
}

function isWhole(text: string): boolean {
  const names = parseFolder(text)?.names;
  return names !== undefined && !names.some((name) => name === "." || name === "..");
}

/** The system a path belongs to by its form; undefined when it is not absolute. */
export function styleOf(text: string): Folder["style"] | undefined {
  return parseFolder(text)?.style;
}

/** The last name of a folder; undefined for a root. */
export function nameOf(text: string): string | undefined {
  return parseFolder(text)?.names.at(-1);
}

/**
 * How the other side of a Windows machine with WSL names a folder: `/mnt/c/x` for `C:\x` and the other way round,
 * `/home/u` for `\\wsl$\Distribution\home\u`, and `/home/u` for the mistaken `C:\home\u`. Guesses, to be looked at.
 */
export function otherForms(text: string): readonly string[] {
  const folder = parseFolder(text);
  if (folder === undefined) return [];
  const { style, root, names } = folder;
  const [first, drive, ...rest] = names;
  if (style === "posix") {
    const mounted = first === "mnt" && drive !== undefined && /^[a-z]$/i.test(drive);
    return mounted ? [joinFolder(`${drive.toUpperCase()}:\\`, rest)] : [];
  }
  if (/^\\\\wsl(\$|\.localhost)\\/.test(root)) return [`/${names.join("/")}`];
  const letter = /^([a-z]):$/.exec(root)?.[1];
  if (letter === undefined) return [];
  const known = first !== undefined && ["mnt", "home", "root"].includes(fold(first));
  return [`/mnt/${letter}/${names.join("/")}`, ...known ? [`/${names.join("/")}`] : []];
}
