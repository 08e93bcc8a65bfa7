/**
 * A `config.toml` that Codex refuses, which silently changes the provider in use; profiles in the form of older
 * Codexes, which are turned into the files that Codex reads now; and such files that it would refuse.
 */
import type { Finding } from "../core/finding.ts";
import { type ByteString, fromByteString } from "../core/bytes.ts";
import type { RelPath } from "../core/path.ts";
import type { Change, Meaning } from "../core/plan.ts";
import { layerProblems, problemText } from "../codex/config.ts";
import { convertProfiles, type ProfileChange } from "../codex/profiles.ts";
import { parseToml, TomlError } from "../text/toml_edit.ts";
import { pathLine } from "../text/toml_tables.ts";
import type { Draft, Facts, Repair } from "./repair.ts";

const CONFIG = "config.toml" as RelPath;
/** Largest configuration file that is looked at; Codex's own are a few kilobytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Reports faults of the configuration, and converts profiles of the older form. */
export const configReport: Repair = {
  name: "config",
  summary: "turn profiles of an older Codex into <name>.config.toml files; report what Codex refuses",
  safe: false,
  worksWithout: ["database"],
  find: (facts) => [...invalid(facts), ...legacy(facts), ...layers(facts)],
  plan: (facts) => planProfiles(facts),
};

function invalid({ files, snapshot: { config } }: Facts): readonly Finding[] {
  const { problems } = config;
  if (problems.length === 0) return [];
  const chosen = chosenProfile(files.read(CONFIG, MAX_BYTES));
  return [{
    code: "config-invalid",
    severity: "error",
    count: problems.length,
    repair: chosen && "config",
    message:
      'Codex does not accept config.toml; its app then runs with defaults (provider "openai"), so threads of ' +
      "other providers vanish" + (chosen === undefined ? "" : chosenNote(chosen, config.rootProvider)),
    hint: chosen === undefined
      ? "correct the line in config.toml, or name a declared provider with `codexkeep switch PROVIDER`"
      : "`codexkeep repair config` takes the key profile out and keeps the profiles; correct other lines by hand",
    samples: problems.map(problemText),
  }];
}

function legacy({ files, snapshot: { config } }: Facts): readonly Finding[] {
  const { legacyProfiles } = config;
  if (legacyProfiles.length === 0) return [];
  const bytes = files.read(CONFIG, MAX_BYTES);
  return [{
    code: "config-legacy-profile",
    severity: "info",
    count: legacyProfiles.length,
    repair: "config",
    message:
      `${legacyProfiles.length} [profiles.*] table(s) are of an older Codex; this one ignores them, and refuses ` +
      "their names with --profile",
    hint: "`codexkeep repair config` moves each into a file <name>.config.toml, for `codex --profile <name>`",
    samples: legacyProfiles.map((name) => {
      const line = bytes && pathLine(bytes, ["profiles", name]);
      return `${line === undefined ? "" : `line ${line}: `}profiles.${name}`;
    }),
  }];
}

/** A profile that config.toml chooses for all of Codex, as an older Codex let it. */
interface Chosen {
  readonly name: string;
  /** The provider its table names. */
  readonly provider: string | undefined;
}

function chosenProfile(bytes: Uint8Array | undefined): Chosen | undefined {
  if (bytes === undefined) return undefined;
  try {
    const { profile, profiles } = parseToml(bytes).data;
    if (typeof profile !== "string") return undefined;
    const table = (profiles as Record<string, Record<string, unknown>> | undefined)?.[profile];
    const provider = table?.["model_provider"];
    return { name: profile, provider: typeof provider === "string" ? provider : undefined };
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}

/** How to have what the profile chose, now that no profile can be chosen for good. */
function chosenNote({ name, provider }: Chosen, rootProvider: string | undefined): string {
  const note = `; profile ${JSON.stringify(name)} is used with \`codex --profile\` from now on`;
  if (provider === undefined || provider === rootProvider) return note;
  const id = JSON.stringify(provider);
  return `${note}, or make its provider ${id} the one for all of Codex with \`codexkeep switch\` after the repair`;
}

function layers({ files, snapshot: { config } }: Facts): readonly Finding[] {
  const faults = config.layers.flatMap(({ name }) => {
    const path = `${name}.config.toml`;
    const bytes = files.read(path as RelPath, MAX_BYTES);
    if (bytes === undefined) return [];
    return layerProblems(bytes, config).map((problem) => `${path}: ${problemText(problem)}`);
  });
  if (faults.length === 0) return [];
  return [{
    code: "config-layer-invalid",
    severity: "warning",
    count: faults.length,
    repair: undefined,
    message: "a profile file cannot be used: `codex --profile` with its name ends with an error",
    hint: "correct the line in the file",
    samples: faults,
  }];
}

function planProfiles({ files, snapshot: { config } }: Facts): Draft {
  const bytes = files.read(CONFIG, MAX_BYTES);
  const syntax = config.problems.some(({ kind }) => kind === "syntax");
  if (bytes === undefined || syntax) return { changes: [], skipped: [] };
  const change = convertProfiles(bytes, (name) => files.stat(`${name}.config.toml` as RelPath) !== undefined);
  const skipped = change.kept.map(({ name, reason }) => ({ subject: `profiles.${name}`, reason }));
  const stat = files.stat(CONFIG);
  // Of a link, the time says nothing about the file.
  const mtimeMs = stat?.kind === "file" ? stat.mtimeMs : undefined;
  return { changes: changesOf(change, bytes.length, mtimeMs), skipped };
}

function changesOf(
  { layers, splices, sets }: ProfileChange,
  size: number,
  mtimeMs: number | undefined,
): readonly Change[] {
  if (splices.length === 0) return [];
  const made = layers.map(({ name, content }): Change => ({
    kind: "make",
    path: `${name}.config.toml` as RelPath,
    thread: undefined,
    sets: layerMeaning(content),
    content,
  }));
  return [...made, {
    kind: "edit",
    path: CONFIG,
    thread: undefined,
    sets,
    size,
    mtimeMs,
    leaveMtimeMs: undefined,
    splices,
  }];
}

/** The keys at the root of a new layer that hold a word; others have no place in a meaning. */
function layerMeaning(content: ByteString): Meaning {
  const { data } = parseToml(fromByteString(content));
  const named = ["model", "model_provider"].flatMap((key) => {
    const value = data[key];
    return typeof value === "string" ? [[key, { before: null, after: value }] as const] : [];
  });
  return Object.fromEntries(named);
}
