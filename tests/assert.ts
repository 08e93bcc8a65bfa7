/**
 * The assertions the tests use, with the types that the npm republication of `@std/assert` lacks.
 * Everything else in `tests/` imports from here, so a change of source is a change of this file.
 */
import * as std from "@std/assert";

/** An error class, as `assertThrows` takes it. */
// deno-lint-ignore no-explicit-any -- a constructor type with free parameters has no other spelling
export type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** Fails unless `condition` is true. */
export const assert: (condition: unknown, message?: string) => asserts condition = std.assert;
/** Fails unless both values are deeply equal. */
export const assertEquals: <T>(actual: T, expected: T, message?: string) => void = std.assertEquals;
/** Fails when both values are deeply equal. */
export const assertNotEquals: <T>(actual: T, expected: T, message?: string) => void = std.assertNotEquals;
/** Fails unless `actual` contains `expected`. */
export const assertStringIncludes: (actual: string, expected: string, message?: string) => void =
  std.assertStringIncludes;
/** Fails unless `actual` matches `pattern`. */
export const assertMatch: (actual: string, pattern: RegExp, message?: string) => void = std.assertMatch;
/** Fails unless `run` throws an `E` whose message includes `includes`; returns the error. */
export const assertThrows: <E extends Error>(
  run: () => unknown,
  kind?: ErrorClass<E>,
  includes?: string,
  message?: string,
) => E = std.assertThrows;
/** Fails unless `run` rejects with an `E` whose message includes `includes`; returns the error. */
export const assertRejects: <E extends Error>(
  run: () => Promise<unknown>,
  kind?: ErrorClass<E>,
  includes?: string,
  message?: string,
) => Promise<E> = std.assertRejects;
/** Always fails. */
export const fail: (message?: string) => never = std.fail;
