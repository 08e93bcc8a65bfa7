/** Edits of `config.toml` that change one thing and leave every other byte as it is. */
import { AppError } from "../core/error.ts";
import type { Meaning } from "../core/plan.ts";
import { applySplices, type Splice, spliceBetween } from "../core/splice.ts";
import { parseToml, rootKeySplice, TomlError } from "../text/toml_edit.ts";
import { readConfig } from "./config.ts";

/** Splices for `config.toml` and what they mean. */
export interface ConfigEdit {
  readonly splices: readonly Splice[];
  readonly sets: Meaning;
}

/** Root keys and the text each is to have; undefined removes a key. */
export type RootKeys = Readonly<Record<string, string | undefined>>;

/**
 * The edit that gives root keys new values; no splices when they have them already. Throws `config-invalid` when the
 * file cannot be edited safely.
 */
export function editRootKeys(bytes: Uint8Array, keys: RootKeys): ConfigEdit {
  const data = parseConfig(bytes);
  const sets: Record<string, { before: string | null; after: string | null }> = {};
  let splices: readonly Splice[] = [];
  for (const [key, value] of Object.entries(keys)) {
    const edited = applySplices(bytes, splices);
    const splice = rootKeySplice(edited, key, value);
    if (splice === undefined) continue;
    const before = data[key];
    sets[key] = { before: typeof before === "string" ? before : null, after: value ?? null };
    splices = addSplice(splices, splice) ?? [spliceBetween(bytes, applySplices(edited, [splice]))];
  }
  return { splices, sets };
}

function parseConfig(bytes: Uint8Array): Record<string, unknown> {
  try {
    return parseToml(bytes).data;
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw new AppError("config-invalid", `config.toml is not valid: ${cause.message}`, {
      cause,
      hint: "correct the line first",
    });
  }
}

/**
 * `splices`, and after them `next`, whose offset is in the content they lead to; all in offsets of the first content.
 * Undefined when `next` touches one of them.
 */
function addSplice(splices: readonly Splice[], next: Splice): readonly Splice[] | undefined {
  let shift = 0;
  for (const { at, before, after } of splices) {
    const start = at + shift;
    if (next.at + next.before.length < start) break;
    if (next.at <= start + after.length) return undefined;
    shift += after.length - before.length;
  }
  return [...splices, { ...next, at: next.at - shift }].sort((a, b) => a.at - b.at);
}

/** Requires that Codex accepts the file as it will be. Throws `config-invalid` with the first thing it refuses. */
export function requireUsable(bytes: Uint8Array, splices: readonly Splice[]): void {
  const [problem] = readConfig(applySplices(bytes, splices), []).problems;
  if (problem === undefined) return;
  const where = problem.line === undefined ? "" : `line ${problem.line}: `;
  throw new AppError(
    "config-invalid",
    `config.toml would still not be accepted by Codex: ${where}${problem.message}`,
    {
      hint: "correct it by hand first",
    },
  );
}
