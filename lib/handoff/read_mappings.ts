/** The `[[path_mappings]]` of a settings file. */
import { isSameFolder, parseFolder } from "../core/folder.ts";
import { didYouMean } from "../text/suggest.ts";
import { MAPPING_KEYS } from "./keys.ts";
import type { PathMapping } from "./settings.ts";
import { type Fault, isTable, type Path, type SettingsFile } from "./settings_file.ts";
import { checkValue } from "./settings_values.ts";

const TABLE = "path_mappings";

/** Most rules of a file. */
const MAX_RULES = 1000;

/** Keys that mean the same, in the words of codexSync. */
const SAME: Readonly<Record<string, string>> = { source_machine: "machine", case: "case_sensitive" };

/** Rules as they stand in the file, with their place in it. */
interface Rule {
  readonly n: number;
  readonly mapping: PathMapping;
}

/** Reads the rules that are for the machine `own`. What is wrong goes to `fault`. */
export function readMappings(
  { data, lineOf }: SettingsFile,
  own: string | undefined,
  fault: (fault: Fault) => void,
): readonly PathMapping[] {
  const raw = Object.hasOwn(data, TABLE) ? data[TABLE] : [];
  const say = (path: Path, key: string, message: string, hint?: string) =>
    fault({ line: lineOf([TABLE, ...path]), key: key === "" ? TABLE : `${TABLE}.${key}`, message, hint });
  if (!Array.isArray(raw)) {
    say([], "", "path_mappings must be a list of tables", "write [[path_mappings]] above each rule");
    return [];
  }
  if (raw.length > MAX_RULES) {
    say([], "", `there are more than ${MAX_RULES} path_mappings`);
    return [];
  }
  const rules = raw.flatMap((one: unknown, n) => readRule(one, n, own, say) ?? []);
  for (const { n, mapping } of rules) {
    const other = rules.find((rule) => rule.n < n && contradicts(rule.mapping, mapping));
    if (other === undefined) continue;
    const { from, to } = mapping;
    say([n, "to"], "to", `"${from}" cannot be "${to}" and "${other.mapping.to}" here`, "leave one rule out");
  }
  return rules.map(({ mapping }) => mapping);
}

function contradicts(one: PathMapping, two: PathMapping): boolean {
  const meet = one.machine === two.machine;
  return meet && isSameFolder(one.from, two.from) && one.to !== two.to;
}

function readRule(
  raw: unknown,
  n: number,
  own: string | undefined,
  say: (path: Path, key: string, message: string, hint?: string) => void,
): Rule | undefined {
  if (!isTable(raw)) {
    say([n], "", "a rule of path_mappings must be a table with from and to");
    return undefined;
  }
  const values = new Map<string, string | boolean>();
  for (const [name, value] of Object.entries(raw)) {
    const key = MAPPING_KEYS.find((one) => one.name === name);
    if (key === undefined) {
      say(
        [n, name],
        name,
        `path_mappings has no key "${name}"`,
        didYouMean(name, MAPPING_KEYS.map((one) => one.name)),
      );
      continue;
    }
    const checked = checkValue({ ...key, fallback: undefined, catalogue: "S1.24" }, value);
    if ("message" in checked) say([n, name], name, `path_mappings.${checked.message}`, checked.hint);
    else values.set(SAME[name] ?? name, checked.value as string | boolean);
  }
  const ends = ["from", "to"].map((name) => readFolder(raw, values, n, name, say));
  const [from, to] = ends;
  if (from === undefined || to === undefined) return undefined;
  const target = values.get("target_machine");
  if (target !== undefined && target !== own) return undefined;
  return {
    n,
    mapping: {
      from,
      to,
      machine: values.get("machine") as string | undefined,
      caseSensitive: values.get("case_sensitive") as boolean | undefined,
    },
  };
}

function readFolder(
  raw: Readonly<Record<string, unknown>>,
  values: ReadonlyMap<string, string | boolean>,
  n: number,
  name: string,
  say: (path: Path, key: string, message: string, hint?: string) => void,
): string | undefined {
  const folder = values.get(name) as string | undefined;
  if (folder === undefined) {
    if (!Object.hasOwn(raw, name)) say([n], name, `a rule of path_mappings has no "${name}"`);
    return undefined;
  }
  const names = parseFolder(folder)?.names;
  if (names !== undefined && !names.some((one) => one === "." || one === "..")) return folder;
  say(
    [n, name],
    name,
    `path_mappings.${name} "${folder}" is no whole path`,
    "write it as Codex stores it, such as /home/me/project or C:\\Users\\me\\project",
  );
  return undefined;
}
