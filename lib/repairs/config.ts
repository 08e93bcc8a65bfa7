/** A `config.toml` that Codex ignores, which silently changes the provider in use, and leftovers of older forms. */
import type { Finding } from "../core/finding.ts";
import type { Facts, Repair } from "./repair.ts";

/** Reports faults of the configuration. */
export const configReport: Repair = {
  name: "config",
  summary: "report a configuration that Codex ignores or refuses",
  safe: false,
  find: ({ snapshot: { config } }: Facts) => [...invalid(config), ...legacy(config)],
  plan: undefined,
};

function invalid({ problems }: Facts["snapshot"]["config"]): readonly Finding[] {
  if (problems.length === 0) return [];
  return [{
    code: "config-invalid",
    severity: "error",
    count: problems.length,
    repair: undefined,
    message:
      'Codex does not accept config.toml; its app then runs with defaults (provider "openai"), so threads of ' +
      "other providers vanish",
    hint: "correct the line in config.toml, or name a declared provider with `codexkeep switch PROVIDER`",
    samples: problems.map(({ message, line }) => line === undefined ? message : `line ${line}: ${message}`),
  }];
}

function legacy({ legacyProfiles }: Facts["snapshot"]["config"]): readonly Finding[] {
  if (legacyProfiles.length === 0) return [];
  return [{
    code: "config-legacy-profile",
    severity: "info",
    count: legacyProfiles.length,
    repair: undefined,
    message:
      "[profiles.*] tables are of an older Codex; this one ignores them, and refuses them with --profile",
    hint: "move each into a file <name>.config.toml beside config.toml",
    samples: legacyProfiles.map((name) => `profiles.${name}`),
  }];
}
