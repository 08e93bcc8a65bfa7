/** Typed access to checked flags. */
import type { Flag, FlagValues } from "./command.ts";
import { parseDate } from "./dates.ts";

/** @param given values by long name, already checked; `["true"]` for booleans */
export function makeFlagValues(
  table: readonly Flag[],
  given: ReadonlyMap<string, readonly string[]>,
): FlagValues {
  function declared(name: string, ...kinds: readonly Flag["kind"][]): Flag {
    const flag = table.find((one) => one.name === name);
    if (flag === undefined || !kinds.includes(flag.kind)) {
      throw new TypeError(`the command has no ${kinds.join(" or ")} flag "${name}"`);
    }
    return flag;
  }
  const first = (name: string) => given.get(name)?.[0];
  return {
    knows: (name) => table.some((one) => one.name === name),
    has: (name) => given.has(declared(name, "boolean").name),
    text: (name) => first(declared(name, "string", "choice").name),
    texts: (name) => given.get(declared(name, "strings").name) ?? [],
    integer: (name) => {
      const { fallback } = declared(name, "integer");
      const value = first(name);
      return value === undefined ? fallback : Number(value);
    },
    date: (name) => {
      const value = first(declared(name, "string").name);
      return value === undefined ? undefined : parseDate(value);
    },
  };
}
