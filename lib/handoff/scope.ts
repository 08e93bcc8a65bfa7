/** What travels and what never does, by the path alone. */
import type { Settings } from "./settings.ts";

/** Names that hold secrets, belong to one machine, or are no files to be carried while something has them open. */
const NEVER: readonly RegExp[] = [
  /^(auth|\.credentials|credentials)\.json$/,
  /^installation_id$/,
  /^\.env(\..*)?$/,
  /\.(sqlite|sqlite3|db)(-wal|-shm|-journal)?$/,
  /\.(lock|pid|sock|tmp)$/,
  /^config\.toml$/,
  /\.config\.toml$/,
  /^\.codexkeep/,
];

/** Folders of the home that are ours or Codex's own business on this machine. */
const NEVER_ROOTS: ReadonlySet<string> = new Set([
  ".codexkeep",
  "backups_state",
  "cache",
  "log",
  "logs",
  "thread-writer-locks",
  "tmp",
]);

/** Whether a file may be carried: it lies in one of the roots, is not excluded, and is none of what never travels. */
export function mayTravel(
  path: string,
  { targets, filters }: Pick<Settings, "targets" | "filters">,
): boolean {
  const [root = ""] = path.split("/");
  if (!targets.includeRoots.includes(root) || isNever(path)) return false;
  return !filters.excludeGlobs.some((glob) => globPattern(glob).test(path));
}

/** Whether a path never travels, whatever the settings say. */
export function isNever(path: string): boolean {
  const names = path.toLowerCase().split("/");
  if (NEVER_ROOTS.has(names[0] ?? "")) return true;
  return names.some((name) => NEVER.some((pattern) => pattern.test(name)));
}

const patterns = new Map<string, RegExp>();

/** A glob as a pattern for whole paths: `*` and `?` within a name, `**` across names, `{a,b}`; capitals do not count. */
export function globPattern(glob: string): RegExp {
  const known = patterns.get(glob);
  if (known !== undefined) return known;
  const pattern = new RegExp(`^${source(glob)}$`, "iu");
  patterns.set(glob, pattern);
  return pattern;
}

function source(glob: string): string {
  return glob.replace(/\*\*\/|\/\*\*|\*\*|\*|\?|\{[^{}/]*\}|[\\^$.|+()[\]{}]/gu, (part) => {
    if (part === "**/") return "(?:.*/)?";
    // A folder and all that is in it.
    if (part === "/**") return "(?:/.*)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (part.length > 2) return `(?:${part.slice(1, -1).split(",").map(source).join("|")})`;
    return `\\${part}`;
  });
}
