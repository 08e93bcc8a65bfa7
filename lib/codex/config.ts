/** What Codex means by `config.toml`: which provider is in force, which are declared, and what makes it refuse. */
import type { ConfigProblem, ConfigView } from "../core/snapshot.ts";
import { parseToml, TomlError } from "../text/toml_edit.ts";
import { pathLine } from "../text/toml_tables.ts";

/** Provider of threads when `config.toml` names none (seen in Codex 0.169). */
export const DEFAULT_PROVIDER = "openai";

/** Providers Codex 0.169 has without any table. */
export const BUILT_IN_PROVIDERS: ReadonlySet<string> = new Set([
  DEFAULT_PROVIDER,
  "ollama",
  "lmstudio",
  "amazon-bedrock",
  "gcp",
]);

/** Built-in ids that a `[model_providers.<id>]` table may not redefine (Codex 0.169 refuses the whole file). */
const RESERVED_PROVIDERS: ReadonlySet<string> = new Set([DEFAULT_PROVIDER, "ollama", "lmstudio"]);

/** A `<name>.config.toml` file beside `config.toml`. */
export interface LayerFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Whether Codex knows `provider`: built in, or declared in `[model_providers]`. */
export function isDeclared(config: ConfigView, provider: string): boolean {
  return BUILT_IN_PROVIDERS.has(provider) || config.declared.has(provider);
}

/** Every provider Codex knows with this configuration, built-in ones first. */
export function knownProviders(config: ConfigView): string[] {
  return [...new Set([...BUILT_IN_PROVIDERS, ...config.declared.keys()])];
}

/** Reads `config.toml` (undefined: there is none) and the layer files beside it. Never throws for their content. */
export function readConfig(bytes: Uint8Array | undefined, layers: readonly LayerFile[]): ConfigView {
  const parsed = bytes === undefined ? { data: {}, problems: [] } : parse(bytes);
  const { data } = parsed;
  const declared = declaredProviders(data);
  const problems = [...parsed.problems, ...(bytes === undefined ? [] : refusals(bytes, data, declared))];
  const rootProvider = text(data.model_provider);
  return {
    exists: bytes !== undefined,
    problems,
    provider: problems.length > 0
      ? { id: DEFAULT_PROVIDER, source: "built-in default, config.toml is not usable" }
      : rootProvider === undefined
      ? { id: DEFAULT_PROVIDER, source: "built-in default" }
      : { id: rootProvider, source: "config.toml" },
    rootProvider,
    rootModel: text(data.model),
    sqliteHome: text(data.sqlite_home),
    declared,
    layers: layers.map(({ name, bytes }) => ({ name, provider: text(parse(bytes).data.model_provider) })),
    legacyProfiles: Object.keys(table(data.profiles)),
  };
}

function parse(bytes: Uint8Array): { data: Record<string, unknown>; problems: ConfigProblem[] } {
  try {
    return { data: parseToml(bytes).data, problems: [] };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { data: {}, problems: [{ kind: "syntax", message: error.message, line: error.line }] };
  }
}

function declaredProviders(
  data: Record<string, unknown>,
): ReadonlyMap<string, { model: string | undefined }> {
  const tables = Object.entries(table(data.model_providers));
  return new Map(tables.map(([id, fields]) => [id, { model: text(table(fields).model) }]));
}

/** Root keys that Codex reads as text; any other type makes it refuse the file. */
const TEXT_KEYS = ["model_provider", "model", "sqlite_home"] as const;

/** Root keys that Codex reads as tables. */
const TABLE_KEYS = ["model_providers", "profiles"] as const;

/**
 * What makes Codex 0.169 refuse the layer `<name>.config.toml` when it is asked for with `--profile` (seen there);
 * providers may be declared in the layer or in `config`.
 */
export function layerProblems(bytes: Uint8Array, config: ConfigView): readonly ConfigProblem[] {
  const { data, problems } = parse(bytes);
  const declared = new Map([...config.declared, ...declaredProviders(data)]);
  return problems.length > 0 ? problems : refusals(bytes, data, declared);
}

/** A problem with its line, which the message of a parser names by itself. */
export function problemText({ message, line }: ConfigProblem): string {
  return line === undefined || message.startsWith(`line ${line},`) ? message : `line ${line}: ${message}`;
}

/** What makes Codex 0.169 refuse a file that is valid TOML; it then runs with its defaults, or not at all. */
function refusals(
  bytes: Uint8Array,
  data: Record<string, unknown>,
  declared: ReadonlyMap<string, unknown>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (key: string, message: string) =>
    problems.push({ kind: "refused", message, line: pathLine(bytes, [key]) });
  for (const key of TEXT_KEYS) {
    if (data[key] !== undefined && typeof data[key] !== "string") add(key, `${key} is not a string`);
  }
  const provider = data.model_provider;
  if (provider === "") add("model_provider", "model_provider is empty");
  else if (typeof provider === "string" && !BUILT_IN_PROVIDERS.has(provider) && !declared.has(provider)) {
    add(
      "model_provider",
      `model_provider names ${JSON.stringify(provider)}, which no [model_providers] table declares`,
    );
  }
  if (data.profile !== undefined) {
    add("profile", "the root key profile is of an older Codex; this one refuses it");
  }
  for (const key of TABLE_KEYS) {
    if (data[key] !== undefined && !isTable(data[key])) add(key, `${key} is not a table`);
  }
  for (const [id, fields] of Object.entries(table(data.model_providers))) {
    const fault = providerFault(id, fields);
    if (fault !== undefined) {
      const table = ["model_providers", id];
      const line = pathLine(bytes, [...table, fault.key]) ?? pathLine(bytes, table);
      problems.push({ kind: "refused", message: `[model_providers.${id}] ${fault.what}`, line });
    }
  }
  return problems;
}

/** Why Codex 0.169 refuses the table of a provider, and the whole file with it; undefined when it does not. */
function providerFault(
  id: string,
  fields: unknown,
): { readonly what: string; readonly key: string } | undefined {
  if (!isTable(fields)) return { what: "is not a table", key: "" };
  if (RESERVED_PROVIDERS.has(id)) return { what: "redefines a built-in provider", key: "" };
  // The other built-in ones have a name already.
  if (!BUILT_IN_PROVIDERS.has(id) && !text(fields.name)) return { what: "has no name", key: "name" };
  const api = fields.wire_api;
  return api === undefined || api === "responses"
    ? undefined
    : { what: 'has a wire_api that this Codex no longer speaks; it takes "responses"', key: "wire_api" };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function table(value: unknown): Record<string, unknown> {
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
