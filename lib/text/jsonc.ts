/** JSON with comments and trailing commas, read only. The one place that touches the untyped `@std/jsonc`. */
import * as jsonc from "@std/jsonc";

const parse: (text: string) => unknown = jsonc.parse;

/**
 * The value of JSONC text; a byte order mark at its start is skipped. Throws `SyntaxError`, also for text nested so
 * deeply that it cannot be read.
 */
export function parseJsonc(text: string): unknown {
  try {
    return parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new SyntaxError("the JSON text is too deeply nested", { cause: error });
    }
    throw error;
  }
}
