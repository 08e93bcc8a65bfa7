/** Names in a settings file: of the machine, of what travels, of programs, and patterns of what does not. */
import { parseRelPath } from "../core/path.ts";
import type { Value } from "./settings_key.ts";
import type { Wrong } from "./settings_values.ts";

const MACHINE_ID = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** What never travels, whatever the settings say, with the reason. */
const NEVER: readonly (readonly [RegExp, string])[] = [
  [/^auth\.json$/i, "it holds your sign-in: sign in on each machine"],
  [/^\.?credentials?(\.json)?$/i, "it holds secrets: sign in on each machine"],
  [/^config\.toml$|\.config\.toml$/i, "set targets.config, which leaves its secrets out"],
  [/\.(sqlite|sqlite3|db)(-wal|-shm|-journal)?$/i, "databases stay; what only they know travels by itself"],
  [/^sqlite$/i, "databases stay; what only they know travels by itself"],
  [/^installation_id$/i, "it names this installation of Codex alone"],
  [/^backups_state$|^\.codexkeep$/i, "it is of codexkeep, and of this machine alone"],
  [/\.lock$|^(tmp|temp|cache|\.cache|\.tmp|log)$/i, "it is of use to running programs only"],
];

/** A machine's name becomes part of names of files on every system. */
export function checkMachineId(value: Value): Wrong | undefined {
  const id = String(value);
  if (MACHINE_ID.test(id) && parseRelPath(id) !== undefined && !id.includes("..")) return undefined;
  return {
    message: `identity.machine_id ${
      JSON.stringify(id.slice(0, 80))
    } cannot be part of a file's name on every system`,
    hint: "use up to 64 letters, digits, dashes and underscores, such as laptop",
  };
}

/** Names of the home, and only those that may travel. */
export function checkIncludeRoots(value: Value): Wrong | undefined {
  const roots = value as readonly string[];
  if (roots.length === 0) {
    return { message: "targets.include_roots names nothing", hint: 'write at least ["sessions"]' };
  }
  for (const root of roots) {
    const path = parseRelPath(root.replace(/\/$/, ""));
    if (path === undefined) {
      return {
        message: `targets.include_roots: ${JSON.stringify(root)} is no name in the home`,
        hint: "write names as they are in the home, with forward slashes, such as skills/mine",
      };
    }
    const never = path.split("/").flatMap((name) => NEVER.filter(([pattern]) => pattern.test(name)))[0];
    if (never !== undefined) {
      return { message: `targets.include_roots: "${root}" never travels`, hint: never[1] };
    }
  }
  return undefined;
}

/** Patterns that stay below the home. */
export function checkGlobs(value: Value): Wrong | undefined {
  const odd = (value as readonly string[]).find((glob) =>
    /^[/~]|^[a-z]:|\\/i.test(glob) || glob.split("/").some((name) => name === ".." || name === ".")
  );
  return odd === undefined ? undefined : {
    message: `filters.exclude_globs: ${JSON.stringify(odd)} is no pattern below the home`,
    hint: "write it with forward slashes and without a slash in front, such as skills/**/*.bak",
  };
}

/** Names of programs, not patterns and not paths that match everything. */
export function checkProcessNames(value: Value): Wrong | undefined {
  const odd = (value as readonly string[]).find((name) => /[*?]/.test(name) || /^[./\\]*$/.test(name));
  return odd === undefined ? undefined : {
    message: `${JSON.stringify(odd)} is no name of a program`,
    hint: "write the whole name, such as codex.exe; patterns are not read",
  };
}
