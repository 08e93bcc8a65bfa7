/** The settings file that `handoff init-config` writes, and the reference in the README: both say what the table says. */
import type { Machine } from "../system/machine.ts";
import { KEYS, MAPPING_KEYS } from "./keys.ts";
import type { SettingsKey, Value } from "./settings_key.ts";
import { checkMachineId } from "./settings_names.ts";

/** What a template is made for. */
export interface TemplateFor {
  readonly os: Machine["os"];
  /** As the system calls the machine. */
  readonly hostName: string | undefined;
}

/** What stands above the keys of a table. */
const TABLES: Readonly<Record<string, string>> = {
  identity: "This machine.",
  paths:
    "Folders. ~ is your own folder, ${workspace_root} is paths.workspace_root_dir; other paths start from the folder of this file.",
  targets: "What travels. Never: auth.json, tokens, databases, locks, caches.",
  filters: "What never travels: * is within a name, ** across folders.",
  sync: "How the two sides are compared, and what follows.",
  conflict: "What becomes of two versions that do not fit together.",
  backup: "Copies of what is overwritten: codexkeep handoff restore.",
  safety: "When nothing is written at all.",
  process_detection: "How a running Codex is found, and ended.",
  "process_detection.background_process_names":
    "Programs that are at work for Codex in the background, by system.",
  state: "What this machine remembers of the last run.",
  logging: "Log files. Secrets are left out.",
  assumptions: "What you see to yourself. These stay true.",
};

const HEADING = [
  "Settings of codexkeep handoff, for this machine alone.",
  "Look at identity.machine_id and paths.cloud_root_dir; the rest can stay.",
  "Then: codexkeep handoff validate, codexkeep handoff doctor, codexkeep handoff plan.",
];

const WIDTH = 100;

/** A name for the machine that fits into names of files: its own, as far as that does. */
export function machineIdFrom(hostName: string | undefined): string {
  const name = (hostName ?? "").split(".")[0]?.normalize("NFKD").replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[-_]+|[-_]+$/g, "").slice(0, 40).replace(/[-_]+$/, "").toLowerCase() ?? "";
  return checkMachineId(name) === undefined ? name : "this-machine";
}

/** The file, as TOML with every key at its default. */
export function settingsTemplate(about: TemplateFor): string {
  const lines = [...HEADING.map((line) => `# ${line}`)];
  let table = "";
  for (const key of KEYS) {
    const own = key.name.slice(0, key.name.lastIndexOf("."));
    if (own !== table) lines.push("", ...comment(TABLES[own] ?? ""), `[${own}]`);
    table = own;
    lines.push(...keyLines(key, about));
  }
  return [...lines, "", ...mappingLines(about), ""].join("\n");
}

function keyLines(key: SettingsKey, about: TemplateFor): string[] {
  const name = key.name.slice(key.name.lastIndexOf(".") + 1);
  const words = [key.means, ...valuesOf(key)].join("; ");
  const example = exampleOf(key, about);
  const line = example !== undefined && !key.required
    ? `# ${name} = ${tomlValue(example)}`
    : `${name} = ${tomlValue(example ?? key.fallback ?? "")}`;
  return [...comment(words), line];
}

/** What a key may hold, in words; nothing where its default says it all. */
function valuesOf({ kind, choices, min, max, otherwise, required }: SettingsKey): string[] {
  if (choices !== undefined) return [choices.join(" | ")];
  if (kind === "integer") return [`${min} to ${max}`];
  return otherwise === undefined || required ? [] : [`default: ${otherwise}`];
}

/** What stands in the file for a key without a fixed default. */
function exampleOf({ name, fallback }: SettingsKey, { os, hostName }: TemplateFor): Value | undefined {
  if (fallback !== undefined) return undefined;
  if (name === "identity.machine_id") return machineIdFrom(hostName);
  return (os === "windows" ? WINDOWS_EXAMPLES : EXAMPLES)[name];
}

const EXAMPLES: Readonly<Record<string, string>> = {
  "paths.workspace_root_dir": "~/Sync",
  "paths.local_state_dir": "~/.codex",
  "paths.cloud_root_dir": "~/Sync/codex",
  "paths.backup_dir": "~/codex-snapshots",
  "paths.temp_dir": "~/codex-temp",
  "state.manifest_file": "~/codex-base.jsonl",
  "logging.file": "~/codex-logs/codexkeep.log",
};

const WINDOWS_EXAMPLES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(EXAMPLES).map(([key, path]) => [
    key,
    path.replace("~/Sync", "~/OneDrive").replaceAll("/", "\\"),
  ]),
);

function mappingLines({ os }: TemplateFor): string[] {
  const [from, to] = ["/home/me/project", "C:\\Users\\me\\project"];
  const [theirs, ours] = os === "windows" ? [from, to] : [to, os === "darwin" ? "/Users/me/project" : from];
  return [
    ...comment("Project folders that lie elsewhere on this machine, one table each:"),
    ...MAPPING_KEYS.flatMap(({ name, means }) => comment(`  ${name}: ${means}`)),
    "# [[path_mappings]]",
    `# from = ${tomlValue(theirs)}`,
    `# to = ${tomlValue(ours)}`,
  ];
}

/** A value as TOML; backslashes are easier to read in single quotes. */
function tomlValue(value: Value): string {
  if (typeof value === "string") return value.includes("\\") ? `'${value}'` : JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  const items = value.map(tomlValue);
  const line = `[${items.join(", ")}]`;
  return line.length <= 60 ? line : ["[", ...items.map((item) => `  ${item},`), "]"].join("\n");
}

function comment(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/(?<=\S) /)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** All keys as a Markdown table, for the README. */
export function settingsTable(): string {
  const rows = KEYS.map((key) => {
    const { name, means, required, otherwise, fallback } = key;
    const standard = required
      ? "required"
      : fallback === undefined
      ? otherwise ?? ""
      : `\`${JSON.stringify(fallback).replaceAll('","', '", "')}\``;
    return [`\`${name}\``, standard, key.choices?.join(", ") ?? boundsOf(key), means];
  });
  const rules = MAPPING_KEYS.map(({ name, kind, means, required }) => [
    `\`path_mappings.${name}\``,
    required ? "required" : "none",
    kind === "boolean" ? "true, false" : "",
    means,
  ]);
  return [
    "| key | default | values | what it does |",
    "| --- | --- | --- | --- |",
    ...[...rows, ...rules].map((cells) =>
      `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
    ),
  ].join("\n");
}

function boundsOf({ kind, min, max, fallback }: SettingsKey): string {
  if (kind === "integer") return `${min} to ${max}`;
  if (kind === "boolean") return "true, false";
  return kind === "kept" ? `${JSON.stringify(fallback)} only` : "";
}
