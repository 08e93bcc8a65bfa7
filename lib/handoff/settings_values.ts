/** Single values of a settings file: whether they are what their key asks for. */
import { didYouMean } from "../text/suggest.ts";
import type { SettingsKey, Value } from "./settings_key.ts";

/** What is wrong with a value. */
export interface Wrong {
  readonly message: string;
  readonly hint: string | undefined;
}

/** Longest text, and most texts of a list. */
const MAX_TEXT = 4096;
const MAX_TEXTS = 1000;

/** Nothing that a name or path of a settings file has a use for. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** The value as the program uses it, or what is wrong with it. */
export function checkValue(key: SettingsKey, raw: unknown): { readonly value: Value } | Wrong {
  switch (key.kind) {
    case "boolean":
      return typeof raw === "boolean" ? { value: raw } : wrong(key, "true or false", raw, booleanHint(raw));
    case "integer":
      return checkInteger(key, raw);
    case "choice":
      return checkChoice(key, raw);
    case "texts":
      return checkTexts(key, raw);
    case "kept":
      return plain(raw) === key.fallback ? { value: key.fallback as Value } : wrong(
        key,
        `${JSON.stringify(key.fallback)}, which cannot be changed`,
        raw,
        `write ${key.name.split(".").at(-1)} = ${
          JSON.stringify(key.fallback)
        }, or leave it out: ${key.means}`,
      );
    case "text":
    case "path": {
      const fault = textFault(raw);
      return fault === undefined ? { value: raw as string } : wrong(key, fault, raw, undefined);
    }
  }
}

function checkInteger(key: SettingsKey, raw: unknown): { readonly value: Value } | Wrong {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = key;
  const value = plain(raw);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) {
    return { value };
  }
  const hint = typeof raw === "string" && /^\d+$/.test(raw) ? "leave the quotes out" : undefined;
  return wrong(key, `a whole number from ${min} to ${max}`, raw, hint);
}

function checkChoice(key: SettingsKey, raw: unknown): { readonly value: Value } | Wrong {
  const { choices = [] } = key;
  if (typeof raw === "string" && choices.includes(raw)) return { value: raw };
  const near = typeof raw === "string"
    ? choices.find((one) => one.toLowerCase() === raw.trim().toLowerCase())
    : undefined;
  const meant = near !== undefined
    ? `did you mean "${near}"?`
    : typeof raw === "string"
    ? didYouMean(raw, choices)
    : undefined;
  return wrong(key, `one of ${choices.map((one) => JSON.stringify(one)).join(", ")}`, raw, meant);
}

function checkTexts(key: SettingsKey, raw: unknown): { readonly value: Value } | Wrong {
  if (!Array.isArray(raw)) {
    const hint = typeof raw === "string" ? `write [${JSON.stringify(raw.slice(0, 40))}]` : undefined;
    return wrong(key, "a list of texts in quotes", raw, hint);
  }
  if (raw.length > MAX_TEXTS) return wrong(key, `a list of at most ${MAX_TEXTS} texts`, raw, undefined);
  for (const one of raw) {
    const fault = textFault(one);
    if (fault !== undefined) return wrong(key, `a list, each ${fault}`, one, undefined);
  }
  return { value: raw as string[] };
}

/** What a text would have to be; undefined for one that is right. */
function textFault(raw: unknown): string | undefined {
  if (typeof raw !== "string") return "a text in quotes";
  if (raw.trim() === "") return "a text that is not empty";
  if (raw.length > MAX_TEXT) return `a text of at most ${MAX_TEXT} characters`;
  return CONTROL.test(raw) || !raw.isWellFormed() ? "a text without control characters" : undefined;
}

function booleanHint(raw: unknown): string | undefined {
  return raw === "true" || raw === "false" ? `leave the quotes out: ${raw}` : undefined;
}

/** Integers of TOML come as `bigint`. */
function plain(raw: unknown): unknown {
  return typeof raw === "bigint" && raw >= Number.MIN_SAFE_INTEGER && raw <= Number.MAX_SAFE_INTEGER
    ? Number(raw)
    : raw;
}

function wrong({ name }: SettingsKey, wanted: string, raw: unknown, hint: string | undefined): Wrong {
  return { message: `${name} must be ${wanted}, not ${shown(raw)}`, hint };
}

/** A value for a message: short, on one line. */
function shown(raw: unknown): string {
  if (typeof raw === "string") return JSON.stringify(raw.length > 60 ? `${raw.slice(0, 60)}…` : raw);
  if (typeof raw === "number" || typeof raw === "boolean" || typeof raw === "bigint") {
    return String(raw).slice(0, 60);
  }
  if (Array.isArray(raw)) return "a list";
  return raw === null ? "null" : raw instanceof Date ? "a date" : "a table";
}
