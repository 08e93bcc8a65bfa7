/**
 * Profiles of older Codexes: tables `[profiles.<name>]` and a root key `profile` that chose one. Codex 0.169 refuses a
 * config.toml with that key, and `--profile <name>` while the table is there; it takes `<name>.config.toml` instead.
 */
import type { ByteString } from "../core/bytes.ts";
import { encodeText } from "../core/bytes.ts";
import type { Meaning } from "../core/plan.ts";
import { applySplices, type Splice } from "../core/splice.ts";
import { parseToml, rootKeySplice, same } from "../text/toml_edit.ts";
import { takeTable } from "../text/toml_tables.ts";

/** Names Codex 0.169 takes with `--profile` (seen there). */
const PROFILE_NAME = /^[A-Za-z0-9_-]+$/;

/** Old profiles as they are to be. */
export interface ProfileChange {
  /** What to take out of config.toml, and what that means. */
  readonly splices: readonly Splice[];
  readonly sets: Meaning;
  /** The files to make beside it. */
  readonly layers: readonly { readonly name: string; readonly content: ByteString }[];
  /** Profiles that stay where they are, and why. */
  readonly kept: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Turns the profiles of `config.toml` into files of their own. A profile for which `isTaken` says that a file of its
 * name exists stays, and so does one in a form that cannot be moved as it stands; the root key that chooses one goes
 * unless the profile stays. Throws like `parseToml` for a file that is not TOML.
 */
export function convertProfiles(bytes: Uint8Array, isTaken: (name: string) => boolean): ProfileChange {
  const { data } = parseToml(bytes);
  const layers: { name: string; content: ByteString }[] = [];
  const kept: { name: string; reason: string }[] = [];
  const splices: Splice[] = [];
  const sets: Record<string, { before: string | null; after: string | null }> = {};
  for (const name of Object.keys(tableOf(data.profiles))) {
    const taken = takeProfile(bytes, name, isTaken);
    if ("reason" in taken) kept.push({ name, reason: taken.reason });
    else {
      splices.push(...taken.splices);
      layers.push({ name, content: encodeText(taken.text) });
    }
  }
  if (layers.length > 0) {
    sets.profiles = { before: layers.map(({ name }) => name).join(", "), after: null };
  }
  const chosen = data.profile;
  if (typeof chosen === "string" && !kept.some(({ name }) => name === chosen)) {
    const splice = rootKeySplice(bytes, "profile", undefined);
    if (splice !== undefined) splices.push(splice);
    sets.profile = { before: chosen, after: null };
  }
  splices.sort((a, b) => a.at - b.at);
  const gone = [...layers.map(({ name }) => name)];
  if (!leavesTheRest(bytes, splices, gone, "profile" in sets)) {
    return { splices: [], sets: {}, layers: [], kept: gone.map((name) => ({ name, reason: UNSAFE })) };
  }
  return { splices, sets, layers, kept };
}

const UNSAFE = "it cannot be taken out of config.toml without a change elsewhere in it";

function takeProfile(
  bytes: Uint8Array,
  name: string,
  isTaken: (name: string) => boolean,
): { readonly splices: readonly Splice[]; readonly text: string } | { readonly reason: string } {
  if (!PROFILE_NAME.test(name)) {
    return { reason: "Codex takes no such name for a profile: letters, digits, - and _ only" };
  }
  if (isTaken(name)) return { reason: `"${name}.config.toml" exists already` };
  return takeTable(bytes, ["profiles", name]) ??
    { reason: "it is not written as tables of its own; move it by hand" };
}

/** Whether the file reads afterwards as before but for what was to go. */
function leavesTheRest(
  bytes: Uint8Array,
  splices: readonly Splice[],
  profiles: readonly string[],
  withoutKey: boolean,
): boolean {
  const wanted = without(parseToml(bytes).data, profiles, withoutKey);
  return same(without(parseToml(applySplices(bytes, splices)).data, [], false), wanted);
}

/** The root table without some profiles; an empty table of profiles is as good as none. */
function without(
  data: Record<string, unknown>,
  profiles: readonly string[],
  withoutKey: boolean,
): Record<string, unknown> {
  const left = Object.entries(tableOf(data.profiles)).filter(([name]) => !profiles.includes(name));
  const { profiles: _profiles, profile, ...rest } = data;
  return {
    ...rest,
    ...(profile === undefined || withoutKey ? {} : { profile }),
    ...(left.length === 0 ? {} : { profiles: Object.fromEntries(left) }),
  };
}

function tableOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
    ? value as Record<string, unknown>
    : {};
}
