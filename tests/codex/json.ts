/** JSON values as the tests read them from Codex: unknown shapes, checked where they are opened. */

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** The value as an object; throws when it is anything else. */
export function asObject(value: Json | undefined): JsonObject {
  if (!isObject(value)) throw new Error(`expected an object, found ${JSON.stringify(value)}`);
  return value;
}

/** The value as a list; throws when it is anything else. */
export function asList(value: Json | undefined): readonly Json[] {
  if (!isList(value)) throw new Error(`expected a list, found ${JSON.stringify(value)}`);
  return value;
}

/** The value as text; throws when it is anything else. */
export function asText(value: Json | undefined): string {
  if (typeof value !== "string") throw new Error(`expected text, found ${JSON.stringify(value)}`);
  return value;
}

/** One field of a value that may not be an object; null when there is no such field. */
export function fieldOf(value: Json | undefined, key: string): Json {
  return isObject(value) ? value[key] ?? null : null;
}

/** The value when it is text, else null. */
export function textOrNull(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
